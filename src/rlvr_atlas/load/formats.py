"""Which format a file is in, by its content first and its name second, and its bytes without compression."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, Literal, cast

import pyarrow as pa

from rlvr_atlas.load.read_json import loads

Format = Literal["parquet", "arrow", "json", "jsonl", "csv", "xml", "empty", "unknown"]

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),  # the continuation mark that an Arrow stream begins with
)
_BY_NAME: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
}
#: A first line longer than this is not looked at to its end.
_LONGEST_LINE = 64 << 20


class ByteStream(io.RawIOBase):
    """Bytes of a file without its compression; ends where the file turns out to be broken.

    A cut or corrupt file still holds good rows before the break, so the break reads as the end of the file
    and is kept in `error` for the reader to report.
    """

    def __init__(self, inner: BinaryIO) -> None:
        self._inner = inner
        self.error = ""

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` as far as the file goes."""
        try:
            data = self._inner.read(len(buffer))
        except (EOFError, OSError, zlib.error, pa.ArrowException) as error:
            self.error = str(error) or type(error).__name__
            return 0
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file too."""
        self._inner.close()
        super().close()


def open_bytes(path: Path) -> ByteStream:
    """Open a file, undoing gzip or zstd.

    Raises:
        OSError: Where it cannot be opened.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(_GZIP):
        return ByteStream(cast(BinaryIO, _GzipAsFarAsItGoes(path)))
    if head == _ZSTD:
        return ByteStream(cast(BinaryIO, pa.input_stream(str(path), compression="zstd")))
    return ByteStream(path.open("rb"))


class _GzipAsFarAsItGoes(gzip.GzipFile):
    """`read` gives what one step of decompression gives, so that nothing before a break is lost with it."""

    def read(self, size: int | None = -1) -> bytes:
        return self.read1(-1 if size is None else size)


def sniff(path: Path) -> Format:
    """The format of a file.

    Raises:
        OSError: Where it cannot be read.
    """
    content = open_bytes(path)
    stream = io.BufferedReader(content)
    with stream:
        head = stream.peek(16)[:16]
        for magic, kind in _MAGIC:
            if head.startswith(magic):
                return kind
        first, more = _first_line(cast(BinaryIO, stream))
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    by_name = _BY_NAME.get(Path(name).suffix.lower(), "unknown")
    if not first and content.error:
        raise OSError(content.error)  # cut before its first line
    if not first:
        return "empty"
    if first.startswith(b"<") and by_name != "csv":
        return "xml"
    if first.startswith((b"{", b"[")):
        kind = _json_or_lines(first, more)
        return "csv" if by_name == "csv" and not _complete(first) else kind
    return by_name if by_name != "unknown" or not _looks_separated(first) else "csv"


def _first_line(stream: BinaryIO) -> tuple[bytes, bool]:
    """The first line that is not blank, and whether anything follows it."""
    first = b""
    while not first and (line := stream.readline(_LONGEST_LINE)):
        first = line.removeprefix(b"\xef\xbb\xbf").strip()
    while line := stream.readline(1 << 16):
        if line.strip():
            return first, True
    return first, False


def _json_or_lines(first: bytes, more: bool) -> Format:
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


def _looks_separated(line: bytes) -> bool:
    return any(mark in line for mark in (b",", b"\t", b";", b"|"))
