"""Candidates: BM25 against a plain computation, earlier texts only, and equal answers behind a crowd."""

import math
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.match.candidates import Texts, _terms

WORDS = ["apple", "pear", "cart", "road", "x", "=", "7", "12", "\\frac", "sum"]
texts_of = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(tuple), min_size=2, max_size=20
)


def _search(texts, child, limit, answers=None, extra=(-1,)):
    index = Texts(texts, answers or [None] * len(texts))
    return index.search(np.array([child]), np.array([limit]), np.array([extra]))


@given(texts_of)
def test_scores_are_bm25_as_a_share_of_the_own_score(texts):
    child = len(texts) - 1
    listed = [_terms(text) for text in texts]
    average = max(sum(map(len, listed)) / len(listed), 1)
    often = Counter(term for terms in listed for term in set(terms))

    def score(of):
        counts = Counter(listed[of])
        total = 0.0
        for term in set(listed[child]):
            idf = math.log1p((len(texts) - often[term] + 0.5) / (often[term] + 0.5))
            norm = 1.2 * (0.25 + 0.75 * len(listed[of]) / average)
            total += idf * counts[term] * 2.2 / (counts[term] + norm)
        return total

    found = _search(texts, child, child)
    for parent, share in zip(found.parents, found.bm25, strict=True):
        assert math.isclose(share, score(parent) / (score(child) or 1), abs_tol=1e-4)


@given(texts_of, st.integers(0, 19))
def test_only_earlier_texts_are_found(texts, limit):
    assert all(_search(texts, len(texts) - 1, min(limit, len(texts) - 1)).parents < limit)


def test_an_equal_answer_is_found_behind_a_crowd_of_better_wording():
    crowd = [("apple", "pear", "cart", f"{n}") for n in range(50)]
    texts = [("apple", "road"), *crowd, ("apple", "pear", "cart")]
    answers = ["17/43", *["2"] * 50, "17/43"]
    assert 0 not in _search(texts, 51, 51).parents
    assert 0 in _search(texts, 51, 51, answers).parents


def test_candidates_from_elsewhere_are_scored_too_and_marks_of_none_are_not():
    texts = [("road",), ("apple", "pear"), ("pear", "cart")]
    found = _search(texts, 2, 2, extra=(0, -1))
    assert found.parents.tolist() == [0, 1]
    assert found.bm25[0] == 0 < found.bm25[1]


def test_nothing_to_search():
    index = Texts([("a",)], [None])
    assert len(index.search(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 1), int)).children) == 0
