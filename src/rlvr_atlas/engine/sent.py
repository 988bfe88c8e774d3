"""Pickles in which objects that both sides hold are named instead of sent.

A block of work refers to the tables of all texts, and what is made of it refers to them again. Such a *part*
goes to each process once, by itself; in every other pickle stands its number.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def dumps(value: object, parts: Mapping[int, int]) -> bytes:
    """A pickle.

    Args:
        value: What can be pickled.
        parts: `id` of each part that the other side holds, and its number.
    """
    file = io.BytesIO()
    _Pickler(file, parts, None).dump(value)
    return file.getvalue()


def dumps_part(value: object, parts: Mapping[int, int]) -> tuple[bytes, list[Bytes]]:
    """A pickle, and apart from it the bytes of its arrays, so that many processes can share one copy of them.

    Args:
        value: What can be pickled.
        parts: As for `dumps`.
    """
    file, apart = io.BytesIO(), list[pickle.PickleBuffer]()
    _Pickler(file, parts, apart).dump(value)
    return file.getvalue(), [np.frombuffer(buffer.raw(), np.uint8) for buffer in apart]


def loads(data: bytes, parts: Mapping[int, object], apart: Iterable[Bytes] = ()) -> Any:  # noqa: ANN401
    """What was pickled; only for what a process of the same run has written.

    Args:
        data: The pickle.
        parts: Each part by its number.
        apart: The bytes of its arrays, where it was made by `dumps_part`; arrays over them are read-only.
    """
    return _Unpickler(io.BytesIO(data), parts, apart).load()


class _Pickler(pickle.Pickler):
    def __init__(
        self, file: io.BytesIO, parts: Mapping[int, int], apart: list[pickle.PickleBuffer] | None
    ) -> None:
        super().__init__(file, protocol=5, buffer_callback=None if apart is None else apart.append)
        self._parts = parts

    def persistent_id(self, obj: object) -> int | None:
        return self._parts.get(id(obj))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, parts: Mapping[int, object], apart: Iterable[Bytes]) -> None:
        super().__init__(file, buffers=apart)
        self._parts = parts

    def persistent_load(self, pid: int) -> object:
        return self._parts[pid]
