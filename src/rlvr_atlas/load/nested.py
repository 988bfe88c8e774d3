"""Rows that hold several problems: a list of questions inside a row becomes a row for each of them.

Such a row is a document, a paragraph or an exam, in which the questions are structs (`paragraphs[].qas[]`) or
lists side by side (`questions`, `answers`). What stands around a question, such as its passage, goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rlvr_atlas.load.names import NAMES, STRONG, normal
from rlvr_atlas.load.opened import as_list, as_struct, opened, side_by_side
from rlvr_atlas.load.read_json import is_chat
from rlvr_atlas.load.rows import BadRow, Row, Rows, Value
from rlvr_atlas.load.values import prompt_text

_DEEPEST, _LOOKED_AT, _MOST_EACH = 4, 64, 200
#: A problem has so many characters at least, more or less.
_SHORT = 12


@dataclass(frozen=True)
class Nested:
    """Where the problems of a row are.

    Args:
        path: The lists of structs from the outermost to the one that holds problems.
        parallel: Or the lists side by side, the one of the questions first.
    """

    path: tuple[str, ...] = ()
    parallel: tuple[str, ...] = ()

    @property
    def roots(self) -> tuple[str, ...]:
        """The columns that are needed."""
        return self.path[:1] or self.parallel


def find_nested(rows: Sequence[Row]) -> Nested | None:
    """Where rows hold several problems each; None where each row is one problem, or none."""
    step = max(1, len(rows) // _LOOKED_AT)
    looked = rows[::step][:_LOOKED_AT]
    if not looked or _has_problem(looked):
        return None
    return _of_structs(looked) or _of_lists(looked)


def _of_structs(rows: Sequence[Row]) -> Nested | None:
    level: dict[tuple[str, ...], list[Row]] = {(): list(rows)}
    for _ in range(_DEEPEST):
        below: dict[tuple[str, ...], list[Row]] = {}
        for path, records in level.items():
            for record in records:
                for name, value in record.items():
                    if inner := _records(value):
                        below.setdefault((*path, name), []).extend(inner[:_MOST_EACH])
        for path, records in below.items():
            if 2 * len(records) >= 3 * len(rows) and _has_problem(records):
                return Nested(path=path)
        level = below
    return None


def _of_lists(rows: Sequence[Row]) -> Nested | None:
    for name in dict.fromkeys(name for row in rows for name in row):
        lists = [row[name] for row in rows if isinstance(row.get(name), list)]
        many = [texts for texts in lists if len(texts) > 1 and all(map(prompt_text, texts))]
        if not _is_plural(name) or 2 * len(many) < len(rows):
            continue
        if not _are_problems([text for texts in many for text in texts[:_MOST_EACH]]):
            continue
        beside = [
            other
            for other in dict.fromkeys(other for row in rows for other in row)
            if other != name and all(_as_long(row, other, name) for row in rows)
        ]
        return Nested(parallel=(name, *beside))
    return None


def _as_long(row: Row, name: str, other: str) -> bool:
    ours, theirs = row.get(name), row.get(other)
    return not isinstance(theirs, list) or (isinstance(ours, list) and len(ours) == len(theirs))


def _is_plural(name: str) -> bool:
    return normal(name).endswith("s") and NAMES.prompt.worth(normal(name)[:-1])[0] >= STRONG


def _records(value: Value) -> list[Row] | None:
    """A list of structs that are no messages, in any of its forms."""
    if isinstance(value, str):
        value = opened(value)
    if isinstance(value, dict) and not is_chat([value]):
        value = side_by_side(value)
    if not isinstance(value, list) or not value or not all(isinstance(part, dict) for part in value):
        return None
    return None if is_chat(value) else value


def _has_problem(rows: Sequence[Row]) -> bool:
    """Whether a field of these rows has the name of a problem and holds texts, or messages."""
    for name in dict.fromkeys(name for row in rows for name in row):
        if NAMES.prompt.worth(name)[0] < STRONG and not any(is_chat(as_list(row.get(name))) for row in rows):
            continue
        values = [row[name] for row in rows if row.get(name) is not None]
        texts = [text for value in values if (text := prompt_text(value)) is not None]
        structs = sum(as_struct(value) is not None or is_chat(as_list(value)) for value in values)
        if 2 * structs >= len(rows) or (2 * len(texts) >= len(rows) and _are_problems(texts)):
            return True
    return False


def _are_problems(texts: Sequence[str]) -> bool:
    """Whether most texts are more than a word, and they differ."""
    long = sum(len(text) >= _SHORT or sum(c > "\u2e80" for c in text) >= 4 for text in texts)
    return 2 * long >= len(texts) > 0 and len(set(texts)) >= 0.3 * len(texts)


def flattened(rows: Iterable[Row | BadRow], nested: Nested) -> Rows:
    """A row for each problem; a row that holds none stays as it is."""
    for row in rows:
        if isinstance(row, BadRow):
            yield row
        elif nested.parallel:
            yield from _split(row, nested.parallel)
        else:
            yield from _walk(row, nested.path)


def _walk(row: Row, path: Sequence[str]) -> Iterator[Row]:
    inner = _records(row.get(path[0])) if path else None
    if inner is None:
        yield row
        return
    around = {name: value for name, value in row.items() if name != path[0]}
    for record in inner:
        yield from _walk(around | record, path[1:])


def _split(row: Row, names: Sequence[str]) -> Iterator[Row]:
    texts = row.get(names[0])
    if not isinstance(texts, list) or not texts:
        yield row
        return
    around = {name: value for name, value in row.items() if name not in names}
    singular = [name[:-1] if name[-1:] in "sS" and name[:-1] not in row else name for name in names]
    for at in range(len(texts)):
        cells = (row[name][at] if isinstance(row.get(name), list) else row.get(name) for name in names)
        yield around | dict(zip(singular, cells, strict=True))
