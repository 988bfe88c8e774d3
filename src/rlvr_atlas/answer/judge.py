"""Whether two readings are the same answer, by exact rules only.

`None` means that the rules end here and a computer algebra system may know more; `unknown` is a verdict: no
system could tell without the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Literal

from rlvr_atlas.answer import units
from rlvr_atlas.answer.algebra import Expression
from rlvr_atlas.answer.read import Reading
from rlvr_atlas.answer.tex import NOTATION

Verdict = Literal["same", "different", "unknown"]

_OPPOSITES = {frozenset(pair) for pair in NOTATION["words"]["opposites"]}
#: x + C and x + 2C are one family of answers, and nothing here tells a free constant from a given number.
_CONSTANT = re.compile(r"[Cc](?:_\w)?")
#: Letters that stand for a given number or for any integer: π/2 + πk and -π/2 + πk are one family.
_INTEGERS = frozenset("kmn")
_BASES = {"two": 2, "eight": 8}


def judge(a: Reading, b: Reading) -> Verdict | None:
    """Compare two readings; symmetric.

    Returns:
        The verdict, or None where only a computer algebra system could decide.
    """
    for kind, rule in _RULES.items():
        if kind in (a.kind, b.kind):
            return rule(a, b)
    if a.expression is not None and b.expression is not None:
        return _scalars(a, b, a.expression, b.expression)
    if a.form == b.form and a.kind == b.kind:
        return "same" if a.label == b.label or not a.label or not b.label else "unknown"
    if a.items and b.items:
        return _groups(a, b)
    return _group_and_one(*((a, b) if a.items else (b, a)))


def _alternatives(a: Reading, b: Reading) -> Verdict:
    """Several readings of one text: agreement with some of them proves nothing."""
    if a.form == b.form:
        return "same"
    left, right = ((r.items if r.kind == "alternatives" else (r,)) for r in (a, b))
    return "different" if all(judge(x, y) == "different" for x in left for y in right) else "unknown"


def _choices(a: Reading, b: Reading) -> Verdict:
    left, right = ((r.form if r.kind == "choice" else r.letter) for r in (a, b))
    if not left or not right:
        return "unknown"
    return "same" if left == right else "different"


def _words(a: Reading, b: Reading) -> Verdict:
    if a.form.replace(" ", "") == b.form.replace(" ", ""):
        return "same"
    return "different" if frozenset((a.form, b.form)) in _OPPOSITES else "unknown"


def _based(a: Reading, b: Reading) -> Verdict:
    if a.kind != b.kind:
        return "unknown"
    values = [_value_in_base(reading.form) for reading in (a, b)]
    if a.form == b.form or None in values:
        return "same" if a.form == b.form else "unknown"
    return "same" if values[0] == values[1] else "different"


def _value_in_base(form: str) -> int | None:
    digits, base = form.split("_")
    try:
        return int(digits, _BASES.get(base) or int(base)) if len(digits) < 200 else None
    except ValueError:
        return None


_RULES = {"alternatives": _alternatives, "choice": _choices, "words": _words, "based": _based}


def _scalars(a: Reading, b: Reading, left: Expression, right: Expression) -> Verdict | None:
    if a.form == b.form:
        clash = units.conflict(a.unit, b.unit)
        if clash is None or (a.label and b.label and a.label != b.label):
            return "unknown"
        return "different" if clash else "same"
    if a.unit and b.unit:
        return _values(a, b, left, right) if a.unit == b.unit else "unknown"
    if units.same_in_unit(left, a.unit, right) or units.same_in_unit(right, b.unit, left):
        return "same"
    verdict = _values(a, b, left, right)
    return (
        "unknown" if verdict == "different" and units.may_convert(a.unit or b.unit, left, right) else verdict
    )


def _values(a: Reading, b: Reading, left: Expression, right: Expression) -> Verdict | None:
    """Compare expressions whose forms differ."""
    letters = left.letters | right.letters
    canonical = left.canonical and right.canonical
    if left.value is not None and right.value is not None:
        if tolerance := max(a.tolerance, b.tolerance):
            return _rounded(left, right, tolerance)
        near = abs(left.value - right.value) <= 1e-9 * max(abs(left.value), abs(right.value), 1e-3)
        return None if near and not canonical else "different"
    if any(map(_CONSTANT.fullmatch, letters)):
        return "unknown"
    comparable = left.letters == right.letters and letters.isdisjoint(_INTEGERS)
    return "different" if comparable and canonical else None


def _rounded(left: Expression, right: Expression, tolerance: Fraction) -> Verdict:
    """Whether one may be the other, rounded: 0.333 and 1/3. Nine digits that agree are no chance."""
    x, y = (e.value if e.rational is None else e.rational for e in (left, right))
    assert x is not None and y is not None
    if isinstance(x, float) or isinstance(y, float):
        agree = abs(float(x) - float(y)) <= float(tolerance) * (1 + 1e-9)
    else:
        agree = abs(Fraction(x) - y) <= tolerance
    if not agree:
        return "different"
    return "same" if tolerance <= 1e-9 * abs(float(x)) else "unknown"


def _groups(a: Reading, b: Reading) -> Verdict | None:
    numeric = _numeric(a) and _numeric(b)
    if a.kind == b.kind == "ordered":
        if a.label == b.label:
            if len(a.items) != len(b.items):
                return "different"
            return _all(judge(x, y) for x, y in zip(a.items, b.items, strict=True))
        # (1,2), [1,2] and a column of 1 and 2 are different things; a ratio may be a time or a quotient.
        return "unknown" if ":" in (a.label, b.label) or not numeric else "different"
    if any(_absent(x, other) for one, other in ((a, b), (b, a)) for x in one.items):
        return "different"
    if a.kind == b.kind:
        return "different" if len(a.items) != len(b.items) and numeric else None
    return "unknown"


def _absent(item: Reading, group: Reading) -> bool:
    return all(judge(item, other) == "different" for other in group.items)


def _all(verdicts: Iterable[Verdict | None]) -> Verdict | None:
    found = set(verdicts)
    return next((verdict for verdict in ("different", None, "unknown") if verdict in found), "same")


def _numeric(reading: Reading) -> bool:
    """Whether it is a number, or made of numbers."""
    if reading.items:
        return all(map(_numeric, reading.items))
    return reading.expression is not None and reading.expression.value is not None


def _group_and_one(group: Reading, one: Reading) -> Verdict | None:
    if not group.items or not _numeric(group) or not _numeric(one):
        return None  # one is a relation, or text that was not read
    # One of several answers may be all that was asked for, or a part; a ratio may be a quotient.
    if group.label == ":" or (group.kind == "set" and not _absent(one, group)):
        return "unknown"
    return "different"
