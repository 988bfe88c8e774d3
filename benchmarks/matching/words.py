"""Write the packaged list of word frequencies (text/word_frequency.json) from a traced workspace.

Run: python benchmarks/matching/words.py WORKSPACE
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from pathlib import Path

import polars as pl

from rlvr_atlas.text.tokens import tokenise

#: A word in fewer texts than this is rare, and that is all there is to know of it.
LEAST = 24
TARGET = Path(__file__).resolve().parents[2] / "src" / "rlvr_atlas" / "text" / "word_frequency.json"


def main(workspace: str) -> None:
    """Count in how many distinct texts each word or number stands."""
    skeletons = pl.read_parquet(Path(workspace) / "instances.parquet")["skeleton"].unique(maintain_order=True)
    counts: Counter[str] = Counter()
    for skeleton in skeletons:
        counts.update(set(tokenise(skeleton)))
    levels: dict[str, list[str]] = {}
    for token, count in sorted(counts.items()):
        if count >= LEAST and token[0].isalnum():
            levels.setdefault(str(round(math.log2(len(skeletons) / count))), []).append(token)
    ordered = {level: " ".join(levels[level]) for level in sorted(levels, key=int)}
    TARGET.write_text(json.dumps(ordered, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
