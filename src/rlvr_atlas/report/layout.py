"""Tables rearranged for reading: the overlap matrix, schemas, templates and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

Facts = dict[str, Any]

#: Datasets and benchmarks in the matrix, and lines in a long table; the page says what is left out.
MATRIX_ROWS, MATRIX_COLUMNS, LINES = 80, 60, 300

_PARTS = ("prompt", "options", "answer", "solution", "source", "split", "hint")


@dataclass(frozen=True)
class Matrix:
    """Datasets against families of benchmarks; `cells` by (dataset, family), absent without a line."""

    datasets: list[Facts]
    benchmarks: list[Facts]
    cells: dict[tuple[str, str], Facts]
    without: int  # datasets that share nothing with any benchmark
    left_out: int  # cells that did not fit

    @property
    def shown(self) -> list[tuple[str, str]]:
        """The cells that fit and hold a leak."""
        fit = [(fact["dataset"], family["dataset"]) for fact in self.datasets for family in self.benchmarks]
        return [cell for cell in fit if cell in self.cells and self.cells[cell]["leaked"]]


def matrix(facts: Facts) -> Matrix:
    """Arrange the leaks of every dataset and family; both sides have the largest first.

    Args:
        facts: See `summarise.summary`.
    """
    by_id = {fact["dataset"]: fact for fact in facts["datasets"]}
    # A dataset that the workspace no longer describes has no line to stand in.
    known = [
        pair for pair in facts["leak_pairs"] or [] if {pair["dataset"], pair["benchmark"]} <= by_id.keys()
    ]
    cells = {(pair["dataset"], pair["benchmark"]): pair for pair in known}
    rows, columns = (
        sorted(dict.fromkeys(pair[side] for pair in known), key=lambda name: (-_leaked(by_id[name]), name))
        for side in ("dataset", "benchmark")
    )
    shown = set(rows[:MATRIX_ROWS]), set(columns[:MATRIX_COLUMNS])
    fit = sum(dataset in shown[0] and benchmark in shown[1] for dataset, benchmark in cells)
    audited = sum(fact["role"] != "benchmark" and fact["leaks"] is not None for fact in facts["datasets"])
    return Matrix(
        datasets=[by_id[name] for name in rows[:MATRIX_ROWS]],
        benchmarks=[by_id[name] for name in columns[:MATRIX_COLUMNS]],
        cells=cells,
        without=max(audited - len(rows), 0),
        left_out=len(cells) - fit,
    )


def _leaked(fact: Facts) -> int:
    return (fact["leaks"] or {}).get("leaked") or 0


def schema_rows(schemas: pl.DataFrame) -> list[Facts]:
    """One line per dataset: its formats, files, and where each part was found.

    Returns:
        dataset, formats, files, parts (part, path, decided_by, files, rows; in the order of a row's reading).
    """
    parts = (
        schemas.group_by("dataset", "part", "path", "decided_by")
        .agg(files=pl.col("file").n_unique(), rows=pl.col("rows").sum())
        .with_columns(place=pl.col("part").replace_strict(_PARTS, range(len(_PARTS)), default=len(_PARTS)))
        .sort("dataset", "place", "part", "path", "decided_by", nulls_last=True)
    )
    by_dataset: dict[str, list[Facts]] = {}
    for line in parts.to_dicts():
        by_dataset.setdefault(line["dataset"], []).append(line)
    files = schemas.group_by("dataset").agg(
        files=pl.col("file").n_unique(), formats=pl.col("format").drop_nulls().unique().sort()
    )
    return [{**line, "parts": by_dataset[line["dataset"]]} for line in files.sort("dataset").to_dicts()]


def template_rows(templates: pl.DataFrame) -> dict[str, list[Facts]]:
    """Templates that were taken off, and texts shared by many rows that were left in place ("kept")."""
    ordered = templates.sort("dataset", "position", "rows", "text", descending=[False, False, True, False])
    kept = pl.col("origin").fill_null("") == "kept"
    return {"taken_off": ordered.filter(~kept).to_dicts(), "kept": ordered.filter(kept).to_dicts()}


def setting_rows(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The recipe's settings by dotted name, without datasets and folders (they differ between machines)."""
    recipe = manifest.get("recipe")
    rest = (
        {name: value for name, value in recipe.items() if name not in ("datasets", "workspace", "base")}
        if (isinstance(recipe, Mapping))
        else {}
    )
    return _flatten(rest)


def limits(manifest: Mapping[str, Any]) -> list[str]:
    """What the stages left out because it was too much, in their own words."""
    stages = manifest.get("stages")
    entries = [stages[name] for name in sorted(stages)] if isinstance(stages, Mapping) else []
    return [
        str(limit) for entry in entries if isinstance(entry, Mapping) for limit in entry.get("limits") or []
    ]


def version_rows(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Versions of the software that made the tables."""
    versions = manifest.get("versions")
    if not isinstance(versions, Mapping):
        versions = {"rlvr-atlas": manifest["version"]} if "version" in manifest else {}
    return _flatten(versions)


def _flatten(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    lines = []
    for name in sorted(settings, key=str):
        value = settings[name]
        lines += (
            _flatten(value, f"{prefix}{name}.")
            if isinstance(value, Mapping)
            else [(f"{prefix}{name}", str(value))]
        )
    return lines
