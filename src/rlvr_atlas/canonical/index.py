"""The lineage dictionary: which problem occurs where, in the order in which datasets were released.

In: canonical rows of all datasets. Out: `occurrences` (one line per row) and `instances` (one line per
distinct canonical prompt). Everything after this stage works on keys, so a problem that was copied a hundred
times is matched once.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Sequence

import polars as pl

from rlvr_atlas.canonical.look_alikes import with_groups
from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.schema import INSTANCES, OCCURRENCES, conform
from rlvr_atlas.schema.attachments import content, with_shared


def release_order(datasets: Sequence[DatasetSpec]) -> list[DatasetSpec]:
    """Datasets as lineage sees them: documented upstreams first, then by release date, then as listed.

    A documented upstream outranks a date, because a copy is often dated by its source. Datasets without a
    date come last: nothing can be shown to descend from them.

    Args:
        datasets: Specs whose `derived_from` holds no cycle (recipes are checked for that).

    Returns:
        The same specs, earliest first.
    """
    position = {spec.id: number for number, spec in enumerate(datasets)}
    waiting = {spec.id: {up for up in spec.derived_from if up in position} - {spec.id} for spec in datasets}

    def entry(spec: DatasetSpec) -> tuple[dt.date, int]:
        return spec.released or dt.date.max, position[spec.id]

    ready = [entry(spec) for spec in datasets if not waiting[spec.id]]
    heapq.heapify(ready)
    ordered: list[DatasetSpec] = []
    while ready:
        spec = datasets[heapq.heappop(ready)[1]]
        ordered.append(spec)
        for other in datasets:
            if spec.id in waiting[other.id]:
                waiting[other.id].discard(spec.id)
                if not waiting[other.id]:
                    heapq.heappush(ready, entry(other))
    return ordered


def build(rows: pl.DataFrame, ranks: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make the two tables.

    Args:
        rows: One line per readable row: dataset, row, split, key, prompt, skeleton, stem, language, domain,
            subject, is_mcq, answer, declared_source, attachments, shared.
        ranks: dataset, rank, released.

    Returns:
        `occurrences` ordered by release and row, and `instances` ordered by first occurrence. An instance has
        the answer of the earliest occurrence that has one; `first_dataset` and `first_row` say where it was
        first seen.
    """
    ordered = rows.join(ranks, on="dataset", how="left").sort("rank", "row")
    occurrences = conform(ordered.select(*OCCURRENCES), OCCURRENCES)
    same_for_key = ("prompt", "skeleton", "stem", "language", "domain", "subject", "is_mcq", "attachments")
    instances = ordered.group_by("key", maintain_order=True).agg(
        pl.col(*same_for_key).first(),
        pl.col("answer").drop_nulls().first(),
        # A text that several datasets have with other settings is asked of none of them for sure.
        shared=pl.when(pl.col("shared").n_unique() == 1).then(pl.col("shared").first()),
        occurrences=pl.len(),
        first_dataset=pl.col("dataset").first(),
        first_row=pl.col("row").first(),
    )
    instances = instances.with_columns(with_groups(instances["attachments"]))
    instances = instances.with_columns(_with_shared(instances["attachments"], instances["shared"]))
    columns = [*INSTANCES, "stem", "first_dataset", "first_row"]
    return occurrences, conform(instances.select(*columns), INSTANCES)


def _with_shared(attachments: pl.Series, shared: pl.Series) -> pl.Series:
    """Attachments with what a problem shares with its dataset, in so far as it tells other problems apart."""
    if shared.null_count() == len(shared):
        return attachments
    telling = {entry for one in attachments.unique() for entry in (content(one) or "").split()}
    told = [
        with_shared(one, " ".join(entry for entry in (other or "").split() if entry in telling))
        for one, other in zip(attachments, shared, strict=True)
    ]
    return pl.Series(attachments.name, told, dtype=pl.String)
