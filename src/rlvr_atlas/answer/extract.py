r"""Where the answer is: in a field of its own, or somewhere in a worked solution.

Nothing is taken for the answer that is not marked as one; "the last number in the text" would be a guess.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import orjson
import polars as pl

from rlvr_atlas.answer.read import read
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
#: Where a solution states its answer in words: at its end, else at its beginning.
_END_CHARS, _BEGINNING_CHARS = 500, 200

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![A-Za-z])\s{0,3}")
_UNBRACED = re.compile(r"\\?[A-Za-z0-9]+")
_TAG = re.compile(r"<answer>([^<]{1,500})</answer>", re.I)
_HASHES = re.compile(r"(?:^|\n)[ \t]{0,9}#{4}(?!#)[ \t]{0,9}([^\n]{1,500})[ \t\r\n]{0,99}\Z")
_STATED = re.compile(
    r"(?:answer[ \t]{0,3}(?:is|are|was|:|：|-(?=[ \t]))|答案[ \t]{0,3}(?:是|为|应为|：|:))"
    r"[ \t:：*]{0,9}([^\n]{1,300})",
    re.I,
)
_ADVERB = re.compile(r"^\s{0,3}(?:thus|therefore|then|simply|just|clearly|equal to)\s", re.I)
_SENTENCE_END = re.compile(
    r"[.。](?=\s|$|\*)|\*\*|,? (?:which|because|since|as|so|regardless|for|when|if|where) "
)
#: A number, something in TeX, or one word.
_ANSWERLIKE = re.compile(r"\d|\\|\$|^\S+$|^(?i:option|choice) \S+$")
_WHOLE = re.compile(r"(?:the )?(?:final |correct )?answer(?: is ?:?| ?:)\s{0,5}(\S.{0,300})", re.I)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")


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


def _final(text: str) -> str | None:
    stripped = text.strip()
    if stripped[:1] in tuple('[{"') and stripped[-1:] in tuple(']}"'):
        return _from_json(stripped)
    if any(mark in stripped for mark in ("\\boxed", "\\fbox", "\\framebox", "####", "<answer>")):
        return _solution(stripped) or stripped
    match = _WHOLE.fullmatch(stripped)
    return match[1] if match else tidy(stripped)


def _from_json(text: str) -> str | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return _from_value(value, text)


def _from_value(value: object, text: str) -> str | None:
    """The answer in a parsed JSON value; `text`, its JSON, where the value is the answer as it stands."""
    if isinstance(value, str):
        return _final(value)
    if isinstance(value, dict):
        return _from_struct(value, text)
    if isinstance(value, list):
        return _from_list([element for element in value if element not in (None, "")], text)
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else text


def _from_struct(value: dict[str, object], text: str) -> str | None:
    keys = [key for key in _ANSWER_KEYS if key in value]
    key = next((key for key in keys if value[key] not in (None, "")), None)
    if key is None:
        solution = value.get("solution")
        return _solution(solution) if isinstance(solution, str) else None if keys else text
    # A struct with further lists or structs (numbers to use, a grid) is the answer as a whole.
    if any(isinstance(v, dict | list) for k, v in value.items() if k != key):
        return text
    return _from_value(value[key], orjson.dumps(value[key]).decode())


def _from_list(elements: list[object], text: str) -> str | None:
    if len(elements) == 1:
        return _from_value(elements[0], orjson.dumps(elements[0]).decode())
    texts = [element for element in elements if isinstance(element, str)]
    if elements and len(texts) == len(elements):
        return _final(texts[0]) if len({read(t).form for t in texts}) == 1 else orjson.dumps(texts).decode()
    return text if elements else None


def _solution(text: str) -> str | None:
    if match := _HASHES.search(text, max(0, len(text) - 1000)):
        return match[1].strip()
    if tags := _TAG.findall(text, max(0, len(text) - _TAIL_CHARS)):
        return next(_boxes(tags[-1]), tags[-1].strip())
    return next(_boxes(text), None) or _stated(text)


def _boxes(text: str) -> Iterator[str]:
    """Contents of balanced boxes, the last one first."""
    openings = [match.end() for match in _BOX.finditer(text)]
    for start in openings[: -_MAX_BOXES - 1 : -1]:
        if text.startswith("{", start):
            content = _balanced(text, start)
        else:
            bare = _UNBRACED.match(text, start)
            content = bare[0] if bare else ""
        if content.strip():
            yield content.strip()


def _balanced(text: str, start: int) -> str:
    depth = 0
    for at in range(start, min(len(text), start + _MAX_BOX_CHARS)):
        character = text[at]
        if character in "{}" and text[at - 1] != "\\":
            depth += 1 if character == "{" else -1
            if depth == 0:
                return text[start + 1 : at]
    return ""


def _stated(text: str) -> str | None:
    """What follows "the answer is"; None where that is a clause and not an answer."""
    if "```" in text:  # in a program, "answer is" speaks of a variable
        return None
    for part in (text[-_END_CHARS:], text[:_BEGINNING_CHARS]):
        for match in reversed(list(_STATED.finditer(part))):
            stated = _SENTENCE_END.split(_ADVERB.sub("", match[1]).strip(), maxsplit=1)[0].strip(" *:")
            if stated.startswith("<"):
                stated = stated[1:].removesuffix(">")
            if stated and _ANSWERLIKE.search(stated) and len(_WORD.findall(stated)) <= 5:
                return stated
    return None
