"""Trace one file without a recipe: where its rows come from, what leaks, by the public atlas alone.

A row is found by its text, or by its numbers and answer where these are telling; what is told in quite other
words and cannot be found so is unknown. A run over the datasets themselves finds more, with evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from rlvr_atlas import registry
from rlvr_atlas.public_atlas.origins import Origins, hashes, nothing_needed, telling_numbers
from rlvr_atlas.schema import is_same_problem
from rlvr_atlas.stats import wilson

if TYPE_CHECKING:
    from rlvr_atlas.check import Against, Checked
    from rlvr_atlas.ingest import Partition
    from rlvr_atlas.public_atlas import PublicAtlas

#: A dataset is named as one that rows were taken from where it adds at least this share of them.
_ADDS = 0.005
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Traced:
    """What is known of a file.

    Attributes:
        rows: One line per usable row: row, known_by (text, numbers, or null), source (null where unknown),
            dataset (the earliest that holds it), declared_source, prompt.
        sources: source, rows, by_text, by_numbers, share with its 95% interval (low, high); the most first.
        datasets: dataset, role, title, released, rows that it holds, adds (rows that no dataset above holds);
            in the order in which they explain the most of what is left.
        labels: Labels in the rows that name another source than the one found: declared_source, declared,
            found, rows, example_row.
        checked: What leaks.
    """

    rows: pl.DataFrame
    sources: pl.DataFrame
    datasets: pl.DataFrame
    labels: pl.DataFrame
    checked: Checked

    @property
    def unknown(self) -> int:
        """Rows that nothing is known of."""
        return int(self.rows["known_by"].null_count())

    @property
    def answer(self) -> list[str]:
        """What a person wants to know first, as sentences."""
        total, leaked = self.rows.height, self.checked.leaked
        low, high = self.checked.interval
        worst = self.leaks_by_benchmark.head(3)
        named = ", ".join(f"{line['benchmark']} ({line['rows']})" for line in worst.to_dicts())
        share = f"{leaked / total:.1%}, 95% {low:.1%} to {high:.1%}"
        said = [
            f"{leaked:,} of {total:,} rows ({share}) are problems of a benchmark: {named}."
            if leaked
            else f"None of {total:,} rows is known to be a problem of a benchmark."
        ]
        known = self.sources.filter(pl.col("source") != _UNKNOWN).head(3).to_dicts()
        if known:
            listed = ", ".join(f"{line['source']} ({line['share']:.1%})" for line in known)
            said.append(f"Sources: {listed}.")
        if self.datasets.height:
            first = self.datasets.row(0, named=True)
            said.append(f"{first['rows']:,} rows stand in {first['dataset']} ({first['rows'] / total:.1%}).")
        if self.labels.height:
            said.append(f"{int(self.labels['rows'].sum()):,} rows carry a label that names another source.")
        said.append(f"{self.unknown:,} rows ({self.unknown / total:.1%}) are unknown to the public atlas.")
        return said

    @property
    def leaks_by_benchmark(self) -> pl.DataFrame:
        """benchmark, rows, relations, example_row, example_item, prompt; the most rows first."""
        return (
            self.checked.leaks.filter(is_same_problem())
            .group_by("benchmark", maintain_order=True)
            .agg(
                rows=pl.col("row").n_unique(),
                relations=pl.col("relation").unique(maintain_order=True).str.join(", "),
                example_row=pl.col("row").first(),
                example_item=pl.col("benchmark_row").first(),
                prompt=pl.col("prompt").first(),
            )
            .sort("rows", "benchmark", descending=[True, False])
        )


def trace_file(part: Partition, atlas: PublicAtlas, against: Against) -> Traced:
    """Say of the rows of a file what the public atlas knows.

    Args:
        part: The file (see `check.read_file`).
        atlas: The atlas.
        against: The benchmarks to look for.
    """
    rows = known_rows(part.rows, atlas.origins)
    return Traced(
        rows=rows.select("row", "known_by", "source", "dataset", "declared_source", "prompt"),
        sources=_sources(rows),
        datasets=_datasets(rows, atlas.origins),
        labels=_labels(rows),
        checked=against.check(part),
    )


def known_rows(rows: pl.DataFrame, origins: Origins) -> pl.DataFrame:
    """What is known of each row.

    Args:
        rows: Canonical rows (`ingest.Partition`).
        origins: Of known problems.

    Returns:
        The rows with known_by, source, dataset, and held (positions of all datasets that hold the text).
    """
    bare = nothing_needed(rows["attachments"])
    mine = rows.with_columns(
        text=pl.when(bare).then(hashes(rows["skeleton"])),
        numbers=pl.when(bare).then(telling_numbers()).map_batches(hashes, return_dtype=pl.UInt64),
    )
    by_text = origins.frame.select("text", source_of_text="source", held="datasets")
    by_numbers = (
        origins.frame.drop_nulls("numbers")
        .group_by("numbers")
        .agg(
            # Of several problems with these numbers the source is known where all have one.
            source_of_numbers=pl.when(pl.col("source").n_unique() == 1).then(pl.col("source").first()),
            first_of_numbers=pl.col("datasets").list.first().min(),
        )
    )
    names = origins.datasets.select("position", "dataset")
    return (
        mine.join(by_text, on="text", how="left", maintain_order="left")
        .join(by_numbers, on="numbers", how="left", maintain_order="left")
        .with_columns(
            known_by=pl.when(pl.col("held").is_not_null())
            .then(pl.lit("text"))
            .when(pl.col("first_of_numbers").is_not_null())
            .then(pl.lit("numbers")),
            source=pl.when(pl.col("held").is_not_null())
            .then("source_of_text")
            .otherwise("source_of_numbers"),
            position=pl.coalesce(pl.col("held").list.first(), "first_of_numbers"),
        )
        .drop("dataset")
        .join(names, on="position", how="left", maintain_order="left")
    )


def _sources(rows: pl.DataFrame) -> pl.DataFrame:
    counted = (
        rows.group_by(pl.col("source").fill_null(_UNKNOWN))
        .agg(
            rows=pl.len(),
            by_text=(pl.col("known_by") == "text").sum(),
            by_numbers=(pl.col("known_by") == "numbers").sum(),
        )
        .sort(pl.col("source") == _UNKNOWN, -pl.col("rows").cast(pl.Int64), "source")
    )
    low, high = wilson(counted["rows"].to_numpy(), rows.height)
    return counted.with_columns(share=pl.col("rows") / rows.height, low=pl.Series(low), high=pl.Series(high))


def _datasets(rows: pl.DataFrame, origins: Origins) -> pl.DataFrame:
    """Datasets by how many rows they hold that no better one holds, in the order of a greedy cover."""
    held = (
        rows.select("row", "held")
        .explode("held", empty_as_null=False, keep_nulls=False)
        .rename({"held": "position"})
    )
    total = held.group_by("position").agg(rows=pl.len())
    left, order = held, []
    while left.height:
        # Of datasets that hold as many rows the smallest, which is the most like the file.
        counts = left.group_by("position").agg(adds=pl.len()).join(origins.datasets, on="position")
        best = counts.sort("adds", "rows", "position", descending=[True, False, False]).row(0, named=True)
        if best["adds"] < max(_ADDS * rows.height, 1):
            break
        order.append({"position": best["position"], "adds": best["adds"]})
        taken = left.filter(position=best["position"]).select("row")
        left = left.join(taken, on="row", how="anti")
    chosen = pl.DataFrame(order, schema={"position": pl.UInt16, "adds": pl.Int64})
    described = chosen.join(origins.datasets.drop("rows"), on="position", maintain_order="left")
    return described.join(total, on="position", maintain_order="left").select(
        "dataset", "role", "title", "released", "rows", "adds"
    )


def _labels(rows: pl.DataFrame) -> pl.DataFrame:
    """Only of rows known by their text: numbers are too weak to call a label wrong."""
    found = rows.filter(known_by="text").drop_nulls(["source", "declared_source"])
    labels = found["declared_source"].unique(maintain_order=True)
    means = pl.DataFrame(
        {"declared_source": labels, "declared": [registry.map_label(label) for label in labels]},
        schema={"declared_source": pl.String, "declared": pl.String},
    )
    return (
        found.join(means, on="declared_source", maintain_order="left")
        .filter(pl.col("declared") != pl.col("source"))
        .group_by("declared_source", "declared", found="source", maintain_order=True)
        .agg(rows=pl.len(), example_row=pl.col("row").first())
        .sort("rows", "declared_source", descending=[True, False])
    )


def next_steps(traced: Traced, name: str) -> list[str]:
    """What a person may do now, as commands.

    Args:
        traced: What was found.
        name: Of the file.
    """
    steps: list[str] = []
    if traced.checked.leaked:
        steps.append(f"list every leaking row: rlvr-atlas check {name} --json")
    sources: Sequence[str] = traced.datasets["dataset"].to_list()
    if sources:
        steps.append(f"see rows side by side: a recipe with {', '.join(sources[:3])} and rlvr-atlas run")
    if traced.unknown:
        steps.append(
            "name what the rest may come from as [[datasets]] of a recipe: rlvr-atlas run RECIPE.toml"
        )
    return steps
