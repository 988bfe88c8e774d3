"""Digits in a base: `1010_2`, `3A_{16}`, `12_{two}`."""

from __future__ import annotations

import re

from rlvr_atlas.answer.reading import TEXT, Reading, scalar

_BASED = re.compile(r"\{?(-?[0-9A-Z]*\d[0-9A-Z]*)\}? ?_ ?(?:(\d)|\{ ?\(? ?(\d{1,2}|two|eight) ?\)? ?\})")
_NAMED = {"two": 2, "eight": 8}


def in_base(text: str, _depth: int) -> Reading | None:
    """Read digits in a base; in base 10 they are a number. None where the text is something else."""
    if "_" not in text:
        return None
    match = _BASED.fullmatch(TEXT.sub(r"\1", text))
    if not match:
        return None
    base = match[2] or match[3]
    return scalar(match[1]) if base == "10" else Reading("based", f"{match[1].lstrip('0') or '0'}_{base}")


def value(form: str) -> int | None:
    """What digits in a base (the form of a reading) are worth; None where they are none of that base."""
    digits, base = form.split("_")
    try:
        return int(digits, _NAMED.get(base) or int(base)) if len(digits) < 200 else None
    except ValueError:
        return None
