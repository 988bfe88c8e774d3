"""Copies in the wild: texts of two datasets that are alike but for some words, and have one telling answer.

Run: python benchmarks/matching/copies.py WORKSPACE FOLDER

Written is FOLDER/copies.parquet: the features of each pair, with answers known and hidden, for `train.py`.
From these is learnt which words make no difference. A pair is of the split of its earlier text.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from edits import few_valued
from gold import arguments, split_of
from numpy.typing import NDArray

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.match import minhash
from rlvr_atlas.match import near_duplicates as lexical
from rlvr_atlas.match.decide import alike
from rlvr_atlas.match.features import FEATURES, without_search
from rlvr_atlas.match.measure import measure
from rlvr_atlas.text.token_table import TokenTable

KIND = "copies in the wild"


def copies(units: pl.DataFrame, of_training: set[str]) -> pl.DataFrame:
    """The pairs: kind, label, split, answered, child, parent and FEATURES.

    Args:
        units: skeleton, prompt, answer, first_dataset of each distinct text, in order of release.
        of_training: Datasets that are no benchmarks.
    """
    texts = TokenTable.of(units["skeleton"])
    answers, datasets, prompts = (units[name].to_list() for name in ("answer", "first_dataset", "prompt"))
    pairs = _alike(texts, answers)
    fit = [
        (parent, child)
        for parent, child in pairs.tolist()
        if not few_valued(answers[parent])
        and datasets[parent] != datasets[child]
        and {datasets[parent], datasets[child]} <= of_training
    ]
    pairs = np.array(fit, np.int64).reshape(-1, 2)
    measured = measure(texts, pairs[:, 0], pairs[:, 1])
    facts = {
        "kind": pl.Series([KIND] * len(pairs), dtype=pl.String),
        "label": pl.Series(["same"] * len(pairs), dtype=pl.String),
        "split": pl.Series([split_of(prompts[parent]) for parent in pairs[:, 0].tolist()], dtype=pl.String),
        "child": pairs[:, 1],
        "parent": pairs[:, 0],
    }
    nobody: list[str | None] = [None] * len(texts)
    parts = []
    for agree, known, answered in ((1.0, answers, True), (np.nan, nobody, False)):
        features = without_search(measured, np.full(len(pairs), agree), known)
        parts.append(
            pl.DataFrame({**facts, **dict(zip(FEATURES, features.T, strict=True))}).with_columns(
                answered=answered
            )
        )
    return pl.concat(parts)


def _alike(texts: TokenTable, answers: list[str | None]) -> NDArray[np.int64]:
    """Pairs (n, 2) that the lexical tier compares, only words of which differ, with the same answer."""
    settings = MatchSettings()
    signs = lexical.signatures(texts, np.arange(len(texts)), seed=settings.seed)
    numbers = texts.sets(texts.vocabulary.value_hashes)
    near = minhash.candidates(
        signs, rows_per_band=4, threshold=settings.candidate_similarity, blocks=numbers
    ).pairs
    measured = measure(texts, near[:, 0], near[:, 1])
    kept = []
    for n, (parent, child) in enumerate(near.tolist()):
        evidence = measured.evidence(n, lexical.answers_agree(answers[parent], answers[child]))
        if evidence.answers_agree and alike(evidence) and not evidence.equal:
            kept.append(n)
    return near[kept]


def main() -> None:
    """Read the arguments and write the pairs."""
    given = arguments(__doc__).parse_args()
    units = (
        pl.read_parquet(given.workspace / "instances.parquet")
        .group_by("skeleton", maintain_order=True)
        .agg(pl.col("prompt", "first_dataset", "domain").first(), pl.col("answer").drop_nulls().first())
        .filter(pl.col("domain") != "code")
    )
    datasets = pl.read_parquet(given.workspace / "datasets.parquet").filter(role="train")
    made = copies(units, set(datasets["dataset"]))
    made.write_parquet(given.folder / "copies.parquet")
    print(made.group_by("split", "answered").len().sort("split", "answered"))


if __name__ == "__main__":
    main()
