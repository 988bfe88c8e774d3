r"""Where the answer is: in a field of its own, or somewhere in a worked solution.

Nothing is taken for the answer that is not marked as one; "the last number in the text" would be a guess.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

import orjson
import polars as pl

from rlvr_atlas.answer.endings import stated, without_lead
from rlvr_atlas.answer.read import read
from rlvr_atlas.answer.representations import literal, plain
from rlvr_atlas.answer.tex import NOTATION, tidy

#: Answers of rows that have none: proofs, gaps in the data, and the prints of missing values.
_NO_ANSWER = frozenset(NOTATION["words"]["no_answer"])
#: Keys that hold the answer where a row's answer is a struct, best first.
_ANSWER_KEYS = ("ground_truth", "final_answer", "answer", "target", "value", "label", "expected_answer")
#: Openings looked at from the end; a text with thousands of unclosed boxes is hostile.
_MAX_BOXES = 16
_MAX_BOX_CHARS = 10_000
#: How much of a long text is searched from its end.
_TAIL_CHARS = 100_000
#: JSON inside JSON is opened this often; deeper answers stay text.
_MAX_DEPTH = 8
#: An answer in a line of its own is no longer; two stars on each side make it bold.
_MAX_LINE, _STARS = 500, 4

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![A-Za-z])\s{0,3}")
_UNBRACED = re.compile(r"\$[^$]{1,200}\$|[-+]?[A-Za-z0-9]+(?:[.,/]\d+)*|\([^()\n]{1,60}\)")
_LEFT_RIGHT = re.compile(r"\\left\s?\\?[(\[|{][^\n]{1,200}?\\right\s?\\?[)\]|}]")
_NAME = re.compile(r"\\([A-Za-z]+)")
_TWO_ARGUMENTS = frozenset(("frac", "dfrac", "tfrac", "cfrac", "binom", "dbinom", "tbinom"))
_ONE_ARGUMENT = frozenset(
    ("sqrt", "text", "mathrm", "mathbf", "textbf", "overline", "boldsymbol", "mathbb", "vec")
)
_INDEX = re.compile(r"\s?\[[^\[\]]{1,20}\]")
_TAG = re.compile(r"<(/?)answer>", re.I)
_HASHES = re.compile(r"(?:^|\n)[ \t]{0,9}#{4}(?!#)[ \t]{0,9}([^\n]{1,500})")
#: The same behind a sentence; there it must be a value.
_HASHES_INSIDE = re.compile(r"[^#\n][ \t]{0,9}#{4}(?!#)[ \t]{0,9}([^\n#]{1,500})")
_MEANT = re.compile(r"[\d\\]|^\W?[A-J]\W?$")
#: A heading that says that the answer is in the next line.
_HEADING = re.compile(r"\**(?:the )?(?:final )?answer:?\**:?\s{0,9}(?:\n\s{0,9})?", re.I)
#: Lists that a program printed and that hold nothing.
_EMPTY = re.compile(r"[\[(]\s{0,9}(?:None|nan|NaN|null)\s{0,9},?\s{0,9}[\])]|(?:np|numpy)\.(?:nan|NaN|NAN)")
_LONG_NUMBER = re.compile(r"\d{16}")
#: Kinds of reading that a heading such as "#### Step 2" never has.
_VALUES = {"scalar", "choice", "choices", "set", "alternatives", "ordered", "union", "based"}
_VALUES |= {"moment", "quantities"}


class _Number(str):
    """A number of more digits than JSON readers keep, as it is written."""

    __slots__ = ()


def extract(text: str | None, kind: str) -> str | None:
    r"""The answer that an answer field or a solution states.

    Args:
        text: The field, as text; lists and structs as JSON.
        kind: `final` where the field is the answer, `solution` where the answer is somewhere inside.

    Returns:
        The answer as text, still with its unit and TeX; None where there is none. A JSON list of several
        different texts stays JSON, because it may mean several spellings or several answers.

    Raises:
        ValueError: For another kind.
    """
    if kind not in ("final", "solution"):
        raise ValueError(f"kind is 'final' or 'solution', not {kind!r}")
    if text is None:
        return None
    found = _final(text) if kind == "final" else _solution(text)
    return None if not found or found == "None" or found.casefold().rstrip(".") in _NO_ANSWER else found


def extract_column(text: pl.Series, kind: pl.Series) -> pl.Series:
    """`extract` for whole columns; each distinct text is looked at once.

    Args:
        text: Strings, null where there is no answer.
        kind: Strings of the same length; a null kind gives null.

    Returns:
        Strings of the length of `text`, under its name.
    """
    frame = pl.DataFrame({"text": text.cast(pl.String), "kind": kind.cast(pl.String)})
    distinct = frame.drop_nulls().unique(maintain_order=True)
    answers = [extract(*row) for row in distinct.iter_rows()]
    found = distinct.with_columns(pl.Series("answer", answers, dtype=pl.String))
    joined = frame.join(found, on=["text", "kind"], how="left", maintain_order="left")
    return joined["answer"].rename(text.name)


def _final(text: str, depth: int = 0) -> str | None:
    stripped = text.strip()
    if depth > _MAX_DEPTH:
        return stripped
    if _EMPTY.fullmatch(stripped):
        return None
    if stripped[:1] in tuple('[{"') and stripped[-1:] in tuple(']}"'):
        return _from_json(stripped, depth)
    if any(mark in stripped for mark in ("\\boxed", "\\fbox", "\\framebox", "####", "<answer>")):
        found = _solution(stripped)
        return found or (None if next(_BOX.finditer(stripped), None) else stripped)
    inner = without_lead(stripped)
    if inner == "":
        return None
    return _from_literal(plain(inner or tidy(stripped)), depth)


def _from_literal(text: str, depth: int) -> str | None:
    value = literal(text)
    return text if value is None else _from_value(value, text, depth + 1)


def _from_json(text: str, depth: int) -> str | None:
    try:
        if _LONG_NUMBER.search(text):
            value = json.loads(text, parse_int=_Number, parse_float=_Number)
        else:
            value = orjson.loads(text)
    except (ValueError, RecursionError):
        return _from_literal(plain(text), depth)
    return _from_value(value, text, depth)


def _from_value(value: object, text: str, depth: int) -> str | None:
    """The answer in a parsed JSON value; `text`, its JSON, where the value is the answer as it stands."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, str):
        return _final(value, depth + 1)
    if isinstance(value, dict):
        return _from_struct(value, text, depth)
    if isinstance(value, list):
        return _from_list([element for element in value if not _is_nothing(element)], text, depth)
    return None if _is_nothing(value) else text


def _is_nothing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _from_struct(value: dict[str, object], text: str, depth: int) -> str | None:
    keys = [key for key in _ANSWER_KEYS if key in value]
    key = next((key for key in keys if value[key] not in (None, "")), None)
    if key is None:
        solution = value.get("solution")
        return _solution(solution) if isinstance(solution, str) else None if keys else text
    # A struct with further lists or structs (numbers to use, a grid) is the answer as a whole.
    if any(isinstance(v, dict | list) for k, v in value.items() if k != key):
        return text
    return _inner(value[key], text, depth)


def _from_list(elements: list[object], text: str, depth: int) -> str | None:
    if len(elements) == 1:
        return _inner(elements[0], text, depth)
    texts = [element for element in elements if isinstance(element, str) and not isinstance(element, _Number)]
    if elements and len(texts) == len(elements):
        same = len({read(t).form for t in texts}) == 1
        return (
            _final(texts[0], depth + 1)
            if same
            else json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
        )
    return text if elements else None


def _inner(value: object, text: str, depth: int) -> str | None:
    """The answer in a part of a JSON value; all of the text where it is nested too deeply."""
    if depth >= _MAX_DEPTH:
        return text
    return _from_value(value, _dumped(value), depth + 1)


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _solution(text: str) -> str | None:
    found = _hashed(text) or _tagged(text) or next(_boxes(text), None) or stated(text)
    return plain(found) if found else found


def _hashed(text: str) -> str | None:
    """What follows the last `####`: all of the last line, or a value that other text follows."""
    offset = max(0, len(text) - _TAIL_CHARS)
    match = _last(_HASHES, text, offset)
    if match is None:
        inside = _last(_HASHES_INSIDE, text, offset)
        content = _undressed(inside[1]) if inside else ""
        return content if _MEANT.search(content) and read(content).kind in _VALUES else None
    content, at = match[1].strip(), match.end()
    if heading := _HEADING.match(text, match.start(1)):
        line = text[heading.end() : heading.end() + _MAX_LINE].partition("\n")[0].strip()
        content, at = line, heading.end() + len(line)
    if _BOX.search(text, heading.end() if heading else match.end()):
        return None
    if not text[at:].strip() and not heading:
        return _undressed(content)
    content = _undressed(content)
    return content if content and read(content).kind in _VALUES else None


def _last(pattern: re.Pattern[str], text: str, offset: int) -> re.Match[str] | None:
    match = None
    for match in pattern.finditer(text, offset):  # noqa: B007 - the last one is wanted
        pass
    return match


def _undressed(text: str) -> str:
    """A line without the stars of bold type around it."""
    text = text.strip()
    bold = text.startswith("**") and text.endswith("**") and len(text) > _STARS
    return text[2:-2].strip() if bold else text


def _tagged(text: str) -> str | None:
    """What stands in the last <answer> that is closed."""
    tags = list(_TAG.finditer(text, max(0, len(text) - _TAIL_CHARS)))
    for opened, closed in zip(tags[-2::-1], tags[:0:-1], strict=False):
        if not opened[1] and closed[1]:
            content = text[opened.end() : closed.start()].strip()
            return next(_boxes(content), content) if len(content) <= 500 else next(_boxes(content), None)
    return None


def _boxes(text: str) -> Iterator[str]:
    """Contents of balanced boxes, the last one first; one that is cut off holds no answer."""
    openings = [match.end() for match in _BOX.finditer(text)]
    for start in openings[: -_MAX_BOXES - 1 : -1]:
        content = _balanced(text, start) if text.startswith("{", start) else _unbraced(text, start)
        if content.strip():
            yield content.strip()


def _unbraced(text: str, start: int) -> str:
    r"""What `\boxed` without braces boxes: `\boxed 7`, `\boxed\frac{3}{4}`, `\boxed\left(1, 2\right)`."""
    if pair := _LEFT_RIGHT.match(text, start):
        return pair[0]
    sign = text[start] if text[start : start + 1] in ("-", "+") else ""
    name = _NAME.match(text, start + len(sign))
    if name is None:
        bare = _UNBRACED.match(text, start)
        return bare[0] if bare else ""
    at = name.end()
    if index := _INDEX.match(text, at) if name[1] == "sqrt" else None:
        at = index.end()
    for _ in range(2 if name[1] in _TWO_ARGUMENTS else 1 if name[1] in _ONE_ARGUMENT else 0):
        at += text.startswith(" ", at)
        if text.startswith("{", at):
            content = _balanced(text, at)
            if not content:
                return ""
            at += len(content) + 2
        elif at < len(text):
            at += 1
        else:
            return ""
    return text[start:at]


def _balanced(text: str, start: int) -> str:
    depth = 0
    for at in range(start, min(len(text), start + _MAX_BOX_CHARS)):
        character = text[at]
        if character in "{}" and text[at - 1] != "\\":
            depth += 1 if character == "{" else -1
            if depth == 0:
                return text[start + 1 : at]
    return ""
