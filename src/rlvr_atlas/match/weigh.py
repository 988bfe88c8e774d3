"""From signals to one relation and one probability, for pairs that a search found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlvr_atlas.match.model import model
from rlvr_atlas.match.verify import Verdict

#: What is more likely than not is the verdict; what is at least this likely is kept for a person to decide.
_LIKELY, _DOUBTFUL = 0.5, 0.1


def weigh(pairs: Sequence[Sequence[float]], *, with_encoder: bool) -> list[Verdict | None]:
    """Decide what each pair is; None where the two are unrelated.

    Args:
        pairs: Signals of each pair, in the order of `signals.FEATURES`.
        with_encoder: Whether the signals hold cosines.
    """
    if not pairs:
        return []
    features = np.array(pairs)
    fitted = model(with_encoder=with_encoder)
    same = fitted.probability("same", features)
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
