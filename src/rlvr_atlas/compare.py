"""Compare: how much of dataset A is in dataset B, and of B in A."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.pipeline import stored_recipe
from rlvr_atlas.schema import RELATIONS, is_same_problem, strength
from rlvr_atlas.workspace import query
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
    pairs = query.links(
        workspace, "relation", min_probability=stored_recipe(workspace).match.min_probability
    ).collect()
    related = pairs.join(mine, on="key").join(theirs, left_on="other", right_on="key")
    itself = mine.join(theirs, on="key").select("key", relation=pl.lit("identical"))
    every = pl.concat([itself, related.select("key", "relation")])
    best = every.sort("key", strength()).group_by("key", maintain_order=True).first()
    same = best.filter(is_same_problem())
    counts = dict(best["relation"].value_counts().iter_rows())
    return Overlap(
        dataset=name,
        other=other,
        distinct=mine.height,
        found=same.height,
        rows=int(same.join(mine, on="key")["rows"].sum()),
        by_relation={relation: counts.get(relation, 0) for relation in RELATIONS},
    )
