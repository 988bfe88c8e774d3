"""Draws: caps per source, and the size of the mix.

The place of a row in the order of a draw follows from the seed and from where the row is (after its expected
gain, where the recipe prefers that), and from nothing else: more rows or fewer do not change who is drawn
before whom.
"""

from __future__ import annotations

import hashlib

import polars as pl

from rlvr_atlas.config.curate import UNKNOWN, CurateSettings
from rlvr_atlas.errors import RecipeError


def order(rows: pl.DataFrame, seed: int) -> pl.Series:
    """A number for each row, uniform over 64 bits; a draw takes the smallest first.

    Args:
        rows: dataset, row.
        seed: Of the recipe.
    """
    places = rows.select("dataset", "row").iter_rows()
    digests = (hashlib.sha256(f"{seed}\n{dataset}\n{row}".encode()).digest() for dataset, row in places)
    return pl.Series("drawn", [int.from_bytes(digest[:8], "big") for digest in digests], dtype=pl.UInt64)


def draw(rows: pl.DataFrame, settings: CurateSettings) -> pl.DataFrame:
    """Cap sources, then drop or draw rows until the mix has its size.

    Args:
        rows: at, dataset, row, is_refill, atomic_source, expected_gain of the rows that passed every rule.
        settings: Caps, size and seed.

    Returns:
        at, drawn_at (position in the draw of its part), stays (whether it is in the mix), why (null, or "over
        the cap of its source", or "over the size").

    Raises:
        RecipeError: If the refill cannot bring the mix to its size, or there is none.
    """
    source = pl.col("atomic_source").fill_null(UNKNOWN)
    gain = pl.col("expected_gain") if settings.prefer == "expected_gain" else pl.lit(None, pl.Float64)
    cap = source.replace_strict(settings.max_per_source, default=None, return_dtype=pl.Int64)
    placed = (
        rows.select("at", "is_refill", source=source, cap=cap, gain=gain)
        .with_columns(order(rows, settings.seed))
        .sort("is_refill", "gain", "drawn", "at", descending=[False, True, False, False], nulls_last=True)
        # The refill comes after all that the mix starts from, so its caps count those rows too.
        .with_columns(
            in_source=pl.col("at").cum_count().over("source"),
            drawn_at=pl.col("at").cum_count().over("is_refill") - 1,
        )
        .with_columns(fits=(pl.col("in_source") <= pl.col("cap")).fill_null(value=True))
    )
    fitting = placed.filter("fits").select("at", place=pl.int_range(1, pl.len() + 1))
    start = placed.filter(~pl.col("is_refill"), "fits").height
    if settings.size is not None and fitting.height < settings.size:
        raise _too_small(settings, start, placed)
    last = start if settings.size is None else settings.size
    over_cap, over_size = pl.lit("over the cap of its source"), pl.lit("over the size")
    return placed.join(fitting, on="at", how="left").select(
        "at",
        "drawn_at",
        stays=(pl.col("place") <= last).fill_null(value=False),
        why=pl.when(~pl.col("fits")).then(over_cap).when(pl.col("place") > last).then(over_size),
    )


def _too_small(settings: CurateSettings, start: int, placed: pl.DataFrame) -> RecipeError:
    drawable = placed.filter("is_refill", "fits").height
    capped = placed.filter("is_refill", ~pl.col("fits")).height
    fix = f"lower size to {start + drawable} at most, or give the refill more datasets or fewer conditions"
    if settings.refill is None:
        what = f"{start} rows are left and size is {settings.size}"
        return RecipeError(what, where="curate", fix=f"lower size to {start} at most, or add [curate.refill]")
    missing = (settings.size or 0) - start
    what = f"{start} rows are left, and the refill has {drawable} of the {missing} that are missing"
    return RecipeError(what + (f"; {capped} more are over caps" if capped else ""), where="curate", fix=fix)
