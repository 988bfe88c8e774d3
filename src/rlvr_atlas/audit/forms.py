"""Gold answers of a form that the question excludes: a remainder that is too large, a probability above 1.

Each check knows a kind of question by its words (English only) and what every right answer to it is like. It
needs no other row. Where the question is of no kind known here, or the answer has no value that can be read,
nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from rlvr_atlas.answer.read import read

#: How likely an answer that fails a check is wrong. Set; of 75,279 answers of four published sets 11 failed,
#: and read by a person all 11 were no answer to their question (docs/curate.md).
WRONG = 0.9


@dataclass(frozen=True)
class Check:
    """One kind of question.

    Attributes:
        name: What is wrong with an answer that fails, as a short fixed phrase.
        asks: Finds such a question, at the end of its text; what its group holds is given to `holds`.
        holds: (value of the answer, group) -> whether it may be right.
        but_not: Finds questions that look so and are none.
    """

    name: str
    asks: str
    holds: Callable[[float, str | None], bool]
    but_not: str | None = None


def _is_whole(value: float) -> bool:
    return math.isfinite(value) and value == int(value)


def _remainder(value: float, divisor: str | None) -> bool:
    return _is_whole(value) and 0 <= value < int(divisor or 0)


#: Only the last sentence of a text is its question; what stands before may ask for something on the way.
_ASKED, _ENDS = (
    r"(?:what is|what's|what was|find|determine|compute|calculate|give|express)",
    r"[^.?!]*[.?!]?\s*$",
)
#: Several questions in one, or one whose answer is made of the value asked for.
_MORE_PARTS = (
    r"(?i)\((?:2|ii|b)\)|[;；]|\band (?:then )?(?:find|express|compute|determine|calculate|give|what|how)\b"
    r"|sum of|\b[a-z] ?\+ ?[a-z]\b|in the form|expectation|expected"
)
#: Characters of a text in which its question is looked for.
_TAIL = 400
CHECKS: tuple[Check, ...] = (
    Check(
        "no remainder of that division",
        rf"(?i){_ASKED} the remainder (?:when|if|obtained when)\b[^.?!]*? (?:is )?divided by "
        r"\$?(\d{1,9})\$?\s*[.?]?\s*$",
        _remainder,
    ),
    Check(
        "a probability outside 0 to 1",
        rf"(?i){_ASKED} the probability (?:that|of)\b{_ENDS}",
        lambda value, _: 0 <= value <= 1,
    ),
    Check(
        "a count below zero",
        rf"(?i)how many {_ENDS}",
        lambda value, _: value >= 0,
        but_not=r"(?i)how many (?:more|fewer|less|degrees|units)\b",
    ),
    Check(
        "no positive whole number",
        rf"(?i){_ASKED} the (?:smallest |least |largest |greatest )?positive "
        rf"(?:integer|whole number)\b{_ENDS}",
        lambda value, _: _is_whole(value) and value > 0,
    ),
    Check(
        "a length, area or volume below zero",
        rf"(?i){_ASKED} the (?:area|perimeter|circumference|volume|length|distance|radius|diameter)\b{_ENDS}",
        lambda value, _: value >= 0,
    ),
)


def excluded_forms(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose answer has a form that their question excludes.

    Args:
        rows: dataset, row, key, prompt, answer, language; others are left alone.

    Returns:
        dataset, row, key, answer, check (its name); sorted by dataset and row. The first check that fails.
    """
    english = rows.filter(pl.col("language") == "en").drop_nulls(["answer", "prompt"])
    tail = pl.col("prompt").str.slice(-_TAIL)
    found = []
    for check in CHECKS:
        kind = tail.str.contains(check.asks) & ~tail.str.contains(_MORE_PARTS)
        if check.but_not is not None:
            kind &= ~tail.str.contains(check.but_not)
        asked = english.filter(kind).with_columns(bound=tail.str.extract(check.asks, 1))
        fails = [
            (value := _value(answer)) is not None and not check.holds(value, bound)
            for answer, bound in asked.select("answer", "bound").iter_rows()
        ]
        found.append(asked.filter(pl.Series(fails, dtype=pl.Boolean)).with_columns(check=pl.lit(check.name)))
    kept = pl.concat(found).unique(["dataset", "row"], keep="first", maintain_order=True)
    return kept.select("dataset", "row", "key", "answer", "check").sort("dataset", "row")


def _value(answer: str) -> float | None:
    """The number that an answer is; None for anything else, and for quantities with a unit."""
    reading = read(answer)
    if reading.expression is None or reading.unit:
        return None
    return reading.expression.value
