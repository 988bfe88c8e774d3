"""Compare: how much of dataset A is in dataset B, and of B in A."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.pipeline import stored_recipe
from rlvr_atlas.schema import RELATIONS, SAME_PROBLEM
from rlvr_atlas.workspace.store import Workspace


@dataclass(frozen=True)
class Overlap:
    """How much of one dataset is in another.

    Attributes:
        dataset: The dataset whose problems are counted.
        other: The dataset they are looked for in.
        distinct: Distinct prompts of `dataset`.
        found: Distinct prompts that are the same problem as something in `other`.
        rows: Rows of `dataset` with such a prompt.
        by_relation: Distinct prompts by their strongest relation; variants are not part of `found`.
    """

    dataset: str
    other: str
    distinct: int
    found: int
    rows: int
    by_relation: dict[str, int]

    @property
    def share(self) -> float:
        """Share of the distinct prompts that are found, 0 to 1."""
        return self.found / self.distinct if self.distinct else 0.0


def compare(workspace: Workspace, left: str, right: str) -> tuple[Overlap, Overlap]:
    """Overlap of two datasets, in both directions.

    Raises:
        InputError: If a dataset is not in the workspace.
    """
    known = workspace.read("datasets")["dataset"].to_list()
    for name in (left, right):
        if name not in known:
            raise InputError(
                f"no dataset '{name}' in this workspace",
                where=str(workspace.folder),
                fix=f"choose one of: {', '.join(sorted(known))}",
            )
    return _direction(workspace, left, right), _direction(workspace, right, left)


def _direction(workspace: Workspace, name: str, other: str) -> Overlap:
    occurrences = workspace.scan("occurrences")
    mine = occurrences.filter(dataset=name).group_by("key").agg(rows=pl.len()).collect()
    theirs = occurrences.filter(dataset=other).select("key").unique().collect()
    likely = pl.col("probability") >= stored_recipe(workspace).match.min_probability
    pairs = workspace.scan("matches").filter(likely).select("child", "parent", "relation").collect()
    both_ways = pl.concat(
        [
            mine.join(theirs, on="key").select("key", relation=pl.lit("identical")),
            _related(pairs, mine, theirs, "child", "parent"),
            _related(pairs, mine, theirs, "parent", "child"),
        ]
    )
    strength = pl.col("relation").replace_strict(list(RELATIONS), list(range(len(RELATIONS))))
    best = both_ways.sort("key", strength).group_by("key", maintain_order=True).first()
    same = best.filter(pl.col("relation").is_in(SAME_PROBLEM))
    counts = dict(best["relation"].value_counts().iter_rows())
    return Overlap(
        dataset=name,
        other=other,
        distinct=mine.height,
        found=same.height,
        rows=int(same.join(mine, on="key")["rows"].sum()),
        by_relation={relation: counts.get(relation, 0) for relation in RELATIONS},
    )


def _related(
    pairs: pl.DataFrame, mine: pl.DataFrame, theirs: pl.DataFrame, my_side: str, their_side: str
) -> pl.DataFrame:
    inside = pairs.join(mine, left_on=my_side, right_on="key").join(
        theirs, left_on=their_side, right_on="key"
    )
    return inside.select(pl.col(my_side).alias("key"), "relation")
