"""Our statistics are those of scipy, and components are named by their smallest member."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlvr_atlas.errors import InputError
from rlvr_atlas.stats import components, correlation, correlation_p_value, ranks, wilson

SMALL = st.integers(-20, 20)


@given(st.integers(0, 500), st.integers(1, 500), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_of_a_share_is_that_of_scipy(hits, more, level):
    total = hits + more - 1 or 1
    hits = min(hits, total)
    expected = stats.binomtest(hits, total).proportion_ci(level, method="wilson")
    assert wilson(hits, total, level) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1))
def test_intervals_of_many_shares_hold_their_share_and_are_never_empty(counts):
    hits = np.array([hit for hit, _ in counts])
    total = hits + np.array([more for _, more in counts])
    low, high = wilson(hits, total)
    none = total == 0
    assert np.isnan(low[none]).all() and np.isnan(high[none]).all()
    share = hits[~none] / total[~none]
    assert (low[~none] >= 0).all() and (low[~none] <= share).all()
    assert (high[~none] >= share).all() and (high[~none] <= 1).all()
    assert (low[~none] < high[~none]).all()


def test_the_interval_of_a_share_is_exact_at_zero_and_one_and_takes_effective_numbers():
    low, high = wilson(np.array([0, 10, 5]), np.array([10, 10, 10]))
    assert (low[0], high[1]) == (0.0, 1.0)
    np.testing.assert_allclose(low, [0, 0.7225, 0.2366], atol=1e-4)
    np.testing.assert_allclose(high, [0.2775, 1, 0.7634], atol=1e-4)
    between = wilson(0.3 * 12.5, 12.5)
    assert wilson(0.3 * 12, 12)[0] < between[0] < wilson(0.3 * 13, 13)[0]


@pytest.mark.parametrize(("hits", "total"), [(3, 2), (-1, 2)])
def test_a_share_that_is_none_is_an_error(hits, total):
    with pytest.raises(InputError, match="successes"):
        wilson(hits, total)


@given(st.lists(st.tuples(SMALL, SMALL), min_size=3, max_size=12))
def test_correlations_are_those_of_scipy_ties_included(pairs):
    x, y = np.array(pairs, float).T
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(correlation(x, y)) and math.isnan(correlation(ranks(x), ranks(y)))
        return
    assert correlation(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)
    assert correlation(ranks(x), ranks(y)) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)


def test_two_values_have_no_correlation_and_lines_are_correlated_each_for_itself():
    assert math.isnan(correlation(np.array([1.0, 2.0]), np.array([2.0, 1.0])))
    x, y = np.random.default_rng(0).normal(size=(2, 4, 6))
    assert correlation(x, y).tolist() == [float(correlation(a, b)) for a, b in zip(x, y, strict=True)]
    assert correlation(x[0], y).shape == (4,)


def test_ranks_of_equal_values_are_their_mean_or_follow_their_order():
    values = np.array([[3.0, 1.0, 3.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    assert ranks(values).tolist() == [[3.5, 1, 3.5, 2], [2.5] * 4]
    assert ranks(values, "ordinal").tolist() == [[3, 1, 4, 2], [1, 2, 3, 4]]


@given(st.lists(st.tuples(SMALL, SMALL), min_size=3, max_size=6))
def test_the_p_value_counts_every_order(pairs):
    x, y = np.array(pairs, float).T
    if len(set(x)) == 1 or len(set(y)) == 1:
        return
    least = abs(np.corrcoef(x, y)[0, 1]) - 1e-8
    strong = [abs(np.corrcoef(x, order)[0, 1]) >= least for order in permutations(y)]
    assert correlation_p_value(x, y) == pytest.approx(np.mean(strong))


def test_the_p_value_of_many_values_comes_from_a_sample_that_never_changes():
    x, y = np.random.default_rng(1).normal(size=(2, 30))
    found = correlation_p_value(x, y)
    assert found == correlation_p_value(x, y)
    assert found == pytest.approx(stats.pearsonr(x, y).pvalue, abs=0.02)
    assert correlation_p_value(x, x) == 1 / 20_001, "the order that is there is one of those that could be"


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11))))
def test_components_are_named_by_their_smallest_member(n, pairs):
    inside = [(a, b) for a, b in pairs if a < n and b < n]
    reached = {number: {number} for number in range(n)}
    for _ in range(n):
        for a, b in inside:
            both = reached[a] | reached[b]
            reached |= dict.fromkeys(both, both)
    assert components(n, iter(inside)) == [min(reached[number]) for number in range(n)]


def test_many_links_between_the_same_two_count_as_one():
    """Their sum would be 0 in a small integer type."""
    assert components(3, [(1, 2)] * 256) == [0, 1, 1]
    assert components(0, []) == []
