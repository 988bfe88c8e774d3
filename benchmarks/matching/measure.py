"""Collect the labelled pairs that the verifier is trained and judged on, with their evidence.

Run: python benchmarks/matching/measure.py WORKSPACE FOLDER [--corpus FOLDER] [--encoder]

WORKSPACE is an ingested workspace of the shared corpus (benchmarks/real_corpus.py makes one). Written are
FOLDER/plain.parquet and FOLDER/hidden.parquet (no answers known), and with --encoder also encoder.parquet and
encoder_hidden.parquet, whose candidates are the texts in the cache of FOLDER/embeddings.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from labelled import Setting, labelled

HERE = Path(__file__).resolve().parent
SIZES = {
    "math7500_corewarding_rewrite": 3000,
    "benbench_gsm8k_train_rewritten": 0,
    "gsm8k_rephrased_llmdecontaminator": 600,
    "benbench_gsm8k_test_rewritten": 600,
    "gsm_hard": 700,
    "changes": 1500,
    "puzzles": 250,
}


def main() -> None:
    """Read the arguments and write the pairs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--corpus", type=Path, default=HERE.parents[2] / "shared" / "data" / "real")
    parser.add_argument("--encoder", action="store_true")
    given = parser.parse_args()
    encoders = [("plain", "hidden", None)]
    if given.encoder:
        from rlvr_atlas.match.encoder import load_encoder

        encoders.append(("encoder", "encoder_hidden", load_encoder()))
    for known, hidden, encoder in encoders:
        for name, answers in ((known, True), (hidden, False)):
            setting = Setting(SIZES, answers, encoder, given.folder / "embeddings")
            labelled(given.workspace, given.corpus, setting).write_parquet(given.folder / f"{name}.parquet")


if __name__ == "__main__":
    main()
