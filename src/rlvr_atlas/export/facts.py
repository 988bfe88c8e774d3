"""What descriptions of a mix say of it: its parts, their licences, where rows come from, what was dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from rlvr_atlas.config.curate import CurateSettings
from rlvr_atlas.spdx import combined, read_license

#: Names of rows and datasets as URIs; the same in every description.
NAMESPACE = "urn:rlvr-atlas:"


@dataclass(frozen=True)
class Facts:
    """A mix and what is known of it.

    Attributes:
        settings: `[curate]` of the recipe.
        mix: schema.MIX.
        datasets: schema.DATASETS with `spdx`, of every dataset that rows were taken from or descend from.
        decisions: action, reason, rows.
        leak_rates: schema.LEAK_RATES of the workspace that the mix was made in.
        leaks_left: relation, benchmark, rows: leaks of any kind that the recipe let into the mix.
        license: SPDX expression of the mix; None where a part's is unknown.
    """

    settings: CurateSettings
    mix: pl.DataFrame
    datasets: pl.DataFrame
    decisions: pl.DataFrame
    leak_rates: pl.DataFrame
    leaks_left: pl.DataFrame
    license: str | None

    @property
    def name(self) -> str:
        """Of the mix."""
        return self.settings.name

    @property
    def summary(self) -> str:
        """One sentence."""
        parts = ", ".join(self.settings.considered)
        return f"{self.mix.height} problems with verifiable answers, curated by rlvr-atlas from {parts}."


def facts(tables: Mapping[str, pl.LazyFrame], settings: CurateSettings) -> Facts:
    """Gather them.

    Args:
        tables: Of a workspace with a mix.
        settings: `[curate]` of its recipe.
    """
    mix = tables["mix"].collect()
    named = [*settings.considered, *mix["root_dataset"].unique().drop_nulls()]
    datasets = tables["datasets"].filter(pl.col("dataset").is_in(named)).sort("rank").collect()
    rows_left = tables["mix"].select("dataset", "row")
    leaks = tables["leaks"].select("dataset", "row", "relation", "benchmark").unique()
    left = leaks.join(rows_left, on=["dataset", "row"], how="semi")
    counts = tables["decisions"].group_by("action", "reason").agg(rows=pl.len())
    spdx = pl.Series("spdx", [read_license(text) for text in datasets["license"]], dtype=pl.String)
    return Facts(
        settings,
        mix,
        datasets.with_columns(spdx),
        counts.sort("action", -pl.col("rows").cast(pl.Int64), "reason").collect(),
        tables["leak_rates"].collect(),
        left.group_by("relation", "benchmark").agg(rows=pl.len()).sort("relation", "benchmark").collect(),
        combined(mix["license"].unique().to_list()),
    )


def row_name(dataset: str, row: int) -> str:
    """Local part of a row's URI."""
    return f"{dataset}/{row}"
