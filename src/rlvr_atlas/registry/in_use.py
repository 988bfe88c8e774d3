"""Which registry names are looked up in: the packaged one, or with a file of the user over it."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from rlvr_atlas.registry.entries import Entry, Source
from rlvr_atlas.registry.known import Registry
from rlvr_atlas.registry.own import load
from rlvr_atlas.registry.tables import named_by_user

#: The file that `use` was given.
_used: list[Path | None] = [None]


def of(path: Path | None = None) -> Registry:
    """The registry with a file of the user over it.

    Args:
        path: The file; None for the packaged entries alone.

    Raises:
        InputError: If the file cannot be read, or an entry in it is wrong; all that is wrong at once.
    """
    if path is None:
        return _packaged()
    try:
        told = path.stat()
    except OSError:
        return load(path)  # which says what is wrong
    return _with(path, (told.st_mtime_ns, told.st_size, told.st_ino))


def use(path: Path | None) -> None:
    """Look names up with a file of the user from now on, in this process; `--registry` goes before it.

    Args:
        path: The file that a recipe names; None for the packaged entries alone.
    """
    _used[0] = path


def current() -> Registry:
    """The registry in use: with the file of `--registry`, else with that of `use`, else as packaged.

    Raises:
        InputError: As `of` does.
    """
    return of(named_by_user() or _used[0])


@cache
def _packaged() -> Registry:
    return Registry()


@lru_cache(maxsize=8)
def _with(path: Path, _version: tuple[int, ...]) -> Registry:
    return load(path)


def datasets() -> dict[str, Entry]:
    """`Registry.datasets` of the registry in use."""
    return current().datasets


def benchmarks() -> dict[str, Entry]:
    """`Registry.benchmarks` of the registry in use."""
    return current().benchmarks


def sources() -> dict[str, Source]:
    """`Registry.sources` of the registry in use."""
    return current().sources


def find(name: str) -> Entry | None:
    """`Registry.find` in the registry in use."""
    return current().find(name)


def suggest(name: str) -> list[str]:
    """`Registry.suggest` of the registry in use."""
    return current().suggest(name)


def map_label(label: str | None, dataset: str | None = None) -> str | None:
    """`Registry.map_label` of the registry in use."""
    return current().map_label(label, dataset)


def map_upstream(name: str) -> str | None:
    """`Registry.map_upstream` of the registry in use."""
    return current().map_upstream(name)
