"""From signals to one relation and one probability, for pairs that a search found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.match.model import model
from rlvr_atlas.match.verify import Verdict

Floats = NDArray[np.float64]

#: What is more likely than not is the verdict; what is at least this likely is kept for a person to decide.
_LIKELY, _DOUBTFUL = 0.5, 0.1
#: Every labelled text has an original and few texts of a corpus have one, so a quarter of the odds counts:
#: what has 0.8 by the labelled pairs has 0.5. Chosen by hand on the validation split and a corpus run.
_PRIOR = 0.25


def worth_reading(searched: Floats, *, with_encoder: bool) -> NDArray[np.bool_]:
    """Which candidates may be the same problem or a variant, by what the search knows of them, shape (n,).

    Args:
        searched: (n, len(SEARCHED)), see `candidates`.
        with_encoder: Whether it holds cosines.
    """
    fitted = model(with_encoder=with_encoder)
    return np.asarray(fitted.probability("screen", searched) >= fitted.least_likely)


def weigh(features: Floats, *, with_encoder: bool) -> list[Verdict | None]:
    """Decide what each pair is; None where the two are unrelated.

    Args:
        features: (n, len(FEATURES)) signals of each pair.
        with_encoder: Whether the signals hold cosines.
    """
    if not len(features):
        return []
    fitted = model(with_encoder=with_encoder)
    same = in_the_wild(fitted.probability("same", features))
    variant = (1 - same) * fitted.probability("variant", features)
    embedded = fitted.probability("embedded", features) >= _LIKELY
    verdicts: list[Verdict | None] = []
    for p_same, p_variant, inside in zip(same.tolist(), variant.tolist(), embedded.tolist(), strict=True):
        if p_variant >= _LIKELY:
            verdicts.append(Verdict("variant", round(p_variant, 4)))
        elif p_same >= _DOUBTFUL:
            verdicts.append(Verdict("embedded" if inside else "reworded", round(p_same, 4)))
        else:
            verdicts.append(None)
    return verdicts


def in_the_wild(probability: Floats) -> Floats:
    """The same probability where originals are as rare as in a corpus."""
    return _PRIOR * probability / (_PRIOR * probability + 1 - probability)
