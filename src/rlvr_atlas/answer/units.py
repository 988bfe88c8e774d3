r"""Units, currencies and nouns behind a number: what is counted or measured, apart from how much.

A unit is kept beside the value, because `5 km` and `5` are the same answer to one question, `5 km` and `5 g`
are not, and whether `5 apples` and `5 fruits` are cannot be known here.
"""

from __future__ import annotations

import re
from fractions import Fraction

from rlvr_atlas.answer.algebra import PI, Expression, Unreadable
from rlvr_atlas.answer.tex import NOTATION

_DATA = NOTATION["units"]
_KNOWN: dict[str, str] = {
    spelling: line.split()[0] for line in _DATA["known"].splitlines() for spelling in line.split()
}
_NAMES = frozenset(_KNOWN.values())
_SIGNS: dict[str, str] = _DATA["signs"]
_NEVER = frozenset(_DATA["never"].split())
_FACTORS = frozenset(_DATA["factors"])
#: What one of a dimensionless unit is.
_SCALES = {
    "%": Expression.number(Fraction(1, 100)),
    "degree": Expression.letter(PI) * Expression.number(Fraction(1, 180)),
}

_CURRENCY = re.compile(r"^(-?)\s?([¤€£¥])\s?(?=[-\d.\\])")
_TAIL = re.compile(
    r"\s?(?:"
    r"(?P<degree>°)(?:\s?(?:\\text ?\{ ?)?(?P<scale>[CF])(?: ?\})?)?"
    r"|(?P<sign>[%¤€£¥元]|(?<=\d)'{1,2})"
    r"|\(? ?\\text ?\{(?P<text>[A-Za-z ./*²³-]{1,60})\} ?\)?(?:\^ ?\{? ?(?P<power>-?\d) ?\}?)?"
    r"|\( ?(?P<remark>[A-Za-z][A-Za-z '.-]{0,60})\)"
    r"|(?P<han>[\u4e00-\u9fff]{1,6})"
    r"|(?<![A-Za-z\\])(?P<bare>[A-Za-z]+(?:/[A-Za-z]+)?(?: [A-Za-z-]+){0,3})"
    r"(?:\^ ?\{? ?(?P<bare_power>[23]) ?\}?)?"
    r")$"
)
#: No unit is longer, and the pattern ends at the end, so a search from the left would retry everywhere.
_TAIL_CHARS = 80
_QUOTIENT = re.compile(r"\\text ?\{([A-Za-z ]{1,20})\} ?([/*]) ?\\text ?\{([A-Za-z ]{1,20})\}")
_AMOUNT = re.compile(r"\d|\\pi|∞|\\sqrt")


def split_unit(text: str) -> tuple[str, str]:
    r"""Take the unit off an answer.

    Args:
        text: Cleaned text of one item.

    Returns:
        The amount, and the canonical name of its unit ("" where it has none).
    """
    unit = ""
    if match := _CURRENCY.match(text):
        unit = _SIGNS[match[2]]
        text = match[1] + text[match.end() :]
    if r"\text" in text:
        text = _QUOTIENT.sub(r"\\text{\1\2\3}", text)
    while not text[-1:].isdigit() or "^" in text[-6:]:
        match = _TAIL.search(text, max(0, len(text) - _TAIL_CHARS))
        name = _name(match) if match and _AMOUNT.search(text, 0, match.start()) else None
        if match is None or name is None:
            break
        text, unit = text[: match.start()].rstrip(), " ".join(filter(None, (name, unit)))
    return text, unit


def _name(match: re.Match[str]) -> str | None:
    """The unit's canonical name; None where the words are none."""
    if match["degree"]:
        return f"°{match['scale']}" if match["scale"] else "degree"
    if sign := match["sign"] or match["han"]:
        return _SIGNS.get(sign, sign)
    words = (match["text"] or match["remark"] or match["bare"]).strip(" .")
    if not words or not _may_be_unit(match, words):
        return None
    power = match["power"] or match["bare_power"]
    return canonical_unit(words) + (f"^{power}" if power else "")


def _may_be_unit(match: re.Match[str], words: str) -> bool:
    """Whether letters behind a number are a unit, and not a factor or a sentence."""
    if match["remark"]:
        return len(words) > 1 or (words in _KNOWN and match[0].startswith(" "))  # 3(x) is a product
    if not _NEVER.isdisjoint(words.lower().split()):
        return False
    if match["bare"]:
        first = words.split(maxsplit=1)[0]
        before = match.string[: match.start("bare")]
        return len(first) > 1 if first in _KNOWN else before.endswith(" ") and len(first) > 3
    return True


def canonical_unit(words: str) -> str:
    """One name per unit: spelling, case and plural unified."""
    for spelling in (words, words.lower(), words.lower().removesuffix("s")):
        if spelling in _KNOWN:
            return _KNOWN[spelling]
    words = words.lower()
    return words.removesuffix("s") if len(words) > 3 and not words.endswith("ss") else words


def conflict(a: str, b: str) -> bool | None:
    """Whether equal amounts of two units are different answers; None where it cannot be told."""
    if a == b or not a or not b:
        return False
    return True if a in _NAMES and b in _NAMES else None


def same_in_unit(a: Expression, unit: str, b: Expression) -> bool:
    """Whether `a`, of which one is a percent or a degree, is the pure number `b`: 50% and 1/2."""
    try:
        return unit in _SCALES and (a * _SCALES[unit]).form == b.form
    except Unreadable:  # too large
        return False


def may_convert(unit: str, a: Expression, b: Expression) -> bool:
    """Whether two amounts, one of which carries `unit`, may be equal in two units: `1 hour` and `60`."""
    if unit not in _NAMES or not a.rational or not b.rational:
        return False
    ratio = abs(Fraction(a.rational) / b.rational)
    return max(ratio, 1 / ratio) in _FACTORS
