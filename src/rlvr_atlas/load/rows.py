"""What a format reader hands on: one row after another, or why a row could not be had."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

#: Anything JSON or Arrow can hold.
Value = Any
Row = dict[str, Value]

T = TypeVar("T")

#: The names of who speaks in a message; a list of messages is one row.
_SPOKEN = {"role", "from", "speaker"}

#: One row as text has no more bytes or characters than this: what is longer is skipped without being held.
TOO_LONG = 64 << 20


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


def as_rows(value: Value) -> list[Row | BadRow]:
    """One JSON value as rows: each record of a list of records that have the same fields, else `as_row`."""
    if isinstance(value, list) and len(value) > 1 and all(isinstance(part, dict) for part in value):
        names = value[0].keys()
        if len(names - {"type"}) > 1 and not _SPOKEN & names and all(part.keys() == names for part in value):
            return list(value)
    return [as_row(value)]


#: So many items at the end are part of every sample.
_LAST = 8
#: Rows are held in lots of no more cells and characters than this, unless one row alone has more.
_MOST_CELLS, _MOST_CHARACTERS = 1 << 20, 128 << 20


def take(rows: Rows, most: int) -> tuple[list[Row | BadRow], bool]:
    """The next rows, as many as can be held at once.

    Args:
        rows: Where they come from.
        most: How many at most.

    Returns:
        The rows, and whether these were the last ones.
    """
    taken: list[Row | BadRow] = []
    cells = characters = 0
    for row in rows:
        taken.append(row)
        if not isinstance(row, BadRow):
            cells += len(row)
            for value in row.values():
                if type(value) is str:  # most are; a call for each took a tenth of reading
                    characters += len(value)
                elif value is not None:
                    characters += size_of(value)
        if len(taken) == most or cells > _MOST_CELLS or characters > _MOST_CHARACTERS:
            return taken, False
    return taken, True


def size_of(value: Value, depth: int = 3) -> int:
    """About how many characters a value holds."""
    if isinstance(value, str | bytes):
        return len(value)
    if not depth or not isinstance(value, list | dict):
        return 1
    size = 0
    for part in value.values() if isinstance(value, dict) else value:
        kind = type(part)
        if kind is str:  # as in `take`: a call for each part would take most of the time
            size += len(part)
        elif kind is dict or kind is list or kind is bytes:
            size += size_of(part, depth - 1)
        else:
            size += 1
    return size


def thinned(items: Iterable[T | BadRow], most: int) -> list[T]:
    """Items evenly spread over all of them, however many there are; at most `most`, and the last ones too."""
    kept: list[tuple[int, T]] = []
    last: deque[tuple[int, T]] = deque(maxlen=_LAST)
    step = 1
    for number, item in enumerate(items):
        if isinstance(item, BadRow):
            continue
        last.append((number, item))
        if number % step == 0:
            kept.append((number, item))
        if len(kept) > most:
            kept, step = kept[::2], 2 * step
    return [item for _, item in sorted({**dict(kept), **dict(last)}.items(), key=lambda entry: entry[0])]
