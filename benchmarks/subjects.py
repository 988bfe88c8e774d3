"""Subjects of mathematics: how often the words of `subjects.toml` say what the labels of a set say.

    python benchmarks/subjects.py REAL/benchmarks/math_test --seen REAL/train/math_lead_8521

The lists were made with the labels of the set after `--seen` in view; its problems are left out of the other.
Results: docs/benchmarks/subjects.md.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import polars as pl

from rlvr_atlas.canonical import canonicalise, skeleton
from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.load import open_dataset
from rlvr_atlas.schema import TEMPLATES, empty
from rlvr_atlas.text.subject import subject

#: Label of MATH -> the subjects that it stands for. Prealgebra is of several and is told apart.
LABELS = {
    "Algebra": ("algebra",),
    "Intermediate Algebra": ("algebra",),
    "Geometry": ("geometry",),
    "Number Theory": ("number theory",),
    "Counting & Probability": ("counting and probability",),
    "Precalculus": ("trigonometry", "linear algebra", "calculus"),
    "Prealgebra": (),
}
#: Where a row has its label.
PLACES = ("type", "subject")


def labelled(folder: Path) -> pl.DataFrame:
    """Prompt, skeleton and label of each row with a label of MATH."""
    reader = open_dataset(DatasetSpec(id="x", path=str(folder.resolve())), Path())
    rows = pl.concat(reader.batches())
    labels = {}
    for number, row, _ in reader.whole_rows(set(rows["row"])):
        inner = row.get("extra_info")
        parts = [row, *([inner] if isinstance(inner, dict) else [])]
        labels[number] = next(
            (part[name] for part in parts for name in PLACES if part.get(name) in LABELS), None
        )
    rows = rows.with_columns(label=pl.Series([labels[number] for number in rows["row"]], dtype=pl.String))
    made = canonicalise(rows.drop_nulls("label"), empty(TEMPLATES))
    return made.with_columns(skeleton(made["prompt"]).alias("skeleton")).select("prompt", "skeleton", "label")


def main() -> None:
    """Print a line for each label, and the share that is right."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a set with the labels of MATH")
    parser.add_argument("--seen", type=Path, help="a set whose problems are left out")
    options = parser.parse_args()
    rows = labelled(options.folder)
    if options.seen:
        rows = rows.join(labelled(options.seen), on="skeleton", how="anti")
    pairs = Counter(zip(rows["label"], subject(rows["prompt"]), strict=True))
    print("|label|rows|precision|precision with Prealgebra|recall|said|\n|---|---|---|---|---|---|")
    all_right = all_rows = 0
    for label, meant in LABELS.items():
        told = Counter({said: count for (of, said), count in pairs.items() if of == label})
        shown = ", ".join(f"{said or 'nothing'} {count}" for said, count in told.most_common(5))
        if not meant:
            print(f"|{label}|{told.total()}||||{shown}|")
            continue
        same = [name for name, subjects in LABELS.items() if subjects == meant]
        said = {of: sum(pairs[of, name] for name in meant) for of in LABELS}
        right = sum(told[name] for name in meant)
        hits = sum(said[name] for name in same)
        all_right, all_rows = all_right + right, all_rows + told.total()
        precision = hits / (sum(said.values()) - said["Prealgebra"])
        numbers = f"{precision:.3f}|{hits / sum(said.values()):.3f}|{right / told.total():.3f}"
        print(f"|{label}|{told.total()}|{numbers}|{shown}|")
    print(f"right without Prealgebra: {all_right} of {all_rows} ({all_right / all_rows:.1%})")


if __name__ == "__main__":
    main()
