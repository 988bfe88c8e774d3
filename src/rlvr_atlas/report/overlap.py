"""Which rows hold a benchmark's items, read off the matches in both directions.

A match points from the later text to the earlier one, but a leak is a leak whichever of the two was published
first, so the pair counts both ways. Only direct pairs are read; no chain is followed here.
"""

from __future__ import annotations

import polars as pl

from rlvr_atlas import schema as record
from rlvr_atlas.report.tables import Tables

#: `match.min_probability` where the manifest does not say (see `config.MatchSettings`).
MIN_PROBABILITY = 0.5


def benchmark_pairs(full: Tables, min_probability: float = MIN_PROBABILITY) -> pl.LazyFrame:
    """One line per (dataset, benchmark, key of the dataset).

    Args:
        full: All tables (see `tables.complete`).
        min_probability: Matches below it do not count, as they carry no lineage either.

    Returns:
        dataset, benchmark, key, rows (of the dataset with that key), benchmark_items (keys of the
        benchmark that are the same problem), same (false: nothing but variants).
    """
    roles = full["datasets"].lazy().select("dataset", "role")
    held = full["occurrences"].lazy().group_by("dataset", "key").agg(rows=pl.len()).join(roles, on="dataset")
    benchmarks = held.filter(pl.col("role") == "benchmark").select(benchmark="dataset", item="key")
    others = held.filter(pl.col("role") != "benchmark").select("dataset", "key", "rows")
    same = pl.col("relation").is_in(record.SAME_PROBLEM)
    matches = full["matches"].lazy().filter(pl.col("probability") >= min_probability)
    alike = others.select("key", item="key", same=pl.lit(True)).unique()
    links = pl.concat(
        [
            alike,
            matches.select(key="child", item="parent", same=same),
            matches.select(key="parent", item="child", same=same),
        ]
    )
    return (
        others.join(links, on="key")
        .join(benchmarks, on="item")
        .group_by("dataset", "benchmark", "key")
        .agg(
            rows=pl.col("rows").first(),
            benchmark_items=pl.col("item").filter(pl.col("same")).unique(),
            same=pl.col("same").any(),
        )
    )


def overlap_by_benchmark(pairs: pl.DataFrame) -> pl.DataFrame:
    """Sum `benchmark_pairs` up to one line per (dataset, benchmark), largest first.

    Returns:
        dataset, benchmark, rows (same problem), benchmark_items (distinct items it meets), variant_rows
        (rows that are a variant of an item and the same problem as none).
    """
    return (
        pairs.group_by("dataset", "benchmark")
        .agg(
            rows=pl.col("rows").filter(pl.col("same")).sum().cast(pl.Int64),
            benchmark_items=pl.col("benchmark_items").explode().drop_nulls().n_unique().cast(pl.Int64),
            variant_rows=pl.col("rows").filter(~pl.col("same")).sum().cast(pl.Int64),
        )
        .sort(["rows", "variant_rows", "dataset", "benchmark"], descending=[True, True, False, False])
    )


def overlap_by_dataset(pairs: pl.DataFrame) -> pl.DataFrame:
    """Sum `benchmark_pairs` up to one line per dataset, each row counted once whatever it meets.

    Returns:
        dataset, benchmark_rows, benchmark_variant_rows.
    """
    return (
        pairs.group_by("dataset", "key")
        .agg(rows=pl.col("rows").first(), same=pl.col("same").any())
        .group_by("dataset")
        .agg(
            benchmark_rows=pl.col("rows").filter(pl.col("same")).sum().cast(pl.Int64),
            benchmark_variant_rows=pl.col("rows").filter(~pl.col("same")).sum().cast(pl.Int64),
        )
        .sort("dataset")
    )
