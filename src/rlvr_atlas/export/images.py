"""The images that a row shows: their bytes in the row, a file beside the data, or an address.

An address stays what it is wherever the row goes. Bytes need a format that holds them, and a file has to be
read now, because its path means nothing in another place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rlvr_atlas.errors import InputError
from rlvr_atlas.load.names import words

_NAMES = frozenset(
    [
        "image",
        "images",
        "img",
        "imgs",
        "picture",
        "pictures",
        "figure",
        "figures",
        "diagram",
        "diagrams",
        "photo",
        "photos",
        "screenshot",
    ]
)
_ENDINGS = frozenset((".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".svg"))
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_AN_ADDRESS = ("http://", "https://", "data:", "s3://", "gs://", "hf://")
#: An image file that is larger is none of a dataset of problems.
_LARGEST = 256 << 20
_DEEPEST = 8


@dataclass(frozen=True)
class Image:
    """An image that a row shows: with its bytes, or else by the path of a file."""

    path: str | None
    content: bytes | None = None


def images_of(row: dict[str, Any]) -> list[Image]:
    """The images of a row in the order of its fields, without those that it names by an address."""
    return list(_inside(row, named=False, depth=0))


def _inside(value: Any, *, named: bool, depth: int) -> Iterator[Image]:  # noqa: ANN401
    if depth > _DEEPEST:
        return
    if isinstance(value, bytes):
        if _is_image(value):
            yield Image(None, value)
    elif isinstance(value, str):
        if named and PurePosixPath(value).suffix.lower() in _ENDINGS and not value.startswith(_AN_ADDRESS):
            yield Image(value)
    elif isinstance(value, list):
        for part in value:
            yield from _inside(part, named=named, depth=depth + 1)
    elif isinstance(value, dict):
        content, path = value.get("bytes"), value.get("path")
        if isinstance(content, bytes) and (named or _is_image(content)):
            yield Image(path if isinstance(path, str) else None, content)
            return
        for name, part in value.items():
            says_so = not _NAMES.isdisjoint(words(str(name))) or value.get("type") == "image"
            yield from _inside(part, named=named or says_so, depth=depth + 1)


def _is_image(content: bytes) -> bool:
    return content.startswith(_MAGIC) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


def with_content(image: Image, file: Path, where: str) -> Image:
    """The image with its bytes.

    Args:
        image: As `images_of` gives it.
        file: The file that the row is from. Paths start from its folder, or the one above.
        where: How errors name the row.

    Raises:
        InputError: If there is no such file, or it lies elsewhere: a row must not choose what is read.
    """
    if image.content is not None or image.path is None:
        return image
    for folder in (file.parent, file.parent.parent):
        try:
            found = (folder / image.path).resolve()
            if (
                found.is_relative_to(folder.resolve())
                and found.is_file()
                and found.stat().st_size <= _LARGEST
            ):
                return Image(image.path, found.read_bytes())
        except (OSError, ValueError):  # a name too long, a null in it, a file that may not be read
            continue
    what = f"its image {image.path[:200]!r} is not beside the data, and would be lost"
    fix = f"put the image files where the paths lead to from {file.parent}, or use --without-original"
    raise InputError(what, where=where, fix=fix)
