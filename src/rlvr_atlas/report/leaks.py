"""What the audit says about leaks, rearranged for the page. Nothing is judged and no leak is counted here.

Every count, share and interval is a line of `leak_rates`. Without that table nothing is known about leaks.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from rlvr_atlas.report.tables import Tables
from rlvr_atlas.schema import SAME_PROBLEM

Facts = dict[str, Any]

#: Columns of `leak_rates` that the page shows of every line.
RATE = ("unit", "total", "leaked", "share", "low", "high", "variant", "unjudged")


def rates_by_dataset(full: Tables) -> dict[str, Facts]:
    """The line of every dataset (of its rows) and of every benchmark (of its distinct problems).

    Args:
        full: All tables (see `tables.complete`).

    Returns:
        By dataset, the columns `RATE`.
    """
    lines = full["leak_rates"].filter(pl.col("group").is_in(["dataset", "benchmark"]))
    return {line["name"]: {column: line[column] for column in RATE} for line in lines.to_dicts()}


def pairs(full: Tables) -> list[Facts]:
    """Every dataset and family of benchmarks that share something, most leaked rows first.

    Returns:
        dataset, benchmark (the family) and the columns `RATE` of the dataset's rows; `relations`, its leaked
        rows by relation; `problems`, the columns
        `RATE` of the family's problems that the dataset holds (null where the table has no such line).
    """
    rates = full["leak_rates"]
    held = {
        (line["name"], line["benchmark"]): {column: line[column] for column in RATE}
        for line in rates.filter(group="held").to_dicts()
    }
    order = ["leaked", "variant", "unjudged", "name", "benchmark"]
    ordered = rates.filter(group="pair").sort(order, descending=[True] * 3 + [False] * 2, nulls_last=True)
    return [
        {
            "dataset": line["name"],
            "benchmark": line["benchmark"],
            **{column: line[column] for column in RATE},
            "relations": {name: line[name] for name in SAME_PROBLEM},
            "problems": held.get((line["name"], line["benchmark"])),
        }
        for line in ordered.to_dicts()
    ]


def families(full: Tables) -> list[Facts]:
    """Families of benchmarks, the most leaked first: a problem in several copies counts once.

    Returns:
        family, benchmarks (its copies, itself first), part_of, and the columns `RATE` of its problems.
    """
    rates = {line["name"]: line for line in full["leak_rates"].filter(group="family").to_dicts()}
    copies = full["benchmark_families"].sort("family", pl.col("benchmark") != pl.col("family"), "benchmark")
    grouped = copies.group_by("family", maintain_order=True).agg(
        benchmarks=pl.col("benchmark"), part_of=pl.col("part_of").first()
    )
    found = [
        {**line, **{column: rates[line["family"]][column] for column in RATE}}
        for line in grouped.to_dicts()
        if line["family"] in rates
    ]
    return sorted(found, key=lambda line: (-(line["leaked"] or 0), line["family"]))


def brought_in(full: Tables) -> list[Facts]:
    """Which datasets brought the leaked problems of a family in, and which inherited them.

    Returns:
        benchmark (the family), brought_by, problems, heirs (by name); most problems first.
    """
    grouped = (
        full["leak_paths"]
        .group_by("benchmark", "brought_by")
        .agg(
            problems=pl.len().cast(pl.Int64),
            heirs=pl.col("heirs").explode().drop_nulls().unique().sort(),
        )
    )
    order = ["problems", "benchmark", "brought_by"]
    return grouped.sort(order, descending=[True, False, False], nulls_last=True).to_dicts()
