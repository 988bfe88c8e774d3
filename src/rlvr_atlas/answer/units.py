r"""Units, currencies and nouns behind a number: what is counted or measured, apart from how much.

A unit is kept beside the value, because `5 km` and `5` are the same answer to one question, `5 km` and `5 g`
are not, and whether `5 apples` and `5 fruits` are cannot be known here.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from rlvr_atlas.answer.algebra import PI, Expression, Unreadable
from rlvr_atlas.answer.counting import scale
from rlvr_atlas.answer.tex import NOTATION
from rlvr_atlas.answer.words import is_word

_DATA = NOTATION["units"]
_ROWS = [line.split() for line in _DATA["known"].splitlines() if line]
_KNOWN: dict[str, str] = {spelling: name for name, _, _, *more in _ROWS for spelling in (name, *more)}
_KNOWN |= _DATA["aliases"]
_MEASURES: dict[str, tuple[str, Fraction]] = {name: (of, Fraction(much)) for name, of, much, *_ in _ROWS}
_SIGNS: dict[str, str] = _DATA["signs"]
_MONEY: dict[str, int] = _DATA["money"]
_NEVER = frozenset(_DATA["never"].split())
_FACTORS = frozenset(_DATA["factors"])
_COUNTED = {noun: Fraction(times) for noun, times in _DATA["counted"].items()}
#: What one of a dimensionless unit is.
_SCALES = {
    "%": Expression.number(Fraction(1, 100)),
    "degree": Expression.letter(PI) * Expression.number(Fraction(1, 180)),
}

_CURRENCY = re.compile(r"^(-?)\s?(?:US|USD)?\s?([¤€£¥])\s?(?=[-\d.\\])")
_MONEY_TAIL = re.compile(r"(?<=\d)\s?([kKmMbB])n?$")
_TAIL = re.compile(
    r"\s?(?:"
    r"(?P<degree>°)(?:\s?(?:\\text ?\{ ?)?(?P<scale>[CF])(?: ?\})?)?"
    r"|(?P<sign>[%¤€£¥元]|(?<=\d)'{1,2})"
    r"|\(? ?\\text ?\{(?P<text>[A-Za-z ./*²³-]{1,60})\} ?\)?(?:\^ ?\{? ?(?P<power>-?\d) ?\}?)?"
    r"|\( ?(?P<remark>(?![A-Za-z] ?- ?[A-Za-z]\))[A-Za-z][A-Za-z '.-]{0,60})\)"
    r"|(?P<han>[\u4e00-\u9fff]{1,6})"
    r"|(?<=\d)(?P<ordinal>st|nd|rd|th)"
    r"|(?<![A-Za-z\\])(?P<bare>[A-Za-z]+(?:/[A-Za-z]+)?(?: [A-Za-z-]+){0,4})"
    r"(?:\^ ?\{? ?(?P<bare_power>[23]) ?\}?)?"
    r")$"
)
#: No unit is longer, and the pattern ends at the end, so a search from the left would retry everywhere.
_TAIL_CHARS = 80
_QUOTIENT = re.compile(r"\\text ?\{([A-Za-z ]{1,20})\} ?([/*]) ?\\text ?\{([A-Za-z ]{1,20})\}")
_AMOUNT = re.compile(r"\d|\\pi|∞|\\sqrt")
#: A degree behind one of these belongs to its argument.
_FUNCTION = re.compile(r"sin|cos|tan|cot|sec|csc")
_HAN_SCALES = tuple("百千万亿")
_PER = re.compile(r" ?/ ?| per ")
_POWER_WORDS = {"square": 2, "squared": 2, "sq": 2, "cubic": 3, "cubed": 3, "cu": 3}


class Amount(NamedTuple):
    """An answer without its unit.

    Args:
        text: How much.
        unit: Canonical name of the unit, "" where there is none.
        factor: What a word such as `million` multiplies the text by.
    """

    text: str
    unit: str
    factor: int = 1


def split_unit(text: str) -> Amount:
    """Take the unit off an answer.

    Args:
        text: Cleaned text of one item.
    """
    unit, factor = "", 1
    if match := _CURRENCY.match(text):
        unit = _SIGNS[match[2]]
        text = match[1] + text[match.end() :]
        if short := _MONEY_TAIL.search(text):
            return Amount(text[: short.start()], unit, _MONEY[short[1]])
    if r"\text" in text:
        text = _QUOTIENT.sub(r"\\text{\1\2\3}", text)
    while not text[-1:].isdigit() or "^" in text[-6:]:
        match = _TAIL.search(text, max(0, len(text) - _TAIL_CHARS))
        name = _name(match) if match and _AMOUNT.search(text, 0, match.start()) else None
        if match is None or name is None:
            break
        times, name = _without_scale(name)
        factor *= times
        text, unit = text[: match.start()].rstrip(), " ".join(filter(None, (name, unit)))
    return Amount(text, unit, factor)


def _without_scale(name: str) -> tuple[int, str]:
    """Words that multiply, taken off the front of a unit: `million people` is `people`."""
    factor, words = 1, name.split(" ")
    while words and (by := scale(words[0])):
        factor *= by
        words = words[1:]
    while words and words[0][:1] in _HAN_SCALES and (by := scale(words[0][0])):
        factor *= by
        words[0] = words[0][1:]
    if factor > 1 and words[:1] == ["of"]:
        words = words[1:]
    return factor, canonical_unit(" ".join(words)) if factor > 1 else name


def _name(match: re.Match[str]) -> str | None:
    """The unit's canonical name; None where the words are none."""
    if match["degree"]:
        name = f"°{match['scale']}" if match["scale"] else "degree"
        return None if _FUNCTION.search(match.string, 0, match.start()) else name
    if sign := match["sign"] or match["han"]:
        return _SIGNS.get(sign) or _KNOWN.get(sign, sign)
    if match["ordinal"]:
        return "ordinal"
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
        if first.partition("/")[0] in _KNOWN or scale(first):
            return len(first) > 1
        return before.endswith(" ") and is_word(first.partition("/")[0])
    return len(words) > 1 or words in _KNOWN


@lru_cache(maxsize=4096)
def canonical_unit(words: str) -> str:
    """One name per unit: spelling, case and plural unified."""
    known = _known(words)
    if known:
        return known
    parts = _PER.split(words)
    if len(parts) == 2 and all(map(_known, parts)):
        return "/".join(map(str, map(_known, parts)))
    pieces = words.split()
    if len(pieces) == 2:  # square metres, metres squared
        for unit, power in (pieces, pieces[::-1]):
            if unit.lower() in _POWER_WORDS and (name := _known(power)):
                return f"{name}^{_POWER_WORDS[unit.lower()]}"
    words = words.lower()
    return words.removesuffix("s") if len(words) > 3 and not words.endswith("ss") else words


def _known(words: str) -> str | None:
    lowered = words.lower().rstrip(".")
    for spelling in (words, words.rstrip("."), lowered, lowered.removesuffix("s")):
        if spelling in _KNOWN:
            return _KNOWN[spelling]
    return None


@lru_cache(maxsize=4096)
def measure(unit: str) -> tuple[tuple[tuple[str, int], ...], str, Fraction] | None:
    """What a unit measures (with powers), in which system, and how much of the base unit it is, if known."""
    found: dict[str, int] = {}
    systems, much = set(), Fraction(1)
    if unit in _MEASURES:
        units = [(unit, 1)]
    else:
        over, _, under = unit.partition("/")
        units = [(part, 1) for part in over.split()] + ([(under, -1)] if under else [])
    for name, sign in units:
        base, _, power = name.partition("^")
        if base not in _MEASURES:
            return None
        (kind, factor), times = _MEASURES[base], sign * int(power or 1)
        of, _, system = kind.partition(":")
        found[of] = found.get(of, 0) + times
        systems.add(system)
        much *= factor**times
    return tuple(sorted(found.items())), "+".join(sorted(systems)), much


def ratio(a: str, b: str) -> Fraction | None:
    """How many of unit `b` one of unit `a` is; None where they measure different things or are not known."""
    left, right = measure(a), measure(b)
    if left is None or right is None or left[0] != right[0] or left[0] == (("temperature", 1),):
        return None
    return left[2] / right[2]


def one_system(a: str, b: str) -> bool:
    """Whether two units convert without rounding in everyday use: hours and minutes, not miles and metres."""
    left, right = measure(a), measure(b)
    return left is not None and right is not None and left[1] == right[1]


def unit_of_letter(expression: Expression) -> tuple[Expression, str] | None:
    """`5 m` as five metres, where a number times a letter may be that; None where it may not."""
    if len(expression.terms) != 1 or expression.opaque or len(expression.letters) != 1:
        return None
    (monomial, coefficient), *_ = expression.terms.items()
    (letter,) = expression.letters
    power = dict(monomial).get(letter)
    if power is None or letter not in _KNOWN or power.denominator != 1:
        return None
    rest = {tuple(pair for pair in monomial if pair[0] != letter): coefficient}
    unit = _KNOWN[letter] + (f"^{power}" if power != 1 else "")
    return Expression(rest), unit


def conflict(a: str, b: str) -> bool | None:
    """Whether equal amounts of two units are different answers; None where it cannot be told."""
    if a == b or not a or not b:
        return False
    if a.startswith("mod ") and b.startswith("mod "):
        return True
    left, right = measure(a), measure(b)
    if left is None or right is None:
        return None
    # A volume may be given in litres and in cubic metres.
    return None if {left[0], right[0]} == {(("length", 3),), (("volume", 1),)} else True


def same_in_unit(a: Expression, unit: str, b: Expression) -> bool:
    """Whether `a`, of which one is a percent or a degree, is the pure number `b`: 50% and 1/2."""
    try:
        return unit in _SCALES and (a * _SCALES[unit]).form == b.form
    except Unreadable:  # too large
        return False


def may_convert(unit: str, a: Expression, b: Expression) -> bool:
    """Whether two amounts, one of which carries `unit`, may be equal: `1 hour` and `60`, `2 gross`, `288`."""
    if unit.startswith("mod "):
        x, y = a.rational, b.rational
        return isinstance(x, int) and isinstance(y, int) and (x - y) % int(unit[4:]) == 0
    if unit in _COUNTED and a.rational is not None:
        return a.rational * _COUNTED[unit] == b.rational
    if measure(unit) is None or not a.rational or not b.rational:
        return False
    share = abs(Fraction(a.rational) / b.rational)
    return max(share, 1 / share) in _FACTORS
