"""Embeddings once per key, in a memory-mapped cache; `top_k` (from `top_k.py`) searches them.

The cache only ever grows, block by block: rows are appended and synced first, and the list of complete blocks
with their hashes is replaced last, so a process killed at any moment loses at most the rows of one block and
never leaves half a row to be read. Blocks are compared with their hashes when the cache is opened; from the
first damaged one on rows are encoded again. Not covered: two processes adding to one cache at once (the
workspace lock prevents that).
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.encoder.model import Encoder, encode_checked
from rlvr_atlas.encoder.top_k import top_k
from rlvr_atlas.errors import InputError
from rlvr_atlas.files import guard
from rlvr_atlas.workspace.files import SEAL, read_sealed, write_sealed
from rlvr_atlas.workspace.graph import fingerprint

_log = logging.getLogger(__name__)

__all__ = ["EmbeddingCache", "top_k"]

#: Raised when the meaning of the files changes; older ones are then left alone and a new cache begins.
_FORMAT = 2
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
        commit_rows: Rows of a block: what a killed process has to do again.

    Raises:
        WorkspaceError: If the folder cannot be written.
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
        self._files = self._vector_file, self._key_file = folder / f"{stem}.f16", folder / f"{stem}.keys"
        guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True))
        self._blocks = self._intact_blocks()
        self._index: tuple[NDArray[np.bytes_], Ints] | None = None

    def __len__(self) -> int:
        return sum(block["rows"] for block in self._blocks)

    @property
    def truncated(self) -> int:
        """How many of the cached rows hold only the beginning of their text."""
        return sum(block["truncated"] for block in self._blocks)

    @property
    def vectors(self) -> NDArray[np.float16]:
        """All rows, shape (rows, dimension), float16, read-only and memory-mapped."""
        shape = (len(self), self._encoder.dimension)
        if not len(self):
            return np.empty(shape, dtype=np.float16)
        return np.memmap(self._vector_file, dtype=np.float16, mode="r", shape=shape)

    def find(self, keys: Sequence[str]) -> Ints:
        """The row of each key; -1 where it has none. Shape (len(keys),)."""
        wanted = _as_bytes(keys)
        if not len(self) or not len(wanted):
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
            cut = getattr(self._encoder, "truncated", 0) - cut_before
            self._append(names[part], vectors.astype(np.float16), cut)
            _log.info("%d of %d texts encoded", start + len(part), len(todo))
        return self.find(keys) if len(todo) else rows

    def _append(self, keys: NDArray[np.bytes_], vectors: NDArray[np.float16], truncated: int) -> None:
        rows = len(self)
        content = vectors.tobytes(), keys.tobytes()
        sizes = self._row_sizes()

        def append() -> None:
            # Whatever lies behind the complete blocks is what a killed process left; it is overwritten.
            for path, size, data in zip(self._files, sizes, content, strict=True):
                _write_at(path, rows * size, data)

        guard(self._header, append)
        block = {"rows": len(keys), "truncated": truncated, "sha256": _hash(content)}
        write_sealed(self._header, {**self._identity, "blocks": [*self._blocks, block]})
        self._blocks.append(block)
        self._index = None

    def _row_sizes(self) -> tuple[int, int]:
        """Bytes of a row in each of the two files."""
        return 2 * self._encoder.dimension, _KEY_LENGTH

    def _intact_blocks(self) -> list[dict[str, Any]]:
        """The blocks before the first one that is not what its hash says."""
        listed: list[dict[str, Any]] = []
        intact: list[dict[str, Any]] = []
        try:
            header = read_sealed(self._header) or {}
            listed = header["blocks"] if SEAL in header else []
            with self._vector_file.open("rb") as vectors, self._key_file.open("rb") as keys:
                for block, found in zip(listed, self._hashes((vectors, keys), listed), strict=True):
                    if found != block["sha256"]:
                        break
                    intact.append(block)
        except FileNotFoundError:
            if not listed:
                return []  # it begins
        except OSError as error:
            _log.warning("%s: %s", self._header, error)
        if not listed or len(intact) < len(listed):
            rows = sum(block["rows"] for block in intact)
            _log.warning("%s: damaged; all but %d rows are encoded again", self._header, rows)
        return intact

    def _hashes(self, files: tuple[BinaryIO, BinaryIO], blocks: Sequence[dict[str, Any]]) -> Iterator[str]:
        for block in blocks:
            sizes = (block["rows"] * size for size in self._row_sizes())
            yield _hash(file.read(size) for file, size in zip(files, sizes, strict=True))

    def _sorted_keys(self) -> tuple[NDArray[np.bytes_], Ints]:
        if self._index is None:
            keys = np.fromfile(self._key_file, dtype=f"S{_KEY_LENGTH}", count=len(self))
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


def _hash(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
