"""Who is ahead, and how sure that is: ranks with intervals, and every two datasets compared."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import polars as pl

from rlvr_atlas.sca.resample import Bootstrap
from rlvr_atlas.schema import SCORE_PAIRS, conform, empty
from rlvr_atlas.stats import Floats


def rank_intervals(drawn: Floats, level: float) -> dict[str, list[int | None]]:
    """Ranks, from 1 for the highest, and their intervals.

    Args:
        drawn: Values with their draws, shape (datasets, 1 + draws); NaN where not measured.
        level: Coverage of the intervals.

    Returns:
        rank, rank_low, rank_high. A dataset without a value has no rank and none is behind it. Where the
        draws of any other are missing there are no intervals: it could stand anywhere.
    """
    measured = ~np.isnan(drawn[:, 0])
    known = drawn[measured]
    ranks = 1 + (known[None, :, :] > known[:, None, :]).sum(axis=1)
    found: dict[str, list[int | None]] = {
        name: [None] * len(drawn) for name in ("rank", "rank_low", "rank_high")
    }
    places = np.flatnonzero(measured)
    ends = [(1 - level) / 2, (1 + level) / 2]
    sure = not np.isnan(known).any() and drawn.shape[1] > 1
    for at, line in zip(places, ranks, strict=True):
        found["rank"][at] = int(line[0])
        if sure:
            low, high = np.quantile(line[1:], ends, method="nearest")
            found["rank_low"][at], found["rank_high"][at] = int(low), int(high)
    return found


def pairs_of(values: Mapping[str, Floats], model: str, bootstrap: Bootstrap) -> pl.DataFrame:
    """Every two datasets.

    Args:
        values: Dataset -> value with its draws, shape (1 + draws,).
        model: Its name.
        bootstrap: Of the draws.

    Returns:
        schema.SCORE_PAIRS, the higher value first. A draw in which both are equal counts half.
    """
    known = sorted((name for name in values if not np.isnan(values[name][0])), key=lambda n: -values[n][0])
    lines = []
    for a, b in combinations(known, 2):
        apart = values[a] - values[b]
        line = {"model": model, "a": a, "b": b, "difference": float(apart[0])}
        if len(apart) > 1 and not np.isnan(apart).any():
            low, high = bootstrap.interval(apart[1:, None])
            ahead = float((apart[1:] > 0).mean() + (apart[1:] == 0).mean() / 2)
            line |= {"low": float(low[0]), "high": float(high[0]), "a_ahead": ahead}
        lines.append(line)
    if not lines:
        return empty(SCORE_PAIRS)
    return conform(pl.DataFrame(lines, infer_schema_length=None), SCORE_PAIRS)
