"""Sources of what leaks, licences of what is held, gold answers that disagree: counts for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from rlvr_atlas.report.tables import Tables, answers_differ

Facts = dict[str, Any]


@dataclass(frozen=True)
class SourceMatrix:
    """Leaked problems of every family of benchmarks by the atomic source of the row that brought them in."""

    families: list[tuple[str, int]]  # with their leaked problems, most first
    sources: list[str | None]  # most problems first, the unknown last
    cells: dict[tuple[str, str | None], int]


def by_source(full: Tables) -> SourceMatrix:
    """Count the lines of `leak_paths` by family and source.

    Args:
        full: All tables (see `tables.complete`).
    """
    rows = full["lineage"].select("dataset", "row", "atomic_source")
    counted = (
        full["leak_paths"]
        .join(rows, left_on=["brought_by", "brought_row"], right_on=["dataset", "row"], how="left")
        .group_by("benchmark", "atomic_source")
        .agg(problems=pl.len().cast(pl.Int64))
    )
    families = counted.group_by("benchmark").agg(pl.col("problems").sum())
    sources = counted.group_by("atomic_source").agg(pl.col("problems").sum())
    ordered = sources.sort(pl.col("atomic_source").is_null(), -pl.col("problems"), "atomic_source")
    return SourceMatrix(
        families=[*families.sort(-pl.col("problems"), "benchmark").iter_rows()],
        sources=ordered.get_column("atomic_source").to_list(),
        cells={(family, source): problems for family, source, problems in counted.iter_rows()},
    )


def licences(full: Tables) -> list[Facts]:
    """Of every train set, its licence and those of the datasets that its rows come from.

    Returns:
        dataset, license, rows, and `upstream`: license (null where not stated), datasets, rows; only rows
        that come from another dataset in view. In order of release.
    """
    stated = full["datasets"].select(pl.col("dataset").alias("root_dataset"), "license")
    upstream = (
        full["lineage"]
        .filter(pl.col("root_dataset").is_not_null() & (pl.col("root_dataset") != pl.col("dataset")))
        .group_by("dataset", "root_dataset")
        .agg(rows=pl.len().cast(pl.Int64))
        .join(stated, on="root_dataset", how="left")
        .group_by("dataset", "license")
        .agg(pl.col("rows").sum(), datasets=pl.col("root_dataset").sort())
        .sort("dataset", -pl.col("rows"), "license", nulls_last=True)
    )
    found: dict[str, list[Facts]] = {}
    for line in upstream.to_dicts():
        found.setdefault(line.pop("dataset"), []).append(line)
    train = full["datasets"].filter(role="train").sort("rank", "released", "dataset", nulls_last=True)
    return [
        {**line, "upstream": found.get(line["dataset"], [])}
        for line in train.select("dataset", "license", "rows").to_dicts()
    ]


def disagreements(full: Tables) -> list[Facts]:
    """Pairs of datasets by matched problems whose gold answers differ, most first.

    Matches that are more likely than not. Each belongs to the datasets that hold its two texts first.

    Returns:
        later, earlier (datasets; null where a text stands nowhere) and pairs.
    """
    differ = full["matches"].filter(answers_differ())
    keys = pl.concat([differ.get_column("child"), differ.get_column("parent")]).unique()
    first = (
        full["occurrences"]
        .filter(pl.col("key").is_in(keys.implode()))
        .sort("released", "dataset", "row", nulls_last=True)
        .group_by("key")
        .agg(pl.col("dataset").first())
    )
    return (
        differ.select("child", "parent")
        .join(first.rename({"key": "child", "dataset": "later"}), on="child", how="left")
        .join(first.rename({"key": "parent", "dataset": "earlier"}), on="parent", how="left")
        .group_by("later", "earlier")
        .agg(pairs=pl.len().cast(pl.Int64))
        .sort(-pl.col("pairs"), "later", "earlier", nulls_last=True)
        .to_dicts()
    )
