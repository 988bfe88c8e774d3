"""Texts that are alike but for some words: what is called the same by the classifier's question about them.

Run: python benchmarks/matching/alike.py FOLDER [--split test]

FOLDER as written by measure.py --plain and copies.py. A line for each kind of edit: pairs whose numbers,
signs, asks, variables and names agree, whose likeness is 0.75 or more (of short texts more), and whose
answers are not known to differ. The rule alone, as it was before there was a question, called all of them the
same. The first line is of all edits that leave another problem.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import edits
import polars as pl

from rlvr_atlas.match import calibrations
from rlvr_atlas.match.calibrations import NO_ENCODER
from rlvr_atlas.match.classifier import classifier
from rlvr_atlas.match.features import FEATURES

_WORDING = calibrations.thresholds()["wording"]
#: Pairs of a kind from which on a line is printed.
_ENOUGH = 15


def alike() -> pl.Expr:
    """Whether only words differ, as `decide.alike` says it, told by features."""
    nothing = [pl.col(name) == 0 for name in ("asks_gone", "asks_new", "edge")]
    everything = [pl.col(name) == 1 for name in ("numbers", "operators", "order", "variables", "names")]
    other = pl.col("answers").is_nan() | (pl.col("answers") == 1)
    short = (1 - pl.col("length") / _WORDING["short"]).clip(lower_bound=0)
    likeness = pl.col("lexical") >= _WORDING["alike"] + (1 - _WORDING["alike"]) * short
    return pl.all_horizontal(*nothing, *everything, other, likeness, pl.col("changed") > 0)


def lines(pairs: pl.DataFrame) -> pl.DataFrame:
    """leaves, kind, answered, number of pairs, share that is called the same."""
    p = classifier(NO_ENCODER).probability("alike", pairs.select(list(FEATURES)).to_numpy())
    leaves = (
        pl.when(pl.col("label") == "variant").then(pl.lit("another problem")).otherwise(pl.lit("the same"))
    )
    called = pairs.with_columns(same=pl.Series(p) >= 0.5, leaves=leaves)
    every = called.filter(leaves="another problem").with_columns(kind=pl.lit("all edits"))
    found = (
        pl.concat([called, every])
        .group_by("leaves", "kind", "answered")
        .agg(n=pl.len(), same=pl.col("same").mean())
    )
    return found.filter(pl.col("n") >= _ENOUGH).sort(
        "leaves", pl.col("kind") != "all edits", "kind", "answered"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", default="test")
    given = parser.parse_args()
    kept = ["kind", "label", "split", "answered", *FEATURES]
    parts = [
        pl.read_parquet(given.folder / f"{name}.parquet")
        .filter(~pl.col("doubtful"))
        .with_columns(answered=known)
        for name, known in (("known", True), ("hidden", False))
    ]
    edited = pl.concat(parts).filter(
        pl.col("kind").is_in(edits.EDITED), pl.col("label") != "unrelated", alike()
    )
    copies = pl.read_parquet(given.folder / "copies.parquet")
    pairs = pl.concat([edited.select(kept), copies.select(kept)], how="vertical_relaxed")
    table = lines(pairs.filter(pl.col("split") == given.split))
    print("| kind | leaves | held out | answers known: n | called the same | hidden: n | called the same |")
    print("|---|---|---|---|---|---|---|")
    for (leaves, kind), of in table.group_by("leaves", "kind", maintain_order=True):
        told = {known: (n, same) for known, n, same in of.select("answered", "n", "same").iter_rows()}
        cells = [
            f"{told[known][0]} | {told[known][1]:.3f}" if known in told else " | " for known in (True, False)
        ]
        held = "yes" if kind in edits.HELD_OUT else ""
        print(f"| {kind} | {leaves} | {held} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
