"""Mean@k and Pass@k against counting by hand, and intervals that keep what they promise."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.passk import mean_at_k, pass_at_k, summarise, tally
from rlvr_atlas.sca.resample import Bootstrap, resampled_sums


@given(st.integers(1, 9), st.data())
def test_pass_at_k_is_the_share_of_subsets_with_a_right_answer(n, data):
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    answers = [True] * c + [False] * (n - c)
    subsets = [any(subset) for subset in combinations(answers, k)]
    assert pass_at_k(np.array([c]), np.array([n]), k)[0] == pytest.approx(np.mean(subsets))


def test_pass_at_one_is_the_mean_and_more_answers_only_help():
    right, answers = np.arange(9), np.full(9, 8)
    np.testing.assert_allclose(pass_at_k(right, answers, 1), mean_at_k(right, answers))
    by_k = np.array([pass_at_k(right, answers, k) for k in range(1, 9)])
    assert (np.diff(by_k, axis=0) >= 0).all()


def test_large_counts_do_not_overflow_and_too_few_answers_have_no_value():
    assert pass_at_k(np.array([1]), np.array([100_000]), 50_000)[0] == pytest.approx(0.5)
    assert np.isnan(pass_at_k(np.array([1]), np.array([3]), 4)[0])


@pytest.mark.parametrize(("right", "answers", "k"), [(1, 4, 0), (5, 4, 1), (-1, 4, 1)])
def test_impossible_counts_are_refused(right, answers, k):
    with pytest.raises(InputError):
        pass_at_k(np.array([right]), np.array([answers]), k)


def _rollouts(*problems):
    """(key, verdicts) with None for an answer that could not be judged."""
    rows = [(key, sample, verdict) for key, verdicts in problems for sample, verdict in enumerate(verdicts)]
    schema = {"key": pl.String, "sample": pl.Int64, "correct": pl.Boolean}
    return pl.DataFrame(rows, schema, orient="row")


def test_a_summary_counts_problems_and_leaves_out_what_could_not_be_judged():
    rollouts = _rollouts(
        ("a", [True, False]), ("b", [False, False]), ("c", [None, None]), ("d", [True, None])
    )
    one, two = summarise(rollouts, [1, 2]).to_dicts()
    assert (one["problems"], one["unjudged"]) == (3, 1)
    assert one["mean"] == pytest.approx((0.5 + 0 + 1) / 3)
    assert (two["problems"], two["unjudged"]) == (2, 2)
    assert two["pass"] == pytest.approx(0.5)
    assert one["mean_low"] <= one["mean"] <= one["mean_high"]


def test_nothing_judged_is_null_and_not_zero():
    line = summarise(_rollouts(("a", [None, None])), [2]).row(0, named=True)
    assert (line["problems"], line["mean"], line["pass"], line["mean_low"]) == (0, None, None, None)


def test_groups_are_summarised_apart_and_the_same_way_every_time():
    rollouts = pl.concat(
        _rollouts(*((f"{n}", [n % 3 == rest, False]) for n in range(30))).with_columns(model=pl.lit(name))
        for rest, name in enumerate(("base", "trained"))
    )
    first, second = (summarise(frame, [1, 2], by=["model"]) for frame in (rollouts, rollouts.reverse()))
    assert first.equals(second)
    assert first["model"].to_list() == ["base", "base", "trained", "trained"]


def test_k_beyond_the_answers_and_repeated_samples_are_errors():
    with pytest.raises(InputError, match="Pass@4"):
        summarise(_rollouts(("a", [True, True])), [4])
    twice = pl.concat([_rollouts(("a", [True])), _rollouts(("a", [True]))])
    with pytest.raises(InputError, match="same sample number twice"):
        tally(twice, ["key"])


def test_problems_that_are_alike_may_be_counted_instead_of_listed():
    """The spread of the sums is the same whether 300 problems are listed or are three kinds of 100."""
    kinds, counts = np.array([[0.0], [1.0], [2.0]]), np.array([100, 100, 100])
    grouped = resampled_sums(kinds, counts, 4000, np.random.default_rng(0))
    listed = resampled_sums(np.repeat(kinds, 100, axis=0), np.ones(300, int), 4000, np.random.default_rng(1))
    assert grouped[0, 0] == listed[0, 0] == 300
    assert grouped[1:].std() == pytest.approx(listed[1:].std(), rel=0.05)
    assert grouped[1:].std() == pytest.approx(np.sqrt(300 * 2 / 3), rel=0.05)


def test_a_bootstrap_interval_holds_the_truth_as_often_as_it_says():
    rng, held = np.random.default_rng(0), 0
    for trial in range(200):
        right = rng.binomial(1, rng.choice([0.1, 0.9], 60))
        drawn = resampled_sums(right[:, None], np.ones(60, int), 300, np.random.default_rng(trial)) / 60
        low, high = Bootstrap(draws=300).interval(drawn[1:])
        held += low[0] <= 0.5 <= high[0]
    assert 0.9 <= held / 200 <= 0.99


@pytest.mark.parametrize("wrong", [{"draws": 0}, {"level": 1.0}])
def test_a_bootstrap_that_draws_nothing_is_refused(wrong):
    with pytest.raises(InputError):
        Bootstrap(**wrong)
