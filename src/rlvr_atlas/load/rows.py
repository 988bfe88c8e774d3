"""What a format reader hands on: one row after another, or why a row could not be had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: Anything JSON or Arrow can hold.
Value = Any
Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is there but cannot be read, or a whole file of which not even the row count is known.

    Args:
        reason: A short fixed phrase, so that it can be counted.
        detail: Where and what, for a person.
        whole_file: Set where the number of rows lost is unknown; such an entry takes no row number.
    """

    reason: str
    detail: str = ""
    whole_file: bool = False


Rows = Iterator[Row | BadRow]


def as_row(value: Value) -> Row | BadRow:
    """One JSON value as a row: a list becomes "0", "1", ...; a bare text becomes the field `text`."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(position): item for position, item in enumerate(value)}
    if isinstance(value, str):
        return {"text": value}
    return BadRow("not a record", f"found {type(value).__name__} where a record was expected")
