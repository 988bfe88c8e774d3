"""Times of day and dates: `4:05 p.m.`, `noon`, `March 4, 2021`, `2021-03-04`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from rlvr_atlas.answer.counting import spelled
from rlvr_atlas.answer.tex import NOTATION

_MONTHS = {name: n for n, name in enumerate(NOTATION["words"]["months"].split(), 1)}
_MONTHS |= {name[:3]: n for name, n in _MONTHS.items()} | {"sept": 9}
_WEEKDAYS = {name: n for n, name in enumerate(NOTATION["words"]["weekdays"].split())}
_WEEKDAYS |= {name[:3]: n for name, n in _WEEKDAYS.items()} | {"tues": 1, "thur": 3, "thurs": 3}

_HALF = r"(?P<half>[ap]) ?\.? ?m\b\.?|(?P<word>noon|midnight|midday)|(?P<clock>o ?'? ?clock)"
_CLOCK = re.compile(
    rf"(?:at )?(?P<hour>\d{{1,2}})(?: ?[:.] ?(?P<minute>[0-5]\d)(?: ?: ?(?P<second>[0-5]\d))?)? ?(?:{_HALF})"
    r"(?: in the (?P<part>morning|afternoon|evening)| at night)?",
    re.I,
)
_PART = re.compile(
    r"(?:at )?(\d{1,2})(?: ?: ?([0-5]\d))? (?:o'clock )?in the (?P<part>morning|afternoon|evening)", re.I
)
_PLAIN = re.compile(r"(\d{1,2}) ?: ?([0-5]\d)(?: ?: ?([0-5]\d))?")
_HAN = re.compile(
    r"(?P<part>凌晨|早上|上午|中午|下午|晚上)? ?(?P<hour>\d{1,2}) ?[点时] ?"
    r"(?:整|(?P<half>半)|(?P<minute>[0-5]?\d) ?分)?"
)
_TOLD = re.compile(r"(half|quarter) (past|to) (\w+)", re.I)
#: 9h30 in French and other languages.
_WITH_H = re.compile(r"(\d{1,2}) ?h ?([0-5]\d)")
_NAMED = {"noon": "12 pm", "midday": "12 pm", "midnight": "12 am"}

_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_WEEKDAY = rf"(?:(?P<weekday>{'|'.join(sorted(_WEEKDAYS, key=len, reverse=True))})\.?,? ?)?"
_YEAR = r"(?:,? ?(?P<year>\d{4}))"
_DATES = [
    re.compile(pattern, re.I)
    for pattern in (
        rf"{_WEEKDAY}{_MONTH} ?{_DAY}{_YEAR}?",
        rf"{_WEEKDAY}(?:the )?{_DAY} ?(?:of )?{_MONTH}{_YEAR}?",
        rf"{_MONTH}(?: of)?{_YEAR}",
        rf"{_WEEKDAY.removesuffix('?')}",
        _MONTH,
        r"(?P<year>\d{4})([-/.])(?P<month>0?[1-9]|1[0-2])\2(?P<day>0?[1-9]|[12]\d|3[01])",
        r"(?:(?P<year>\d{4}) ?年 ?)?(?P<month>\d{1,2}) ?月(?: ?(?P<day>\d{1,2}) ?[日号])?",
    )
]
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
#: A text without any of these is neither.
HINT = re.compile(
    rf"\d ?(?:[ap]\.? ?m\b|o ?'? ?clock)|noon|mid(?:night|day)|in the (?:morn|after|even)"
    rf"|[月年点时]|[fr] (?:past|to) "
    rf"|\d ?h ?\d\d|\d[-/.]\d{{1,2}}[-/.]\d"
    rf"|\b(?:{'|'.join(sorted({*_MONTHS, *_WEEKDAYS}, key=len)[::-1])})(?![a-z])",
    re.I,
)


@dataclass(frozen=True)
class Moment:
    """A time of day or a date; None where a part is not said.

    Args:
        clock: Seconds since midnight; of a time without a half of the day since noon or midnight.
        twelve: Whether `clock` may be of either half of the day.
        date: Year, month, day, day of the week.
    """

    clock: int | None = None
    twelve: bool = False
    date: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)

    @property
    def form(self) -> str:
        """Canonical text."""
        if self.clock is not None:
            half = " (12 h)" if self.twelve else ""
            return f"{self.clock // 3600}:{self.clock // 60 % 60:02}:{self.clock % 60:02}{half}"
        return "-".join("?" if part is None else str(part) for part in self.date)


def moments(text: str) -> tuple[Moment, ...]:
    """What a text says as a time or a date: nothing, one moment, or two readings (3/4/2021).

    Args:
        text: Cleaned text, without commands.
    """
    text = text.strip(" .")
    text = _NAMED.get(text.lower(), text)
    if match := _CLOCK.fullmatch(text):
        moment = _clock(match)
        return (moment,) if moment else ()
    if match := _PART.fullmatch(text):
        half = "am" if match["part"].lower() == "morning" else "pm"
        moment = _clock(_CLOCK.fullmatch(f"{match[1]}:{match[2] or '00'} {half}"))
        return (moment,) if moment else ()
    if match := _HAN.fullmatch(text):
        return _in_chinese(match)
    if match := _TOLD.fullmatch(text):
        return _told(match)
    if (match := _WITH_H.fullmatch(text)) and (plain := plain_clock(f"{match[1]}:{match[2]}")):
        return (plain,)
    return tuple(dict.fromkeys(_dates(text)))


def plain_clock(text: str) -> Moment | None:
    """A time without a half of the day; from 13 hours on, and at 0, there is no doubt which."""
    match = _PLAIN.fullmatch(text)
    if not match or int(match[1]) > 23:
        return None
    hour = int(match[1])
    seconds = int(match[2]) * 60 + int(match[3] or 0)
    twelve = 1 <= hour <= 12
    return Moment((hour % 12 if twelve else hour) * 3600 + seconds, twelve)


def _clock(match: re.Match[str] | None) -> Moment | None:
    if match is None or int(match["hour"]) > 23:
        return None
    hour, seconds = int(match["hour"]), int(match["minute"] or 0) * 60 + int(match["second"] or 0)
    half = (match["half"] or "").lower()
    if match["word"]:
        if hour != 12:
            return None
        half = "a" if match["word"].lower() == "midnight" else "p"
    if match["clock"]:
        return Moment(hour % 12 * 3600 + seconds, twelve=True) if hour <= 12 else None
    if hour > 12:
        return Moment(hour * 3600 + seconds) if half == "p" else None
    return Moment((hour % 12 + (12 if half == "p" else 0)) * 3600 + seconds) if hour else None


def _in_chinese(match: re.Match[str]) -> tuple[Moment, ...]:
    """`下午3点半`; 3点 without a part of the day may be either half."""
    hour, minute = int(match["hour"]), 30 if match["half"] else int(match["minute"] or 0)
    plain = plain_clock(f"{hour}:{minute:02}")
    if plain is None or plain.clock is None or not plain.twelve or match["part"] is None:
        return (plain,) if plain else ()
    later = match["part"] in ("下午", "晚上") or (match["part"] == "中午" and hour in (12, 1))
    return (Moment(plain.clock + (43200 if later else 0)),)


def _told(match: re.Match[str]) -> tuple[Moment, ...]:
    """`half past seven`, `quarter to 5`."""
    found = spelled(match[3])
    hour = found[0] if found and not found[1] else Fraction(match[3]) if match[3].isdecimal() else None
    if hour is None or not 1 <= hour <= 12:
        return ()
    away = 1800 if match[1].lower() == "half" else 900
    return (
        Moment((int(hour) * 3600 + (away if match[2].lower() == "past" else -away)) % 43200, twelve=True),
    )


def _dates(text: str) -> Iterator[Moment]:
    for pattern in _DATES:
        if match := pattern.fullmatch(text):
            parts = match.groupdict()
            month, weekday = parts.get("month"), parts.get("weekday")
            year, day = ((int(parts[name]) if parts.get(name) else None) for name in ("year", "day"))
            yield from _date(
                year,
                (int(month) if month.isdigit() else _MONTHS[month.lower()]) if month else None,
                day,
                _WEEKDAYS[weekday.lower()] if weekday else None,
            )
            return
    if match := _NUMERIC.fullmatch(text):
        one, other, year = int(match[1]), int(match[3]), int(match[4])
        yield from _date(year, one, other, None)
        yield from _date(year, other, one, None)


def _date(year: int | None, month: int | None, day: int | None, weekday: int | None) -> Iterator[Moment]:
    if (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31):
        yield Moment(date=(year, month, day, weekday))


def same(a: Moment, b: Moment) -> bool | None:
    """Whether two moments are the same; None where one says more than the other."""
    if (a.clock is None) != (b.clock is None):
        return None
    if a.clock is not None and b.clock is not None:
        if a.twelve or b.twelve:
            return (None if a.twelve != b.twelve else True) if (a.clock - b.clock) % 43200 == 0 else False
        return a.clock == b.clock
    if any(x is not None and y is not None and x != y for x, y in zip(a.date, b.date, strict=True)):
        return False
    # The day of the week says nothing more where the day is given.
    return True if a.date[:3] == b.date[:3] and (a.date[2] or a.date[3] == b.date[3]) else None
