"""How often a 95% interval of a rank correlation holds the truth, for a handful of datasets.

Run: python benchmarks/correlation_intervals.py
"""

from __future__ import annotations

import math
from itertools import combinations_with_replacement

import numpy as np

from rlvr_atlas.score.correlate import _interval
from rlvr_atlas.stats import correlation, ranks

DATASETS = 5
TRIALS = 1000
LEVEL = 0.95


def fisher(value: float, n: int) -> tuple[float, float]:
    """Fisher's z with the standard error of Bonett and Wright (2000)."""
    z = math.atanh(min(max(value, -0.9999), 0.9999))
    half = 1.96 * math.sqrt((1 + value**2 / 2) / (n - 3))
    return math.tanh(z - half), math.tanh(z + half)


def bootstrap(x: np.ndarray, y: np.ndarray, picks: np.ndarray, chances: np.ndarray) -> tuple[float, float]:
    """The percentile interval over every possible resample, each with its chance."""
    values = correlation(ranks(x[picks]), ranks(y[picks]))
    known = ~np.isnan(values)
    order = values[known].argsort()
    below = (chances[known] / chances[known].sum())[order].cumsum()
    ends = np.searchsorted(below, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = values[known][order][np.minimum(ends, len(order) - 1)]
    return float(low), float(high)


def main() -> None:
    """Print one line for each correlation of the population."""
    n = DATASETS
    picks = np.array(list(combinations_with_replacement(range(n), n)))
    repeats = [[math.factorial(int(count)) for count in np.bincount(pick, minlength=n)] for pick in picks]
    chances = np.array([math.factorial(n) / math.prod(each) for each in repeats]) / n**n
    rng = np.random.default_rng(0)
    print("| correlation | test inversion | Fisher's z | bootstrap |\n|---|---|---|---|")
    for rho in (0.0, 0.5, 0.7, 0.9, 0.95):
        truth = 6 / math.pi * math.asin(rho / 2)
        held = np.zeros(3)
        for _ in range(TRIALS):
            x, noise = rng.standard_normal((2, n))
            y = rho * x + math.sqrt(1 - rho**2) * noise
            value = float(correlation(ranks(x), ranks(y)))
            for at, (low, high) in enumerate(
                (_interval(value, n, "spearman"), fisher(value, n), bootstrap(x, y, picks, chances))
            ):
                held[at] += low <= truth <= high
        print(f"| {rho} | " + " | ".join(f"{share:.2f}" for share in held / TRIALS) + " |")


if __name__ == "__main__":
    main()
