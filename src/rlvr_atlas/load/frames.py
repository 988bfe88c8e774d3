"""Data that is already in memory: frames of any library and lists of records, as the bytes of a file.

Such data becomes a file and is then read like any other file, so that there is one detection of layouts, one
content hash, and a workspace that can be continued later. Libraries are recognised by the methods of their
objects, so that none of them has to be installed. Columns become Parquet, records become JSON lines.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from rlvr_atlas.errors import InputError
from rlvr_atlas.files import POLARS_ERRORS, pass_interrupt

#: What a caller is told to give instead of what was given.
KINDS = (
    "give a path, a glob, a Hub id, a datasets.Dataset, a Polars, pandas or Arrow table, or a list of dicts"
)


@dataclass(frozen=True)
class Serialised:
    """A dataset as the bytes of one file.

    Attributes:
        ending: Of the file name: `.parquet` or `.jsonl`.
        content: The bytes; equal data gives equal bytes.
    """

    ending: str
    content: bytes


def in_memory(data: object) -> bool:
    """Whether data is rows, rather than the name of a place where rows are."""
    if isinstance(data, list | tuple):
        return not (data and all(isinstance(item, str | PurePath) for item in data))
    return not isinstance(data, str | PurePath)


def serialise(data: Any, where: str) -> Serialised:  # noqa: ANN401  objects of libraries that may be absent
    """Turn rows in memory into a file.

    Args:
        data: A Polars frame, anything with `to_polars` (a `datasets.Dataset`) or the Arrow PyCapsule
            interface, a pandas frame, or an iterable of dicts, which is read to its end.
        where: How errors name the data.

    Raises:
        InputError: If it is nothing of this, holds no row, or has a value that no file can hold.
    """
    try:
        if isinstance(data, pl.LazyFrame):
            data = data.collect()
        elif not isinstance(data, pl.DataFrame) and hasattr(data, "to_polars"):
            data = data.to_polars()
        if isinstance(data, pl.DataFrame):
            return _columns(data.height, data.write_parquet, where)
        if _is_pandas(data):
            return _records(data.to_dict("records"), where)
        if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
            table = pa.table(data)
            return _columns(table.num_rows, lambda buffer: pq.write_table(table, buffer), where)
    except (pa.ArrowException, *POLARS_ERRORS, TypeError, ValueError) as error:
        pass_interrupt(error)
        first = (str(error) or type(error).__name__).splitlines()[0]
        fix = "take out the columns that hold Python objects"
        raise InputError(f"the table cannot be stored ({first})", where=where, fix=fix) from None
    if isinstance(data, Mapping):
        shown = ", ".join(repr(name) for name in list(data)[:5])
        what = f"one table or a list of records is needed, and this is a mapping with the keys {shown}"
        raise InputError(what, where=where, fix="give one of its values, such as the split 'train'")
    if isinstance(data, str | bytes) or not isinstance(data, Iterable):
        raise InputError(f"no rows can be read from a {type(data).__name__}", where=where, fix=KINDS)
    return _records(data, where)


def _is_pandas(data: object) -> bool:
    return all(hasattr(data, name) for name in ("to_dict", "iloc", "columns"))


def _columns(rows: int, write: Any, where: str) -> Serialised:  # noqa: ANN401
    if not rows:
        raise _empty(where)
    buffer = io.BytesIO()
    write(buffer)
    return Serialised(".parquet", buffer.getvalue())


def _records(records: Iterable[object], where: str) -> Serialised:
    lines = []
    for row, record in enumerate(records):
        if not isinstance(record, Mapping):
            what = f"row {row} is a {type(record).__name__} where a dict is needed"
            raise InputError(what, where=where, fix=KINDS)
        try:
            # ASCII, because half of a UTF-16 pair has no bytes in UTF-8; the reader replaces it.
            lines.append(json.dumps(dict(record), default=_plain))
        except (TypeError, ValueError, RecursionError) as error:
            fix = "keep texts, numbers, lists and dicts with text as keys"
            raise InputError(f"row {row} cannot be stored ({error})", where=where, fix=fix) from None
    if not lines:
        raise _empty(where)
    return Serialised(".jsonl", ("\n".join(lines) + "\n").encode())


def _plain(value: Any) -> object:  # noqa: ANN401
    """A value that JSON lacks: arrays as lists, bytes as text or a data URL, all else by its text."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            # An image, say: what a problem is asked of, as in a file of columns.
            return f"data:;base64,{base64.b64encode(value).decode()}"
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _empty(where: str) -> InputError:
    return InputError("there are no rows", where=where, fix="give data that holds at least one row")
