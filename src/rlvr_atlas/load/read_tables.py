"""Rows of Parquet and Arrow files (file and stream), in batches that fit the memory however wide a row is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rlvr_atlas.load.compression import Allowance, GrowthError
from rlvr_atlas.load.headers import distinct
from rlvr_atlas.load.rows import BadRow, Rows, thinned

_BATCH = 2048
_BROKEN = (pa.ArrowException, OSError, ValueError)
#: Python has no time to the nanosecond, none after the year 9999, and none in a zone that it does not know.
_NO_VALUE = (pa.ArrowException, ValueError, OverflowError, LookupError)
#: A batch has no more cells and bytes than this, unless one row has: a row is a dict of Python objects.
_CELLS, _BYTES = 1 << 19, 32 << 20
#: So many row groups are looked at for which fields there are.
_GROUPS = 8
#: So many rows tell how large the rows of a row group are: a dictionary can make a small page a huge column.
_FIRST = 8


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> Rows:
    """Rows of a Parquet file; a row group that cannot be read costs its own rows only.

    Args:
        path: The file.
        columns: Top-level columns to read; all where None.
    """
    try:
        file = pq.ParquetFile(str(path))
    except _BROKEN as error:
        yield BadRow("file unreadable", _first_line(error), whole_file=True)
        return
    allowance = Allowance(path.stat().st_size)
    for group in range(file.num_row_groups):
        left = file.metadata.row_group(group).num_rows
        try:
            for batch in _batches(file, group, columns):
                allowance.spend(_weight(batch))
                yield from _rows(batch)
                left -= batch.num_rows
        except GrowthError as error:
            yield BadRow("file truncated", str(error), whole_file=True)
            return
        except _BROKEN as error:
            yield from [BadRow("row group unreadable", f"row group {group}: {_first_line(error)}")] * left


def stored_types(path: Path) -> dict[str, Any]:
    """Column -> Arrow type, as a Parquet or Arrow file says it; empty for any other file."""
    with contextlib.suppress(*_BROKEN):
        schema = pq.read_schema(str(path))
        return dict(zip(schema.names, schema.types, strict=True))
    with contextlib.suppress(*_BROKEN):
        with pa.memory_map(str(path)) as source:
            begins = source.read(6)
        if begins in (b"ARROW1", b"\xff\xff\xff\xff" + begins[4:]):
            schema = next(iter(_record_batches(path))).schema
            return dict(zip(schema.names, schema.types, strict=True))
    return {}


def spread_parquet(path: Path) -> Rows:
    """First and last row of each batch, in row groups spread over the file; no other becomes an object."""
    with contextlib.suppress(*_BROKEN):
        file = pq.ParquetFile(str(path))
        for group in thinned(range(file.num_row_groups), _GROUPS):
            allowance = Allowance(path.stat().st_size)
            for batch in _batches(file, group, None):
                allowance.spend(_weight(batch))
                yield from _ends(batch)


def spread_arrow(path: Path) -> Rows:
    """First and last row of each lot of rows."""
    with contextlib.suppress(*_BROKEN):
        for batch in _record_batches(path):
            for start in range(0, batch.num_rows, _BATCH):
                yield from _ends(batch.slice(start, _BATCH))


def _ends(batch: Any) -> Rows:  # noqa: ANN401
    yield from _rows(batch.slice(0, 1))
    yield from _rows(batch.slice(batch.num_rows - 1, 1))


def _batches(file: Any, group: int, columns: Sequence[str] | None) -> Iterator[Any]:  # noqa: ANN401
    """The batches of a row group, each small enough to become Python objects."""
    width = max(1, len(columns) if columns else file.metadata.num_columns)
    size = max(1, min(_BATCH, _CELLS // width))
    if file.metadata.row_group(group).num_rows > _FIRST:
        first = next(file.iter_batches(_FIRST, row_groups=[group], columns=columns), None)
        if first is not None and first.num_rows:
            size = max(1, min(size, _BYTES * first.num_rows // max(1, _weight(first))))
    yield from file.iter_batches(size, row_groups=[group], columns=columns)


def _weight(batch: Any) -> int:  # noqa: ANN401
    """Bytes of a batch as rows: a value of a dictionary counts as often as it stands in a row."""
    weight: int = batch.nbytes
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            with contextlib.suppress(pa.ArrowException):
                weight += pc.sum(pc.binary_length(column.dictionary).take(column.indices)).as_py() or 0
    return weight


def read_arrow(path: Path, columns: Sequence[str] | None = None) -> Rows:
    """Rows of an Arrow file or stream; of a cut one, the record batches before the cut.

    Args:
        path: The file.
        columns: Columns to read; all where None.
    """
    good, allowance = 0, Allowance(path.stat().st_size)
    try:
        for batch in _record_batches(path):
            chosen = batch.select(columns) if columns else batch
            step = max(1, min(_BATCH, _CELLS // max(1, chosen.num_columns)))
            for start in range(0, batch.num_rows, step):
                piece = chosen.slice(start, step)
                allowance.spend(_weight(piece))
                yield from _rows(piece)
            good += batch.num_rows
    except _BROKEN as error:
        yield BadRow("file truncated" if good else "file unreadable", _first_line(error), whole_file=True)


def _record_batches(path: Path) -> Iterator[Any]:
    source = pa.memory_map(str(path))
    try:
        reader = pa.ipc.open_file(source)
    except pa.ArrowInvalid:
        # A stream; or a file that has lost its footer, which is a stream behind eight bytes of magic.
        source.seek(0)
        source.seek(8 if source.read(6) == b"ARROW1" else 0)
        yield from pa.ipc.open_stream(source)
    else:
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))


def _rows(batch: Any) -> Rows:  # noqa: ANN401  pyarrow is untyped
    """The rows of a batch; of one that is not sound, those that are, since using the others may crash."""
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        complaint = _first_line(error)
    else:
        names = distinct(batch.schema.names)
        cells = zip(*map(_values, batch.columns), strict=True)
        yield from (dict(zip(names, row, strict=True)) for row in cells)
        return
    if batch.num_rows == 1:
        yield BadRow("invalid UTF-8" if "UTF8" in complaint else "row unreadable", complaint)
        return
    for position in range(batch.num_rows):
        yield from _rows(batch.slice(position, 1))


def _values(column: Any) -> list[Any]:  # noqa: ANN401
    """The values of a column. Text without its mark, as old writers leave it, is text."""
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        with contextlib.suppress(pa.ArrowInvalid):
            column = column.cast(pa.string())
    try:
        values: list[Any] = column.to_pylist()
    except _NO_VALUE:
        values = [_value(scalar) for scalar in column]
    return values


def _value(scalar: Any) -> Any:  # noqa: ANN401
    """One value; as text where Python has none like it, and null where it cannot be written either."""
    with contextlib.suppress(*_NO_VALUE):
        return scalar.as_py()
    if isinstance(scalar, pa.StructScalar):
        return {name: _value(part) for name, part in scalar.items()}
    with contextlib.suppress(*_NO_VALUE):
        return scalar.cast(pa.string()).as_py()
    return None


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
