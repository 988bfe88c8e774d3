"""Counts and rates of leaks: per dataset, benchmark, family and atomic source, by relation and tier."""

from __future__ import annotations

import polars as pl

from rlvr_atlas.schema import LEAK_RATES, SAME_PROBLEM, TIERS, conform, is_same_problem, strength
from rlvr_atlas.stats import wilson


def rates(leaks: pl.DataFrame, unjudged: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """Count the units (rows or problems) of every group that leak.

    A unit counts once, by its strongest relation; one that has no more than variants counts as a variant, and
    one that has no more than overlaps which could not be judged as unjudged.

    Args:
        leaks: One line per unit and overlap: group, name, benchmark (null except in `pair` and `held`), unit,
            relation, tier.
        unjudged: The same, of overlaps that could not be judged.
        units: One line per group and name: group, name, unit ("rows" or "problems"), total.

    Returns:
        schema.LEAK_RATES.
    """
    who = ["group", "name", "benchmark"]
    judged = pl.concat([leaks.with_columns(judged=True), unjudged.with_columns(judged=False)])
    strongest = (
        judged.with_columns(same=is_same_problem() & pl.col("judged"), strength=strength())
        .sort("same", "judged", "strength", descending=[True, True, False])
        .unique([*who, "unit"], keep="first", maintain_order=True)
    )
    real, variant = pl.col("same"), ~pl.col("same") & pl.col("judged")
    counted = strongest.group_by(who).agg(
        leaked=real.sum(),
        variant=variant.sum(),
        unjudged=(~pl.col("judged")).sum(),
        **{name: (real & (pl.col("relation") == name)).sum() for name in SAME_PROBLEM},
        **{name: (real & (pl.col("tier") == name)).sum() for name in TIERS},
    )
    pairs, held = (counted.filter(group=group).select(who) for group in ("pair", "held"))
    datasets, families = (units.filter(group=group).drop("group") for group in ("dataset", "family"))
    lines = pl.concat(
        frame.select(*who, "unit", "total")
        for frame in (
            units.with_columns(benchmark=pl.lit(None, pl.String)),
            pairs.join(datasets, on="name"),
            held.join(families.rename({"name": "benchmark"}), on="benchmark"),
        )
    )
    result = lines.join(counted, on=who, how="left", nulls_equal=True)
    result = result.with_columns(
        pl.col([*SAME_PROBLEM, *TIERS, "leaked", "variant", "unjudged"]).fill_null(0)
    )
    low, high = wilson(result["leaked"].to_numpy(), result["total"].to_numpy())
    ends = {"low": pl.Series(low).fill_nan(None), "high": pl.Series(high).fill_nan(None)}
    result = result.with_columns(share=pl.col("leaked") / pl.col("total"), **ends)
    return conform(result, LEAK_RATES).sort(who, nulls_last=True)
