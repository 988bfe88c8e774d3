"""How near the nearest row of a train or source set is to the benchmark items that no row leaks.

Pairs that the matcher looked at and did not call the same problem are in `leaks` (as variants) and in
`unjudged`. Rows that resemble an item less were never looked at one by one; of those nothing is known.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from rlvr_atlas.report.figures import Segment
from rlvr_atlas.report.tables import Tables

Facts = dict[str, Any]

#: Likeness of the words (Jaccard) from which on a row belongs to a band, the end of its CSS class, its label.
BANDS = (
    (0.8, "near-1", "0.8 and more"),
    (0.6, "near-2", "0.6 to 0.8"),
    (0.4, "near-3", "0.4 to 0.6"),
    (0.0, "near-4", "under 0.4"),
)
NONE = ("near-none", "no row looked at")


def nearest(full: Tables) -> list[Facts]:
    """Benchmarks with clean items, those with the most near ones first.

    Args:
        full: All tables (see `tables.complete`).

    Returns:
        benchmark, total, clean (distinct problems), near (clean ones with a row that was looked at), variant
        (of those, the nearest row is called a variant), and `bar`, the clean ones by band.
    """
    rates = full["leak_rates"].filter(group="benchmark").sort("name")
    bands = _bands(full)
    found = [_line(rate, bands.get(rate["name"], {})) for rate in rates.to_dicts()]
    return sorted(
        (line for line in found if line["clean"]), key=lambda line: (-line["near"], line["benchmark"])
    )


def _bands(full: Tables) -> dict[str, dict[str, Facts]]:
    """Clean items by benchmark and band of their nearest row: items, variants."""
    columns = ["benchmark", "benchmark_key", "key", "relation"]
    leaks = full["leaks"].select(columns)
    real = leaks.filter(pl.col("relation") != "variant").select("benchmark", "benchmark_key").unique()
    pairs = pl.concat([leaks, full["unjudged"].select(columns)]).join(
        real, on=["benchmark", "benchmark_key"], how="anti"
    )
    nearest_row = (
        pairs.join(_likeness(full, pairs), on=["key", "benchmark_key"], how="left")
        .with_columns(
            likeness=pl.when(pl.col("key") == pl.col("benchmark_key"))
            .then(1.0)
            .otherwise(pl.col("likeness").fill_null(0.0))
        )
        .sort("likeness", "key", descending=[True, False])
        .group_by("benchmark", "benchmark_key", maintain_order=True)
        .first()
    )
    band = pl.lit(BANDS[-1][1])
    for least, paint, _ in reversed(BANDS[:-1]):
        band = pl.when(pl.col("likeness") >= least).then(pl.lit(paint)).otherwise(band)
    counted = nearest_row.group_by("benchmark", band.alias("band")).agg(
        items=pl.len(), variants=(pl.col("relation") == "variant").sum()
    )
    found: dict[str, dict[str, Facts]] = {}
    for line in counted.to_dicts():
        found.setdefault(line["benchmark"], {})[line["band"]] = line
    return found


def _likeness(full: Tables, pairs: pl.DataFrame) -> pl.DataFrame:
    """key, benchmark_key, likeness: whichever of the two the matcher called the child."""
    matches = full["matches"].select("child", "parent", likeness=pl.col("evidence").struct.field("lexical"))
    wanted = pairs.select("key", "benchmark_key").unique()
    ways = (("child", "parent"), ("parent", "child"))
    known = [wanted.join(matches, left_on=["key", "benchmark_key"], right_on=[*way]) for way in ways]
    return pl.concat(known).unique(["key", "benchmark_key"], keep="first", maintain_order=True)


def _line(rate: Facts, bands: dict[str, Facts]) -> Facts:
    clean = (rate["total"] or 0) - (rate["leaked"] or 0)
    near = min(sum(band["items"] for band in bands.values()), clean)
    counts = [(label, paint, bands.get(paint, {}).get("items", 0)) for _, paint, label in BANDS]
    counts.append((NONE[1], NONE[0], clean - near))
    bar, start = [], 0.0
    for label, paint, items in counts:
        width = 100 * items / clean if clean else 0.0
        if items:
            bar.append(Segment(label, paint, items, round(start, 3), round(width, 3)))
        start += width
    return {
        "benchmark": rate["name"],
        "total": rate["total"],
        "clean": clean,
        "near": near,
        "variant": sum(band["variants"] for band in bands.values()),
        "bar": bar,
    }
