"""Overlaps: every row of train and source datasets that is matched to a benchmark item, weighed by rarity."""

from __future__ import annotations

from typing import Any

import polars as pl

from rlvr_atlas.audit.rarity import Rarity, taken_over
from rlvr_atlas.record import RELATIONS, SAME_PROBLEM

#: How strong a relation is, 0 the strongest.
STRENGTH = pl.col("relation").replace_strict(list(RELATIONS), list(range(len(RELATIONS))))
IS_SAME = pl.col("relation").is_in(SAME_PROBLEM)


def both_ways(matches: pl.DataFrame, *further: str) -> pl.DataFrame:
    """Matches as links in both directions.

    A match points from the later text to the earlier one, but a leak is a leak whichever was published first.

    Args:
        matches: record.MATCHES.
        further: Columns of them to keep.

    Returns:
        key, other, relation, tier, probability, and the further columns.
    """
    pairs = matches.select("relation", "tier", "probability", *further, key="child", other="parent")
    return pl.concat([pairs, pairs.rename({"key": "other", "other": "key"}).select(pairs.columns)])


def overlaps(occurrences: pl.DataFrame, matches: pl.DataFrame, datasets: pl.DataFrame) -> pl.DataFrame:
    """Every pair of a row and a benchmark item that match.

    Args:
        occurrences: record.OCCURRENCES.
        matches: record.MATCHES.
        datasets: record.DATASETS.

    Returns:
        The columns of record.LEAKS up to probability: one line per row, benchmark and distinct item of it;
        `benchmark_row` is the first of the item's rows. A variant is left out where the row is the same
        problem as another item of that benchmark.
    """
    roles = datasets.select("dataset", "role")
    rows = occurrences.select("dataset", "row", "key").join(roles, on="dataset")
    items = (
        rows.filter(role="benchmark")
        .group_by(benchmark="dataset", benchmark_key="key")
        .agg(benchmark_row=pl.col("row").min())
    )
    trained = rows.filter(pl.col("role") != "benchmark").drop("role")
    identical = {"relation": pl.lit("identical"), "tier": pl.lit("exact"), "probability": pl.lit(1.0)}
    same_key = trained.join(items, left_on="key", right_on="benchmark_key", coalesce=False)
    linked = trained.join(both_ways(matches), on="key").join(items, left_on="other", right_on="benchmark_key")
    found = pl.concat(
        [same_key.with_columns(**identical), linked.rename({"other": "benchmark_key"})], how="diagonal"
    )
    real = IS_SAME.any().over("dataset", "row", "benchmark")
    return found.filter(IS_SAME | ~real)


def weigh(found: pl.DataFrame, instances: pl.DataFrame, datasets: pl.DataFrame) -> pl.DataFrame:
    """Weigh overlaps by how rare their text is.

    Args:
        found: As `overlaps` gives it.
        instances: record.INSTANCES; their skeletons are the corpus that rarity is counted over.
        datasets: record.DATASETS.

    Returns:
        The same lines with `bits`, `probability` multiplied by the probability that it is no coincidence, and
        `matched`, the probability before that.
    """
    rarity = Rarity(instances["skeleton"].unique(maintain_order=True))
    skeletons = instances.select("key", "skeleton")
    involved = found.select("benchmark_key", same=IS_SAME).unique(maintain_order=True)
    texts = involved.join(skeletons, left_on="benchmark_key", right_on="key", maintain_order="left")
    bits = [
        rarity.bits(text) if same else rarity.wording_bits(text)
        for same, text in texts.select("same", "skeleton").iter_rows()
    ]
    sizes = datasets.select("dataset", "distinct_prompts")
    pairs = (
        found.with_columns(same=IS_SAME)
        .join(texts.with_columns(bits=pl.Series(bits, dtype=pl.Float64)), on=["benchmark_key", "same"])
        .join(sizes.rename({"distinct_prompts": "texts"}), on="dataset")
        .join(sizes.rename({"dataset": "benchmark", "distinct_prompts": "items"}), on="benchmark")
    )
    weighed = pairs.with_columns(matched="probability", probability=pl.col("probability") * taken_over(pairs))
    return weighed.select(*found.columns, "matched", "bits")


def came_first(datasets: pl.DataFrame) -> pl.Expr:
    """Which of `dataset` and `benchmark` was released first; null where a date is unknown."""
    dates: dict[str, Any] = dict(datasets.select("dataset", "released").iter_rows())
    mine, theirs = (
        pl.col(side).replace_strict(list(dates), list(dates.values()), return_dtype=pl.Date)
        for side in ("dataset", "benchmark")
    )
    return (
        pl.when(mine < theirs)
        .then(pl.lit("dataset"))
        .when(mine > theirs)
        .then(pl.lit("benchmark"))
        .when(mine == theirs)
        .then(pl.lit("same day"))
    )
