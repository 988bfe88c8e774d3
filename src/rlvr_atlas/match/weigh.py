"""From signals to probabilities, and from probabilities to one relation, for pairs that a search found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.match.classifier import model
from rlvr_atlas.match.decide import Verdict

Floats = NDArray[np.float64]

#: What is more likely than not is the verdict; what is at least this likely is kept for a person to decide.
_LIKELY, _DOUBTFUL = 0.5, 0.1
#: No dataset makes more of a pair that is less likely than this.
POSSIBLE = 0.01


def worth_reading(searched: Floats, *, with_encoder: bool, laxer: float = 1.0) -> NDArray[np.bool_]:
    """Which candidates may be the same problem or a variant, by what the search knows of them, shape (n,).

    Args:
        searched: (n, len(SEARCHED)), see `candidates`.
        with_encoder: Whether it holds cosines.
        laxer: A pair may be this many times less likely, where more is known than the search knows.
    """
    fitted = model(with_encoder=with_encoder)
    return np.asarray(fitted.probability("screen", searched) >= fitted.least_likely / laxer)


def weigh(features: Floats, *, with_encoder: bool) -> Floats:
    """What each pair may be, before its dataset is looked at: calibrated probabilities, shape (n, 3).

    They are: the same problem; a variant, if it is not the same; one text holds the other, if it is the same
    (0 where it can hardly be).

    Args:
        features: (n, len(FEATURES)) signals of each pair.
        with_encoder: Whether the signals hold cosines.
    """
    fitted = model(with_encoder=with_encoder)
    weighed = np.zeros((len(features), 3))
    weighed[:, 0] = fitted.probability("same", features)
    weighed[:, 1] = fitted.probability("variant", features)
    # Whether one holds the other is only asked where they may be the same.
    possible = weighed[:, 0] >= POSSIBLE
    weighed[possible, 2] = fitted.probability("embedded", features[possible])
    return weighed


def decide(weighed: Floats, factors: Floats) -> list[Verdict | None]:
    """Decide what each pair is; None where the two are unrelated.

    Args:
        weighed: (n, 3), see `weigh`.
        factors: (n,) what the odds of the same problem are multiplied by, see `derived`.
    """
    same = factors * weighed[:, 0] / (factors * weighed[:, 0] + 1 - weighed[:, 0])
    variant = (1 - same) * weighed[:, 1]
    embedded = weighed[:, 2] >= _LIKELY
    verdicts: list[Verdict | None] = []
    for p_same, p_variant, inside in zip(same.tolist(), variant.tolist(), embedded.tolist(), strict=True):
        if p_variant >= _LIKELY:
            verdicts.append(Verdict("variant", round(p_variant, 4)))
        elif p_same >= _DOUBTFUL:
            verdicts.append(Verdict("embedded" if inside else "reworded", round(p_same, 4)))
        else:
            verdicts.append(None)
    return verdicts
