"""Trace the whole shared corpus and judge what became of the rewordings whose originals are known.

Run: python benchmarks/matching/links.py WORKSPACE FOLDER [--corpus FOLDER] [--only NAME] [--split SPLIT]

All tiers run on all texts, as in a user's run: with and without the encoder, with the answers of all datasets
and with none (four names: plain, plain_hidden, encoder, encoder_hidden). FOLDER/embeddings is filled where
something is missing. Written is FOLDER/links-SPLIT.csv, and printed; the split is test by default.

One link is made for each text: to the parent in an earlier dataset that is most likely the same problem. It
is right if it leads to the original, to another wording of it whose publisher says so, or to a copy of the
original (see `gold.is_copy`).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import polars as pl
from gold import Side, arguments, gold, is_copy

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.match import embedder, match
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.text.tokens import tokenise

NAMES = ("plain", "plain_hidden", "encoder", "encoder_hidden")
#: A link of a run is what is more likely than not.
THRESHOLD = 0.5


class Gold:
    """Texts whose originals are known, and which other texts are right for them."""

    def __init__(self, workspace: Path, corpus: Path) -> None:
        instances = pl.read_parquet(workspace / "instances.parquet")
        self._texts: dict[str, Side] = {
            key: (tuple(tokenise(skeleton)), answer)
            for key, skeleton, answer in instances.select("key", "skeleton", "answer").iter_rows()
        }
        self.first_dataset = dict(instances.select("key", "first_dataset").iter_rows())
        self.pairs = gold(workspace, corpus)
        self._known = {
            child: (original, relation)
            for child, original, relation in self.pairs.select("child", "original", "relation").iter_rows()
        }
        self._judged: dict[tuple[str, str], bool] = {}

    def right(self, child: str, parent: str) -> bool:
        """Whether a parent is the same problem as the child's original."""
        original, _ = self._known[child]
        if parent == original:
            return True
        other, relation = self._known.get(parent, (parent, "same"))
        if other == original:
            return relation == "same"
        pair = original, parent
        if pair not in self._judged:
            self._judged[pair] = is_copy(self._texts[original], self._texts[parent])
        return self._judged[pair]


def best_links(matches: pl.DataFrame, truth: Gold) -> dict[str, tuple[str, float, str]]:
    """Of each child the most likely parent of an earlier dataset: key, probability, tier."""
    same = matches.filter(pl.col("relation").is_in(list(SAME_PROBLEM)))
    best: dict[str, tuple[str, float, str]] = {}
    for child, parent, p, tier in same.select("child", "parent", "probability", "tier").iter_rows():
        if truth.first_dataset[child] == truth.first_dataset[parent]:
            continue
        if child not in best or p > best[child][1]:
            best[child] = parent, p, tier
    return best


def judged(name: str, matches: pl.DataFrame, truth: Gold, split: str) -> list[dict[str, Any]]:
    """One line for each set of rewordings, and one for each tier that made links there."""
    best = best_links(matches, truth)
    variants = set(matches.filter(relation="variant").select("child", "parent").iter_rows())
    rows = []
    for (kind,), texts in truth.pairs.filter(split=split).group_by("kind", maintain_order=True):
        known = dict(texts.select("child", "original").iter_rows())
        links = {child: best[child] for child in known if child in best and best[child][1] >= THRESHOLD}
        for tier in (None, "normalised", "lexical", "semantic"):
            made = {c: link for c, link in links.items() if tier in (None, link[2])}
            right = sum(truth.right(child, parent) for child, (parent, *_) in made.items())
            rows.append(
                {
                    "run": name,
                    "kind": kind,
                    "tier": tier or "all",
                    "texts": len(known),
                    "links": len(made),
                    "right": right,
                    "recall": right / len(known),
                    "precision": right / len(made) if made else None,
                    "variant": sum((child, original) in variants for child, original in known.items()),
                }
            )
    return rows


def run(name: str, workspace: Path, folder: Path, truth: Gold, split: str) -> list[dict[str, Any]]:
    """Trace once."""
    instances = pl.read_parquet(workspace / "instances.parquet")
    if name.endswith("hidden"):
        instances = instances.with_columns(answer=pl.lit(None, pl.String))
    settings = MatchSettings()
    embed = embedder(settings, folder / "embeddings") if name.startswith("encoder") else None
    started = time.monotonic()
    occurrences = pl.read_parquet(workspace / "occurrences.parquet")
    found = match(instances, settings, embed, occurrences).matches
    print(f"# {name}: {time.monotonic() - started:.0f} s", flush=True)
    return judged(name, found, truth, split)


def main() -> None:
    """Read the arguments, trace, print and write the table."""
    parser = arguments(__doc__)
    parser.add_argument("--only", choices=NAMES, nargs="*", default=NAMES)
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test")
    given = parser.parse_args()
    truth = Gold(given.workspace, given.corpus)
    rows = []
    for name in given.only:
        rows += run(name, given.workspace, given.folder, truth, given.split)
        table = pl.DataFrame(rows)
        table.write_csv(given.folder / f"links-{given.split}.csv", float_precision=4)
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=200, fmt_str_lengths=60):
        print(table)


if __name__ == "__main__":
    main()
