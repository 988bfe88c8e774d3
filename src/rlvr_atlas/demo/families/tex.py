"""Small pieces of TeX that several families share."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def polynomial(coefficients: Sequence[int], variable: str) -> str:
    r"""A polynomial, highest power first: `polynomial([1, -5, 6], "x")` is `x^2 - 5x + 6`."""
    text = ""
    for power, coefficient in zip(range(len(coefficients) - 1, -1, -1), coefficients, strict=True):
        if coefficient == 0:
            continue
        size = "" if abs(coefficient) == 1 and power else str(abs(coefficient))
        letter = "" if power == 0 else variable if power == 1 else f"{variable}^{power}"
        sign = ("-" if coefficient < 0 else "") if not text else (" - " if coefficient < 0 else " + ")
        text += sign + size + letter
    return text or "0"


def linear(first: int, second: int, x: str, y: str) -> str:
    """`linear(2, -3, "x", "y")` is `2x - 3y`; both coefficients other than 0."""
    head = {1: "", -1: "-"}.get(first, str(first))
    tail = "" if abs(second) == 1 else str(abs(second))
    return f"{head}{x} {'-' if second < 0 else '+'} {tail}{y}"


def signed(number: int) -> str:
    """`+ 3` or `- 3`, for a number that follows another."""
    return f"- {-number}" if number < 0 else f"+ {number}"


def fraction(numerator: int, denominator: int) -> str:
    r"""`\frac{2}{4}`: as given, not reduced."""
    return rf"\frac{{{numerator}}}{{{denominator}}}"


def pi(multiple: int | Fraction) -> str:
    r"""`12\pi`, `\frac{9\pi}{2}`, `\pi`."""
    value = Fraction(multiple)
    top = rf"{'' if value.numerator == 1 else value.numerator}\pi"
    return top if value.denominator == 1 else rf"\frac{{{top}}}{{{value.denominator}}}"
