r"""Reading an answer: from the whole text to its parts.

`read` never fails and never guesses: what it cannot read as mathematics stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import orjson

from rlvr_atlas.answer import moments
from rlvr_atlas.answer.algebra import Expression, Unreadable
from rlvr_atlas.answer.brackets import MAX_ITEMS, split
from rlvr_atlas.answer.counting import spelled
from rlvr_atlas.answer.items import item
from rlvr_atlas.answer.parse import decimal, parse
from rlvr_atlas.answer.quantities import quantities
from rlvr_atlas.answer.reading import INTEGER, TEXT, Kind, Reading, integer, raw, scalar, set_of, words_in
from rlvr_atlas.answer.relations import conditions
from rlvr_atlas.answer.tex import MAX_CHARS, OPEN_SET, clean, tidy

__all__ = ["MAX_WORDS", "Kind", "Reading", "read"]

#: More words than this are prose.
MAX_WORDS = 7

_LEAD = re.compile(
    r"^(?:(?:(?:the )?(?:final |correct )?answer(?: is| ?:| ?=)+|ans ?:|approximately|about|≈|="
    r"|(?:正确)?(?:答案|选项)(?:是|为|选|:)|答:)\s?:?\s?|(?:option|choice|(?:[故应]?选|答案)[择项]?:?)\s?(?=\(?[A-J](?![A-Za-z])))",
    re.I,
)
_LEAD_LETTERS = frozenset("tfcaT FCAo≈=答正选故应O")
_SMALL_CHOICE = re.compile(r"\(?[a-j][).]?")
_JOINERS = re.compile(r"\s?(?:\\text)? ?\{ ?(?:or|,? ?and) ?\}\s?|,?\s(?:or|and)\s|[或和]")
_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
_SPACED = re.compile(r"-?[1-9]\d{0,2}(?: \d{3})+(?:\.\d+)?")
#: Digits in groups that are one number beyond doubt: 1,234.5  1.234,5  1.234.567  12,000  ¤2,500
_ONE_NUMBER = re.compile(
    r"(?P<comma>(?<![\d.,])\d{1,3}(?:(?:,\d{3})+(?=\.\d)|(?:,\d{3}){0,6}(?:,000){1,6}(?![\d,])))"
    r"|(?P<dot>(?<![\d.,])\d{1,3}(?:\.\d{3})+)(?P<decimals>,\d{1,2}(?![\d,]))"
    r"|(?P<dots>(?<![\d.,])\d{1,3}(?:\.\d{3}){2,}(?![\d,.]))"
    r"|(?<=[¤€£¥])(?P<money>[1-9]\d{0,2}(?:,\d{3})+(?![\d,]))"
)
_DECIMAL_COMMA = re.compile(r"(-?\d{1,15}),(\d{1,15})")
_BRACED = re.compile(r"\{([^{}]*)\}")
_EULER = re.compile(r"(-?\d+)e(-\d)")
#: What a time, a date, several quantities, conditions or a number in words have; most answers have none.
_WORDY = re.compile(
    r"(?<![A-Za-z\\])[A-Za-z]{2}|[\u4e00-\u9fff<>≤≥≠°'\"]|\\text|\d ?[a-z] ?\d|\d ?[apAP]\."
    r"|\d[-/.]\d{1,2}[-/.]\d"
)
_CHOICES = re.compile(
    r"(?:both |(?:options?|choices?|answers?) )?\(?[A-J](?:\)|\.(?= ))?"
    r"(?:(?: ?[,;/&] ?(?:and )?| and | ?[和与] ?)\(?[A-J](?:\)|\.(?= |$))?)+(?: only)?",
    re.I,
)
_CIRCLED = {code: f"({code - 0x245F})" for code in range(0x2460, 0x2474)}
_FIRST_STATEMENT = frozenset(map(chr, _CIRCLED)) | {"("}
#: Numbers of statements that a question lists: `(1) (3)`, `①③`.
STATEMENTS = re.compile(
    r"\(\d\)(?:(?: |,|;| ?and ?|[和与]){0,3}\(\d\)){1,9}|[①-⑳](?:(?: |,|;| ?and ?|[和与]){0,3}[①-⑳]){0,9}"
)
_LETTER = re.compile(r"(?<![A-Za-z])[A-J](?![A-Za-z])")
_AND_A_HALF = re.compile(r"([a-z]+) and a half", re.I)
_RUN = re.compile(r"[A-J]{2,10}")
_MODULUS = re.compile(r" ?\(? ?mod ?\{? ?\d+ ?\}? ?\)?$")


#: 12, 0.75, -3/4, \frac{3}{4}, with or without dollars.
_SIMPLE = re.compile(
    r"\$?(-?)(?:(\d{1,9})(?:\.(\d{1,6}))?"
    r"|\\d?frac\{(\d{1,9})\}\{(0*[1-9]\d{0,8})\}|(\d{1,9})/(0*[1-9]\d{0,8}))\$?"
)


# More than a corpus of a hundred thousand problems has distinct answers.
@lru_cache(maxsize=1 << 16)
def read(answer: str) -> Reading:
    """Read one answer.

    Args:
        answer: Output of `extract`; any text is accepted.

    Returns:
        The reading. Texts of more than `MAX_CHARS` characters, and JSON structs, are words.
    """
    if INTEGER.fullmatch(answer):
        return integer(answer)
    if match := _SIMPLE.fullmatch(answer):
        return _simple(match)
    if len(answer) > MAX_CHARS or (answer.startswith("{") and '"' in answer[:4]):
        return Reading("words", tidy(answer).casefold())
    if texts := _listed(answer):
        return _spellings(texts)
    text = clean(answer)
    text = _without_lead(text)
    try:
        return _whole(text)
    except (Unreadable, RecursionError):
        return raw(text)


def _without_lead(text: str) -> str:
    """An answer without "the answer is"; the letter behind "option" may be a small one."""
    match = _LEAD.match(text) if text[:1] in _LEAD_LETTERS else None
    if match is None:
        return text
    rest = text[match.end() :]
    return rest.upper() if _SMALL_CHOICE.fullmatch(rest) and "o" in match[0].lower()[:4] else rest


def _simple(match: re.Match[str]) -> Reading:
    """A whole number, a decimal or a fraction of two whole numbers: most answers, without any rules."""
    sign, whole, decimals, *parts = match.groups()
    if whole and not decimals:
        return integer(sign + whole)
    over, under = (int(part) for part in parts if part) if not decimals else (0, 1)
    value = decimal(f"{sign}{whole}.{decimals}") if decimals else Fraction(int(f"{sign}{over}"), under)
    expression = Expression.number(value)
    tolerance = Fraction(0)
    if decimals and len((whole + decimals).lstrip("0")) >= 2:
        tolerance = Fraction(1, 2 * 10 ** len(decimals))
    return Reading("scalar", expression.form, expression=expression, tolerance=tolerance)


def _listed(answer: str) -> list[str] | None:
    """The elements where the text is a JSON list of texts (`["34", "35"]`); None where it is not."""
    if not answer.startswith("[") or '"' not in answer[:4]:
        return None
    try:
        elements = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
    return elements if elements and all(isinstance(element, str) for element in elements) else None


def _spellings(texts: Sequence[str]) -> Reading:
    """Published lists of texts hold spellings of one answer, or several answers; nothing says which."""
    items = {reading.form: reading for reading in map(read, texts[:MAX_ITEMS])}
    if len(items) == 1:
        return next(iter(items.values()))
    return Reading("alternatives", ", ".join(sorted(items)), tuple(items.values()))


def _whole(text: str) -> Reading:
    if words_in(text) > MAX_WORDS:
        return Reading("words", text.casefold())
    if match := _EULER.fullmatch(text):
        # 2e-3 is 0.002 to a programmer, and 2e minus 3 to others.
        readings = scalar(f"{match[1]}*10^({match[2]})"), scalar(text)
        return Reading("alternatives", readings[0].form, readings)
    if _SPACED.fullmatch(text):
        text = text.replace(" ", "")
    if (wrapped := TEXT.fullmatch(text)) or (wrapped := _BRACED.fullmatch(text)):
        text = wrapped[1].strip()
        text = _without_lead(text)
    if (reading := _choices(text)) is not None:
        return reading
    if (reading := _statements(text)) is not None:
        return reading
    if _WORDY.search(text):
        for rule in (_moment, quantities, conditions, _spelled):
            if (reading := rule(text)) is not None:
                return reading
    return _list(text)


def _choices(text: str) -> Reading | None:
    """Several letters of a question with options: `AC`, `A and C`. `CA` may be a ranking."""
    if text[:1] not in "(ABCDEFGHIJbocaBOC":
        return None
    if _RUN.fullmatch(text):
        letters = list(text)
        if letters != sorted(set(letters)):
            return None
    elif _CHOICES.fullmatch(text):
        letters = sorted(set(_LETTER.findall(text)))
        if len(letters) < 2:
            return None
    else:
        return None
    return Reading("choices", ", ".join(letters))


def _statements(text: str) -> Reading | None:
    """Numbers of statements: `(1) (3)`, `①③`; `(2)(3)` may be a product."""
    if text[:1] not in _FIRST_STATEMENT or not STATEMENTS.fullmatch(text):
        return None
    plain = text.translate(_CIRCLED)
    reading = set_of([integer(number) for number in INTEGER.findall(plain)], distinct=True)
    if plain != text or ")(" not in text:
        return reading
    product = scalar(text)
    return Reading("alternatives", f"{product.form} or {reading.form}", (product, reading))


def _moment(text: str) -> Reading | None:
    if "\\text" in text:
        text = " ".join(TEXT.sub(r" \1 ", text).split())
    if not moments.HINT.search(text):
        return None
    found = moments.moments(text)
    readings = tuple(Reading("moment", moment.form, moment=moment) for moment in found)
    if len(readings) > 1:
        return Reading("alternatives", " or ".join(reading.form for reading in readings), readings)
    return readings[0] if readings else None


def _spelled(text: str) -> Reading | None:
    """`one hundred and five`, before the `and` is taken for one between two answers."""
    found = spelled(text) if text[:1].isalpha() else None
    if found and found[1]:  # an hour and a half
        match = _AND_A_HALF.fullmatch(found[1])
        return scalar(f"{found[0] + Fraction(1, 2)} {match[1]}") if match else None
    return scalar(str(found[0])) if found else None


def _list(text: str) -> Reading:
    text = _JOINERS.sub(" ; ", text)
    if "," in text or "." in text:
        text = _ONE_NUMBER.sub(_one_number, text)
    if "," not in text or any(bracket in text for bracket in ("(", "[", OPEN_SET)):
        return _several(text)
    joined = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    if joined != text and "," not in joined:
        # 81,256 is one number or two.
        number, several = item(joined, 0), _several(text)
        return Reading("alternatives", number.form, (number, several))
    reading = _several(joined)
    if match := _DECIMAL_COMMA.fullmatch(text):
        return replace(reading, spare=parse(f"{match[1]}.{match[2]}"))
    return reading


def _one_number(match: re.Match[str]) -> str:
    if match["dot"]:
        return match["dot"].replace(".", "") + match["decimals"].replace(",", ".")
    return match[0].replace(",", "") if match["comma"] or match["money"] else match[0].replace(".", "")


def _several(text: str) -> Reading:
    parts = [part for part in map(str.strip, split(text, ",;")) if part]
    if len(parts) > 1 and (modulus := _MODULUS.search(parts[-1])):
        parts = [part if _MODULUS.search(part) or "=" in part else part + modulus[0] for part in parts]
    items = [_moment(part) or item(part, 0) for part in parts]
    return items[0] if len(items) == 1 else set_of(items)
