"""Recall and false alarms of the audit on planted leaks, beside two rules that are in use.

Run: python benchmarks/planted_leaks.py [--clean 100000] [--planted 1000] [--write FILE]

A generated benchmark is planted into generated problems, so many items by each change. The problems
come from the same templates as the benchmark, which makes every clean row a hard one. The rules: any run of 8
words in common (as open-r1 does), and runs of 5 words weighted by rarity (in the style of allenai/decon: at
least 0.8 of the weight of an item, short ones word for word).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas import fingerprints, pipeline
from rlvr_atlas.check import check
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.demo import SOURCES, problems
from rlvr_atlas.demo.transform import CHANGES, Item, item_of
from rlvr_atlas.record import SAME_PROBLEM

SAME = pl.col("relation").is_in(SAME_PROBLEM)
Rows = list[tuple[str, Item]]


def world(clean: int, planted: int, seed: int) -> tuple[list[Item], Rows]:
    """A benchmark, and rows with the name of the change that made them ("" for clean ones), shuffled."""
    rng, taken = random.Random(seed), set[str]()
    each = -(-planted * len(CHANGES) * 2 // len(SOURCES))
    items = [item_of(p) for source in SOURCES for p in draw(source, each, f"benchmark {seed}", taken)]
    rng.shuffle(items)
    benchmark, rows = [], []
    wanted = Counter(dict.fromkeys(CHANGES, planted))
    for item in items:
        for name in sorted(wanted, key=lambda change: -wanted[change]):
            changed = CHANGES[name].act(item, rng, taken) if wanted[name] else None
            if changed is not None:
                benchmark.append(item)
                rows.append((name, changed))
                wanted[name] -= 1
                break
    per_source = -(-clean // len(SOURCES))
    for source in SOURCES:
        rows += [("", item_of(p)) for p in draw(source, per_source, f"clean {seed}", taken)]
    rng.shuffle(rows)
    return benchmark, rows


def draw(source: str, count: int, seed: str, taken: set[str]) -> list[Any]:
    """As many problems of a source as there are, up to `count`."""
    found: list[Any] = []
    while len(found) < count:
        try:
            found += problems(source, min(500, count - len(found)), f"{seed} {len(found)}", taken)
        except (RuntimeError, ValueError):  # a small source runs dry
            break
    return found


def by_audit(benchmark: list[Item], rows: Rows, folder: Path) -> dict[str, tuple[set[int], set[int]]]:
    """Rows that the audit and a check by index call leaks, and template leaks."""
    files = {"benchmark": benchmark, "train": [item for _, item in rows]}
    for name, items in files.items():
        lines = (json.dumps({"problem": item.text, "answer": item.answer}) for item in items)
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    datasets = [
        {"id": "benchmark", "role": "benchmark", "path": "benchmark.jsonl", "released": "2024-01-01"},
        {"id": "train", "path": "train.jsonl", "released": "2025-01-01"},
    ]
    recipe = parse_recipe({"workspace": {"path": "ws"}, "datasets": datasets}, base=folder)
    workspace = pipeline.run(recipe, stages=["ingest", "trace", "audit"])
    index = folder / "benchmark.index"
    tables = (workspace.read(name) for name in ("occurrences", "instances", "datasets"))
    fingerprints.write(fingerprints.build(*tables), index)
    found = {
        "audit": workspace.read("leaks"),
        "check by index": check(folder / "train.jsonl", indexes=[index]).leaks,
    }
    return {
        name: (set(leaks.filter(SAME)["row"]), set(leaks.filter(~SAME)["row"]))
        for name, leaks in found.items()
    }


def words(text: str) -> list[str]:
    """Words as n-gram rules see them."""
    return re.findall(r"\w+", text.lower())


def grams(text: str, n: int) -> set[tuple[str, ...]]:
    """Runs of n words."""
    tokens = words(text)
    return {tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1)}


def eight_grams(benchmark: list[Item], rows: Rows) -> set[int]:
    """Rows that share any run of 8 words with any item."""
    known = set().union(*(grams(item.text, 8) for item in benchmark))
    return {row for row, (_, item) in enumerate(rows) if not known.isdisjoint(grams(item.text, 8))}


def weighted_grams(benchmark: list[Item], rows: Rows) -> set[int]:
    """Rows that hold 0.8 of an item's runs of 5 words, weighted by how few items have them."""
    where: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, item in enumerate(benchmark):
        for gram in grams(item.text, 5):
            where[gram].append(number)
    weight = {gram: math.log((1 + len(benchmark)) / len(holders)) for gram, holders in where.items()}
    total = Counter[int]()
    for gram, holders in where.items():
        for number in holders:
            total[number] += weight[gram]
    exact = {tuple(words(item.text)) for item in benchmark if len(words(item.text)) < 10}
    found = set()
    for row, (_, item) in enumerate(rows):
        shared = Counter[int]()
        for gram in grams(item.text, 5):
            # A run that hundreds of items share weighs next to nothing, and would take all the time.
            holders = where.get(gram, ())
            for number in holders if len(holders) <= 200 else ():
                shared[number] += weight[gram]
        if tuple(words(item.text)) in exact or any(score >= 0.8 * total[at] for at, score in shared.items()):
            found.add(row)
    return found


def score(rows: Rows, found: dict[str, set[int]], templates: set[int]) -> list[str]:
    """The table: recall by change, wrong alarms on variants and on clean rows."""
    by_change: dict[str, set[int]] = defaultdict(set)
    for row, (name, _) in enumerate(rows):
        by_change[name].add(row)
    lines = [f"| rows | n | should be | {' | '.join(found)} |", "|" + "---|" * (3 + len(found))]
    for name, change in [*CHANGES.items(), ("", None)]:
        mine = by_change[name]
        called = " | ".join(
            f"{len(mine & rows_found) / max(1, len(mine)):.4f}" for rows_found in found.values()
        )
        told = f"{name} ({change.relation})" if change else "clean"
        wanted = "1" if change and change.relation in SAME_PROBLEM else "0"
        lines.append(f"| {told} | {len(mine)} | {wanted} | {called} |")
    variants = {row for name in CHANGES if CHANGES[name].relation == "variant" for row in by_change[name]}
    share = len(variants & templates) / max(1, len(variants))
    return [*lines, "", f"Planted variants that the audit lists as template leaks: {share:.1%}."]


def main() -> int:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clean", type=int, default=100_000)
    parser.add_argument("--planted", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    benchmark, rows = world(options.clean, options.planted, options.seed)
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        called = by_audit(benchmark, rows, Path(folder))
        seconds["audit and check"] = time.perf_counter() - started
    found = {name: same for name, (same, _) in called.items()}
    for name, rule in (("8-grams", eight_grams), ("weighted 5-grams", weighted_grams)):
        started = time.perf_counter()
        found[name] = rule(benchmark, rows)
        seconds[name] = time.perf_counter() - started
    text = "\n".join(
        [
            "# Planted leaks",
            "",
            f"Command: `benchmarks/planted_leaks.py --clean {options.clean} --planted {options.planted}`",
            "",
            f"{len(benchmark)} items of a generated benchmark among {len(rows)} generated rows; no encoder.",
            "Seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in seconds.items()) + ".",
            "",
            "The share of the rows that each way calls a leak (the same problem):",
            "",
            *score(rows, found, called["audit"][1]),
        ]
    )
    print(text)
    if options.write:
        options.write.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
