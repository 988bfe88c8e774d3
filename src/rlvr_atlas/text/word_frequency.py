"""How rare a word is in problems at large: a packaged list of word frequencies.

A packaged list, and not the corpus in view, so that a verdict on two texts depends on these two texts alone.
`benchmarks/matching/words.py` wrote it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


@cache
def _known() -> tuple[dict[str, float], float]:
    """Rarity by word, and that of a word which is not listed."""
    levels = json.loads(files("rlvr_atlas.text").joinpath("word_frequency.json").read_text(encoding="utf-8"))
    table = {word: float(level) for level, words in levels.items() for word in words.split(" ")}
    return table, max(table.values()) + 1


def rarity(token: str) -> float:
    """Binary logarithm of how many texts there are to one with this token, rounded."""
    table, unlisted = _known()
    return table.get(token, unlisted)
