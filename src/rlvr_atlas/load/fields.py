"""The fields of a sample of rows: every path that occurs, with its values and who is speaking there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rlvr_atlas.load.names import NAMES, normal, words
from rlvr_atlas.load.opened import as_list, as_struct
from rlvr_atlas.load.paths import Path, Where, get, write
from rlvr_atlas.load.rows import Row, Value
from rlvr_atlas.load.values import prompt_text

_DEEPEST = 6
_MOST_PER_ROW = 400
_SPEAKERS = {
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "model", "bot", "chatgpt", "ai"), "assistant"),
    **dict.fromkeys(("system", "developer", "tool", "function", "observation"), "system"),
}
_SPEAKER_KEYS = ("role", "from", "speaker")
_SAID = ("content", "value", "text")


@dataclass
class Field:
    """One path and what the sampled rows hold there.

    Args:
        path: Where it is.
        speaker: user, assistant or system inside a message; empty elsewhere.
        order: Position among the fields in the order in which they were met.
        values: Sampled row to value; rows without one are left out.
    """

    path: Path
    speaker: str
    order: int
    values: dict[int, Value] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        """The name that says what it is: for what a message says, the name of the list it is in."""
        names = [step for step in self.path if isinstance(step, str)]
        return names[-2] if self.is_said and len(names) > 1 else names[-1]

    @cached_property
    def is_said(self) -> bool:
        """Whether this is the text of a message."""
        return bool(self.speaker) and self.path[-1] in _SAID

    @cached_property
    def depth(self) -> int:
        """How many structs it is inside, a message list not counted."""
        return sum(isinstance(step, str) for step in self.path) - 1 - self.is_said

    @cached_property
    def aside(self) -> bool:
        """Whether it is in a struct of notes, such as `extra_info`."""
        return any(isinstance(step, str) and normal(step) in NAMES.aside for step in self.path[:-1])

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of the name."""
        return words(self.name)

    @cached_property
    def texts(self) -> dict[int, str]:
        """Sampled row to text, where the value could be a prompt."""
        return {row: text for row, value in self.values.items() if (text := prompt_text(value)) is not None}

    def written(self) -> str:
        """The path as a recipe writes it."""
        return write(self.path)


def collect(rows: Sequence[Row]) -> tuple[list[Field], list[Path]]:
    """The fields of some rows.

    Returns:
        The fields that hold something, and every path that occurs, also where it holds null.
    """
    fields: dict[Path, Field] = {}
    seen: dict[Path, None] = {}
    for number, row in enumerate(rows):
        for count, (path, value, speaker) in enumerate(_leaves(row, (), "")):
            if count == _MOST_PER_ROW:
                break
            seen[path] = None
            if value is None or value in ("", [], {}):
                continue
            place = fields.setdefault(path, Field(path, speaker, len(fields)))
            place.values[number] = value
    return list(fields.values()), list(seen)


def _leaves(value: Value, path: Path, speaker: str) -> Iterator[tuple[Path, Value, str]]:
    elements = as_list(value)
    if elements is None and (struct := as_struct(value)) is not None:
        speaker = _speaker(struct) or speaker
        if path and not isinstance(path[-1], Where):  # a struct as a whole can be an answer, a message not
            yield path, struct, speaker
        if len(path) < _DEEPEST:
            for name, part in struct.items():
                yield from _leaves(part, (*path, str(name)), speaker)
    elif elements is not None and (tag := _tag(elements)):
        for kind in dict.fromkeys(str(element[tag]) for element in elements):
            where = Where(tag, kind)
            yield from _leaves(get(elements, (where,)), (*path, where), speaker)
    elif not isinstance(value, bytes):
        yield path, value, speaker


def _speaker(value: Row) -> str:
    for key in _SPEAKER_KEYS:
        if isinstance(said := value.get(key), str):
            return _SPEAKERS.get(said.lower(), "")
    return ""


def _tag(elements: list[Value]) -> str:
    """The key that tells the elements of a list apart: who speaks, or what kind of content it is."""
    if not elements or not all(isinstance(element, dict) for element in elements):
        return ""
    for key in _SPEAKER_KEYS:
        if all(isinstance(element.get(key), str) for element in elements) and any(
            name in element for element in elements for name in _SAID
        ):
            return key
    content_parts = all(isinstance(element.get("type"), str) for element in elements)
    return "type" if content_parts and any("text" in element for element in elements) else ""
