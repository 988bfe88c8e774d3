"""Values that are kept as text in a cell: JSON, the print of a Python object, or lists side by side."""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache

from rlvr_atlas.load.read_json import clean, is_deep, loads
from rlvr_atlas.load.rows import Value

#: What a struct or a list of structs begins with, in JSON, in Python, and as NumPy prints it.
_BEGINS = re.compile(r"\s*(?:(?:np\.)?array\(\s*)?(?:\[\s*)?\{\s*[\"']")
_ARRAY = re.compile(r"^\s*(?:np\.)?array\((.*?)(?:,\s*dtype=\w+)?\)\s*$", re.DOTALL)
#: NumPy leaves out the comma between the structs of an array.
_NO_COMMA = re.compile(r"\}\s*\n\s*\{")
#: A longer text is not taken for the print of an object.
_LONGEST = 4_000_000

_SPEAKERS = ("role", "from", "speaker")
_SAID = ("content", "value", "text")


@lru_cache(maxsize=64)
def opened(text: str) -> Value:
    """The struct or list of structs that a text is the print of; None where it is a text like any other."""
    if len(text) > _LONGEST or not _BEGINS.match(text) or not text.rstrip().endswith(("}", "]", ")")):
        return None
    value = literal(text)
    if isinstance(value, dict):
        return value or None
    structs = isinstance(value, list) and value and all(isinstance(part, dict) for part in value)
    return value if structs else None


def literal(text: str) -> Value:
    """The value that a text is, in JSON or in Python; None where it is neither."""
    try:
        return loads(text)
    except ValueError:
        return _python(text) if len(text) <= _LONGEST else None


def _python(text: str) -> Value:
    """A Python literal; no name is looked up and nothing is called."""
    inner = found[1] if (found := _ARRAY.match(text)) else text
    for spelling in (inner, _NO_COMMA.sub("},\n{", inner)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about backslashes, which are none of a user's business
                value = ast.literal_eval(spelling.strip())
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        return None if is_deep(spelling, value) else clean(value)
    return None


def as_list(value: Value) -> list[Value] | None:
    """A list; also one that is text in a cell, and messages that are kept as one list for each part."""
    if isinstance(value, str):
        value = opened(value)
    if isinstance(value, dict):
        said = any(name in value for name in _SAID)
        tagged = any(name in value for name in _SPEAKERS) or {"type", "text"} <= value.keys()
        return side_by_side(value) if said and tagged else None
    return value if isinstance(value, list) else None


def as_struct(value: Value) -> dict[str, Value] | None:
    """A struct; also one that is kept as text in a cell."""
    if isinstance(value, str):
        value = opened(value)
    return value if isinstance(value, dict) else None


def side_by_side(value: dict[str, Value]) -> list[Value] | None:
    """A struct of lists of one length as a list of structs; None where it is something else."""
    columns = list(value.values())
    if not columns or not all(isinstance(column, list) for column in columns):
        return None
    if len({len(column) for column in columns}) != 1:
        return None
    return [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)]
