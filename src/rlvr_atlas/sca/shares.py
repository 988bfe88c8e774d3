"""From the transitions of sources to those of datasets, from which L_SCA is made.

A row takes the transition of its own problem, or else of the nearest ancestor that is the same problem and
was rolled out. Where only some rows of a source were, they stand for all its rows in that dataset, so that no
dataset is judged by the one of its sources that happened to be rolled out most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.resample import Bootstrap, resampled_sums
from rlvr_atlas.schema import TRANSITION_KINDS, is_same_problem
from rlvr_atlas.stats import Floats

_ROW = ["dataset", "row"]
_PROBLEM = ["dataset", "key", "atomic_source", "transition"]
#: Of each problem, the rows that it stands for under each transition.
SHARES = {
    f"w{kind}": pl.when(pl.col("transition") == kind).then("weight").otherwise(0.0)
    for kind in TRANSITION_KINDS
}


def problems(
    occurrences: pl.DataFrame, lineage: pl.DataFrame, transitions: pl.DataFrame | None
) -> pl.DataFrame:
    """The distinct problems of every dataset, with what SCA says of them.

    Args:
        occurrences: schema.OCCURRENCES.
        lineage: schema.LINEAGE.
        transitions: schema.TRANSITIONS; None where nothing was trained.

    Returns:
        dataset, key, atomic_source, transition (null: not measured), rows (as often as it stands there), and
        weight (how many rows it stands for; 0 where it was not measured). Sorted.

    Raises:
        InputError: If a problem of a source has two transitions.
    """
    places = lineage.select(*_ROW, "atomic_source")
    rows = occurrences.select(*_ROW, "key").join(places, on=_ROW, how="left")
    if transitions is None:
        rows = rows.with_columns(transition=pl.lit(None, pl.String))
    else:
        rows = with_transitions(rows, lineage, transitions)
    counted = rows.group_by(_PROBLEM).agg(rows=pl.len().cast(pl.Int64)).sort(_PROBLEM)
    measured = pl.col("transition").is_not_null()
    of_source = pl.col("rows").sum().over("dataset", "atomic_source")
    of_measured = pl.col("rows").filter(measured).sum().over("dataset", "atomic_source")
    weight = pl.when(measured).then(pl.col("rows") * of_source / of_measured).otherwise(0.0)
    return counted.with_columns(weight=weight)


def resampled(values: pl.DataFrame, bootstrap: Bootstrap, name: str) -> dict[str, Floats]:
    """Sums of all columns over the problems of a dataset, as they are and drawn with replacement.

    Args:
        values: One line per problem, numbers only.
        bootstrap: How often to draw.
        name: Of the dataset, so that its draws do not depend on what else is in view.

    Returns:
        Column -> sums, shape (1 + draws,); the first is the sum as it is.
    """
    kinds = values.group_by(values.columns).agg(problems=pl.len().cast(pl.Int64)).sort(values.columns)
    each = kinds.select(values.columns).to_numpy().astype(np.float64)
    sums = resampled_sums(each, kinds["problems"].to_numpy(), bootstrap.draws, bootstrap.generator(name))
    return dict(zip(values.columns, sums.T, strict=True))


def transition_shares(sums: Mapping[str, Floats]) -> dict[str, Floats]:
    """`p00` to `p11` from sums of the columns SHARES; NaN where nothing was measured."""
    covered = sum((sums[f"w{kind}"] for kind in TRANSITION_KINDS), np.zeros(1))
    with np.errstate(invalid="ignore"):
        return {f"p{kind}": sums[f"w{kind}"] / covered for kind in TRANSITION_KINDS}


def with_transitions(
    rows: pl.DataFrame, lineage: pl.DataFrame, transitions: pl.DataFrame, also: Sequence[str] = ()
) -> pl.DataFrame:
    """Add `transition`: of the row's own problem, or of the nearest same-problem ancestor that has one.

    Args:
        rows: dataset, row, key, atomic_source, and whatever else.
        lineage: schema.LINEAGE.
        transitions: schema.TRANSITIONS.
        also: Further columns of `transitions` to add.

    Returns:
        The same rows in any order; what is added is null where nothing was measured.

    Raises:
        InputError: If a problem of a source has two transitions.
    """
    judged = transitions.drop_nulls(["transition", "source", "key"])
    known = judged.select("transition", *also, atomic_source="source", at_key="key")
    twice = known.filter(known.select("atomic_source", "at_key").is_duplicated()).sort(
        "atomic_source", "at_key"
    )
    if twice.height:
        raise InputError(
            "a problem has more than one transition",
            where=f"source {twice['atomic_source'][0]}, key {twice['at_key'][0]}",
            fix="give the transitions of one base and one checkpoint per source",
        )
    upward = lineage.filter(is_same_problem()).select(
        at_dataset="dataset",
        at_row="row",
        up_dataset="parent_dataset",
        up_row="parent_row",
        up_key="parent_key",
    )
    here = rows.with_columns(at_dataset="dataset", at_row="row", at_key="key")
    finished = []
    # A link leads to an earlier row, so `hops` bounds the climb.
    for _ in range(1 + int(lineage.select(pl.col("hops").max()).item() or 0)):
        looked = here.join(known, on=["atomic_source", "at_key"], how="left")
        above = looked.join(upward, on=["at_dataset", "at_row"], how="left")
        ends = pl.col("transition").is_not_null() | pl.col("up_key").is_null()
        finished.append(above.filter(ends).select(*rows.columns, "transition", *also))
        here = above.filter(~ends).select(
            *rows.columns, at_dataset="up_dataset", at_row="up_row", at_key="up_key"
        )
    unfinished = here.select(*rows.columns, transition=pl.lit(None, pl.String))
    return pl.concat([*finished, unfinished], how="diagonal")
