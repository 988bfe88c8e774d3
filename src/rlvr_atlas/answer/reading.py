r"""What an answer says, read: the record, and the readings that need no rules of notation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from rlvr_atlas.answer.algebra import Expression, Unreadable
from rlvr_atlas.answer.counting import han
from rlvr_atlas.answer.moments import Moment
from rlvr_atlas.answer.parse import MAX_DIGITS, parse
from rlvr_atlas.answer.reals import Reals
from rlvr_atlas.answer.units import split_unit

Kind = Literal[
    "scalar",  # an expression, perhaps with a label (x = ...), a unit, a choice letter (C) ...
    "choice",  # one capital letter
    "choices",  # several: AC, A and C
    "words",  # prose, names, yes or no
    "raw",  # mathematics that is only compared as text, or as a set of numbers, here
    "based",  # digits in a base, as 1010_2
    "moment",  # a time of day or a date
    "set",  # several answers in any order
    "quantities",  # amounts, each of something else: 9 hens and 21 goats
    "ordered",  # tuple, interval, matrix, ratio: the shape is in `label`
    "union",
    "alternatives",  # a text with several readings, of which `items` holds each
]


@dataclass(frozen=True)
class Reading:
    """An answer, read.

    Args:
        kind: What it is.
        form: Canonical text; equal forms are the same answer up to label and unit.
        items: The parts of sets, tuples, matrices; the readings of alternatives.
        expression: The value of a scalar.
        label: Left side of `x = 5`, the letter of an inequality, what a quantity is of; the shape of an
            ordered kind.
        unit: Canonical unit of a scalar, "" where it has none.
        letter: The choice letter of `C) 9`.
        tolerance: Half a unit of the last digit of a decimal literal; 0 for all else.
        reals: The set of numbers that it may stand for, where it is an interval or an inequality.
        moment: The time or date.
        solved: Whether the value is the root of an equation that the answer leaves unsolved.
        spare: The decimal that a list such as `3,5` may be instead.
    """

    kind: Kind
    form: str
    items: tuple[Reading, ...] = ()
    expression: Expression | None = None
    label: str = ""
    unit: str = ""
    letter: str = ""
    tolerance: Fraction = Fraction(0)
    reals: Reals | None = None
    moment: Moment | None = None
    spare: Expression | None = None
    solved: bool = False


INTEGER = re.compile(r"-?[0-9]+")
TEXT = re.compile(r"\\text ?\{([^{}]*)\}")
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_DECIMAL = re.compile(r"-?\s?(\d*)\.(\d+)\s?(?:[eE]([-+]?\d{1,3})|\* ?10 ?\^ ?\{? ?(-?\d{1,3}) ?\}?)?")
_MODULUS = re.compile(r" ?\(? ?(?<![A-Za-z])mod(?:ulo)? ?\{? ?(\d{1,9}) ?\}? ?\)?$")


def words_in(text: str) -> int:
    """How many words of three letters and more there are; commands do not count."""
    return len(_PROSE.findall(text))


def raw(text: str) -> Reading:
    """Text that is only compared as text; prose is told from mathematics by its words."""
    if _PROSE.search(TEXT.sub(r" \1 ", text)):
        return Reading("words", text.casefold())
    return Reading("raw", text.replace(" ", ""))


def integer(text: str) -> Reading:
    """An integer, by its digits."""
    if len(text) > MAX_DIGITS:
        return Reading("raw", re.sub(r"^(-?)0+(?=\d)", r"\1", text))
    expression = Expression.number(int(text))
    return Reading("scalar", expression.form, expression=expression)


def scalar(text: str) -> Reading:
    """One expression with or without a unit; raw text where it cannot be read as that."""
    if INTEGER.fullmatch(text):
        return integer(text)
    if (number := han(text)) is not None:
        return integer(str(number))
    if "mod" in text and (match := _MODULUS.search(text)):
        return _residue(text[: match.start()], int(match[1])) or raw(text)
    amount, unit, factor = split_unit(text)
    try:
        expression = parse(amount)
        if factor != 1:
            expression = expression * Expression.number(factor)
    except Unreadable:
        return raw(text)
    tolerance = _tolerance(amount) * factor
    return Reading("scalar", expression.form, expression=expression, unit=unit, tolerance=tolerance)


def _residue(text: str, modulus: int) -> Reading | None:
    """A class of numbers (5 mod 7), by its least member; the modulus is its unit."""
    try:
        value = parse(text).rational if modulus else None
    except Unreadable:
        return None
    if not isinstance(value, int):
        return None
    expression = Expression.number(value % modulus)
    return Reading("scalar", expression.form, expression=expression, unit=f"mod {modulus}")


def _tolerance(amount: str) -> Fraction:
    """Half a unit of the last digit of a decimal with at least two significant digits."""
    match = _DECIMAL.fullmatch(amount) if "." in amount else None
    if not match or len((match[1] + match[2]).lstrip("0")) < 2:
        return Fraction(0)
    return Fraction(10) ** (int(match[3] or match[4] or 0) - len(match[2])) / 2


def set_of(items: Sequence[Reading], *, distinct: bool = False) -> Reading:
    """Several answers in any order; one of them where there are no others."""
    if not items:
        return raw("")
    items = list(items)
    if sum(bool(item.letter) for item in items) > 1:  # A: 5, B: 7
        items = [replace(item, label=item.letter or item.label, letter="") for item in items]
    if len({item.label for item in items if item.kind != "ordered" and item.label}) > 1 and not _indexed(
        items
    ):  # x = 1, y = 2
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


def _indexed(items: Sequence[Reading]) -> bool:
    """Whether the labels are one letter with indices: x_1 = 2, x_2 = 5 are the two values of x."""
    return len({item.label.partition("_")[0] for item in items if item.kind != "ordered"}) == 1
