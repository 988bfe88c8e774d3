"""Answers printed by a program: Python literals, NumPy and SymPy values."""

from __future__ import annotations

import ast
import re

MAX_CHARS = 10_000
MAX_DEPTH = 20
_HINT = re.compile(r"['\"(\[]|^(?:np|numpy)\.")
_NUMBER = r"-?\d[\d_]{0,30}(?:\.\d{0,30})?(?:[eE][-+]?\d{1,3})?"
#: np.float64(3.5), Decimal('3.5'), Integer(5): the value alone.
_WRAPPED = re.compile(
    r"(?<![\w.])(?:(?:np|numpy|torch|jnp|sympy|decimal|fractions)\.)?"
    r"(?:float(?:16|32|64)|u?int(?:8|16|32|64)|str_|bool_|longdouble|Decimal|Integer|Float)"
    rf"\(['\"]?({_NUMBER}|[^'\"()]{{1,60}})['\"]?(?:, ?precision=\d+)?\)"
)
_NAMED = re.compile(r"(?<![\w.])(?:np|numpy)\.(?:(True|False)_?|(nan|inf)(?i:ity)?)(?!\w)", re.I)
_FRACTION = re.compile(
    rf"(?<![\w.])(?:fractions\.|sympy\.)?(?:Fraction|Rational)\(({_NUMBER}), ?({_NUMBER})\)"
)
_DATE = re.compile(r"(?:datetime\.)?date(?:time)?\((\d{4}), ?(\d{1,2}), ?(\d{1,2})(?:, ?0){0,3}\)")
_MOMENT = re.compile(
    r"(?:(?:pd|pandas|np|numpy)\.)?(?:Timestamp|datetime64)\(['\"]([\d-]{8,10})(?:[T ]([\d:.]{5,30}))?['\"]"
    r"(?:, ?\w{1,9}=?[\w'\"/:+-]{0,40}){0,2}\)"
)
_MIDNIGHT = re.compile(r"[0:.]*")
_CONTAINER = re.compile(
    r"(?:(?:np|numpy|torch|jnp|sympy|collections|pd)\.)?(?:array|tensor|Array|Matrix|ImmutableDenseMatrix|list"
    r"|tuple|deque|OrderedDict|Counter|Series|dict_values|dict_keys|defaultdict)"
    r"\((?:<class '\w{1,30}'>, ?)?(.*?)"
    r"(?:, ?(?:dtype|device|requires_grad|maxlen|shape|size)[=:] ?"
    r"(?:\([\d, ]{0,40}\)|[\w.:'\"<>| ]{1,40})){0,3}\)",
    re.S,
)
#: A container that holds nothing states no answer, as an empty list in JSON.
_EMPTY = re.compile(r"[\[(\s]*[\])\s]*")
_SET = re.compile(r"(?:frozen)?set\(\[?\{?([^{}()\[\]]{1,500})\}?\]?\)|FiniteSet\(([^()]{1,500})\)")
_COMPLEX = re.compile(rf"\(?({_NUMBER}[-+](?:\d[\d.]{{0,30}})?)j\)?")
#: [1. 2. 3.] and [['a' 'b']], as NumPy prints them.
_ROW = re.compile(rf"[\[\]\s]*{_NUMBER}(?:[\s\[\]]+{_NUMBER})+[\[\]\s]*")
_TEXTS = re.compile(r"\[(?:'[^'\n]{0,200}'\s?){2,50}\]")
_TRUTHS = re.compile(r"[\[\]\s]*(?:True|False)(?:[\s\[\]]+(?:True|False))+[\[\]\s]*")
_QUOTED = re.compile(r"[bBuUrR]?['\"]")
_PREFIXED = re.compile(r"(?<![\w'\"])[bBuUrR]\"")
_BETWEEN = re.compile(r"(?<=[\d.\]'e])\s+(?=[-\d\['TF])")
_INSIDE = re.compile(r"(?<=\[)\s+|\s+(?=[\],])")
#: The same with commas, as in array([1., 2.]): only white space and points are left to take off.
_LIST = re.compile(rf"\[[\[\]\s]*{_NUMBER}(?:[\s\[\],]+{_NUMBER})*[\[\]\s]*\]")
_POINT = re.compile(r"(?<=\d)\.(?!\d)")


def plain(text: str) -> str:
    """The value that a print of a program stands for, in plain notation.

    Args:
        text: An answer.

    Returns:
        The value; "" for a container that holds nothing, the text itself where it is no such print.
    """
    if len(text) > MAX_CHARS or not _HINT.search(text):
        return text
    shorter = _FRACTION.sub(r"\1/\2", _WRAPPED.sub(r"\1", text))
    shorter = _NAMED.sub(lambda match: match[1] or match[2].lower(), shorter)
    if match := _CONTAINER.fullmatch(shorter):
        shorter = match[1].strip()
        if _EMPTY.fullmatch(shorter):
            return ""
    if moment := _moment(shorter):
        return moment
    if match := _SET.fullmatch(shorter):
        return f"\\{{{(match[1] or match[2]).strip()}\\}}"
    if match := _COMPLEX.fullmatch(shorter):
        return f"{match[1]}i"
    return _row(shorter) if shorter.startswith("[") else shorter


def _moment(text: str) -> str:
    """A date, with its time where that is not midnight; "" where it is none."""
    if match := _DATE.fullmatch(text):
        return f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}"
    if match := _MOMENT.fullmatch(text):
        return match[1] if _MIDNIGHT.fullmatch(match[2] or "") else f"{match[1]} {match[2]}"
    return ""


def _row(text: str) -> str:
    """Arrays as lists: commas between the elements, no padding and no point without decimals behind it."""
    text = text if "'" in text else " ".join(text.split())
    if _ROW.fullmatch(text) or _TEXTS.fullmatch(text) or _TRUTHS.fullmatch(text):
        text = _BETWEEN.sub(", ", text)
    elif not _LIST.fullmatch(text):
        return text
    return text if "'" in text else _POINT.sub("", _INSIDE.sub("", text))


def literal(text: str) -> object:
    """The value of a Python literal with quotes: `['34']`, `{'answer': 5}`, `'34'`.

    Args:
        text: An answer.

    Returns:
        Text, numbers, lists and dictionaries; None where it is no such literal.
    """
    quoted = bool(_QUOTED.match(text))
    if (
        len(text) > MAX_CHARS
        or not (quoted or (text[:1] in "[({" and ("'" in text or _PREFIXED.search(text))))
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
