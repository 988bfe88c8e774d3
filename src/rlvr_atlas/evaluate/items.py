"""The items of benchmarks: from a workspace, from files, or by an id of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.ingest import read_partition
from rlvr_atlas.load import open_dataset
from rlvr_atlas.load.resolve import resolve
from rlvr_atlas.schema import is_same_problem
from rlvr_atlas.workspace.store import Workspace

#: Why an item is not asked, the first that holds.
_LEFT_OUT = (
    ("no answer", pl.col("answer").is_null()),
    ("code: its tests are not run", pl.col("domain") == "code"),
    ("it is asked of images or files", pl.col("attachments").is_not_null()),
    ("the same text as an item before it", ~pl.col("key").is_first_distinct()),
)
#: Overlaps below it are no leaks.
_SURE = 0.5


@dataclass(frozen=True)
class Benchmark:
    """A benchmark to ask.

    Attributes:
        name: Its id.
        items: item (row), key, prompt, answer, is_mcq; one line per item that can be asked.
        left_out: Reason -> items that are not asked.
    """

    name: str
    items: pl.DataFrame
    left_out: dict[str, int]


def from_workspace(workspace: Workspace, names: Sequence[str] = ()) -> list[Benchmark]:
    """Benchmarks of a workspace.

    Args:
        workspace: Where `ingest` has been run.
        names: Ids of datasets with the role benchmark; all of them where empty.

    Raises:
        InputError: If one is not there, or none of its items can be asked.
        WorkspaceError: If nothing has been ingested.
    """
    datasets = workspace.read("datasets").filter(pl.col("role") == "benchmark")["dataset"].to_list()
    unknown = [name for name in names if name not in datasets]
    if unknown or not datasets:
        held = ", ".join(datasets) or "none"
        what = f"no benchmark {', '.join(unknown)}" if unknown else "no benchmark"
        raise InputError(what, where=str(workspace.folder), fix=f"it holds: {held}")
    chosen = list(names) or datasets
    places = workspace.scan("occurrences").filter(pl.col("dataset").is_in(chosen))
    places = places.select("dataset", "row", "key", "answer")
    texts = workspace.scan("instances").select("key", "prompt", "domain", "is_mcq", "attachments")
    rows = places.join(texts, on="key", how="left").collect()
    return [_benchmark(name, rows.filter(dataset=name)) for name in chosen]


def from_files(names: Sequence[str], *, allow_network: bool = False) -> list[Benchmark]:
    """Benchmarks by paths, globs, or ids of the registry or the Hub.

    Raises:
        InputError: If one cannot be read, or none of its items can be asked.
    """
    return [
        _benchmark(spec.id, read_partition(open_dataset(spec, Path(), allow_network=allow_network)).rows)
        for spec in resolve(names, "benchmark")
    ]


def leaked_items(workspace: Workspace, dataset: str, mix: str | None = None) -> dict[str, set[str]]:
    """Which items of each benchmark a training set holds.

    Args:
        workspace: Audited.
        dataset: The training set.
        mix: Name of the curated mix, which is a training set too.

    Returns:
        Benchmark -> keys of its leaked items; each benchmark of the workspace has an entry. Variants, which
        are other problems, are no leaks.

    Raises:
        InputError: If the workspace has no such training set, or is not audited.
    """
    roles = workspace.read("datasets").select("dataset", "role")
    trains = roles.filter(pl.col("role") != "benchmark")["dataset"].to_list()
    is_mix = dataset == mix and dataset not in trains and workspace.has("mix")
    if dataset not in trains and not is_mix:
        fix = f"it holds: {', '.join(trains)}"
        raise InputError(f"no training set '{dataset}'", where=str(workspace.folder), fix=fix)
    if not workspace.has("leaks"):
        fix = f"run it first: rlvr-atlas audit {workspace.folder}"
        raise InputError("leaks are not known", where=str(workspace.folder), fix=fix)
    sure = is_same_problem() & (pl.col("probability") >= _SURE)
    leaks = workspace.scan("leaks").filter(sure)
    if is_mix:
        rows = workspace.scan("mix").select("dataset", "row")
        leaks = leaks.join(rows, on=["dataset", "row"], how="semi")
    else:
        leaks = leaks.filter(pl.col("dataset") == dataset)
    found = leaks.select("benchmark", "benchmark_key").unique().collect()
    return {
        name: set(found.filter(benchmark=name)["benchmark_key"])
        for name in roles.filter(role="benchmark")["dataset"]
    }


def _benchmark(name: str, rows: pl.DataFrame) -> Benchmark:
    reason = pl.coalesce(*(pl.when(holds).then(pl.lit(why)) for why, holds in _LEFT_OUT))
    judged = rows.sort("row").with_columns(reason=reason)
    items = judged.filter(pl.col("reason").is_null())
    left_out = dict(judged.drop_nulls("reason").group_by("reason").len().sort("reason").iter_rows())
    if items.is_empty():
        told = "; ".join(f"{why}: {number}" for why, number in left_out.items()) or "it has no usable rows"
        raise InputError(f"no item can be asked ({told})", where=f"benchmark {name}")
    return Benchmark(name, items.select("key", "prompt", "answer", "is_mcq", item="row"), left_out)
