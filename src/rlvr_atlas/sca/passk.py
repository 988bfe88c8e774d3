"""Mean@k and Pass@k of judged answers.

Mean@k is the share of right answers. Pass@k is the chance that at least one of k answers is right; it is
estimated without bias from n >= k answers, of which c are right, as 1 - C(n - c, k) / C(n, k)
(Chen et al., "Evaluating Large Language Models Trained on Code", 2021).

An answer that could not be judged counts neither as right nor as wrong: a problem without k judged answers
has no value, and is counted as `unjudged`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.resample import BOOTSTRAP, Bootstrap, resampled_sums
from rlvr_atlas.stats import Floats, Integers


def mean_at_k(right: Integers, answers: Integers) -> Floats:
    """Share of right answers of each problem; NaN where there are none."""
    with np.errstate(invalid="ignore"):
        share: Floats = np.asarray(right, np.float64) / np.asarray(answers, np.float64)
    return share


def pass_at_k(right: Integers, answers: Integers, k: int) -> Floats:
    """Unbiased Pass@k of each problem.

    Args:
        right: How many answers are right, shape (problems,).
        answers: How many there are, same shape.
        k: At least 1.

    Returns:
        Shape (problems,); NaN where there are fewer than k answers.

    Raises:
        InputError: If k is below 1, or more answers are right than there are.
    """
    c, n = np.asarray(right, np.float64), np.asarray(answers, np.float64)
    if k < 1:
        raise InputError(f"k is {k}", fix="k counts answers, so it is at least 1")
    if np.any((c < 0) | (c > n)):
        raise InputError("more right answers than answers, or fewer than none")
    # C(n - c, k) / C(n, k) as a product of k factors: no factorial, hence no overflow.
    steps = np.arange(k)[:, None]
    enough = n >= k
    factors = np.maximum(n - c - steps, 0.0) / np.where(enough, n - steps, 1.0)
    return np.where(enough, 1.0 - factors.prod(axis=0), np.nan)


def tally(rollouts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Count the answers to each problem.

    Args:
        rollouts: Columns of `by`, `sample` and `correct`.
        by: What names a problem.

    Returns:
        One line per problem, sorted: `by`, answers, judged, right.

    Raises:
        InputError: If one answer stands there twice.
    """
    counts = (
        rollouts.group_by(by)
        .agg(
            answers=pl.len().cast(pl.Int64),
            judged=pl.col("correct").count().cast(pl.Int64),
            right=pl.col("correct").sum().cast(pl.Int64),
            different=pl.col("sample").n_unique(),
        )
        .sort(by)
    )
    twice = counts.filter(pl.col("different") < pl.col("answers"))
    if twice.height:
        raise InputError(
            f"{twice.height} problems have the same sample number twice",
            where=", ".join(str(value) for value in twice.select(by).row(0)),
            fix="a file of answers was probably read twice, or two checkpoints were put in one",
        )
    return counts.drop("different")


def summarise(
    rollouts: pl.DataFrame,
    ks: Sequence[int],
    *,
    by: Sequence[str] = (),
    bootstrap: Bootstrap = BOOTSTRAP,
) -> pl.DataFrame:
    """Mean@k and Pass@k over the problems of each group, with bootstrap intervals over problems.

    Args:
        rollouts: Columns key, sample, correct and those of `by`.
        ks: Which k; Mean@k is the same for all, but for the problems it is taken over.
        by: Columns that make a group; all problems are one where there are none.
        bootstrap: Of the intervals.

    Returns:
        One line per group and k: `by`, k, problems, unjudged, mean, mean_low, mean_high, pass, pass_low,
        pass_high; values from 0 to 1, null where no problem could be judged.

    Raises:
        InputError: If a k is larger than the number of answers to any problem, or an answer stands there
            twice.
    """
    counts = tally(rollouts, [*by, "key"])
    few = counts["answers"].min()
    if isinstance(few, int) and few < max(ks):
        raise InputError(f"Pass@{max(ks)} of problems with {few} answers", fix="ask for a smaller k")
    groups = counts.partition_by(by, maintain_order=True) if by else [counts]
    lines = [
        {**{name: group[name][0] for name in by}, **_line(group, k, bootstrap)}
        for group in groups
        for k in ks
    ]
    return pl.DataFrame(lines)


def _line(group: pl.DataFrame, k: int, bootstrap: Bootstrap) -> dict[str, float | None]:
    judged, right = group["judged"].to_numpy(), group["right"].to_numpy()
    passed = pass_at_k(right, judged, k)
    values = np.column_stack([mean_at_k(right, judged), passed])[~np.isnan(passed)]
    line: dict[str, float | None] = {"k": k, "problems": len(values), "unjudged": len(passed) - len(values)}
    alone = np.ones(len(values), np.int64)
    sums = resampled_sums(values, alone, bootstrap.draws, bootstrap.generator(f"pass@{k}"))
    with np.errstate(invalid="ignore"):
        means = sums / len(values) if len(values) else np.full_like(sums, np.nan)
    low, high = bootstrap.interval(means[1:])
    for column, name in enumerate(("mean", "pass")):
        ends = {name: means[0, column], f"{name}_low": low[column], f"{name}_high": high[column]}
        line |= {key: None if np.isnan(value) else float(value) for key, value in ends.items()}
    return line
