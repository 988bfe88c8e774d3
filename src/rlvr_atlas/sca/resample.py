"""Intervals: bootstrap over problems, and Wilson's for a plain share.

Problems are drawn, not rows or answers: the k answers to one problem, and its copies, stand or fall together.
What training another time with another seed would have given is not covered by any of these.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Counts drawn at once; bounds the memory of a bootstrap over very many different problems.
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made.

    Attributes:
        draws: How often to draw, at least once.
        seed: Where randomness begins.
        level: Coverage, between 0 and 1.
    """

    draws: int = 1000
    seed: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.draws < 1 or not 0 < self.level < 1:
            raise InputError(
                f"{self.draws} draws at a level of {self.level}",
                where="bootstrap",
                fix="draw at least once, at a level between 0 and 1",
            )

    def generator(self, name: str) -> np.random.Generator:
        """Random numbers that depend on the seed and `name` only, not on what else is computed beside it."""
        digest = hashlib.sha256(f"{self.seed}\0{name}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))

    def interval(self, drawn: Floats) -> tuple[Floats, Floats]:
        """Ends of the percentile interval along the first axis; NaN where a column holds no number."""
        measured = ~np.isnan(drawn).all(axis=0)
        filled = np.where(measured, drawn, 0.0)  # nanquantile warns of columns without a number
        low, high = np.nanquantile(filled, [(1 - self.level) / 2, (1 + self.level) / 2], axis=0)
        return np.where(measured, low, np.nan), np.where(measured, high, np.nan)


#: What is used where nobody asks for something else.
BOOTSTRAP = Bootstrap()


def resampled_sums(values: Floats, counts: Integers, draws: int, rng: np.random.Generator) -> Floats:
    """Column sums over all problems, and over as many problems drawn with replacement, `draws` times.

    Problems that are alike are one line with a count, which makes a bootstrap over a million of them cheap.

    Args:
        values: What one problem of each kind adds to each sum, shape (kinds, sums).
        counts: How many problems of each kind there are, shape (kinds,).
        draws: How often to draw.
        rng: Where randomness comes from.

    Returns:
        Shape (1 + draws, sums); line 0 is the sums as they are.
    """
    total = int(counts.sum())
    sums = np.empty((1 + draws, values.shape[1]))
    sums[0] = counts @ values
    step = max(1, _AT_ONCE // max(1, len(counts)))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        drawn = rng.multinomial(total, counts / total, size=size) if total else np.zeros((size, len(counts)))
        sums[1 + start : 1 + start + size] = drawn @ values
    return sums


def wilson(successes: Integers | int, trials: Integers | int, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson's score interval of a share; sensible at 0 and 1, where a bootstrap has no width.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Args:
        successes: How often it happened, any shape.
        trials: Out of how many independent trials, same shape.
        level: Coverage, between 0 and 1.

    Returns:
        Lower and upper ends, NaN where there were no trials.

    Raises:
        InputError: If there are more successes than trials, or fewer than none.
    """
    hits, out_of = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    if np.any((hits < 0) | (hits > out_of)):
        raise InputError("more successes than trials, or fewer than none")
    z = NormalDist().inv_cdf((1 + level) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / out_of
        middle = (share + z**2 / (2 * out_of)) / (1 + z**2 / out_of)
        half = z / (1 + z**2 / out_of) * np.sqrt(share * (1 - share) / out_of + z**2 / (4 * out_of**2))
    # At 0 and 1 the formula is exact there, but for the last bit.
    low, high = np.where(hits == 0, 0.0, middle - half), np.where(hits == out_of, 1.0, middle + half)
    return np.where(out_of > 0, low, np.nan), np.where(out_of > 0, high, np.nan)
