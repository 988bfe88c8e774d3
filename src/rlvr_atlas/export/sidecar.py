"""Sidecars: for each row of a published dataset where it comes from, without a word of its text, with a card.

A row has one line per origin: its parent, the root where its lineage ends, and every other dataset released
before that holds the same problem or one that it was made from. A row of unknown origin has one line that
says so.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import polars as pl
from huggingface_hub import DatasetCard, DatasetCardData

from rlvr_atlas.errors import InputError, WorkspaceError
from rlvr_atlas.export.card import safe, table
from rlvr_atlas.schema import Schema, strength
from rlvr_atlas.workspace.query import both_ways

SIDECAR: Schema = {
    "row": pl.Int64,
    "key": pl.String,
    "link": pl.String,  # parent, root, also; unknown where the row has no origin in view
    "origin": pl.String,
    "origin_row": pl.Int64,
    "relation": pl.String,  # to the origin; null of a root that is more than one step away
    "tier": pl.String,
    "probability": pl.Float64,
    "atomic_source": pl.String,
    "decided_by": pl.String,  # auto or review; of parents
}
#: What a dataset is called elsewhere.
#: What is less likely is no statement about a published dataset.
_LIKELY = 0.5
_NAMES = ("dataset", "role", "title", "hub_id", "revision", "released", "license", "content_sha256")
_NEEDED = ("datasets", "lineage", "matches", "occurrences")


def sidecars(tables: Mapping[str, pl.LazyFrame], wanted: Sequence[str] = ()) -> dict[str, bytes]:
    """A table for each dataset, and one card.

    Args:
        tables: Of a traced workspace.
        wanted: Ids of datasets; all training sets where there are none.

    Returns:
        File name -> content.

    Raises:
        WorkspaceError: If the workspace was not traced.
        InputError: If a dataset is not in it.
    """
    missing = [name for name in _NEEDED if name not in tables]
    if missing:
        raise WorkspaceError("this workspace is not traced", fix="run the recipe: rlvr-atlas run RECIPE.toml")
    datasets = tables["datasets"].sort("rank").collect()
    for name in wanted:
        if name not in datasets["dataset"]:
            fix = f"choose of: {', '.join(datasets['dataset'])}"
            raise InputError(f"no dataset {name!r} in this workspace", where="--dataset", fix=fix)
    names = [*wanted] or datasets.filter(role="train")["dataset"].to_list()
    if not names:
        raise InputError("no dataset here is for training", fix="name one with --dataset")
    made = {name: sidecar(tables, datasets, name) for name in names}
    files = {f"{name}.lineage.parquet": _bytes(frame) for name, frame in made.items()}
    return {**files, "README.md": _card(made, datasets)}


def sidecar(tables: Mapping[str, pl.LazyFrame], datasets: pl.DataFrame, name: str) -> pl.DataFrame:
    """The lines of one dataset, by row; the parent of a row first, then its root, then the others.

    Args:
        tables: Of a traced workspace.
        datasets: schema.DATASETS.
        name: Of the dataset.
    """
    mine = tables["lineage"].filter(dataset=name).collect()
    has_parent, far = pl.col("parent_dataset").is_not_null(), pl.col("hops") > 1
    parents = mine.filter(has_parent).with_columns(
        link=pl.lit("parent"), origin="parent_dataset", origin_row="parent_row"
    )
    roots = mine.filter(has_parent & far).with_columns(
        link=pl.lit("root"),
        origin="root_dataset",
        origin_row="root_row",
        **{column: pl.lit(None, SIDECAR[column]) for column in ("relation", "tier", "probability")},
    )
    also = _also(tables, datasets, name, mine).join(
        pl.concat([parents, roots]).select("row", "origin"), on=["row", "origin"], how="anti"
    )
    known = pl.concat([part.select(*SIDECAR) for part in (parents, roots, also)])
    unknown = mine.join(known, on="row", how="anti").select(
        pl.lit("unknown").alias(column)
        if column == "link"
        else pl.col(column)
        if column in ("row", "key", "atomic_source")
        else pl.lit(None, kind).alias(column)
        for column, kind in SIDECAR.items()
    )
    order = pl.col("link").replace_strict({"parent": 0, "root": 1, "also": 2, "unknown": 3})
    return pl.concat([known, unknown]).sort("row", order, "origin", "origin_row")


def _also(
    tables: Mapping[str, pl.LazyFrame], datasets: pl.DataFrame, name: str, mine: pl.DataFrame
) -> pl.DataFrame:
    """The first and strongest place in every other dataset that was released before."""
    rank = datasets.filter(dataset=name)["rank"].item()
    before = datasets.filter(pl.col("rank") < rank)["dataset"].implode()
    places = (
        tables["occurrences"]
        .filter(pl.col("dataset").is_in(before))
        .select("key", origin="dataset", origin_row="row")
    )
    keys = mine.select("key").unique().lazy()
    found = ("relation", "tier", "probability")
    same = keys.with_columns(
        other="key", relation=pl.lit("identical"), tier=pl.lit("exact"), probability=pl.lit(1.0)
    )
    likely = tables["matches"].filter(pl.col("probability") >= _LIKELY)
    near = both_ways(likely, *found).join(keys, on="key", how="semi")
    links = pl.concat([same, near.select(same.collect_schema().names())])
    held = (
        links.join(places, left_on="other", right_on="key")
        .sort("key", "origin", strength(), -pl.col("probability"), "origin_row")
        .unique(["key", "origin"], keep="first", maintain_order=True)
        .collect()
    )
    rows = mine.select("row", "key", "atomic_source")
    told = rows.join(held, on="key").with_columns(link=pl.lit("also"), decided_by=pl.lit(None, pl.String))
    return told.select(*SIDECAR)


def _bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _card(made: Mapping[str, pl.DataFrame], datasets: pl.DataFrame) -> bytes:
    configs = [{"config_name": name, "data_files": f"{name}.lineage.parquet"} for name in made]
    data = DatasetCardData(tags=["rlvr", "rlvr-atlas", "lineage"], configs=configs, pretty_name="Row lineage")
    named = {name for frame in made.values() for name in frame["origin"].drop_nulls()} | set(made)
    facts = datasets.filter(pl.col("dataset").is_in(named)).select(*_NAMES)
    parts = [part for name, frame in made.items() for part in _about(name, frame, datasets)]
    lines = [
        "# Where each row comes from",
        "",
        "One line per row and origin, made by rlvr-atlas. No text is in these tables; `key` is the SHA-1 of a"
        " problem in canonical form. `row` is the 0-based position in the dataset, files in name order.",
        "",
        "`link`: `parent`, the row's direct origin; `root`, the end of the chain; `also`, another dataset"
        " released before that holds the problem, or one like it by `relation`; `unknown`, nothing in view.",
        "",
        *parts,
        "## The datasets that are named",
        "",
        *table([*_NAMES], facts.iter_rows()),
        "",
    ]
    return str(DatasetCard(f"---\n{data.to_yaml()}\n---\n\n" + "\n".join(lines))).encode()


def _about(name: str, frame: pl.DataFrame, datasets: pl.DataFrame) -> list[str]:
    """What a card says of one table."""
    facts = datasets.row(by_predicate=pl.col("dataset") == name, named=True)
    rows = frame.unique("row", maintain_order=True)
    unknown = rows.filter(link="unknown").height
    counted = (
        frame.group_by("origin", "link", "relation")
        .agg(rows=pl.col("row").n_unique(), least=pl.col("probability").min())
        .sort(-pl.col("rows").cast(pl.Int64), "origin", "link", "relation")
    )
    return [
        f"## {safe(name)}",
        "",
        f"{rows.height:,} rows, {unknown:,} of them of unknown origin; {facts['skipped_rows'] or 0:,} rows"
        " could not be read and are not in it.",
        "",
        *table(["origin", "link", "relation", "rows", "least probability"], counted.iter_rows()),
        "",
    ]
