"""Collect the labelled pairs that the classifier is trained and judged on, with their evidence.

Run: python benchmarks/matching/measure.py WORKSPACE FOLDER [--corpus FOLDER]

WORKSPACE is an ingested workspace of the shared corpus (benchmarks/real_corpus.py makes one), FOLDER that of
benchmarks/matching/metric.py, which runs before. Every text is encoded once, into FOLDER/embeddings, which
takes most of the time. Written are FOLDER/known.parquet and FOLDER/hidden.parquet (no answers known).
"""

from __future__ import annotations

import numpy as np
from gold import arguments
from labelled import labelled

from rlvr_atlas.encoder.cache import EmbeddingCache
from rlvr_atlas.encoder.model import load_encoder


def main() -> None:
    """Read the arguments and write the pairs."""
    given = arguments(__doc__).parse_args()
    cache = EmbeddingCache(given.folder / "embeddings", load_encoder())
    halves = tuple(np.load(given.folder / f"metric-{half}.npy") for half in (0, 1))
    known, hidden = labelled(given.workspace, given.corpus, cache, halves)
    known.write_parquet(given.folder / "known.parquet")
    hidden.write_parquet(given.folder / "hidden.parquet")


if __name__ == "__main__":
    main()
