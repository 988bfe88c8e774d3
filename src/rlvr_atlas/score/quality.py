"""Q and its parts.

Every formula works on arrays: the measure itself first, its bootstrap draws after it. What was not measured
is NaN, and whatever needs it becomes NaN with it: a sum of the known parts never passes for the whole.
Source of the formulas: arXiv 2605.26971 and the code released with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.resample import BOOTSTRAP, Bootstrap
from rlvr_atlas.schema import FIGURES, SCORES, TRANSITION_KINDS, conform
from rlvr_atlas.score.inputs import MEASURES, Inputs
from rlvr_atlas.score.ranks import pairs_of, rank_intervals
from rlvr_atlas.score.weights import Weights
from rlvr_atlas.stats import Floats


def score(
    inputs: Sequence[Inputs],
    model_size_b: float,
    weights: Weights,
    *,
    model: str | None = None,
    bootstrap: Bootstrap = BOOTSTRAP,
) -> pl.DataFrame:
    """Score datasets for a model.

    Args:
        inputs: Measures of each dataset.
        model_size_b: Parameters of the model, in billions.
        weights: A preset, or others.
        model: Its name; its size where None.
        bootstrap: Of the intervals. They cover the sampling of rows and problems, not that of training runs.

    Returns:
        schema.SCORES, in the order of `inputs`; null where something needed was not measured.

    Raises:
        InputError: If there are no datasets or one twice, the size is not positive, or draws differ in
            number.
    """
    if not (math.isfinite(model_size_b) and model_size_b > 0):
        raise InputError(
            f"a model of {model_size_b} billion parameters", fix="give a size above 0, in billions"
        )
    names = [one.dataset for one in inputs]
    if not names or len(set(names)) < len(names):
        raise InputError("no dataset, or one given twice", where=", ".join(names) or "score")
    drawn = [quality(one.drawn(bootstrap), model_size_b, weights) for one in inputs]
    lines = [_line(one, parts, bootstrap) for one, parts in zip(inputs, drawn, strict=True)]
    ranks = rank_intervals(np.array([parts["q"] for parts in drawn]), bootstrap.level)
    frame = pl.DataFrame(lines, infer_schema_length=None).with_columns(
        *(pl.Series(name, values) for name, values in ranks.items()),
        model=pl.lit(model or f"{model_size_b:g}B"),
        model_size_b=pl.lit(float(model_size_b)),
        preset=pl.lit(weights.name),
    )
    return conform(frame, SCORES).with_columns(pl.selectors.float().fill_nan(None))


def score_pairs(
    inputs: Sequence[Inputs],
    model_size_b: float,
    weights: Weights,
    *,
    model: str | None = None,
    bootstrap: Bootstrap = BOOTSTRAP,
) -> pl.DataFrame:
    """How sure it is, for every two datasets, that one has the higher Q. Arguments as of `score`.

    The draws of benchmark items are the same for all datasets, and so are those of the base's answers: what
    all have in common is no difference between them.

    Returns:
        schema.SCORE_PAIRS, without datasets that have no Q.
    """
    values = {one.dataset: quality(one.drawn(bootstrap), model_size_b, weights)["q"] for one in inputs}
    return pairs_of(values, model or f"{model_size_b:g}B", bootstrap)


def _line(one: Inputs, parts: Mapping[str, Floats], bootstrap: Bootstrap) -> dict[str, object]:
    """One line of schema.SCORES, without what is the same for all, and ranks."""
    figures = {name: float(values[0]) for name, values in parts.items()}
    figures["share_before"] = figures["q_before"] / figures["q"] if figures["q"] else math.nan
    low, high = bootstrap.interval(np.column_stack([parts[figure] for figure in FIGURES])[1:])
    for at, figure in enumerate(FIGURES):
        figures |= {f"{figure}_low": float(low[at]), f"{figure}_high": float(high[at])}
    given = {name: getattr(one, name) for name in ("dataset", "n", "missing", "sca_covered", *MEASURES)}
    return {**figures, **given}


def quality(measures: Mapping[str, Floats], model_size_b: float, weights: Weights) -> dict[str, Floats]:
    """All figures of Q from measures of any one shape.

    Args:
        measures: By the names of `Inputs`; NaN where not measured.
        model_size_b: Parameters of the model, in billions.
        weights: A preset, or others.

    Returns:
        The figures of schema.FIGURES and `q_before`, in the shape of the measures.
    """
    by_size = weights.for_size(model_size_b)
    trained = min(max(math.log10(model_size_b), 0.0), 1.0)
    l_sca = _weighted((by_size.transitions[kind], measures[f"p{kind}"]) for kind in TRANSITION_KINDS)
    s1a, s1b = _intrinsic(measures, weights), _learnable(measures, l_sca, weights)
    s1c = 1.0 - measures["leaked"]
    s1 = _weighted([(by_size.s1.s1a, s1a), (by_size.s1.s1b, s1b), (by_size.s1.s1c, s1c)])
    without_training = np.clip(l_sca, 0.0, 1.0)
    marks = weights.full_marks
    s2 = _weighted([(trained / marks.mean4, measures["delta_mean4"]), (1 - trained, without_training)])
    s3 = _weighted([(trained / marks.pass4, measures["delta_pass4"]), (1 - trained, without_training)])
    return {
        "l_sca": l_sca,
        "s1a": s1a,
        "s1b": s1b,
        "s1c": s1c,
        "s1": s1,
        "s2": s2,
        "s3": s3,
        "q": _weighted([(by_size.q.s1, s1), (by_size.q.s2, s2), (by_size.q.s3, s3)]),
        "q_before": by_size.q.s1 * _weighted([(by_size.s1.s1a, s1a), (by_size.s1.s1c, s1c)]),
    }


def _intrinsic(measures: Mapping[str, Floats], weights: Weights) -> Floats:
    """S1a: answers that agree, questions without choices, little repetition."""
    parts = weights.s1a
    no_choice = 1.0 - parts.choice_penalty * measures["mcq"]
    rare = np.clip(parts.repetition_free / measures["mean_occurrences"], parts.repetition_floor, 1.0)
    return _weighted(
        [(parts.consistent, measures["consistent"]), (parts.choice, no_choice), (parts.repetition, rare)]
    )


def _learnable(measures: Mapping[str, Floats], l_sca: Floats, weights: Weights) -> Floats:
    """S1b: a sigmoid of L_SCA, and the entropy of the transitions as a share of its largest value, ln 4."""
    entropy = np.zeros_like(l_sca)
    for kind in TRANSITION_KINDS:
        share = measures[f"p{kind}"]
        # A share of 0 adds nothing; NaN is not 0 and stays NaN.
        entropy = entropy - share * np.log(np.where(share == 0, 1.0, share))
    return 1.0 / (1.0 + np.exp(-weights.s1b.slope * l_sca)) + weights.s1b.entropy * entropy / math.log(4)


def _weighted(terms: Iterable[tuple[float, Floats]]) -> Floats:
    """Weighted sum; what has no weight need not have been measured."""
    sums = [weight * values if weight else np.zeros_like(values) for weight, values in terms]
    total: Floats = np.sum(sums, axis=0)
    return total
