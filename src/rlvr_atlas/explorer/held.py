"""A workspace whose tables stay in memory, and the newest of them while a run changes the folder."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from rlvr_atlas.errors import WorkspaceError
from rlvr_atlas.explorer.positions import Positions, Values, taken
from rlvr_atlas.workspace.store import Workspace

if TYPE_CHECKING:
    import numpy as np

Value = TypeVar("Value")
#: How many answers to questions of visitors are kept, and pages: some 30 kB each.
_RECENT = 1024


class HeldWorkspace(Workspace):
    """A workspace that reads each table once; whatever takes a `Workspace` is fast on it.

    What a page needs beyond a table (a summary, the review queue) is made once and kept as well.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._kept: dict[str, Any] = {}
        self._recent: OrderedDict[tuple[object, ...], Any] = OrderedDict()
        self._making: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def scan(self, table: str) -> pl.LazyFrame:
        """A table, lazily, from memory. Raises as `Workspace.scan` does."""
        return self.read(table).lazy()

    def read(self, table: str) -> pl.DataFrame:
        """A table. Raises as `Workspace.scan` does."""
        read = super().scan
        return self.once(f"table {table}", lambda: read(table).collect())

    def read_array(self, stage: str, name: str) -> np.ndarray[Any, Any] | None:
        """An array that a finished stage kept. Raises as `Workspace.read_array` does."""
        return self.once(f"array {stage} {name}", partial(super().read_array, stage, name))

    def once(self, name: str, make: Callable[[], Value]) -> Value:
        """What `make` gives, made when it is first asked for, by one thread while others wait for it."""
        with self._guard:
            making = self._making.setdefault(name, threading.Lock())
        with making:
            if name not in self._kept:
                self._kept[name] = make()
        value: Value = self._kept[name]
        return value

    def recent(self, asked: tuple[object, ...], make: Callable[[], Value]) -> Value:
        """What `make` gives to a question, kept while it is among the last `_RECENT` different ones.

        A browser asks again when a person goes back or turns a page.
        """
        with self._guard:
            if asked in self._recent:
                self._recent.move_to_end(asked)
                kept: Value = self._recent[asked]
                return kept
        value = make()
        with self._guard:
            self._recent[asked] = value
            while len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
        return value

    def rows_where(
        self, table: str, columns: tuple[str, ...], values: Values, wanted: Iterable[str] | None = None
    ) -> pl.DataFrame:
        """As `few_rows.rows_where` does, without going through the table. Raises as `Workspace.scan` does."""
        frame = self.read(table)
        name = f"positions of {table} {' '.join(columns)}"
        places = self.once(name, lambda: Positions(frame.select(columns))).of(values)
        return taken(frame if wanted is None else frame[list(wanted)], places)

    def load(self) -> HeldWorkspace:
        """Read every table that is there.

        Raises:
            WorkspaceError: If the workspace was not traced, or a table is damaged.
        """
        self.read("lineage")
        for name in self.tables():
            self.read(name)
        return self


class Newest:
    """The workspace of a folder as it was last complete.

    While a run is writing, or when it broke off, the tables from before are shown, and `behind` says so.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = self._look()
        self._held = HeldWorkspace(folder).load()
        self._loading = threading.Lock()
        self.behind = False

    def get(self) -> HeldWorkspace:
        """The workspace to read from; loads it again where the folder has changed."""
        if self._look() != self._state and self._loading.acquire(blocking=False):
            try:
                state = self._look()
                self._held, self._state, self.behind = HeldWorkspace(self._folder).load(), state, False
            except WorkspaceError:
                self.behind = True
            finally:
                self._loading.release()
        return self._held

    def _look(self) -> tuple[int, int, int]:
        try:
            told = (self._folder / "manifest.json").stat()
        except OSError:
            return (0, 0, 0)
        return told.st_ino, told.st_mtime_ns, told.st_size
