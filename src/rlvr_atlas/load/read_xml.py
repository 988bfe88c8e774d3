"""Rows of an XML file: the repeated element whose children are fields."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.parsers import expat

from rlvr_atlas.load.rows import BadRow, Row, Rows, Value

if TYPE_CHECKING:
    from rlvr_atlas.load.compression import ByteStream


_DEEPEST = 100
#: In which encoding a file says that it is, near its beginning.
_DECLARATION = 200
_DECLARED = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]{0,99}?encoding=[\"']([\w.-]{1,40})[\"']", re.IGNORECASE)
#: What is in one of these is in UTF-8 by now, whatever the first line still says.
_WIDE = re.compile(r"utf[-_]?(?:8|16|32)(?:[-_]?[lb]e)?|ucs[-_]?[24]|iso-10646.*", re.IGNORECASE)


class _EntityRefusedError(Exception):
    """The file declares entities of its own, which can be made to fill the memory or to read other files."""


class _TooDeepError(Exception):
    """An element is nested deeper than any record is."""


def read_xml(stream: ByteStream) -> Rows:
    """Rows of an XML file, which is held as a whole; of a cut one, the records before the cut."""
    try:
        root, complaint = _parse(_in_utf8(stream))
    except (LookupError, ValueError) as error:
        yield BadRow("file unreadable", f"not in the encoding that it declares: {error}", whole_file=True)
        return
    except _EntityRefusedError:
        yield BadRow("file unreadable", "XML with entity declarations is not read", whole_file=True)
        return
    if root is None:
        yield BadRow("file unreadable", complaint, whole_file=True)
        return
    tag = _record_tag(root)
    records = [element for element in root.iter() if element.tag == tag] if tag else []
    # The break went through the last record; what it still holds may be half a sentence.
    for number, element in enumerate(records[:-1] if complaint else records):
        try:
            yield _record(element)
        except _TooDeepError:
            yield BadRow("row unreadable", f"record {number}: nested too deeply")
    if complaint:
        yield BadRow("file truncated", stream.error or complaint)


def _in_utf8(stream: ByteStream) -> io.BufferedIOBase:
    """The bytes of the file in UTF-8.

    Raises:
        LookupError: Where it declares an encoding that is none.
        ValueError: Where it is in another one than it declares.
    """
    declared = _DECLARED.match(stream.head(_DECLARATION))
    source = io.BufferedReader(stream)
    encoding = declared[1].decode() if declared else "utf-8"
    return source if _WIDE.fullmatch(encoding) else io.BytesIO(source.read().decode(encoding).encode())


def _parse(source: io.BufferedIOBase) -> tuple[ElementTree.Element | None, str]:
    """The tree as far as the file goes, and what was wrong with the rest."""
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    unclosed: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        unclosed.append(tag)
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        unclosed.pop()
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise _EntityRefusedError

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    try:
        parser.ParseFile(source)
    except expat.ExpatError as error:
        if not unclosed:
            return None, str(error)
        for tag in reversed(unclosed):
            builder.end(tag)
        return builder.close(), str(error)
    return builder.close(), ""


def _record_tag(root: ElementTree.Element) -> str | None:
    """The tag that has fields (several kinds of child with text, else attributes, else one kind of child).

    Among several such tags it is one that repeats, and then the one nearest the root.
    """
    depths: tuple[dict[str, int], ...] = ({}, {}, {})
    counts: Counter[str] = Counter()
    for depth, element in _with_depth(root):
        counts[element.tag] += 1
        fields = len({child.tag for child in element if not len(child) and child.text})
        if fields >= 2:
            depths[0].setdefault(element.tag, depth)
        elif len(element.attrib) >= 2 and not len(element):
            depths[1].setdefault(element.tag, depth)
        elif fields:
            depths[2].setdefault(element.tag, depth)
    for found in depths:
        if found:
            return min(found, key=lambda tag: (counts[tag] < 2, found[tag]))
    return None


def _with_depth(root: ElementTree.Element) -> Iterator[tuple[int, ElementTree.Element]]:
    waiting = [(0, root)]
    while waiting:
        depth, element = waiting.pop()
        yield depth, element
        waiting.extend((depth + 1, child) for child in reversed(element))


def _record(element: ElementTree.Element, depth: int = 0) -> Row:
    """Attributes and children of an element; a repeated child is a list."""
    if depth > _DEEPEST:
        raise _TooDeepError
    row: Row = dict(element.attrib)
    own = (element.text or "").strip()
    if own:
        row["text"] = own
    children: dict[str, list[Value]] = {}
    for child in element:
        nested = len(child) or (child.attrib and not child.text)
        children.setdefault(child.tag, []).append(
            _record(child, depth + 1) if nested else (child.text or "").strip() or None
        )
    return row | {tag: values[0] if len(values) == 1 else values for tag, values in children.items()}
