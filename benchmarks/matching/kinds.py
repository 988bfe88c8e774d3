"""What the packaged classifier calls the pairs of each kind: one line a kind.

Run: python benchmarks/matching/kinds.py FOLDER [--split validation] [--encoder]

FOLDER as written by benchmarks/matching/measure.py. For kinds that leave another problem: the share of
the children for which the original, or its other wording, is called the same. For kinds that leave the same
problem: the share that is found. For look-alikes and few-valued answers: the share of pairs called the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import edits
import natural
import polars as pl
from judge import THRESHOLD, scored
from train import chosen

from rlvr_atlas.encoder.model import DEFAULT_ENCODER
from rlvr_atlas.match.calibrations import NO_ENCODER
from rlvr_atlas.match.classifier import classifier


def rows(pairs: pl.DataFrame) -> list[dict[str, object]]:
    """Kind, relation, n, share that is called the same; of scored pairs."""
    found: list[dict[str, object]] = []
    same = pl.col("p_same") >= THRESHOLD
    for (kind, relation), of in pairs.group_by("kind", "relation", maintain_order=True):
        if relation in ("look-alike", "few-valued"):
            sure = of.filter(~pl.col("doubtful"))
            near = sure.filter(pl.col("lexical") >= 0.3)
            found.append(_row(kind, "pairs", sure.height, (sure["p_same"] >= THRESHOLD).mean()))
            found.append(
                _row(f"{kind}, lexical >= 0.3", "pairs", near.height, (near["p_same"] >= THRESHOLD).mean())
            )
        elif relation in ("same", "embedded", "variant"):
            own = of.filter(pl.col("label") == relation)
            children = own.group_by("child").agg(same.any())
            found.append(_row(kind, str(relation), children.height, children["p_same"].mean()))
    return found


def _row(kind: object, relation: str, n: int, share: object) -> dict[str, object]:
    held = "held out" if kind in (*edits.HELD_OUT, *natural.HELD_OUT) else ""
    return {"kind": kind, "relation": relation, "held out": held, "n": n, "called the same": share}


def main() -> None:
    """Print a table with answers known and one with answers hidden, side by side."""
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
    told = {
        (row["kind"], row["relation"]): {True: None, False: None} | {"held out": row["held out"]}
        for answered in (True, False)
        for row in rows(judged.filter(answered=answered))
    }
    for answered in (True, False):
        for row in rows(judged.filter(answered=answered)):
            told[row["kind"], row["relation"]][answered] = row
    print("| kind | leaves | | n | answers known | n | answers hidden |\n|---|---|---|---|---|---|---|")
    for (kind, relation), both in sorted(told.items(), key=lambda item: (item[0][1], item[0][0])):
        cells = [
            f"{both[answered]['n']} | {both[answered]['called the same']:.3f}" if both[answered] else "- | -"
            for answered in (True, False)
        ]
        print(f"| {kind} | {relation} | {both['held out']} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
