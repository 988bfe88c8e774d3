"""Collect the labelled pairs that the classifier is trained and judged on, with their evidence.

Run: python benchmarks/matching/measure.py WORKSPACE FOLDER [--corpus FOLDER] [--plain]

WORKSPACE is an ingested workspace of the shared corpus (benchmarks/real_corpus.py makes one), FOLDER that of
benchmarks/matching/metric.py, which runs before. Every text is encoded once, into FOLDER/embeddings, which
takes most of the time. With --plain nothing is encoded: pairs that words find, without cosines. Written are
FOLDER/known.parquet and FOLDER/hidden.parquet (no answers known).
"""

from __future__ import annotations

import numpy as np
from gold import arguments
from labelled import labelled

from rlvr_atlas.encoder.cache import EmbeddingCache
from rlvr_atlas.encoder.model import load_encoder


def main() -> None:
    """Read the arguments and write the pairs."""
    parser = arguments(__doc__)
    parser.add_argument("--plain", action="store_true")
    given = parser.parse_args()
    cache = halves = None
    if not given.plain:
        cache = EmbeddingCache(given.folder / "embeddings", load_encoder())
        halves = np.load(given.folder / "metric-0.npy"), np.load(given.folder / "metric-1.npy")
    known, hidden = labelled(given.workspace, given.corpus, cache, halves)
    known.write_parquet(given.folder / "known.parquet")
    hidden.write_parquet(given.folder / "hidden.parquet")


if __name__ == "__main__":
    main()
