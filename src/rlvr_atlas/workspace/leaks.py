"""The leaks of an audited workspace, a page at a time: what `query.py` is to all other tables."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rlvr_atlas.schema import is_same_problem
from rlvr_atlas.workspace.few_rows import rows_where
from rlvr_atlas.workspace.paging import LeakPage, cut
from rlvr_atlas.workspace.store import Workspace


def surest(leaks: pl.LazyFrame) -> pl.LazyFrame:
    """Leaks, the surest first, template leaks (`variant`) last."""
    order = ("dataset", "row", "benchmark", "benchmark_row")
    return leaks.sort(~is_same_problem(), -pl.col("probability"), *order)


def of_workspace(
    workspace: Workspace,
    wanted: Mapping[str, str],
    *,
    limit: int = 50,
    offset: int = 0,
    ordered: pl.LazyFrame | None = None,
) -> LeakPage:
    """Leaks, the surest first, template leaks (`variant`) last; one page of them (see `search`).

    Args:
        workspace: An audited workspace.
        wanted: `dataset`, `benchmark` or `key` (the row's or the benchmark item's) and its value.
        limit: Most lines of the page.
        offset: How many leaks to pass over.
        ordered: All leaks by `surest`, where that was done before; of no use with a key.

    Returns:
        The columns of schema.LEAKS.
    """
    found = surest(workspace.scan("leaks")) if ordered is None else ordered
    if (key := wanted.get("key")) is not None:
        sides = [rows_where(workspace, "leaks", (side,), [(key,)]) for side in ("key", "benchmark_key")]
        # Where a row has the very text of the item both sides have it.
        theirs = sides[1].filter(pl.col("key") != key)
        found = surest(pl.concat([sides[0], theirs]).lazy())
    for column, value in wanted.items():
        found = found if column == "key" else found.filter(pl.col(column) == value)
    page = cut(found, limit, offset)
    variants = found.select((~is_same_problem()).sum()).collect().item()
    return LeakPage(page.rows, page.total, page.offset, variants)
