"""Our exact rules against math-verify, over pairs of gold answers of the shared corpus.

Run: python benchmarks/answers.py [--corpus FOLDER] [--pairs N] [--seed N] [--write FILE]

Pairs are answers that are given to one question by two datasets, answers that look alike (the same letters
and digits), and answers drawn at random: a third of the sample each. Both are asked in both orders; a verdict
that the order changes is `unknown`. Prints how often they agree, and every pair that one calls the same and
the other different.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import re
import signal
import time
from collections import Counter, defaultdict
from pathlib import Path

import polars as pl
from math_verify import parse, verify

from rlvr_atlas.answer import compare, extract_column
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.load import open_dataset

HERE = Path(__file__).resolve().parent
DEADLINE_S = 3.0
#: Longer answers are prose or programs.
MAX_CHARS = 300
_COMMANDS = re.compile(r"\\(?:text|d?frac|left|right|mathrm|textbf|mathbf)|[^A-Za-z0-9]")
Pair = tuple[str, str, str]


def gold_answers(corpus: Path) -> pl.DataFrame:
    """Question and answer of every row of the corpus that has one."""
    manifest = json.loads((corpus / "manifest.json").read_text())
    datasets = [
        {"id": entry["id"], "role": "train", "path": [str(corpus / name) for name in entry["files"]]}
        for entry in manifest
    ]
    recipe = parse_recipe({"workspace": {"path": "unused"}, "datasets": datasets})
    frames = []
    for spec in recipe.datasets:
        for rows in open_dataset(spec, corpus).batches():
            answers = extract_column(rows["answer"], rows["answer_kind"])
            frames.append(rows.select("question").with_columns(answers.alias("answer")))
    found = pl.concat(frames).drop_nulls()
    return found.filter(pl.col("answer").str.len_chars() <= MAX_CHARS)


def pairs_of(rows: pl.DataFrame, count: int, seed: int) -> list[Pair]:
    """A sample of pairs of different answers, with how each was found."""
    rng = random.Random(seed)
    question = pl.col("question").str.to_lowercase().str.replace_all(r"[^a-z0-9]", "").str.tail(200)
    distinct = rows.select(question, "answer").unique().sort("question", "answer")
    asked = distinct.group_by("question", maintain_order=True).agg("answer")["answer"].to_list()
    answers = sorted(set(distinct["answer"]))
    alike: dict[str, list[str]] = defaultdict(list)
    for answer in answers:
        alike["".join(sorted(_COMMANDS.sub("", answer.lower())))].append(answer)
    one_question = sorted({tuple(rng.sample(group, 2)) for group in asked if len(group) > 1})
    look = sorted({tuple(rng.sample(group, 2)) for _, group in sorted(alike.items()) if len(group) > 1})
    drawn = [tuple(rng.sample(answers, 2)) for _ in range(count // 3)]
    found: list[Pair] = []
    for name, group in (("one question", one_question), ("alike", look), ("random", drawn)):
        found += [(name, a, b) for a, b in rng.sample(group, min(len(group), count // 3))]
    return found


def by_math_verify(a: str, b: str) -> str:
    """The verdict of math-verify with its own settings, both ways, within a deadline of processor time."""
    signal.signal(signal.SIGPROF, _expired)
    signal.setitimer(signal.ITIMER_PROF, DEADLINE_S)
    try:
        left, right = (parse(f"${text}$", parsing_timeout=None) for text in (a, b))
        if not left or not right:
            return "unknown"
        said = {verify(*pair, timeout_seconds=None) for pair in ((left, right), (right, left))}
    except Exception:
        return "unknown"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return "unknown" if len(said) > 1 else "same" if said == {True} else "different"


def _expired(*_: object) -> None:
    raise TimeoutError


def main() -> None:
    """Compare, count, and print or write what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=HERE.parents[1] / "shared" / "data" / "real")
    parser.add_argument("--pairs", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--rows", type=Path, help="a Parquet file with question and answer, instead of the corpus"
    )
    parser.add_argument("--write", type=Path, help="a JSON file for the pairs that differ")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    rows = pl.read_parquet(given.rows) if given.rows else gold_answers(given.corpus)
    pairs = pairs_of(rows, given.pairs, given.seed)
    table: Counter[tuple[str, str, str]] = Counter()
    differing = []
    ours_s = theirs_s = 0.0
    for name, a, b in pairs:
        started = time.process_time()
        ours = compare(a, b)
        between = time.process_time()
        theirs = by_math_verify(a, b)
        ours_s, theirs_s = ours_s + between - started, theirs_s + time.process_time() - between
        table[name, ours, theirs] += 1
        if {ours, theirs} == {"same", "different"}:
            differing.append({"found": name, "a": a, "b": b, "ours": ours, "math_verify": theirs})
    for (name, ours, theirs), count in sorted(table.items()):
        print(f"| {name} | {ours} | {theirs} | {count} |")
    print(f"{len(pairs)} pairs, {len(differing)} differ")
    print(f"processor time: ours {ours_s:.1f} s, math-verify {theirs_s:.1f} s")
    for entry in differing:
        print(json.dumps(entry, ensure_ascii=False))
    if given.write:
        given.write.write_text(json.dumps(differing, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
