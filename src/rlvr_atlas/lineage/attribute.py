"""Attribute: parent, root and atomic source of every row.

Two questions, two answers. *Where does it come from in the end?* The root is where documented upstreams, or
else the earliest occurrence of the same problem, lead, as far as the chain of links holds (`chains`); the
first known source on the way back from it is the atomic source. Where no dataset on the way introduces data
and no trusted label names a source, it is unknown and stays null: a dataset that introduces data is not the
source of what was published before. *What was it made from?* The parent is the earlier row with that root
which holds the problem most closely: in a documented upstream if one does, then by the strongest relation,
then in the dataset that holds most of the child's rows as closely.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.lineage.chains import Links, Verdicts, same_until
from rlvr_atlas.schema import CONFLICTS, EDGES, LINEAGE, conform, empty, strength
from rlvr_atlas.stats import follow
from rlvr_atlas.workspace.query import both_ways

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
_VARIANT = pl.col("relation") == "variant"


@dataclass(frozen=True)
class Attributed:
    """Result of the stage: schema.LINEAGE (one line per occurrence), schema.EDGES and schema.CONFLICTS."""

    lineage: pl.DataFrame
    edges: pl.DataFrame
    conflicts: pl.DataFrame


def attribute(
    occurrences: pl.DataFrame,
    matches: pl.DataFrame,
    datasets: pl.DataFrame,
    *,
    map_label: Callable[[str | None, str | None], str | None],
    known: Verdicts,
) -> Attributed:
    """Trace every occurrence.

    Args:
        occurrences: schema.OCCURRENCES.
        matches: schema.MATCHES.
        datasets: schema.DATASETS with `trust_labels`.
        map_label: (declared label, dataset) -> atomic source id, or None where the label says nothing.
        known: What the matches say of any two keys; those below its bar carry no lineage.
    """
    nodes = _nodes(occurrences, datasets, map_label)
    candidates = _candidates(nodes, matches.filter(pl.col("probability") >= known.bar), datasets)
    nodes = _roots(nodes.join(_earliest(candidates), on="node", how="left").sort("node"), known)
    nodes = _hops(nodes.join(_closest(candidates, nodes), on="node", how="left").sort("node"))
    lineage = _lineage(occurrences, nodes)
    return Attributed(lineage, _edges(lineage, nodes, datasets), _conflicts(occurrences, lineage, map_label))


def _nodes(
    occurrences: pl.DataFrame,
    datasets: pl.DataFrame,
    map_label: Callable[[str | None, str | None], str | None],
) -> pl.DataFrame:
    """The first row of each key in each dataset, by release; `own` is the source it vouches for itself.

    `labelled` says that the row's own label does so, and not what is known of the whole dataset.
    """
    facts = datasets.select("dataset", "role", "rank", "released", "atomic_source", "trust_labels")
    first = (
        occurrences.group_by("key", "dataset", maintain_order=True)
        .agg(pl.col("row", "declared_source").first())
        .join(facts, on="dataset")
        .sort("rank", "row")
        .with_row_index("node")
    )
    labels = first.filter("trust_labels").select("declared_source", "dataset").unique(maintain_order=True)
    mapped = labels.with_columns(
        label_source=pl.Series([map_label(*row) for row in labels.iter_rows()], dtype=pl.String)
    )
    return first.join(mapped, on=["declared_source", "dataset"], how="left", nulls_equal=True).select(
        pl.col("node").cast(pl.Int64),
        "key",
        "dataset",
        "row",
        "role",
        "rank",
        "released",
        own=pl.coalesce("atomic_source", "label_source"),
        labelled=pl.col("atomic_source").is_null() & pl.col("label_source").is_not_null(),
    )


def _candidates(nodes: pl.DataFrame, matches: pl.DataFrame, datasets: pl.DataFrame) -> pl.DataFrame:
    """Every node with every earlier one of another dataset that it matches.

    Returns:
        node, dataset, node_parent, dataset_parent, rank_parent, relation, tier, probability, documented,
        decided_by, strength.
    """
    decided = matches.with_columns(pl.col("decided_by").fill_null("auto"))
    matched = both_ways(decided, "relation", "tier", "probability", "decided_by")
    itself = nodes.select("key", other="key").unique(maintain_order=True)
    identical = itself.with_columns(
        relation=pl.lit("identical"),
        tier=pl.lit("exact"),
        probability=pl.lit(1.0),
        decided_by=pl.lit("auto"),
    )
    links = pl.concat([identical, matched])
    upstreams = (
        datasets.select("dataset", dataset_parent="derived_from")
        .explode("dataset_parent")
        .drop_nulls()
        .unique()
        .with_columns(documented=pl.lit(True))
    )
    inside = pl.col("dataset") == pl.col("dataset_parent")
    earlier = pl.col("node_parent") < pl.col("node")
    named = ("node", "key", "dataset", "rank")
    return (
        nodes.lazy()
        .select(*named)
        .join(links.lazy(), on="key")
        .join(nodes.lazy().select(*named), left_on="other", right_on="key", suffix="_parent")
        # A parent is released earlier: rows of one dataset are no parents of each other (repeats see below).
        .filter(earlier & ~inside)
        .join(upstreams.lazy(), on=["dataset", "dataset_parent"], how="left")
        .with_columns(pl.col("documented").fill_null(value=False), strength=strength())
        .drop("key", "other", "rank")
        .collect()
    )


def _earliest(candidates: pl.DataFrame) -> pl.DataFrame:
    """The candidate that leads to the root, one a node: node, first, and what is known of that link.

    Among documented upstreams the closest text counts, elsewhere the earliest release.
    """
    place = pl.when("documented").then("strength").otherwise("rank_parent")
    return (
        candidates.sort("node", _VARIANT, ~pl.col("documented"), place, "strength", "node_parent")
        .group_by("node", maintain_order=True)
        .agg(
            first=pl.col("node_parent").first(),
            first_relation=pl.col("strength").first(),
            first_probability=pl.col("probability").first(),
            first_variant=_VARIANT.first(),
            first_documented=pl.col("documented").first(),
        )
    )


def _closest(candidates: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """The parent of each node: node, up, relation, tier, probability, documented, decided_by, alike.

    `alike` is how many datasets hold the problem as closely, the parent's among them.

    Of the candidates with the node's root. One dataset that explains many rows is likelier than many that
    explain few, so that of equally close candidates that of the dataset counts which has most of them.
    """
    roots = nodes.select("node", "root")
    distance = (
        1000 * _VARIANT.cast(pl.Int32) + 100 * (~pl.col("documented")).cast(pl.Int32) + pl.col("strength")
    )
    near = (
        candidates.join(roots, on="node")
        .join(roots, left_on="node_parent", right_on="node", suffix="_parent")
        .filter((pl.col("root") == pl.col("root_parent")) | (pl.col("root") == pl.col("node_parent")))
        .filter(distance == distance.min().over("node"))
    )
    held = near.group_by("dataset", "dataset_parent").agg(held=pl.col("node").n_unique())
    return (
        near.join(held, on=["dataset", "dataset_parent"])
        .sort("node", -pl.col("held").cast(pl.Int64), "rank_parent", "node_parent")
        .group_by("node", maintain_order=True)
        .agg(
            pl.col("node_parent", "relation", "tier", "probability", "documented", "decided_by").first(),
            alike=pl.col("dataset_parent").n_unique(),
        )
        .rename({"node_parent": "up"})
    )


def _roots(nodes: pl.DataFrame, verdicts: Verdicts) -> pl.DataFrame:
    """Follow `first` as far as the chain holds (see `chains`): adds root, problem and atomic_source.

    `problem` is the earliest node that is the same problem. Parents stand before children, so it ends.
    """
    itself = np.arange(nodes.height, dtype=np.int64)
    up = nodes["first"].fill_null(nodes["node"]).to_numpy()
    is_same = (~nodes["first_variant"]).fill_null(value=False).to_numpy()
    likely = nodes["first_probability"].fill_null(1.0).to_numpy()
    relation = nodes["first_relation"].cast(pl.Int64).fill_null(0).to_numpy()
    links = Links(np.where(is_same, up, itself), relation, likely, verdicts.numbers(nodes["key"]))
    problem = same_until(links, verdicts)
    broken = is_same & (problem == up) & (problem[up] != up)
    end, hops = follow(np.where(broken, itself, up))
    root = np.where(broken[end], up[end], end)
    source = _sources(nodes, up, hops, broken)
    return _as_labelled_before(
        nodes.with_columns(
            root=pl.Series(root), problem=pl.Series(problem), atomic_source=pl.Series(source, dtype=pl.String)
        )
    )


def _sources(nodes: pl.DataFrame, up: Integers, hops: Integers, broken: Flags) -> pl.Series:
    """The atomic source of each node: that of the node before where it has one, else its own.

    Args:
        nodes: All nodes.
        up: The node before, its own place where there is none.
        hops: How many nodes before hold the chain; a `broken` one has none, but one that it was found in.
        broken: Where the chain ended: the node before vouches for itself alone.
    """
    names = nodes["own"].unique().drop_nulls().sort()
    own = nodes["own"].replace_strict(names, range(len(names)), default=-1, return_dtype=pl.Int64).to_numpy()
    own = np.where(nodes["own"].is_null().to_numpy() | _came_from_elsewhere(nodes), -1, own)
    # A variant is another problem: without a document it may as well be a neighbour from the same template,
    # and with one its own label knows better.
    descends = pl.col("first_documented") & ~pl.col("labelled")
    inherits = nodes.select((~pl.col("first_variant") | descends).fill_null(value=False)).to_series()
    source = np.where(broken & (own[up] >= 0), own[up], own)
    for depth in range(1, int(hops.max(initial=0)) + 1):
        here = np.flatnonzero(hops == depth)
        inherited = source[up[here]]
        take = (inherited >= 0) & inherits.to_numpy()[here]
        source[here] = np.where(take, inherited, own[here])
    table = pl.Series([*names, None], dtype=pl.String)
    return table.gather(np.where(source < 0, len(names), source))


def _as_labelled_before(nodes: pl.DataFrame) -> pl.DataFrame:
    """Rows without a source get that of the first row before them which is the same problem and is labelled.

    Where the root says nothing of its source, a later copy may: then the copies after that one are known too.
    """
    labelled = nodes.filter("labelled", pl.col("atomic_source").is_not_null()).sort("node")
    told = labelled.group_by("problem").agg(
        said_by=pl.col("node").first(), said=pl.col("atomic_source").first()
    )
    later = pl.when(pl.col("said_by") < pl.col("node")).then("said")
    return (
        nodes.join(told, on="problem", how="left", maintain_order="left")
        .with_columns(atomic_source=pl.coalesce("atomic_source", later))
        .drop("said_by", "said")
    )


def _came_from_elsewhere(nodes: pl.DataFrame) -> Flags:
    """Nodes whose dataset introduces a source, but not by this row: the same problem was published before.

    That it was before is shown by a document or by dates; the order in which a recipe lists datasets shows
    nothing. The dates of a benchmark do not either: its problems were set in an exam, say, before it was put
    together, and who had them in between did not introduce them.
    """
    before = pl.col("released").gather(pl.col("first")) < pl.col("released")
    before &= pl.col("role").ne_missing("benchmark")
    shown = pl.col("first_documented") | before
    elsewhere = ~pl.col("labelled") & ~pl.col("first_variant") & shown.fill_null(value=False)
    return nodes.select(elsewhere.fill_null(value=False)).to_series().to_numpy()


def _hops(nodes: pl.DataFrame) -> pl.DataFrame:
    """Adds how many parents lead from each node to its root; what the root descends from is not counted."""
    up, root, itself = nodes["up"].fill_null(nodes["node"]), nodes["root"], nodes["node"]
    there = ((up == root) & (up != itself)).to_numpy()
    end, steps = follow(np.where(there, itself, up))
    return nodes.with_columns(hops=pl.Series(steps + there[end]))


def _lineage(occurrences: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Nodes spread over all rows: a repeated row descends like the first, or from it where that is new."""
    place = nodes.select("node", "dataset", "row", "key")
    known = (
        nodes.join(place, left_on="up", right_on="node", how="left", suffix="_up")
        .join(place.drop("key"), left_on="root", right_on="node", how="left", suffix="_root")
        .rename({"row": "first_row"})
    )
    rows = occurrences.select("dataset", "row", "key").join(known, on=["key", "dataset"], how="left")
    # Repeats point outside where the first row does; otherwise to the first row.
    outside = pl.col("dataset_up").is_not_null() & (pl.col("dataset_up") != pl.col("dataset"))
    repeat = (pl.col("row") != pl.col("first_row")) & ~outside
    return conform(
        rows.select(
            "dataset",
            "row",
            "key",
            parent_dataset=pl.when(repeat).then("dataset").otherwise("dataset_up"),
            parent_row=pl.when(repeat).then("first_row").otherwise("row_up"),
            parent_key=pl.when(repeat).then("key").otherwise("key_up"),
            relation=pl.when(repeat).then(pl.lit("identical")).otherwise("relation"),
            tier=pl.when(repeat).then(pl.lit("exact")).otherwise("tier"),
            probability=pl.when(repeat).then(1.0).otherwise("probability"),
            root_dataset="dataset_root",
            root_row="row_root",
            atomic_source="atomic_source",
            hops=pl.col("hops") + repeat.cast(pl.Int64),
            decided_by=pl.when(repeat).then(pl.lit("auto")).otherwise(pl.col("decided_by").fill_null("auto")),
        ),
        LINEAGE,
    )


def _edges(lineage: pl.DataFrame, nodes: pl.DataFrame, datasets: pl.DataFrame) -> pl.DataFrame:
    counted = (
        lineage.filter(pl.col("parent_dataset") != pl.col("dataset"))
        .join(nodes.select("dataset", "key", "alike"), on=["dataset", "key"], how="left")
        .group_by(child="dataset", parent="parent_dataset", relation="relation")
        .agg(
            rows=pl.len(),
            sole_rows=(pl.col("alike") == 1).sum(),
            probability=pl.col("probability").mean().round(4),
        )
    )
    facts = datasets.select("dataset", "derived_from", "released")
    placed = counted.join(facts, left_on="child", right_on="dataset", how="left").join(
        facts.select("dataset", released_parent="released"), left_on="parent", right_on="dataset", how="left"
    )
    documented = pl.col("derived_from").list.contains(pl.col("parent")).fill_null(value=False)
    return conform(
        placed.with_columns(documented=documented).with_columns(direction=_direction()), EDGES
    ).sort("child", "parent", "relation")


def _direction() -> pl.Expr:
    """What says that the parent is the earlier one."""
    dates = pl.col("released"), pl.col("released_parent")
    return (
        pl.when("documented").then(pl.lit("documented"))
        .when(dates[0].is_null() | dates[1].is_null()).then(pl.lit("no date"))
        .when(dates[0] == dates[1]).then(pl.lit("same date"))
        .otherwise(pl.lit("dates"))
    )  # fmt: skip


def _conflicts(
    occurrences: pl.DataFrame,
    lineage: pl.DataFrame,
    map_label: Callable[[str | None, str | None], str | None],
) -> pl.DataFrame:
    """Where a row's own label names another atomic source than the one it was traced to."""
    rows = lineage.select("dataset", "row", traced_atomic_source="atomic_source").join(
        occurrences.select("dataset", "row", "declared_source"), on=["dataset", "row"]
    )
    groups = (
        rows.drop_nulls(["declared_source", "traced_atomic_source"])
        .group_by("dataset", "declared_source", "traced_atomic_source")
        .agg(rows=pl.len(), example_row=pl.col("row").min())
    )
    if groups.is_empty():
        return empty(CONFLICTS)
    declared = [
        map_label(label, name) for label, name in groups.select("declared_source", "dataset").iter_rows()
    ]
    groups = groups.with_columns(declared_atomic_source=pl.Series(declared, dtype=pl.String))
    differ = pl.col("declared_atomic_source") != pl.col("traced_atomic_source")
    return conform(groups.filter(differ), CONFLICTS).sort(
        "dataset", "declared_source", "traced_atomic_source"
    )
