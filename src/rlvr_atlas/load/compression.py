"""The bytes of a file without its compression and in UTF-8, with a limit on how far they may grow."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

#: A file may be compressed again: so many layers are undone.
_LAYERS = 4
#: Data may be so many times the size of its file, or so many bytes, whichever is more. Published text is 3 to
#: 30 times its compressed size; what grows further was made to fill the memory or the disk.
MOST_GROWTH, _ALWAYS_FINE = 200, 128 << 20
_BROKEN = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, pa.ArrowException)
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Without a mark: which byte of how many is the one that is not zero, in text that begins in Latin.
_ZEROS = (("utf-32-le", 0, 4), ("utf-32-be", 3, 4), ("utf-16-le", 0, 2), ("utf-16-be", 1, 2))


@dataclass(frozen=True)
class Compression:
    """One way to compress a file.

    Args:
        name: What it is called.
        magic: What such a file begins with.
        endings: What its name ends with; these are taken off before the format is looked up.
        undo: From compressed bytes to the bytes inside.
    """

    name: str
    magic: re.Pattern[bytes]
    endings: tuple[str, ...]
    undo: Callable[[BinaryIO], BinaryIO]


def _arrow(name: str) -> Callable[[BinaryIO], BinaryIO]:
    return lambda file: cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(file, "r"), name))


def _gzip(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=file))


def _bzip2(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, bz2.BZ2File(file))


def _xz(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, lzma.LZMAFile(file))


#: Every compression that is undone.
COMPRESSIONS = (
    Compression("gzip", re.compile(rb"\x1f\x8b\x08"), (".gz", ".gzip"), _gzip),
    Compression("bzip2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), (".bz2",), _bzip2),
    Compression("xz", re.compile(rb"\xfd7zXZ\x00"), (".xz",), _xz),
    Compression("zstd", re.compile(rb"\x28\xb5\x2f\xfd"), (".zst", ".zstd"), _arrow("zstd")),
    Compression("lz4", re.compile(rb"\x04\x22\x4d\x18"), (".lz4",), _arrow("lz4")),
)
ENDINGS = tuple(ending for compression in COMPRESSIONS for ending in compression.endings)


def plain_name(name: str) -> str:
    """A file name in lower case without the endings of compressions."""
    name = name.lower()
    while any(name.endswith(ending) for ending in ENDINGS):
        name = name.rpartition(".")[0]
    return name


class GrowthError(OSError):
    """Data is so many times larger than its file that the file was made to fill the memory."""

    def __init__(self) -> None:
        super().__init__(f"it grows to more than {MOST_GROWTH} times its size when it is decompressed")


class Allowance:
    """How many bytes a file may still give.

    Args:
        size: Of the file, in bytes.
    """

    def __init__(self, size: int) -> None:
        self._left = max(_ALWAYS_FINE, MOST_GROWTH * size)

    def spend(self, size: int) -> None:
        """Count bytes.

        Raises:
            GrowthError: Where there are more than there may be.
        """
        self._left -= size
        if self._left < 0:
            raise GrowthError


class ByteStream(io.RawIOBase):
    """Bytes of a file as UTF-8 without its compression; ends where the file turns out to be broken.

    A cut or corrupt file still holds good rows before the break, so the break reads as the end of the file
    and is kept in `error` for the reader to report.

    Args:
        inner: Where the bytes come from.
        layers: How many compressions were undone.
        allowance: How many bytes there may be; no limit where None.
    """

    def __init__(self, inner: BinaryIO, layers: int = 0, allowance: Allowance | None = None) -> None:
        self._inner = inner
        # One step of decompression at a time, so that nothing before a break is lost with it.
        self._step: Callable[[int], bytes] = getattr(inner, "read1", inner.read)
        self._ahead = b""
        self._broken: Exception | None = None
        self._allowance = allowance
        self.layers = layers
        self.error = ""

    def readable(self) -> bool:
        """Always true."""
        return True

    def head(self, size: int) -> bytes:
        """The next bytes, which are read again afterwards."""
        while len(self._ahead) < size and self._broken is None:
            try:
                more = self._step(size)
            except _BROKEN as error:
                self._broken = error
                break
            if not more:
                break
            self._ahead += more
        return self._ahead[:size]

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` as far as the file goes."""
        if self.error:
            return 0  # behind the break a decompressor may give zeros for ever
        try:
            data = self._next(len(buffer))
            if self._allowance is not None:
                self._allowance.spend(len(data))
        except _BROKEN as error:
            self.error = str(error) or type(error).__name__
            return 0
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        """About so many bytes; what a step gives beyond them waits for the next call."""
        if not self._ahead:
            if self._broken is not None:
                raise self._broken
            self._ahead = self._step(size) or b""
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data

    def close(self) -> None:
        """Close the file too."""
        self._inner.close()
        super().close()


class _Strict(ByteStream):
    """The layers inside another: a break goes up to the layer that is read."""

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Recoded:
    """UTF-16 or UTF-32 as UTF-8."""

    def __init__(self, inner: ByteStream, encoding: str) -> None:
        self._inner = inner
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._ended = False

    def read(self, size: int) -> bytes:
        """At least one byte, and about as many as are asked for; none at the end."""
        text = ""
        while not text and not self._ended:
            data = self._inner.read(size)
            self._ended = not data
            text = self._decoder.decode(data or b"", final=self._ended)
        # A character may take more bytes than there is room for: what is left over waits in `ByteStream`.
        return text.encode("utf-8", "replace")

    def close(self) -> None:
        self._inner.close()


def open_bytes(path: Path) -> ByteStream:
    """Open a file, undoing its compressions and turning UTF-16 and UTF-32 into UTF-8.

    Raises:
        OSError: Where it cannot be opened.
    """
    allowance = Allowance(path.stat().st_size)
    source, layers = _Strict(cast(BinaryIO, path.open("rb"))), 0
    while (found := _compression(source.head(10))) is not None:
        if layers == _LAYERS:
            raise OSError(f"it is compressed more than {_LAYERS} times")
        source, layers = _Strict(found.undo(cast(BinaryIO, source))), layers + 1
    encoding = _wide_encoding(source.head(64))
    inner = _Recoded(source, encoding) if encoding else source
    return ByteStream(cast(BinaryIO, inner), layers, allowance if layers else None)


def _compression(head: bytes) -> Compression | None:
    return next((one for one in COMPRESSIONS if one.magic.match(head)), None)


def _wide_encoding(head: bytes) -> str | None:
    """The encoding of text that takes two or four bytes a character, by its mark or by its zeros."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    for encoding, place, width in _ZEROS:
        whole = head[: len(head) - len(head) % width]
        texts = whole[place::width]
        zeros = [byte for at, byte in enumerate(whole) if at % width != place]
        if len(whole) >= 16 and not any(zeros) and all(byte >= 9 for byte in texts):
            return encoding
    return None
