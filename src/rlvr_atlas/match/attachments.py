"""Pairs of problems by what is attached to them: no pair of which that is known to differ is ever made.

Thousands of problems may be asked in the same words, each of another image. All pairs of them would be too
many, so that those which can agree are joined, and the others are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rlvr_atlas.schema.attachments import agree, forms, needed, optional

_LEFT, _RIGHT = "left_line", "right_line"


def paired(
    left: pl.DataFrame, right: pl.DataFrame, left_on: str, right_on: str, *, within: str | None = None
) -> pl.DataFrame:
    """Join two tables of problems where they have the same text and may be asked of the same things.

    Args:
        left: With `attachments`.
        right: Likewise.
        left_on: The column of `left` that is equal to
        right_on: that of `right`.
        within: A column of `left` whose values are looked at one by one.

    Returns:
        The pairs, columns of `right` that `left` has too with the suffix `_child`, and `agree`: true, or null
        where it is not known. Of pairs that are not known to agree because something else is known of each
        side, only those with the first of a kind are there.
    """
    known = {*left["attachments"].drop_nulls().unique(), *right["attachments"].drop_nulls().unique()}
    if not known:
        joined = left.join(right, left_on=left_on, right_on=right_on, suffix="_child", coalesce=True)
        return joined.with_columns(agree=pl.lit(value=True))
    told = _told(sorted(known))
    ours = left.join(told, on="attachments", how="left", maintain_order="left").with_row_index(_LEFT)
    theirs = right.join(told, on="attachments", how="left", maintain_order="left").with_row_index(_RIGHT)
    groups = [left_on] if within is None else [left_on, within]
    lines = _lines(ours, theirs.rename({right_on: left_on}), groups)
    pairs = lines.join(left.with_row_index(_LEFT), on=_LEFT, maintain_order="left").join(
        right.with_row_index(_RIGHT).drop(right_on), on=_RIGHT, suffix="_child", maintain_order="left"
    )
    both = pairs.select("attachments", "attachments_child").unique(maintain_order=True)
    verdicts = both.with_columns(
        agree=pl.Series([agree(*pair) for pair in both.iter_rows()], dtype=pl.Boolean)
    )
    pairs = pairs.join(
        verdicts, on=["attachments", "attachments_child"], nulls_equal=True, maintain_order="left"
    )
    return pairs.filter(pl.col("agree").is_null() | pl.col("agree")).drop(_LEFT, _RIGHT)


def _told(known: list[str]) -> pl.DataFrame:
    """Of each value of `attachments`: what is needed, what is not, and of which forms the first is."""

    def column(make: Callable[[str], str | None]) -> pl.Series:
        return pl.Series([make(value) for value in known], dtype=pl.String)

    return pl.DataFrame(
        {
            "attachments": pl.Series(known, dtype=pl.String),
            "needed": column(needed),
            "optional": column(optional),
            "shape": column(lambda value: " ".join(forms(needed(value)))),
        }
    )


def _lines(ours: pl.DataFrame, theirs: pl.DataFrame, groups: list[str]) -> pl.DataFrame:
    """Which line of the one may agree with which line of the other, in order."""
    on = groups[:1]
    known, bare = pl.col("needed").is_not_null(), pl.col("needed").is_null()
    with_more, without = pl.col("optional").is_not_null(), pl.col("optional").is_null()
    first = ours.filter(known).unique([*groups, "shape"], keep="first", maintain_order=True)
    other_first = theirs.filter(known).unique([*on, "shape"], keep="first", maintain_order=True)
    same = [*on, "needed"]
    found = [
        _joined(ours, theirs, [*same, "optional"]),
        _joined(ours.filter(with_more), theirs.filter(without), same),
        _joined(ours.filter(without), theirs.filter(with_more), same),
        _joined(ours.filter(known), theirs.filter(bare), on),
        _joined(ours.filter(bare), theirs.filter(known), on),
    ]
    for one, other in ((first, theirs.filter(known)), (ours.filter(known), other_first)):
        found.append(_joined(one, other, on).filter(pl.col("shape") != pl.col("shape_other")))
    return pl.concat(part.select(_LEFT, _RIGHT) for part in found).unique().sort(_LEFT, _RIGHT)


def _joined(one: pl.DataFrame, other: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    return one.join(other, on=on, nulls_equal=True, suffix="_other")
