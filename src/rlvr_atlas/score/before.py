"""A score of a dataset before any training, from answers of the base model and from lineage.

    value = mean over distinct problems of signal * (1 - harm * outvoted)
            * distinct / (distinct + half) * breadth ^ power

- signal: chance that a group of GRPO has right and wrong answers, 1 - p^G - (1 - p)^G; no other teaches.
- outvoted: whether most answers agree on one that is not the label, which is then likely wrong.
- distinct: problems, copies once: few are learnt by heart.
- breadth: effective number of sources, e ^ entropy of their shares.

The constants were fitted in simulated worlds (`before.toml`, docs/benchmarks/score_before.md). The value has
no unit: it ranks datasets for one base.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl
from scipy.special import comb

from rlvr_atlas.sca.resample import BOOTSTRAP, Bootstrap, resampled_sums
from rlvr_atlas.schema import BEFORE_SCORES, conform
from rlvr_atlas.score.ranks import pairs_of, rank_intervals
from rlvr_atlas.stats import Floats, Integers

#: Answers in a group of GRPO.
GROUP = 8


@dataclass(frozen=True)
class Constants:
    """What was fitted.

    Attributes:
        harm: How much an outvoted label takes, as a multiple of what a right one gives.
        half: Distinct problems that give half of what very many give.
        power: Of the breadth.
        outvoted: From which share of the answers on another one a label counts as outvoted.
    """

    harm: float
    half: float
    power: float
    outvoted: float


@cache
def constants() -> Constants:
    """Those of `before.toml`."""
    text = files("rlvr_atlas.score").joinpath("before.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)["constants"]
    return Constants(**{field.name: float(table[field.name]) for field in fields(Constants)})


@dataclass(frozen=True)
class Measures:
    """What is measured of a dataset.

    Attributes:
        signal: (problems,) of each distinct problem that was asked.
        most: (problems,) share of the answers that agree on one that is not the label.
        distinct: How many distinct problems there are, those that were not asked too.
        breadth: Effective number of sources.
        asked: Share of the rows whose problem was asked.
    """

    signal: Floats
    most: Floats
    distinct: float
    breadth: float
    asked: float = 1.0

    @classmethod
    def of(cls, met: Integers, judged: Integers, most: Integers, sources: Floats) -> Measures:
        """From counts, of a dataset whose problems were all asked.

        Args:
            met: (problems,) answers of the base that meet the label,
            judged: of so many that could be judged.
            most: (problems,) how many agree on one that is not the label.
            sources: Shares of the rows from each source, sum 1.
        """
        shares = sources[sources > 0]
        breadth = float(np.exp(-(shares * np.log(shares)).sum()))
        return cls(signal(met, judged), most / np.maximum(judged, 1), len(met), breadth)


def signal(met: Integers, judged: Integers) -> Floats:
    """Chance that a group has both right and wrong answers, shape (n,).

    Without bias where there are as many answers as in a group (as Pass@k, Chen et al. 2021); with fewer, for
    a group of these.

    Args:
        met: Right answers,
        judged: of so many.
    """
    size = np.minimum(GROUP, judged)
    none_or_all = (comb(met, size) + comb(judged - met, size)) / np.maximum(comb(judged, size), 1)
    return np.where(judged > 0, np.clip(1 - none_or_all, 0, 1), 0.0)


def taught(measures: Measures, fitted: Constants) -> Floats:
    """(problems,) what each problem gives: its signal, against it where the label is outvoted."""
    return measures.signal * (1 - fitted.harm * (measures.most >= fitted.outvoted))


def value(measures: Measures, fitted: Constants) -> float:
    """The score of a dataset."""
    return float(taught(measures, fitted).mean() * _amount(measures, fitted))


def _amount(measures: Measures, fitted: Constants) -> float:
    """What does not depend on which problems are drawn."""
    saturated = measures.distinct / (measures.distinct + fitted.half)
    return float(saturated * measures.breadth**fitted.power)


def score_before(
    datasets: Mapping[str, Measures],
    model: str,
    *,
    min_asked: float = 0.5,
    bootstrap: Bootstrap = BOOTSTRAP,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The score of every dataset, and every two of them compared.

    Args:
        datasets: Dataset -> what is measured of it, see `asked.measures_of`.
        model: Name of the base.
        min_asked: Where a smaller share of a dataset's rows was asked it has no score.
        bootstrap: Of the intervals: problems are drawn. What another training run would give is not in them.

    Returns:
        schema.BEFORE_SCORES, highest first; schema.SCORE_PAIRS.
    """
    fitted = constants()
    drawn: dict[str, Floats] = {}
    lines = []
    for name, measures in datasets.items():
        known = len(measures.signal) > 0 and measures.asked >= min_asked
        values = np.full(1 + bootstrap.draws, np.nan)
        if known:
            each, counts = np.unique(taught(measures, fitted), return_counts=True)
            sums = resampled_sums(each[:, None], counts, bootstrap.draws, bootstrap.generator(name))
            values = sums[:, 0] / len(measures.signal) * _amount(measures, fitted)
        drawn[name] = values
        low, high = bootstrap.interval(values[1:, None])
        outvoted = measures.most >= fitted.outvoted
        lines.append(
            {
                "dataset": name,
                "model": model,
                "value": values[0],
                "low": float(low[0]),
                "high": float(high[0]),
                "problems": int(measures.distinct),
                "asked": measures.asked,
                "signal": float(measures.signal.mean()) if len(measures.signal) else np.nan,
                "outvoted": float(outvoted.mean()) if len(outvoted) else np.nan,
                "sources": measures.breadth,
            }
        )
    ranks = rank_intervals(np.array([*drawn.values()]), bootstrap.level)
    frame = pl.DataFrame(lines).with_columns(pl.Series(name, values) for name, values in ranks.items())
    scores = conform(frame, BEFORE_SCORES).with_columns(pl.selectors.float().fill_nan(None))
    return scores.sort("value", "dataset", descending=[True, False], nulls_last=True), pairs_of(
        drawn, model, bootstrap
    )
