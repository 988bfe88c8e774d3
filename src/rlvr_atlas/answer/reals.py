"""Sets of real numbers: intervals, inequalities in one letter, and unions of them.

`(-∞, 4)` and `x < 4` are one answer, `(0, 7)` and `0 < x < 7` too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rlvr_atlas.answer.algebra import Expression, Unreadable


@dataclass(frozen=True)
class End:
    """One end of an interval; `expression` is None at infinity."""

    value: float
    closed: bool
    expression: Expression | None = None

    @property
    def form(self) -> str:
        """Canonical text of the end."""
        return str(self.value) if self.expression is None else self.expression.form


Interval = tuple[End, End]
#: Disjoint intervals in order; empty for no number at all.
Reals = tuple[Interval, ...]

_LOW, _HIGH = End(-math.inf, False), End(math.inf, False)
EVERYTHING: Reals = ((_LOW, _HIGH),)


def end(expression: Expression, *, closed: bool) -> End | None:
    """The end of an interval; None where it is no real number."""
    if expression.form in ("∞", "-∞"):
        return End(math.inf if expression.form == "∞" else -math.inf, False)
    return None if expression.value is None else End(expression.value, closed, expression)


def interval(low: End | None, high: End | None) -> Reals | None:
    """All numbers between two ends; None where an end is none or they are in the wrong order."""
    if (
        low is None
        or high is None
        or low.value > high.value
        or low.value == math.inf
        or high.value == -math.inf
    ):
        return None
    if low.value == high.value:
        return ((low, high),) if low.closed and high.closed else ()
    return ((low, high),)


def point(value: End) -> Reals:
    """One number."""
    closed = End(value.value, True, value.expression)
    return ((closed, closed),)


def beside(value: End, sign: str) -> Reals | None:
    """All numbers that are `sign` than a value: < ≤ > ≥ or ≠."""
    if not math.isfinite(value.value):
        return None
    edge = End(value.value, sign in "≤≥", value.expression)
    if sign == "=":
        return point(value)
    if sign == "≠":
        return ((_LOW, edge), (edge, _HIGH))
    return ((_LOW, edge),) if sign in "<≤" else ((edge, _HIGH),)


def union(sets: Sequence[Reals]) -> Reals:
    """All numbers of any set; what touches is joined."""
    intervals = sorted((i for reals in sets for i in reals), key=lambda i: (i[0].value, not i[0].closed))
    joined: list[Interval] = []
    for low, high in intervals:
        if joined:
            start, last = joined[-1]
            if low.value < last.value or (low.value == last.value and (low.closed or last.closed)):
                longer = (high.value, high.closed) > (last.value, last.closed)
                joined[-1] = (start, high if longer else last)
                continue
        joined.append((low, high))
    return tuple(joined)


def common(a: Reals, b: Reals) -> Reals:
    """All numbers of both sets."""
    found: list[Interval] = []
    for low, high in a:
        for other_low, other_high in b:
            start = max(low, other_low, key=lambda e: (e.value, not e.closed))
            stop = min(high, other_high, key=lambda e: (e.value, e.closed))
            if start.value < stop.value or (start.value == stop.value and start.closed and stop.closed):
                found.append((start, stop))
    return union([tuple(found)])


def solve(left: Expression, sign: str, right: Expression) -> tuple[str, Reals] | None:
    """The solutions of an inequality that is linear in its one letter.

    Returns:
        The letter and the set; None where it is another inequality.
    """
    difference = left - right
    if len(difference.letters) != 1 or difference.opaque:
        return None
    (letter,) = difference.letters
    slope = difference.terms.get(((letter, 1),))
    rest = {monomial: c for monomial, c in difference.terms.items() if monomial != ((letter, 1),)}
    if slope is None or any(atom == letter for monomial in rest for atom, _ in monomial):
        return None
    flipped = {"<": ">", "≤": "≥", ">": "<", "≥": "≤"}
    try:
        constant = Expression(rest) / Expression.number(-slope)
    except Unreadable:
        return None
    edge = end(constant, closed=True)
    reals = None if edge is None else beside(edge, flipped.get(sign, sign) if slope < 0 else sign)
    return None if reals is None else (letter, reals)


def same(a: Reals, b: Reals) -> Literal["same", "different", "unknown"]:
    """Whether two sets are the same; unknown where ends are equal only as far as floats tell."""
    if len(a) != len(b):
        return "different"
    sure = True
    for one, other in zip(a, b, strict=True):
        for x, y in zip(one, other, strict=True):
            if x.closed != y.closed or math.isfinite(x.value) != math.isfinite(y.value):
                return "different"
            if x.expression is None or y.expression is None:
                if x.value != y.value:
                    return "different"
            elif x.expression.form != y.expression.form:
                if abs(x.value - y.value) > 1e-9 * max(abs(x.value), abs(y.value)):
                    return "different"
                sure = False
    return "same" if sure else "unknown"
