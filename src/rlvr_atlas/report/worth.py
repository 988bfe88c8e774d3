"""What training on a source brings, and the quality score Q, where they were measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from rlvr_atlas.report.tables import Tables

Facts = dict[str, Any]

#: In the order of the page; (base, trained).
KINDS = (("01", "learned"), ("11", "kept"), ("10", "lost"), ("00", "never solved"))


@dataclass(frozen=True)
class Worth:
    """What the tables of `sca` and `score` say; empty where there are none."""

    transitions: list[Facts]
    trained_on: list[str]
    asked_of: list[str]
    gains: dict[tuple[str, str], Facts]  # by (trained_on, source)
    findings: list[Facts]
    scores: list[Facts]


def worth(full: Tables) -> Worth:
    """Read the four tables.

    Args:
        full: All tables (see `tables.complete`).
    """
    gains = full["gains"].sort("trained_on", "source").to_dicts()
    order = ["model", "q", "q_before", "dataset"]
    scores = full["scores"].sort(order, descending=[False, True, True, False], nulls_last=True)
    return Worth(
        transitions=_transitions(full["transitions"]),
        trained_on=sorted({line["trained_on"] for line in gains}),
        asked_of=sorted({line["source"] for line in gains}),
        gains={(line["trained_on"], line["source"]): line for line in gains},
        findings=full["findings"].sort("source", "finding", "detail", nulls_last=True).to_dicts(),
        scores=scores.to_dicts(),
    )


def _transitions(transitions: pl.DataFrame) -> list[Facts]:
    """By source and split: problems that could be judged, and how many of each transition."""
    counts = {kind: (pl.col("transition") == kind).sum().cast(pl.Int64) for kind, _ in KINDS}
    judged = transitions.filter(pl.col("transition").is_not_null())
    counted = judged.group_by("source", "split").agg(
        problems=pl.len().cast(pl.Int64),
        base=pl.col("base_correct").mean(),
        trained=pl.col("trained_correct").mean(),
        **counts,
    )
    return counted.sort("source", "split", nulls_last=True).to_dicts()
