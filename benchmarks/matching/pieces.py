"""Texts in pieces: sentences, what asks, formulas, letters and names, as the edits need them.

Made for texts of any dataset; what cannot be told apart for sure is left alone, so that an edit is not made.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from random import Random
from typing import Any

_FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$|\\\[.+?\\\]|\\\(.+?\\\)", re.DOTALL)
_ABBREVIATED = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|vs|No|e\.g|i\.e|etc|approx)|\b[A-Z])\.$")
_ASKING = re.compile(
    r"\?|^(?:\W*(?:then|now|please|and)\W+)*(?:find|compute|determine|calculate|evaluate|what|how|which|express|prove|show|solve|"
    r"simplify|factor|give|state)\b|\b(?:find|compute|determine|calculate|evaluate) ",
    re.IGNORECASE,
)
#: Signs of a formula: two words of prose in a row, which stand between two prices.
_PROSE = re.compile(r"[a-z]{3,}[ ,.]+[a-z]{2,}")
_TEX_WORDS = re.compile(r"\\(?:text|mathrm|operatorname|textbf|mbox|begin|end)\s*\{[^{}]*\}|\\[a-zA-Z]+")
#: Letters in a row that are one name and no product of variables.
_FUNCTIONS = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "log",
        "exp",
        "max",
        "min",
        "mod",
        "gcd",
        "lcm",
        "lim",
        "and",
        "for",
        "all",
        "the",
        "arc",
        "deg",
    ]
)
_LETTERS = re.compile(
    r"\\(?:text|mathrm|operatorname|textbf|mbox|begin|end)\s*\{[^{}]*\}|\\[a-zA-Z]+|[a-zA-Z]+"
)


@dataclass(frozen=True)
class Half:
    """One half of `exchanges.toml`: pairs of words by kind, and lists of sentences by name."""

    name: str
    lists: dict[str, Any]
    women: list[str]
    men: list[str]

    def exchanges(self, kind: str) -> list[tuple[str, str]]:
        """Each pair of a list, both ways."""
        return _both_ways(self.name, kind)


@cache
def _both_ways(half: str, kind: str) -> list[tuple[str, str]]:
    return [two for one, other in halves()[half].lists[kind] for two in ((one, other), (other, one))]


@cache
def halves() -> dict[str, Half]:
    """Both halves, by name."""
    data = tomllib.loads((Path(__file__).parent / "exchanges.toml").read_text(encoding="utf-8"))
    return {
        half: Half(half, data[half], data["names"]["women"], data["names"]["men"])
        for half in ("train", "test")
    }


@dataclass(frozen=True)
class Given:
    """What an edit works with."""

    text: str
    answer: str | None
    rng: Random
    half: Half


def sentences(text: str) -> list[str]:
    """Sentences in order; joined by spaces they are the text again, up to white space."""
    return list(_sentences(text))


# Several edits are tried on one text: what they ask of it is worked out once.
@lru_cache(maxsize=256)
def _sentences(text: str) -> tuple[str, ...]:
    masked = _FORMULA.sub(lambda found: "x" * len(found.group()), text)
    parts, start = [], 0
    for found in re.finditer(r"(?<=[.?!])\s+(?=\S)|\n\s*\n", masked):
        if not _ABBREVIATED.search(masked[start : found.start()]):
            parts.append(text[start : found.start()].strip())
            start = found.end()
    parts.append(text[start:].strip())
    return tuple(part for part in parts if part)


@lru_cache(maxsize=1024)
def asks(sentence: str) -> bool:
    """Whether a sentence asks for something."""
    return _ASKING.search(_outside_only(sentence)) is not None


def question_at(parts: list[str]) -> int:
    """Position of the last sentence that asks; of the last one where none does."""
    return max((n for n, part in enumerate(parts) if asks(part)), default=len(parts) - 1)


@lru_cache(maxsize=256)
def formulas(text: str) -> tuple[re.Match[str], ...]:
    """Formulas between TeX delimiters; what stands between two prices is none."""
    found = _FORMULA.finditer(text)
    return tuple(one for one in found if not _PROSE.search(_TEX_WORDS.sub(" ", one.group())))


def in_formulas(text: str, change: Callable[[str], str]) -> str:
    """The text with a change made to each formula."""
    for found in reversed(formulas(text)):
        text = text[: found.start()] + change(found.group()) + text[found.end() :]
    return text


def outside_formulas(text: str, change: Callable[[str], str]) -> str:
    """The text with a change made to each stretch that is no formula."""
    parts, start = [], 0
    for found in formulas(text):
        parts += [change(text[start : found.start()]), found.group()]
        start = found.end()
    return "".join([*parts, change(text[start:])])


def _outside_only(text: str) -> str:
    return outside_formulas(text, str) if "$" not in text and "\\" not in text else _FORMULA.sub("x", text)


def letters(text: str) -> list[str]:
    """Distinct letters that the formulas use as names, in order."""
    found: dict[str, None] = {}
    for formula in formulas(text):
        for run in _LETTERS.findall(formula.group()):
            if run[0] != "\\" and run not in _FUNCTIONS and len(run) <= 4:
                found |= dict.fromkeys(run)
    return list(found)


def with_letters(text: str, names: dict[str, str]) -> str:
    """The text with letters exchanged, in formulas, and where they stand alone or as labels of points.

    Args:
        text: With formulas between TeX delimiters.
        names: New name of each letter that gets one; longer ones are set apart by spaces.
    """

    def run(found: re.Match[str]) -> str:
        token = found.group()
        if token[0] == "\\" or token in _FUNCTIONS or len(token) > 4:
            return token
        new = [names.get(letter, letter) for letter in token]
        return (" " if any(len(name) > 1 for name in new) else "").join(new)

    def alone(found: re.Match[str]) -> str:
        token = found.group()
        if token in ("a", "A", "I") or not all(letter in names for letter in token):
            return token
        return "".join(names[letter] for letter in token) if len(names[token[0]]) == 1 else names[token[0]]

    plain = (
        r"(?<![\w\\'-])(?:[a-zA-Z]|[A-Z]{2,4})(?![\w'])"
        if all(len(n) == 1 for n in names.values())
        else r"(?<![\w\\'-])[b-zB-Z](?![\w'])"
    )
    text = in_formulas(text, lambda formula: _LETTERS.sub(run, formula))
    return outside_formulas(text, lambda prose: re.sub(plain, alone, prose))


def people(text: str, half: Half) -> list[str]:
    """First names that the text holds, in order."""
    known = {*half.women, *half.men}
    return [name for name in dict.fromkeys(re.findall(r"\b[A-Z][a-z]+\b", text)) if name in known]


@cache
def word(term: str) -> re.Pattern[str]:
    """A word, a phrase, a TeX command or a sign, wherever it stands by itself."""
    before = r"(?<![\w\\-])" if term[0].isalnum() else ""
    after = (
        r"(?![\w-])" if term[-1].isalnum() and term[0] != "\\" else r"(?![a-zA-Z])" if term[0] == "\\" else ""
    )
    return re.compile(
        before + re.escape(term) + after, re.IGNORECASE if term.islower() and term[0] != "\\" else 0
    )


def like(new: str, old: str) -> str:
    """A word with a capital letter where the one it stands for has one."""
    return new[0].upper() + new[1:] if old[:1].isupper() and new[:1].islower() else new
