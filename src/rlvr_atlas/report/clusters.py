"""The largest clusters of one problem: rows that links of "the same problem" lead to one first row.

One wrong link can join many problems, so the largest clusters are where a mistake is large. Of each, the
first row is shown beside the member whose own link is the least sure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from rlvr_atlas import schema
from rlvr_atlas.report.examples import Example, pair_to_read, texts_of
from rlvr_atlas.report.tables import Tables
from rlvr_atlas.stats import follow

#: So many are shown.
LARGEST = 10


@dataclass(frozen=True)
class Cluster:
    """Rows that are the same problem.

    Attributes:
        texts: Distinct prompts among them.
        rows: How many, the root among them.
        datasets: Distinct datasets.
        relation: Of the least sure link to a parent.
        probability: Of that link.
        read: The root beside the member that has it.
    """

    texts: int
    rows: int
    datasets: int
    relation: str
    probability: float
    read: Example


def largest(full: Tables) -> list[Cluster]:
    """The largest clusters, most distinct texts first, then most rows.

    Rows of one text only are no cluster: nothing had to be decided.

    Args:
        full: All tables (see `tables.complete`).
    """
    rows = _with_first(full["lineage"])
    least = (
        rows.filter(pl.col("at") != pl.col("first"))
        .sort("probability", "at")
        .group_by("first", maintain_order=True)
        .agg(pl.col("key", "relation", "tier", "probability").first())
    )
    found = (
        rows.group_by("first")
        .agg(texts=pl.col("key").n_unique(), rows=pl.len(), datasets=pl.col("dataset").n_unique())
        .filter(pl.col("texts") > 1)
        .sort(-pl.col("texts").cast(pl.Int64), -pl.col("rows").cast(pl.Int64), "first")
        .head(LARGEST)
        .join(least, on="first", how="left", maintain_order="left")
        .join(rows.select(first="at", first_key="key"), on="first", how="left", maintain_order="left")
    )
    texts = texts_of(full, pl.concat([found["first_key"], found["key"]]))
    matches = full["matches"].filter(pl.col("child").is_in(found["key"].implode()))
    pairs = matches.sort("child", "parent", "tier").select("child", "parent", "evidence")
    evidence = {(child, parent): measured for child, parent, measured in pairs.iter_rows()}
    return [
        Cluster(
            line["texts"],
            line["rows"],
            line["datasets"],
            line["relation"],
            line["probability"],
            pair_to_read(
                {
                    "child": line["key"],
                    "parent": line["first_key"],
                    "relation": line["relation"],
                    "tier": line["tier"],
                    "probability": line["probability"],
                    "evidence": evidence.get((line["key"], line["first_key"])),
                },
                texts,
            ),
        )
        for line in found.to_dicts()
    ]


def _with_first(lineage: pl.DataFrame) -> pl.DataFrame:
    """Each row of the lineage with its place, and the place of the first row of its cluster.

    Parents are followed as long as the link says "the same problem" and the chain was not broken: a row
    at a break has its parent as its root, and this one another root (see `lineage.chains`).
    """
    ordered = lineage.sort("dataset", "row", "key", "parent_dataset", "parent_row")
    placed = ordered.with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    above = placed.select(
        parent_dataset="dataset", parent_row="row", up="at", top_dataset="root_dataset", top_row="root_row"
    )
    above = above.unique(["parent_dataset", "parent_row"], keep="first")
    joined = placed.join(above, on=["parent_dataset", "parent_row"], how="left", maintain_order="left")
    at_root = (pl.col("parent_dataset") == pl.col("root_dataset")) & (
        pl.col("parent_row") == pl.col("root_row")
    )
    further = (pl.col("top_dataset") != pl.col("parent_dataset")) | (
        pl.col("top_row") != pl.col("parent_row")
    )
    linked = schema.is_same_problem() & ~(at_root & further).fill_null(value=False)
    up = joined.select(pl.when(linked).then("up").otherwise(None).fill_null(pl.col("at"))).to_series()
    end, _ = follow(np.asarray(up.to_numpy(), np.int64))
    return placed.with_columns(first=pl.Series(end))
