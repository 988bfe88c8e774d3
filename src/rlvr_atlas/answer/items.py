r"""One item of an answer: a choice, words, a tuple, a matrix, an interval, a relation, an expression."""

from __future__ import annotations

import re
from dataclasses import replace

from rlvr_atlas.answer import reals
from rlvr_atlas.answer.algebra import Unreadable
from rlvr_atlas.answer.bases import in_base
from rlvr_atlas.answer.brackets import inside, split
from rlvr_atlas.answer.counting import spelled
from rlvr_atlas.answer.moments import plain_clock
from rlvr_atlas.answer.parse import parse
from rlvr_atlas.answer.reading import TEXT, Reading, raw, scalar, set_of
from rlvr_atlas.answer.tex import FUNCTIONS, OPEN_SET, ROW_END
from rlvr_atlas.answer.units import split_unit
from rlvr_atlas.answer.words import is_product

MAX_DEPTH = 6

_CHOICE = re.compile(r"\(?([A-J])[).]?")
_LETTERED = re.compile(r"\(?([A-J])(?:[).]\s?|: (?=\S)| - (?=[A-Za-z]{4}))(?=[^)\]])")
_LETTERS_ONLY = re.compile(r"[A-Za-z][A-Za-z'. -]*")
_TIME = re.compile(r"\d{1,2} ?: ?0\d(?: ?: ?\d\d)?")
_TO = re.compile(r"(?<=[\d}]) ?(?:\\text ?\{ ?to ?\}|(?<= )to(?= )) ?(?=[\d\\])")
_LABEL = re.compile(
    r"(?:\\text ?\{[^{}]*\}|[A-Za-z ]{2,30}"  # Area =
    r"|(?:[A-Za-z]|\\[A-Za-z]+)'*(?: ?_ ?(?:\w|\{[^{}]{1,8}\}))?'*"  # x_1 =
    r"|\\(?:vec|hat|bar|overrightarrow) ?\{? ?[A-Za-z]{1,2} ?\}?"
    r"|(?:m ?)?\\(?:angle|triangle) ?\{?[A-Z]{1,3}\}?"
    r"|[A-Za-z](?: ?\^ ?\{? ?-1 ?\}?)?'* ?\( ?[^()]{1,12} ?\)"  # f(x) =
    r"|\((?: ?[A-Za-z](?:_\w)? ?,?){2,6}\))\s?"  # (x, y) =
)
_TRANSPOSED = re.compile(r"([(\[].*[)\]]) ?\^ ?\{? ?(?:\\text ?\{ ?)?(?:T|\\top|\\intercal)(?: ?\}){0,2}")
_POINT = re.compile(r"\( ?([A-Za-z](?:_\w)?(?: ?, ?[A-Za-z](?:_\w)?){1,5}) ?\) ?")
_RELATION = re.compile(r"[=<>≤≥≠∈≈≡]")
_BETWEEN = re.compile(r"[A-Za-z]|\\[a-z]+ ?")
_ABSOLUTE = re.compile(r"\|([^|]{1,40})\|")
_MATRIX = re.compile(
    r"\\begin ?\{([bBpvV]?matrix|smallmatrix|array)\}(?: ?\{[lcr| ]{0,20}\})?(.*)\\end ?\{\1\}"
)
_EVERY_NUMBER = frozenset({"ℝ", "all real numbers", "all reals", "any real number", "real numbers"})


def item(text: str, depth: int) -> Reading:
    """Read one item.

    Args:
        text: Cleaned text.
        depth: How many brackets it stands in.

    Raises:
        Unreadable: Where the whole answer has to stay text.
    """
    text = text.strip(" ,;")
    if depth > MAX_DEPTH or not text:
        return raw(text)
    wrapped = TEXT.match(text)
    if wrapped and (wrapped.end() == len(text) or _LETTERED.match(wrapped[1].strip() + "x")):
        text = f"{wrapped[1]}{text[wrapped.end() :]}".strip(" .")
    for rule in _RULES:
        if (reading := rule(text, depth)) is not None:
            return reading
    return scalar(text)


def _choice(text: str, depth: int) -> Reading | None:
    if match := _CHOICE.fullmatch(text):
        return Reading("choice", match[1])
    if match := _LETTERED.match(text):
        return replace(item(text[match.end() :], depth + 1), letter=match[1])
    return None


def _letters(text: str, _depth: int) -> Reading | None:
    """What begins with a letter: all real numbers, a number in words, other words."""
    if not text[:1].isalpha():
        return None
    if text.lower() in _EVERY_NUMBER:
        return Reading("raw", "ℝ", reals=reals.EVERYTHING)
    return _spelled(text) or _words(text)


def _spelled(text: str) -> Reading | None:
    """A number in words, with what it is of: `five apples`."""
    if not (found := spelled(text)):
        return None
    reading = scalar(f"{found[0]} {found[1]}".strip())
    return None if reading.expression is None else reading


def _words(text: str) -> Reading | None:
    """A reading where letters are words; None where they are variables or a function."""
    if not _LETTERS_ONLY.fullmatch(text):
        return None
    words = text.casefold().replace("-", " ").strip(" .").split()
    if all(len(word) == 1 for word in words) or words[0] in FUNCTIONS or text == "pi" or is_product(text):
        return None
    return Reading("words", " ".join(words).removeprefix("the ").removeprefix("a ").removeprefix("an "))


def _union(text: str, depth: int) -> Reading | None:
    if "∪" not in text and "U" not in text:
        return None
    if len(parts := split(text, "∪")) == 1 and (len(parts := split(text, "U")) == 1 or not _are_sets(parts)):
        return None
    items = sorted((item(part, depth + 1) for part in parts), key=lambda found: found.form)
    if all(part.strip().startswith(OPEN_SET) for part in parts) and {i.kind for i in items} <= {
        "set",
        "scalar",
    }:
        return set_of([one for found in items for one in found.items or (found,)], distinct=True)
    sets = [_numbers(found) for found in items]
    known = [found for found in sets if found is not None]
    return Reading(
        "union",
        " ∪ ".join(found.form for found in items),
        tuple(items),
        reals=reals.union(known) if len(known) == len(sets) else None,
    )


def _are_sets(parts: list[str]) -> bool:
    return all(part.strip()[:1] in tuple("([⦃") and part.strip()[-1:] in tuple(")]⦄") for part in parts)


def _numbers(reading: Reading) -> reals.Reals | None:
    """The numbers of a part of a union: an interval, or a set of single numbers."""
    if reading.reals is not None:
        return reading.reals
    parts = reading.items if reading.kind == "set" else (reading,)
    ends = [None if part.expression is None else reals.end(part.expression, closed=True) for part in parts]
    points = [reals.point(end) for end in ends if end is not None]
    return reals.union(points) if len(points) == len(parts) else None


def _except(text: str, depth: int) -> Reading | None:
    r"""`\mathbb{R} \setminus \{2\}`."""
    if "∖" not in text or len(parts := split(text, "∖")) != 2 or parts[0].strip(" {}") != "ℝ":
        return None
    taken = item(parts[1], depth + 1)
    points = _numbers(taken)
    if points is None or any(low.value != high.value for low, high in points):
        return raw(text)
    found = reals.EVERYTHING
    for low, _ in points:
        found = reals.common(found, reals.beside(low, "≠") or ())
    return Reading("raw", f"ℝ∖{taken.form}", reals=found)


def _braced(text: str, depth: int) -> Reading | None:
    if not text.startswith("{") or (inner := inside(text)) is None:
        return None
    return item(inner, depth + 1)


def _bracketed(text: str, depth: int) -> Reading | None:
    if text[:1] not in tuple("([⦃") or (inner := inside(text)) is None:
        return None
    return _set(text, inner, depth) if text[0] == OPEN_SET else _tuple(text, inner, depth)


def _tuple(text: str, inner: str, depth: int) -> Reading:
    brackets = text[0] + text[-1]
    if not inner.strip():
        return Reading("raw", brackets)
    if brackets == "[]" and len(split(inner, ";")) > 1:
        return _rows(inner.replace(";", ROW_END).replace(",", "&"), depth)
    parts = [item(part, depth + 1) for part in split(inner, ";" if len(split(inner, ";")) > 1 else ",")]
    if brackets == "[]" and all(part.label == "[]" for part in parts):
        return _matrix_of([list(part.items) for part in parts])
    if len(parts) == 1:
        return parts[0]
    form = f"{text[0]}{', '.join(part.form for part in parts)}{text[-1]}"
    return Reading("ordered", form, tuple(parts), label=brackets, reals=_interval(brackets, parts))


def _transposed(text: str, depth: int) -> Reading | None:
    """`(1, 2)^T` is a column."""
    match = _TRANSPOSED.fullmatch(text)
    row = item(match[1], depth + 1) if match else None
    if row is None or row.label not in ("()", "[]"):
        return None
    return _matrix_of([[part] for part in row.items])


def _outward(text: str, depth: int) -> Reading | None:
    """`]0, 1[` is the open interval."""
    if text[:1] not in tuple("[]") or text[-1:] not in tuple("[]") or not (text[0] == "]" or text[-1] == "["):
        return None
    opening, closing = "(" if text[0] == "]" else "[", ")" if text[-1] == "[" else "]"
    return _bracketed(f"{opening}{text[1:-1]}{closing}", depth)


def _set(text: str, inner: str, depth: int) -> Reading:
    if not inner.strip():
        return Reading("raw", "∅")
    if "|" in inner or ":" in inner:
        return _builder(text, inner, depth)
    return set_of([item(part, depth + 1) for part in split(inner, ",")], distinct=True)


def _interval(brackets: str, parts: list[Reading]) -> reals.Reals | None:
    if len(parts) != 2 or any(part.expression is None or part.unit for part in parts):
        return None
    low, high = (part.expression for part in parts)
    assert low is not None and high is not None
    ends = reals.end(low, closed=brackets[0] == "["), reals.end(high, closed=brackets[1] == "]")
    return reals.interval(*ends)


def _builder(text: str, inner: str, depth: int) -> Reading:
    """`{x | x > 4}`: those x for which ..."""
    separator = "|" if "|" in inner else ":"
    named, _, condition = inner.partition(separator)
    named = named.replace("∈ℝ", "").replace("∈ ℝ", "").strip()
    if _BETWEEN.fullmatch(named) and separator not in condition:
        found = item(condition, depth + 1)
        if found.reals is not None and found.kind == "raw" and found.label == named:
            return replace(found, form=f"⦃{named}|{found.form}⦄", label="")
    return raw(text)


def _matrix(text: str, depth: int) -> Reading | None:
    match = _MATRIX.fullmatch(text) if text.startswith("\\begin") else None
    if match is None or match[1] in ("vmatrix", "Vmatrix"):
        return None
    return _rows(match[2], depth)


def _rows(inner: str, depth: int) -> Reading:
    rows = inner.strip(f" {ROW_END}").split(ROW_END)
    return _matrix_of([[item(cell, depth + 1) for cell in row.split("&")] for row in rows])


def _matrix_of(cells: list[list[Reading]]) -> Reading:
    if len({len(row) for row in cells}) > 1:
        raise Unreadable("rows of different length")
    form = ", ".join(f"[{', '.join(cell.form for cell in row)}]" for row in cells)
    items = tuple(cell for row in cells for cell in row)
    return Reading("ordered", f"[{form}]", items, label=f"{len(cells)}x{len(cells[0])}")


def _relation(text: str, depth: int) -> Reading | None:
    signs = _RELATION.findall(text)
    if not signs:
        return None
    parts = [part.strip() for part in _RELATION.split(text)]
    if not all(parts):
        return raw(text)
    if len(signs) > 1:
        return _chain(parts, depth) if set(signs) == {"="} else _between(parts, signs) or raw(text)
    sign, (left, right) = signs[0], parts
    if sign in "=∈≈≡" and (reading := _assigned(left, sign, right, depth)):
        return reading
    if sign == "≈":
        return item(left, depth + 1)
    return raw(text) if sign in "∈≡" else _comparison(left, sign, right, depth)


def _assigned(left: str, sign: str, right: str, depth: int) -> Reading | None:
    """`x = 5`, `(x, y) = (3, 4)`: what the right side says, where the left side is a name."""
    if (match := _POINT.fullmatch(left)) and (point := _point(match[1], right, depth)):
        return point
    if not _LABEL.fullmatch(left):
        return None
    reading, label = item(right, depth + 1), left.replace(" ", "")
    if reading.kind in ("set", "ordered") or (sign == "∈" and reading.reals is not None):
        return reading
    if reading.expression is None or label not in reading.expression.letters:  # x = 2x - 5
        return replace(reading, label=label)
    return None


def _point(names: str, right: str, depth: int) -> Reading | None:
    """`(x, y) = (3, 4)`: a tuple that says which letter each part is of."""
    reading = item(right, depth + 1)
    letters = [name.strip() for name in names.split(",")]
    if reading.label != "()" or len(reading.items) != len(letters):
        return None
    items = zip(reading.items, letters, strict=True)
    return replace(reading, items=tuple(replace(part, label=part.label or letter) for part, letter in items))


def _comparison(left: str, sign: str, right: str, depth: int) -> Reading:
    """An equation with all on one side, or an inequality with the greater side first."""
    if sign in "<≤>≥" and (match := _ABSOLUTE.fullmatch(left)) and (found := _within(match[1], sign, right)):
        return replace(found, form=f"|{parse(match[1]).form}|{sign}{parse(right).form}")
    a, b = parse(left), parse(right)
    solved = reals.solve(a, sign, b)
    letter, numbers = solved or ("", None)
    if sign == "=":
        difference = a - b
        if numbers:  # 2x = 10 says what x = 5 says
            (value, _), *_ = numbers
            asked = letter not in (a.form, b.form)
            return Reading("scalar", value.form, expression=value.expression, label=letter, solved=asked)
        return Reading("raw", f"{difference.monic().form}=0") if difference.terms else item(right, depth + 1)
    if sign in "<≤":
        a, b, sign = b, a, {"<": ">", "≤": "≥"}[sign]
    return Reading("raw", f"{a.form}{sign}{b.form}", label=letter, reals=numbers)


def _within(inner: str, sign: str, right: str) -> Reading | None:
    """`|x - 2| < 3` by its two sides; None where they are not linear in one letter."""
    expression, bound = parse(inner), parse(right)
    upper = reals.solve(expression, sign, bound)
    lower = reals.solve(-expression, sign, bound)
    if upper is None or lower is None or bound.value is None or bound.value <= 0:
        return None
    both = (upper[1], lower[1])
    numbers = reals.common(*both) if sign in "<≤" else reals.union(both)
    return Reading("raw", "", label=upper[0], reals=numbers)


def _between(parts: list[str], signs: list[str]) -> Reading | None:
    """`2 < x ≤ 5`, also the other way round."""
    if len(signs) != 2 or not (set(signs) <= {"<", "≤"} or set(signs) <= {">", "≥"}):
        return None
    if signs[0] in ">≥":
        parts, signs = parts[::-1], [{">": "<", "≥": "≤"}[sign] for sign in signs[::-1]]
    low, high = parse(parts[0]), parse(parts[2])
    middle = parse(parts[1])
    form = f"{low.form}{signs[0]}{middle.form}{signs[1]}{high.form}"
    sides = (reals.solve(low, signs[0], middle), reals.solve(middle, signs[1], high))
    if sides[0] is None or sides[1] is None:
        return Reading("raw", form)
    return Reading("raw", form, label=sides[0][0], reals=reals.common(sides[0][1], sides[1][1]))


def _chain(parts: list[str], depth: int) -> Reading:
    """`AB = x = 5`, or `3 + 8 = 6 + 5 = 11`: the last part, where all before it say the same or are names."""
    while len(parts) > 1 and _LABEL.fullmatch(parts[0]):
        parts = parts[1:]
    if len({parse(part).form for part in parts}) > 1:
        raise Unreadable("an equation of several parts")
    return item(parts[-1], depth + 1)


def _ratio(text: str, depth: int) -> Reading | None:
    if "to" in text:
        text = _TO.sub(":", text)
    if ":" not in text:
        return None
    moment = plain_clock(text)
    if moment and _TIME.fullmatch(text):
        return Reading("moment", text.replace(" ", "").lstrip("0"), moment=moment)
    if len(parts := split(text, ":")) == 1:
        return None
    items = tuple(item(part, depth + 1) for part in parts)
    return Reading("ordered", ":".join(part.form for part in items), items, label=":", moment=moment)


def _plus_minus(text: str, depth: int) -> Reading | None:
    if text.count("±") != 1:
        return None
    amount, unit, _ = split_unit(text)
    return set_of([item(f"{amount.replace('±', sign)} {unit}", depth + 1) for sign in "+-"], distinct=True)


_RULES = (
    _choice,
    _letters,
    _matrix,
    _union,
    _except,
    _braced,
    _bracketed,
    _transposed,
    _outward,
    _relation,
    _ratio,
    _plus_minus,
    in_base,
)
