"""One file of a dataset: its format, its layout, and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import PurePath

from rlvr_atlas.load.archives import Piece
from rlvr_atlas.load.compression import open_bytes
from rlvr_atlas.load.detect import Given, detect
from rlvr_atlas.load.fields import collect
from rlvr_atlas.load.formats import Reader, RefusedError, sniff
from rlvr_atlas.load.layout import Extractor
from rlvr_atlas.load.nested import find_nested, flattened
from rlvr_atlas.load.paths import Path as FieldPath
from rlvr_atlas.load.paths import get, write
from rlvr_atlas.load.places import partition_of, split_of
from rlvr_atlas.load.rows import BadRow, Row, Rows, take, thinned

#: So many rows are read ahead, and so many of them, evenly spread, are looked at.
_AHEAD, _SAMPLE = 2048, 256
#: Of the rows behind them, so many are looked at for fields that only appear there.
_LATE = 128


class SourceFile:
    """One file, its layout detected from a sample of its rows.

    Args:
        piece: The file.
        place: Its name with the folders that tell it from the other files of its dataset.
        nested: Whether problems inside a row become rows of their own.
    """

    def __init__(self, piece: Piece, place: PurePath, *, nested: bool = True) -> None:
        self.piece, self.name, self._place = piece, piece.name, place
        self.split, self._partition = split_of(place), partition_of(place)
        self.reader: Reader | None = piece.reader
        self.problem = piece.problem or self._sniff()
        raw = self._read()
        ahead, self.is_whole = take(raw, _AHEAD)
        good = [row for row in ahead if not isinstance(row, BadRow)]
        self._names = {name: None for row in good for name in row}
        self._wrapped = _are_wrapped(good)
        inside = list(map(_inside, good)) if self._wrapped else good
        self._nested = find_nested(inside) if nested else None
        self._as_stored = inside[:_SAMPLE] if self._nested else []
        self.ahead = list(self._reshaped(ahead))
        self._rows = self._reshaped(raw)
        self.sample = self._sampled()
        self.extractor: Extractor | None = None

    def _sniff(self) -> BadRow | None:
        """Find the reader, or why there is none."""
        if self.reader is not None:
            return None
        try:
            self.reader = sniff(self.piece.path, self.name)
        except OSError as error:
            return BadRow("file unreadable", error.strerror or str(error), whole_file=True)
        except RefusedError as error:
            return BadRow("unknown format", str(error), whole_file=True)
        return BadRow("empty file", "", whole_file=True) if self.reader is None else None

    def _read(self, columns: list[str] | None = None) -> Rows:
        """The rows as the file has them."""
        reader = self.reader
        if self.problem is not None or reader is None:
            yield self.problem or BadRow("unknown format", "", whole_file=True)
        elif reader.table is not None:
            yield from reader.table(self.piece.path, columns)
        elif reader.stream is not None:
            with closing(open_bytes(self.piece.path)) as stream:
                yield from reader.stream(stream)

    def _reshaped(self, rows: Iterable[Row | BadRow]) -> Rows:
        """One row for each problem, with the columns that the folders hold."""
        if self._wrapped:
            rows = map(_unwrap, rows)
        if self._nested is not None:
            rows = flattened(rows, self._nested)
        for row in rows:
            yield row if isinstance(row, BadRow) or not self._partition else {**self._partition, **row}

    def _sampled(self) -> list[Row]:
        """Rows spread over the first ones, and all those that have a field which no row before has."""
        good = [row for row in self.ahead if not isinstance(row, BadRow)]
        sample = good[:: max(1, len(good) // _SAMPLE)][:_SAMPLE]
        if len(good) > len(sample):
            sample += _with_new_names(sample, good)
        if self.is_whole:
            return sample
        known = {field.path for field in collect(sample)[0]}
        spread = self.reader.spread(self.piece.path) if self.reader and self.reader.spread else self._read()
        for row in thinned(self._reshaped(spread), _LATE):
            new = {field.path for field in collect([row])[0]} - known
            if new:
                sample.append(row)
                known |= new
        return sample

    def occurs(self, path: FieldPath) -> bool:
        """Whether any sampled row has something at a path, be it null."""
        return self._occurs_here(path) or self._is_stored(path)

    def _occurs_here(self, path: FieldPath) -> bool:
        return path in self.seen() or any(get(row, path) is not None for row in self.sample)

    def _is_stored(self, path: FieldPath) -> bool:
        """Whether a path is one of the rows as they are stored, before problems in them became rows."""
        return any(get(row, path) is not None for row in self._as_stored)

    def seen(self) -> list[FieldPath]:
        """Every path of the sampled rows."""
        return collect(self.sample)[1]

    def decide(self, given: Given) -> None:
        """Settle the layout: what a recipe has set where it occurs here, the rest by detection."""
        wanted = given.get("prompt", ())
        if any(self._is_stored(path) and not self._occurs_here(path) for path in wanted):
            # The recipe speaks of the rows as they are stored.
            vars(self).update(vars(SourceFile(self.piece, self._place, nested=False)))
        here = {part: paths for part, paths in given.items() if not paths or any(map(self.occurs, paths))}
        if not self.sample:
            return
        layout = detect(self.sample, here) or (detect(self.sample, given) if "prompt" in given else None)
        self.extractor = Extractor(layout) if layout else None

    def rows(self) -> Iterator[Row | BadRow]:
        """All rows of the file with the columns that the layout needs; of tables only these are read."""
        if self.extractor is None:
            return chain(self.ahead, self._rows)
        roots = dict.fromkeys(str(path[0]) for _, path in self.extractor.layout.paths())
        rows: Rows = chain(self.ahead, self._rows)
        if self.reader and self.reader.table and not (self.is_whole or self._wrapped):
            needed = dict.fromkeys((*roots, *(self._nested.roots if self._nested else ())))
            rows = self._reshaped(self._read([name for name in needed if name in self._names]))
        return (row if isinstance(row, BadRow) else _only(row, roots) for row in rows)

    def whole_rows(self) -> Iterator[Row | BadRow]:
        """The rows that `rows` gives, with every column; call one of the two only."""
        return chain(self.ahead, self._rows)

    def available(self) -> list[str]:
        """The paths of the sampled rows as a recipe would write them."""
        return [write(path) for path in self.seen()]


def _with_new_names(sample: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """Rows that hold something under a name under which the sample and the rows before them hold nothing."""
    known = {name for row in sample for name, value in row.items() if value not in (None, "")}
    found = []
    for row in rows:
        new = {name for name, value in row.items() if name not in known and value not in (None, "")}
        if new:
            found.append(row)
            known |= new
    return found


def _are_wrapped(rows: Sequence[Row]) -> bool:
    """Whether each row is {"some id": {...}}, the id being another one each time."""
    if not all(len(row) == 1 and isinstance(next(iter(row.values())), dict) for row in rows):
        return False
    return len({next(iter(row)) for row in rows}) > len(rows) // 2


def _inside(row: Row) -> Row:
    """What is under the only key of a row."""
    inside = next(iter(row.values())) if len(row) == 1 else None
    return inside if isinstance(inside, dict) else row


def _unwrap(row: Row | BadRow) -> Row | BadRow:
    return row if isinstance(row, BadRow) else _inside(row)


def _only(row: Row, names: Iterable[str]) -> Row:
    return {name: row[name] for name in names if name in row}
