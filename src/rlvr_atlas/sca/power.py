"""The smallest effect that a plan can show: what a true gain must be to be told from none.

A gain is the mean over problems of the share of right answers after training minus before, each of k answers.
It varies by the answers drawn and by the problems: some gain more than others. The interval that `gains`
gives leaves out zero in 80% of cases where the true gain is 2.8 standard errors (1.96 for the interval at
95%, and 0.84 for the power).
"""

from __future__ import annotations

import math
from statistics import NormalDist

from rlvr_atlas.errors import InputError

POWER = 0.8
LEVEL = 0.95
#: Standard deviation of the true gain between problems, where nobody knows it.
SPREAD = 0.2


def smallest_effect(
    problems: int, k: int, base_mean: float | None = None, spread: float = SPREAD
) -> float | None:
    """The smallest true gain that is told from none with a power of 80%.

    Args:
        problems: How many are asked.
        k: Answers to each, before and after.
        base_mean: Share of right answers of the base; None: not known, and the worst is taken, 1/2.
        spread: Standard deviation of the true gain between problems.

    Returns:
        A gain from 0 to 1; None where there are fewer than two problems, or even the largest gain possible
        is not told from none.

    Raises:
        InputError: If k is below 1, or a share is none.
    """
    if k < 1 or not 0 <= (0.5 if base_mean is None else base_mean) <= 1:
        raise InputError(f"{k} answers, of which {base_mean} are right")
    if problems < 2:
        return None
    return _told(math.sqrt(_variance(k, base_mean, spread) / problems))


def told_by(low: float, high: float) -> float | None:
    """The same, from the width of a 95% interval that was measured."""
    return _told((high - low) / 2 / NormalDist().inv_cdf((1 + LEVEL) / 2))


def _variance(k: int, base_mean: float | None, spread: float) -> float:
    """Of the measured gain of one problem. An answer is right with p, so its variance is p (1 - p)."""
    mean = 0.5 if base_mean is None else base_mean
    return 2 * mean * (1 - mean) / k + spread**2


def _told(error: float) -> float | None:
    normal = NormalDist()
    effect = (normal.inv_cdf((1 + LEVEL) / 2) + normal.inv_cdf(POWER)) * error
    return effect if effect < 1 else None
