"""Names of columns: whether a table begins with them, and what to call columns that have none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rlvr_atlas.load.names import NAMES

_NUMBER = re.compile(r"\s*[-+]?\d+(?:[.,]\d+)?%?\s*")
_LETTER = re.compile(r"\s*\(?[A-Ja-j]\)?\.?\s*")
_ASKS = re.compile(
    r"[?？؟]|\b(?:find|compute|how|what|which|solve|calculate|determine|evaluate|prove)\b", re.I
)
#: A name has at most so many characters and words.
_NAME_CHARACTERS, _NAME_WORDS = 40, 4
#: From this mean length on, texts are worked solutions rather than answers.
_SOLUTION = 120


def distinct(names: Sequence[str]) -> list[str]:
    """Column names, a repeated one with its position behind it."""
    seen: set[str] = set()
    told = []
    for at, name in enumerate(names):
        told.append(f"{name}_{at}" if name in seen else name)
        seen.add(name)
    return told


def is_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first record names the columns of the records below it.

    It does where a cell is a name that is known, and where no cell looks like those below it: a number above
    numbers, a sentence above sentences, a label that is one of the labels below.
    """
    if not rows or any(map(_is_known, first)):
        return True
    for at, cell in enumerate(first):
        below = [row[at] for row in rows if at < len(row) and row[at].strip()]
        if below and cell.strip() and _is_like(cell, below):
            return False
    return True


def _is_known(cell: str) -> bool:
    if len(cell) > _NAME_CHARACTERS or len(cell.split()) > _NAME_WORDS:
        return False
    parts = (NAMES.prompt, NAMES.answer, NAMES.solution, NAMES.options, NAMES.source, NAMES.split, NAMES.hint)
    return any(part.worth(cell)[0] > 0 for part in parts)


def _is_like(cell: str, below: Sequence[str]) -> bool:
    if _NUMBER.fullmatch(cell):
        return _share(below, lambda text: bool(_NUMBER.fullmatch(text))) >= 0.8
    if _is_sentence(cell):
        return _share(below, _is_sentence) >= 0.5
    return len(set(below)) <= 0.5 * len(below) and cell in below


def _is_sentence(text: str) -> bool:
    return (
        len(text) > _NAME_CHARACTERS or len(text.split()) > _NAME_WORDS or sum(c > "\u2e80" for c in text) > 9
    )


def _share(texts: Sequence[str], fits: Callable[[str], bool]) -> float:
    return sum(map(fits, texts)) / len(texts)


def invented(rows: Sequence[Sequence[str]]) -> list[str]:
    """Names for columns without any, by what they hold: a question, options, an answer; the others by number.

    Args:
        rows: Records; the widest says how many columns there are.
    """
    columns = [
        [row[at] for row in rows if at < len(row) and row[at].strip()]
        for at in range(max(map(len, rows), default=0))
    ]
    names = [str(at) for at in range(len(columns))]
    texts = [at for at, column in enumerate(columns) if column and _share(column, _is_sentence) >= 0.5]
    asking = [at for at in texts if _share(columns[at], lambda text: bool(_ASKS.search(text))) >= 0.5]
    if not texts:
        return names
    question = (asking or texts)[0]
    names[question] = "question"
    last = len(columns) - 1
    if question != last:
        names[last] = "solution" if _mean(columns[last]) > _SOLUTION else "answer"
        between = range(question + 1, last)
        if len(between) >= 3 and columns[last] and _share(columns[last], _is_letter) >= 0.9:
            for letter, at in zip("ABCDEFGHIJ", between, strict=False):
                names[at] = letter
    elif last == 1 and _mean(columns[0]) < _mean(columns[1]):
        names[0] = "answer"
    return names


def _is_letter(text: str) -> bool:
    return bool(_LETTER.fullmatch(text))


def _mean(texts: Sequence[str]) -> float:
    return sum(map(len, texts)) / max(1, len(texts))
