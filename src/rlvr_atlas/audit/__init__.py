"""Audit: which rows leak which benchmark items, how sure that is, how they came there, and what is not known.

The way of the tables: overlaps (leaks.py) are weighed by the rarity of their text (rarity.py), benchmarks are
grouped into families (families.py), leaks get their paths (paths.py) and are counted (rates.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from rlvr_atlas.audit.families import families, problems
from rlvr_atlas.audit.overlap import came_first, overlaps, weigh
from rlvr_atlas.audit.paths import chains, spread
from rlvr_atlas.audit.rates import rates
from rlvr_atlas.audit.tally import hits, limits, units
from rlvr_atlas.config import AuditSettings
from rlvr_atlas.lineage.chains import Verdicts, stated
from rlvr_atlas.match.decide import sure_enough_for_leak
from rlvr_atlas.schema import LEAKS, UNJUDGED, conform, is_same_problem
from rlvr_atlas.workspace.query import both_ways

__all__ = ["Audited", "audit"]


@dataclass(frozen=True)
class Audited:
    """Result of the stage.

    Attributes:
        leaks: schema.LEAKS: what is judged to be a leak, template leaks (`variant`) included.
        unjudged: schema.UNJUDGED: overlaps that are too common or too uncertain to be called leaks.
        leak_rates: schema.LEAK_RATES: counts and shares.
        leak_paths: schema.LEAK_PATHS: who brought each leaked problem in.
        benchmark_families: schema.BENCHMARK_FAMILIES: benchmarks that are copies or parts of each other.
        limits: What could not be judged, as sentences for a person.
    """

    leaks: pl.DataFrame
    unjudged: pl.DataFrame
    leak_rates: pl.DataFrame
    leak_paths: pl.DataFrame
    benchmark_families: pl.DataFrame
    limits: list[str]


def audit(tables: Mapping[str, pl.DataFrame], settings: AuditSettings) -> Audited:
    """Compare every row of train and source datasets with every benchmark item.

    Args:
        tables: datasets, occurrences, instances, skipped_rows, matches and lineage, as `schema` lists them.
        settings: Thresholds.
    """
    occurrences, datasets, lineage = (tables[name] for name in ("occurrences", "datasets", "lineage"))
    known = Verdicts.of(tables["matches"], stated(occurrences, tables["instances"]), settings.min_probability)
    items, grouped = benchmark_items(occurrences, tables["matches"], datasets, known)
    found = overlaps(occurrences, tables["instances"], tables["matches"], datasets)
    weighed = (
        weigh(found, tables["instances"], datasets)
        .join(chains(found.select("dataset", "row").unique(), lineage), on=["dataset", "row"])
        .join(items, on=["benchmark", "benchmark_key"])
        .with_columns(came_first=came_first(datasets))
        .sort("dataset", "row", "benchmark", "benchmark_row", "benchmark_key")
    )
    common = sure_enough_for_leak(settings.min_probability)
    sure = common & (pl.col("probability") >= settings.min_probability)
    reason = pl.when(common).then(pl.lit("too common")).otherwise(pl.lit("below the threshold"))
    leaks, unjudged = weighed.filter(sure), weighed.filter(~sure).with_columns(reason=reason)
    counted = rates(
        hits(leaks, lineage), hits(unjudged, lineage), units(occurrences, lineage, datasets, items)
    )
    return Audited(
        conform(leaks.select(*LEAKS), LEAKS),
        conform(unjudged.select(*UNJUDGED), UNJUDGED),
        counted,
        spread(leaks, datasets),
        grouped,
        limits(unjudged, tables["skipped_rows"], occurrences, tables["instances"], datasets),
    )


def benchmark_items(
    occurrences: pl.DataFrame, matches: pl.DataFrame, datasets: pl.DataFrame, known: Verdicts
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The distinct items of all benchmarks.

    Args:
        occurrences: schema.OCCURRENCES.
        matches: schema.MATCHES.
        datasets: schema.DATASETS.
        known: What the matches say of any two keys; those below its bar say nothing.

    Returns:
        The items (benchmark, benchmark_key, family, problem), and schema.BENCHMARK_FAMILIES.
    """
    benchmarks = datasets.filter(role="benchmark").sort("rank")["dataset"].to_list()
    items = (
        occurrences.join(datasets.select("dataset", "role", "rank"), on="dataset")
        .filter(role="benchmark")
        .sort("rank", "row")
        .select(benchmark="dataset", benchmark_key="key")
        .unique(maintain_order=True)
    )
    links = both_ways(matches, "relation", "probability")
    same = links.filter(is_same_problem(), pl.col("probability") >= known.bar)
    grouped = families(items, same.select("key", "other"), benchmarks)
    # One part of a problem and the whole are one leak, but two parts of it are two problems.
    whole = same.filter(pl.col("relation") != "embedded")
    items = items.join(grouped.select("benchmark", "family"), on="benchmark", maintain_order="left")
    return items.join(problems(items, whole, known), on="benchmark_key", maintain_order="left"), grouped
