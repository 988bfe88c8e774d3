r"""What an answer says: a number, a choice, a tuple, a set, an interval, a relation, words.

`read` never fails and never guesses: what it cannot read as mathematics stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import orjson

from rlvr_atlas.answer.algebra import Expression, Unreadable
from rlvr_atlas.answer.parse import MAX_DIGITS, parse
from rlvr_atlas.answer.tex import FUNCTIONS, MAX_CHARS, NOTATION, OPEN_SET, ROW_END, clean, tidy
from rlvr_atlas.answer.units import split_unit

Kind = Literal[
    "scalar",  # an expression, perhaps with a label (x = ...), a unit, a choice letter (C) ...
    "choice",  # one capital letter
    "words",  # prose, names, yes or no
    "raw",  # mathematics that is only compared as text here
    "based",  # digits in a base, as 1010_2
    "set",  # several answers in any order
    "ordered",  # tuple, interval, matrix, ratio: the shape is in `label`
    "union",
    "alternatives",  # a text with several readings, of which `items` holds each
]
MAX_DEPTH = 6
MAX_ITEMS = 256
#: More words than this are prose.
MAX_WORDS = 7


@dataclass(frozen=True)
class Reading:
    """An answer, read.

    Args:
        kind: What it is.
        form: Canonical text; equal forms are the same answer up to label and unit.
        items: The parts of sets, tuples, matrices; the readings of alternatives.
        expression: The value of a scalar.
        label: Left side of `x = 5`, or the shape of an ordered kind.
        unit: Canonical unit of a scalar, "" where it has none.
        letter: The choice letter of `C) 9`.
        tolerance: Half a unit of the last digit of a decimal literal; 0 for all else.
    """

    kind: Kind
    form: str
    items: tuple[Reading, ...] = ()
    expression: Expression | None = None
    label: str = ""
    unit: str = ""
    letter: str = ""
    tolerance: Fraction = Fraction(0)


_LEAD = re.compile(
    r"^(?:(?:(?:the )?(?:final |correct )?answer(?: is| ?:| ?=)+|ans ?:|approximately|about|≈|="
    r"|答案(?:是|为|:)|答:)\s?:?\s?|(?:option|choice)\s?(?=\(?[A-J](?![A-Za-z])))",
    re.I,
)
_JOINERS = re.compile(r"\s?(?:\\text)? ?\{ ?(?:or|,? ?and) ?\}\s?|,?\s(?:or|and)\s|[或和]")
_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
_SPACED = re.compile(r"-?[1-9]\d{0,2}(?: \d{3})+(?:\.\d+)?")
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_INTEGER = re.compile(r"-?[0-9]+")
_CHOICE = re.compile(r"\(?([A-J])[).]?")
_LETTERED = re.compile(r"\(?([A-J])[).]\s?(?=[^)\]])")
_TEXT = re.compile(r"\\text ?\{([^{}]*)\}")
_BRACED = re.compile(r"\{([^{}]*)\}")
_LETTERS_ONLY = re.compile(r"[A-Za-z][A-Za-z'. -]*")
_NUMBERS = {word: n for n, word in enumerate(NOTATION["words"]["numbers"].split())}
_BASED = re.compile(r"\{?(-?[0-9A-Z]*\d[0-9A-Z]*)\}? ?_ ?(?:(\d)|\{ ?\(? ?(\d{1,2}|two|eight) ?\)? ?\})")
_TIME = re.compile(r"\d{1,2} ?: ?0\d(?: ?: ?\d\d)?")
_EULER = re.compile(r"(-?\d+)e(-\d)")
_DECIMAL = re.compile(r"-?\s?(\d*)\.(\d+)\s?(?:[eE]([-+]?\d{1,3})|\* ?10 ?\^ ?\{? ?(-?\d{1,3}) ?\}?)?")
_LABEL = re.compile(
    r"(?:\\text ?\{[^{}]*\}|[A-Za-z ]{2,30}"  # Area =
    r"|(?:[A-Za-z]|\\[A-Za-z]+)'*(?: ?_ ?(?:\w|\{[^{}]{1,8}\}))?'*"  # x_1 =
    r"|(?:m ?)?\\(?:angle|triangle) ?\{?[A-Z]{1,3}\}?"
    r"|[A-Za-z](?: ?\^ ?\{? ?-1 ?\}?)?'* ?\( ?[^()]{1,12} ?\)"  # f(x) =
    r"|\((?: ?[A-Za-z](?:_\w)? ?,?){2,6}\))\s?"  # (x, y) =
)
_RELATION = re.compile(r"[=<>≤≥≠∈≈]")
_MATRIX = re.compile(
    r"\\begin ?\{([bBp]?matrix|smallmatrix|array)\}(?: ?\{[lcr| ]{0,20}\})?(.*)\\end ?\{\1\}"
)


@lru_cache(maxsize=16384)
def read(answer: str) -> Reading:
    """Read one answer.

    Args:
        answer: Output of `extract`; any text is accepted.

    Returns:
        The reading. Texts of more than `MAX_CHARS` characters, and JSON structs, are words.
    """
    if _INTEGER.fullmatch(answer):
        return _integer(answer)
    if len(answer) > MAX_CHARS or (answer.startswith("{") and '"' in answer[:4]):
        return Reading("words", tidy(answer).casefold())
    if texts := _listed(answer):
        return _spellings(texts)
    text = clean(answer)
    text = text[match.end() :] if (match := _LEAD.match(text)) else text
    try:
        return _whole(text)
    except (Unreadable, RecursionError):
        return _raw(text)


def _listed(answer: str) -> list[str] | None:
    """The elements where the text is a JSON list of texts (`["34", "35"]`); None where it is not."""
    if not answer.startswith("[") or '"' not in answer[:4]:
        return None
    try:
        elements = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
    return elements if elements and all(isinstance(element, str) for element in elements) else None


def _spellings(texts: Sequence[str]) -> Reading:
    """Published lists of texts hold spellings of one answer, or several answers; nothing says which."""
    items = {reading.form: reading for reading in map(read, texts[:MAX_ITEMS])}
    if len(items) == 1:
        return next(iter(items.values()))
    return Reading("alternatives", ", ".join(sorted(items)), tuple(items.values()))


def _whole(text: str) -> Reading:
    if len(_PROSE.findall(text)) > MAX_WORDS:
        return Reading("words", text.casefold())
    if match := _EULER.fullmatch(text):
        # 2e-3 is 0.002 to a programmer, and 2e minus 3 to others.
        readings = _scalar(f"{match[1]}*10^({match[2]})"), _scalar(text)
        return Reading("alternatives", readings[0].form, readings)
    if _SPACED.fullmatch(text):
        text = text.replace(" ", "")
    if (wrapped := _TEXT.fullmatch(text)) or (wrapped := _BRACED.fullmatch(text)):
        text = wrapped[1].strip()
    text = _JOINERS.sub(" ; ", text)
    if "," in text and not any(bracket in text for bracket in ("(", "[", OPEN_SET)):
        joined = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
        if joined != text and "," not in joined:
            # 81,256 is one number or two.
            number, several = _item(joined, 0), _several(text)
            return Reading("alternatives", number.form, (number, several))
        text = joined
    return _several(text)


def _several(text: str) -> Reading:
    parts = [part for part in map(str.strip, split(text, ",;")) if part]
    items = [_item(part, 0) for part in parts]
    return items[0] if len(items) == 1 else _set(items)


def split(text: str, separators: str) -> list[str]:
    """Split at separators outside all brackets; `[0,1)` counts as a pair."""
    if not any(separator in text for separator in separators):
        return [text]
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in "([{⦃":
            depth += 1
        elif character in ")]}⦄":
            depth -= 1
        elif depth == 0 and character in separators:
            parts.append(text[start:at])
            start = at + 1
    if depth != 0 or len(parts) >= MAX_ITEMS:
        return [text]
    return [*parts, text[start:]]


def _set(items: list[Reading], *, distinct: bool = False) -> Reading:
    if not items:
        return _raw("")
    if len({item.label for item in items if item.kind != "ordered"}) > 1:  # x = 1, y = 2
        items = [
            replace(item, form=f"{item.label}={item.form}") if item.label and item.kind != "ordered" else item
            for item in items
        ]
    if distinct:
        items = list({item.form: item for item in items}.values())
    if len(items) == 1:
        return items[0]
    items = sorted(items, key=lambda item: item.form)
    return Reading("set", ", ".join(item.form for item in items), tuple(items))


def _item(text: str, depth: int) -> Reading:
    text = text.strip(" ,;")
    if depth > MAX_DEPTH or not text:
        return _raw(text)
    wrapped = _TEXT.match(text)
    if wrapped and (wrapped.end() == len(text) or _LETTERED.match(wrapped[1].strip() + "x")):
        text = f"{wrapped[1]}{text[wrapped.end() :]}".strip(" .")
    for rule in _RULES:
        if (reading := rule(text, depth)) is not None:
            return reading
    return _scalar(text)


def _choice(text: str, depth: int) -> Reading | None:
    if match := _CHOICE.fullmatch(text):
        return Reading("choice", match[1])
    if match := _LETTERED.match(text):
        return replace(_item(text[match.end() :], depth + 1), letter=match[1])
    return None


def _words(text: str, _depth: int) -> Reading | None:
    """A reading where letters are words; None where they are variables or a function."""
    if not _LETTERS_ONLY.fullmatch(text):
        return None
    words = text.casefold().replace("-", " ").strip(" .").split()
    if len(words) == 1 and words[0] in _NUMBERS:
        return _integer(str(_NUMBERS[words[0]]))
    if all(len(word) == 1 for word in words) or words[0] in FUNCTIONS or text == "pi":
        return None
    return Reading("words", " ".join(words).removeprefix("the ").removeprefix("a ").removeprefix("an "))


def _union(text: str, depth: int) -> Reading | None:
    if len(parts := split(text, "∪")) == 1:
        return None
    items = sorted((_item(part, depth + 1) for part in parts), key=lambda item: item.form)
    return Reading("union", " ∪ ".join(item.form for item in items), tuple(items))


def _inside(text: str) -> str | None:
    """What stands between the first bracket and its partner, where that is the last character."""
    level = 0
    for at, character in enumerate(text):
        if character in "([⦃{":
            level += 1
        elif character in ")]⦄}":
            level -= 1
            if level == 0:
                return text[1:at] if at == len(text) - 1 else None
    return None


def _braced(text: str, depth: int) -> Reading | None:
    if not text.startswith("{") or (inner := _inside(text)) is None:
        return None
    return _item(inner, depth + 1)


def _bracketed(text: str, depth: int) -> Reading | None:
    if text[:1] not in tuple("([⦃") or (inner := _inside(text)) is None:
        return None
    brackets = text[0] + text[-1]
    is_set = text[0] == OPEN_SET
    if not inner.strip():
        return Reading("raw", "∅" if is_set else brackets)
    if is_set and ("|" in inner or ":" in inner):  # those x for which ...
        return _raw(text)
    if text[0] == "[" and len(split(inner, ";")) > 1:
        return _rows(inner.replace(";", ROW_END).replace(",", "&"), depth)
    parts = [_item(part, depth + 1) for part in split(inner, ",")]
    if is_set or len(parts) == 1:
        return _set(parts, distinct=is_set)
    form = f"{text[0]}{', '.join(part.form for part in parts)}{text[-1]}"
    return Reading("ordered", form, tuple(parts), label=brackets)


def _matrix(text: str, depth: int) -> Reading | None:
    match = _MATRIX.fullmatch(text) if text.startswith("\\begin") else None
    return _rows(match[2], depth) if match else None


def _rows(inner: str, depth: int) -> Reading:
    rows = inner.strip(f" {ROW_END}").split(ROW_END)
    cells = [[_item(cell, depth + 1) for cell in row.split("&")] for row in rows]
    if len({len(row) for row in cells}) > 1:
        raise Unreadable("rows of different length")
    form = ", ".join(f"[{', '.join(cell.form for cell in row)}]" for row in cells)
    items = tuple(cell for row in cells for cell in row)
    return Reading("ordered", f"[{form}]", items, label=f"{len(cells)}x{len(cells[0])}")


def _relation(text: str, depth: int) -> Reading | None:
    signs = _RELATION.findall(text)
    if not signs:
        return None
    parts = [part.strip() for part in _RELATION.split(text)]
    if not all(parts):
        return _raw(text)
    if len(signs) > 1:
        return _chain(parts, depth) if set(signs) == {"="} else _raw(text)
    sign, (left, right) = signs[0], parts
    if sign in "=∈≈" and _LABEL.fullmatch(left):
        reading, label = _item(right, depth + 1), left.replace(" ", "")
        if reading.kind in ("set", "ordered"):
            return reading
        if reading.expression is None or label not in reading.expression.letters:  # x = 2x - 5
            return replace(reading, label=label)
    return _item(left, depth + 1) if sign == "≈" else _comparison(left, sign, right, depth)


def _comparison(left: str, sign: str, right: str, depth: int) -> Reading:
    """An equation with all on one side, or an inequality with the greater side first."""
    a, b = parse(left), parse(right)
    if sign == "=":
        difference = a - b
        return Reading("raw", f"{difference.monic().form}=0") if difference.terms else _item(right, depth + 1)
    if sign in "<≤":
        a, b, sign = b, a, {"<": ">", "≤": "≥"}[sign]
    return Reading("raw", f"{a.form}{sign}{b.form}")


def _chain(parts: list[str], depth: int) -> Reading:
    """`AB = x = 5`, or `3 + 8 = 6 + 5 = 11`: the last part, where all before it say the same or are names."""
    while len(parts) > 1 and _LABEL.fullmatch(parts[0]):
        parts = parts[1:]
    if len({parse(part).form for part in parts}) > 1:
        raise Unreadable("an equation of several parts")
    return _item(parts[-1], depth + 1)


def _ratio(text: str, depth: int) -> Reading | None:
    if _TIME.fullmatch(text):
        return Reading("raw", text.replace(" ", "").lstrip("0"))
    if len(parts := split(text, ":")) == 1:
        return None
    items = tuple(_item(part, depth + 1) for part in parts)
    return Reading("ordered", ":".join(item.form for item in items), items, label=":")


def _plus_minus(text: str, depth: int) -> Reading | None:
    if text.count("±") != 1:
        return None
    amount, unit = split_unit(text)
    return _set([_item(f"{amount.replace('±', sign)} {unit}", depth + 1) for sign in "+-"], distinct=True)


def _in_base(text: str, _depth: int) -> Reading | None:
    match = _BASED.fullmatch(_TEXT.sub(r"\1", text))
    if not match:
        return None
    base = match[2] or match[3]
    return _scalar(match[1]) if base == "10" else Reading("based", f"{match[1].lstrip('0') or '0'}_{base}")


_RULES = (_choice, _words, _matrix, _union, _braced, _bracketed, _relation, _ratio, _plus_minus, _in_base)


def _integer(text: str) -> Reading:
    if len(text) > MAX_DIGITS:
        return Reading("raw", re.sub(r"^(-?)0+(?=\d)", r"\1", text))
    expression = Expression.number(int(text))
    return Reading("scalar", expression.form, expression=expression)


def _scalar(text: str) -> Reading:
    if _INTEGER.fullmatch(text):
        return _integer(text)
    amount, unit = split_unit(text)
    try:
        expression = parse(amount)
    except Unreadable:
        return _raw(text)
    return Reading("scalar", expression.form, expression=expression, unit=unit, tolerance=_tolerance(amount))


def _tolerance(amount: str) -> Fraction:
    """Half a unit of the last digit of a decimal with at least two significant digits."""
    match = _DECIMAL.fullmatch(amount)
    if not match or len((match[1] + match[2]).lstrip("0")) < 2:
        return Fraction(0)
    return Fraction(10) ** (int(match[3] or match[4] or 0) - len(match[2])) / 2


def _raw(text: str) -> Reading:
    """Text that is only compared as text; prose is told from mathematics by its words."""
    if _PROSE.search(_TEXT.sub(r" \1 ", text)):
        return Reading("words", text.casefold())
    return Reading("raw", text.replace(" ", ""))
