"""What fields are called: `names.toml`, and how well a name fits a part of a row."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_LOWER, _UPPER = "a-zß-öø-ɏḀ-ỿ", "A-ZÀ-ÖØ-Þ"
_WORD = re.compile(rf"[{_UPPER}]+(?![{_LOWER}])|[{_UPPER}]?[{_LOWER}]+|\d+|[^\W\d_{_LOWER}{_UPPER}]+")

#: How much a name from a list is worth.
STRONG, MEDIUM, WEAK, CONTAINS = 3.0, 2.0, 1.0, 0.5


@cache
def normal(name: str) -> str:
    """A name without case, spaces and punctuation."""
    return "".join(character for character in name.lower() if character.isalnum())


@cache
def words(name: str) -> tuple[str, ...]:
    """The words of a name: `rewrittenQuestion_2` is rewritten, question, 2."""
    return tuple(word.lower() for word in _WORD.findall(name))


@dataclass(frozen=True)
class Part:
    """The names of one part of a row.

    Args:
        ranks: Normal name to (worth, position in its list).
        inside: Words that may stand among others in a name, for a little.
        not_with: Words that rule this out.
    """

    ranks: dict[str, tuple[float, int]]
    inside: frozenset[str] = frozenset()
    not_with: frozenset[str] = frozenset()

    def worth(self, name: str) -> tuple[float, int]:
        """How well a name fits (0 for not at all), and its place among equals (lower is better)."""
        if name.startswith("__"):  # what a library put there, such as `__key__` and `__index_level_0__`
            return 0.0, 0
        if (known := self.ranks.get(normal(name))) is not None:
            return known
        parts = words(name)
        if self.inside.intersection(parts) and not self.not_with.intersection(parts):
            return CONTAINS, 0
        return 0.0, 0


@dataclass(frozen=True)
class Names:
    """All of `names.toml`, with normal names."""

    prompt: Part
    answer: Part
    solution: Part
    options: Part
    source: Part
    split: Part
    hint: Part
    pairs: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    reworded: frozenset[str]
    changed: frozenset[str]
    original: frozenset[str]
    aside: frozenset[str]
    answer_inside: tuple[str, ...]
    sure: frozenset[str]
    ids: frozenset[str]
    about: frozenset[str]
    option_inside: tuple[str, ...]
    claims: frozenset[str]
    judged: frozenset[str]
    verdicts: frozenset[str]


def _ranks(**lists: Sequence[str]) -> dict[str, tuple[float, int]]:
    worths = {"strong": STRONG, "medium": MEDIUM, "weak": WEAK}
    return {
        normal(name): (worth, position)
        for kind, worth in worths.items()
        for position, name in enumerate(lists.get(kind, ()))
    }


def _part(table: dict[str, Any], *inside: str) -> Part:
    lists = {kind: table[kind] for kind in ("strong", "medium", "weak") if kind in table}
    return Part(_ranks(**lists), frozenset(inside), frozenset(table.get("not_with", ())))


def _read() -> Names:
    table = tomllib.loads(files(__package__).joinpath("names.toml").read_text(encoding="utf-8"))
    marks, answer = table["marks"], table["answer"]
    plain = {
        part: Part(_ranks(strong=table[part]["names"])) for part in ("options", "source", "split", "hint")
    }
    return Names(
        prompt=_part(table["prompt"], *table["prompt"]["words"]),
        answer=_part(answer, *answer["words"]),
        solution=_part(
            {"strong": answer["solution"], "not_with": answer["not_with"]}, *answer["solution_words"]
        ),
        options=plain["options"],
        source=plain["source"],
        split=plain["split"],
        hint=plain["hint"],
        pairs=tuple(
            (tuple(map(normal, pair["first"])), tuple(map(normal, pair["second"]))) for pair in table["pair"]
        ),
        reworded=frozenset(marks["reworded"]),
        changed=frozenset(marks["changed"]),
        original=frozenset(marks["original"]),
        aside=frozenset(map(normal, marks["aside"])),
        answer_inside=tuple(map(normal, answer["inside"])),
        sure=frozenset(map(normal, answer["sure"])),
        ids=frozenset(answer["ids"]),
        about=frozenset(answer["about"]),
        option_inside=tuple(map(normal, table["options"]["inside"])),
        claims=frozenset(marks["claims"]),
        judged=frozenset(map(normal, marks["judged"])),
        verdicts=frozenset(marks["verdicts"]),
    )


NAMES = _read()
