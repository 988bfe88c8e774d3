"""How much training raised the solve rate of each problem, as a posterior: what a few answers can tell.

Each problem has a solve rate under the base and one under the checkpoint; the right answers are binomial. The
prior over both rates is fitted to the answers themselves (empirical Bayes), for each source and split:

1. A beta-binomial distribution is fitted to the answers of the base by penalised maximum likelihood, another
   to those of the checkpoint. Half of a first prior says that a problem's rate is the same in both passes,
   half that the two rates are independent.
2. Rates lie on a fixed grid, so a prior is a table of weights (base rate x trained rate). EM fits it to all
   problems, and the first prior counts as so many problems more (`_PRIOR_PROBLEMS`). Problems like each other
   thus tell what to expect: that those solved once in four are solved always after training, or that they
   only looked so.

The posterior of a problem is its own table. Not covered: noise of training (another seed), and neighbours
that copy each other, which count as independent problems.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.stats import Floats, Integers

#: A rate is called raised where it rose by more than this. Less cannot be told from none by few answers.
RAISED_BY = 0.1
LEVEL = 0.95
#: Solve rates, closer to each other at the ends: nearly never and never are different things to train on.
RATES: Floats = np.concatenate([[0.002, 0.01, 0.03], np.linspace(0.07, 0.93, 14), [0.97, 0.99, 0.998]])
#: Gain of each pair (base rate, trained rate).
GAINS: Floats = RATES[None, :] - RATES[:, None]
_PRIOR_PROBLEMS = 20.0
_SAME = 0.5
_ROUNDS = 100
#: Results are rounded, so that they do not depend on the order in which a machine adds.
_DECIMALS = 6
#: Which k are tried by `worth_of_k`.
KS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


@dataclass(frozen=True)
class Counts:
    """Right answers of some problems, shape (problems,) each.

    Attributes:
        right: Right answers of the base.
        judged: Answers of the base that could be judged.
        right_after: Those of the checkpoint.
        judged_after: The same.
    """

    right: Integers
    judged: Integers
    right_after: Integers
    judged_after: Integers


def posterior(pairs: pl.DataFrame) -> pl.DataFrame:
    """Add what training did to each problem, with a prior fitted to each source and split.

    Args:
        pairs: source, split, base_correct, trained_correct, base_judged, trained_judged, as `pair` gives them
            for each source's own checkpoint.

    Returns:
        The same lines with `raised` (probability that the solve rate rose by more than `RAISED_BY`),
        `expected_gain` (posterior mean of trained rate - base rate), `expected_gain_low` and `_high` (95%);
        null where a share is null.
    """
    names = ("raised", "expected_gain", "expected_gain_low", "expected_gain_high")
    numbered = pairs.with_row_index("at")
    parts = []
    for group in numbered.drop_nulls(["base_correct", "trained_correct"]).partition_by("source", "split"):
        counts = _counts(group)
        found = _posterior(counts, fit(counts))
        parts.append(group.select("at").with_columns(*map(pl.Series, names, found.T)))
    empty = pl.DataFrame(schema={"at": numbered.schema["at"], **dict.fromkeys(names, pl.Float64)})
    found_all = pl.concat([empty, *parts])
    return numbered.join(found_all, on="at", how="left", maintain_order="left").drop("at")


def fit(counts: Counts) -> Floats:
    """The prior of some problems, by empirical Bayes.

    Args:
        counts: Their answers.

    Returns:
        Weights of (base rate, trained rate) on `RATES`, shape (rates, rates), that sum to 1.
    """
    kinds, problems = _kinds(counts)
    weights = first = _first_prior(kinds, problems)
    likelihood = _likelihood(kinds)
    total = problems.sum() + _PRIOR_PROBLEMS
    for _ in range(_ROUNDS):
        each = likelihood * weights
        each *= (problems / each.sum(axis=(1, 2)))[:, None, None]
        weights = (each.sum(axis=0) + _PRIOR_PROBLEMS * first) / total
    return weights


def prior_of(transitions: pl.DataFrame | None) -> Floats:
    """The prior of all problems of a table of transitions, or one that says little where there is none.

    Args:
        transitions: schema.TRANSITIONS, or None: then rates are uniform, half of them unchanged.

    Returns:
        As `fit`.
    """
    measured = None if transitions is None else transitions.drop_nulls(["base_correct", "trained_correct"])
    if measured is None or measured.is_empty():
        nothing = np.zeros(0, np.int64)
        return _first_prior(Counts(nothing, nothing, nothing, nothing), np.zeros(0))
    return fit(_counts(measured.with_columns(base_judged="rollouts", trained_judged="rollouts")))


def worth_of_k(problems: int, budget: int, wanted: int, prior: Floats) -> pl.DataFrame:
    """What k answers to a problem are worth: many problems asked a little, or few asked much.

    Rows are chosen by expected gain among the problems asked; where fewer are asked than wanted, the others
    are drawn at random from the rest. The figures are exact sums over all outcomes under the prior.

    Args:
        problems: How many there are.
        budget: Answers that can be paid for, of base and checkpoint together.
        wanted: How many rows are to be chosen.
        prior: As `fit` or `prior_of` give it.

    Returns:
        A line for each k of `KS` that the budget can pay for: k, asked (problems), answers, chosen_gain (mean
        expected gain of the rows chosen), random_gain (of rows drawn at random); the best k first.

    Raises:
        InputError: If a number is below 1, more rows are wanted than there are, or the budget pays for no
            answer of both to any problem.
    """
    if min(problems, budget, wanted) < 1 or wanted > problems:
        what = f"{wanted} of {problems} problems by {budget} answers"
        raise InputError(what, fix="want at least one row and at most all; pay for at least two answers")
    ks = [k for k in KS if budget >= 2 * k]
    if not ks:
        raise InputError(f"{budget} answers pay for no comparison", fix="two are the least: k = 1")
    mean = float((prior * GAINS).sum())
    lines = []
    for k in ks:
        asked = min(problems, budget // (2 * k))
        taken = min(wanted, asked)
        best = _best_share(prior, k, taken / asked)
        lines.append((k, asked, 2 * k * asked, (taken * best + (wanted - taken) * mean) / wanted, mean))
    names = ("k", "asked", "answers", "chosen_gain", "random_gain")
    found = pl.DataFrame(lines, names, orient="row").with_columns(pl.selectors.float().round(_DECIMALS))
    return found.sort("chosen_gain", "answers", descending=[True, False])


def _best_share(prior: Floats, k: int, share: float) -> float:
    """Mean expected gain of the best `share` of problems, chosen by what k answers of both say."""
    right = np.arange(k + 1)
    first, second = np.repeat(right, k + 1), np.tile(right, k + 1)
    all_of = np.full(len(first), k)
    likelihood = _likelihood(Counts(first, all_of, second, all_of)) * _ways(k)[first, None, None]
    each = likelihood * _ways(k)[second, None, None] * prior
    chance, gain = each.sum(axis=(1, 2)), (each * GAINS).sum(axis=(1, 2))
    order = np.argsort(-gain / chance, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(chance[order])[:-1]])
    part = np.clip((share - before) / chance[order], 0.0, 1.0)
    return float((part * gain[order]).sum() / share)


def _ways(k: int) -> Floats:
    from scipy.special import comb

    return np.asarray(comb(k, np.arange(k + 1)), np.float64)


def _counts(pairs: pl.DataFrame) -> Counts:
    def right(share: str, judged: str) -> Integers:
        return pairs.select((pl.col(share) * pl.col(judged)).round().cast(pl.Int64)).to_series().to_numpy()

    return Counts(
        right=right("base_correct", "base_judged"),
        judged=pairs["base_judged"].to_numpy(),
        right_after=right("trained_correct", "trained_judged"),
        judged_after=pairs["trained_judged"].to_numpy(),
    )


def _kinds(counts: Counts) -> tuple[Counts, Floats]:
    """Problems with equal answers are one kind: the kinds, and how many problems are of each."""
    table = np.column_stack([counts.right, counts.judged, counts.right_after, counts.judged_after])
    kinds, problems = np.unique(table, axis=0, return_counts=True)
    return Counts(*kinds.T), problems.astype(np.float64)


def _posterior(counts: Counts, prior: Floats) -> Floats:
    """Raised, expected gain, and the ends of its interval for each problem, shape (problems, 4)."""
    table = np.column_stack([counts.right, counts.judged, counts.right_after, counts.judged_after])
    kinds, where = np.unique(table, axis=0, return_inverse=True)
    each = _likelihood(Counts(*kinds.T)) * prior
    each /= each.sum(axis=(1, 2), keepdims=True)
    order = np.argsort(GAINS, axis=None, kind="stable")
    sorted_gains, reached = GAINS.ravel()[order], each.reshape(len(kinds), -1)[:, order].cumsum(axis=1)
    ends = [sorted_gains[(reached >= at).argmax(axis=1)] for at in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)]
    raised = each[:, GAINS > RAISED_BY].sum(axis=1)
    found: Floats = np.column_stack([raised, (each * GAINS).sum(axis=(1, 2)), *ends])
    rounded: Floats = found.round(_DECIMALS)[where.ravel()]
    return rounded


def _likelihood(kinds: Counts) -> Floats:
    """Of each kind under each pair of rates, but for a factor: shape (kinds, rates, rates)."""
    base = _one_side(kinds.right, kinds.judged)
    after = _one_side(kinds.right_after, kinds.judged_after)
    return base[:, :, None] * after[:, None, :]


def _one_side(right: Integers, judged: Integers) -> Floats:
    logs = right[:, None] * np.log(RATES) + (judged - right)[:, None] * np.log1p(-RATES)
    likelihood: Floats = np.exp(logs)
    return likelihood


def _first_prior(kinds: Counts, problems: Floats) -> Floats:
    """Half of the weight where both rates are the same, half where they are independent."""
    before = _beta(kinds.right, kinds.judged, problems)
    after = _beta(kinds.right_after, kinds.judged_after, problems)
    weights: Floats = _SAME * np.diag((before + after) / 2) + (1 - _SAME) * np.outer(before, after)
    weights /= weights.sum()
    return weights


def _beta(right: Integers, judged: Integers, problems: Floats) -> Floats:
    """Weights on RATES of the beta distribution that fits best; a weak penalty holds it with few problems."""
    from scipy.optimize import minimize
    from scipy.special import betainc, betaln, expit

    def shape(at: Floats) -> tuple[float, float]:
        mean, size = np.clip(at, -12.0, 12.0)
        return float(expit(mean) * np.exp(size)), float(expit(-mean) * np.exp(size))

    def loss(at: Floats) -> float:
        a, b = shape(at)
        fits = problems @ (betaln(right + a, judged - right + b) - betaln(a, b))
        return float(-fits + (at[0] / 3) ** 2 / 2 + ((at[1] - np.log(2)) / 2) ** 2 / 2)

    found = minimize(loss, np.array([0.0, np.log(2)]), method="Nelder-Mead").x
    edges = np.concatenate([[0.0], (RATES[1:] + RATES[:-1]) / 2, [1.0]])
    weights: Floats = np.diff(betainc(*shape(found), edges))
    return weights
