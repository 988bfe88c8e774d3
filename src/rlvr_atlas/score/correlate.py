"""How well a figure ranks datasets as their real training does, with what so few datasets can tell.

With five datasets there are 120 orders, and asymptotic intervals and tests do not hold. So the p-value counts
permutations, and the interval holds every correlation of a normal population (of ranks: a normal copula) that
would give a value as extreme as the one observed often enough. Intervals by Fisher's z or by bootstrap were
measured too and are far too narrow at n = 5 (docs/score.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.schema import CORRELATIONS, FIGURES, conform
from rlvr_atlas.score.weights import Weights
from rlvr_atlas.stats import Floats, Integers, Ties, correlation, correlation_p_value, ranks

_LEVEL = 0.95
#: Samples drawn from each population that an interval is found among.
_SAMPLES = 5_000
_SEED = 0
#: Two correlations this near are the same number.
_EQUAL = 1e-9


def correlate(
    scores: pl.DataFrame, downstream: Mapping[str, float], *, ties: Ties = "average"
) -> pl.DataFrame:
    """Correlate Q and each of its parts with downstream results.

    Args:
        scores: schema.SCORES for one model.
        downstream: Dataset -> result of the model trained on it.
        ties: Ranks of equal values: their mean, or `ordinal`, in the order of `scores`, which is arbitrary
            but what sorting by position gives, and what reproduces published values.

    Returns:
        schema.CORRELATIONS, a Spearman and a Pearson line for each figure; null below 3 datasets, or where
        all values are equal.

    Raises:
        InputError: If a result is of no dataset in `scores`, or there are scores for two models.
    """
    parts = scores.select("dataset", *FIGURES, "q_before")
    return _correlations(parts, _aligned(scores, downstream), ties)


def ablate(
    scores: pl.DataFrame, downstream: Mapping[str, float], weights: Weights, *, ties: Ties = "average"
) -> pl.DataFrame:
    """Correlate Q without one of its parts: which of them carries the skill?

    Args:
        scores: schema.SCORES for one model.
        downstream: Dataset -> result of the model trained on it.
        weights: Those of the scores.
        ties: As for `correlate`.

    Returns:
        schema.CORRELATIONS for `q_without_s1a` to `q_without_s3`: one term left out, the rest as it is.

    Raises:
        InputError: As `correlate` does, or if the scores have other weights.
    """
    results = _aligned(scores, downstream)
    if set(scores["preset"]) != {weights.name}:
        raise InputError(f"the scores were not made with the weights '{weights.name}'", where="ablation")
    size = weights.for_size(scores["model_size_b"][0])
    s1 = {part: size.q.s1 * weight for part, weight in size.s1}
    whole = {"s2": size.q.s2, "s3": size.q.s3}
    without = {f"q_without_{part}": _sum({**s1, **whole}, part) for part in s1}
    without["q_without_s1"] = _sum(whole, "s1")
    without |= {f"q_without_{part}": _sum({"s1": size.q.s1, **whole}, part) for part in whole}
    return _correlations(scores.select("dataset", **without), results, ties)


def _sum(terms: Mapping[str, float], left_out: str) -> pl.Expr:
    return pl.sum_horizontal(
        [pl.col(part) * weight for part, weight in terms.items() if part != left_out], ignore_nulls=False
    )


def _aligned(scores: pl.DataFrame, downstream: Mapping[str, float]) -> Floats:
    """Results in the order of the scores, NaN where there is none."""
    if scores.select("model", "model_size_b").n_unique() != 1 or scores["dataset"].n_unique() < scores.height:
        fix = "correlate the scores of one model at a time"
        raise InputError("more than one score for a dataset, or none", where="correlation", fix=fix)
    unknown = sorted(set(downstream) - set(scores["dataset"]))
    if unknown:
        raise InputError(
            f"no score for {', '.join(unknown)}", where="downstream results", fix="check the name"
        )
    return np.array([downstream.get(name, np.nan) for name in scores["dataset"]], np.float64)


def _correlations(figures: pl.DataFrame, results: Floats, ties: Ties) -> pl.DataFrame:
    lines = []
    for name in figures.columns[1:]:
        values = figures[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        both = ~(np.isnan(values) | np.isnan(results))
        x, y = values[both], results[both]
        tied = int(np.sum((_equals(x) > 1) | (_equals(y) > 1)))
        for statistic, of in (("spearman", lambda v: ranks(v, ties)), ("pearson", lambda v: v)):
            line = {"figure": name, "statistic": statistic, "datasets": len(x), "tied": tied}
            lines.append(line | _one(x, y, of, statistic))
    frame = conform(pl.DataFrame(lines, infer_schema_length=None), CORRELATIONS)
    return frame.with_columns(pl.selectors.float().fill_nan(None))


def _one(x: Floats, y: Floats, of: Callable[[Floats], Floats], statistic: str) -> dict[str, float]:
    """Value, interval, p-value and leave-one-out range of one correlation."""
    value = correlation(of(x), of(y))
    line = {"value": float(value)}
    if np.isnan(value):
        return {"value": np.nan}
    line["low"], line["high"] = _interval(float(value), len(x), statistic)
    line["p_value"] = correlation_p_value(of(x), of(y))
    others = [np.delete(np.arange(len(x)), left_out) for left_out in range(len(x))]
    without = [float(correlation(of(x[rest]), of(y[rest]))) for rest in others]
    if not np.isnan(without).any():
        line |= {"leave_one_out_low": min(without), "leave_one_out_high": max(without)}
    return line


def _equals(values: Floats) -> Integers:
    """How many values along the last axis are the same as each, itself included."""
    counts: Integers = (values[..., None, :] == values[..., :, None]).sum(axis=-1)
    return counts


def _interval(value: float, n: int, statistic: str) -> tuple[float, float]:
    """Every correlation of the population under which `value` or beyond is not too rare, on either side."""
    tail = (1 - _LEVEL) / 2
    at, sampled = _sampled(n, statistic)
    lower = upper = value
    if statistic == "spearman":
        # With ties the value may lie between two that ranks without ties can take: each side takes the next.
        step = 12 / (n * (n * n - 1))
        lower = 1 - step * np.ceil((1 - value) / step - _EQUAL)
        upper = 1 - step * np.floor((1 - value) / step + _EQUAL)
    first = int(np.argmax((sampled >= lower - _EQUAL).mean(axis=1) > tail))
    last = len(at) - 1 - int(np.argmax((sampled <= upper + _EQUAL).mean(axis=1)[::-1] > tail))
    # The ends lie between two of the populations tried; the outer one is on the safe side.
    return float(at[max(first - 1, 0)]), float(at[min(last + 1, len(at) - 1)])


@lru_cache(maxsize=16)
def _sampled(n: int, statistic: str) -> tuple[Floats, Floats]:
    """Correlations of samples of n from normal populations.

    Returns:
        The correlation of each population, shape (201,), and those of its samples, shape (201, samples). The
        same random numbers serve all populations, so that the ends of intervals do not jitter.
    """
    x, noise = np.random.default_rng(_SEED).standard_normal((2, _SAMPLES, n))
    of = (lambda v: ranks(v, "ordinal")) if statistic == "spearman" else (lambda v: v)
    rho = np.linspace(-1.0, 1.0, 201)
    sampled = np.array([correlation(of(x), of(r * x + np.sqrt(1 - r * r) * noise)) for r in rho])
    return (6 / np.pi * np.arcsin(rho / 2) if statistic == "spearman" else rho), sampled
