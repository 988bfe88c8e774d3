"""A dataset: its files one after another, its rows numbered through, and what could not be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from rlvr_atlas.config import Adapter, DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load.archives import Piece, Unpacker
from rlvr_atlas.load.detect import Given
from rlvr_atlas.load.files import content_sha256, find_files, short_names
from rlvr_atlas.load.layout import Extractor
from rlvr_atlas.load.paths import parse, write
from rlvr_atlas.load.places import places, telling_name
from rlvr_atlas.load.rows import BadRow, Row, take
from rlvr_atlas.load.source import SourceFile
from rlvr_atlas.load.twins import find_twins
from rlvr_atlas.schema import ROWS, SCHEMAS, SKIPPED_ROWS

#: Rows of a frame, and bytes from which on it waits for no other.
_BATCH, _LARGE = 4096, 16 << 20
_LONGEST_PROMPT = 1_000_000
_ADAPTER_PARTS = ("prompt", "answer", "solution", "source", "split", "options", "attachments")


def open_dataset(spec: DatasetSpec, base: Path, *, allow_network: bool = False) -> DatasetReader:
    """Find the files of a dataset.

    Args:
        spec: Where it is and, if the recipe says so, where the parts of its rows are.
        base: Folder that relative paths start from.
        allow_network: Whether files may be fetched from the Hub.

    Raises:
        InputError: Where there are no such files, or they are on the Hub and cannot be had.
    """
    where = f"dataset {spec.id}"
    if spec.hub is not None:
        from rlvr_atlas.load.hub import fetch  # a slow import that few runs need

        return DatasetReader(spec, fetch(spec, where, allow_network=allow_network))
    if not spec.paths:
        raise InputError(
            "neither a path nor a Hub id is given", where=where, fix="add path = ... or hub = ..."
        )
    return DatasetReader(spec, find_files(spec.paths, base, where))


def open_again(spec: DatasetSpec, base: Path) -> list[DatasetReader]:
    """Find the files of a dataset that was read before; the network is not used.

    Args:
        spec: As it was then.
        base: Folder that relative paths start from.

    Returns:
        Readers, one for each state of the files that there is; which one was read its `content_sha256` says.

    Raises:
        InputError: Where there are no such files any more.
    """
    if spec.hub is None:
        return [open_dataset(spec, base)]
    from rlvr_atlas.load.hub import cached  # a slow import that few runs need

    readers = [DatasetReader(spec, files) for files in cached(spec)]
    if not readers:
        what = f"{spec.hub} is on the Hub, and its files are not in the cache of downloads any more"
        raise InputError(what, where=f"dataset {spec.id}", fix="run the recipe again with --network")
    return readers


class DatasetReader:
    """Reads the rows of one dataset; made by `open_dataset`.

    Args:
        spec: The dataset.
        files: Its files in name order.
    """

    def __init__(self, spec: DatasetSpec, files: Sequence[Path]) -> None:
        self.spec = spec
        self.files = list(files)
        self.total_bytes = sum(file.stat().st_size for file in self.files)
        self._states: list[tuple[int, ...] | None] = []
        self._skipped: list[dict[str, Any]] = []
        self._schemas: list[dict[str, Any]] = []
        self._unpacker = Unpacker()

    @cached_property
    def content_sha256(self) -> str:
        """Digest over the names and bytes of all files in name order; folders count where they tell."""
        self._states = list(map(_state, self.files))
        return self._digest()

    def _digest(self) -> str:
        return content_sha256(self.files, list(map(telling_name, places(self.files))))

    def check_unchanged(self) -> None:
        """Make sure that the files are still those that `content_sha256` is of; call it after reading them.

        Raises:
            InputError: Where they are not, naming those that changed.
        """
        expected = self.content_sha256
        try:
            same = self._digest() == expected
        except OSError:
            same = False
        if not same:
            pairs = zip(self.files, self._states, strict=True)
            changed = [str(file) for file, state in pairs if _state(file) != state] or map(str, self.files)
            what = f"changed while it was read: {', '.join(changed)}"
            fix = "run again when nothing writes to it any more"
            raise InputError(what, where=f"dataset {self.spec.id}", fix=fix)

    @property
    def skipped_rows(self) -> pl.DataFrame:
        """Rows that could not be used (`schema.SKIPPED_ROWS`); complete once `batches` is exhausted.

        Row -1 stands for a file, or the rest of one, of which not even the number of rows is known.
        """
        return pl.DataFrame(self._skipped, schema=SKIPPED_ROWS)

    @property
    def schemas(self) -> pl.DataFrame:
        """Where the parts of the rows are (`schema.SCHEMAS`); complete once `batches` is exhausted."""
        return pl.DataFrame(self._schemas, schema=SCHEMAS)

    def batches(self, on_rows: Callable[[int], None] | None = None) -> Iterator[pl.DataFrame]:
        """Every usable row, in frames of `schema.ROWS`; small files share a frame.

        Args:
            on_rows: Called after each lot with the number of rows read since the last call, skipped or not.

        Raises:
            InputError: For a field path that occurs nowhere, and where no row at all can be used.
        """
        waiting: list[pl.DataFrame] = []
        for frame in self._frames(on_rows):
            waiting.append(frame)
            if sum(map(len, waiting)) >= _BATCH or frame.estimated_size() > _LARGE:
                yield pl.concat(waiting)
                waiting = []
        if waiting:
            yield pl.concat(waiting)

    def _frames(self, on_rows: Callable[[int], None] | None) -> Iterator[pl.DataFrame]:
        self._skipped, self._schemas = [], []
        given = self._given()
        row, kept = 0, 0
        for source in self._sources():
            if self._is_told_elsewhere(source):
                continue
            source.decide(given)
            rows, ended = source.rows(), False
            while not ended:
                chunk, ended = take(rows, _BATCH)
                frame, count = self._frame(source, chunk, row)
                row, kept = row + count, kept + frame.height
                if on_rows and count:
                    on_rows(count)
                if frame.height:
                    yield frame
            self._note(source)
        if not kept:
            raise self._nothing()

    def whole_rows(self, wanted: Collection[int]) -> Iterator[tuple[int, Row, Piece]]:
        """Some rows with every column that their file has, in the order of the files; one is held at a time.

        Args:
            wanted: Numbers of the rows, as `batches` gives them; reading stops behind the last one.

        Yields:
            Number, row, and the file that it is from.
        """
        given, number, last = self._given(), 0, max(wanted, default=-1)
        for source in self._sources():
            if source.piece in self._twins:
                continue
            source.decide(given)
            for row in source.whole_rows():
                if not isinstance(row, BadRow) and number in wanted:
                    yield number, row, source.piece
                number += not (isinstance(row, BadRow) and row.whole_file)
                if number > last:
                    return

    @cached_property
    def _pieces(self) -> list[tuple[Piece, PurePath]]:
        """The files to read, archives unpacked, each with the folders that tell it from the others."""
        names = short_names(self.files)
        return [
            (piece, place / piece.name.removeprefix(name).lstrip("/"))
            for file, name, place in zip(self.files, names, places(self.files), strict=True)
            for piece in self._unpacker.pieces(file, name)
        ]

    def _sources(self) -> Iterator[SourceFile]:
        return (SourceFile(piece, place) for piece, place in self._pieces)

    @cached_property
    def _twins(self) -> dict[Piece, Piece]:
        """Files that hold the rows of another one again; what is named itself is read in any case."""
        named = {PurePath(path).name for path in self.spec.paths}
        return find_twins([entry for entry in self._pieces if entry[0].path.name not in named])

    def _is_told_elsewhere(self, source: SourceFile) -> bool:
        """Whether the rows of a file are those of another one; such a file is reported and not read."""
        twin = self._twins.get(source.piece)
        if twin is not None:
            self._skip(source, -1, "same table", f"its rows are those of {twin.name}")
        return twin is not None

    def _given(self) -> Given:
        """The field paths of the recipe.

        Raises:
            InputError: For one that is not in any sampled row of any file.
        """
        given = {
            part: tuple(parse(text, f"dataset {self.spec.id}, adapter.{part}") for text in texts)
            for part, texts in _adapter_paths(self.spec.adapter).items()
        }
        missing = [(part, path) for part, paths in given.items() for path in paths]
        seen: dict[str, None] = {}
        for source in self._sources() if missing else ():
            if not missing:
                break
            missing = [(part, path) for part, path in missing if not source.occurs(path)]
            seen.update(dict.fromkeys(source.available()))
        if missing and seen:
            part, text = missing[0][0], write(missing[0][1])
            raise InputError(
                f"no row has a field at {text!r}",
                where=f"dataset {self.spec.id}, adapter.{part}",
                fix=f"these are there: {_closest(text, list(seen))}",
            )
        return given

    def _frame(
        self, source: SourceFile, chunk: Sequence[Row | BadRow], first: int
    ) -> tuple[pl.DataFrame, int]:
        """The usable rows of a chunk, and how many row numbers the chunk takes up."""
        good: list[Row] = []
        numbers: list[int] = []
        row = first
        for entry in chunk:
            if isinstance(entry, BadRow):
                self._skip(source, -1 if entry.whole_file else row, entry.reason, entry.detail)
                row += not entry.whole_file
            else:
                good.append(entry)
                numbers.append(row)
                row += 1
        return self._usable(source, good, numbers), row - first

    def _usable(self, source: SourceFile, rows: Sequence[Row], numbers: Sequence[int]) -> pl.DataFrame:
        if source.extractor is None:
            for number in numbers:
                self._skip(source, number, "no prompt", "no field of this file looks like a prompt")
            return pl.DataFrame(schema=ROWS)
        try:
            return self._as_frame(source, source.extractor, rows, numbers)
        except Exception as error:  # whatever a row can do costs that row only
            if len(rows) == 1:
                why = (str(error) or type(error).__name__).splitlines()[0][:200]
                self._skip(source, numbers[0], "row unreadable", why)
                return pl.DataFrame(schema=ROWS)
        half = len(rows) // 2
        halves = [slice(None, half), slice(half, None)]
        return pl.concat([self._usable(source, rows[part], numbers[part]) for part in halves])

    def _as_frame(
        self, source: SourceFile, extractor: Extractor, rows: Sequence[Row], numbers: Sequence[int]
    ) -> pl.DataFrame:
        """The rows that have a prompt; those that have none are skipped."""
        parts = extractor.parts(rows)
        nothing: list[str | None] = [None] * len(rows)
        frame = pl.DataFrame(
            {
                "dataset": [self.spec.id] * len(rows),
                "row": numbers,
                "split": [text or source.split for text in parts.labels.get("split", nothing)],
                "question": parts.question,
                "options": parts.options,
                "answer": parts.answer,
                "answer_kind": parts.answer_kind,
                "declared_source": parts.labels.get("source", nothing),
                "hint": parts.labels.get("hint", nothing),
                "attachments": parts.attachments,
                "shared": parts.shared,
            },
            schema=ROWS,
        )
        for number, question in zip(numbers, parts.question, strict=True):
            if question is None:
                self._skip(source, number, "no prompt", f"nothing at {extractor.layout.where_prompt()}")
            elif len(question) > _LONGEST_PROMPT:
                self._skip(source, number, "prompt too long", f"{len(question)} characters")
        # A null length is "no prompt"; a filter leaves it out too.
        return frame.filter(pl.col("question").str.len_chars() <= _LONGEST_PROMPT)

    def _skip(self, source: SourceFile, row: int, reason: str, detail: str) -> None:
        self._skipped.append(
            {"dataset": self.spec.id, "row": row, "file": source.name, "reason": reason, "detail": detail}
        )

    def _note(self, source: SourceFile) -> None:
        """Keep what was found out about a file."""
        if source.extractor is None:
            return
        layout = source.extractor.layout
        self._schemas += [
            {
                "dataset": self.spec.id,
                "file": source.name,
                "format": source.reader.name if source.reader else "",
                "part": part,
                "path": write(path),
                "decided_by": "recipe" if path in layout.by_recipe else "detected",
                "rows": source.extractor.filled[part, path],
            }
            for part, path in layout.paths()
        ]

    def _nothing(self) -> InputError:
        """The error for a dataset of which no row can be used."""
        where = f"dataset {self.spec.id}"
        reasons = Counter(entry["reason"] for entry in self._skipped)
        if not reasons or set(reasons) == {"empty file"}:
            names = ", ".join(file.name for file in self.files[:3])
            return InputError(f"the file is empty ({names})", where=where, fix="give a file that holds rows")
        if "no prompt" in reasons:
            seen = _closest(
                "", [path for source in islice(self._sources(), 3) for path in source.available()]
            )
            fix = f'set it in the recipe, [datasets.adapter] prompt = "...", to one of: {seen}'
            return InputError("no prompt found in any row", where=where, fix=fix)
        first = self._skipped[0]
        told = ", ".join(f"{count} x {reason}" for reason, count in sorted(reasons.items()))
        return InputError(
            f"no row can be read: {told} (first: {first['file']}: {first['detail'] or first['reason']})",
            where=where,
            fix="check that the file is complete, in UTF-8, and in a format that docs/loading.md names",
        )


def _state(file: Path) -> tuple[int, ...] | None:
    """What tells a file from the one it was before; None where it is gone."""
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_ino, told.st_size, told.st_mtime_ns


def _adapter_paths(adapter: Adapter) -> dict[str, list[str]]:
    set_paths = {part: getattr(adapter, part) for part in _ADAPTER_PARTS}
    return {
        part: [path] if isinstance(path, str) else path
        for part, path in set_paths.items()
        if path or (part == "attachments" and path is not None)  # no attachments at all is a choice too
    }


def _closest(text: str, seen: list[str], most: int = 30) -> str:
    """Paths for an error message, those like `text` first."""
    near = get_close_matches(text, seen, n=5, cutoff=0.4)
    ordered = list(dict.fromkeys(near + seen))
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(ordered[:most]) + more
