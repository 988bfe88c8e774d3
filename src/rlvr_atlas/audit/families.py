"""Which benchmarks are copies of each other, and which items of them are one problem, from the data itself.

A benchmark is published many times, under many names, with small changes. Benchmarks of which each holds most
of the other are one *family*, named by the earliest. A benchmark that lies inside a larger one (a sample of
a test set, any benchmark in a suite) is *part of* it, and no copy: a dataset may leak one and not the other.
"""

from __future__ import annotations

import polars as pl

from rlvr_atlas.lineage import chains
from rlvr_atlas.lineage.chains import Verdicts
from rlvr_atlas.schema import BENCHMARK_FAMILIES, conform
from rlvr_atlas.stats import components

#: Share of a benchmark that another one must hold.
_MOST = 0.8


def families(items: pl.DataFrame, links: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    """Group benchmarks.

    Args:
        items: Distinct benchmark, benchmark_key.
        links: key, other: keys that are the same problem, both ways. A key is the same as itself.
        order: Benchmarks by release.

    Returns:
        schema.BENCHMARK_FAMILIES, one line per benchmark in the given order.
    """
    sizes = dict(items.group_by("benchmark").len().iter_rows())
    itself = items.select(key="benchmark_key", other="benchmark_key").unique(maintain_order=True)
    held = (
        items.join(pl.concat([links, itself]), left_on="benchmark_key", right_on="key")
        .join(items.rename({"benchmark": "holder", "benchmark_key": "other"}), on="other")
        .filter(pl.col("benchmark") != pl.col("holder"))
        .group_by("benchmark", "holder")
        .agg(pl.col("benchmark_key").n_unique())
    )
    inside = {(name, holder) for name, holder, n in held.iter_rows() if n >= _MOST * sizes[name]}
    copies = [(order.index(a), order.index(b)) for a, b in inside if (b, a) in inside]
    first = components(len(order), copies)
    family = {name: order[first[number]] for number, name in enumerate(order)}
    rows = [
        {
            "benchmark": name,
            "family": family[name],
            "part_of": [b for b in order if (name, b) in inside and family[b] != family[name]],
            "problems": sizes.get(name, 0),
        }
        for name in order
    ]
    return conform(pl.DataFrame(rows, schema=BENCHMARK_FAMILIES), BENCHMARK_FAMILIES)


def problems(items: pl.DataFrame, links: pl.DataFrame, known: Verdicts) -> pl.DataFrame:
    """Number the distinct problems of all benchmarks; a chain of links joins no strangers (`lineage.chains`).

    Args:
        items: Distinct benchmark, benchmark_key, by release.
        links: key, other, relation, probability: keys that are the same problem, both ways.
        known: What the matches say of any two keys.

    Returns:
        benchmark_key, problem: the key of the problem's earliest item.
    """
    keys = items.select("benchmark_key").unique(maintain_order=True)["benchmark_key"]
    first = chains.problems(keys, links, known)
    return pl.DataFrame({"benchmark_key": keys, "problem": keys.gather(first)})
