"""Rows of Parquet, Arrow (file and stream) and CSV files."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rlvr_atlas.load.formats import ByteStream
from rlvr_atlas.load.rows import BadRow, Rows

_BATCH = 2048
_BROKEN = (pa.ArrowException, OSError, ValueError)
#: Python has no time to the nanosecond, none after the year 9999, and none in a zone that it does not know.
_NO_VALUE = (pa.ArrowException, ValueError, OverflowError, LookupError)
#: A cell may be as long as a whole file; what is too long for a prompt is said later, row by row.
_LONGEST_CELL = 1 << 30


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
    for group in range(file.num_row_groups):
        left = file.metadata.row_group(group).num_rows
        batches = file.iter_batches(_BATCH, row_groups=[group], columns=columns)
        try:
            for batch in batches:
                yield from _rows(batch)
                left -= batch.num_rows
        except _BROKEN as error:
            yield from [BadRow("row group unreadable", f"row group {group}: {_first_line(error)}")] * left


def read_arrow(path: Path, columns: Sequence[str] | None = None) -> Rows:
    """Rows of an Arrow file or stream; of a cut one, the record batches before the cut.

    Args:
        path: The file.
        columns: Columns to read; all where None.
    """
    good = 0
    try:
        for batch in _record_batches(path):
            for start in range(0, batch.num_rows, _BATCH):
                piece = batch.slice(start, _BATCH)
                yield from _rows(piece.select(columns) if columns else piece)
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
        names = _distinct(batch.schema.names)
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


def read_csv(stream: ByteStream) -> Rows:
    """Rows of a CSV file with a header line; the separator is the one that the header holds most of."""
    csv.field_size_limit(_LONGEST_CELL)
    text = io.TextIOWrapper(
        io.BufferedReader(stream), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    header_line = text.readline()
    separator = max(",\t;|", key=lambda mark: len(next(csv.reader([header_line], delimiter=mark), [])))
    names: list[str] | None = None
    for line, cells in _records(_with_first(header_line, text), separator, stream):
        if isinstance(cells, BadRow):
            yield cells
        elif names is None:
            names = _distinct(cells)
            if not _is_text(names):
                yield BadRow("invalid UTF-8", "the header: is the file in another encoding?", whole_file=True)
                return
        else:
            yield _record(names, cells, line)


def _records(
    lines: Iterator[str], separator: str, stream: ByteStream
) -> Iterator[tuple[int, list[str] | BadRow]]:
    """Records, each with the number of its last line; a lone quote costs its own line only."""
    before = 0
    while True:
        raw: list[str] = []  # the lines of the record in hand
        reader = csv.reader(_kept(lines, raw), delimiter=separator)
        held: list[str] | None = None
        while True:
            last, taken = before + reader.line_num, raw.copy()
            raw.clear()
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield last, BadRow("invalid CSV", f"line {before + reader.line_num}: {error}")
                continue
            if cells is None:
                break
            if held:
                yield last, held
            held = cells
        if held and stream.error:
            yield last, BadRow("file truncated", stream.error)
        elif held and not _is_open(taken, separator):
            yield last, held
        elif held:
            before = last - len(taken) + 1
            yield before, BadRow("invalid CSV", f"line {before}: a quote that is never closed")
            lines = iter(taken[1:])
            continue
        return


def _kept(lines: Iterator[str], raw: list[str]) -> Iterator[str]:
    """The lines, each also put into `raw`."""
    for line in lines:
        raw.append(line)
        yield line


def _is_open(raw: list[str], separator: str) -> bool:
    """Whether the lines end inside a quoted cell."""
    try:
        for _ in csv.reader(raw, delimiter=separator, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _record(names: list[str], cells: list[str], line: int) -> dict[str, Any] | BadRow:
    if len(cells) > len(names):
        return BadRow("wrong number of columns", f"line {line}: {len(cells)} for {len(names)} names")
    try:
        "".join(cells).encode()
    except UnicodeEncodeError as error:
        return BadRow("invalid UTF-8", f"line {line}, character {error.start} of the row")
    return {name: cell or None for name, cell in zip(names, cells, strict=False)}


def _is_text(cells: list[str]) -> bool:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return False
    return True


def _with_first(first: str, rest: io.TextIOWrapper) -> Iterator[str]:
    yield first
    yield from rest


def _distinct(names: list[str]) -> list[str]:
    """Column names, a repeated one with its position behind it."""
    return [name if name not in names[:at] else f"{name}_{at}" for at, name in enumerate(names)]


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
