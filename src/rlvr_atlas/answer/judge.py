"""Whether two readings are the same answer, by exact rules only.

`None` means that the rules end here and a computer algebra system may know more; `unknown` is a verdict: no
system could tell without the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from rlvr_atlas.answer import bases, moments, reals, units
from rlvr_atlas.answer.algebra import Expression, Unreadable
from rlvr_atlas.answer.quantities import pairs
from rlvr_atlas.answer.reading import Reading
from rlvr_atlas.answer.tex import NOTATION

Verdict = Literal["same", "different", "unknown"]

#: Answers that have few others beside them: with each word all words that may stand in its place.
OPPOSITES = {word: line for line in NOTATION["words"]["opposites"] for word in line.split()}
#: x + C and x + 2C are one family of answers, and nothing here tells a free constant from a given number.
_CONSTANT = re.compile(r"[Cc](?:_\w)?")
#: Letters that stand for a given number or for any integer: π/2 + πk and -π/2 + πk are one family.
_INTEGERS = frozenset("kmn")
MAX_MATCHED = 16
#: The shape of a matrix of one row or one column.
_LINE = re.compile(r"1x\d+|\d+x1")


def judge(a: Reading, b: Reading) -> Verdict | None:
    """Compare two readings; symmetric.

    Returns:
        The verdict, or None where only a computer algebra system could decide.
    """
    for kind, rule in _RULES.items():
        if kind in (a.kind, b.kind):
            return rule(a, b)
    if a.reals is not None and b.reals is not None and not a.kind == b.kind == "ordered":
        verdict = reals.same(a.reals, b.reals)
        other = a.label != b.label and a.label and b.label and "raw" == a.kind == b.kind
        return "unknown" if verdict == "same" and other else verdict
    if a.expression is not None and b.expression is not None:
        return _scalars(a, b, a.expression, b.expression)
    if a.form == b.form and a.kind == b.kind:
        unlike = _of_other_letters(a, b) or (a.label and b.label and a.label != b.label)
        return "unknown" if unlike else _in_their_units(a, b)
    if a.items and b.items:
        return _groups(a, b)
    return _group_and_one(*((a, b) if a.items or a.reals else (b, a)))


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
    known = OPPOSITES.get(a.form)
    return "different" if known and known == OPPOSITES.get(b.form) else "unknown"


def _several_choices(a: Reading, b: Reading) -> Verdict:
    if a.form == b.form:
        return "same"
    return "different" if {a.kind, b.kind} <= {"choice", "choices"} else "unknown"


def _moments(a: Reading, b: Reading) -> Verdict:
    if a.moment is None or b.moment is None:
        return "unknown"
    verdict = moments.same(a.moment, b.moment)
    return "unknown" if verdict is None else "same" if verdict else "different"


def _quantities(a: Reading, b: Reading) -> Verdict | None:
    """Amounts of several things: whose label is which, where that can be told."""
    if a.kind == b.kind:
        if (matched := pairs(a, b)) is not None:
            return _all(_unlabelled(x, y) for x, y in matched)
        common = [(x, y) for x in a.items for y in b.items if x.label == y.label]
        verdicts = [_unlabelled(x, y) for x, y in common]
        return "different" if "different" in verdicts else "unknown"
    if a.kind != "quantities":
        return _quantities(b, a)
    if b.kind == "set" and len(a.items) == len(b.items):
        # 9 and 21 may be the hens and the goats, in one order or the other.
        lost = any(_absent(x, b) for x in a.items) or any(_absent(x, a) for x in b.items)
        return "different" if lost else "unknown"
    if b.expression is None or not _numeric(a) or not _absent(b, a):
        return "unknown"
    # One of them, or all together, may be all that was asked for.
    total = sum((item.expression for item in a.items if item.expression), Expression.number(0))
    return "unknown" if total.form == b.expression.form else "different"


def _unlabelled(x: Reading, y: Reading) -> Verdict | None:
    return judge(replace(x, label=""), replace(y, label=""))


def _based(a: Reading, b: Reading) -> Verdict:
    if a.kind != b.kind:
        return "unknown"
    values = [bases.value(reading.form) for reading in (a, b)]
    if a.form == b.form or None in values:
        return "same" if a.form == b.form else "unknown"
    return "same" if values[0] == values[1] else "different"


_RULES = {
    "alternatives": _alternatives,
    "choices": _several_choices,
    "choice": _choices,
    "moment": _moments,
    "words": _words,
    "quantities": _quantities,
    "based": _based,
}


def _scalars(a: Reading, b: Reading, left: Expression, right: Expression) -> Verdict | None:
    if a.unit and b.unit and a.unit != b.unit:
        return _in_units(a, b, left, right)
    if left.form == right.form:
        # An equation and its root without the letter may be answers to two questions.
        bare = a.solved != b.solved and not (a.label and b.label)
        return "unknown" if bare or (a.label and b.label and a.label != b.label) else "same"
    if bool(a.unit) != bool(b.unit):
        return _with_unit(a, b, left, right) if a.unit else _with_unit(b, a, right, left)
    return _values(a, b, left, right)


def _with_unit(a: Reading, b: Reading, left: Expression, right: Expression) -> Verdict | None:
    """An amount with a unit, and a number without one."""
    if units.measure(a.unit) and (found := units.unit_of_letter(right)):
        return _scalars(a, replace(b, form=found[0].form, expression=found[0], unit=found[1]), left, found[0])
    if units.same_in_unit(left, a.unit, right):
        return "same"
    verdict = _values(a, b, left, right)
    return "unknown" if verdict == "different" and units.may_convert(a.unit, left, right) else verdict


def _in_units(a: Reading, b: Reading, left: Expression, right: Expression) -> Verdict | None:
    """Two amounts in two units: 2 hours and 120 minutes."""
    share = units.ratio(a.unit, b.unit)
    if share is None:
        clash = units.conflict(a.unit, b.unit)
        return "different" if clash else "unknown"
    try:
        converted = left * Expression.number(share)
    except Unreadable:
        return "unknown"
    verdict = _scalars(
        replace(a, form=converted.form, expression=converted, unit=b.unit, tolerance=a.tolerance * share),
        b,
        converted,
        right,
    )
    if verdict != "different" or units.one_system(a.unit, b.unit):
        return verdict
    # Miles and kilometres convert with rounding.
    x, y = converted.value, right.value
    return "unknown" if x is None or y is None or abs(x - y) <= 0.05 * max(abs(x), abs(y)) else "different"


def _values(a: Reading, b: Reading, left: Expression, right: Expression) -> Verdict | None:
    """Compare expressions whose forms differ."""
    letters = left.letters | right.letters
    canonical = left.canonical and right.canonical
    if left.value is not None and right.value is not None:
        if tolerance := max(a.tolerance, b.tolerance):
            return _rounded(left, right, tolerance)
        near = abs(left.value - right.value) <= 1e-9 * max(abs(left.value), abs(right.value), 1e-3)
        return None if near and not canonical else "different"
    if not letters and left.logarithm is not None and right.logarithm is not None:
        # Beyond what floats hold, as 1/1998!.
        far = abs(left.logarithm - right.logarithm) > 1e-9 * max(abs(left.logarithm), abs(right.logarithm), 1)
        if far:
            return "different"
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
    if a.kind == b.kind == "ordered":
        return _ordered(a, b)
    if (matched := _by_letter(a, b)) is not None:
        return matched
    if any(_absent(x, other) for one, other in ((a, b), (b, a)) for x in one.items):
        return "different"
    if a.kind == b.kind and _each_in(a, b):
        return "same"
    labels = [{item.label for item in reading.items if item.expression} for reading in (a, b)]
    if a.kind != b.kind or labels[0] != labels[1]:
        return "unknown"
    return "different" if len(a.items) != len(b.items) and _numeric(a) and _numeric(b) else None


def _in_their_units(a: Reading, b: Reading) -> Verdict | None:
    """Two groups of the same values, which may differ in units: `5 cm, 3 cm` and `5 m, 3 m`."""
    if a.kind not in ("set", "ordered"):
        return "same"
    classes = [{item.unit.startswith("mod ") for item in reading.items} for reading in (a, b)]
    if classes[0] != classes[1] and {True, False} in classes:
        return "unknown"  # n = 1 or n ≡ 2 (mod 4), and 1, 2
    if len(a.items) != len(b.items):
        return "unknown"  # one has a list inside a list, which their form does not show
    return _all(_unlabelled(x, y) for x, y in zip(a.items, b.items, strict=True))


def _of_other_letters(a: Reading, b: Reading) -> bool:
    """Whether values are of one letter here and of another there: `x = 0 or x = 2`, `a_1 = 0, a_2 = 2`."""
    left, right = ({item.label.partition("_")[0] for item in reading.items} for reading in (a, b))
    return a.kind == "set" and left.isdisjoint(right) and "" not in left | right and bool(left and right)


def _each_in(a: Reading, b: Reading) -> bool:
    """Whether each of the one is the same as one of the other: `5 cm, 3 cm` and `30 mm, 50 mm`."""
    rest = list(range(len(b.items)))
    if len(rest) != len(a.items) or len(rest) > MAX_MATCHED or _of_other_letters(a, b):
        return False
    for item in a.items:
        found = [at for at in rest if judge(item, b.items[at]) == "same"]
        if len(found) != 1:
            return False
        rest.remove(found[0])
    return True


def _by_letter(a: Reading, b: Reading) -> Verdict | None:
    """`(x, y) = (3, 4)` and `x = 3, y = 4`; None where a part does not say of which letter it is."""
    left, right = ({item.label: item for item in reading.items} for reading in (a, b))
    if "" in left or left.keys() != right.keys() or len(left) < len(a.items):
        return None
    return _all(_unlabelled(left[letter], right[letter]) for letter in left)


def _ordered(a: Reading, b: Reading) -> Verdict | None:
    if (
        a.label != b.label
        and any(item.label for item in (*a.items, *b.items))
        and len(a.items) == len(b.items)
    ):
        # [x = 1, y = 2] is a way of writing (x, y) = (1, 2), not an interval.
        verdict = _all(_unlabelled(x, y) for x, y in zip(a.items, b.items, strict=True))
        in_another_order = sorted(item.form for item in a.items) == sorted(item.form for item in b.items)
        return "unknown" if verdict == "different" and in_another_order else verdict
    return _of_shapes(a, b)


def _of_shapes(a: Reading, b: Reading) -> Verdict | None:
    """Tuples, intervals, vectors, ratios."""
    if a.label == b.label:
        if len(a.items) != len(b.items):
            return "different"
        verdict = _all(judge(x, y) for x, y in zip(a.items, b.items, strict=True))
        if verdict == "different" and a.label == ":" and _proportional(a, b):
            return "unknown" if a.moment and b.moment else "same"  # 1:20 and 2:40 may be times
        return verdict
    lines = [_LINE.fullmatch(reading.label) for reading in (a, b)]
    if any(lines) and (all(lines) or {a.label, b.label} & {"()", "[]"}):
        # A vector as a column, a row or a tuple; a row is not a column, but both may be meant.
        if len(a.items) != len(b.items):
            return "different"
        verdict = _all(judge(x, y) for x, y in zip(a.items, b.items, strict=True))
        return "unknown" if all(lines) and verdict == "same" else verdict
    # (1,2) and [1,2] are different things; a ratio may be a time or a quotient.
    numeric = _numeric(a) and _numeric(b)
    return "unknown" if ":" in (a.label, b.label) or not numeric else "different"


def _proportional(a: Reading, b: Reading) -> bool:
    left, right = ([item.expression for item in reading.items] for reading in (a, b))
    if any(e is None or not e.terms for e in (*left, *right)):
        return False
    try:
        shares = {(x / y).form for x, y in zip(left, right, strict=True) if x is not None and y is not None}
    except Unreadable:
        return False
    return len(shares) == 1


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
    if group.reals and group.reals[0][0].value < group.reals[-1][1].value and not one.items and _numeric(one):
        return "different"  # many numbers and one
    if not group.items or not _numeric(group) or not _numeric(one):
        return None  # one is a relation, or text that was not read
    if group.spare is not None and one.expression is not None and group.spare.form == one.expression.form:
        return "unknown"  # 3,5 and 3.5
    if group.label == ":":
        return "unknown" if _may_be_ratio(group, one) else "different"
    # One of several answers may be all that was asked for, or a part.
    return "unknown" if group.kind == "set" and not _absent(one, group) else "different"


def _may_be_ratio(group: Reading, one: Reading) -> bool:
    """Whether a number may be what a ratio says: 3:5 as 3/5, 5/3, and as the shares 3/8 and 5/8."""
    parts = [item.expression for item in group.items]
    x, y = parts[0], parts[1]
    if len(parts) != 2 or x is None or y is None or one.expression is None or group.moment:
        return True
    try:
        known = {(over / under).form for over, under in ((x, y), (y, x), (x, x + y), (y, x + y))}
    except Unreadable:
        return True
    return one.tolerance > 0 or one.expression.form in known
