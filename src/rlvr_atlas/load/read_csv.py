"""Rows of CSV files: the separator, quotes with a backslash before them, and files without a header.

How quotes are written inside a cell and whether there is a header is decided once per file, by its beginning.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from rlvr_atlas.load.compression import ByteStream
from rlvr_atlas.load.headers import distinct, invented, is_header
from rlvr_atlas.load.rows import TOO_LONG, BadRow, Rows

#: So many characters and lines are looked at before the first row is given.
_CHARACTERS, _LINES = 1 << 20, 200
_SEPARATORS = ",\t;|"
#: After so many quotes that are never closed, the rest of a file is not worth reading.
_MOST_OPEN = 20
#: Code points that Unicode keeps for use inside a program, and that no text holds: for what an escape stands
#: for, and for a line that was cut.
_HIDDEN = {sign: chr(0xFDD0 + at) for at, sign in enumerate('"\\,;\t|\n')}
_SHOWN = str.maketrans({code: sign for sign, code in _HIDDEN.items()})
_CUT = "\ufdef"
#: A first line by which Excel is told the separator.
_TOLD = re.compile(r'"?sep=([,;\t|])"?[\r\n]*', re.IGNORECASE)
_ESCAPED = re.compile(r'\\(["\\,;\t|\n])')
_ESCAPED_QUOTE = re.compile(r'\\(")')


@dataclass(frozen=True)
class _Dialect:
    """How the cells of a file are written.

    Args:
        separator: What stands between cells.
        escape: What a backslash escapes; None where it is text and a quote in a cell is doubled.
    """

    separator: str
    escape: re.Pattern[str] | None = None

    def hidden(self, line: str) -> str:
        """A line with what is escaped out of the way of the parser."""
        return self.escape.sub(lambda found: _HIDDEN[found[1]], line) if self.escape else line

    def shown(self, cells: list[str]) -> list[str]:
        """The cells as they were meant."""
        return [cell.translate(_SHOWN) for cell in cells] if self.escape else cells

    def is_mistaken(self, cells: list[str]) -> bool:
        """Whether a backslash escapes nothing in a file that escapes backslashes too."""
        return self.escape is _ESCAPED and any("\\" in cell for cell in cells)


def best_separator(line: str) -> str:
    """The separator that a line holds most of."""
    return max(_SEPARATORS, key=lambda mark: len(next(csv.reader([line], delimiter=mark), [])))


def read_csv(stream: ByteStream) -> Rows:
    """Rows of a CSV file; where it has no header, its columns are called by what they hold."""
    csv.field_size_limit(TOO_LONG)
    text = io.TextIOWrapper(
        io.BufferedReader(stream), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    lines = _lines(text)
    ahead = _ahead(lines)
    told = _TOLD.fullmatch(ahead[0]) if ahead else None
    del ahead[: bool(told)]
    dialect = _Dialect(told[1], _dialect(ahead).escape) if told else _dialect(ahead)
    known = list(islice(_plain_records(ahead, dialect), _LINES))
    has_header = not known or is_header(known[0], known[1:])
    names = None if has_header else invented(known)
    for line, cells in _records(chain(ahead, lines), dialect, stream, int(bool(told))):
        if isinstance(cells, BadRow):
            yield cells
        elif names is None:
            names = distinct(dialect.shown(cells))
            if not _is_text(names):
                yield BadRow("invalid UTF-8", "the header: is the file in another encoding?", whole_file=True)
                return
        else:
            yield _record(names, cells, line, dialect)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a file; of one that is too long only that it was there, and whether it opened a quote."""
    while line := text.readline(TOO_LONG):
        if len(line) < TOO_LONG or line.endswith("\n"):
            yield line
            continue
        quotes = line.count('"')
        while (line := text.readline(TOO_LONG)) and not line.endswith("\n"):
            quotes += line.count('"')
        opened = '"' if (quotes + line.count('"')) % 2 else ""
        yield f"{opened}{_CUT}\n"


def _ahead(lines: Iterator[str]) -> list[str]:
    found: list[str] = []
    size = 0
    for line in islice(lines, _LINES):
        found.append(line)
        size += len(line)
        if size > _CHARACTERS:
            break
    return found


def _dialect(ahead: list[str]) -> _Dialect:
    """The separator and the way quotes are written in which the file makes sense.

    A tab comes first, since it is seldom part of a text, then what the first line holds most of; a backslash
    escapes only where it has to.
    """
    best = best_separator(ahead[0]) if ahead else ","
    escapes: list[re.Pattern[str] | None] = [None]
    if any('\\"' in line for line in ahead):
        text = _ESCAPED.sub("", "".join(ahead))
        escapes.append(_ESCAPED_QUOTE if "\\" in text else _ESCAPED)
    for escape in escapes:
        for separator in dict.fromkeys(("\t", best, *_SEPARATORS)):
            dialect = _Dialect(separator, escape)
            if _is_sound(ahead, dialect):
                return dialect
    return _Dialect(best)


def _is_sound(ahead: list[str], dialect: _Dialect) -> bool:
    """Whether the records are well-formed, equally wide, and wider than one cell.

    The sample may end in the middle of a record.
    """
    records: list[list[str]] = []
    try:
        records.extend(csv.reader(map(dialect.hidden, ahead), delimiter=dialect.separator, strict=True))
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            return False
    widths = {len(cells) for cells in records if cells}
    return len(widths) == 1 and widths != {1}


def _plain_records(ahead: list[str], dialect: _Dialect) -> Iterator[list[str]]:
    """The records of a sample, as far as they can be read."""
    reader = csv.reader(map(dialect.hidden, ahead), delimiter=dialect.separator)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            continue
        if cells is None:
            return
        if cells:
            yield dialect.shown(cells)


class _OpenTooLongError(Exception):
    """A record goes on for longer than any does; its first lines are in the list that was being filled."""


def _records(
    lines: Iterator[str], dialect: _Dialect, stream: ByteStream, before: int
) -> Iterator[tuple[int, list[str] | BadRow]]:
    """Records, each with the number of its last line; a lone quote costs its own line only."""
    for _ in range(_MOST_OPEN):
        raw: list[str] = []  # the lines of the record in hand
        reader = csv.reader(_kept(lines, raw, dialect), delimiter=dialect.separator)
        held: list[str] | None = None
        cells: list[str] | None = None
        while True:
            last, taken = before + reader.line_num, raw.copy()
            raw.clear()
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield last, BadRow("invalid CSV", f"line {before + reader.line_num}: {error}")
                continue
            except _OpenTooLongError:
                break
            if cells is None:
                break
            if held:
                yield last, held
            held = cells
        if raw:  # the record in hand is too long
            if held:
                yield last, held
            before, lines = last + 1, chain(raw[1:], lines)
        elif held and stream.error:
            yield last, BadRow("file truncated", stream.error)
            return
        elif held and not _is_open(taken, dialect):
            yield last, held
            return
        elif held:
            before, lines = last - len(taken) + 1, iter(taken[1:])
        else:
            return
        yield before, BadRow("invalid CSV", f"line {before}: a quote that is never closed")
    yield before, BadRow("invalid CSV", f"{_MOST_OPEN} quotes are never closed", whole_file=True)


def _kept(lines: Iterator[str], raw: list[str], dialect: _Dialect) -> Iterator[str]:
    """The lines for the parser, each also put into `raw`."""
    size = 0
    for line in lines:
        if not raw:
            size = 0
        size += len(line)
        raw.append(line)
        if size > TOO_LONG:
            raise _OpenTooLongError
        yield dialect.hidden(line)


def _is_open(raw: list[str], dialect: _Dialect) -> bool:
    """Whether the lines end inside a quoted cell."""
    try:
        for _ in csv.reader(map(dialect.hidden, raw), delimiter=dialect.separator, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _record(names: list[str], cells: list[str], line: int, dialect: _Dialect) -> dict[str, Any] | BadRow:
    if any(_CUT in cell for cell in cells):
        return BadRow("row too long", f"line {line}: more than {TOO_LONG} characters")
    if len(cells) > len(names):
        return BadRow("wrong number of columns", f"line {line}: {len(cells)} for {len(names)} names")
    if dialect.is_mistaken(cells):
        return BadRow("invalid CSV", f"line {line}: a backslash that escapes nothing, unlike those before it")
    try:
        "".join(cells).encode()
    except UnicodeEncodeError as error:
        return BadRow("invalid UTF-8", f"line {line}, character {error.start} of the row")
    return {name: cell or None for name, cell in zip(names, dialect.shown(cells), strict=False)}


def _is_text(cells: list[str]) -> bool:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return False
    return True
