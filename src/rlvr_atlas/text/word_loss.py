"""How readily a word is lost when a problem is put in other words: "find" nearly always, "even" hardly ever.

A packaged list that `benchmarks/matching/word_loss.py` counted in rewordings whose originals are known.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Literal


@cache
def _known(side: str) -> tuple[dict[str, float], float]:
    """Bits by word, and those of a word which is not listed."""
    table = json.loads(files("rlvr_atlas.text").joinpath("word_loss.json").read_text(encoding="utf-8"))[side]
    known = {word: float(bits) for bits, words in table["bits"].items() for word in words.split(" ")}
    return known, float(table["unlisted"])


def loss(word: str, side: Literal["gone", "new"]) -> float:
    """What it tells that a word stands in one wording only, in bits: 0 for nothing.

    Args:
        word: In lower case.
        side: Whether only the original has it (`gone`) or only the rewording (`new`).
    """
    known, unlisted = _known(side)
    return known.get(word, unlisted)
