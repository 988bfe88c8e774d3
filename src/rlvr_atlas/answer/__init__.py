"""Answers: where they are, what they say, and whether two of them are the same.

`extract` finds the answer in a field or a solution, `normal_form` gives it one spelling, and `compare` judges
two of them: exact rules first, math-verify (in a process that can be killed) where they end. What cannot be
judged is `unknown`, never `different`.
"""

from __future__ import annotations

import logging

import polars as pl

from rlvr_atlas.answer.extract import extract, extract_column
from rlvr_atlas.answer.judge import Verdict, judge
from rlvr_atlas.answer.read import read
from rlvr_atlas.answer.reading import INTEGER
from rlvr_atlas.answer.verify import Verifier

_log = logging.getLogger(__name__)

#: Integers of at most so many digits are compared as such.
_DIGITS = 18

__all__ = ["Verdict", "Verifier", "compare", "extract", "extract_column", "normal_column", "normal_form"]


def normal_form(answer: str | None) -> str | None:
    r"""One spelling of an answer: `\frac{1}{2}`, `1/2` and `0.5` are `1/2`; `x = 5` and `5 cm` are `5`.

    Units, labels (`x =`) and the letters of lettered values (`C) 9`) are left out, so equal forms mean
    "the same answer, if it is asked in the same unit". `compare` looks at those too.

    Args:
        answer: Output of `extract`.

    Returns:
        The form; None for None and for text without content.
    """
    return None if answer is None else read(answer).form or None


def normal_column(answer: pl.Series) -> pl.Series:
    """`normal_form` for a column of strings; each distinct answer is read once, null where that fails."""
    distinct = answer.cast(pl.String).drop_nulls().unique()
    forms = pl.Series([_form_or_none(text) for text in distinct], dtype=pl.String)
    return answer.cast(pl.String).replace_strict(distinct, forms, default=None, return_dtype=pl.String)


def _form_or_none(text: str) -> str | None:
    try:
        return normal_form(text)
    except Exception:  # a run has thousands of others to read
        _log.exception("an answer that cannot be read: %r", text)
        return None


def compare(a: str | None, b: str | None, verifier: Verifier | None = None) -> Verdict:
    """Whether two answers are the same; symmetric.

    Args:
        a: Output of `extract`.
        b: Output of `extract`.
        verifier: Asked where exact rules cannot decide; without one such pairs are `unknown`.

    Returns:
        `unknown` where either is missing or it cannot be told.
    """
    if a and b and _integer(a) and _integer(b):  # most answers: nothing else could be said of them
        return "same" if int(a) == int(b) else "different"
    left, right = read(a or ""), read(b or "")
    if not left.form or not right.form:
        return "unknown"
    verdict = judge(left, right)
    if verdict is None:
        return verifier.compare(a or "", b or "") if verifier is not None else "unknown"
    return verdict


def _integer(answer: str) -> bool:
    return len(answer) <= _DIGITS and INTEGER.fullmatch(answer) is not None
