"""Several amounts in one answer: `5 hours 30 minutes` is one amount, `9 hens and 21 goats` are two."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from rlvr_atlas.answer.algebra import Expression, Unreadable
from rlvr_atlas.answer.counting import spelled
from rlvr_atlas.answer.reading import TEXT, Reading, scalar
from rlvr_atlas.answer.tex import NOTATION
from rlvr_atlas.answer.units import canonical_unit, ratio
from rlvr_atlas.answer.words import is_word

_NUMBER = (
    r"-?(?:\d[\d,]{0,20}(?:\.\d{1,20})?(?: ?/ ?\d{1,9}| \d{1,9}/\d{1,9})?|\\frac ?\{\d{1,9}\} ?\{\d{1,9}\})"
)
_UNIT = re.compile(rf"({_NUMBER}) ?([A-Za-z]{{1,16}}\.?|°|''?|\"|[\u4e00-\u9fff]{{1,3}}) ?,? ?(?:and |& )?")
#: Apart from a comma and a word between two quantities.
_SEPARATOR = re.compile(r" ?[,;] ?(?:(?:and|&) )?|(?:^| )(?:and|&) | ?[和与] ?")
_WORDS = r"[A-Za-z][A-Za-z'-]{0,20}(?: [A-Za-z'-]{1,20}){0,4}|[\u4e00-\u9fff]{1,8}"
_LAZY = _WORDS.replace("{0,4}", "{0,4}?").replace("{1,8}", "{1,8}?")
_FIRST = re.compile(
    rf"((?:¤ ?)?{_NUMBER}%?) ?(?:\( ?({_WORDS}) ?\)|({_WORDS})|(只|个|头|本|件)?([\u4e00-\u9fff]{{1,6}}))"
)
_LAST = re.compile(
    rf"({_LAZY}) ?(?:[:=→-]|->|is|are|has|have|had|gets?|got|was|were|receives?|received|scored|有|是|为)? ?"
    rf"((?:¤ ?)?{_NUMBER}(?:%|°| ?[A-Za-z]{{1,16}}| ?[\u4e00-\u9fff]{{1,3}})?)"
)
_NEVER = frozenset(NOTATION["units"]["never"].split())
_FILLERS = frozenset({"a", "an", "the", "of", "for", "in", "is", "are"})
_FEET = {"'": "foot", "''": "in", '"': "in"}
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[A-Za-z'\u4e00-\u9fff°]")
MAX_PARTS = 16


def quantities(text: str) -> Reading | None:
    """Read a text as one amount in several units, or as amounts of several things.

    Args:
        text: Cleaned text.

    Returns:
        A scalar, or a reading of kind `quantities`; None where it is neither.
    """
    if not _LETTER.search(text) or len(text) > 300:
        return None
    if "\\text" in text:
        text = " ".join(TEXT.sub(r" \1 ", text).split())
    return _compound(text) or _labelled(text)


def _compound(text: str) -> Reading | None:
    parts: list[tuple[str, str]] = []
    at = 0
    text = _digits(text)
    while match := _UNIT.match(text, at):
        parts.append((match[1], match[2]))
        at = match.end()
    if at < len(text) or not 2 <= len(parts) <= MAX_PARTS:
        return None
    feet = {sign for _, sign in parts} <= _FEET.keys()
    units = [
        _FEET[u] if feet else {"'": "arcmin", "''": "arcsec", "°": "degree"}.get(u, canonical_unit(u))
        for _, u in parts
    ]
    if units[0] in ("day", "hour"):  # 1h 30m
        units = ["min" if unit == "m" else unit for unit in units]
    shares = [ratio(unit, units[0]) for unit in units]
    known = [share for share in shares if share is not None]
    if len(known) < len(shares) or any(b >= a for a, b in itertools.pairwise(known)):
        return None
    total = Expression.number(0)
    for (amount, _), share in zip(parts, known, strict=True):
        expression = scalar(amount.replace(",", "")).expression
        if expression is None:
            return None
        total = total + expression * Expression.number(share)
    return Reading("scalar", total.form, expression=total, unit=units[0])


def _digits(text: str) -> str:
    """Numbers in words at the beginning of each part, as digits."""
    if not text[:1].isalpha():
        return text
    parts = _SEPARATOR.split(text)
    read = [spelled(part) for part in parts]
    if not all(read) or len(parts) > MAX_PARTS:
        return text
    return ", ".join(f"{found[0]} {found[1]}" for found in read if found)


def _labelled(text: str) -> Reading | None:
    parts = [part for part in _SEPARATOR.split(text) if part]
    if not 2 <= len(parts) <= MAX_PARTS:
        return None
    items: dict[str, Reading] = {}
    for part in parts:
        item = _part(part)
        if item is None or item.label in items:
            return None
        items[item.label] = item
    ordered = tuple(items[label] for label in sorted(items))
    return Reading("quantities", ", ".join(f"{item.label}={item.form}" for item in ordered), ordered)


def _part(text: str) -> Reading | None:
    """One amount with what it is of."""
    if text[:1].isalpha() and (found := spelled(text)):
        text = f"{found[0]} {found[1]}"
    label, amount = "", ""
    if match := _FIRST.fullmatch(text):
        amount, label = match[1], match[2] or match[3] or match[5]
    elif (match := _LAST.fullmatch(text)) and _DIGIT.search(match[2]):
        label, amount = match[1], match[2]
        if len(label) == 1 and label.isascii():
            return None
    label = label.removeprefix("for ")
    if not label or not _NEVER.isdisjoint(label.lower().split()):
        return None
    if label.isascii() and not any(is_word(word) or word.istitle() for word in label.split()):
        return None
    try:
        reading = scalar(amount.replace(",", ""))
    except Unreadable:
        return None
    return None if reading.expression is None else replace(reading, label=_name(label))


def _name(label: str) -> str:
    """What a quantity is of: words in the singular, in order of the alphabet."""
    words = [canonical_unit(word) for word in label.lower().split() if word not in _FILLERS]
    return " ".join(sorted(set(words))) or label.lower()


def pairs(a: Reading, b: Reading) -> list[tuple[Reading, Reading]] | None:
    """The items of two readings that are of the same thing; None where some are of something else.

    A label of fewer words is the same as a longer one that holds them, if only one does: `red`, `red ball`.
    """
    if len(a.items) != len(b.items):
        return None
    found = []
    rest = list(b.items)
    for item in a.items:
        fitting = [other for other in rest if other.label == item.label] or [
            other for other in rest if _within(item.label, other.label) or _within(other.label, item.label)
        ]
        if len(fitting) != 1:
            return None
        rest.remove(fitting[0])
        found.append((item, fitting[0]))
    return found


def _within(label: str, other: str) -> bool:
    return set(label.split()) < set(other.split())
