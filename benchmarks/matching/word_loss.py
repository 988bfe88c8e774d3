"""Write the packaged list of how readily words are lost (text/word_loss.json).

Run: python benchmarks/matching/word_loss.py WORKSPACE [--corpus FOLDER]

WORKSPACE is an ingested workspace of the shared corpus. Counted are the aligned rewordings of the train split
(MATH and GSM8K; no benchmark file): of all originals with a word, in how many of their rewordings it is gone,
and of all rewordings with a word, in how many of their originals it is missing. "find" is lost nearly always,
"even" hardly ever.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
from gold import HERE, REWORDED, gold

from rlvr_atlas.text.tokens import is_word, tokenise

#: Of a word in fewer texts than this nothing is known but what holds for all such words.
LEAST = 20
#: Bits are stored as multiples of this.
STEP = 0.25
TARGET = HERE.parents[1] / "src" / "rlvr_atlas" / "text" / "word_loss.json"


def lost(pairs: pl.DataFrame, text: str, other: str) -> tuple[Counter[str], Counter[str]]:
    """In how many texts (a column) each word stands, and in how many of these the other wording lacks it."""
    there: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    for sides in pairs.select(text, other).iter_rows():
        one, two = ({token for token in tokenise(side) if is_word(token)} for side in sides)
        there.update(one)
        gone.update(one - two)
    return there, gone


def listed(there: Counter[str], gone: Counter[str]) -> dict[str, Any]:
    """Bits of each word, words by their bits, and those of all words that are too few to tell."""
    levels: dict[str, list[str]] = {}
    for word in sorted(there):
        if there[word] >= LEAST:
            levels.setdefault(str(bits(gone[word], there[word])), []).append(word)
    seldom = [word for word in there if there[word] < LEAST]
    unlisted = bits(sum(gone[word] for word in seldom), sum(there[word] for word in seldom))
    ordered = {level: " ".join(levels[level]) for level in sorted(levels, key=float)}
    return {"unlisted": unlisted, "bits": ordered}


def bits(gone: int, there: int) -> float:
    """What it tells that a word is gone, in bits; one loss is added, so that never is not for sure."""
    return round(-math.log2((gone + 1) / (there + 1)) / STEP) * STEP


def main() -> None:
    """Count and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--corpus", type=Path, default=HERE.parents[2] / "shared" / "data" / "real")
    given = parser.parse_args()
    pairs = gold(given.workspace, given.corpus).filter(
        pl.col("relation") == "same", pl.col("split") == "train", pl.col("kind").is_in(REWORDED)
    )
    table = {
        "gone": listed(*lost(pairs, "skeleton_original", "skeleton")),
        "new": listed(*lost(pairs, "skeleton", "skeleton_original")),
    }
    TARGET.write_text(json.dumps(table, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{pairs.height} pairs")


if __name__ == "__main__":
    main()
