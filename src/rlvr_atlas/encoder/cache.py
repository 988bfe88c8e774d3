"""Embeddings once per key, in a memory-mapped cache; `top_k` (from `top_k.py`) searches them.

The cache only ever grows: rows are appended and synced first, and the count of rows that are complete is
replaced last, so a process killed at any moment loses at most the rows of one commit and never leaves half a
row to be read. Not covered: two processes adding to one cache at once (the workspace lock prevents that).
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.encoder.model import Encoder, encode_checked
from rlvr_atlas.encoder.top_k import top_k
from rlvr_atlas.errors import InputError, WorkspaceError
from rlvr_atlas.workspace.store import fingerprint

_log = logging.getLogger(__name__)

__all__ = ["EmbeddingCache", "top_k"]

#: Raised when the meaning of the files changes; older ones are then left alone and a new cache begins.
_FORMAT = 1
_KEY_LENGTH = 40

Ints = NDArray[np.int64]
Vectors = NDArray[np.float16] | NDArray[np.float32]


class EmbeddingCache:
    """The vectors of one encoder, by key: float16 rows in one file, memory-mapped.

    Whatever decides an encoder's vectors (name, width, `details`) is in the file name, so another encoder,
    other weights or another window begin another cache and never mix with this one.

    Args:
        folder: Where the files are; made where missing.
        encoder: What fills the cache.
        commit_rows: Rows encoded between two commits: what a killed process has to do again.

    Raises:
        WorkspaceError: If the files there are damaged, or the folder cannot be written.
    """

    def __init__(self, folder: Path, encoder: Encoder, *, commit_rows: int = 2048) -> None:
        self._encoder = encoder
        self._commit_rows = commit_rows
        self._identity = {
            "format": _FORMAT,
            "encoder": encoder.name,
            "dimension": encoder.dimension,
            "details": getattr(encoder, "details", {}),
        }
        label = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(encoder.name).name).strip(".-") or "encoder"
        stem = f"{label}-{fingerprint(self._identity)}"
        self._header = folder / f"{stem}.json"
        self._vector_file, self._key_file = folder / f"{stem}.f16", folder / f"{stem}.keys"
        _guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True))
        #: How many of the cached rows hold only the beginning of their text.
        self.truncated = 0
        self._rows = self._read_header()
        self._index: tuple[NDArray[np.bytes_], Ints] | None = None

    def __len__(self) -> int:
        return self._rows

    @property
    def vectors(self) -> NDArray[np.float16]:
        """All rows, shape (rows, dimension), float16, read-only and memory-mapped."""
        shape = (self._rows, self._encoder.dimension)
        if not self._rows:
            return np.empty(shape, dtype=np.float16)
        return np.memmap(self._vector_file, dtype=np.float16, mode="r", shape=shape)

    def find(self, keys: Sequence[str]) -> Ints:
        """The row of each key; -1 where it has none. Shape (len(keys),)."""
        wanted = _as_bytes(keys)
        if not self._rows or not len(wanted):
            return np.full(len(wanted), -1, dtype=np.int64)
        ordered, rows = self._sorted_keys()
        place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
        return np.where(ordered[place] == wanted, rows[place], -1)

    def get_or_encode(
        self,
        keys: Sequence[str],
        texts: Sequence[str],
    ) -> Ints:
        """The row of each key in `vectors`; what is missing is encoded first, each key once.

        Args:
            keys: 40-character keys; repeats are fine.
            texts: The text of each key.

        Returns:
            Array of shape (len(keys),).

        Raises:
            AtlasError: If the encoder returns something else than one unit vector per text.
            WorkspaceError: If the cache cannot be written.
        """
        rows = self.find(keys)
        missing = np.flatnonzero(rows < 0)
        names = _as_bytes(keys)
        _, first = np.unique(names[missing], return_index=True)
        todo = missing[np.sort(first)]
        for start in range(0, len(todo), self._commit_rows):
            part = todo[start : start + self._commit_rows]
            cut_before = getattr(self._encoder, "truncated", 0)
            vectors = encode_checked(self._encoder, [texts[i] for i in part])
            self.truncated += getattr(self._encoder, "truncated", 0) - cut_before
            self._append(names[part], vectors.astype(np.float16))
            _log.info("%d of %d texts encoded", start + len(part), len(todo))
        return self.find(keys) if len(todo) else rows

    def _append(self, keys: NDArray[np.bytes_], vectors: NDArray[np.float16]) -> None:
        def commit() -> None:
            # Whatever lies behind the committed rows is what a killed process left; it is overwritten.
            _write_at(self._vector_file, self._rows * vectors[0].nbytes, vectors.tobytes())
            _write_at(self._key_file, self._rows * _KEY_LENGTH, keys.tobytes())
            rows = self._rows + len(keys)
            header = {**self._identity, "rows": rows, "truncated": self.truncated}
            temporary = self._header.with_suffix(".tmp")
            _write_at(temporary, 0, (json.dumps(header, indent=1, sort_keys=True) + "\n").encode())
            temporary.replace(self._header)
            self._rows, self._index = rows, None

        _guard(self._header, commit)

    def _read_header(self) -> int:
        if not self._header.exists():
            return 0
        try:
            header = json.loads(self._header.read_bytes())
            rows, self.truncated = int(header["rows"]), int(header["truncated"])
            have = self._vector_file.stat().st_size // (2 * self._encoder.dimension)
            damaged = min(have, self._key_file.stat().st_size // _KEY_LENGTH) < rows
        except (OSError, ValueError, KeyError, TypeError):
            damaged = True
        if damaged:
            fix = f"delete the files {self._header.stem}.* beside it; their rows are then encoded again"
            raise WorkspaceError("damaged embedding cache", where=str(self._header), fix=fix)
        return rows

    def _sorted_keys(self) -> tuple[NDArray[np.bytes_], Ints]:
        if self._index is None:
            keys = np.fromfile(self._key_file, dtype=f"S{_KEY_LENGTH}", count=self._rows)
            order = np.argsort(keys, kind="stable")
            self._index = keys[order], order
        return self._index


def _as_bytes(keys: Sequence[str]) -> NDArray[np.bytes_]:
    wrong = next((key for key in keys if len(key) != _KEY_LENGTH or not key.isascii()), None)
    if wrong is not None:
        raise InputError(f"{wrong!r} is not a key of {_KEY_LENGTH} characters")
    return np.array(keys, dtype=f"S{_KEY_LENGTH}")


def _write_at(path: Path, offset: int, data: bytes) -> None:
    """Write `data` at `offset`, let the file end there, and wait until it is on disk."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as handle:
        handle.seek(offset)
        handle.write(data)
        handle.truncate()
        handle.flush()
        os.fsync(handle.fileno())


def _guard(path: Path, action: Callable[[], object]) -> None:
    try:
        action()
    except OSError as error:
        fix = "free some space or choose another workspace, and run again; what was encoded stays"
        what = f"cannot write the embedding cache ({error.strerror or error})"
        raise WorkspaceError(what, where=str(path), fix=fix) from None
