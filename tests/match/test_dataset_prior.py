"""What a whole dataset tells about one of its texts."""

from dataclasses import replace

import numpy as np
import pytest

from rlvr_atlas.match.dataset_prior import Claims, Datasets, confirmed, factors, origins, without_original

SEED, REST, DERIVED = 100, 300, 100  # an earlier dataset, a larger one, and one made from the earlier


def _datasets(holders=None):
    begins = np.repeat([0, SEED, SEED + REST], [SEED, REST, DERIVED])
    n = len(begins)
    held = holders or [np.arange(SEED), np.arange(SEED, SEED + REST), np.arange(SEED + REST, n)]
    return Datasets(begins, np.arange(n), begins == SEED + REST, held)


def _claims(odds, parents=None):
    """The k-th text of the last dataset claims the k-th of the first one."""
    k = np.arange(len(odds))
    return Claims(SEED + REST + k, k if parents is None else parents, np.array(odds, float))


def test_the_odds_rise_with_the_share_that_has_an_original():
    few = factors(_claims([99.0] * 5 + [0.5] * 95), _datasets(), {})
    many = factors(_claims([99.0] * 95 + [0.5] * 5), _datasets(), {})
    assert few[-1] == pytest.approx(0.3)
    assert many[-1] == pytest.approx(12.0)


def test_two_rows_prove_nothing():
    begins = np.array([0, 0, 2, 2])
    tiny = Datasets(begins, np.arange(4), begins == 2, [np.array([0, 1]), np.array([2, 3])])
    claims = Claims(np.array([2, 3]), np.array([0, 1]), np.array([99.0, 0.5]))
    assert factors(claims, tiny, {})[1] < 1


def test_an_original_that_is_taken_is_less_likely_unless_the_dataset_uses_originals_often():
    once = np.arange(DERIVED)
    once[-1] = 0
    assert factors(_claims([99.0] * 99 + [2.0], once), _datasets(), {})[-1] < 1
    often = np.arange(DERIVED) // 10
    assert factors(_claims([99.0] * 99 + [2.0], often), _datasets(), {})[-1] > 1


def test_where_originals_are_not_exclusive_a_taken_one_counts_as_much():
    once = np.arange(DERIVED)
    once[-1] = 0
    claims = _claims([99.0] * DERIVED, once)
    open_to_all = replace(_datasets(), exclusive=False)
    assert factors(claims, _datasets(), {})[-1] < factors(claims, open_to_all, {})[-1]
    assert len(set(factors(claims, open_to_all, {}))) == 1


def test_originals_stand_in_the_dataset_that_holds_most_of_them_in_the_fewest_texts():
    everything = np.arange(SEED + REST)
    datasets = _datasets([everything, np.arange(SEED), np.arange(SEED, SEED + REST)])
    claims = _claims([99.0] * 80 + [0.001] * 20)
    found = origins(claims, datasets)
    assert list(found) == [SEED + REST]
    assert found[SEED + REST].texts.tolist() == list(range(SEED))
    assert found[SEED + REST].covered == 1
    ((children, among),) = without_original(claims, datasets, found)
    assert children.tolist() == list(range(SEED + REST + 80, SEED + REST + DERIVED))
    assert among.tolist() == list(range(80, SEED))  # what others have taken is not looked at again


def test_a_parent_elsewhere_is_less_likely():
    datasets = _datasets()
    parents = np.arange(DERIVED)
    parents[-1] = SEED + 7
    claims = _claims([99.0] * 99 + [3.0], parents)
    known = origins(claims, datasets)
    assert factors(claims, datasets, known)[-1] < factors(claims, datasets, {})[-1]


def test_wrong_links_elsewhere_do_not_hide_where_originals_are():
    elsewhere = np.split(np.arange(SEED, SEED + REST), 20)
    datasets = _datasets([np.arange(SEED), *elsewhere])
    parents = np.arange(DERIVED)
    parents[80:] = [held[0] for held in elsewhere]
    claims = _claims([99.0] * 80 + [0.5] * 20, parents)
    before = origins(claims, datasets)
    after = confirmed(claims, datasets, before)
    assert before[SEED + REST].covered < after[SEED + REST].covered == 1
    assert factors(claims, datasets, after)[-1] < factors(claims, datasets, before)[-1]


def test_a_dataset_of_new_problems_has_no_origin_and_is_not_searched_again():
    claims = _claims([99.0] * 10 + [0.001] * 90)
    assert origins(claims, _datasets()) == {}
    assert list(without_original(claims, _datasets(), {})) == []


def test_no_claims_at_all():
    nothing = Claims(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    assert len(factors(nothing, _datasets(), {})) == 0
    assert origins(nothing, _datasets()) == {}
