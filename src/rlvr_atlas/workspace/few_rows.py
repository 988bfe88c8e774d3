"""A few rows of a table, by what stands in them: gone through a file for, or looked up where it is held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

import polars as pl

from rlvr_atlas.workspace.store import Workspace


@runtime_checkable
class LooksUp(Protocol):
    """A workspace that knows where rows are, and need not go through a table for a few of them."""

    def rows_where(
        self,
        table: str,
        columns: tuple[str, ...],
        values: Sequence[tuple[object, ...]],
        wanted: Iterable[str] | None = None,
    ) -> pl.DataFrame:
        """As the function of this name."""


def rows_where(
    workspace: Workspace,
    table: str,
    columns: tuple[str, ...],
    values: Sequence[tuple[object, ...]],
    wanted: Iterable[str] | None = None,
) -> pl.DataFrame:
    """Rows of a table that have one of some values.

    Args:
        workspace: A workspace.
        table: Which table.
        columns: Columns that together must have the value.
        values: Values, one of each column; few of them.
        wanted: Columns to give; all where left out.

    Returns:
        The rows in the order of the table.
    """
    if isinstance(workspace, LooksUp):
        return workspace.rows_where(table, columns, values, wanted)
    if len(columns) == 1:
        # A filter decodes the few texts that are wanted, a join would decode all.
        at = pl.col(columns[0]).is_in([value for (value,) in values])
    else:
        same = [
            pl.all_horizontal(pl.col(name) == part for name, part in zip(columns, value, strict=True))
            for value in values
        ]
        at = pl.any_horizontal(same) if same else pl.lit(value=False)
    held = workspace.scan(table).filter(at)
    return (held if wanted is None else held.select(*wanted)).collect()
