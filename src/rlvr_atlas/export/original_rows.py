"""The rows of a mix as their files have them, read again when the mix is exported.

Files are read once, in their own order; a mix has another one. In between the rows wait in one temporary file
of Arrow batches that is mapped, so that memory holds a batch and not the mix.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import polars as pl
import pyarrow as pa

from rlvr_atlas.config import Recipe
from rlvr_atlas.errors import AtlasError, InputError
from rlvr_atlas.export.columns import as_array, common, fitted, json_array, stated
from rlvr_atlas.export.images import images_of, with_content
from rlvr_atlas.export.verifier import VERIFIER, stated_verifier
from rlvr_atlas.files import explained
from rlvr_atlas.load import DatasetReader, open_again
from rlvr_atlas.load.archives import Piece
from rlvr_atlas.load.paths import Path as Steps
from rlvr_atlas.load.paths import parse
from rlvr_atlas.load.read_tables import stored_types
from rlvr_atlas.load.rows import Row, size_of

#: Rows and bytes of a batch, unless one row has more.
_ROWS, _BYTES = 1024, 32 << 20
_IMAGES = pa.large_list(pa.struct([("bytes", pa.large_binary()), ("path", pa.string())]))
#: What stands beside the original columns of a batch.
_BESIDE = 2

Place = tuple[str, int]
#: (dataset, file; None for all of them) -> where images are.
Shown = Mapping[tuple[str, str | None], Sequence[Steps]]
_Read = tuple[Place, Row, Piece]


@dataclass(frozen=True)
class _Batch:
    """Rows that were read together."""

    columns: Mapping[str, Any]
    as_json: frozenset[str]
    images: Any
    verifiers: Any
    row_bytes: float


class OriginalRows:
    """Original rows by (dataset, row); made by `read_again`.

    Attributes:
        types: Column -> Arrow type, one for all datasets, in the order in which they were met.
        as_json: Those that are JSON text because no type holds their values.
        have_images: Whether any row shows one.
    """

    def __init__(self, batches: Sequence[_Batch], places: Mapping[Place, tuple[int, int]]) -> None:
        self._batches, self._places = batches, places
        self.have_images = any(len(batch.images.flatten()) for batch in batches)
        self.types: dict[str, Any] = {}
        self.as_json: set[str] = set()
        for name in dict.fromkeys(name for batch in batches for name in batch.columns):
            type_ = self._common_type(name)
            self.types[name] = pa.string() if type_ is None else type_
            if type_ is None:
                self.as_json.add(name)

    def _common_type(self, name: str) -> Any:  # noqa: ANN401
        """The type that holds the column of all batches; None where there is none."""
        having = [batch for batch in self._batches if name in batch.columns]
        found = pa.null()
        for batch in having:
            found = common(found, batch.columns[name].type)
            if found is None or name in batch.as_json:
                return None
        try:
            for batch in having:
                fitted(batch.columns[name], stated(found))
        except ValueError:
            return None
        return stated(found)

    def lots(self, places: Sequence[Place]) -> Iterator[slice]:
        """A list of rows in lots that can be held at once."""
        start, held = 0, 0.0
        for at, place in enumerate(places):
            held += self._batches[self._places[place][0]].row_bytes
            if held > _BYTES or at + 1 - start == _ROWS:
                yield slice(start, at + 1)
                start, held = at + 1, 0.0
        if start < len(places):
            yield slice(start, len(places))

    def take(self, places: Sequence[Place]) -> dict[str, Any]:
        """Rows in the order asked for.

        Returns:
            `original`: a struct of all columns, null where a row's file has none of the name; `images`: list
            of struct of bytes and path; `verifier`: a struct as `VERIFIER`, null where the row names none.
        """
        found = np.array([self._places[place] for place in places])

        def gathered(type_: Any, of: Callable[[_Batch], Any]) -> Any:  # noqa: ANN401
            parts, order = [], []
            for number in np.unique(found[:, 0]):
                here = np.flatnonzero(found[:, 0] == number)
                array = of(self._batches[number])
                rows = pa.array(found[here, 1])
                parts.append(pa.nulls(len(here), type_) if array is None else fitted(array.take(rows), type_))
                order.append(here)
            back = np.argsort(np.concatenate(order))
            return pa.concat_arrays(parts).take(pa.array(back))

        def column(name: str) -> Callable[[_Batch], Any]:
            if name not in self.as_json:
                return lambda batch: batch.columns.get(name)
            return lambda batch: _as_json(batch, name)

        columns = {name: gathered(type_, column(name)) for name, type_ in self.types.items()}
        return {
            "original": pa.StructArray.from_arrays(list(columns.values()), list(columns)),
            "images": gathered(_IMAGES, lambda batch: batch.images),
            "verifier": gathered(VERIFIER, lambda batch: batch.verifiers),
        }


def _as_json(batch: _Batch, name: str) -> Any:  # noqa: ANN401
    if name not in batch.columns or name in batch.as_json:
        return batch.columns.get(name)
    return json_array(batch.columns[name].to_pylist())


@contextmanager
def read_again(  # noqa: PLR0913  each is one thing to know
    mix: pl.DataFrame,
    recipe: Recipe,
    hashes: Mapping[str, str | None],
    shown: Shown,
    folder: Path,
    *,
    images: bool,
) -> Iterator[OriginalRows]:
    """Read the rows of a mix again.

    Args:
        mix: schema.MIX.
        recipe: Says where the files are.
        hashes: Dataset -> hash of its files when they were ingested.
        shown: As `places_of_images` gives it.
        folder: Where the temporary file is, which has the size of the rows.
        images: Whether the format holds images.

    Yields:
        The rows, until the file is given up.

    Raises:
        InputError: If files are gone or are not the ones that were ingested, or images would be lost.
        WorkspaceError: If the temporary file cannot be written.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            batches = _Writer(file, shown, images=images)
            for dataset, rows in mix.group_by("dataset", maintain_order=True):
                wanted = set(rows["row"])
                batches.write(_rows_again(str(dataset[0]), wanted, recipe, hashes))
            yield batches.finish()
    except OSError as error:
        raise explained(error, folder) from None


def places_of_images(schemas: pl.DataFrame, recipe: Recipe) -> Shown:
    """Where the images of problems were found when the datasets were read, and where a recipe says they are.

    Args:
        schemas: schema.SCHEMAS, images alone.
        recipe: What it says of a dataset holds for all its files.

    Returns:
        (dataset, file) or (dataset, None) -> the fields.
    """
    found: dict[tuple[str, str | None], Sequence[Steps]] = {}
    for dataset, file, path in schemas.select("dataset", "file", "path").iter_rows():
        found[dataset, file] = [*found.get((dataset, file), ()), parse(path)]
    for spec in recipe.datasets:
        if spec.adapter.attachments is not None:
            found[spec.id, None] = [parse(path) for path in spec.adapter.attachments]
    return found


def _rows_again(
    dataset: str, wanted: set[int], recipe: Recipe, hashes: Mapping[str, str | None]
) -> Iterator[_Read]:
    """The wanted rows of one dataset."""
    where = f"dataset {dataset}"
    readers = _readers(dataset, recipe)
    reader = next((one for one in readers if one.content_sha256 == hashes.get(dataset)), None)
    if reader is None:
        what = "its files are not those that the mix was made from"
        raise InputError(what, where=where, fix="run the recipe again, then export")
    found = 0
    for number, row, piece in reader.whole_rows(wanted):
        found += 1
        yield (dataset, number), row, piece
    reader.check_unchanged()
    if found != len(wanted):
        what = f"{len(wanted) - found} rows of the mix are no longer read from its files"
        raise InputError(what, where=where, fix="run the recipe again, then export")


def _readers(dataset: str, recipe: Recipe) -> list[DatasetReader]:
    spec = next(spec for spec in recipe.datasets if spec.id == dataset)
    try:
        return open_again(spec, recipe.base)
    except AtlasError as error:
        what = f"its rows cannot be read again ({error.what})"
        fix = "put the files back, or export without what else they hold: --without-original"
        raise InputError(what, where=f"dataset {dataset}", fix=fix) from None


class _Writer:
    """Writes batches behind one another and remembers where each row is."""

    def __init__(self, file: BinaryIO, shown: Shown, *, images: bool) -> None:
        self._file, self._fields, self._images = file, shown, images
        self._ranges: list[tuple[int, int, frozenset[str]]] = []
        self._places: dict[Place, tuple[int, int]] = {}
        self._types: tuple[Path, dict[str, Any]] = (Path(), {})

    def write(self, rows: Iterator[_Read]) -> None:
        """Write the rows of a dataset; a batch never holds rows of two files."""
        held: list[_Read] = []
        weight = 0
        for entry in rows:
            if held and entry[2] != held[-1][2]:
                self._write(held)
                held, weight = [], 0
            held.append(entry)
            weight += sum(map(size_of, entry[1].values()))
            if len(held) == _ROWS or weight > _BYTES:
                self._write(held)
                held, weight = [], 0
        if held:
            self._write(held)

    def _write(self, entries: list[_Read]) -> None:
        path = entries[0][2].path
        if self._types[0] != path:
            self._types = path, stored_types(path)
        columns, as_json = _columns([row for _, row, _ in entries], self._types[1])
        images = [self._shown(entry) for entry in entries]
        columns += [
            ("images", pa.array(images, type=_IMAGES)),
            ("verifier", pa.array([stated_verifier(row) for _, row, _ in entries], type=VERIFIER)),
        ]
        batch = pa.RecordBatch.from_arrays([c for _, c in columns], names=[name for name, _ in columns])
        start = self._file.tell()
        with pa.ipc.new_stream(self._file, batch.schema) as writer:
            writer.write_batch(batch)
        for position, (place, _, _) in enumerate(entries):
            self._places[place] = len(self._ranges), position
        self._ranges.append((start, self._file.tell(), as_json))

    def _shown(self, entry: _Read) -> list[dict[str, Any]]:
        (dataset, number), row, piece = entry
        where = f"{dataset}:{number}"
        told = self._fields.get((dataset, None))
        found = images_of(row, self._fields.get((dataset, piece.name)) if told is None else told)
        if told is None and not any(image.content for image in found):
            found = images_of(row)  # bytes beside a path need no file
        if found and not self._images:
            fix = "export as verl or trl, or without what the rows hold beside their text: --without-original"
            raise InputError("it has an image, which this format does not hold", where=where, fix=fix)
        whole = [with_content(image, piece.path, where) for image in found]
        return [{"bytes": image.content, "path": image.path} for image in whole]

    def finish(self) -> OriginalRows:
        """The rows, mapped."""
        self._file.flush()
        mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) if self._ranges else b""
        whole = pa.py_buffer(mapped)
        batches = [_mapped(whole.slice(start, end - start), names) for start, end, names in self._ranges]
        return OriginalRows(batches, self._places)


def _mapped(buffer: Any, as_json: frozenset[str]) -> _Batch:  # noqa: ANN401
    batch = pa.ipc.open_stream(buffer).read_next_batch()
    names, columns = batch.schema.names[:-_BESIDE], batch.columns
    named = dict(zip(names, columns[:-_BESIDE], strict=True))
    return _Batch(named, as_json, columns[-2], columns[-1], batch.nbytes / batch.num_rows)


def _columns(rows: Sequence[Row], types: Mapping[str, Any]) -> tuple[list[tuple[str, Any]], frozenset[str]]:
    """The columns of some rows, and which of them are JSON text."""
    columns, as_json = [], []
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        array = as_array(values, types.get(name))
        if array is None:
            as_json.append(name)
            array = json_array(values)
        columns.append((name, array))
    return columns, frozenset(as_json)
