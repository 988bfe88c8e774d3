"""The images that a problem is asked of: their bytes in the row, a file beside the data, or an address.

They are where they were found when the dataset was read, or where its recipe says. In a file in which nothing
was found (one image for all rows tells no problem from another, but is shown with each) names tell, as they
tell the loader, so that a picture of the solution is not shown with the problem. An
address stays what it is wherever the row goes. Bytes need a format that holds them, and a file has to be read
now, because its path means nothing in another place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlvr_atlas.errors import InputError
from rlvr_atlas.load.attached import ending, kind_of, media
from rlvr_atlas.load.attachment_names import ATTACHMENT_NAMES
from rlvr_atlas.load.attachments import ANSWERING, typed_parts
from rlvr_atlas.load.names import NAMES, words
from rlvr_atlas.load.opened import as_list, literal
from rlvr_atlas.load.paths import Path as Steps
from rlvr_atlas.load.paths import get, write

_MEDIUM = ATTACHMENT_NAMES.media["image"]
#: A field with one of these words holds the answer, or what a model has said.
_ANSWERS = frozenset(
    {"answers", "target", "generated", "prediction", "predicted"}
    | NAMES.sure
    | NAMES.answer.inside
    | NAMES.solution.inside
    | NAMES.solution.ranks.keys()
)
_AN_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|data:", re.IGNORECASE)
_AN_IMAGE_URL = re.compile(r"data:image/", re.IGNORECASE)
#: What tells a message or a part of one from other structs.
_TYPED = frozenset(("role", "from", "type"))
#: Base64 that is shorter holds no image.
_SHORTEST = 64
#: An image file that is larger is none of a dataset of problems.
_LARGEST = 256 << 20
_DEEPEST = 8

#: The names of the structs and of the field that a value is in.
_Field = tuple[str, ...]


@dataclass(frozen=True)
class Image:
    """An image that a row shows: with its bytes, or else by the path of a file."""

    path: str | None
    content: bytes | None = None


def images_of(row: dict[str, Any], given: Sequence[Steps] | None = None) -> list[Image]:
    """The images that a problem is asked of, in the order of the fields of its row.

    Left out are those of answers, solutions and assistant turns, those that are named by an address, a
    content that an earlier field has, and paths beside fields that hold the bytes of images.

    Args:
        row: As its file has it.
        given: The fields that hold them; None where these are not known, and names tell.
    """
    if given is None:
        found = list(_inside(row, (), named=False))
    else:
        found = [
            pair
            for at in given
            for value in _at(row, at)
            for pair in _inside(value, (write(at),), named=True)
        ]
    holding = {field for field, image in found if image.content is not None}
    first: dict[bytes, _Field] = {}
    shown = []
    for field, image in found:
        if image.content is not None:
            if first.setdefault(image.content, field) == field:
                shown.append(image)
        elif not holding or field in holding:
            shown.append(image)
    return shown


def _at(row: dict[str, Any], at: Steps) -> list[Any]:
    """What stands at a field: of messages and typed parts those that are images, and no text."""
    value = get(row, at)
    parts = as_list(value)
    if parts and all(isinstance(part, dict) and not _TYPED.isdisjoint(part) for part in parts):
        return [part for kind, part in typed_parts(parts) if kind == "image"]
    return [value]


def _inside(value: Any, field: _Field, *, named: bool, depth: int = 0) -> Iterator[tuple[_Field, Image]]:  # noqa: ANN401
    if depth > _DEEPEST:
        return
    if isinstance(value, bytes):
        if _is_image(value, named=named):
            yield field, Image(None, value)
    elif isinstance(value, str):
        yield from _of_text(value, field, named=named, depth=depth)
    elif isinstance(value, list):
        for part in value:
            yield from _inside(part, field, named=named, depth=depth + 1)
    elif isinstance(value, dict) and str(value.get("role", value.get("from"))).lower() not in ANSWERING:
        turns = as_list(value)
        if turns is not None:
            yield from _inside(turns, field, named=named, depth=depth + 1)
        else:
            yield from _of_struct(value, field, named=named, depth=depth)


def _of_struct(
    value: dict[str, Any], field: _Field, *, named: bool, depth: int
) -> Iterator[tuple[_Field, Image]]:
    if "bytes" in value:
        path = value.get("path")
        content = _content(value["bytes"])
        if content and _is_image(content, named=named):
            yield field, Image(path if isinstance(path, str) else None, content)
            return
        if not content and isinstance(path, str):
            yield from _of_text(path, field, named=named, depth=depth)
            return
    named = named or _says_image(value.get("type"))
    for name, part in value.items():
        said = set(words(str(name)))
        if not _is_left_out(said):
            here = named or not said.isdisjoint(_MEDIUM.words)
            yield from _inside(part, (*field, str(name)), named=here, depth=depth + 1)


def _says_image(type_: Any) -> bool:  # noqa: ANN401
    return isinstance(type_, str) and not _MEDIUM.words.isdisjoint(words(type_))


def _is_left_out(said: set[str]) -> bool:
    """Whether a field of this name tells of an image only, or is of the answer."""
    if said & _MEDIUM.words and said & ATTACHMENT_NAMES.about:
        return True
    return bool(said & _ANSWERS) and not any(NAMES.options.worth(word)[0] for word in said)


def _of_text(text: str, field: _Field, *, named: bool, depth: int) -> Iterator[tuple[_Field, Image]]:
    """Of a path, base64, a data URL, or the JSON text of such."""
    text = text.strip()
    if text[:1] in ("[", "{"):
        value = literal(text) if named or '"bytes"' in text or "image" in text else None
        if isinstance(value, list | dict):
            yield from _inside(value, field, named=named, depth=depth + 1)
    elif text[:5].lower() == "data:" or (named and len(text) >= _SHORTEST):
        content = _content(text)
        if content and _is_image(content, named=_AN_IMAGE_URL.match(text) is not None):
            yield field, Image(None, content)
            return
    if named and ending(text) in _MEDIUM.endings and not _AN_ADDRESS.match(text):
        yield field, Image(text)


def _content(held: Any) -> bytes | None:  # noqa: ANN401
    """What stands where bytes are expected, decoded; None where it is something else."""
    if isinstance(held, bytes):
        return held
    if not isinstance(held, str):
        return None
    return next((part for _, part in media({"bytes": held}) if isinstance(part, bytes)), None)


def _is_image(content: bytes, *, named: bool) -> bool:
    """Whether bytes are an image; where the name says so, also in a format that is not known here."""
    kind = kind_of(("content", content))
    return kind == "image" or (named and bool(content) and kind not in ("audio", "file"))


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
