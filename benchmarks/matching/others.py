"""Labelled pairs of others in a whole run: choices told without their options, and questions in Chinese.

Run: python benchmarks/matching/others.py [--encoder] [--shared DIR] [--write FILE]

Each kind is a dataset of originals (early) and one of their tellings (late), beside the training problems of
GSM8K and the test problems of MATH. A telling is found where a run calls it the same problem as its original
with a probability of .5 or more. What else it is linked to is counted and not judged: two kinds tell the same
questions of MMLU, so that many of these links are right.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas import pipeline
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.workspace.store import Workspace

FILES = ("code_and_choices_reworded.jsonl", "logiqa_en_zh.jsonl")
KINDS = {
    "mcq_reworded_question": "reworded, without options",
    "mcq_chinese": "in Chinese, with options",
    "logiqa_zh": "logic in Chinese, with options",
}
BESIDE = {"math_test": ("benchmarks", "2021-03-05"), "gsm8k_train": ("train", "2021-11-01")}
Row = dict[str, Any]


def write_kind(kind: str, rows: list[Row], folder: Path) -> list[int]:
    """Write originals and tellings of a kind; the row of the original of each telling."""
    originals = list(dict.fromkeys(row["b"] for row in rows))
    answers = {row["b"]: row.get("b_answer") for row in rows}
    told = [{"problem": text, "answer": answers[text]} for text in originals]
    retold = [{"problem": row["a"], "answer": row.get("a_answer")} for row in rows]
    for name, lines in (("early", told), ("late", retold)):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / f"{kind}-{name}.jsonl").write_text(text, encoding="utf-8")
    return [originals.index(row["b"]) for row in rows]


def run(folder: Path, shared: Path, *, encoder: bool) -> Workspace:
    """Ingest and match all of it."""
    datasets = [
        {
            "id": f"{kind}-{name}",
            "path": str(folder / f"{kind}-{name}.jsonl"),
            "role": "train",
            "released": date,
        }
        for name, date in (("early", "2020-01-01"), ("late", "2024-01-01"))
        for kind in KINDS
    ]
    datasets += [
        {"id": name, "path": str(shared / "data/real" / part / name / "*"), "role": "train", "released": date}
        for name, (part, date) in BESIDE.items()
    ]
    recipe = {
        "workspace": {"path": str(folder / "ws")},
        "match": {"semantic": encoder},
        "datasets": datasets,
    }
    return pipeline.run(parse_recipe(recipe, base=folder), stages=["ingest", "match"])


def found(workspace: Workspace, kind: str, originals: list[int]) -> tuple[int, int, int]:
    """Tellings, those found, and links to anything else that is not of this kind's tellings."""
    keys = {
        name: dict(
            workspace.read("occurrences").filter(pl.col("dataset") == f"{kind}-{name}")
            .select("row", "key").iter_rows()
        )
        for name in ("early", "late")
    }  # fmt: skip
    same = workspace.read("verdicts").filter(
        pl.col("relation").is_in(SAME_PROBLEM) & (pl.col("probability") >= 0.5)
    )
    linked: dict[str, set[str]] = {}
    for child, parent in same.select("child", "parent").iter_rows():
        linked.setdefault(child, {child}).add(parent)
        linked.setdefault(parent, {parent}).add(child)
    hits = others = 0
    for row, key in keys["late"].items():
        right = keys["early"].get(originals[row])
        hits += right in linked.get(key, {key})
        others += len(linked.get(key, {key}) - {right, *keys["late"].values()})
    return len(keys["late"]), hits, others


def main() -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--encoder", action="store_true")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    rows: list[Row] = [
        json.loads(line)
        for name in FILES
        for line in (options.shared / "data/pairs" / name).read_text("utf-8").strip().split("\n")
    ]
    with tempfile.TemporaryDirectory() as place:
        originals = {
            kind: write_kind(kind, [r for r in rows if r["kind"] == kind], Path(place)) for kind in KINDS
        }
        workspace = run(Path(place), options.shared.resolve(), encoder=options.encoder)
        lines = [
            "| telling | n | found | linked to others |",
            "|---|---|---|---|",
            *(
                f"| {KINDS[kind]} | {n} | {hits / n:.3f} | {others} |"
                for kind, row in originals.items()
                for n, hits, others in [found(workspace, kind, row)]
            ),
        ]
    text = "\n".join(lines) + "\n"
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
