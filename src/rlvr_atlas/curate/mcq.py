"""Multiple choice made exact: the options taken off where the question stands without them.

Safe means: the stem does not speak of its options, the gold answer points to one option, that option is a
number (or a tuple of numbers), and every other option is a different one. All else is refused, and why
is said.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from rlvr_atlas.answer import compare
from rlvr_atlas.answer.choices import chosen, options_of
from rlvr_atlas.answer.read import Reading, read
from rlvr_atlas.text import traits


@dataclass(frozen=True)
class Exact:
    """A multiple-choice row as a question with an exact answer."""

    prompt: str
    answer: str
    letter: str


def convert(prompts: Iterable[str], answers: Iterable[str], languages: Iterable[str]) -> list[Exact | str]:
    """Take the options off.

    Args:
        prompts: Canonical prompts of multiple-choice rows.
        answers: Their gold answers: a letter, or the text of an option.
        languages: Of the prompts.

    Returns:
        For each row the exact question, or why there is none, as a short phrase.
    """
    texts = pl.Series(list(prompts), dtype=pl.String)
    stems = traits.stem(texts).to_list()
    offered = traits.relabel(texts.str.strip_prefix(pl.Series(stems, dtype=pl.String))).to_list()
    rows = zip(stems, offered, answers, languages, strict=True)
    return [_exact(stem, line, answer, language) for stem, line, answer, language in rows]


def _exact(stem: str | None, offered: str | None, answer: str, language: str) -> Exact | str:
    options = options_of(offered or "")
    if stem is None or options is None:
        return "its options cannot be told apart"
    if needs := _needs_options(stem, language):
        return needs
    letter = chosen(answer, options)
    if letter is None:
        return "the answer does not point to one option"
    others = [text for other, text in options.items() if other != letter]
    return _doubt(options[letter], others) or Exact(stem.strip(), options[letter], letter)


def _needs_options(stem: str, language: str) -> str | None:
    unsafe = _unsafe().get(language)
    if unsafe is None:
        return "no rules for its language"
    found = unsafe.search(stem.lower())
    return f"the question needs its options ({found[0].strip()})" if found else None


def _doubt(right: str, others: list[str]) -> str | None:
    if not _is_number(read(right)):
        return "the right option is not a number"
    if any(compare(right, text) != "different" for text in others):
        return "another option may be the same number"
    return None


def _is_number(reading: Reading) -> bool:
    # A set may be one of several ways to do it; a pair or an interval is one thing.
    if reading.kind == "ordered":
        return all(not item.items and _is_number(item) for item in reading.items)
    return reading.expression is not None and reading.expression.value is not None


@cache
def _unsafe() -> dict[str, re.Pattern[str]]:
    data = tomllib.loads(files("rlvr_atlas.curate").joinpath("mcq.toml").read_text("utf-8"))
    return {language: re.compile("|".join(forms)) for language, forms in data["unsafe"].items()}
