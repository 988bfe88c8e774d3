"""Which format a file is in, by its content first and its name second: one table of readers.

A format is one entry of `READERS`. What is known and not read is one entry of `_REFUSED`, so that it is
refused by its name; everything else that is no text is refused too, never read in part.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, cast

from rlvr_atlas.load.compression import ByteStream, open_bytes, plain_name
from rlvr_atlas.load.read_csv import best_separator, read_csv
from rlvr_atlas.load.read_json import loads, read_json, read_lines, spread_lines
from rlvr_atlas.load.read_samples import read_samples
from rlvr_atlas.load.read_tables import read_arrow, read_parquet, spread_arrow, spread_parquet
from rlvr_atlas.load.read_xml import read_xml
from rlvr_atlas.load.rows import Rows

#: How much of a file is looked at for its magic, and for whether it is text.
HEAD, _TEXT_HEAD = 512, 4096
#: A first line longer than this is not looked at to its end.
_LONGEST_LINE = 64 << 20


@dataclass(frozen=True)
class Reader:
    """How one format is known and read.

    Args:
        name: What tables and errors call it.
        endings: Of file names, in lower case and without the ending of a compression.
        magic: Whether the first bytes are of this format; None where it is known by its text.
        table: Reads the named columns of a file; where given, the file must not be compressed.
        stream: Reads bytes one after another.
        spread: Rows spread over the file, where these can be had without reading all of it as rows.
    """

    name: str
    endings: tuple[str, ...] = ()
    magic: Callable[[bytes], bool] | None = None
    table: Callable[[Path, Sequence[str] | None], Rows] | None = None
    stream: Callable[[ByteStream], Rows] | None = None
    spread: Callable[[Path], Rows] | None = None

    @property
    def is_archive(self) -> bool:
        """Whether files are inside rather than rows."""
        return self.table is None and self.stream is None


def _begins(*magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics)


def _is_tar(head: bytes) -> bool:
    """Whether the first block is a tar header: its checksum fits, in the old format too."""
    try:
        told = int(head[148:156].split(b"\0")[0].strip() or b"x", 8)
    except ValueError:
        return False
    return len(head) == HEAD and told == sum(head[:148]) + sum(head[156:]) + 8 * 32


#: Every format that is read, by preference where one table is there in several formats.
READERS = (
    Reader("parquet", (".parquet", ".pq"), _begins(b"PAR1"), table=read_parquet, spread=spread_parquet),
    # An Arrow stream begins with a continuation mark.
    Reader(
        "arrow",
        (".arrow", ".feather"),
        _begins(b"ARROW1", b"\xff\xff\xff\xff"),
        table=read_arrow,
        spread=spread_arrow,
    ),
    Reader("jsonl", (".jsonl", ".ndjson", ".jsonlines"), stream=read_lines, spread=spread_lines),
    Reader("json", (".json",), stream=read_json),
    Reader("csv", (".csv", ".tsv", ".tab"), stream=read_csv),
    Reader("xml", (".xml",), stream=read_xml),
    Reader("webdataset", stream=read_samples),
    Reader("tar", (".tar", ".tgz", ".tbz2", ".txz", ".tzst"), _is_tar),
    Reader("zip", (".zip",), _begins(b"PK\x03\x04", b"PK\x05\x06")),
)
BY_NAME = {reader.name: reader for reader in READERS}
ENDINGS = tuple(ending for reader in READERS for ending in reader.endings)
ARCHIVES = tuple(ending for reader in READERS if reader.is_archive for ending in reader.endings)

_REFUSED: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("a Git LFS pointer, and the data was not fetched (git lfs pull)", (b"version https://git-lfs",)),
    ("a Python pickle", (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")),
    ("a NumPy array", (b"\x93NUMPY",)),
    ("an HDF5 file", (b"\x89HDF\r\n\x1a\n",)),
    ("a SQLite database", (b"SQLite format 3\0",)),
    ("an Avro file", (b"Obj\x01",)),
    ("an ORC file", (b"ORC",)),
    ("a Feather file of version 1", (b"FEA1",)),
    ("a file of an old Office program", (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)),
    ("a 7z archive", (b"7z\xbc\xaf\x27\x1c",)),
    ("a RAR archive", (b"Rar!\x1a\x07",)),
    ("a file of the program compress", (b"\x1f\x9d",)),
    ("a lzip file", (b"LZIP",)),
    ("a PDF document", (b"%PDF-",)),
    ("an image", (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM\x00", b"II*\x00", b"MM\x00*")),
    ("audio or video", (b"OggS", b"ID3", b"fLaC", b"\x1aE\xdf\xa3")),
    ("a program", (b"\x7fELF", b"MZ\x90", b"\xcf\xfa\xed\xfe")),
    ("a web archive", (b"WARC/",)),
    ("YAML", (b"%YAML", b"---\n", b"---\r\n")),
)
_NOT_READ = {".yaml": "YAML", ".yml": "YAML", ".toml": "TOML", ".pkl": "a Python pickle", ".sql": "SQL"}


class RefusedError(Exception):
    """A file of a known kind that is not read; the text says which."""


def known_reader(head: bytes) -> Reader | None:
    """The reader of a binary format that begins like this; None for text and what is unknown."""
    return next((reader for reader in READERS if reader.magic is not None and reader.magic(head)), None)


def sniff(path: Path, name: str = "") -> Reader | None:
    """How a file is read.

    Args:
        path: The file.
        name: Its name, where `path` has another.

    Returns:
        The reader; None where the file is empty.

    Raises:
        OSError: Where it cannot be read.
        RefusedError: Where it is of no format that is read.
    """
    inner = open_bytes(path)
    with io.BufferedReader(inner) as stream:
        head = inner.head(_TEXT_HEAD)
        if (reader := known_reader(head[:HEAD])) is not None:
            return reader
        for what, magics in _REFUSED:
            if head.startswith(magics):
                raise RefusedError(f"it is {what}")
        first, more = _first_line(cast(BinaryIO, stream))
        if not first and inner.error:
            raise OSError(inner.error)
    return _of_text(first, more, head, PurePath(plain_name(name or path.name)).suffix) if first else None


def _of_text(first: bytes, more: bool, head: bytes, ending: str) -> Reader:
    """The reader of a text, by its first line, whether more follows, its head, and the file's ending."""
    separated = ending in BY_NAME["csv"].endings
    if first[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise RefusedError("it is a web page (was it downloaded from the wrong address?)")
    if first.startswith(b"<") and not separated:
        return BY_NAME["xml"]
    if first.startswith((b"{", b"[")) and not (ending in _NOT_READ and _is_other(first)):
        kind = _json_or_lines(first, more)
        return BY_NAME["csv" if separated and not _complete(first) else kind]
    if _is_binary(head):
        raise RefusedError("it is binary data of an unknown kind")
    if separated or (ending not in _NOT_READ and ending not in ENDINGS and _is_separated(head)):
        return BY_NAME["csv"]
    if ending in ENDINGS:
        return BY_NAME["jsonl"]
    raise RefusedError(f"it is {_NOT_READ.get(ending, 'neither JSON, CSV nor XML')}")


def _first_line(stream: BinaryIO) -> tuple[bytes, bool]:
    """The first line that is not blank, and whether anything follows it."""
    first = b""
    while not first and (line := stream.readline(_LONGEST_LINE)):
        first = line.removeprefix(b"\xef\xbb\xbf").strip()
    while line := stream.readline(1 << 16):
        if line.strip():
            return first, True
    return first, False


def _json_or_lines(first: bytes, more: bool) -> str:
    """Tell one JSON text from JSON lines by how its first line ends."""
    if not more:
        return "json"
    if _complete(first):
        return "jsonl"
    # The first line of an indented text stops in the middle; a spoilt line still stops like a record.
    return "json" if first.startswith(b"[") or first.endswith((b"{", b"[", b",", b":")) else "jsonl"


def _complete(line: bytes) -> bool:
    try:
        return bool(loads(line.decode("utf-8", "replace").rstrip(",")))
    except ValueError:
        return False


def _is_other(line: bytes) -> bool:
    """Whether a line begins and ends like JSON and is none: `[table]` of TOML, `{name: 1}` of YAML."""
    return line.endswith((b"]", b"}")) and not _complete(line)


def _is_binary(head: bytes) -> bool:
    """Whether there are more control characters than a slip of the pen."""
    control = sum(byte < 9 or 13 < byte < 27 for byte in head)
    return 100 * control > len(head)


def _is_separated(head: bytes) -> bool:
    """Whether the first lines are records of equally many cells, two or more."""
    lines = head.decode("utf-8", "replace").splitlines()
    lines = lines[:-1] if len(head) == _TEXT_HEAD and len(lines) > 1 else lines
    separator = best_separator(lines[0]) if lines else ","
    try:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=separator) if cells]
    except csv.Error:
        return False
    return len(widths) > 1 and widths[0] > 1 and sum(w == widths[0] for w in widths) >= 0.9 * len(widths)
