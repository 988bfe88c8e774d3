"""Behind every cell of the heat map: one leaking row of each relation beside the benchmark's item."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl

from rlvr_atlas.report.examples import Example, Side, clip, compare, say_evidence
from rlvr_atlas.report.tables import Tables
from rlvr_atlas.schema.attachments import named

#: Pairs shown behind a cell, and characters of a prompt compared.
PER_CELL, LONGEST = 2, 700

Cell = tuple[str, str]


def behind_cells(full: Tables, cells: Collection[Cell]) -> dict[Cell, list[Example]]:
    """Of every dataset and family of benchmarks, a pair of each relation, the most frequent relation first.

    Keys are hashes, so the first key is a fair draw that is the same in every run; drawn by the item, it is
    the same problem in datasets that hold the same leaks. A variant is shown where nothing else is there.

    Args:
        full: All tables (see `tables.complete`).
        cells: Pairs (dataset, family) that the page has room for.

    Returns:
        By cell; the child of a pair is the dataset's row, the parent the benchmark's item.
    """
    if not cells:
        return {}
    family = full["benchmark_families"].select("benchmark", "family")
    wanted = pl.DataFrame(sorted(cells), schema=["dataset", "family"], orient="row")
    drawn = (
        full["leaks"]
        .join(family, on="benchmark")
        .join(wanted, on=["dataset", "family"])
        .sort("benchmark_key", "key", "row", "benchmark", "benchmark_row")
        .group_by("dataset", "family", "relation")
        .agg(pl.all().first(), pl.len())
        .sort("dataset", "family", pl.col("relation") == "variant", -pl.col("len").cast(pl.Int64), "relation")
        .group_by("dataset", "family", maintain_order=True)
        .head(PER_CELL)
    )
    texts, evidence = _texts(full, drawn), _evidence(full, drawn)
    found: dict[Cell, list[Example]] = {}
    for line in drawn.to_dicts():
        pair = (line["key"], line["benchmark_key"])
        shown = found.setdefault((line["dataset"], line["family"]), [])
        if line["relation"] != "variant" or not shown:
            shown.append(_example(line, texts, evidence.get(pair, {})))
    return found


def _texts(full: Tables, drawn: pl.DataFrame) -> dict[str, dict[str, Any]]:
    keys = pl.concat([drawn.get_column("key"), drawn.get_column("benchmark_key")]).unique()
    known = full["instances"].filter(pl.col("key").is_in(keys.implode()))
    return {line["key"]: line for line in known.select("key", "prompt", "answer", "attachments").to_dicts()}


def _evidence(full: Tables, drawn: pl.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    """What the matcher saw of (key, benchmark_key), whichever of the two it called the child."""
    pairs = drawn.select("key", "benchmark_key").unique()
    matches = full["matches"].select("child", "parent", "evidence")
    ways = [("child", "parent"), ("parent", "child")]
    known = [pairs.join(matches, left_on=["key", "benchmark_key"], right_on=[*way]) for way in ways]
    return {
        (line["key"], line["benchmark_key"]): line["evidence"] or {}
        for frame in known
        for line in frame.to_dicts()
    }


def _example(line: dict[str, Any], texts: dict[str, dict[str, Any]], evidence: dict[str, Any]) -> Example:
    places = [(line["dataset"], line["row"], line["key"])]
    places.append((line["benchmark"], line["benchmark_row"], line["benchmark_key"]))
    known = [texts.get(key, {}) for _, _, key in places]
    pieces = compare(*(clip(side.get("prompt") or "", LONGEST) for side in known))
    child, parent = (
        Side(
            dataset=dataset,
            row=row,
            key=key,
            places=0,
            pieces=parts,
            cut=max(len(side.get("prompt") or "") - LONGEST, 0),
            answer=side.get("answer"),
            attached=named(side.get("attachments")),
        )
        for (dataset, row, key), side, parts in zip(places, known, pieces, strict=True)
    )
    return Example(line["relation"], line["tier"], line["probability"], say_evidence(evidence), child, parent)
