"""Results as text and as HTML. Nothing here counts leaks: the numbers are those of the audit's tables."""

from __future__ import annotations

import html as markup
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rlvr_atlas.check import Checked
from rlvr_atlas.report.page import percent
from rlvr_atlas.report.visible import visible
from rlvr_atlas.workspace.store import write_export

#: Atomic sources that a summary names.
_SOURCES = 5
#: Rows of a frame in a notebook.
_ROWS = 10


def trace_summary(
    datasets: pl.DataFrame, lineage: pl.DataFrame, rates: pl.DataFrame, limits: Sequence[str]
) -> str:
    """Per dataset that is no benchmark: rows, where they come from, what leaks.

    Args:
        datasets: schema.DATASETS of what is told about.
        lineage: schema.LINEAGE.
        rates: schema.LEAK_RATES.
        limits: Sentences to put at the end.
    """
    leaks = _leaks(rates)
    lines = []
    for line in datasets.filter(pl.col("role") != "benchmark").iter_rows(named=True):
        lines.append(_rows(line))
        lines.append(f"  sources: {_composition(lineage.filter(pl.col('dataset') == line['dataset']))}")
        lines.append(f"  leaks: {leaks.get(line['dataset'], 'none looked for')}")
    return "\n".join([*lines, *_notes(limits)])


def audit_summary(datasets: pl.DataFrame, rates: pl.DataFrame, limits: Sequence[str]) -> str:
    """Leaks per dataset. Arguments as in `trace_summary`."""
    leaks = _leaks(rates)
    named = datasets.filter(pl.col("role") != "benchmark")["dataset"]
    return "\n".join([*(f"{name}: {leaks.get(name, 'none looked for')}" for name in named), *_notes(limits)])


def check_summary(found: Checked) -> str:
    """Leaks of a check, with the interval of their share."""
    low, high = found.interval
    share = f"{percent(found.share)}, 95% interval {percent(low)} to {percent(high)}"
    counted = f"{found.leaked} of {found.rows} rows leak ({share}); {found.variants} use a template"
    return "\n".join([counted, *_notes(found.limits)])


def mix_summary(rows: pl.DataFrame, decisions: pl.DataFrame, limits: Sequence[str]) -> str:
    """Rows of a mix, and how many were dropped for which reason."""
    counted = decisions.group_by("action", "reason").agg(rows=pl.len())
    ordered = counted.sort("action", "rows", "reason", descending=[False, True, False])
    became = [f"  {action} {number}: {reason}" for action, reason, number in ordered.iter_rows()]
    return "\n".join([f"{rows.height} rows, from {decisions.height}", *became, *_notes(limits)])


def html(summary: str, frame: pl.DataFrame) -> str:
    """A summary and the first rows of a frame, for a notebook."""
    shown = frame.head(_ROWS)
    texts = [name for name, dtype in shown.schema.items() if dtype == pl.String]
    # Characters that cannot be seen could hide or reorder what a person reads.
    shown = shown.with_columns(pl.col(texts).map_elements(visible, return_dtype=pl.String))
    more = f"<p>… {frame.height - _ROWS} more rows</p>" if frame.height > _ROWS else ""
    return f"<pre>{markup.escape(str(visible(summary)))}</pre>{shown._repr_html_()}{more}"


def page(title: str, body: str) -> str:
    """A small page around HTML that is safe already."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{markup.escape(title)}</title>'
        f"</head><body>{body}</body></html>\n"
    )


def written(text: str, path: str | Path | None) -> str:
    """The text, after it was written to `path` where there is one."""
    if path is not None:
        write_export(Path(path).expanduser(), text.encode())
    return text


def _rows(line: dict[str, object]) -> str:
    skipped = f" ({line['skipped_rows']} could not be read)" if line["skipped_rows"] else ""
    return f"{line['dataset']}: {line['rows']} rows{skipped}, {line['distinct_prompts']} distinct problems"


def _composition(lineage: pl.DataFrame) -> str:
    counted = lineage.group_by("atomic_source").agg(rows=pl.len())
    ordered = counted.sort(pl.col("atomic_source").is_null(), -pl.col("rows").cast(pl.Int64), "atomic_source")
    parts = [
        f"{source or 'unknown'} {rows} ({percent(rows / max(lineage.height, 1))})"
        for source, rows in ordered.iter_rows()
    ]
    more = len(parts) - _SOURCES
    # The unknown stands last, and is always told.
    shown = parts if more <= 1 else [*parts[: _SOURCES - 1], f"{more} more", parts[-1]]
    return ", ".join(shown) or "no usable row"


def _leaks(rates: pl.DataFrame) -> dict[str, str]:
    """A phrase for each dataset."""
    return {
        line["name"]: f"{line['leaked']} of {line['total']} rows ({percent(line['share'])})"
        f"; {line['variant']} use a template; {line['unjudged']} unjudged"
        for line in rates.filter(pl.col("group") == "dataset").iter_rows(named=True)
    }


def _notes(limits: Sequence[str]) -> list[str]:
    return [f"note: {limit}" for limit in limits]
