"""The dataset card of a mix for the Hugging Face Hub: front matter by `huggingface_hub`, and tables.

No problem text is in it, and every word that comes from outside is escaped for Markdown and HTML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

import polars as pl
from huggingface_hub import DatasetCard, DatasetCardData

from rlvr_atlas.export.facts import Facts

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~])")
#: Upper ends of the Hub's size categories.
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def card(facts: Facts) -> dict[str, bytes]:
    """README.md of a dataset repository that holds the verl export.

    Args:
        facts: Of the mix.

    Returns:
        File name -> content.
    """
    languages = facts.mix["language"].unique().drop_nulls().sort().to_list()
    data = DatasetCardData(
        license=_hub_license(facts.license),
        license_name=facts.license if _hub_license(facts.license) == "other" else None,
        language=[code for code in languages if code != "und"] or None,
        pretty_name=facts.name,
        size_categories=[next((name for end, name in _SIZES if facts.mix.height < end), "1M<n<10M")],
        task_categories=["text-generation"],
        tags=["rlvr", "rlvr-atlas", "croissant"],
        configs=[{"config_name": "default", "data_files": f"{facts.name}.parquet"}],
    )
    text = str(DatasetCard(f"---\n{data.to_yaml()}\n---\n\n{_body(facts)}"))
    return {"README.md": text.encode("utf-8")}


def _body(facts: Facts) -> str:
    lineage = (
        facts.mix.group_by("atomic_source", "dataset", "root_dataset")
        .agg(rows=pl.len())
        .sort("rows", "dataset", "atomic_source", "root_dataset", descending=[True, False, False, False])
    )
    parts = facts.datasets.select("dataset", "title", "released", "license", "spdx", "hub_id")
    leaks = facts.leak_rates.filter(
        pl.col("group") == "dataset",
        pl.col("unit") == "rows",
        pl.col("name").is_in(facts.settings.considered),
    ).select("name", "total", "leaked", "share", "low", "high")
    meant = facts.settings
    relations = ", ".join(meant.drop_leaks) or "none"
    return "\n".join(
        [
            f"# {safe(facts.name)}",
            "",
            safe(facts.summary),
            "Every row names the row it was taken from; the ledger says why rows were dropped.",
            "",
            f"Licence: {safe(facts.license) if facts.license else 'unknown, because that of a part is'}.",
            "",
            "## Lineage",
            "",
            *table(["atomic source", "taken from", "lineage ends in", "rows"], lineage.iter_rows()),
            "",
            *table(
                ["dataset", "title", "released", "licence as published", "SPDX", "Hub"], parts.iter_rows()
            ),
            "",
            "## Contamination",
            "",
            f"Rows with one of these relations to a benchmark item were dropped: {relations}, from a"
            f" probability of {meant.leak_probability} on. What is left in the mix:",
            "",
            *table(["relation", "benchmark", "rows"], facts.leaks_left.iter_rows()),
            "",
            "What the datasets held before, with 95% intervals:",
            "",
            *table(["dataset", "rows", "leaking", "share", "low", "high"], leaks.iter_rows()),
            "",
            "## Decisions",
            "",
            f"Seed of the draws: {meant.seed}.",
            "",
            *table(["action", "reason", "rows"], facts.decisions.iter_rows()),
            "",
        ]
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table in Markdown, line by line.

    Args:
        head: Names of the columns.
        rows: Values of any kind.
    """
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(safe(value) for value in row)} |" for row in rows]


def safe(value: object) -> str:
    """Any value as one cell: no markup, no line break, no control character; an unknown is said."""
    if value is None:
        return "unknown"
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _SPECIAL.sub(r"\\\1", html.escape(plain, quote=False))


def _hub_license(license_: str | None) -> str:
    """The Hub's own word: an SPDX id in lower case, `other` for an expression, `unknown` where it is."""
    if license_ is None:
        return "unknown"
    return "other" if " " in license_ or license_.startswith("LicenseRef-") else license_.lower()
