"""Trace the shared corpus of 82 real datasets, check known facts about it, and say what it took.

Run: python benchmarks/real_corpus.py [--corpus DIR] [--workspace DIR] [--write FILE]

The recipe is built from the corpus's manifest alone: kinds, dates, documented upstreams. A dataset introduces
data (has an atomic source of its own) where the manifest documents no upstream, or only one that the registry
knows as an atomic source. The facts were found by plain text comparison and are lower bounds: a better tracer
finds at least these. Exits with 1 if one does not hold.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas import pipeline, registry
from rlvr_atlas.compare import Overlap, compare
from rlvr_atlas.config import Recipe, parse_recipe
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.workspace.store import Workspace

HERE = Path(__file__).resolve().parent
Check = tuple[str, int | float, str, bool]


@dataclass(frozen=True)
class Cost:
    """What a run took: seconds by the clock and of processors, GiB, and the seconds of a second run."""

    seconds: float
    worked: float
    peak: float
    peak_of_child: float
    again: float


def recipe_of(corpus: Path, workspace: Path) -> Recipe:
    """A recipe over every dataset of the manifest."""
    manifest: list[dict[str, Any]] = json.loads((corpus / "manifest.json").read_text())
    ids = {entry["id"] for entry in manifest}
    datasets = [
        {
            "id": entry["id"],
            "role": "benchmark" if entry["kind"] == "benchmark" else "train",
            "path": [str(corpus / name) for name in entry["files"]],
            "title": entry["title"],
            "released": entry["release_date"],
            "license": entry["license"],
            "atomic_source": introduces(entry, ids),
            "derived_from": [up["id"] for up in entry["documented_upstreams"]],
        }
        for entry in manifest
    ]
    return parse_recipe({"workspace": {"path": str(workspace)}, "datasets": datasets})


def introduces(entry: dict[str, Any], ids: set[str]) -> str | None:
    """The atomic source that a dataset brings into view, None where its data comes from elsewhere."""
    upstreams = [up["id"] for up in entry["documented_upstreams"]]
    if any(up in ids for up in upstreams):
        return None
    for name in (*(entry["hf_id"] or "").split(", "), entry["id"]):
        if source := registry.map_upstream(name):
            return source
    if not upstreams:
        return str(entry["id"])
    named = {registry.map_upstream(up) for up in upstreams}
    return named.pop() if len(named) == 1 else None


def facts(workspace: Workspace, corpus: Path) -> list[Check]:
    """Everything that must hold: (what, measured, expected, holds)."""

    def overlap(left: str, right: str) -> Overlap:
        return compare(workspace, left, right)[0]

    def at_least(what: str, measured: float, bound: float) -> Check:
        return what, measured, f">= {bound}", measured >= bound

    checks = [
        at_least(
            "deepscaler_fastcurl: distinct problems in deepscaler_spurious_levels",
            overlap("deepscaler_fastcurl", "deepscaler_spurious_levels").found,
            38_605,
        ),
        at_least(
            "dapo14k_corewarding: share within dapo17k_svs",
            overlap("dapo14k_corewarding", "dapo17k_svs").share,
            1.0,
        ),
        at_least(
            "simplerl_math8k_limr: rows in math_test",
            overlap("simplerl_math8k_limr", "math_test").rows,
            2_935,
        ),
        at_least("limr: rows in math_test", overlap("limr", "math_test").rows, 500),
        at_least(
            "gsm8k_test: distinct problems in gsm8k_oat", overlap("gsm8k_test", "gsm8k_oat").found, 1_319
        ),
        at_least("math_test: problems in dapo17k_svs", overlap("math_test", "dapo17k_svs").rows, 972),
        at_least(
            "omni_math_num500: problems in deepscaler_*",
            _held(workspace, "omni_math_num500", "deepscaler_"),
            492,
        ),
    ]
    # By text: MATH holds near copies of its own problems, so a reworded pair across the two is no mistake.
    leaks = overlap("simplerl_math8k_limr", "math500_atlas").by_relation
    leak = leaks["identical"] + leaks["reformatted"]
    checks.append(("simplerl_math8k_limr: problems of MATH-500, same text", leak, "0", leak == 0))
    copies = ("math7500_corewarding", "math7500_decs", "math7500_repo_flat", "math7500_rlvr_decomposed")
    for other in copies[1:]:
        both = compare(workspace, copies[0], other)
        share = min(one.share for one in both)
        checks.append(at_least(f"{copies[0]} and {other}: share in each other", share, 1.0))
    checks.append(_complete(workspace, corpus))
    return checks


def _held(workspace: Workspace, benchmark: str, prefix: str) -> int:
    """Rows of a benchmark that are the same problem as a row of any dataset whose id begins so."""
    occurrences = workspace.read("occurrences")
    wanted = occurrences.filter(dataset=benchmark)
    have = occurrences.filter(pl.col("dataset").str.starts_with(prefix)).select("key").unique()
    pairs = workspace.read("matches").filter(pl.col("relation").is_in(SAME_PROBLEM))
    links = pl.concat([pairs.select(key="child", other="parent"), pairs.select(key="parent", other="child")])
    matched = links.join(have, left_on="other", right_on="key").select("key")
    return wanted.filter(pl.col("key").is_in(pl.concat([matched, have])["key"].implode())).height


def _complete(workspace: Workspace, corpus: Path) -> Check:
    """Every row of every dataset is in `occurrences` or in `skipped_rows`, and in one of them once."""
    manifest = json.loads((corpus / "manifest.json").read_text())
    expected = pl.DataFrame(
        [(e["id"], e["rows"]) for e in manifest], schema=["dataset", "rows"], orient="row"
    )
    both = pl.concat(
        [workspace.read(name).select("dataset", "row") for name in ("occurrences", "skipped_rows")]
    )
    counted = both.group_by("dataset").agg(
        n=pl.len(), distinct=pl.col("row").n_unique(), last=pl.col("row").max()
    )
    wrong = expected.join(counted, on="dataset", how="left").filter(
        (pl.col("n") != pl.col("rows"))
        | (pl.col("distinct") != pl.col("rows"))
        | (pl.col("last") != pl.col("rows") - 1)
        | pl.col("n").is_null()
    )
    return "datasets with a row lost or counted twice", wrong.height, "0", wrong.is_empty()


def shares(workspace: Workspace) -> pl.DataFrame:
    """Attributed share and largest atomic source per dataset."""
    return (
        workspace.read("lineage")
        .group_by("dataset")
        .agg(
            attributed=pl.col("atomic_source").is_not_null().mean(),
            derived=(pl.col("parent_dataset") != pl.col("dataset")).fill_null(value=False).mean(),
            largest_source=pl.col("atomic_source").drop_nulls().mode().sort().first(),
        )
        .join(workspace.read("datasets").select("dataset", "role", "rows", "skipped_rows"), on="dataset")
        .select("dataset", "role", "rows", "skipped_rows", "attributed", "derived", "largest_source")
        .sort("role", "dataset", descending=[True, False])
    )


def explain_seconds(workspace: Workspace) -> dict[str, tuple[float, float]]:
    """Wall and processor time of the command `explain`, process start included: a known text, and others."""
    prompt = (
        workspace.scan("instances").filter(domain="math", language="en").select("prompt").collect()["prompt"]
    )
    text = next(p for p in prompt if 200 < len(p) < 400)
    asked = {
        "a known text": text,
        "the same, respaced and wrapped": f"Question: {text.replace(' ', '  ')}\n\nAnswer:",
        "the same, two words changed": text.replace(" the ", " this ", 1).replace(" is ", " equals ", 1),
        "a text never seen": "Seventeen blue lanterns hang above the harbour; how many shadows fall at dusk?",
    }
    result = {}
    for name, query in asked.items():
        started, worked = time.perf_counter(), _worked_by_children()
        command = [sys.executable, "-m", "rlvr_atlas", "explain", str(workspace.folder), query, "--json"]
        subprocess.run(command, check=True, capture_output=True)
        result[name] = time.perf_counter() - started, _worked_by_children() - worked
    return result


def _worked_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Run, check, print; the exit code says whether every fact holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=HERE.parent.parent / "shared" / "data" / "real")
    parser.add_argument("--workspace", type=Path, help="kept for looking at; a temporary folder by default")
    parser.add_argument("--write", type=Path, help="also write the result here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        started, worked = time.perf_counter(), time.process_time() + _worked_by_children()
        recipe = recipe_of(options.corpus, options.workspace or Path(temporary))
        workspace = pipeline.run(recipe, on_progress=lambda stage, what, done, total: None)
        cost = Cost(
            time.perf_counter() - started,
            time.process_time() + _worked_by_children() - worked,
            *(
                resource.getrusage(who).ru_maxrss / 2**20
                for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            ),
            _again(recipe),
        )
        checks = facts(workspace, options.corpus)
        text = _page(workspace, checks, cost)
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    return 0 if all(holds for *_, holds in checks) else 1


def _again(recipe: Recipe) -> float:
    """Seconds of a second run with nothing changed."""
    started = time.perf_counter()
    pipeline.run(recipe)
    return time.perf_counter() - started


def parents(workspace: Workspace) -> pl.DataFrame:
    """The datasets that the rows of each dataset name as parent: how many, the most named, its share."""
    named = workspace.read("lineage").filter(
        pl.col("parent_dataset").is_not_null() & (pl.col("parent_dataset") != pl.col("dataset"))
    )
    counted = named.group_by("dataset", "parent_dataset").agg(rows=pl.len())
    return (
        counted.sort("dataset", -pl.col("rows").cast(pl.Int64), "parent_dataset")
        .group_by("dataset", maintain_order=True)
        .agg(
            parents=pl.len(),
            most=pl.col("parent_dataset").first(),
            share=pl.col("rows").first() / pl.col("rows").sum(),
        )
    )


def undocumented(workspace: Workspace) -> pl.DataFrame:
    """Upstreams that no publisher names and that hold at least half of the rows of a dataset."""
    rows = workspace.read("datasets").select(child="dataset", all="rows")
    near = workspace.read("edges").filter(~pl.col("documented"), pl.col("relation") != "variant")
    return (
        near.group_by("child", "parent", maintain_order=True)
        .agg(pl.col("rows", "sole_rows").sum(), pl.col("direction").first())
        .join(rows, on="child")
        .filter(2 * pl.col("rows") >= pl.col("all"))
        .sort("child", "parent")
    )


def _page(workspace: Workspace, checks: list[Check], cost: Cost) -> str:
    stages = ", ".join(
        f"{name} {entry['seconds']:.0f} s" for name, entry in workspace.manifest["stages"].items()
    )
    rows = workspace.read("datasets")["rows"].sum()
    lines = [
        "# The shared corpus, traced",
        "",
        "Command: `python benchmarks/real_corpus.py --write docs/benchmarks/real_corpus.md`",
        "",
        f"{rows:,} rows in {cost.seconds:.0f} s ({stages}; {cost.worked:.0f} s of processor time), "
        f"peak memory {cost.peak:.2f} GiB, of a process that reads datasets {cost.peak_of_child:.2f} GiB; "
        f"a second, unchanged run {cost.again:.1f} s; on {platform.machine()} with {_cores()} cores, "
        f"Python {platform.python_version()}, no encoder.",
        "",
        "| `explain`, process start included | seconds | of processor time |",
        "|---|---|---|",
        *(
            f"| {name} | {wall:.2f} | {work:.2f} |"
            for name, (wall, work) in explain_seconds(workspace).items()
        ),
        "",
        "| fact | measured | expected | holds |",
        "|---|---|---|---|",
        *(
            f"| {what} | {value:g} | {bound} | {'yes' if ok else '**no**'} |"
            for what, value, bound, ok in checks
        ),
        "",
        "| dataset | role | rows | skipped | attributed | derived from another in view | largest source |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {r['dataset']} | {r['role']} | {r['rows']:,} | {r['skipped_rows']} | {r['attributed']:.1%} "
            f"| {r['derived']:.1%} | {r['largest_source'] or ''} |"
            for r in shares(workspace).iter_rows(named=True)
        ),
        "",
        f"{workspace.read('edges').height} edges. Parents that the rows of each dataset name in others:",
        "",
        "| dataset | datasets named | named most | by so many of the rows with a parent |",
        "|---|---|---|---|",
        *(
            f"| {r['dataset']} | {r['parents']} | {r['most']} | {r['share']:.1%} |"
            for r in parents(workspace).iter_rows(named=True)
        ),
        "",
        "Upstreams that no publisher names and that hold at least half of a dataset's rows as the same",
        "problem; *only there*: the share that no other earlier dataset holds as closely.",
        "",
        "| dataset | upstream | of its rows | only there | what says that it is earlier |",
        "|---|---|---|---|---|",
        *(
            f"| {r['child']} | {r['parent']} | {r['rows'] / r['all']:.1%} | {r['sole_rows'] / r['all']:.1%} "
            f"| {r['direction']} |"
            for r in undocumented(workspace).iter_rows(named=True)
        ),
    ]
    return "\n".join(lines) + "\n"


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    raise SystemExit(main())
