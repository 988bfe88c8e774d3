"""The rows that a mix is made from, with everything that is known of them."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rlvr_atlas.config.curate import CurateSettings
from rlvr_atlas.curate.scores import with_scores
from rlvr_atlas.sca.shares import with_transitions
from rlvr_atlas.schema import INSTANCES, TRANSITIONS, conform
from rlvr_atlas.spdx import read_license

#: What SCA says of a row.
_MEASURED = ("transition", "expected_gain", "raised")


def considered(
    tables: Mapping[str, pl.DataFrame], settings: CurateSettings, scores: pl.DataFrame | None
) -> pl.DataFrame:
    """Every row of the chosen datasets, unreadable ones included, in the order in which the first copy wins.

    Args:
        tables: datasets, occurrences, instances, skipped_rows, lineage; transitions where there are any.
        settings: `[curate]`.
        scores: As `read_scores` gives them.

    Returns:
        at (position), dataset, row, key, is_refill, license (SPDX), answer, prompt, language, domain, is_mcq,
        attachments, atomic_source, root_dataset, root_row, score, transition, expected_gain, raised; of
        unreadable rows only the first three and is_refill, license, unreadable (a struct: what, detail,
        file). Sorted: the rows that the mix starts from, then the refill's; each by release and row.
    """
    names, facts = settings.considered, tables["datasets"]
    licenses = {text: read_license(text) for text in facts["license"].unique().drop_nulls().sort()}
    places = facts.filter(pl.col("dataset").is_in(names)).select(
        "dataset",
        "rank",
        is_refill=~pl.col("dataset").is_in(settings.datasets),
        license=pl.col("license").replace_strict(licenses, default=None, return_dtype=pl.String),
    )
    known = conform(tables["instances"], INSTANCES).select(
        "key", "prompt", "language", "domain", "is_mcq", "attachments"
    )
    origin = tables["lineage"].select("dataset", "row", "atomic_source", "root_dataset", "root_row")
    readable = (
        tables["occurrences"]
        .select("key", "dataset", "row", "answer")
        .filter(pl.col("dataset").is_in(names))
        .join(known, on="key", how="left")
        .join(origin, on=["dataset", "row"], how="left")
    )
    if "transitions" in tables:
        measured = conform(tables["transitions"], TRANSITIONS)
        readable = with_transitions(readable, tables["lineage"], measured, _MEASURED[1:])
    else:
        nothing = {name: pl.lit(None, TRANSITIONS[name]) for name in _MEASURED}
        readable = readable.with_columns(**nothing)
    unreadable = (
        tables["skipped_rows"]
        .filter(pl.col("dataset").is_in(names))
        .select("dataset", "row", unreadable=pl.struct(pl.col("reason").alias("what"), "detail", "file"))
    )
    rows = pl.concat([with_scores(readable, scores), unreadable], how="diagonal").join(places, on="dataset")
    return rows.sort("is_refill", "rank", "row").drop("rank").with_row_index("at")
