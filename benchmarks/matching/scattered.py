"""Rewordings by other people, scattered among 100,000 clean rows: what the audit calls leaks.

Run: python benchmarks/matching/scattered.py WORKSPACE FOLDER [--corpus FOLDER] [--clean 100000] [--each 500]
     [--split test] [--encoder] [--write FILE] [--alarms FILE]

WORKSPACE is an ingested workspace of the shared corpus, FOLDER that of metric.py (its embeddings are used).
The benchmark are originals of one split, so many of MATH and of GSM8K, whose rewordings are known; the
rows are these rewordings, and rows of training sets that share no 8 words in a row with any original. Nothing
generated is in it. --alarms lists every clean row that was called a leak, to be read by a person: what is
left there of other wordings of an item is a leak indeed.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import polars as pl
from gold import HERE, arguments, gold

from rlvr_atlas.schema import SAME_PROBLEM

sys.path.append(str(HERE.parent))
from planted_leaks import Row, by_audit, grams, recipe_of

#: Kinds of known rewordings, by the benchmark that their originals stand for.
KINDS = {
    "MATH": ("math7500_corewarding_rewrite",),
    "GSM8K": (
        "benbench_gsm8k_train_rewritten",
        "gsm8k_rephrased_llmdecontaminator",
        "benbench_gsm8k_test_rewritten",
    ),
}
Item = Row


def planted(given: Namespace, rng: random.Random) -> tuple[list[Item], list[Row]]:
    """Originals, and one rewording of each, in the same order."""
    texts = pl.read_parquet(given.workspace / "instances.parquet").select("key", "prompt", "answer")
    known = {key: (prompt, answer) for key, prompt, answer in texts.iter_rows()}
    pairs = gold(given.workspace, given.corpus).filter(split=given.split, relation="same")
    items, rows = list[Item](), list[Row]()
    for name, kinds in KINDS.items():
        of = pairs.filter(pl.col("kind").is_in(kinds)).unique("original", keep="first", maintain_order=True)
        for child, original in rng.sample(of.select("child", "original").rows(), min(given.each, of.height)):
            items.append(Item(name, *known[original]))
            rows.append(Row(name, *known[child]))
    return items, rows


def clean_rows(
    workspace: Path, items: list[Item], taken: set[str], count: int, rng: random.Random
) -> list[Row]:
    """Distinct prompts of training sets that share no run of 8 words with an item."""
    datasets = pl.read_parquet(workspace / "datasets.parquet").filter(role="train")["dataset"]
    reworded = [kind for kinds in KINDS.values() for kind in kinds]
    instances = pl.read_parquet(workspace / "instances.parquet").filter(
        pl.col("first_dataset").is_in(datasets.implode()) & ~pl.col("first_dataset").is_in(reworded)
    )
    known = set().union(*(grams(item.text, 8) for item in items))
    rows = [
        Row("", prompt, answer)
        for prompt, answer in instances.select("prompt", "answer").iter_rows()
        if prompt not in taken and known.isdisjoint(grams(prompt, 8))
    ]
    return rng.sample(rows, min(count, len(rows)))


def main() -> None:
    """Plant, trace and audit, count, print."""
    parser = arguments(__doc__)
    parser.add_argument("--clean", type=int, default=100_000)
    parser.add_argument("--each", type=int, default=500)
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test")
    parser.add_argument("--encoder", action="store_true")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--alarms", type=Path)
    given = parser.parse_args()
    rng = random.Random(0)
    items, reworded = planted(given, rng)
    taken = {row.text for row in (*items, *reworded)}
    clean = clean_rows(given.workspace, items, taken, given.clean, rng)
    rows = [*reworded, *clean]
    with tempfile.TemporaryDirectory() as folder:
        recipe = recipe_of(Namespace(rewordings=True, encoder=given.encoder), items, rows, Path(folder))
        embeddings = given.folder / "embeddings" if given.encoder else None
        found = by_audit(recipe, embeddings, lambda _: None)["audit"]
    same = found.filter(pl.col("relation").is_in(SAME_PROBLEM))
    right = set(same.filter(pl.col("row") == pl.col("benchmark_row"))["row"])
    alarms = same.filter(pl.col("row") >= len(items))
    lines = ["| rewordings | n | called a leak of their item |", "|---|---|---|"]
    for name in KINDS:
        at = [n for n, item in enumerate(items) if item.change == name]
        lines.append(f"| {name} | {len(at)} | {len(right.intersection(at)) / len(at):.3f} |")
    lines.append(f"| clean rows called a leak | {len(clean)} | {alarms['row'].n_unique()} |")
    text = "\n".join(lines)
    print(text)
    if given.write:
        given.write.write_text(text + "\n", encoding="utf-8")
    if given.alarms:
        told = (
            {**leak, "text": rows[leak["row"]].text, "answer": rows[leak["row"]].answer}
            | {"item": items[leak["benchmark_row"]].text, "item_answer": items[leak["benchmark_row"]].answer}
            for leak in alarms.iter_rows(named=True)
        )
        given.alarms.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in told))


if __name__ == "__main__":
    main()
