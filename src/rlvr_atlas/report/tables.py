"""The tables a report is made from: whichever there are, with the columns of `record`."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rlvr_atlas import schema as record

Tables = Mapping[str, pl.DataFrame]

SCHEMAS: dict[str, record.Schema] = {
    "datasets": record.DATASETS,
    "occurrences": record.OCCURRENCES,
    "instances": record.INSTANCES,
    "matches": record.MATCHES,
    "lineage": record.LINEAGE,
    "edges": record.EDGES,
    "conflicts": record.CONFLICTS,
    "leaks": record.LEAKS,
    "unjudged": record.UNJUDGED,
    "leak_rates": record.LEAK_RATES,
    "leak_paths": record.LEAK_PATHS,
    "benchmark_families": record.BENCHMARK_FAMILIES,
    "schemas": record.SCHEMAS,
    "templates": record.TEMPLATES,
    "skipped_rows": record.SKIPPED_ROWS,
}

#: Made by commands of their own, so that their absence is nothing to be told of everywhere.
FURTHER: dict[str, record.Schema] = {
    "transitions": record.TRANSITIONS,
    "gains": record.GAINS,
    "findings": record.FINDINGS,
    "scores": record.SCORES,
}


def complete(tables: Tables) -> dict[str, pl.DataFrame]:
    """Every table by name with the columns of its schema; one that is absent is empty.

    Args:
        tables: Any of the tables named in `SCHEMAS` and `FURTHER`; others are left out.
    """
    return {
        name: record.conform(tables[name], schema) if name in tables else record.empty(schema)
        for name, schema in (SCHEMAS | FURTHER).items()
    }


def missing(tables: Tables) -> list[str]:
    """Names of the tables that a report reads and that are not there.

    An absent table is not an empty one: nothing was measured, which is not the same as zero.
    """
    return [name for name in SCHEMAS if name not in tables]


def share(part: int | None, whole: int | None) -> float | None:
    """`part / whole`; null where either is unknown or there is no whole."""
    return part / whole if part is not None and whole else None


def answers_differ() -> pl.Expr:
    """Whether a match is the same problem, more likely than not, and has two gold answers that differ."""
    agree = pl.col("evidence").struct.field("answers_agree").fill_null(True)
    return record.is_same_problem() & (pl.col("probability") >= 0.5) & ~agree
