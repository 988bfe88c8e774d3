"""Which fields hold what a problem is asked of beside its text: images, tables, a database, an environment.

A field is known by its name (`names.toml`, `attachments`) and by what it holds: a struct of bytes and path as
the `datasets` library keeps media, base64, data URLs, links, and typed parts of a message. No rule knows any
dataset. What a text itself holds, such as a table that is printed in it, is not attached to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from rlvr_atlas.load.attached import Element, can_be, digest, ending, kind_of, leaves, media, plain, stub
from rlvr_atlas.load.attachment_constant import tells_apart
from rlvr_atlas.load.attachment_names import ATTACHMENT_NAMES, Named
from rlvr_atlas.load.names import normal, words
from rlvr_atlas.load.opened import as_list, as_struct
from rlvr_atlas.load.paths import Path, get
from rlvr_atlas.load.pictures import looks_of
from rlvr_atlas.load.rows import Row, Value
from rlvr_atlas.load.values import plain_text

_DEEPEST = 3
_LONGEST_ID = 300
#: A longer question is not searched for what is attached to it.
_LONGEST_SEARCHED = 200_000
#: What has so many parts or more is not looked for in a text.
_LEAVES = 1000
#: A question that holds a schema needs no name of a database.
_SCHEMA = re.compile(r"create\s+(?:temp\w*\s+)?table", re.IGNORECASE)
_BLANK = re.compile(r"\s+")
ANSWERING = frozenset(("assistant", "gpt", "model", "bot", "chatgpt", "ai"))


@dataclass(frozen=True)
class Attached:
    """A field with attachments.

    Args:
        kind: Of `schema.attachments.KINDS`.
        path: Where it is.
        form: What its digest is of; empty for media, whose values tell.
        rank: Place among the fields of its kind and form: the first that holds something counts.
        parts: Whether it is a list of messages or typed parts, some of which are attachments.
        shared: Whether it tells no problem of the file from another, so that it is no part of any.
    """

    kind: str
    path: Path
    form: str = ""
    rank: int = 0
    parts: bool = False
    shared: bool = False

    @property
    def part(self) -> str:
        """How it is listed among the parts of a row."""
        return f"shared {self.kind}" if self.shared else self.kind


def find_attachments(
    rows: Sequence[Row], taken: Collection[Path], given: Sequence[Path] | None = None
) -> tuple[Attached, ...]:
    """The fields of some rows that hold attachments.

    Args:
        rows: A sample.
        taken: Fields that are something else.
        given: What a recipe has set; then no other field counts.
    """
    if given is not None:
        return tuple(one for path in given for one in _at(path, rows))
    found: list[Attached] = []
    for path, values in _fields(rows):
        if any(part.path == path[: len(part.path)] for part in found):
            continue  # inside one that counts as a whole
        kinds = dict.fromkeys(kind for value in values for kind, _ in typed_parts(value))
        found += [Attached(kind, path, parts=True) for kind in kinds]
        if not kinds and path not in taken:
            found += filter(None, [_named(path, values) or _medium(path, values)])
    found = _of_problems(found, rows, taken)
    return tuple(sorted(found, key=lambda one: (one.kind, one.form, one.rank)))


def _of_problems(found: Sequence[Attached], rows: Sequence[Row], taken: Collection[Path]) -> list[Attached]:
    """The fields that tell problems apart, and as shared those that describe the file.

    A repository counts beside a commit or a container alone.
    """
    others = [one for one in found if one.form != "repository"]
    kept = [
        replace(one, shared=not tells_apart(one.kind, one.form, rows, taken, partial(_compared, one)))
        for one in others
    ]
    if any(one.form in ("commit", "container") and not one.shared for one in kept):
        kept += [one for one in found if one.form == "repository"]
    return kept


def _compared(one: Attached, row: Row) -> str | None:
    """What a field holds in a row, as a text that is equal for equal content; None for nothing."""
    value = get(row, one.path)
    if value is None or isinstance(value, bool):
        return None
    if one.kind not in ATTACHMENT_NAMES.media:
        return plain(value) or None
    held = [element[1] for element in _elements(value, one)]
    return digest(held) if held else None


def _at(path: Path, rows: Sequence[Row]) -> list[Attached]:
    """What a recipe calls an attachment; a file where nothing tells what it is."""
    values = [value for row in rows if (value := get(row, path)) is not None]
    kinds = dict.fromkeys(kind for value in values for kind, _ in typed_parts(value))
    if kinds:
        return [Attached(kind, path, parts=True) for kind in kinds]
    return [_named(path, values) or _medium(path, values) or Attached("file", path)]


def _fields(rows: Sequence[Row]) -> Iterator[tuple[Path, list[Value]]]:
    """Every field of the rows, and of structs in them, with what is there; a struct before its fields."""
    level: dict[Path, list[Value]] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None:
                level.setdefault((name,), []).append(value)
    for _ in range(_DEEPEST):
        below: dict[Path, list[Value]] = {}
        for path, values in level.items():
            yield path, values
            for value in values:
                for name, part in (as_struct(value) or {}).items():
                    if part is not None:
                        below.setdefault((*path, str(name)), []).append(part)
        level = below


def typed_parts(value: Value, depth: int = 0) -> Iterator[tuple[str, Value]]:
    """The kind and the content of each part that is no text, of messages or of one of them."""
    elements = as_list(value)
    if elements is None or depth > _DEEPEST:
        return
    for part in elements:
        if not isinstance(part, dict) or str(part.get("role", part.get("from"))).lower() in ANSWERING:
            continue
        kind = _part_kind(part)
        if kind and any(can_be(one, kind) for one in media(part)):
            yield kind, {name: inner for name, inner in part.items() if name != "text"}
        elif isinstance(inner := part.get("content", part.get("value")), list):
            yield from typed_parts(inner, depth + 1)


def _part_kind(part: Row) -> str | None:
    """What a typed part is, such as {"type": "image_url", ...}."""
    told = part.get("type")
    if not isinstance(told, str):
        return None
    said = {*words(told), *(f"{word}s" for word in words(told))}
    return next((kind for kind, medium in ATTACHMENT_NAMES.media.items() if said & medium.words), None)


def _named(path: Path, values: Sequence[Value]) -> Attached | None:
    """A field that is an attachment by its whole name."""
    name = normal(str(path[-1]))
    for entry in ATTACHMENT_NAMES.named:
        if name in entry.names and 2 * sum(_fits(entry, value) for value in values) >= len(values):
            return Attached(entry.kind, path, entry.form, entry.names.index(name))
    return None


def _fits(entry: Named, value: Value) -> bool:
    if isinstance(value, bool) or not (value.strip() if isinstance(value, str) else plain(value)):
        return False
    if entry.nested:
        return as_struct(value) is not None or as_list(value) is not None or str(value).lstrip()[:1] == "["
    if entry.looks_like is not None:
        return isinstance(value, str) and entry.looks_like.fullmatch(value.strip()) is not None
    return True


def _medium(path: Path, values: Sequence[Value]) -> Attached | None:
    """A field of images, recordings, videos or files, by its name and by what it holds."""
    name = str(path[-1])
    said = {word for word in words(name) if not word.isdigit()}
    if said & ATTACHMENT_NAMES.about:
        return None
    kind = next((kind for kind, medium in ATTACHMENT_NAMES.media.items() if said & medium.words), None)
    if kind is None:
        return _by_content(path, values)
    rest = said - ATTACHMENT_NAMES.media[kind].words
    if rest and rest <= ATTACHMENT_NAMES.id:
        ids = [value for value in values if _identifier(value)]
        return Attached(kind, path, "id") if 2 * len(ids) >= len(values) else None
    plainly = rest <= ATTACHMENT_NAMES.kept
    held = list(filter(None, (list(media(value)) for value in values)))
    good = sum(any(can_be(one, kind) and (plainly or _is_medium(one, kind)) for one in each) for each in held)
    return Attached(kind, path) if good and 2 * good >= len(held) else None


def _by_content(path: Path, values: Sequence[Value]) -> Attached | None:
    """A field that no name tells: media in the form in which they are kept; documents of one row each."""
    for value in values:
        struct = value[0] if isinstance(value, list) and value else value
        feature = isinstance(struct, dict) and "bytes" in struct and "path" in struct
        inline = isinstance(value, bytes) or (isinstance(value, str) and value.startswith("data:"))
        if feature or inline:
            kinds = [kind for one in media(value) if (kind := kind_of(one))]
            if kinds or feature:
                return Attached(kinds[0] if kinds else "file", path)
    name = normal(str(path[-1]))
    if name in ATTACHMENT_NAMES.loose | ATTACHMENT_NAMES.files:
        texts = [value for value in values if isinstance(value, str) and value.strip()]
        documents = [text for text in texts if ending(text) in _loose_endings()]
        # The file that rows come from is that of many rows; a document may be asked many questions.
        each_another = len(set(texts)) >= 0.9 * len(texts) or name in ATTACHMENT_NAMES.files
        if len(documents) > 1 and 2 * len(documents) >= len(texts) and each_another:
            return Attached("file", path)
    return None


def _loose_endings() -> frozenset[str]:
    others = (medium.endings for kind, medium in ATTACHMENT_NAMES.media.items() if kind != "file")
    return ATTACHMENT_NAMES.documents.union(*others)


def _is_medium(element: Element, kind: str) -> bool:
    form, held = element
    if isinstance(held, bytes):
        return True
    return form == "name" and (held.startswith(("http://", "https://")) or kind_of(element) == kind)


def _identifier(value: Value) -> str | None:
    text = plain_text(value) if not isinstance(value, bool) else None
    if text is None or len(text) > _LONGEST_ID or text.strip().lower() in ATTACHMENT_NAMES.nothing:
        return None
    return text.strip()


# --- of rows ------------------------------------------------------------------------------------------------


def attachments(
    rows: Sequence[Row],
    questions: Sequence[str | None],
    fields: Sequence[Attached],
    count: Callable[[Attached], None],
) -> list[str | None]:
    """The column `attachments` of some rows.

    Args:
        rows: The rows.
        questions: What is asked in each.
        fields: Where attachments are.
        count: Called for each field of each row that holds something.
    """
    if not fields:
        return [None] * len(rows)
    return [_of_row(row, text or "", fields, count) for row, text in zip(rows, questions, strict=True)]


def _of_row(
    row: Row, question: str, fields: Sequence[Attached], count: Callable[[Attached], None]
) -> str | None:
    texts = any(one.kind not in ATTACHMENT_NAMES.media for one in fields)
    searched = _BLANK.sub("", question) if texts and len(question) <= _LONGEST_SEARCHED else ""
    entries: dict[str, str] = {}
    for kind in dict.fromkeys(one.kind for one in fields):
        mine = [one for one in fields if one.kind == kind]
        found = (
            _media(row, mine, count) if kind in ATTACHMENT_NAMES.media else _texts(row, mine, searched, count)
        )
        if kind == "database" and _SCHEMA.search(question):
            continue
        entries |= {f"{kind}.{form}": told for form, told in found.items()}
    return " ".join(f"{form}:{told}" for form, told in sorted(entries.items())) or None


def _media(row: Row, fields: Sequence[Attached], count: Callable[[Attached], None]) -> dict[str, str]:
    """The digest of the content of all fields and its look; of their places or ids where there is none."""
    elements: list[Element] = []
    for one in fields:
        value = get(row, one.path)
        found = list(_elements(value, one))
        if found:
            count(one)
        elements += found
    for form in ("content", "name", "id"):
        if held := [held for known, held in elements if known == form]:
            look = looks_of(held) if _are_looked_at(fields[0], form) else None
            return {form: digest(held)} | ({"look": look} if look else {})
    return {}


def _are_looked_at(one: Attached, form: str) -> bool:
    return one.kind == "image" and form == "content" and not one.shared


def _elements(value: Value, one: Attached) -> Iterable[Element]:
    if one.parts:
        for kind, part in typed_parts(value):
            if kind == one.kind:
                yield from (element for element in media(part) if can_be(element, kind))
    elif one.form == "id":
        if text := _identifier(value):
            yield "id", text
    else:
        yield from (element for element in media(value) if can_be(element, one.kind))


def _texts(
    row: Row, fields: Sequence[Attached], searched: str, count: Callable[[Attached], None]
) -> dict[str, str]:
    """The digest of each form; but of the first one alone where the kind is no environment."""
    found: dict[str, str] = {}
    for one in fields:
        value = get(row, one.path)
        if value is None or isinstance(value, bool) or one.form in found or not (text := plain(value)):
            continue
        count(one)
        if one.form not in _NAMES and _shown(value, searched):
            continue
        if (
            one.kind == "table"
            and isinstance(value, str)
            and ending(value)
            and not _BLANK.search(value.strip())
        ):
            found["name"] = digest([text])
        else:
            found[one.form] = digest([_identity(one, text, value)])
    first = next((form for form in _ORDER if form in found), None)
    return found if first is None or fields[0].kind == "environment" else {first: found[first]}


#: Forms that are names, which may stand in a text by chance.
_NAMES = frozenset(("id", "name", "repository", "container", "commit"))
_ORDER = tuple(dict.fromkeys(("content", *(entry.form for entry in ATTACHMENT_NAMES.named), "name")))


#: The name of a file without folders and ending.
_FILE = re.compile(r"(?:.*[/\\])?([^/\\]+)\.(?:db|sqlite3?|duckdb|sql)", re.IGNORECASE | re.DOTALL)


def _identity(one: Attached, text: str, value: Value) -> str:
    if one.kind == "code":
        return stub(value) if isinstance(value, str) else text
    if one.kind == "database" and one.form == "id" and (file := _FILE.fullmatch(text)):
        text = file[1]  # `databases/shop/shop.sqlite` is the database `shop`, wherever it lies
    return text.casefold() if one.form in _NAMES else text


def _shown(value: Value, searched: str) -> bool:
    """Whether a text holds all of a value, whatever the spaces."""
    if not searched:
        return False
    told = list(
        dict.fromkeys(filter(None, (_BLANK.sub("", leaf) for leaf in islice(leaves(value), _LEAVES))))
    )
    return 0 < len(told) < _LEAVES and all(leaf in searched for leaf in told)
