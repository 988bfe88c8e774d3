"""What a dataset may be ranked by before any training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mixes import Known
from world import Floats, Ints, K

from rlvr_atlas.score.before import Constants, Measures, value
from rlvr_atlas.score.before import signal as of_answers


def signal(met: Ints) -> Floats:
    """Chance that a group has both right and wrong answers, from K answers."""
    return of_answers(met, np.full(len(met), K))


def measures(known: Known) -> Measures:
    """The columns of the product's score."""
    return Measures.of(known.met, np.full(len(known.met), K), known.most, known.sources)


def with_constants(constants: Constants) -> Callable[[Known], float]:
    """The score with other constants."""
    return lambda known: value(measures(known), constants)


def _q_before(known: Known) -> float:
    """S1a and S1c of Q for a small model (docs/score.md), nothing here being multiple choice."""
    judged = known.contradicted[~np.isnan(known.contradicted)]
    consistent = 1 - judged.mean() if len(judged) else 1.0
    s1a = 0.5 * consistent + 0.3 + 0.2 * np.clip(4 / (known.rows @ known.rows / known.rows.sum()), 0.3, 1)
    return float(0.2 * s1a + 0.25 * _clean(known))


def _clean(known: Known) -> float:
    return float(1 - (known.rows @ known.leaked) / known.rows.sum())


SIMPLE: dict[str, Callable[[Known], float]] = {
    "rows": lambda known: float(known.rows.sum()),
    "distinct problems": lambda known: float(len(known.rows)),
    "mean p": lambda known: float(known.met.mean() / K),
    "p(1-p)": lambda known: float((known.met * (K - known.met)).mean() / K**2),
    "signal of GRPO": lambda known: float(signal(known.met).mean()),
    "signal x distinct problems": lambda known: float(signal(known.met).sum()),
    "not outvoted": lambda known: -float((known.most >= 0.75 * K).mean()),
    "not contradicted": lambda known: -float(np.nan_to_num(known.contradicted).mean()),
    "breadth of sources": lambda known: float(
        -(known.sources * np.log(np.maximum(known.sources, 1e-9))).sum()
    ),
    "not leaked (S1c)": _clean,
    "q_before": _q_before,
}
