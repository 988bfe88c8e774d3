"""What semhash, a tool for semantic deduplication, does with the rewordings that `links.py` judges.

Run: pip install semhash; python benchmarks/matching/semhash_rule.py WORKSPACE FOLDER [--corpus FOLDER]

It gets the same vectors (all-MiniLM-L6-v2, from FOLDER/embeddings), the same candidates (every earlier text)
and its own threshold of 0.9. Written is FOLDER/semhash-test.csv, which `report.py` shows where it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from gold import arguments
from links import Gold
from semhash import SemHash

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.match import embedder

THRESHOLDS = (0.9, 0.8)


class Cached:
    """An encoder that looks its vectors up; the records are keys."""

    def __init__(self, folder: Path, texts: dict[str, str]) -> None:
        self._embed = embedder(MatchSettings(), folder / "embeddings")
        self._texts = texts

    def encode(self, inputs: Sequence[str], **_: object) -> np.ndarray[Any, Any]:
        """Vectors of shape (len(inputs), d)."""
        keys = list(inputs)
        return self._embed(keys, [self._texts[key] for key in keys]).astype(np.float32)


def main() -> None:
    """Read the arguments, deduplicate each reworded set against what came before, write the figures."""
    given = arguments(__doc__).parse_args()
    truth = Gold(given.workspace, given.corpus)
    instances = pl.read_parquet(given.workspace / "instances.parquet").select(
        "key", "prompt", "first_dataset"
    )
    model = Cached(given.folder, dict(instances.select("key", "prompt").iter_rows()))
    first = instances.with_row_index("at").group_by("first_dataset").agg(pl.col("at").min())
    begins = dict(first.iter_rows())
    rows = []
    for (kind,), texts in truth.pairs.filter(split="test", relation="same").group_by(
        "kind", maintain_order=True
    ):
        children = texts["child"].to_list()
        index = SemHash.from_records(
            instances["key"][: begins[kind]].to_list(),
            model=model,
            ann_backend="basic",  # exact
        )
        for threshold in THRESHOLDS:
            found = index.deduplicate(children, threshold=threshold).filtered
            best = {str(line.record): str(line.duplicate_of) for line in found}
            right = sum(truth.right(child, parent) for child, parent in best.items())
            rows.append(
                {
                    "kind": kind,
                    "threshold": threshold,
                    "texts": len(children),
                    "links": len(best),
                    "right": right,
                }
            )
    table = pl.DataFrame(rows)
    table.write_csv(given.folder / "semhash-test.csv")
    print(table)


if __name__ == "__main__":
    main()
