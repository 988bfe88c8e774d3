"""Recall and false alarms of the audit on planted leaks, beside two rules that are in use.

Run: python benchmarks/planted_leaks.py [--clean 100000] [--planted 1000] [--corpus FOLDER] [--rewordings]
     [--encoder] [--embeddings FOLDER] [--write FILE] [--alarms FILE]

A generated benchmark is planted into clean rows, so many items by each change. Clean rows are generated from
the same templates as the benchmark, which makes every one a hard one, or are real: rows of training sets of
the shared corpus (--corpus). The rules: any run of 8 words in common (as open-r1 does), and runs of 5 words
weighted by rarity (in the style of allenai/decon: at least 0.8 of the weight of an item, short ones word for
word). --alarms lists every clean row that was called a leak, with the item, to be read by a person.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import resource
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas import fingerprints, pipeline
from rlvr_atlas.answer import extract_column
from rlvr_atlas.check import check
from rlvr_atlas.config import DatasetSpec, Recipe, parse_recipe
from rlvr_atlas.demo import SOURCES, problems
from rlvr_atlas.demo.problem import Problem
from rlvr_atlas.demo.transform import CHANGES, Item, item_of
from rlvr_atlas.load import open_dataset
from rlvr_atlas.schema import SAME_PROBLEM

SAME = pl.col("relation").is_in(SAME_PROBLEM)
#: Draws in a row that bring no item for a change that still lacks some, until it is given up.
_PATIENCE = 20


@dataclass(frozen=True)
class Row:
    """A row of the training set: its text, and the change of an item that made it ("" for clean ones)."""

    change: str
    text: str
    answer: str | None


def world(clean: int, planted: int, seed: int, corpus: Path | None) -> tuple[list[Item], list[Row]]:
    """A benchmark, and rows with every change of it among clean ones, shuffled."""
    rng, taken = random.Random(seed), set[str]()
    benchmark, rows = plant(planted, seed, rng, taken)
    if corpus is not None:
        rows += real_rows(corpus, clean, rng)
    else:
        rows += [
            Row("", problem.text, problem.answer) for problem in generated(clean, f"clean {seed}", taken)
        ]
    rng.shuffle(rows)
    return benchmark, rows


def plant(planted: int, seed: int, rng: random.Random, taken: set[str]) -> tuple[list[Item], list[Row]]:
    """Items until every change was made of so many; each item is changed once."""
    wanted, benchmark, rows = Counter(dict.fromkeys(CHANGES, planted)), list[Item](), list[Row]()
    lean = batch = 0
    while wanted.total() and lean < _PATIENCE:
        before = wanted.total()
        for item in map(item_of, generated(max(90, planted), f"benchmark {seed} {batch}", taken)):
            # Rare changes first: few problems have two parts, and every one can be copied.
            for name in sorted(wanted, key=lambda change: -wanted[change]):
                changed = CHANGES[name].act(item, rng, taken) if wanted[name] else None
                if changed is not None:
                    benchmark.append(item)
                    rows.append(Row(name, changed.text, changed.answer))
                    wanted[name] -= 1
                    break
        batch += 1
        lean = lean + 1 if wanted.total() == before else 0
    return benchmark, rows


def generated(count: int, seed: str, taken: set[str]) -> list[Problem]:
    """So many problems, of all sources equally as far as these go, and of the large ones for the rest."""
    found, sources = list[Problem](), list(SOURCES)
    rounds = 0
    while len(found) < count and sources:
        each = -(-(count - len(found)) // len(sources))
        drawn = {source: draw(source, each, f"{seed} {rounds}", taken) for source in sources}
        found += [problem for source in sources for problem in drawn[source]]
        sources = [source for source in sources if len(drawn[source]) == each]
        rounds += 1
    return found[:count]


def draw(source: str, count: int, seed: str, taken: set[str]) -> list[Problem]:
    """As many problems of a source as there are, up to `count`."""
    found: list[Problem] = []
    while len(found) < count:
        try:
            found += problems(source, min(50, count - len(found)), f"{seed} {len(found)}", taken)
        except (RuntimeError, ValueError):  # a small source runs dry
            break
    return found


def real_rows(corpus: Path, count: int, rng: random.Random) -> list[Row]:
    """Distinct questions of the training sets of the corpus, bare of options, so many or all there are."""
    found: dict[str, str | None] = {}
    for entry in json.loads((corpus / "manifest.json").read_text()):
        if entry["kind"] != "benchmark":
            spec = DatasetSpec(id=entry["id"], path=[str(corpus / name) for name in entry["files"]])
            for batch in open_dataset(spec, Path(), allow_network=False).batches():
                answers = extract_column(batch["answer"], batch["answer_kind"])
                found |= dict(zip(batch["question"], answers, strict=True))
    rows = [Row("", text, answer) for text, answer in found.items()]
    return rng.sample(rows, min(count, len(rows)))


def recipe_of(options: argparse.Namespace, benchmark: list[Item], rows: list[Row], folder: Path) -> Recipe:
    """Write both datasets, and the recipe over them."""
    pairs = {
        "benchmark": [(item.text, item.answer) for item in benchmark],
        "train": [(row.text, row.answer) for row in rows],
    }
    for name, lines in pairs.items():
        text = "".join(json.dumps({"problem": problem, "answer": answer}) + "\n" for problem, answer in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return parse_recipe(
        {
            "workspace": {"path": "ws"},
            "match": {"rewordings": options.rewordings, "semantic": options.encoder},
            "datasets": [
                {"id": "benchmark", "role": "benchmark", "path": "benchmark.jsonl", "released": "2024-01-01"},
                {"id": "train", "path": "train.jsonl", "released": "2025-01-01"},
            ],
        },
        base=folder,
    )


def by_audit(recipe: Recipe, embeddings: Path | None, lap: Callable[[str], None]) -> dict[str, pl.DataFrame]:
    """What the audit and a check by index call leaks: row, benchmark_row, relation, tier, probability."""
    if embeddings is not None:
        shutil.copytree(embeddings, recipe.workspace_path / "cache" / "embeddings")
    workspace = pipeline.run(recipe, stages=["ingest", "trace", "audit"])
    lap("trace and audit")
    index = recipe.base / "benchmark.index"
    tables = (workspace.read(name) for name in ("occurrences", "instances", "datasets"))
    fingerprints.write(fingerprints.build(*tables), index)
    lap("index")
    by_index = check(recipe.base / "train.jsonl", indexes=[index]).leaks
    lap("check by index")
    shown = ("row", "benchmark_row", "relation", "tier", "probability")
    return {"audit": workspace.read("leaks").select(shown), "check by index": by_index.select(shown)}


def words(text: str) -> list[str]:
    """Words as n-gram rules see them."""
    return re.findall(r"\w+", text.lower())


def grams(text: str, n: int) -> set[tuple[str, ...]]:
    """Runs of n words."""
    tokens = words(text)
    return {tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1)}


def eight_grams(benchmark: list[Item], rows: list[Row]) -> set[int]:
    """Rows that share any run of 8 words with any item."""
    known = set().union(*(grams(item.text, 8) for item in benchmark))
    return {at for at, row in enumerate(rows) if not known.isdisjoint(grams(row.text, 8))}


def weighted_grams(benchmark: list[Item], rows: list[Row]) -> set[int]:
    """Rows that hold 0.8 of an item's runs of 5 words, weighted by how few items have them."""
    where: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, item in enumerate(benchmark):
        for gram in grams(item.text, 5):
            where[gram].append(number)
    # A run that hundreds of items share weighs next to nothing, and would take all the time.
    where = {gram: holders for gram, holders in where.items() if len(holders) <= 200}
    weight = {gram: math.log((1 + len(benchmark)) / len(holders)) for gram, holders in where.items()}
    total = Counter[int]()
    for gram, holders in where.items():
        for number in holders:
            total[number] += weight[gram]
    exact = {tuple(words(item.text)) for item in benchmark if len(words(item.text)) < 10}
    found = set()
    for place, row in enumerate(rows):
        shared = Counter[int]()
        for gram in grams(row.text, 5):
            for number in where.get(gram, ()):
                shared[number] += weight[gram]
        if tuple(words(row.text)) in exact or any(score >= 0.8 * total[at] for at, score in shared.items()):
            found.add(place)
    return found


def score(rows: list[Row], found: dict[str, set[int]]) -> list[str]:
    """The table: recall by change, wrong alarms on variants and on clean rows."""
    by_change: dict[str, set[int]] = defaultdict(set)
    for at, row in enumerate(rows):
        by_change[row.change].add(at)
    lines = [f"| rows | n | should be | {' | '.join(found)} |", "|" + "---|" * (3 + len(found))]
    for name, change in [*CHANGES.items(), ("", None)]:
        mine = by_change[name]
        called = " | ".join(
            f"{len(mine & rows_found) / max(1, len(mine)):.4f}" for rows_found in found.values()
        )
        told = f"{name} ({change.relation})" if change else "clean"
        wanted = "1" if change and change.relation in SAME_PROBLEM else "0"
        lines.append(f"| {told} | {len(mine)} | {wanted} | {called} |")
    return lines


def main() -> int:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clean", type=int, default=100_000)
    parser.add_argument("--planted", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, help="take clean rows from the training sets of this corpus")
    parser.add_argument("--rewordings", action="store_true", help="search for heavy rewordings")
    parser.add_argument("--encoder", action="store_true", help="with the encoder (extra `semantic`)")
    parser.add_argument("--embeddings", type=Path, help="a cache of the encoder's vectors to begin with")
    parser.add_argument("--alarms", type=Path, help="write the clean rows called leaks here, as JSON lines")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    seconds: dict[str, float] = {}

    def lap(name: str) -> None:
        seconds[name] = time.process_time() - sum(seconds.values())

    benchmark, rows = world(options.clean, options.planted, options.seed, options.corpus)
    lap("world")
    with tempfile.TemporaryDirectory() as folder:
        called = by_audit(recipe_of(options, benchmark, rows, Path(folder)), options.embeddings, lap)
    found = {name: set(leaks.filter(SAME)["row"]) for name, leaks in called.items()}
    for name, rule in (("8-grams", eight_grams), ("weighted 5-grams", weighted_grams)):
        found[name] = rule(benchmark, rows)
        lap(name)
    asked = " ".join(
        f"--{name}{'' if value is True else f' {value}'}"
        for name, value in vars(options).items()
        if name in ("clean", "planted", "rewordings", "encoder") and value
    )
    variants = {at for at, row in enumerate(rows) if row.change and CHANGES[row.change].relation == "variant"}
    templates = len(variants & set(called["audit"].filter(~SAME)["row"])) / max(1, len(variants))
    spent = ", ".join(f"{name} {value:.0f}" for name, value in seconds.items())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    text = "\n".join(
        [
            "# Planted leaks",
            "",
            f"Command: `benchmarks/planted_leaks.py {asked}{' --corpus FOLDER' if options.corpus else ''}`",
            "",
            f"{len(benchmark)} items of a generated benchmark among {len(rows)} rows. Clean rows are "
            f"{'of the training sets of the shared corpus' if options.corpus else 'generated'}.",
            f"Seconds of processor time: {spent}; at most {memory:.1f} GiB.",
            "",
            "The share of the rows that each way calls a leak (the same problem):",
            "",
            *score(rows, found),
            "",
            f"Planted variants that the audit lists as template leaks: {templates:.1%}.",
        ]
    )
    print(text)
    if options.write:
        options.write.write_text(text + "\n", encoding="utf-8")
    if options.alarms:
        options.alarms.write_text("".join(alarms(benchmark, rows, called)), encoding="utf-8")
    return 0


def alarms(benchmark: list[Item], rows: list[Row], called: dict[str, pl.DataFrame]) -> list[str]:
    """One line of JSON for each clean row, or variant, that was called the same problem as an item."""
    lines: list[dict[str, Any]] = []
    for name, leaks in called.items():
        for leak in leaks.filter(SAME).iter_rows(named=True):
            row = rows[leak["row"]]
            if not row.change or CHANGES[row.change].relation == "variant":
                item = benchmark[leak["benchmark_row"]]
                texts = {"change": row.change, "text": row.text, "answer": row.answer}
                lines.append({"by": name, **leak, **texts, "item": item.text, "item_answer": item.answer})
    return [json.dumps(line, ensure_ascii=False) + "\n" for line in lines]


if __name__ == "__main__":
    raise SystemExit(main())
