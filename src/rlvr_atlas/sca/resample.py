"""Intervals by bootstrap over problems.

Problems are drawn, not rows or answers: the k answers to one problem, and its copies, stand or fall together.
What training another time with another seed would have given is not covered by any of these.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from rlvr_atlas.errors import InputError
from rlvr_atlas.stats import Floats, Integers

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
