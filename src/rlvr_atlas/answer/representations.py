"""Answers printed by a program: Python literals, NumPy and SymPy values."""

from __future__ import annotations

import ast
import re

MAX_CHARS = 10_000
MAX_DEPTH = 20
_HINT = re.compile(r"['(\[]")
_NUMBER = r"-?\d[\d_]{0,30}(?:\.\d{0,30})?(?:[eE][-+]?\d{1,3})?"
#: np.float64(3.5), Decimal('3.5'), Integer(5): the value alone.
_WRAPPED = re.compile(
    r"(?<![\w.])(?:(?:np|numpy|torch|jnp|sympy|decimal|fractions)\.)?"
    r"(?:float(?:16|32|64)|u?int(?:8|16|32|64)|str_|bool_|longdouble|Decimal|Integer|Float)"
    rf"\(['\"]?({_NUMBER}|[^'\"()]{{1,60}})['\"]?(?:, ?precision=\d+)?\)"
)
_FRACTION = re.compile(
    rf"(?<![\w.])(?:fractions\.|sympy\.)?(?:Fraction|Rational)\(({_NUMBER}), ?({_NUMBER})\)"
)
_DATE = re.compile(r"(?:datetime\.)?date(?:time)?\((\d{4}), ?(\d{1,2}), ?(\d{1,2})(?:, ?0){0,3}\)")
_CONTAINER = re.compile(
    r"(?:(?:np|numpy|torch|jnp|sympy)\.)?(?:array|tensor|Array|Matrix|ImmutableDenseMatrix|list|tuple)"
    r"\((.*?)(?:, ?(?:dtype|device|requires_grad)=[\w.:'\"<>| ]{1,40}){0,3}\)",
    re.S,
)
_SET = re.compile(r"(?:frozen)?set\(\[?\{?([^{}()\[\]]{1,500})\}?\]?\)|FiniteSet\(([^()]{1,500})\)")
_COMPLEX = re.compile(rf"\(?({_NUMBER}[-+](?:\d[\d.]{{0,30}})?)j\)?")
#: [1. 2. 3.] and [['a' 'b']], as NumPy prints them.
_ROW = re.compile(rf"[\[\]\s]*{_NUMBER}(?:[\s\[\]]+{_NUMBER})+[\[\]\s]*")
_TEXTS = re.compile(r"\[(?:'[^'\n]{0,200}'\s?){2,50}\]")
_BETWEEN = re.compile(r"(?<=[\d.\]'])\s+(?=[-\d\['])")
_POINT = re.compile(r"(?<=\d)\.(?!\d)")


def plain(text: str) -> str:
    """The value that a print of a program stands for, in plain notation.

    Args:
        text: An answer.

    Returns:
        The value; the text itself where it is no such print.
    """
    if len(text) > MAX_CHARS or not _HINT.search(text):
        return text
    shorter = _FRACTION.sub(r"\1/\2", _WRAPPED.sub(r"\1", text))
    if match := _CONTAINER.fullmatch(shorter):
        shorter = match[1].strip()
    if match := _DATE.fullmatch(shorter):
        return f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}"
    if match := _SET.fullmatch(shorter):
        return f"\\{{{(match[1] or match[2]).strip()}\\}}"
    if match := _COMPLEX.fullmatch(shorter):
        return f"{match[1]}i"
    if shorter.startswith("[") and (_ROW.fullmatch(shorter) or _TEXTS.fullmatch(shorter)):
        shorter = _BETWEEN.sub(", ", shorter)
        shorter = _POINT.sub("", shorter) if "'" not in shorter else shorter
    return shorter


def literal(text: str) -> object:
    """The value of a Python literal with quotes: `['34']`, `{'answer': 5}`, `'34'`.

    Args:
        text: An answer.

    Returns:
        Text, numbers, lists and dictionaries; None where it is no such literal.
    """
    quoted = text[:1] in ("'", '"') or text[:2] in ("b'", 'b"')
    if (
        len(text) > MAX_CHARS
        or not (quoted or (text[:1] in "[({" and "'" in text))
        or _depth(text) > MAX_DEPTH
    ):
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    return _as_json(value)


def _as_json(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | tuple):
        return [_as_json(element) for element in value]
    if isinstance(value, set | frozenset):
        return sorted((_as_json(element) for element in value), key=str)
    if isinstance(value, dict):
        return {str(key): _as_json(element) for key, element in value.items()}
    return value if isinstance(value, str | int | float | None) else str(value)


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest
