"""How many processors there are, and work on arrays in several threads.

numpy and scipy do not hold Python's lock in most of what takes long.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
#: More threads wait for each other's Python, and each holds a block of scores.
_MOST = 4


def in_threads(work: Callable[[_Given], _Made], parts: Sequence[_Given]) -> list[_Made]:
    """What a function makes of each part, in order, whatever the number of threads."""
    threads = min(_MOST, processors(), len(parts))
    if threads < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, parts))


def side_by_side(one: Callable[[], _Given], other: Callable[[], _Made]) -> tuple[_Given, _Made]:
    """What two functions return, each in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        waited_for = pool.submit(other)
        return one(), waited_for.result()


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on every platform
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
