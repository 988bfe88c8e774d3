"""What Q is made of, for one dataset: given as published, or computed from a workspace."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.resample import Bootstrap
from rlvr_atlas.stats import Floats

TRANSITION_SHARES = ("p00", "p10", "p11", "p01")
SHARES = (*TRANSITION_SHARES, "leaked", "mcq", "consistent")
DELTAS = ("delta_mean4", "delta_pass4")
MEASURES = (*SHARES, "mean_occurrences", *DELTAS)
#: By how much published shares of transitions may miss 1; those of the paper miss it by up to 0.027.
_MISSES = 0.05


@dataclass(frozen=True)
class Inputs:
    """One dataset's measures; None is "not measured".

    Attributes:
        dataset: Its id.
        n: Rows that the shares are taken over.
        p00: Share of rows with transition (base, trained) 00: never solved.
        p10: 10: lost.
        p11: 11: kept.
        p01: 01: learned.
        leaked: Share of rows that are a benchmark's problem.
        mcq: Share of rows that offer answers to choose from.
        mean_occurrences: How often a row's problem stands in all datasets in view, on average.
        consistent: Share of problems whose gold answers agree wherever they stand.
        delta_mean4: Mean@4 on the benchmark after training on the dataset, against the base, in points.
        delta_pass4: The same for Pass@4.
        sca_covered: Share of rows from sources whose training was measured; p00 to p11 are of these rows.
        draws: Bootstrap draws of measures, by name, shape (draws,). Of the other measures shares are drawn
            from n alone, `mean_occurrences` is taken as exact, and the deltas have no interval: nobody knows
            how many items and answers they are of.

    Raises:
        InputError: If a measure is out of range.
    """

    dataset: str
    n: int
    p00: float | None = None
    p10: float | None = None
    p11: float | None = None
    p01: float | None = None
    leaked: float | None = None
    mcq: float | None = None
    mean_occurrences: float | None = None
    consistent: float | None = None
    delta_mean4: float | None = None
    delta_pass4: float | None = None
    sca_covered: float | None = None
    draws: Mapping[str, Floats] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        wrong = [name for name in SHARES if not _within(getattr(self, name), 0, 1)]
        wrong += [name for name in DELTAS if not _within(getattr(self, name), -100, 100)]
        wrong += ["mean_occurrences"] if not _within(self.mean_occurrences, 1, math.inf) else []
        wrong += ["n"] if self.n < 1 else []
        if wrong:
            stated = ", ".join(f"{name} = {getattr(self, name)}" for name in wrong)
            fix = "shares are between 0 and 1, deltas are points, a row occurs at least once"
            raise InputError(f"out of range: {stated}", where=f"inputs of {self.dataset}", fix=fix)
        shares = [getattr(self, name) for name in TRANSITION_SHARES]
        known = [share for share in shares if share is not None]
        if 0 < len(known) < len(shares) or (known and abs(sum(known) - 1) > _MISSES):
            fix = "give all four shares of transitions, which make 1 together, or none"
            raise InputError(f"p00, p10, p11, p01 are {shares}", where=f"inputs of {self.dataset}", fix=fix)

    @property
    def missing(self) -> list[str]:
        """Measures that were not taken."""
        return [name for name in MEASURES if getattr(self, name) is None]

    def drawn(self, bootstrap: Bootstrap) -> dict[str, Floats]:
        """Every measure with its draws.

        Returns:
            Name -> shape (1 + draws,); the first is the measure itself. NaN where it was not measured.

        Raises:
            InputError: If it holds another number of draws.
        """
        if any(len(values) != bootstrap.draws for values in self.draws.values()):
            fix = "give `score` the bootstrap that the inputs were made with"
            raise InputError(f"not {bootstrap.draws} draws", where=f"inputs of {self.dataset}", fix=fix)
        rng = bootstrap.generator(self.dataset)
        size = bootstrap.draws
        values: dict[str, Floats] = {}
        shares = np.array([getattr(self, name) for name in TRANSITION_SHARES], np.float64)
        if not np.isnan(shares).any() and "p00" not in self.draws:
            # Published shares need not make 1; their draws miss it by as much as they do.
            drawn = rng.multinomial(self.n, shares / shares.sum(), size=size) / self.n * shares.sum()
            values |= {name: drawn[:, at] for at, name in enumerate(TRANSITION_SHARES)}
        for name in ("leaked", "mcq", "consistent"):
            if getattr(self, name) is not None and name not in self.draws:
                values[name] = rng.binomial(self.n, getattr(self, name), size=size) / self.n
        values |= dict.fromkeys(DELTAS, np.full(size, np.nan))
        values |= self.draws
        point = {name: np.array([getattr(self, name)], np.float64) for name in MEASURES}
        return {
            name: np.concatenate([point[name], values.get(name, np.repeat(point[name], size))])
            for name in MEASURES
        }


def _within(value: float | None, low: float, high: float) -> bool:
    return value is None or low <= value <= high
