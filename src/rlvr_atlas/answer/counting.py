"""Numbers in words: `twenty-five`, `two and a half million`, `a dozen`, `three quarters`."""

from __future__ import annotations

import re
from fractions import Fraction

from rlvr_atlas.answer.tex import NOTATION

_WORDS = NOTATION["words"]
_SMALL: dict[str, int] = {word: n for n, word in enumerate(_WORDS["numbers"].split())}
_TENS: dict[str, int] = {word: 10 * n for n, word in enumerate(_WORDS["tens"].split(), 2)}
_PARTS: dict[str, int] = _WORDS["fractions"]
_SCALES: dict[str, int] = NOTATION["scales"]
_HAN_DIGITS = {digit: n for n, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN = re.compile(r"[零〇一二两三四五六七八九十百千万亿]{1,20}")
_TOKEN = re.compile(r"([a-z]+)(?:[ -]|$)")
#: A word that a number may begin with.
_STARTS = frozenset(_SMALL) | _TENS.keys() | {"a", "an", "half", "minus", "negative"}
_MAX_WORDS = 24


def scale(word: str) -> int | None:
    """What a word such as `million` multiplies by; None for another word."""
    return _SCALES.get(word) or _SCALES.get(word.removesuffix("s"))


def spelled(text: str) -> tuple[Fraction, str] | None:
    """The number that a text begins with, in words.

    Args:
        text: Cleaned text.

    Returns:
        The number, and what follows it; None where there is none, or no single one (`one two`).
    """
    lowered = text.lower()
    start = _TOKEN.match(lowered)
    if not start or start[1] not in _STARTS:
        return None
    words, ends = [""], [0]
    while (match := _TOKEN.match(lowered, ends[-1])) and len(words) <= _MAX_WORDS:
        words.append(match[1])
        ends.append(match.end())
    words = words[1:]
    reader = _Words(words)
    value = reader.number()
    if value is None or reader.next() in _STARTS - {"a", "an"}:
        return None
    return value, text[ends[reader.at] :]


def han(text: str) -> int | None:
    """A whole number in Chinese numerals, as `一千二百`; None where the text is none."""
    # 二百五 is 250 or 205.
    if not _HAN.fullmatch(text) or (text[-1] in _HAN_DIGITS and len(text) > 1 and text[-2] not in "十零〇"):
        return None
    if text[0] in "百千万亿":
        return None
    total = group = digit = 0
    last = 10**9
    for sign in text:
        by = 10 if sign == "十" else scale(sign)
        if by is None:
            if digit:  # 一二: digits side by side
                return None
            digit = _HAN_DIGITS[sign]
        elif by < 10**4:
            if by >= last and not digit:
                return None
            group, digit, last = group + (digit or 1) * by, 0, by
        else:
            total = (total + group + digit) * by if by == 10**8 else total + (group + digit) * by
            group, digit, last = 0, 0, 10**9
    return total + group + digit


class _Words:
    """A position in a list of words, and one method per rule of the grammar."""

    def __init__(self, words: list[str]) -> None:
        self.words, self.at = words, 0

    def next(self, ahead: int = 0) -> str:
        return self.words[self.at + ahead] if self.at + ahead < len(self.words) else ""

    def number(self) -> Fraction | None:
        sign = 1
        if self.next() in ("minus", "negative"):
            self.at, sign = self.at + 1, -1
        value = self.part()
        if value is None:
            cardinal = self.cardinal()
            if cardinal is None:
                return None
            value = Fraction(cardinal)
            if self.next() in _PARTS and 0 < cardinal < 20:
                value /= _PARTS[self.next()]
                self.at += 1
        if self.next() == "and" and value.denominator == 1:
            self.at += 1
            more = self.part()
            if more is None:
                self.at -= 1
            else:
                value += more
        while by := scale(self.next()):
            self.at += 1
            value *= by
        return sign * value

    def part(self) -> Fraction | None:
        """A half, one third, three quarters, half a; None where that is not what follows."""
        if self.next() == "half":
            self.at += 2 if self.next(1) in ("a", "an") else 1
            return Fraction(1, 2)
        counted = 1 if self.next() in ("a", "an") else _SMALL.get(self.next(), 0)
        if counted and self.next(1) in _PARTS:
            value = Fraction(counted, _PARTS[self.next(1)])
            self.at += 2
            return value
        return None

    def cardinal(self) -> int | None:
        if self.next() in ("a", "an") and scale(self.next(1)):
            self.at += 1
            group: int | None = 1
        else:
            group = self.below_thousand()
        if group is None:
            return None
        total, last = 0, 10**30
        while (by := scale(self.next())) and 1000 <= by < last and group is not None:
            self.at += 1
            total, last = total + group * by, by
            follows = self.next(1) if self.next() == "and" else self.next()
            if follows not in _SMALL and follows not in _TENS:
                return total
            if self.next() == "and":
                if self.next(2) in _PARTS:
                    return total
                self.at += 1
            group = self.below_thousand()
        return total + (group or 0)

    def below_thousand(self) -> int | None:
        value = self.below_hundred()
        if value is not None and self.next() in ("hundred", "hundreds") and 0 < value < 100:
            self.at += 1
            value *= 100
            more = self.next(1) in _SMALL or self.next(1) in _TENS
            self.at += self.next() == "and" and more and self.next(2) not in _PARTS
            value += self.below_hundred() or 0
        return value

    def below_hundred(self) -> int | None:
        if (tens := _TENS.get(self.next())) is not None:
            self.at += 1
            ones = _SMALL.get(self.next(), 0)
            if 0 < ones < 10 and self.next(1) not in _PARTS:
                self.at += 1
                return tens + ones
            return tens
        if (small := _SMALL.get(self.next())) is not None:
            self.at += 1
        return small
