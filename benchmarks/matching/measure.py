"""Collect the labelled pairs that the verifier is trained and judged on, with their evidence.

Run: python benchmarks/matching/measure.py WORKSPACE FOLDER [--corpus FOLDER]

WORKSPACE is an ingested workspace of the shared corpus (benchmarks/real_corpus.py makes one). Every text is
encoded once, into FOLDER/embeddings, which takes most of the time. Written are FOLDER/known.parquet and
FOLDER/hidden.parquet (no answers known).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from labelled import labelled

from rlvr_atlas.match.embeddings import EmbeddingCache
from rlvr_atlas.match.encoder import load_encoder

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Read the arguments and write the pairs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--corpus", type=Path, default=HERE.parents[2] / "shared" / "data" / "real")
    given = parser.parse_args()
    cache = EmbeddingCache(given.folder / "embeddings", load_encoder())
    known, hidden = labelled(given.workspace, given.corpus, cache)
    known.write_parquet(given.folder / "known.parquet")
    hidden.write_parquet(given.folder / "hidden.parquet")


if __name__ == "__main__":
    main()
