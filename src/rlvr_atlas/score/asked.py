"""What a base model was asked: its answers to the problems of a workspace, by dataset."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from rlvr_atlas import answer
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.answer_file import parse, read_rollouts
from rlvr_atlas.sca.reward import answer_of
from rlvr_atlas.sca.shares import with_transitions
from rlvr_atlas.schema import is_same_problem
from rlvr_atlas.score.before import Measures, signal

_COUNTS = ("met", "judged", "most", "asked_key")


def answers_of(path: Path) -> tuple[pl.DataFrame, str]:
    """Answers of a base by problem, and its name.

    Args:
        path: A file of `sca rollout`.

    Returns:
        key, met (answers that meet the label), judged, most (how many agree on one that is not the label).

    Raises:
        InputError: If it is no such file, is not finished, or is of a model that was trained.
    """
    rollouts = read_rollouts(path)
    asked = parse(path)[0]["asked"]
    if asked.get("trained_on") is not None:
        raise InputError(
            f"answers of a model that was trained on {asked['trained_on']}",
            where=str(path),
            fix="give those of the base: rollouts/base.jsonl of the plan",
        )
    judged = rollouts.filter(pl.col("correct").is_not_null())
    wrong = judged.filter(~pl.col("correct")).select("key", "response")
    said = [answer_of(text) if text else None for text in wrong["response"]]
    forms = answer.normal_column(pl.Series(said, dtype=pl.String))
    most = (
        wrong.select("key", form=forms).drop_nulls("form").group_by("key", "form").len().group_by("key")
        .agg(most=pl.col("len").max())
    )  # fmt: skip
    counts = judged.group_by("key").agg(met=pl.col("correct").sum().cast(pl.Int64), judged=pl.len())
    found = counts.join(most, on="key", how="left").with_columns(pl.col("judged", "most").cast(pl.Int64))
    return found.with_columns(pl.col("most").fill_null(0)).sort("key"), str(asked["base_model"])


def measures_of(tables: Mapping[str, pl.LazyFrame], answers: pl.DataFrame) -> dict[str, Measures]:
    """What is measured of every dataset of the role `train`.

    A row takes the answers to its own problem, or to the nearest ancestor that is the same problem and was
    asked: copies and rewordings of one problem count once.

    Args:
        tables: datasets, occurrences, lineage.
        answers: See `answers_of`.

    Raises:
        InputError: If there is no such dataset, or none of their problems was asked.
    """
    datasets = tables["datasets"].filter(pl.col("role") == "train").select("dataset").collect()
    occurrences = tables["occurrences"].join(datasets.lazy(), on="dataset", how="semi")
    lineage = tables["lineage"].collect()
    sources = lineage.select("dataset", "row", "atomic_source")
    rows = (
        occurrences.select("dataset", "row", "key").collect().join(sources, on=["dataset", "row"], how="left")
    )
    if rows.is_empty():
        raise InputError(
            "no usable rows of the role train", where="score", fix="give a dataset in the recipe"
        )
    # The base is the same whatever source a problem is asked for: only the problem counts.
    told = answers.with_columns(transition=pl.lit("asked"), source=pl.lit(""), asked_key="key")
    known = with_transitions(
        rows.with_columns(of="atomic_source", atomic_source=pl.lit("")), lineage, told, also=_COUNTS
    )
    if known["transition"].is_null().all():
        raise InputError(
            "none of its problems stands in a dataset of the role train",
            where="--before",
            fix="ask the base with a plan of this workspace: rlvr-atlas sca plan, sca rollout",
        )
    parts = known.sort("dataset", "row").partition_by("dataset", as_dict=True)
    order = datasets["dataset"].to_list()
    return {name: _measures(parts[name,], lineage) for name in order if (name,) in parts}


def _measures(rows: pl.DataFrame, lineage: pl.DataFrame) -> Measures:
    asked = rows.filter(pl.col("transition").is_not_null())
    problems = asked.unique("asked_key", keep="first", maintain_order=True)
    counts = [problems[name].to_numpy() for name in ("met", "judged", "most")]
    # Of rows that were not asked, rewordings of one problem are known by their parents in the same dataset.
    inside = lineage.filter(is_same_problem(), pl.col("parent_dataset") == pl.col("dataset"))
    others = rows.filter(pl.col("transition").is_null()).join(inside, on=["dataset", "row"], how="anti")
    distinct = problems.height + others["key"].n_unique()
    shares = rows.group_by("of").len()["len"] / rows.height
    breadth = math.exp(-float((shares * shares.log()).sum()))
    most = counts[2] / counts[1] if problems.height else counts[2].astype(float)
    return Measures(signal(counts[0], counts[1]), most, distinct, breadth, asked.height / rows.height)
