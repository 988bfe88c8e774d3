"""Files inside files: the members of zip and tar archives, and tables that were compressed as a whole.

What is inside is copied into a folder of its own under numbers, so that no name in an archive says where
anything is written. Of an archive the data files count, as of a folder.
"""

from __future__ import annotations

import lzma
import shutil
import struct
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

import pyarrow as pa

from rlvr_atlas.load.compression import Allowance, open_bytes
from rlvr_atlas.load.files import data_only, is_hidden
from rlvr_atlas.load.formats import BY_NAME, HEAD, Reader, known_reader
from rlvr_atlas.load.read_samples import is_sample_set
from rlvr_atlas.load.rows import BadRow

#: An archive may be inside another so many times.
_DEEPEST = 3
_CHUNK = 1 << 20
#: What a zip holds that is a document of an office program, or an app.
_DOCUMENT = {"[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"}
_BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError,
    RuntimeError, struct.error, pa.ArrowException,
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """One file to read.

    Args:
        path: Where it is.
        name: How tables and errors name it: for a member, the archive and the member.
        reader: How it is read, where this is known already.
        problem: Why it cannot be read.
    """

    path: Path
    name: str
    reader: Reader | None = None
    problem: BadRow | None = None


class Unpacker:
    """Finds the files inside files; what it had to copy is deleted with it."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._count = 0

    def pieces(self, path: Path, name: str, depth: int = 0) -> list[Piece]:
        """The files to read for one file: itself, or what is inside it.

        Args:
            path: The file.
            name: How it is named.
            depth: How many archives it is inside.
        """
        found, packed = None, False
        with suppress(OSError), open_bytes(path) as stream:  # what is wrong is said when it is read
            found, packed = known_reader(stream.head(HEAD)), stream.layers > 0
        if found is None or not (found.is_archive or packed):
            return [Piece(path, name)]
        if depth == _DEEPEST:
            return [_refused(path, name, "an archive inside archives inside archives")]
        try:
            if packed and found.name != "tar":
                inside = self._copied(path)
                if found.is_archive:
                    return self.pieces(inside, name, depth + 1)
                return [Piece(inside, name, found)]
            return self._members(path, name, found, depth)
        except _BROKEN as error:
            return [_refused(path, name, str(error) or type(error).__name__)]

    def _members(self, path: Path, name: str, found: Reader, depth: int) -> list[Piece]:
        names = _tar_names(path) if found.name == "tar" else _zip_names(path)
        paths = {PurePosixPath(inner): inner for inner in names}
        wanted = [paths[inner] for inner in data_only(paths)]
        wanted = wanted or [inner for inner in names if not PurePosixPath(inner).suffix]
        if found.name == "tar" and is_sample_set(names):
            return [Piece(path, name, BY_NAME["webdataset"])]
        if not wanted:
            told = ", ".join(names[:3]) or "nothing"
            return [_refused(path, name, f"a {found.name} archive without a data file (in it: {told})")]
        return [
            piece
            for inner, inside in sorted(self._extracted(path, found, set(wanted)))
            for piece in self.pieces(inside, f"{name}/{inner}", depth + 1)
        ]

    def _extracted(self, path: Path, found: Reader, wanted: set[str]) -> Iterator[tuple[str, Path]]:
        allowance = Allowance(path.stat().st_size)
        if found.name == "zip":
            with zipfile.ZipFile(path) as archive:
                for inner in archive.namelist():
                    if inner in wanted:
                        with archive.open(inner) as source:
                            yield inner, self._written(cast(BinaryIO, source), allowance, inner)
            return
        with (
            open_bytes(path) as stream,
            tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|") as archive,
        ):
            for member in archive:
                if member.isfile() and member.name in wanted:
                    content = cast(BinaryIO, archive.extractfile(member))
                    yield member.name, self._written(content, allowance, member.name)

    def _copied(self, path: Path) -> Path:
        with open_bytes(path) as stream:
            copy = self._written(cast(BinaryIO, stream), Allowance(path.stat().st_size), path.name)
            if stream.error:
                raise OSError(stream.error)
        return copy

    def _written(self, source: BinaryIO, allowance: Allowance, name: str) -> Path:
        """A copy of some bytes in the folder, under a number with the ending of `name`."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="rlvr-atlas-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._count += 1
        endings = "".join(PurePosixPath(name).suffixes[-2:])
        copy = self._folder / f"{self._count:06}{endings if endings.isascii() and len(endings) < 20 else ''}"
        with copy.open("wb") as target:
            while chunk := source.read(_CHUNK):
                allowance.spend(len(chunk))
                target.write(chunk)
        return copy


def _refused(path: Path, name: str, why: str) -> Piece:
    return Piece(path, name, problem=BadRow("file unreadable", why, whole_file=True))


def _tar_names(path: Path) -> list[str]:
    with (
        open_bytes(path) as stream,
        tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|") as archive,
    ):
        return [
            member.name for member in archive if member.isfile() and not is_hidden(PurePosixPath(member.name))
        ]


def _zip_names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        # A damaged directory may name a member "", which `is_dir` does not expect.
        members = [member for member in archive.infolist() if member.filename and not member.is_dir()]
        names = [member.filename for member in members]
        if _DOCUMENT & set(names):
            raise OSError("it is a document of an office program or an app, not an archive of tables")
        if any(member.flag_bits & 1 for member in members):
            raise OSError("it is a zip archive with a password")
    return [name for name in names if not is_hidden(PurePosixPath(name)) and not name.startswith("__MACOSX/")]
