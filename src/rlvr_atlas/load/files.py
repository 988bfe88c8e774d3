"""Which files a dataset consists of, in name order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from os.path import commonpath
from pathlib import Path, PurePath
from typing import TypeVar

from rlvr_atlas.errors import InputError
from rlvr_atlas.load.compression import plain_name
from rlvr_atlas.load.formats import ARCHIVES, ENDINGS

#: Notes that libraries put beside the data.
_NOTES = (
    "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "manifest.json",
    "config.json", "package.json", "croissant.json", "*indices*.arrow", "cache-*.arrow",
)  # fmt: skip
_WILD = frozenset("*?[")
AnyPath = TypeVar("AnyPath", bound=PurePath)


def find_files(paths: Sequence[str], base: Path, where: str) -> list[Path]:
    """The files of a dataset.

    Args:
        paths: Files, globs or folders, relative to `base` unless absolute. Of globs and folders the data
            files count (by ending), or all files where none has a known ending.
        base: Where relative paths start.
        where: How errors name the dataset.

    Raises:
        InputError: Where a path matches nothing.
    """
    found: dict[Path, None] = {}
    for text in paths:
        try:
            matched = _matches(base / Path(text).expanduser()) if text.strip() else []
        except (OSError, RuntimeError) as error:  # a name too long, a home that is nobody's
            fix = "check the path in the recipe"
            raise InputError(f"cannot look for {text[:80]!r} ({_why(error)})", where=where, fix=fix) from None
        if not matched:
            fix = f"check the path, it starts from {base.resolve()}"
            what = _what_is_there(base / text) if text.strip() else ""
            raise InputError(f"no file matches {text!r}{what}", where=where, fix=fix)
        found.update(dict.fromkeys(matched))
    return sorted(found, key=lambda file: file.as_posix())


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _what_is_there(path: Path) -> str:
    """Why a path that exists is no file that can be read; empty where there is nothing."""
    if path.is_dir():
        return ": it is a folder without files"
    return ": it is neither a file nor a folder" if path.exists() else ""


def _matches(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        return _data_files(path.rglob("*"), path)
    parts = path.parts
    wild = next((at for at, part in enumerate(parts) if _WILD & set(part)), None)
    if wild is None:
        return []
    top = Path(*parts[:wild])
    return _data_files(top.glob("/".join(parts[wild:])), top)


def _data_files(candidates: Iterable[Path], top: Path) -> list[Path]:
    regular = [path for path in candidates if path.is_file() and not is_hidden(path.relative_to(top))]
    return data_only(regular) or regular


def data_only(paths: Iterable[AnyPath]) -> list[AnyPath]:
    """The files named like tables; archives where there are none, for beside tables they hold images."""
    data = [path for path in paths if is_data(path)]
    return [path for path in data if _ending(path) not in ARCHIVES] or data


def is_hidden(path: PurePath) -> bool:
    """Whether a file or a folder it is in begins with a dot; `..` is a way and no name."""
    return any(part.startswith(".") and part != ".." for part in path.parts)


def is_data(path: PurePath) -> bool:
    """Whether a file is named like a table rather than like a note beside it."""
    return _ending(path) in ENDINGS and not any(fnmatch(path.name.lower(), note) for note in _NOTES)


def _ending(path: PurePath) -> str:
    return PurePath(plain_name(path.name)).suffix


def one_format_each(names: Iterable[str]) -> list[str]:
    """Of files that differ in their ending only, the one in the preferred format."""
    best: dict[str, str] = {}
    for name in sorted(names):
        ending = _ending(PurePath(name))
        stem = name.lower().rsplit(ending, 1)[0]
        rival = best.get(stem)
        if rival is None or ENDINGS.index(ending) < ENDINGS.index(_ending(PurePath(rival))):
            best[stem] = name
    return sorted(best.values())


def short_names(files: Sequence[Path]) -> list[str]:
    r"""File names, with as much of their folders as tells them apart; bytes that are no UTF-8 as `\xe9`."""
    if len({file.name for file in files}) == len(files):
        names = [file.name for file in files]
    else:
        top = commonpath([file.parent for file in files])
        names = [file.relative_to(top).as_posix() for file in files]
    return [os.fsencode(name).decode("utf-8", "backslashreplace") for name in names]


def content_sha256(files: Sequence[Path], names: Sequence[str] = ()) -> str:
    """One digest over the names and bytes of some files, in the order given.

    Args:
        files: The files.
        names: What they are called; their names without folders where left out.
    """
    digest = hashlib.sha256()
    for file, name in zip(files, names or [file.name for file in files], strict=True):
        # A name may hold bytes that are no UTF-8.
        digest.update(f"{name}\0{file.stat().st_size}\0".encode("utf-8", "surrogateescape"))
        with file.open("rb") as content:
            while chunk := content.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()
