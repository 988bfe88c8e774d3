"""Which arrows between datasets would turn round if a date of release were wrong that nothing vouches for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

Facts = dict[str, Any]


def unverified(edges: pl.DataFrame, datasets: pl.DataFrame, manifest: Mapping[str, Any]) -> list[Facts]:
    """Pairs of datasets whose order follows from their dates, at least one of them without evidence.

    A documented upstream comes first whatever the dates say, and of two datasets without a date or with the
    same one the order of the recipe decides: those are not listed.

    Args:
        edges: schema.EDGES.
        datasets: schema.DATASETS.
        manifest: The workspace's manifest: its recipe says what dates rest on.

    Returns:
        child, parent, rows (of all relations), released, released_parent (ISO texts), days (between the
        dates), without_evidence (the one or two datasets); most rows first.
    """
    proven = _with_evidence(manifest)
    released = datasets.select("dataset", "released").drop_nulls().unique("dataset", keep="first")
    by_date = (
        edges.filter(pl.col("direction") == "dates")
        .group_by("child", "parent")
        .agg(rows=pl.col("rows").sum())
        .join(released, left_on="child", right_on="dataset")
        .join(released, left_on="parent", right_on="dataset", suffix="_parent")
        .with_columns(days=(pl.col("released") - pl.col("released_parent")).dt.total_days())
        .sort("rows", "child", "parent", descending=[True, False, False])
    )
    return [
        {
            **line,
            "released": line["released"].isoformat(),
            "released_parent": line["released_parent"].isoformat(),
            "without_evidence": without,
        }
        for line in by_date.select(*_COLUMNS).to_dicts()
        if (without := [name for name in (line["child"], line["parent"]) if name not in proven])
    ]


_COLUMNS = ("child", "parent", "rows", "released", "released_parent", "days")


def _with_evidence(manifest: Mapping[str, Any]) -> set[str]:
    """Datasets whose date of release rests on something that the recipe or the registry names."""
    recipe = manifest.get("recipe")
    listed = recipe.get("datasets") if isinstance(recipe, Mapping) else None
    specs = [spec for spec in listed or [] if isinstance(spec, Mapping)]
    return {str(spec.get("id")) for spec in specs if "released" in (spec.get("evidence") or {})}
