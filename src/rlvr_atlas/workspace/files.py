"""Files of a workspace: written whole or not at all, locked, hashed; what dead processes left is removed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl

from rlvr_atlas.files import explained, guard, replace_file

LOCK = ".lock"
#: What Polars raises where it gives up; a panic is no `Exception`, so a damaged file would end the program.
POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_TEMPORARY = re.compile(r"\..+\.(\d+)\.tmp")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def replace_hashed(path: Path, write: Callable[[Path], object]) -> str:
    """Replace a file at once or not at all, see `files.replace_file`.

    Args:
        path: The file to be.
        write: Called with the path to write to.

    Returns:
        SHA-256 of what was written.

    Raises:
        WorkspaceError: If the operating system does not allow it.
    """
    written: list[str] = []

    def write_and_hash(temporary: Path) -> None:
        write(temporary)
        written.append(sha256_of(temporary))

    replace_file(path, write_and_hash)
    return written[0]


def write_export(path: Path, content: bytes) -> None:
    """Write a file that is no table of a workspace, atomically; its folder is made.

    Raises:
        WorkspaceError: If the operating system does not allow it.
    """
    guard(path.parent, lambda: path.parent.mkdir(parents=True, exist_ok=True))
    replace_file(path, lambda temporary: temporary.write_bytes(content))


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold a folder for writing.

    Raises:
        BlockingIOError: If another process holds it.
        WorkspaceError: If the operating system does not allow it.
    """
    try:
        handle = (folder / LOCK).open("w")
    except OSError as error:
        raise explained(error, folder) from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def is_leftover(name: str) -> bool:
    """Whether a file of this name may stand in a folder that is not yet a workspace."""
    return name == LOCK or _TEMPORARY.fullmatch(name) is not None


def sweep(folders: Iterable[Path]) -> None:
    """Remove temporary files of processes that no longer run; call it while the folder is locked."""
    for folder in folders:
        for path in folder.glob(".*.tmp"):
            found = _TEMPORARY.fullmatch(path.name)
            if found and not _runs(int(found[1])):
                guard(path, lambda path=path: path.unlink(missing_ok=True))  # type: ignore[misc]


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is somebody else's
        return True
    return True
