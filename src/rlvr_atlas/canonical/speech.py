"""Does a piece of shared text speak of the response, or does it carry a part of the problem?

Only for judging text that many rows share (see `infer`); never used on a single problem. In doubt a piece
carries something, because a template that stays costs a looser match and a fact that goes costs a false one.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from itertools import accumulate, pairwise
from typing import Literal

from rlvr_atlas.canonical.templates import Position

Kind = Literal["speaks", "plain", "carries"]

#: A tag of a role or a part: <|user|>, <question>, [INST], <<SYS>>.
_TAG = re.compile(r"</?[|｜]?[ \w]{1,40}[|｜]?>|<<?/?[A-Z_]{2,20}>>?|\[/?[A-Z_]{2,20}\]")
#: Where the problem starts and ends, whatever stands before and after.
_ROLES = "user|usr|human|question|problem|query|input|prompt|task"
_REPLIES = "assistant|asst|bot|model|ai|answer|response|output|solution"
_OPENS = re.compile(
    rf"(?i)(?:<[|｜]?\s?|\[)(?:{_ROLES})\s?(?:[|｜]?>|\])\s*|<[|｜]\w+[|｜]>\s?(?:{_ROLES})\b(?:\s?<[|｜]\w+[|｜]>)?\s*"
)
_CLOSES = re.compile(
    rf"(?i)\s*(?:</[|｜]?\s?|\[/)(?:{_ROLES})\s?(?:[|｜]?>|\])|\s*(?:<[|｜]?\s?|\[)(?:{_REPLIES})\s?(?:[|｜]?>|\])"
    rf"|\s*<[|｜]\w+[|｜]>\s?(?:{_REPLIES})\b"
)
#: The end of a line, a sentence or a tag, with the white space after it.
_END = re.compile(
    r"\s*\n\s*|(?:(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\b[MD]r)(?<!\bMrs)(?<!\bSt)(?<!\bNo)(?<![^\w.][A-Za-z])\.|[!?:;|»→]|--|==)"
    r"[\"'”’*)\]}]*\s+|[。！？：；]\s*|(?:</?[|｜]?[ \w]{1,40}[|｜]?>|\[/?[A-Z_]{2,20}\]|>>)\s*"
)
#: At the end of a question, text may also begin without white space before it ("...?Answer"), and what all
#: questions share may begin with the white space alone (" Let's think").
_START = re.compile(r"(?<=[.?!。？！)\]}$])(?=[A-Z请])|(?=</?[|｜]?\w[\w ]*[|｜]?>|\[/?[A-Z_]{2,20}\])")
_BEGIN = re.compile(r"\s+(?=[A-Z请让你问答<\[*#])|(?=[A-Z][a-z']+ [a-z])|(?=请)")

_LABEL = re.compile(r"\W{0,4}[A-Za-z][A-Za-z ]{0,30}[:：]\W*|#{1,6} [^\n]{1,40}\s*|\*\*[^*\n]{1,40}\*\*:?\s*")
#: Tags and empty frames around the answer, which hold signs but no mathematics.
_FRAMES = re.compile(
    r"<answer>[^<\n]{0,80}</answer>|\\boxed\s*\{[^{}]*\}|\*\*|\$?\\boxed|####|\$[A-Za-z]{4,}\b(?!\$)|[{}\"'`]"
)
_MATHS = re.compile(r"[$^=<>+\\×÷√≤≥±?？]|\d|[a-z]_[a-z{]")


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """One list of `speech.toml` as a pattern, Chinese words included."""
    data = tomllib.loads(files("rlvr_atlas.canonical").joinpath("speech.toml").read_text("utf-8"))
    return re.compile("|".join([rf"(?i:\b(?:{'|'.join(data[name])})\b)", *data.get(f"{name}_zh", [])]))


def segments(shared: str, position: Position) -> list[str]:
    """Cut shared text at lines, sentences and tags, the outermost piece first.

    Args:
        shared: The longest text that the rows share at this end; it may break off inside a sentence.
        position: Which end.

    Returns:
        Whole pieces only: what breaks off belongs to the problems.
    """
    ends = [match.end() for match in _END.finditer(shared)]
    if position == "prefix":
        return [shared[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    begin = _BEGIN.match(shared)
    starts = {begin.end()} if begin else set()
    starts |= {start for start in ends if start < len(shared)}
    starts |= {match.start() for match in _START.finditer(shared)}
    bounds = [*sorted(starts), len(shared)]
    return [shared[a:b] for a, b in pairwise(bounds)][::-1]


def kind(piece: str) -> Kind:
    """Judge one line or sentence.

    Args:
        piece: As `segments` gives it.

    Returns:
        "speaks" where it is about the response, its format or a role; "carries" where it holds a task, a
        number or mathematics; "plain" where it is neither.
    """
    tagged = bool(_TAG.search(piece))
    words = _pattern("empty_asks").sub(" ", _TAG.sub(" ", _FRAMES.sub(" ", piece)))
    if _MATHS.search(words) or _pattern("asks").search(words):
        return "carries"
    if tagged or _LABEL.fullmatch(piece) or _pattern("response").search(piece):
        return "speaks"
    return "carries" if _pattern("facts").search(words) else "plain"


def wrapped_until(pieces: list[str], position: Position) -> int:
    """How many of the outer pieces lie outside the tag that opens (or closes) the problem; 0 without one."""
    text = "".join(pieces if position == "prefix" else pieces[::-1])
    if position == "prefix":
        outside = max((match.end() for match in _OPENS.finditer(text)), default=0)
    else:
        outside = len(text) - min((match.start() for match in _CLOSES.finditer(text)), default=len(text))
    lengths = accumulate(len(piece) for piece in pieces)
    return next((number for number, length in enumerate(lengths, 1) if length >= outside > 0), 0)
