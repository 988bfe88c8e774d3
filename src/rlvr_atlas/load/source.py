"""One file of a dataset: its format, its layout, and its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

from rlvr_atlas.load.detect import Given, detect
from rlvr_atlas.load.fields import collect
from rlvr_atlas.load.formats import Format, open_bytes, sniff
from rlvr_atlas.load.layout import Extractor
from rlvr_atlas.load.paths import Path as FieldPath
from rlvr_atlas.load.paths import get, write
from rlvr_atlas.load.read_json import read_json, read_lines
from rlvr_atlas.load.read_tables import read_arrow, read_csv, read_parquet
from rlvr_atlas.load.read_xml import read_xml
from rlvr_atlas.load.rows import BadRow, Row, Rows

#: So many rows are read ahead, and so many of them, evenly spread, are looked at.
_AHEAD, _SAMPLE = 2048, 256
_SPLITS = {
    "train": "train", "training": "train", "test": "test", "testing": "test", "dev": "dev",
    "validation": "validation", "valid": "validation", "val": "validation",
}  # fmt: skip
_SPLIT_WORD = re.compile(rf"(?<![a-z])({'|'.join(_SPLITS)})(?:set)?(?![a-z])")
_STREAMS = {"json": read_json, "jsonl": read_lines, "csv": read_csv, "xml": read_xml}
_TABLES = {"parquet": read_parquet, "arrow": read_arrow}


class SourceFile:
    """One file, its layout detected from a sample of its first rows.

    Args:
        path: The file.
        name: How tables and errors name it.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.split = split_of(name)
        self.format: Format = "unknown"
        self.problem: BadRow | None = None
        try:
            self.format = sniff(path)
        except OSError as error:
            self.problem = BadRow("file unreadable", error.strerror or str(error), whole_file=True)
        if self.problem is None and self.format in ("empty", "unknown"):
            reason = "empty file" if self.format == "empty" else "unknown format"
            self.problem = BadRow(reason, "", whole_file=True)
        rows = self._read()
        ahead = list(islice(rows, _AHEAD))
        wrapped = _are_wrapped([row for row in ahead if not isinstance(row, BadRow)])
        self._rows = map(_unwrap, rows) if wrapped else rows
        self._ahead = list(map(_unwrap, ahead)) if wrapped else ahead
        good = [row for row in self._ahead if not isinstance(row, BadRow)]
        step = max(1, len(good) // _SAMPLE)
        self.sample: list[Row] = good[::step][:_SAMPLE]
        self.extractor: Extractor | None = None

    def _read(self, columns: list[str] | None = None) -> Rows:
        if self.problem is not None:
            yield self.problem
        elif self.format in _TABLES:
            yield from _TABLES[self.format](self.path, columns)
        else:
            with closing(open_bytes(self.path)) as stream:
                yield from _STREAMS[self.format](stream)

    def occurs(self, path: FieldPath) -> bool:
        """Whether any sampled row has something at a path, be it null."""
        return path in self.seen() or any(get(row, path) is not None for row in self.sample)

    def seen(self) -> list[FieldPath]:
        """Every path of the sampled rows."""
        return collect(self.sample)[1]

    def decide(self, given: Given) -> None:
        """Settle the layout: what a recipe has set where it occurs here, the rest by detection."""
        here = {part: paths for part, paths in given.items() if any(map(self.occurs, paths))}
        if not self.sample:
            return
        layout = detect(self.sample, here) or (detect(self.sample, given) if "prompt" in given else None)
        self.extractor = Extractor(layout) if layout else None

    def rows(self) -> Iterator[Row | BadRow]:
        """All rows of the file, of tables only the columns that the layout needs."""
        if self.format in _TABLES and self.extractor and len(self._ahead) == _AHEAD:
            needed = dict.fromkeys(str(path[0]) for _, path in self.extractor.layout.paths())
            return self._read([name for name in needed if name in self.columns()])
        return chain(self._ahead, self._rows)

    def columns(self) -> Mapping[str, object]:
        """The top-level names of the sampled rows."""
        return {name: None for row in self.sample for name in row}

    def available(self) -> list[str]:
        """The paths of the sampled rows as a recipe would write them."""
        return [write(path) for path in self.seen()]


def _are_wrapped(rows: Sequence[Row]) -> bool:
    """Whether each row is {"some id": {...}}, the id being another one each time."""
    if not all(len(row) == 1 and isinstance(next(iter(row.values())), dict) for row in rows):
        return False
    return len({next(iter(row)) for row in rows}) > len(rows) // 2


def _unwrap(row: Row | BadRow) -> Row | BadRow:
    if isinstance(row, BadRow) or len(row) != 1:
        return row
    inside = next(iter(row.values()))
    return inside if isinstance(inside, dict) else row


def split_of(name: str) -> str | None:
    """The split that a file name says it is of, where it says one."""
    found = _SPLIT_WORD.search(name.rsplit("/", 1)[-1].lower())
    return _SPLITS[found[1]] if found else None
