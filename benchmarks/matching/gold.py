"""Pairs of the shared corpus whose relation is known because their publishers aligned them row by row.

A row says which text was derived from which. The split goes by the original problem, so that no problem of
the test split was seen in training in any wording.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from rlvr_atlas.canonical import canonicalise
from rlvr_atlas.match.decide import by_wording
from rlvr_atlas.match.evidence import Evidence
from rlvr_atlas.match.measure import measure
from rlvr_atlas.match.near_duplicates import answers_agree
from rlvr_atlas.schema import ROWS, SAME_PROBLEM, TEMPLATES, empty
from rlvr_atlas.text.token_table import TokenTable

#: dataset, first row, dataset of the originals, relation: row by row.
ALIGNED = (
    ("math7500_corewarding_rewrite", 7_498, "math7500_corewarding", "same"),
    ("benbench_gsm8k_train_rewritten", 0, "benbench_gsm8k_train", "same"),
    ("gsm8k_rephrased_llmdecontaminator", 0, "gsm8k_test", "same"),
)
#: dataset, file, how a row quotes its original (gsm_hard: in the docstring of its solution), relation.
NAMED = (
    (
        "benbench_gsm8k_test_rewritten",
        "benchmarks/benbench_gsm8k_test_rewritten/GSM8K_rewritten-test-1.jsonl",
        lambda row: row["question"],
        "same",
    ),
    ("gsm_hard", "benchmarks/gsm_hard/gsmhardv2.jsonl", lambda row: row["code"].split('"""')[1], "variant"),
)

#: Rewordings of training sets: only of these is anything learned.
REWORDED = ("math7500_corewarding_rewrite", "benbench_gsm8k_train_rewritten")
#: A text with the original's answer and numbers and this much of its wording is another copy of it.
COPY = 0.4

HERE = Path(__file__).resolve().parent

Side = tuple[tuple[str, ...], str | None]


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """What every script here is told: an ingested workspace, the folder of results, where the corpus is."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--corpus", type=Path, default=HERE.parents[2] / "shared" / "data" / "real")
    return parser


def between(original: Side, other: Side) -> Evidence:
    """Evidence between two texts of the corpus, each given as tokens and answer."""
    texts = TokenTable.of_tokens([original[0], other[0]])
    measured = measure(texts, np.array([0]), np.array([1]))
    return measured.evidence(0, answers_agree(original[1], other[1]))


def is_copy(original: Side, other: Side) -> bool:
    """Whether a text of the corpus is the original in other clothes."""
    return says_copy(between(original, other))


def says_copy(found: Evidence) -> bool:
    """Whether what was measured between an original and another text says that the text is a copy of it."""
    if found.answers_agree and found.number_set_agrees and found.lexical >= COPY:
        return True
    verdict = by_wording(found)
    return verdict is not None and verdict.relation in SAME_PROBLEM


def split_of(original: str) -> str:
    """train, validation or test (2 : 1 : 2), by the letters and digits of the original problem."""
    share = _digest(original)[0] / 256
    return "train" if share < 0.4 else "validation" if share < 0.6 else "test"


def fold_of(original: str) -> int:
    """Half of a split, 0 or 1, that a problem belongs to."""
    return _digest(original)[1] % 2


def _digest(original: str) -> bytes:
    letters = "".join(sign for sign in original.lower() if sign.isalnum())
    return hashlib.sha1(letters.encode()).digest()


def gold(workspace: Path, corpus: Path) -> pl.DataFrame:
    """One line per derived text: kind, child, original (keys), relation, split.

    Pairs that are equal to the letter are left out: the earlier tiers have them.
    """
    occurrences = pl.read_parquet(workspace / "occurrences.parquet").select("dataset", "row", "key")
    instances = pl.read_parquet(workspace / "instances.parquet").select("key", "prompt", "skeleton")
    parts = []
    for dataset, first, originals, relation in ALIGNED:
        children = occurrences.filter(pl.col("dataset") == dataset, pl.col("row") >= first)
        aligned = children.with_columns(pl.col("row") - first).join(
            occurrences.filter(pl.col("dataset") == originals), on="row", suffix="_original"
        )
        parts.append(
            aligned.select(kind="dataset", child="key", original="key_original", relation=pl.lit(relation))
        )
    parts += [_named(occurrences, corpus, *named) for named in NAMED]
    facts = instances.select("key", "prompt", "skeleton")
    pairs = pl.concat(parts).unique(["kind", "child"], maintain_order=True)
    pairs = pairs.join(facts, left_on="child", right_on="key", maintain_order="left").join(
        facts, left_on="original", right_on="key", suffix="_original", maintain_order="left"
    )
    pairs = pairs.filter(pl.col("skeleton") != pl.col("skeleton_original"))
    split = pl.Series("split", [split_of(text) for text in pairs["prompt_original"]], dtype=pl.String)
    return pairs.with_columns(split)


def _named(  # noqa: PLR0913, PLR0917  one line of NAMED
    occurrences: pl.DataFrame, corpus: Path, dataset: str, file: str, quote: Callable[..., str], relation: str
) -> pl.DataFrame:
    lines = [json.loads(line) for line in (corpus / file).read_text(encoding="utf-8").splitlines()]
    wanted = {name: ROWS[name] for name in ("question", "options", "hint")}
    questions = pl.DataFrame({"question": [quote(line) for line in lines]}).with_columns(
        options=pl.lit(None, wanted["options"]), hint=pl.lit(None, wanted["hint"])
    )
    originals = canonicalise(questions, empty(TEMPLATES)).select(original="key").with_row_index("row")
    children = occurrences.filter(pl.col("dataset") == dataset)
    aligned = children.join(originals.with_columns(pl.col("row").cast(pl.Int64)), on="row")
    return aligned.select(kind="dataset", child="key", original="original", relation=pl.lit(relation))
