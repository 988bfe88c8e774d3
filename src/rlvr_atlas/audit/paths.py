"""The path a leak took: from the row through its lineage, and which dataset brought the problem in first."""

from __future__ import annotations

import polars as pl

from rlvr_atlas.schema import LEAK_PATHS, conform, is_same_problem


def chains(rows: pl.DataFrame, lineage: pl.DataFrame) -> pl.DataFrame:
    """The datasets that rows came through, nearest first, the row's own at the beginning.

    Only links that say "the same problem" are followed, and none beyond the row's root: behind a variant, or
    where the chain ends (`lineage.chains`), the text is another one.

    Args:
        rows: Distinct dataset, row.
        lineage: schema.LINEAGE.

    Returns:
        dataset, row, path (list of dataset ids).
    """
    links = lineage.filter(is_same_problem()).select(
        "parent_dataset", "parent_row", at_dataset="dataset", at_row="row"
    )
    root = ("root_dataset", "root_row")
    walk = rows.join(lineage.select("dataset", "row", *root), on=["dataset", "row"], how="left").select(
        "dataset", "row", *root, at_dataset="dataset", at_row="row"
    )
    at_root = (pl.col("at_dataset") == pl.col(root[0])) & (pl.col("at_row") == pl.col(root[1]))
    steps: list[pl.DataFrame] = []
    while walk.height:  # parents stand before their children, so it ends
        steps.append(walk.select("dataset", "row", "at_dataset", step=pl.lit(len(steps))))
        on = walk.filter(~at_root.fill_null(value=False)).join(links, on=["at_dataset", "at_row"])
        walk = on.select("dataset", "row", *root, at_dataset="parent_dataset", at_row="parent_row")
    if not steps:
        return rows.select("dataset", "row", path=pl.lit(None, pl.List(pl.String)))
    return (
        pl.concat(steps)
        .sort("dataset", "row", "step")
        .group_by("dataset", "row")
        .agg(path=pl.col("at_dataset"))
    )


def spread(leaks: pl.DataFrame, datasets: pl.DataFrame) -> pl.DataFrame:
    """Who brought each leaked problem in, and who inherited it.

    Args:
        leaks: schema.LEAKS with `family` and `problem`.
        datasets: schema.DATASETS.

    Returns:
        schema.LEAK_PATHS: one line per family and leaked problem.
    """
    real = leaks.filter(is_same_problem()).join(datasets.select("dataset", "rank"), on="dataset")
    by_release = pl.col("dataset").sort_by("rank", "row").unique(maintain_order=True)
    grouped = (
        real.sort("family", "problem", "rank", "row", "probability", descending=[False] * 4 + [True])
        .group_by("family", "problem", maintain_order=True)
        .agg(
            pl.col("benchmark_key").first(),
            brought_by=pl.col("dataset").first(),
            brought_row=pl.col("row").first(),
            relation=pl.col("relation").first(),
            came_first=pl.col("came_first").first(),
            path=pl.col("path").first(),
            heirs=by_release.slice(1),
            rows=pl.struct("dataset", "row").n_unique(),
        )
    )
    return conform(grouped.rename({"family": "benchmark"}), LEAK_PATHS)
