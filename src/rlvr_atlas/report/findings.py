"""What to look at first: the few largest of each kind of trouble, for the cards at the top of the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Facts = dict[str, Any]

#: Cases named on a card.
NAMED = 4


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
        "leaks": (_leaks(facts), {"datasets", "leak_rates"}),
        "conflict": (facts["conflicts"], {"conflicts"}),
        "unknown": (_unknown(facts), {"lineage"}),
        "answers": (_answers(facts), {"matches"}),
        "skipped": (_skipped(facts), {"skipped_rows"}),
        "unmeasured": (_unmeasured(facts), {"datasets", "edges"}),
        "dates": (facts["unverified_dates"], {"edges"}),
    }
    return [
        Finding(kind, None) if needed & absent else _finding(kind, cases)
        for kind, (cases, needed) in needs.items()
    ]


def _finding(kind: str, cases: Iterable[Facts]) -> Finding:
    cases = list(cases)
    return Finding(kind, cases[:NAMED], max(len(cases) - NAMED, 0))


def _leaks(facts: Facts) -> list[Facts]:
    """For every train dataset, the benchmark that most of its leaked rows are of."""
    train = {fact["dataset"] for fact in facts["datasets"] if fact["role"] == "train"}
    largest: dict[str, Facts] = {}
    for pair in facts["leak_pairs"] or []:
        if pair["leaked"] and pair["dataset"] in train:
            largest.setdefault(pair["dataset"], pair)
    return list(largest.values())


def _unknown(facts: Facts) -> list[Facts]:
    cases = [
        {"dataset": fact["dataset"], "rows": part["rows"], "share": part["share"]}
        for fact in facts["datasets"]
        for part in fact["composition"] or []
        if fact["role"] == "train" and part["source"] is None
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
