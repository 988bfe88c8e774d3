"""Several conditions on one letter: `x < -1 or x > 1`, `x > 1 and x < 5`, `x ≠ 2, 3`."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import reduce

from rlvr_atlas.answer import reals
from rlvr_atlas.answer.items import item
from rlvr_atlas.answer.reading import Reading

_SIGNS = re.compile(r"[<>≤≥≠]")
_JOINED = re.compile(r",? ?\\text ?\{ ?(or|and) ?\} ?|,? (or|and) | ?[,;] ?| ?(或) ?| ?(且) ?", re.I)
_EXCEPT = re.compile(r"[^≠<>≤≥=]+≠")
_EXCEPT_BOTH = re.compile(r"([^≠<>≤≥=,;]+)≠ ?± ?([^,;]+)")
#: {x | x < 1 or x > 4}
_BUILT = re.compile(r"⦃ ?([A-Za-z])(?: ?∈ ?ℝ)? ?[|:] ?([^⦃⦄|:]*)⦄")
MAX_PARTS = 8


def conditions(text: str) -> Reading | None:
    """Read conditions on one letter as the numbers that fulfil them.

    Args:
        text: Cleaned text.

    Returns:
        A reading with its set of numbers; None where the text is something else, or one condition.
    """
    if match := _BUILT.fullmatch(text):
        inside = conditions(match[2])
        named = inside is not None and inside.label == match[1]
        return replace(inside, form=f"⦃{match[1]}|{inside.form}⦄", label="") if inside and named else None
    if not _SIGNS.search(text) or any(bracket in text for bracket in "([⦃"):
        return None
    pieces = _JOINED.split(_EXCEPT_BOTH.sub(r"\1≠\2, \1≠-(\2)", text))
    parts = pieces[::5]
    if not 2 <= len(parts) <= MAX_PARTS:
        return None
    words = {word.lower() for word in pieces if word and word.lower() in ("or", "and", "或", "且")}
    if (first := _EXCEPT.match(parts[0])) and not any(_SIGNS.search(part) for part in parts[1:]):
        parts = [parts[0], *(first[0] + part for part in parts[1:])]
    readings = [item(part, 0) for part in parts]
    letters = {reading.label for reading in readings}
    sets = [reading.reals for reading in readings if reading.reals is not None and reading.kind == "raw"]
    if len(letters) != 1 or len(sets) < len(readings) or len(words) > 1:
        return None
    common = reduce(reals.common, sets)
    if all("≠" in part for part in parts):
        found = common
    elif words:
        found = common if words & {"and", "且"} else reals.union(sets)
    else:  # x > 1, x < 5 are both meant; of x < 1, x > 5 one
        found = common or reals.union(sets)
    form = ", ".join(sorted(reading.form for reading in readings))
    return Reading("raw", form, label=letters.pop(), reals=found)
