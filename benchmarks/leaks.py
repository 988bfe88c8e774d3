"""The leak table of the shared corpus, and what the text-free index finds of it.

Run: python benchmarks/leaks.py [--corpus FOLDER] [--workspace FOLDER] [--write docs/benchmarks/leaks.md]

Exits with 1 if a known fact does not come out, the index is too large, or a run of 20 characters of a problem
stands in it.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from real_corpus import HERE, recipe_of
from rlvr_atlas import fingerprints, pipeline
from rlvr_atlas.check import check
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.workspace.store import Workspace

SAME = pl.col("relation").is_in(SAME_PROBLEM)


#: What must come out: datasets that begin so, benchmark, what is counted, how many at least, and at most.
FACTS = [
    ("limr", "math_test", "rows", 500, None),
    ("simplerl_math8k_limr", "math_test", "rows", 2_935, None),
    ("gsm8k_oat", "gsm8k_test", "problems", 1_319, None),
    ("dapo17k_svs", "math_test", "problems", 972, None),
    ("deepscaler_", "omni_math_num500", "problems", 492, None),
    ("ttrl_test_prompts", "math500_rllm", "problems", 500, None),
    ("gsm8k_train", "gsm8k_test", "rows", 0, 0),
]


def facts(workspace: Workspace) -> list[dict[str, Any]]:
    """Every known fact: what, measured, expected, holds, and the path that most of the rows took."""
    leaks = workspace.read("leaks").filter(SAME)
    lines = []
    for dataset, benchmark, unit, least, most in FACTS:
        found = leaks.filter(pl.col("dataset").str.starts_with(dataset), benchmark=benchmark)
        count = found.select(["dataset", "row"] if unit == "rows" else "benchmark_key").n_unique()
        holds = least <= count <= (count if most is None else most)
        lines.append(
            {
                "fact": f"{dataset}{'*' if dataset.endswith('_') else ''}: {unit} of {benchmark}",
                "measured": count,
                "expected": f">= {least}" if most is None else f"{least} to {most}",
                "holds": "yes" if holds else "**no**",
                "usual path": usual_path(found),
            }
        )
    return lines


def usual_path(found: pl.DataFrame) -> str:
    """The path that most rows took, and how many."""
    rows = found.unique(["dataset", "row"], maintain_order=True)
    if rows.is_empty():
        return ""
    paths = rows.select(pl.col("path").list.join(" < ")).to_series().value_counts(sort=True, name="rows")
    best = paths.sort("rows", "path", descending=[True, False]).row(0)
    return f"{best[0]} ({best[1]} of {rows.height} rows)"


def copies(workspace: Workspace) -> list[dict[str, Any]]:
    """Families of more than one benchmark."""
    table = workspace.read("benchmark_families")
    return (
        table.group_by("family", maintain_order=True)
        .agg(
            copies=pl.col("benchmark").str.join(", "),
            n=pl.len(),
            part_of=pl.col("part_of").first().list.join(", "),
        )
        .filter(pl.col("n") > 1)
        .drop("n")
        .to_dicts()
    )


def rates(workspace: Workspace, group: str) -> list[dict[str, Any]]:
    """Counts and shares of one group."""
    table = workspace.read("leak_rates").filter(pl.col("benchmark").is_null(), group=group)
    lines = table.sort("leaked", "name", descending=[True, False], nulls_last=True).to_dicts()
    shown = ("name", "total", "leaked", *SAME_PROBLEM, "variant", "unjudged")
    return [
        {
            **{name: line[name] for name in shown},
            "share": f"{line['share']:.2%}",
            "95%": f"{line['low']:.2%} to {line['high']:.2%}",
        }
        for line in lines
    ]  # fmt: skip


def brought(workspace: Workspace, least: int) -> list[dict[str, Any]]:
    """Who brought how many problems of each family in, and who inherited some of them."""
    paths = workspace.read("leak_paths").with_columns(path=pl.col("path").list.join(" < "))
    return (
        paths.group_by("benchmark", "brought_by")
        .agg(
            problems=pl.len(),
            dataset_first=(pl.col("came_first") == "dataset").sum(),
            usual_path=pl.col("path").mode().sort().first(),
            inherited_by=pl.col("heirs").explode().drop_nulls().unique().sort().str.join(", "),
        )
        .filter(pl.col("problems") >= least)
        .sort("benchmark", "problems", "brought_by", descending=[False, True, False])
        .to_dicts()
    )


def recall(workspace: Workspace, corpus: Path, index: Path) -> list[dict[str, Any]]:
    """For every dataset the rows that the audit calls leaks, and those that a check by the index does."""
    leaks = workspace.read("leaks").filter(SAME)
    lines = []
    for entry in json.loads((corpus / "manifest.json").read_text()):
        if entry["kind"] == "benchmark" or len(entry["files"]) > 1:
            continue
        mine = leaks.filter(dataset=entry["id"])
        found = set(check(corpus / entry["files"][0], indexes=[index]).leaks.filter(SAME)["row"])
        by_relation = {name: set(mine.filter(relation=name)["row"]) for name in SAME_PROBLEM}
        audited = set(mine["row"])
        lines.append(
            {
                "dataset": entry["id"],
                "audit": len(audited),
                "both": len(audited & found),
                "index only": len(found - audited),
                **{name: f"{len(rows & found)}/{len(rows)}" for name, rows in by_relation.items()},
            }
        )
    return lines


def shared_runs(index: Path, prompts: list[str], length: int = 20) -> int:
    """How many problem texts have a run of so many characters in the file, packed or unpacked."""
    header, payload = index.read_bytes().split(b"\n", 2)[1:]
    columns = pl.read_parquet(payload)
    unpacked = b"".join(columns["sketch"]) + b"".join(
        column.to_numpy().tobytes() for column in columns.select(pl.col(pl.UInt64)).iter_columns()
    )
    plain = (header + payload + unpacked).decode("latin-1")
    grams = {plain[at : at + length] for at in range(len(plain) - length + 1)}
    return sum(
        any(text[at : at + length] in grams for at in range(len(text) - length + 1)) for text in prompts
    )


def seconds(file: Path, index: Path) -> tuple[float, float]:
    """Wall and processor time of the command, process start included."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "rlvr_atlas", "check", str(file), "--index", str(index), "--json"]
    subprocess.run(command, check=False, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, used


def table(lines: list[dict[str, Any]]) -> list[str]:
    """Rows as Markdown."""
    if not lines:
        return ["(none)"]
    cells = [" | ".join("" if value is None else str(value) for value in line.values()) for line in lines]
    return [f"| {' | '.join(lines[0])} |", "|" + "---|" * len(lines[0]), *(f"| {line} |" for line in cells)]


def page(workspace: Workspace, corpus: Path, index: Path) -> tuple[str, bool]:
    """The whole result as Markdown, and whether everything holds."""
    known = facts(workspace)
    found = recall(workspace, corpus, index)
    both, audited = (sum(line[name] for line in found) for name in ("both", "audit"))
    occurrences = workspace.read("occurrences")
    benchmarks = workspace.read("datasets").filter(role="benchmark")["dataset"]
    keys = occurrences.filter(pl.col("dataset").is_in(benchmarks.implode())).select("key").unique()
    prompts = keys.join(workspace.read("instances"), on="key")["prompt"].to_list()
    runs, size = shared_runs(index, prompts), index.stat().st_size / 1e6
    entry = next(e for e in json.loads((corpus / "manifest.json").read_text()) if e["id"] == "dapo17k_svs")
    wall, used = seconds(corpus / entry["files"][0], index)
    good = all(line["holds"] == "yes" for line in known) and runs == 0 and size < 25
    lines = [
        "# Leaks in the shared corpus",
        "",
        "Command: `python benchmarks/leaks.py --write docs/benchmarks/leaks.md`.",
        "What the columns mean: [audit.md](../audit.md).",
        "",
        "A path reads from the row's dataset back to where its lineage ends.",
        "",
        "## Known facts",
        "",
        *table(known),
        "",
        "## Copies of one benchmark",
        "",
        *table(copies(workspace)),
        "",
        "## Benchmarks: distinct problems found in training data",
        "",
        *table(rates(workspace, "family")),
        "",
        "## Datasets: rows that are a benchmark's problem",
        "",
        *table(rates(workspace, "dataset")),
        "",
        "## Atomic sources: rows",
        "",
        *table(rates(workspace, "atomic_source")),
        "",
        "## Who brought the problems in (10 and more)",
        "",
        "`dataset_first` counts those that the dataset had before the benchmark was released.",
        "",
        *table(brought(workspace, 10)),
        "",
        "## Not judged",
        "",
        *(f"- {limit}" for limit in workspace.manifest["stages"]["audit"]["limits"]),
        "",
        "## The text-free index",
        "",
        f"{len(benchmarks)} benchmarks, {len(prompts):,} distinct problems: {size:.1f} MB.",
        f"Problems of which a run of 20 characters stands in it: {runs}.",
        f"Checking the {entry['rows']:,} rows of {entry['id']}, process start included: {used:.1f} s of "
        f"processor time, {wall:.1f} s by the clock ({platform.machine()}, {platform.python_version()}).",
        "",
        f"Of {audited:,} rows that the audit calls leaks the index finds {both:,} ({both / audited:.2%}).",
        "",
        *table(found),
    ]  # fmt: skip
    return "\n".join(lines) + "\n", good


def main() -> int:
    """Run, check, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=HERE.parent.parent / "shared" / "data" / "real")
    parser.add_argument("--workspace", type=Path, help="kept for looking at; a temporary folder by default")
    parser.add_argument("--write", type=Path, help="also write the result here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        recipe = recipe_of(options.corpus, options.workspace or Path(temporary))
        workspace = pipeline.run(recipe, stages=["ingest", "trace", "audit"])
        index = Path(temporary) / "benchmarks.index"
        tables = (workspace.read(name) for name in ("occurrences", "instances", "datasets"))
        fingerprints.write(fingerprints.build(*tables), index)
        text, good = page(workspace, options.corpus, index)
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
