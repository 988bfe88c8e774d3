"""Report, audit, check, explain and the index on the same rows of the shared corpus: where do they differ?

Run: python benchmarks/agreement.py WORKSPACE [--rows N] [--texts N] [--write FILE]

WORKSPACE is a traced and audited one (benchmarks/real_corpus.py makes one). Asked of rows of training sets,
drawn at random: is this row the same problem as a benchmark's item? The page counts the answers of each
against the audit's. Exits with 1 where two differ that must not: report and audit; explain by row and audit,
where a match stands behind the leak; the same text in the audit and in `check` or an index, unless these list
it as not judged.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas import fingerprints
from rlvr_atlas.check import Checked, check_all
from rlvr_atlas.errors import AtlasError
from rlvr_atlas.explain import explain
from rlvr_atlas.pipeline import stored_recipe
from rlvr_atlas.report import summary
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.workspace.store import Workspace

SAME = pl.col("relation").is_in(SAME_PROBLEM)
#: What everybody finds: the same text, in whatever notation.
SAME_TEXT = ("identical", "reformatted")
LEAST = 0.5
Row = tuple[str, int]


def main() -> None:
    """Ask all of them, and print or write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--texts", type=int, default=500, help="how many of them are explained by text too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    workspace = Workspace(given.workspace)
    tables = {name: frame.collect() for name, frame in workspace.tables().items()}
    sample = drawn(tables, given.rows, given.seed)
    audited, doubtful = by_audit(tables)
    said, by_text = by_explain(workspace, tables, sample, given.texts)
    with tempfile.TemporaryDirectory() as folder:
        (by_check, by_index), not_judged = checked(workspace, tables, sample, Path(folder))
    answers = {"explain": said, "check": by_check, "index": by_index}
    lines = [
        f"# Five answers to one question, on {len(sample)} rows of the shared corpus",
        "",
        f"Command: `python benchmarks/agreement.py WORKSPACE --rows {given.rows} --write"
        " docs/benchmarks/agreement.md`.",
        "Is this row the same problem as a benchmark's item? The sample, of training sets, is one file for",
        "`check` (with `--rewordings`) and for the index.",
        "",
        "| who | leaks of the audit | found | other rows | called a leak | of these doubtful to the audit |",
        "|---|---|---|---|---|---|",
    ]
    leaks = {row: audited[row] for row in sample if row in audited}
    others = [row for row in sample if row not in audited]
    for who, found in answers.items():
        more = [row for row in others if row in found]
        lines.append(
            f"| {who} | {len(leaks)} | {sum(row in found for row in leaks)} | {len(others)} | {len(more)} |"
            f" {sum(row in doubtful for row in more)} |"
        )
    lines += ["", "What is missed, by relation and tier of the audit's leak:", ""]
    lines += ["| who | relation | tier | missed | of |", "|---|---|---|---|---|"]
    of = Counter(leaks.values())
    for who, found in answers.items():
        missed = Counter(kind for row, kind in leaks.items() if row not in found)
        lines += [f"| {who} | {a} | {b} | {count} | {of[a, b]} |" for (a, b), count in sorted(missed.items())]
    matched = by_a_match(tables)
    wrong = unequal(tables) + [
        f"explain by row: {row}" for row in leaks if row in matched and row not in said
    ]
    wrong += [f"explain by row: {row}" for row in others if row in said and row not in doubtful]
    wrong += [
        f"{who}, the same text: {row}"
        for who in ("check", "index")
        for row, (relation, _) in leaks.items()
        if relation in SAME_TEXT and row not in answers[who] | not_judged
    ]
    wrong += by_text
    lines += ["", f"Report and audit count the same rows: {'no' if unequal(tables) else 'yes'}."]
    lines += ["Differences that must not be: " + (f"{len(wrong)}." if wrong else "none."), *wrong[:30]]
    text = "\n".join(lines) + "\n"
    print(text)
    if given.write:
        given.write.write_text(text, encoding="utf-8")
    sys.exit(1 if wrong else 0)


def drawn(tables: dict[str, pl.DataFrame], count: int, seed: int) -> list[Row]:
    """Rows of training sets."""
    training = tables["datasets"].filter(role="train")["dataset"]
    places = tables["occurrences"].filter(pl.col("dataset").is_in(training.implode()))
    rows = sorted(places.select("dataset", "row").unique().rows())
    return sorted(random.Random(seed).sample(rows, min(count, len(rows))))


def by_audit(tables: dict[str, pl.DataFrame]) -> tuple[dict[Row, tuple[str, str]], set[Row]]:
    """Relation and tier of each leaking row; the rows with an overlap that is not called a leak."""
    leaks = tables["leaks"].filter(SAME).sort("probability", descending=True, maintain_order=True)
    first = leaks.unique(["dataset", "row"], keep="first", maintain_order=True)
    found = {
        (row[0], row[1]): (row[2], row[3])
        for row in first.select("dataset", "row", "relation", "tier").rows()
    }
    return found, set(tables["unjudged"].filter(SAME).select("dataset", "row").rows())


def by_a_match(tables: dict[str, pl.DataFrame]) -> set[Row]:
    """Leaking rows that a match joins to the item, or whose text it is; others are joined without options."""
    pairs = set(tables["matches"].select("child", "parent").rows())
    leaks = tables["leaks"].filter(SAME).select("dataset", "row", "key", "benchmark_key")
    return {
        (dataset, row)
        for dataset, row, key, item in leaks.rows()
        if key == item or (key, item) in pairs or (item, key) in pairs
    }


def by_explain(
    workspace: Workspace, tables: dict[str, pl.DataFrame], sample: list[Row], texts: int
) -> tuple[set[Row], list[str]]:
    """Rows of which `explain` says that they, or a text which is the same problem, stand in a benchmark."""
    held = tables["occurrences"].join(
        tables["datasets"].filter(role="benchmark").select("dataset"), on="dataset", how="semi"
    )
    benchmarks = set(held["key"])
    prompts = dict(tables["instances"].select("key", "prompt").iter_rows())
    said, differing = set(), []
    for nth, (dataset, row) in enumerate(sample):
        found = explain(workspace, f"{dataset}:{row}")
        same = [one["key"] for one in found.related if _same(one)]
        if not benchmarks.isdisjoint([found.key, *same]):
            said.add((dataset, row))
        if nth % max(len(sample) // max(texts, 1), 1) == 0:
            again = explain(workspace, prompts[found.key])
            if (again.relation, again.related) != ("identical", found.related):
                differing.append(f"explain by text and by row: {dataset}:{row}")
        if nth % 1000 == 0:
            print(f"{nth} of {len(sample)} rows explained", file=sys.stderr, flush=True)
    return said, differing


def _same(related: dict[str, Any]) -> bool:
    return related["relation"] in SAME_PROBLEM and related["probability"] >= LEAST


def checked(
    workspace: Workspace, tables: dict[str, pl.DataFrame], sample: list[Row], folder: Path
) -> tuple[tuple[set[Row], ...], set[Row]]:
    """Rows that `check` calls leaks, against the texts of the benchmarks and against an index of them.

    Then the rows that either lists as not judged.
    """
    texts = tables["instances"].select("key", "prompt", "answer")
    wanted = pl.DataFrame(sample, schema=["dataset", "row"], orient="row")
    rows = wanted.join(tables["occurrences"], on=["dataset", "row"], how="left", maintain_order="left")
    rows = rows.unique(["dataset", "row"], keep="first", maintain_order=True)
    rows = rows.select("key").join(texts, on="key", maintain_order="left").select("prompt", "answer")
    file, index = folder / "sample.parquet", folder / "benchmarks.index"
    rows.write_parquet(file)
    fingerprints.write(
        fingerprints.build(*(tables[n] for n in ("occurrences", "instances", "datasets"))), index
    )
    against = [spec for spec in stored_recipe(workspace).datasets if spec.role == "benchmark"]
    by_text = check_all([file], against, min_probability=LEAST, rewordings=True)
    by_index = check_all([file], (), [index], min_probability=LEAST)
    both = [_there(found) for found in (*by_text, *by_index)]
    leaking = tuple({sample[row] for row in found.leaks.filter(SAME)["row"]} for found in both)
    return leaking, {sample[row] for found in both for row in found.unjudged["row"]}


def _there(found: Checked | AtlasError) -> Checked:
    if isinstance(found, AtlasError):
        raise found
    return found


def unequal(tables: dict[str, pl.DataFrame]) -> list[str]:
    """Datasets and benchmarks of which the report counts something else than the audit."""
    facts = {fact["dataset"]: fact["leaks"] for fact in summary(tables)["datasets"]}
    rates: Iterable[dict[str, Any]] = (
        tables["leak_rates"].filter(pl.col("group").is_in(["dataset", "benchmark"])).to_dicts()
    )
    return [
        f"report and audit: {line['name']}, {json.dumps(facts[line['name']])}"
        for line in rates
        if any(line[column] != told for column, told in facts[line["name"]].items())
    ]


if __name__ == "__main__":
    main()
