"""Files of a workspace: written whole or not at all, locked, hashed; what dead processes left is removed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

from rlvr_atlas.errors import BusyError
from rlvr_atlas.files import explained, guard, replace_file

LOCK = ".lock"
#: Where a JSON file holds the hash of the rest of it.
SEAL = "sha256"
_TEMPORARY = re.compile(r"\..+\.(\d+)\.tmp")


def hash_of(handle: BufferedReader) -> str:
    """SHA-256 of the bytes of an open file, in hexadecimal digits."""
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
        with temporary.open("rb") as handle:
            written.append(hash_of(handle))

    replace_file(path, write_and_hash)
    return written[0]


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object that holds the SHA-256 of its own content, atomically; `read_sealed` compares it.

    Raises:
        WorkspaceError: If the operating system does not allow it.
    """
    plain = json.loads(json.dumps(content, default=str))  # as it will be read: lists, and texts as keys
    text = json.dumps({**plain, SEAL: seal_of(plain)}, indent=1, sort_keys=True) + "\n"
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def read_sealed(path: Path) -> dict[str, Any] | None:
    """A JSON object, with the hash that it holds under `SEAL` if there is one.

    Returns:
        None if it is no JSON object, or its content is not what the hash says.

    Raises:
        OSError: If it cannot be read.
    """
    data = path.read_bytes()
    try:
        content = json.loads(data.decode("utf-8"))
        seal = content.get(SEAL)
        plain = {name: value for name, value in content.items() if name != SEAL}
        return content if seal is None or seal == seal_of(plain) else None
    except (ValueError, TypeError, AttributeError, RecursionError, MemoryError):
        return None


def seal_of(plain: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON object that holds no hash yet."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


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
    with _locked(folder / LOCK, folder):
        yield


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold a file or folder that one process at a time works on, by a lock of that name beside it.

    Raises:
        BusyError: If another process holds it.
        WorkspaceError: If the operating system does not allow it.
    """
    guard(path, lambda: path.parent.mkdir(parents=True, exist_ok=True))
    held = contextlib.ExitStack()
    try:
        held.enter_context(_locked(path.with_name(f".{path.name}.lock"), path))
    except BlockingIOError:
        fix = "wait for it to end; what it has finished stays finished"
        raise BusyError("another process is working on it", where=str(path), fix=fix) from None
    with held:
        yield


@contextlib.contextmanager
def _locked(file: Path, where: Path) -> Iterator[None]:
    """Hold a lock file while others are refused with a BlockingIOError; errors name `where`."""
    try:
        handle = file.open("w")
    except OSError as error:
        raise explained(error, where) from None
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
