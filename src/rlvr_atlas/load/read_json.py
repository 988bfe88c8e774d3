"""Rows of JSON lines, JSON arrays, and the ways in which one JSON object can hold a table."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, count, islice
from pathlib import Path

from rlvr_atlas.load.compression import ByteStream, open_bytes
from rlvr_atlas.load.names import MEDIUM, NAMES, STRONG
from rlvr_atlas.load.rows import TOO_LONG, BadRow, Row, Rows, Value, as_rows, thinned

_CHUNK = 1 << 20
#: How many lines of a file are parsed to learn which fields there are.
_SPREAD = 256
_BETWEEN = re.compile(r"[\s,]*")
_NEXT_OBJECT = re.compile(r"\}\s*,\s*(?=\{)")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_NESTING = re.compile(r'["\\\[\]{}]')
#: Deeper than this is no row of a dataset, and what walks through it would run out of stack.
_DEEPEST = 100
#: What stands for the end of a value that has none: it cannot be read, or goes on behind the buffer.
_INVALID, _INCOMPLETE = -2, -1
#: The longest word of JSON that may be cut in two, and how many places are tried behind a broken record.
_NEAR_END, _MOST_TRIED = 16, 1000
#: So many records of a list tell what it is a list of.
_LOOKED_AT = 64
_MESSAGE_KEYS = {"role", "from"}
# Tabs and line breaks inside strings are common in published files and harmless. The standard library is used
# because it keeps integers of any size and reads NaN, both of which occur as answers.
_DECODER = json.JSONDecoder(strict=False)


def loads(text: str) -> Value:
    """Parse one JSON value.

    Raises:
        ValueError: Where it is not JSON.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if is_deep(text, value):
        raise ValueError("nested too deeply")
    return clean(value) if _SURROGATE_ESCAPE.search(text) else value


def is_deep(text: str, value: Value) -> bool:
    """Whether a value is nested deeper than any row is; most texts have too few brackets for that."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            part
            for outer in level
            for part in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(part, dict | list)
        ]
        if not level:
            return False
    return True


def read_lines(stream: ByteStream) -> Rows:
    """Rows of JSON lines; a line that cannot be read costs that row only."""
    offset = 0
    lines = io.BufferedReader(stream)
    for number in count(1):
        line = lines.readline(TOO_LONG)
        if not line:
            break
        start, offset = offset, offset + len(line)
        if len(line) == TOO_LONG and not line.endswith(b"\n"):
            while (line := lines.readline(_CHUNK)) and not line.endswith(b"\n"):
                offset += len(line)
            offset += len(line)
            yield BadRow("row too long", f"line {number}: more than {TOO_LONG} bytes")
            continue
        content = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if not content:
            continue
        yield from _line(content, f"line {number}", start)
    if stream.error:
        yield BadRow("file truncated", stream.error, whole_file=True)


def spread_lines(path: Path) -> Rows:
    """Rows evenly spread over a file of JSON lines; only these are parsed."""
    with closing(open_bytes(path)) as stream, io.BufferedReader(stream) as lines:
        short = (line.strip() for line in iter(lambda: lines.readline(_CHUNK), b"") if line.endswith(b"\n"))
        for line in thinned((line for line in short if line), _SPREAD):
            yield from _line(line, "", 0)


def _line(content: bytes, place: str, start: int) -> list[Row | BadRow]:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return [BadRow("invalid UTF-8", f"{place}, byte {start + error.start} of the file")]
    try:
        return as_rows(loads(text))
    except ValueError as error:
        try:
            return as_rows(loads(text.rstrip(",")))
        except ValueError:
            return [BadRow("invalid JSON", f"{place}: {error}")]


def read_json(stream: ByteStream) -> Rows:
    """Rows of one JSON text: an array of records, objects one after another, or an object that holds a table.

    An array is read element by element in bounded memory; an object has to be held as a whole.
    """
    text = io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8-sig", errors="surrogateescape")
    start = text.read(_CHUNK)
    in_array = start.lstrip().startswith("[")
    values = _values(text, start, in_array)
    if in_array:
        yield from _each(values)
    else:
        first, second = next(values, None), next(values, None)
        if second is None and isinstance(first, dict):
            yield from _table(first)
        else:
            yield from _each(chain((value for value in (first, second) if value is not None), values))
    if stream.error:
        yield BadRow("file truncated", stream.error, whole_file=True)


def _each(values: Iterator[Value]) -> Rows:
    for value in values:
        yield from [value] if isinstance(value, BadRow) else as_rows(value)


def _values(text: io.TextIOWrapper, buffer: str, in_array: bool) -> Iterator[Value]:
    """The elements of an array, or the values that follow one another; `BadRow` for what cannot be read."""
    at = buffer.index("[") + 1 if in_array else 0
    number, keys = 0, None
    while True:
        at = _end_of(_BETWEEN.match(buffer, at), at)
        if in_array and buffer.startswith("]", at):
            return
        value, end = _decode(buffer, at)
        if end == _INVALID and (behind := _next_like(buffer, at, keys)) < len(buffer):
            yield BadRow("invalid JSON", f"element {number}: {value}")
            at, number = behind, number + 1
            continue
        # Up to the end of the buffer the value may be incomplete: a number may go on, a string may end later.
        if end < 0 or end == len(buffer):
            if len(buffer) - at > TOO_LONG:
                yield BadRow("row too long", f"element {number}: more than {TOO_LONG} characters")
                buffer, at, number = _behind_long(text, buffer[at:]), 0, number + 1
                continue
            held = len(buffer) - at
            if more := text.read(max(_CHUNK, min(held, TOO_LONG - held + _CHUNK))):
                buffer, at = buffer[at:] + more, 0
                continue
        if at == len(buffer):
            if in_array:
                yield BadRow("file truncated", f"the array is not closed after element {number}")
            return
        if end < 0:
            yield BadRow("invalid JSON", f"element {number}: {value}")
            end = _next_like(buffer, at, keys)
        else:
            raw = buffer[at:end]
            yield _checked(value, raw, number)
            keys = value.keys() if isinstance(value, dict) else keys
        at, number = end, number + 1


def _behind_long(text: io.TextIOWrapper, buffer: str) -> str:
    """What follows a value that is not worth holding: the text from behind its last bracket or quote on."""
    depth, quoted, at = 0, False, 0
    while True:
        while found := _NESTING.search(buffer, at):
            sign, at = found[0], found.end()
            if sign == "\\" and quoted:
                at += 1
            elif sign == '"':
                quoted = not quoted
            elif not quoted:
                depth += 1 if sign in "[{" else -1
            if depth <= 0 and not quoted:
                return buffer[at:]
        at = max(0, at - len(buffer))
        buffer = text.read(_CHUNK)
        if not buffer:
            return ""


def _decode(buffer: str, at: int) -> tuple[Value, int]:
    """The value that begins at `at` and where it ends; else a complaint and a negative number."""
    try:
        value, end = _DECODER.raw_decode(buffer, at)
    except RecursionError:
        return "nested too deeply", _INVALID
    except json.JSONDecodeError as error:
        # A string that does not end may end later, and so may what stops at the end of the buffer.
        may_go_on = error.msg.startswith("Unterminated") or error.pos > len(buffer) - _NEAR_END
        return error.msg, _INCOMPLETE if may_go_on else _INVALID
    except ValueError as error:  # a number of thousands of digits
        return str(error).split(":")[0], _INVALID
    return value, end


def _checked(value: Value, raw: str, number: int) -> Value:
    if not raw.isascii():
        try:
            raw.encode()
        except UnicodeEncodeError as error:
            return BadRow("invalid UTF-8", f"element {number}, character {error.start} of it")
    if is_deep(raw, value):
        return BadRow("invalid JSON", f"element {number}: nested too deeply")
    return clean(value) if _SURROGATE_ESCAPE.search(raw) else value


def _next_like(buffer: str, at: int, keys: Value) -> int:
    """Where the next record begins after a broken one: an object with the keys of the last good record."""
    for found in islice(_NEXT_OBJECT.finditer(buffer, at), _MOST_TRIED):
        value, end = _decode(buffer, found.end())
        if end >= 0 and (keys is None or value.keys() == keys):
            return found.end()
    return len(buffer)


def _end_of(match: re.Match[str] | None, default: int) -> int:
    return match.end() if match else default


def _table(value: Row) -> Rows:
    """The rows of one JSON object, by the shapes that table libraries and hand-made files have."""
    parts = list(value.values())
    if _is_problem(value):
        yield value
    elif {"columns", "data"} <= value.keys() and _lists([value["columns"]]) and _lists(value["data"]):
        yield from (dict(zip(value["columns"], cells, strict=False)) for cells in value["data"])
    elif _columns(parts):
        yield from (dict(zip(value, cells, strict=True)) for cells in zip(*parts, strict=True))
    elif listed := {name: part for name, part in value.items() if _records(part)}:
        # One list of records beside some metadata, or one such list per split.
        for name, records in listed.items():
            named = {"split": name} if len(listed) > 1 else {}
            yield from (named | record for record in records)
    elif all(isinstance(part, dict) for part in parts) and parts:
        yield from _table_of_objects(value, parts)
    else:
        yield value


def _table_of_objects(value: Row, parts: list[Row]) -> Rows:
    """{"field": {"0": ...}} as columns, {"id": {"field": ...}} as records."""
    by_position = all(key.isdecimal() for part in parts for key in part)
    if by_position and not all(name.isdecimal() for name in value):
        for position in dict.fromkeys(key for part in parts for key in part):
            yield {name: part.get(position) for name, part in value.items()}
    else:
        yield from parts


def _is_problem(value: Row) -> bool:
    """Whether an object is a row itself: its own text is more like a prompt than those of the lists in it."""
    lists = [part for name, part in value.items() if _records(part) and not NAMES.options.worth(name)[0]]
    inside = max((_prompt_worth(record) for part in lists for record in part[:_LOOKED_AT]), default=0.0)
    own = _prompt_worth(value)
    return own >= MEDIUM and own > inside


def _prompt_worth(row: Row) -> float:
    """What the best name of a text is worth as a prompt's; messages are one."""
    texts = [name for name, part in row.items() if isinstance(part, str) and part.strip()]
    worths = [NAMES.prompt.worth(name)[0] for name in texts]
    return max([*worths, STRONG if any(map(is_chat, row.values())) else 0.0])


def _columns(parts: list[Value]) -> bool:
    """Lists of one length, other than lists of records under the names of splits and one row's messages."""
    return (
        _lists(parts)
        and len({len(part) for part in parts}) == 1
        and not all(_records(part) or is_chat(part) for part in parts)
    )


def _lists(parts: Value) -> bool:
    return isinstance(parts, list) and bool(parts) and all(isinstance(part, list) for part in parts)


def _records(part: Value) -> bool:
    return (
        isinstance(part, list)
        and bool(part)
        and all(isinstance(item, dict) for item in part)
        and not is_chat(part)
    )


def is_chat(part: Value) -> bool:
    """Whether a list is one of messages."""
    return isinstance(part, list) and any(
        isinstance(item, dict) and bool(_MESSAGE_KEYS & item.keys()) for item in part
    )


def clean(value: Value) -> Value:
    """Half of a UTF-16 pair is no character and cannot be stored; it becomes U+FFFD."""
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value
