"""What published figures of a benchmark could as well have been: draws from items, answers and runs.

Only Mean@4 and Pass@4 are published, not the verdicts. How far both lie apart tells how unlike the items
are: a beta distribution of solve rates has both as its expectations. Its quantiles stand for the items. A
draw takes items with replacement, the same for every model, and draws new answers to each.

The same item stands at the same quantile for every model, so they agree which items are hard. Models that
agree less differ more from draw to draw: the intervals are rather too narrow than too wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.passk import pass_at_k
from rlvr_atlas.sca.resample import Bootstrap
from rlvr_atlas.stats import Floats

_K = 4
#: Sum of both parameters of the beta distribution: from "solved always or never" to "all items alike".
_ALIKE = (1e-3, 1e4)


def drawn_figures(line: Mapping[str, Any], bootstrap: Bootstrap, *, items: bool = True) -> Floats:
    """Draws of one model's figures.

    Args:
        line: dataset, mean4, pass4 (points), items, k (answers to an item, at least 4) and seeds (training
            runs that the figures are means of).
        bootstrap: Of the draws.
        items: Whether items are drawn too; else only answers to the same ones.

    Returns:
        Mean@4 and Pass@4 in points, shape (1 + draws, 2); the first line is the figures themselves. The draws
        are NaN where items or k is not known.

    Raises:
        InputError: If a figure is no number of points, or a count is impossible.
    """
    figures = np.array([line["mean4"], line["pass4"]], np.float64)
    drawn = np.full((1 + bootstrap.draws, 2), np.nan)
    drawn[0] = figures
    n, k, seeds = line["items"], line["k"], line["seeds"]
    if n is None or k is None or np.isnan(figures).any():
        return drawn
    who = line["dataset"] or "the base"
    if not (0 <= figures[0] <= figures[1] <= 100) or n < 1 or k < _K or seeds < 1:
        told = f"mean4 {figures[0]}, pass4 {figures[1]}, items {n}, k {k}, seeds {seeds}"
        fix = f"mean4 is at most pass4, both are points, k is at least {_K}"
        raise InputError(told, where=f"benchmark results of {who}", fix=fix)
    rates = solve_rates(figures[0] / 100, figures[1] / 100, n)
    right = np.arange(k + 1)
    value = np.column_stack([right / k, pass_at_k(right, np.full(k + 1, k), _K)])
    rng = bootstrap.generator(f"answers\0{who}")
    shared = bootstrap.generator(f"items\0{n}")
    expected = np.column_stack([rates, 1 - (1 - rates) ** _K]).mean(axis=0)
    for at in range(1, 1 + bootstrap.draws):
        chosen = rates[shared.integers(n, size=n)] if items else rates
        answers = value[rng.binomial(k, np.broadcast_to(chosen, (seeds, n)))]
        drawn[at] = figures + 100 * (answers.mean(axis=(0, 1)) - expected)
    return drawn


def solve_rates(mean: float, passed: float, items: int) -> Floats:
    """Solve rates of items whose expected Mean@4 and Pass@4 are these, from the hardest on.

    Args:
        mean: From 0 to 1.
        passed: Pass@4; held to what is possible with this mean.
        items: How many.

    Returns:
        Shape (items,).
    """
    if mean in (0.0, 1.0):
        return np.full(items, mean)
    from scipy.stats import beta

    def unsolved(alike: float) -> float:
        steps = np.arange(_K)
        return float(np.prod(((1 - mean) * alike + steps) / (alike + steps)))

    low, high = np.log(_ALIKE)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if unsolved(np.exp(middle)) > 1 - passed else (low, middle)
    alike = np.exp(low)
    rates: Floats = beta.ppf((np.arange(items) + 0.5) / items, mean * alike, (1 - mean) * alike)
    return rates
