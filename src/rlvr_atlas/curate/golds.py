"""Rows whose gold answers differ: which of them go, and which get the answer of the majority of sources."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rlvr_atlas.audit.golds import doubtful_golds
from rlvr_atlas.config.curate import CurateSettings


def weighed(differ: pl.DataFrame, rows: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """How likely each of these rows is wrong, by all datasets of the workspace.

    Args:
        differ: at, evidence of rows whose answers differ.
        rows: at, dataset, row, key, answer, mix_answer.
        tables: occurrences, lineage, matches; edges where there are any.

    Returns:
        at, evidence, wrong, suggested, suggested_probability; the last three are null where the vote says
        nothing: the text or its answer is another in the mix, or only a less sure match contradicts it.
    """
    asked = rows.join(differ.select("at"), on="at", how="semi")
    found = doubtful_golds(tables, asked.select("key").unique())
    vote = found.select("dataset", "row", "suggested", "suggested_probability", wrong="probability")
    as_published = asked.filter(pl.col("mix_answer") == pl.col("answer"), pl.col("mix_key") == pl.col("key"))
    told = as_published.select("at", "dataset", "row").join(vote, on=["dataset", "row"])
    return differ.join(told.drop("dataset", "row"), on="at", how="left")


def doubtful(differ: pl.DataFrame, rows: pl.DataFrame, settings: CurateSettings) -> pl.DataFrame:
    """Rows that go: at, evidence. Those that the vote says nothing of go too, and none that was mended."""
    stays = pl.col("wrong").fill_null(1.0) < settings.conflict_probability
    left = differ.filter(~stays)
    if "mended" in rows.columns:
        left = left.join(rows.filter("mended"), on="at", how="anti")
    return left.select("at", "evidence")


def mended(rows: pl.DataFrame, differ: pl.DataFrame, settings: CurateSettings) -> pl.DataFrame:
    """The rows with the suggested answer where it is sure enough; `mended` says which those are."""
    sure = differ.filter(pl.col("suggested_probability") >= settings.fix_probability)
    joined = rows.join(sure.select("at", "suggested"), on="at", how="left", maintain_order="left")
    return joined.with_columns(
        mix_answer=pl.coalesce("suggested", "mix_answer"), mended=pl.col("suggested").is_not_null()
    ).drop("suggested")
