"""Where the rows of a table are that have a value: looked up, not searched for.

A page needs a few rows of many tables. Going through a table for each of them wakes all threads each time,
which takes longer than the search itself where many people ask at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: Several columns of one row are one value.
Values = Sequence[tuple[object, ...]]
#: So many values are hashed one by one, and their hashes kept.
_ALONE = 3


class Positions:
    """The rows of a table by the values of some of its columns.

    Args:
        columns: These columns of the table. They are kept, and 16 bytes a row.
    """

    def __init__(self, columns: pl.DataFrame) -> None:
        self._columns = columns
        hashes = _hashes(columns.get_columns())
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def of(self, values: Values) -> list[int]:
        """The rows that have one of the values, ascending.

        Args:
            values: One for each column of the table, in their order.
        """
        if not values:
            return []
        dtypes = tuple(self._columns.dtypes)
        if len(values) > _ALONE:
            parts = zip(*values, strict=True)
            wanted = [pl.Series(part, dtype=dtype) for part, dtype in zip(parts, dtypes, strict=True)]
            hashes = np.unique(_hashes(wanted))
        else:
            hashes = np.array(sorted({_hash(value, dtypes) for value in values}), np.uint64)
        first = np.searchsorted(self._hashes, hashes, side="left").tolist()
        end = np.searchsorted(self._hashes, hashes, side="right").tolist()
        found = (
            at for start, stop in zip(first, end, strict=True) for at in self._order[start:stop].tolist()
        )
        asked = set(values)
        # Two values may have one hash.
        return sorted(at for at in found if self._columns.row(at) in asked)


def taken(frame: pl.DataFrame, places: Sequence[int]) -> pl.DataFrame:
    """Rows of a frame by their ascending places, without a copy where they stand together."""
    if not places:
        return frame.clear()
    together = places[-1] - places[0] == len(places) - 1
    return frame.slice(places[0], len(places)) if together else frame[list(places)]


@lru_cache(maxsize=4096)  # a page asks for one key in many tables
def _hash(value: tuple[object, ...], dtypes: tuple[pl.DataType, ...]) -> int:
    columns = [pl.Series([part], dtype=dtype) for part, dtype in zip(value, dtypes, strict=True)]
    return int(_hashes(columns)[0])


def _hashes(columns: Sequence[pl.Series]) -> NDArray[np.uint64]:
    """One number of 64 bits for each row; the same for the same values, in this process."""
    hashes = columns[0].hash().to_numpy()
    for column in columns[1:]:
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + column.hash().to_numpy()
    return hashes
