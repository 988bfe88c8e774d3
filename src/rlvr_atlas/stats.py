"""Statistics used in more than one place: intervals of shares, correlations, permutation tests, components.

scipy is imported inside the functions, because commands that need no statistics should start at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlvr_atlas.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
#: Ranks of equal values: their mean, or in the order in which they stand.
Ties = Literal["average", "ordinal"]

#: All orders of up to this many values are tried; of more, a sample.
_ALL_ORDERS_UP_TO = 8
_ORDERS = 20_000
_SEED = 0
#: Correlations that agree to this many decimals are the same number.
_DECIMALS = 9


def wilson(successes: ArrayLike, trials: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson's score interval of a share; it is right for shares near 0 and 1 too.

    The same as scipy's `binomtest(...).proportion_ci(method="wilson")`, for whole arrays at once, and for
    numbers of trials that are not whole (an effective sample size).

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Args:
        successes: How often it happened, any shape.
        trials: Out of how many independent trials, same shape.
        level: Coverage, between 0 and 1.

    Returns:
        Lower and upper ends, between 0 and 1; NaN where there were no trials.

    Raises:
        InputError: If there are more successes than trials, or fewer than none.
    """
    hits, n = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    if np.any((hits < 0) | (hits > n)):
        raise InputError("more successes than trials, or fewer than none")
    z = NormalDist().inv_cdf((1 + level) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / n
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        low, high = np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
    # At 0 and 1 the formula is exact, and only its rounding is not.
    low, high = np.where(hits == 0, 0.0, low), np.where(hits == n, 1.0, high)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def ranks(values: Floats, ties: Ties = "average") -> Floats:
    """Ranks along the last axis, from 1.

    Args:
        values: Any shape.
        ties: What equal values get.

    Returns:
        The same shape.
    """
    from scipy import stats

    found: Floats = stats.rankdata(values, method=ties, axis=-1).astype(np.float64)
    return found


def correlation(x: Floats, y: Floats) -> Floats:
    """Pearson's correlation along the last axis; of ranks it is Spearman's.

    The same as scipy's `pearsonr` and `spearmanr`, which also compute a p-value for every line and are 50
    times slower on the millions of samples that an interval needs.

    Args:
        x: Shape (..., n).
        y: A shape that broadcasts with it.

    Returns:
        Shape (...); NaN below 3 values or where all are equal.
    """
    if x.shape[-1] < 3:
        return np.full(np.broadcast_shapes(x.shape, y.shape)[:-1], np.nan)
    x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    size = np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    flat = size < 1e-12
    found: Floats = np.where(flat, np.nan, (x * y).sum(axis=-1) / np.where(flat, 1.0, size))
    return found


def correlation_p_value(x: Floats, y: Floats) -> float:
    """Two-sided: in what share of all orders of one side the correlation is at least as strong.

    All orders are tried up to 8 values; of more, 20,000 drawn with a fixed seed.

    Args:
        x: Shape (n,), not all equal; ranks for Spearman's correlation.
        y: The same.
    """
    from scipy import stats

    result = stats.permutation_test(
        (y,),
        lambda orders, axis: np.round(np.abs(correlation(x, np.moveaxis(orders, axis, -1))), _DECIMALS),
        permutation_type="pairings",
        alternative="greater",  # of the absolute value, so that both signs count
        n_resamples=np.inf if len(x) <= _ALL_ORDERS_UP_TO else _ORDERS,
        vectorized=True,
        rng=np.random.default_rng(_SEED),
    )
    return float(result.pvalue)


def components(n: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Connected components of an undirected graph.

    Args:
        n: How many things there are, numbered from 0.
        pairs: Which of them are connected.

    Returns:
        For each thing the smallest number in its component.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.array(list(pairs), np.int64).reshape(-1, 2)
    links = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(n, n))
    _, label = connected_components(links, directed=False)
    # Labels may come in any order; the first place of each is its smallest member.
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    smallest: list[int] = first[inverse].tolist()
    return smallest


def follow(up: Integers) -> tuple[Integers, Integers]:
    """Where following `up` ends from each place, and after how many steps.

    Args:
        up: Shape (n,): a place, its own where it is an end. There are no circles.
    """
    end, steps = up.copy(), (up != np.arange(len(up))).astype(np.int64)
    while True:
        beyond = end[end]
        if np.array_equal(beyond, end):
            return end, steps
        steps += steps[end]
        end = beyond
