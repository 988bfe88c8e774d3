"""Write a smaller ingested workspace, for fitting with the encoder where encoding all texts takes hours.

Run: python benchmarks/matching/smaller.py WORKSPACE OUT

Kept are the earliest texts of the corpus, all rewordings with their originals and copies, the small sets, and
by their hash a share of all others; of templated puzzles less. `metric.py`, `measure.py` and `links.py` take
OUT for WORKSPACE.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import polars as pl
from labelled import PUZZLES

#: So many distinct texts in order of release, and of how many in a hundred of the others, and of the puzzles.
EARLIEST, OF_OTHERS, OF_PUZZLES = 49_152, 28, 8
WHOLE = (
    "math7500_corewarding", "math7500_corewarding_rewrite", "math7500_repo_flat", "math_lead_8521", "limr",
    "simplerl_math8k_limr", "aime24_dapo", "aime25_atlas", "aime25_preview", "grade_school_math_zh_atlas",
    "kaoyan_atlas", "polaris_eval", "skywork_eval",
)  # fmt: skip
_SEED = 7


def main() -> None:
    """Read the arguments, choose, and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    instances = pl.read_parquet(given.workspace / "instances.parquet")
    occurrences = pl.read_parquet(given.workspace / "occurrences.parquet")
    held = occurrences.group_by("key").agg(pl.col("dataset").unique())
    of = pl.col("dataset").list
    texts = (
        instances.join(held, on="key", maintain_order="left")
        .group_by("skeleton", maintain_order=True)
        .agg(
            whole=of.eval(pl.element().is_in(WHOLE)).list.any().any(),
            puzzle=of.eval(pl.element().is_in(PUZZLES)).list.any().any(),
        )
        .with_row_index("nth")
    )
    share = pl.when("puzzle").then(OF_PUZZLES).otherwise(OF_OTHERS)
    by_hash = pl.col("skeleton").hash(_SEED) % 100 < share
    kept = texts.filter(pl.col("whole") | (pl.col("nth") < EARLIEST) | by_hash)
    chosen = instances.filter(pl.col("skeleton").is_in(kept["skeleton"].implode()))
    given.out.mkdir(parents=True, exist_ok=True)
    chosen.write_parquet(given.out / "instances.parquet")
    rows = occurrences.filter(pl.col("key").is_in(chosen["key"].implode()))
    rows.write_parquet(given.out / "occurrences.parquet")
    for name in ("datasets", "templates", "schemas", "skipped_rows"):
        shutil.copy(given.workspace / f"{name}.parquet", given.out)
    print(f"{kept.height} of {texts.height} distinct texts")


if __name__ == "__main__":
    main()
