"""Files that are replaced at once or not at all, and what to say where the operating system refuses."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl

from rlvr_atlas.errors import AtlasError, WorkspaceError

#: What Polars raises where it gives up; a panic is no `Exception`, so a damaged file would end the program.
POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)

_FIXES = {
    errno.ENOSPC: "free some space and run again; what is finished stays finished",
    errno.EFBIG: "raise the limit on the size of files, or use another disk",
    errno.EDQUOT: "free some of your quota and run again; what is finished stays finished",
    errno.EACCES: "choose a path that you may write to",
    errno.EROFS: "choose a path that you may write to",
    errno.EIO: "check that the disk is not full, and run again; what is finished stays finished",
}


def replace_file(
    path: Path, write: Callable[[Path], object], *, error: type[AtlasError] = WorkspaceError
) -> None:
    """Write beside `path`, sync, rename: readers see the old file or the new one, never a half.

    Args:
        path: The file; its folder exists.
        write: Writes the content to the path that it is given.
        error: What is raised where the operating system does not allow it.

    Raises:
        AtlasError: The given kind of it. The old file is as it was, and nothing else is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def commit() -> None:
        write(temporary)
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)

    try:
        guard(path, commit, error=error)
    finally:
        guard(path, lambda: temporary.unlink(missing_ok=True), error=error)


def guard(path: Path, action: Callable[[], object], *, error: type[AtlasError] = WorkspaceError) -> None:
    """Do `action`; a complaint of the operating system becomes an error that a user can act on.

    Args:
        path: What the error names.
        action: Writes it.
        error: What is raised.

    Raises:
        AtlasError: The given kind of it.
    """
    try:
        action()
    except (OSError, *POLARS_ERRORS) as refused:
        raise explained(_as_os_error(refused), path, error) from None


def pass_interrupt(error: BaseException) -> None:
    """Raise the interrupt that Polars wrapped into an error of its own; call it wherever those are caught.

    Raises:
        KeyboardInterrupt: If the user interrupted Polars while it called Python.
    """
    if "KeyboardInterrupt" in str(error):
        raise KeyboardInterrupt from None


def _as_os_error(refused: BaseException) -> OSError:
    """What the operating system said; an error that tells of something else is raised again."""
    if isinstance(refused, OSError) and refused.errno:
        return refused
    pass_interrupt(refused)
    # Polars wraps what the operating system says into an error of its own, with the number in the text.
    number = re.search(r"\(os error (\d+)\)", str(refused))
    # Where the end of a Parquet file or a part of an array does not fit, Polars and NumPy do not say why.
    unsaid = any(words in str(refused) for words in ("transport error", "requested and"))
    if number is None and not unsaid:
        if isinstance(refused, OSError):
            return refused
        raise refused
    code = int(number[1]) if number else errno.EIO
    return OSError(code, os.strerror(code))


def explained(refused: OSError, path: Path, error: type[AtlasError] = WorkspaceError) -> AtlasError:
    """A complaint of the operating system about a file, as an error that says what to do."""
    what = f"cannot write ({refused.strerror or refused})"
    return error(what, where=str(path), fix=_FIXES.get(refused.errno or 0, "check the path"))
