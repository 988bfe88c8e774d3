"""What the packaged classifier calls the pairs of each kind: one line a kind.

Run: python benchmarks/matching/kinds.py FOLDER [--split validation] [--encoder]

FOLDER as written by benchmarks/matching/measure.py. For kinds that leave another problem: the share of the
children for which the original, or its other wording, is called the same, and called a variant. For kinds
that leave the same problem: the share that is found. For pairs of real texts: the shares of the pairs.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import edits
import natural
import polars as pl
from judge import THRESHOLD, scored

HELD_OUT = (*edits.HELD_OUT, *natural.HELD_OUT)
#: Kinds that come in with edits and real look-alikes.
KINDS = (*edits.EDITS, *natural.HELD_OUT, *natural.KNOWN_ONLY, *natural.HIDDEN_ONLY)
HEAD = "kind | leaves | held out | n | called the same | called variant"
#: A pair of real texts is hard where so much of its wording is shared.
_NEAR = 0.4


@dataclass(frozen=True)
class Line:
    """One kind: what it leaves, how many children or pairs, and the shares that are called so."""

    kind: str
    leaves: str
    n: int
    same: float
    variant: float

    def __str__(self) -> str:
        held = "yes" if self.kind in HELD_OUT else ""
        return f"| {self.kind} | {self.leaves} | {held} | {self.n} | {self.same:.3f} | {self.variant:.3f} |"


def lines(pairs: pl.DataFrame) -> list[Line]:
    """A line for each kind of scored pairs; kinds that leave another problem come first."""
    called = pairs.with_columns(
        same=pl.col("p_same") >= THRESHOLD, variant=(1 - pl.col("p_same")) * pl.col("p_variant") >= THRESHOLD
    )
    found = []
    for (name,), of in called.filter(pl.col("kind").is_in(KINDS)).group_by("kind"):
        kind, relations = str(name), set(of["relation"])
        if relations & {"look-alike", "few-valued"}:
            sure = of.filter(~pl.col("doubtful"))
            found.append(_line(kind, "other pairs", sure))
            found.append(_line(f"{kind}, near", "other pairs", sure.filter(pl.col("lexical") >= _NEAR)))
        else:
            leaves = "another problem" if "variant" in relations else "the same problem"
            own = of.filter(pl.col("label") == pl.col("relation"))
            found.append(_line(kind, leaves, own.group_by("child").agg(pl.col("same", "variant").any())))
    return sorted(found, key=lambda line: (line.leaves, line.kind))


def _line(kind: str, leaves: str, of: pl.DataFrame) -> Line:
    shares = of.select(pl.col("same", "variant").mean().fill_null(0.0)).row(0)
    return Line(kind, leaves, of.height, *shares)


def main() -> None:
    """Print a table with answers known and one with answers hidden."""
    from train import chosen

    from rlvr_atlas.encoder.model import DEFAULT_ENCODER
    from rlvr_atlas.match.calibrations import NO_ENCODER
    from rlvr_atlas.match.classifier import classifier

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", choices=("train", "validation", "test"), default="validation")
    parser.add_argument("--encoder", action="store_true")
    given = parser.parse_args()
    known, hidden = (pl.read_parquet(given.folder / f"{name}.parquet") for name in ("known", "hidden"))
    pairs = chosen(known, hidden, with_encoder=given.encoder).filter(split=given.split)
    judged = scored(pairs, classifier(DEFAULT_ENCODER if given.encoder else NO_ENCODER))
    for answered in (True, False):
        print(f"\nanswers {'known' if answered else 'hidden'}\n\n| {HEAD} |\n|---|---|---|---|---|---|")
        print(*lines(judged.filter(answered=answered)), sep="\n")


if __name__ == "__main__":
    main()
