"""What is attached to a problem, as digests: content where it is in the row, else the place where it is.

Equal content gives equal digests however it is stored: bytes, base64 and data URLs are one, and so are a
struct and the JSON text of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Iterator

from rlvr_atlas.load.attachment_names import ATTACHMENT_NAMES
from rlvr_atlas.load.names import normal
from rlvr_atlas.load.opened import literal, opened
from rlvr_atlas.load.rows import Value

#: One thing that is attached: what is known of it (content, name or id), and that itself.
Element = tuple[str, bytes | str]

_DEEPEST = 6
_DATA_URL = re.compile(r"data:(?P<mime>[\w.+-]+/[\w.+-]+)?[^,]{0,200}?(?P<base64>;base64)?,", re.ASCII)
#: How PNG, JPEG, GIF, RIFF (WebP, WAV), BMP, PDF, zip, Ogg, MP3, MP4 and FLAC begin in base64.
_BASE64 = re.compile(
    r"(?:iVBORw0KGgo|/9j/|R0lGOD|UklGR|Qk[0-3]|JVBERi|UEsDB|T2dnUw|SUQz|//[uv]|AAAA[GI]GZ0eX|ZkxhQw)"
    r"[\w+/\s=-]*"
)
_MAGIC = (
    (b"\x89PNG", "image"), (b"\xff\xd8\xff", "image"), (b"GIF8", "image"), (b"II*\x00", "image"),
    (b"MM\x00*", "image"), (b"BM", "image"), (b"ID3", "audio"), (b"OggS", "audio"), (b"fLaC", "audio"),
    (b"\x1aE\xdf\xa3", "video"), (b"%PDF", "file"), (b"PK\x03\x04", "file"),
)  # fmt: skip
_RIFF = {b"WEBP": "image", b"WAVE": "audio", b"AVI ": "video"}
#: Numbers that are so many are pixels or samples.
_MANY = 16
_BLANK = re.compile(r"\s+")


def digest(parts: Iterable[bytes | str]) -> str:
    """16 hex digits over some contents in order, each of them once."""
    each = dict.fromkeys(hashlib.blake2b(_bytes(part), digest_size=16).digest() for part in parts)
    return hashlib.blake2b(b"".join(each), digest_size=8).hexdigest()


def _bytes(part: bytes | str) -> bytes:
    return part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")


def media(value: Value, depth: int = 0) -> Iterator[Element]:
    """The images, recordings or files that a value holds or names, in order."""
    if isinstance(value, bytes):
        if value:
            yield "content", value
    elif isinstance(value, str):
        yield from _of_text(value)
    elif isinstance(value, list) and depth < _DEEPEST:
        if _are_numbers(value):
            yield "content", json.dumps(value).encode()
        else:
            for part in value:
                yield from media(part, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        yield from _of_struct(value, depth + 1)


def _are_numbers(value: Value) -> bool:
    """Whether a list is an array of many numbers, such as pixels."""
    count = 1
    while isinstance(value, list) and value:
        count *= len(value)
        value = value[0]
    return count >= _MANY and isinstance(value, int | float) and not isinstance(value, bool)


def _of_struct(value: dict[str, Value], depth: int) -> Iterator[Element]:
    """The content of a struct; where it has none, the place that it names."""
    inside = {normal(str(name)): part for name, part in value.items() if part is not None}
    for name in ATTACHMENT_NAMES.content:
        if name in inside:
            found = [_as_content(element) for element in media(inside[name], depth)]
            if found:
                yield from found
                return
    told = {name: part for name, part in inside.items() if name not in ATTACHMENT_NAMES.ignored}
    everything = [element for part in told.values() for element in media(part, depth)]
    if held := [element for element in everything if isinstance(element[1], bytes)]:
        yield from held
    elif any("." in str(name) for name in value):  # files by their names
        yield "content", plain(value)
    else:
        places = [list(media(told[name], depth)) for name in ATTACHMENT_NAMES.place if name in told]
        yield from next(filter(None, places), everything)


def _as_content(element: Element) -> Element:
    """What stands where the content is expected; base64 may begin with anything there."""
    form, held = element
    if form == "content" or not isinstance(held, str):
        return element
    decoded = _decoded(held) if len(held) >= _MANY else None
    return "content", held if decoded is None else decoded


def _of_text(text: str) -> Iterator[Element]:
    text = text.strip()
    if text.lower() in ATTACHMENT_NAMES.nothing:
        return
    url = _DATA_URL.match(text)
    if url:
        held = text[url.end() :]
        decoded = _decoded(held) if url["base64"] else None
        yield "content", _bytes(held) if decoded is None else decoded
    elif _BASE64.fullmatch(text) and len(text) >= _MANY and (decoded := _decoded(text)) is not None:
        yield "content", decoded
    elif text.startswith(("[", "{")) and isinstance(value := literal(text), list | dict):
        yield from media(value, 1)
    elif _BLANK.search(text) and not text.startswith(("http://", "https://")) and ending(text) is None:
        yield "content", text
    else:
        yield "name", text.replace("\\", "/").removeprefix("file://").removeprefix("./")


def _decoded(text: str) -> bytes | None:
    compact = _BLANK.sub("", text).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def ending(text: str) -> str | None:
    """The ending of a path or a link, lower case; None where the text is no such thing."""
    found = re.fullmatch(r"[^\n?#]{1,500}\.(\w{1,8})(?:[?#]\S*)?", text.strip())
    return found[1].lower() if found else None


def kind_of(element: Element) -> str | None:
    """What kind of medium something is, by its first bytes or its ending; None where neither tells."""
    held = element[1]
    if isinstance(held, bytes):
        if held[:4] == b"RIFF":
            return _RIFF.get(held[8:12])
        if held[4:8] == b"ftyp":
            return "video"
        return next((kind for begin, kind in _MAGIC if held.startswith(begin)), None)
    suffix = ending(held) if element[0] == "name" else None
    return next((kind for kind, medium in ATTACHMENT_NAMES.media.items() if suffix in medium.endings), None)


#: How a picture that is drawn by code is told: SVG, Asymptote, TikZ, matplotlib.
_DRAWN = re.compile(
    r"<svg|<\?xml|\[asy\]|\\begin\s*\{(?:tikz|asy|picture|pspicture)|\\draw\b|\b(?:draw|fill)\s*\(|\bplt\."
)
_LINK = re.compile(r"[a-zA-Z][\w+.-]*://\S+")
#: A name without an ending that is shorter is a number or a label: "3", "left".
_SHORTEST_NAME = 8


def can_be(element: Element, kind: str) -> bool:
    """Whether something can stand for a medium of a kind: a sentence or a label is no image."""
    held = element[1]
    if kind not in ATTACHMENT_NAMES.media or kind == "file" or isinstance(held, bytes):
        return True
    if _LINK.match(held) or _ends_as_a_medium(held):
        return True
    if _BLANK.search(held):
        return held.startswith("{") or _DRAWN.search(held) is not None
    return len(held) >= _SHORTEST_NAME and re.search(r"[\d/]", held) is not None


def _ends_as_a_medium(text: str) -> bool:
    suffix = ending(text)
    return any(suffix in medium.endings for medium in ATTACHMENT_NAMES.media.values())


def plain(value: Value) -> str:
    """A value as one text, whatever the order of its fields; empty where it holds nothing."""
    if isinstance(value, str):
        if value.strip().lower() in ATTACHMENT_NAMES.nothing:
            return ""
        inner = opened(value)
        if inner is None and value.lstrip().startswith("["):
            inner = literal(value)
        if inner is None:
            return _BLANK.sub(" ", value).strip()
        value = inner
    value = _pruned(value)
    if value is None:
        return ""
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    )


def _pruned(value: Value) -> Value:
    """Without what is null or empty: Arrow gives every struct the fields of all others."""
    if isinstance(value, bytes):
        return digest([value]) if value else None
    if isinstance(value, dict):
        kept = {str(name): part for name, item in value.items() if (part := _pruned(item)) is not None}
        return kept or None
    if isinstance(value, list):
        return [part for item in value if (part := _pruned(item)) is not None] or None
    return None if value == "" else value


def leaves(value: Value) -> Iterator[str]:
    """Every text and number inside a value."""
    if isinstance(value, str) and (inner := opened(value)) is not None:
        value = inner
    if isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield str(value)


_DEFINED = re.compile(r"\b(?:def|class|function|func|fn|fun|interface|struct)\s+(\w+)")
_DOCUMENTED = re.compile(r'("""|\'\'\')(.*?)\1', re.DOTALL)
_WRAPPERS = frozenset(("solution", "main"))


def stub(text: str) -> str:
    """Starter code by what it defines and documents, so that its layout and its types do not count."""
    defined = {name.lower().replace("_", "") for name in _DEFINED.findall(text)} - _WRAPPERS
    told = [_BLANK.sub(" ", found[1]).strip() for found in _DOCUMENTED.findall(text)]
    return json.dumps([sorted(defined), told]) if defined else plain(text)
