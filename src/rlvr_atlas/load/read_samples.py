"""Rows of a webdataset: a tar in which the files of one stem are the fields of one row."""

from __future__ import annotations

import tarfile
from functools import cache
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from rlvr_atlas.load.attachment_names import ATTACHMENT_NAMES
from rlvr_atlas.load.compression import ByteStream
from rlvr_atlas.load.read_json import loads
from rlvr_atlas.load.rows import BadRow, Row, Rows, Value

#: A part of a sample that is larger (a film, say) is left out of its row.
_LARGEST = 64 << 20
#: A file with one of these endings holds many rows, not one field.
_TABLES = {"parquet", "arrow", "feather", "jsonl", "ndjson", "csv", "tsv", "xml"}
_TEXTS = {"txt", "text", "md", "cls", "cls2", "index", "id", "caption", "transcript", "label"}


def stem_and_ending(name: str) -> tuple[str, str]:
    """The sample and the field of a member: `a/1.seg.png` is `seg.png` of `a/1`."""
    path = PurePosixPath(name)
    stem, _, ending = path.name.partition(".")
    return (path.parent / stem).as_posix(), ending.lower()


def is_sample_set(names: list[str]) -> bool:
    """Whether the members of a tar are samples: most stems have two files or more, all of other endings."""
    parts = [stem_and_ending(name) for name in names]
    if any(ending.partition(".")[0] in _TABLES for _, ending in parts):
        return False
    endings: dict[str, set[str]] = {}
    for stem, ending in parts:
        endings.setdefault(stem, set()).add(ending)
    several = sum(len(group) > 1 for group in endings.values())
    return len(endings) > 0 and 2 * several > len(endings) and len(set(parts)) == len(parts)


def read_samples(stream: ByteStream) -> Rows:
    """Rows of a webdataset; of a cut one, the samples before the cut."""
    sample: Row = {}
    broken: BadRow | None = None
    try:
        with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|") as archive:
            for member in archive:
                if not member.isfile() or PurePosixPath(member.name).name.startswith("."):
                    continue
                stem, ending = stem_and_ending(member.name)
                if sample and sample["__key__"] != stem:
                    yield broken or sample
                    sample, broken = {}, None
                sample["__key__"] = stem
                if member.size > _LARGEST:
                    continue
                content = archive.extractfile(member)
                value = _value(ending, content.read() if content else b"", member.name)
                broken = value if isinstance(value, BadRow) else broken
                sample[_field(ending, sample)] = value
    except (tarfile.TarError, OSError, EOFError) as error:
        yield BadRow("file truncated", stream.error or str(error), whole_file=True)
        return
    if sample:
        yield broken or sample
    if stream.error:
        yield BadRow("file truncated", stream.error, whole_file=True)


def _field(ending: str, sample: Row) -> str:
    """What a member is called as a field: `answer.txt` is the answer."""
    name, _, kind = ending.rpartition(".")
    plain = name if kind in _TEXTS or kind == "json" else ""
    return plain if plain and plain not in sample else ending or "text"


def _value(ending: str, content: bytes, name: str) -> Value | BadRow:
    kind = ending.rpartition(".")[2]
    if kind not in _TEXTS and kind != "json":
        return content if kind in _media() else _text(content)
    try:
        text = content.decode("utf-8-sig")
        return loads(text) if kind == "json" else text
    except UnicodeDecodeError as error:
        return BadRow("invalid UTF-8", f"{name}, byte {error.start}")
    except ValueError as error:
        return BadRow("invalid JSON", f"{name}: {error}")


@cache
def _media() -> frozenset[str]:
    """The endings of images, recordings and videos, of which a file in text (SVG) stays one of bytes too."""
    kinds = ATTACHMENT_NAMES.media.items()
    return frozenset(ending for kind, medium in kinds if kind != "file" for ending in medium.endings)


def _text(content: bytes) -> Value:
    """A field of an ending of its own (`1.question`, `1.py`), as text where it is one."""
    try:
        return content if b"\0" in content else content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content
