"""Files of a workspace: written whole or not at all, locked, hashed; what dead processes left is removed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl

from rlvr_atlas.errors import WorkspaceError

LOCK = ".lock"
#: What Polars raises where it gives up; a panic is no `Exception`, so a damaged file would end the program.
POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_TEMPORARY = re.compile(r"\..+\.(\d+)\.tmp")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def replace_file(path: Path, write: Callable[[Path], object]) -> str:
    """Write beside `path`, sync, rename: readers see the old file or the new one, never a half.

    Args:
        path: The file to be.
        write: Called with the path to write to.

    Returns:
        SHA-256 of what was written.

    Raises:
        WorkspaceError: If the operating system does not allow it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        guard(path, lambda: write(temporary))
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        digest = sha256_of(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return digest


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
        raise explain(error, folder) from None
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


def guard(path: Path, action: Callable[[], object]) -> None:
    """Do `action`; an operating system's complaint becomes an error a user can act on."""
    try:
        action()
    except OSError as error:
        raise explain(error, path) from None
    except pl.exceptions.PolarsError as error:
        # Polars wraps what the operating system says into an error of its own, with the number in the text.
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number is None:
            raise
        code = int(number[1])
        raise explain(OSError(code, os.strerror(code)), path) from None


def explain(error: OSError, path: Path) -> WorkspaceError:
    """An operating system's complaint about a file as an error that says what to do."""
    fixes = {
        errno.ENOSPC: "free some space and run again; what is finished stays finished",
        errno.EFBIG: "raise the limit on the size of files, or use another disk",
        errno.EDQUOT: "free some of your quota and run again; what is finished stays finished",
        errno.EACCES: "choose a [workspace] path that you may write to",
        errno.EROFS: "choose a [workspace] path that you may write to",
    }
    what = f"cannot write ({error.strerror or error})"
    return WorkspaceError(what, where=str(path), fix=fixes.get(error.errno or 0, "check the path"))
