"""How the time of every function that reads text grows with the text, for 64 kinds of text.

    python benchmarks/growth.py                  # 64 kB to 1 MB; prints what grows faster than 1.15
    python benchmarks/growth.py --sizes 64 256   # in kB

Time is the processor's (`time.process_time`), the least of several runs, so that other programs do not count;
and without the garbage collector, whose time grows with all that the process holds.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import math
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import polars as pl

from rlvr_atlas.answer import extract, normal_column
from rlvr_atlas.canonical import canonicalise, skeleton
from rlvr_atlas.fingerprints import Printer
from rlvr_atlas.load.compression import ByteStream
from rlvr_atlas.load.detect import detect
from rlvr_atlas.load.layout import COMBINED
from rlvr_atlas.load.opened import opened
from rlvr_atlas.load.paths import parse
from rlvr_atlas.load.read_csv import read_csv
from rlvr_atlas.load.read_json import read_json, read_lines
from rlvr_atlas.load.read_xml import read_xml
from rlvr_atlas.load.values import answer_text, option_texts
from rlvr_atlas.match.measure import measure
from rlvr_atlas.match.programs import programs
from rlvr_atlas.schema import ROWS, TEMPLATES
from rlvr_atlas.text import traits
from rlvr_atlas.text.subject import subject
from rlvr_atlas.text.token_table import TokenTable
from rlvr_atlas.text.tokens import Parts

#: Shorter calls, in seconds, say nothing about growth.
TOO_SHORT = 0.1
#: What the script calls too fast.
MOST = 1.15
#: What a text repeats.
UNITS = {
    "dots": ".", "spaces": " ", "line breaks": "\n", "backticks": "`", "quotes": '"', "apostrophes": "'",
    "round": "(", "round closed": "()", "square": "[", "square closed": "[]", "curly": "{",
    "curly closed": "{}", "angles": "<", "tags": "<a>", "closed tags": "<a></a>", "bars": "|",
    "dollars": "$", "double dollars": "$$ ", "backslashes": "\\", "fractions": "\\frac{",
    "whole fractions": "\\frac{1}{2}", "roots": "\\sqrt{", "boxes": "\\boxed{",
    "closed boxes": "\\boxed{1}", "text in TeX": "\\text{a", "left right": "\\left(",
    "begins": "\\begin{array}", "ampersands": "&", "carets": "^", "towers": "2^", "underscores": "_",
    "indices": "a_{", "digits": "7", "numbers": "12 ", "thousands": "1,000,", "decimals": "1.",
    "signs": "-", "plus minus": "1+1-", "letter": "a", "letters and dots": "a.", "words": "word ",
    "camels": "aB", "capitals": "A ", "options": "(A) x ", "two options": "(A) (B) ", "hashes": "#",
    "solutions": "#### 1\n", "colons": ":", "speakers": "User: a\nAnswer: ", "questions": "How many? ",
    "the answer is": "the answer is ", "stubs": "def f(", "asserts": "assert f(1) == ",
    "examples": "Input: 1 Output: ", "CJK": "求", "CJK numbers": "三百", "combining": "́",
    "marked letters": "é", "emoji": "👩\u200d", "no break": "\xa0", "slashes": "1/", "stars": "*",
    "units": "5 km ", "percent": "%",
}  # fmt: skip


def frame(text: str) -> pl.DataFrame:
    """One row of a dataset as published."""
    row = {"question": text, "options": None, "hint": None}
    return pl.DataFrame([row], schema={name: ROWS[name] for name in row})


def stream(text: str) -> ByteStream:
    """The text as a file."""
    return ByteStream(io.BytesIO(text.encode()))


def prints(text: str) -> object:
    """What an index keeps of a problem."""
    texts = canonicalise(frame(text), pl.DataFrame(schema=TEMPLATES)).with_columns(
        answer=pl.lit("1"), attachments=pl.lit(None, pl.String)
    )
    return Printer().prints(texts)


def pair(text: str) -> object:
    """What is measured between two texts."""
    half = len(text) // 2
    texts = TokenTable.of([text[:half], text[half:]])
    return measure(texts, np.array([0]), np.array([1])).evidence(0, None).changed


def series(function: Callable[[pl.Series], object]) -> Callable[[str], object]:
    """A function of a column as a function of a text."""
    return lambda text: function(pl.Series([text], dtype=pl.String))


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "canonicalise": lambda text: canonicalise(frame(text), pl.DataFrame(schema=TEMPLATES)),
    "skeleton": series(skeleton),
    "language": series(traits.language),
    "subject": series(subject),
    "domain": lambda text: traits.domain(pl.DataFrame({"prompt": [text], "hint": [text]})),
    "stem": series(traits.stem),
    "tokens": Parts.of,
    "evidence": pair,
    "prints": prints,
    "programs": lambda text: programs([text], [None]),
    "final answer": lambda text: extract(text, "final"),
    "answer of a solution": lambda text: extract(text, "solution"),
    "normal answer": series(normal_column),
    "answer field": answer_text,
    "options field": option_texts,
    "text that is data": opened,
    "question and answer": COMBINED.fullmatch,
    "detection": lambda text: detect([{"question": text, "answer": text}] * 2),
    "field path": lambda text: _quiet(parse, text),
    "JSON lines": lambda text: list(read_lines(stream(text + "\n" + json.dumps({"question": text})))),
    "JSON": lambda text: list(read_json(stream("[" + json.dumps(text) + "," + text))),
    "CSV": lambda text: list(read_csv(stream("question,answer\n" + text))),
    "XML": lambda text: list(read_xml(stream("<all>" + text))),
}  # fmt: skip


def _quiet(function: Callable[[str], object], text: str) -> None:
    with suppress(Exception):  # only the time counts
        function(text)


def text_of(kind: str, size: int) -> str:
    """A text of so many bytes, less where a character has several."""
    unit = UNITS[kind]
    return unit * (size // len(unit.encode()))


def seconds(function: Callable[[str], object], text: str, least: float = math.inf) -> float:
    """Processor time of one call, or `least` where that is less."""
    opened.cache_clear()
    gc.disable()
    try:
        start = time.process_time()
        function(text)
        return min(least, time.process_time() - start)
    finally:
        gc.enable()


def exponent(
    function: Callable[[str], object], kind: str, sizes: tuple[int, int], most: float, tries: int = 8
) -> float:
    """How time grows with size: 1 is in proportion; 0 where it is too short to be measured.

    Args:
        function: What reads the text.
        kind: Which text.
        sizes: Two sizes in bytes.
        most: What is more is measured again.
        tries: How often at most.
    """
    small, large = (text_of(kind, size) for size in sizes)
    slow, quick, found = seconds(function, large), 0.0, 0.0
    for _ in range(tries):
        if slow < TOO_SHORT:
            return 0.0
        quick = max(quick, seconds(function, small))
        found = math.log(slow / quick) / math.log(sizes[1] / sizes[0])
        if found <= most:
            break
        slow = seconds(function, large, slow)
    return found


def main() -> None:
    """Print what grows too fast."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs=2, default=(64, 1024), help="in kB")
    parser.add_argument("--functions", nargs="*", default=list(FUNCTIONS))
    chosen = parser.parse_args()
    sizes = (1000 * chosen.sizes[0], 1000 * chosen.sizes[1])
    for name in chosen.functions:
        start = time.process_time()
        grown = {kind: exponent(FUNCTIONS[name], kind, sizes, MOST) for kind in UNITS}
        fast = {kind: round(value, 2) for kind, value in grown.items() if value > MOST}
        print(
            f"{name:22} {max(grown.values()):.2f}  {time.process_time() - start:6.1f} s  {fast or ''}",
            flush=True,
        )


if __name__ == "__main__":
    main()
