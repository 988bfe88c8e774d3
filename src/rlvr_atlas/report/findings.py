"""What to look at first: the few largest of each kind of trouble, for the cards at the top of the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rlvr_atlas.report.tables import share

Facts = dict[str, Any]

#: Cases named on a card, and the unknown share from which a dataset is named.
NAMED, UNKNOWN_SHARE = 4, 0.01


@dataclass(frozen=True)
class Finding:
    """One card; `cases` is null where the tables it needs are absent, `more` counts those not named."""

    kind: str
    cases: list[Facts] | None
    more: int = 0


def findings(facts: Facts) -> list[Finding]:
    """The cards, always the same ones in the same order, so that "nothing found" is said as well.

    Args:
        facts: See `summarise.summary`.
    """
    absent = set(facts["missing_tables"])
    needs = {
        "overlap": (_overlap(facts), {"datasets", "occurrences", "matches"}),
        "conflict": (facts["conflicts"], {"conflicts"}),
        "unknown": (_unknown(facts), {"lineage"}),
        "answers": (_answers(facts), {"matches"}),
        "skipped": (_skipped(facts), {"skipped_rows"}),
        "unmeasured": (_unmeasured(facts), {"datasets", "edges"}),
    }
    return [
        Finding(kind, None) if needed & absent else _finding(kind, cases)
        for kind, (cases, needed) in needs.items()
    ]


def _finding(kind: str, cases: Iterable[Facts]) -> Finding:
    cases = list(cases)
    return Finding(kind, cases[:NAMED], max(len(cases) - NAMED, 0))


def _overlap(facts: Facts) -> list[Facts]:
    """For every train dataset, the benchmark it shares most with, and how much of that benchmark it holds."""
    by_id = {fact["dataset"]: fact for fact in facts["datasets"]}
    largest: dict[str, Facts] = {}
    for pair in facts["benchmark_overlap"]:
        if pair["rows"] and by_id[pair["dataset"]]["role"] == "train":
            of = by_id[pair["benchmark"]]["distinct_prompts"]
            largest.setdefault(pair["dataset"], {**pair, "share": share(pair["benchmark_items"], of)})
    return list(largest.values())


def _unknown(facts: Facts) -> list[Facts]:
    cases = [
        {"dataset": fact["dataset"], "rows": part["rows"], "share": part["share"]}
        for fact in facts["datasets"]
        for part in fact["composition"] or []
        if fact["role"] == "train" and part["source"] is None and part["share"] >= UNKNOWN_SHARE
    ]
    return sorted(cases, key=lambda case: (-case["rows"], case["dataset"]))


def _answers(facts: Facts) -> list[Facts]:
    differ = facts["totals"]["answers_disagree"]
    return [{"matches": differ}] if differ else []


def _skipped(facts: Facts) -> list[Facts]:
    cases = [
        {
            "dataset": fact["dataset"],
            "rows": fact["skipped_rows"],
            "of": fact["skipped_rows"] + (fact["rows"] or 0),
        }
        for fact in facts["datasets"]
        if fact["skipped_rows"]
    ]
    return sorted(cases, key=lambda case: (-case["rows"], case["dataset"]))


def _unmeasured(facts: Facts) -> list[Facts]:
    return [case for case in facts["documented_unmeasured"] if case["in_view"]]
