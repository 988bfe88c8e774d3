"""What is counted in an audit: the groups a leak belongs to, how large they are, and what was not judged."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

#: Languages whose deciding words (numbers, asks) are known.
_KNOWN_LANGUAGES = ("en", "zh")


def hits(overlaps: pl.DataFrame, lineage: pl.DataFrame) -> pl.DataFrame:
    """Every overlap once for each group that it counts in.

    Args:
        overlaps: dataset, row, benchmark, benchmark_key, family, problem, relation, tier.
        lineage: schema.LINEAGE.

    Returns:
        group, name, benchmark, unit, relation, tier, as `rates` takes them.
    """
    rows = overlaps.join(lineage.select("dataset", "row", "atomic_source"), on=["dataset", "row"], how="left")
    row = pl.format("{}:{}", "dataset", "row")
    groups: Mapping[str, tuple[str, pl.Expr, str | None]] = {
        "dataset": ("dataset", row, None),
        "pair": ("dataset", row, "family"),
        "held": ("dataset", pl.col("problem"), "family"),
        "benchmark": ("benchmark", pl.col("benchmark_key"), None),
        "family": ("family", pl.col("problem"), None),
        "atomic_source": ("atomic_source", row, None),
    }
    return pl.concat(
        rows.select(
            group=pl.lit(group),
            name=name,
            benchmark=pl.lit(None, pl.String) if benchmark is None else pl.col(benchmark),
            unit=unit,
            relation="relation",
            tier="tier",
        )
        for group, (name, unit, benchmark) in groups.items()
    )


def units(
    occurrences: pl.DataFrame, lineage: pl.DataFrame, datasets: pl.DataFrame, items: pl.DataFrame
) -> pl.DataFrame:
    """How many units each group has.

    Args:
        occurrences: schema.OCCURRENCES.
        lineage: schema.LINEAGE.
        datasets: schema.DATASETS.
        items: benchmark, benchmark_key, family, problem: the distinct items of the benchmarks.

    Returns:
        group, name, unit ("rows" or "problems"), total.
    """
    audited = datasets.filter(pl.col("role") != "benchmark").select("dataset")
    sources = lineage.join(audited, on="dataset").group_by(name="atomic_source").agg(total=pl.len())
    per_dataset = occurrences.group_by("dataset").agg(total=pl.len())
    rows = audited.join(per_dataset, on="dataset", how="left").select(
        name="dataset", total=pl.col("total").fill_null(0)
    )
    problems = items.group_by(name="family").agg(total=pl.col("problem").n_unique())
    keys = items.group_by(name="benchmark").agg(total=pl.col("benchmark_key").n_unique())
    groups = {
        "dataset": ("rows", rows),
        "benchmark": ("problems", keys),
        "family": ("problems", problems),
        "atomic_source": ("rows", sources),
    }
    return pl.concat(
        frame.select("name", pl.col("total").cast(pl.Int64), group=pl.lit(group), unit=pl.lit(unit))
        for group, (unit, frame) in groups.items()
    )


def limits(
    unjudged: pl.DataFrame,
    skipped_rows: pl.DataFrame,
    occurrences: pl.DataFrame,
    instances: pl.DataFrame,
    datasets: pl.DataFrame,
) -> list[str]:
    """What an audit could not judge, as sentences for a person."""
    roles = datasets.select("dataset", "role")
    sentences = []
    if "benchmark" not in roles["role"]:
        sentences.append("no benchmark is in view, so that nothing could be found to leak")
    for reason, rows in (
        unjudged.group_by("reason").agg(pl.struct("dataset", "row").n_unique()).sort("reason").iter_rows()
    ):
        sentences.append(f"{rows} rows share a benchmark's text but are not called leaks: {reason}")
    lost = skipped_rows.join(roles, on="dataset")
    for role, count in lost.group_by("role").len().sort("role").iter_rows():
        sentences.append(f"{count} unreadable rows of {role} datasets were not compared")
    other = (
        occurrences.select("key")
        .join(instances.select("key", "language"), on="key")
        .filter(~pl.col("language").is_in(_KNOWN_LANGUAGES))["language"]
        .value_counts(name="rows")
        .sort("rows", "language", descending=[True, False])
    )
    if other.height:
        named = ", ".join(f"{language} {rows}" for language, rows in other.head(5).iter_rows())
        sentences.append(
            f"{other['rows'].sum()} rows are in other languages than English and Chinese ({named}): "
            "renumbered and reworded problems are told apart less surely there"
        )
    return sentences
