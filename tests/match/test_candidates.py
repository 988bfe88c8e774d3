"""Candidates: BM25 against a plain computation, earlier texts only, and equal answers behind a crowd."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.match.retrieval import Texts
from rlvr_atlas.match.searched import SEARCHED
from rlvr_atlas.text.token_table import TokenTable
from rlvr_atlas.text.tokens import lexicon

WORDS = ["apple", "pear", "cart", "road", "x", "=", "7", "12", "\\frac", "sum"]
texts_of = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(tuple), min_size=2, max_size=20
)


def _terms(text):
    """Tokens but function words, and pairs unless both are words of two Latin letters or more."""
    plain = [len(token) > 1 and token.isalpha() and token.isascii() for token in text]
    pairs = [
        f"{a} {b}" for a, b, *word in zip(text, text[1:], plain, plain[1:], strict=False) if not all(word)
    ]
    return [token for token in text if token not in lexicon().function_words] + pairs


def _index(texts, answers):
    return Texts(TokenTable.of_tokens(texts), answers)


def _search(texts, child, limit, answers=None, extra=(-1,)):
    index = _index(texts, answers or [None] * len(texts))
    (block,) = index.blocks(np.array([child]), np.array([limit]), np.array([extra]))
    return block()


def _column(found, name):
    return found.searched[:, SEARCHED.index(name)]


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
    for parent, share in zip(found.parents, _column(found, "bm25"), strict=True):
        assert math.isclose(share, score(parent) / (score(child) or 1), abs_tol=1e-4)


@given(texts_of, st.integers(0, 19))
def test_only_earlier_texts_are_found(texts, limit):
    assert all(_search(texts, len(texts) - 1, min(limit, len(texts) - 1)).parents < limit)


@given(texts_of)
def test_shares_of_terms_are_weighed_by_rarity(texts):
    child = len(texts) - 1
    listed = [set(_terms(text)) for text in texts]
    often = Counter(term for terms in listed for term in terms)

    def weight(terms):
        return sum(math.log1p((len(texts) - often[t] + 0.5) / (often[t] + 0.5)) ** 2 for t in terms)

    found = _search(texts, child, child, extra=range(child))
    for parent, held in zip(found.parents, _column(found, "child_terms"), strict=True):
        shared = weight(listed[child] & listed[parent])
        assert math.isclose(held, shared / (weight(listed[child]) or 1), abs_tol=1e-4)


def test_an_equal_answer_is_found_behind_a_crowd_of_better_wording():
    crowd = [("apple", "pear", f"{n}") for n in range(50)]
    others = [("road", "sum", f"{n}") for n in range(200)]
    texts = [("apple", "road"), *crowd, *others, ("apple", "pear", "cart")]
    answers = ["17/43", *["2"] * 250, "17/43"]
    assert 0 not in _search(texts, 251, 251).parents
    assert 0 in _search(texts, 251, 251, answers).parents


@pytest.mark.parametrize("size", [10, 200])
def test_of_one_answer_the_likest_are_found_whatever_the_size_of_the_group(size):
    rng = np.random.default_rng(size)
    texts = [(*tuple(rng.choice(WORDS, 8)), f"{n}") for n in range(size)]
    child = (*texts[3], "apple")
    found = _search([*texts, child], size, size, ["5"] * (size + 1))
    assert 3 in found.parents
    assert (_column(found, "forms") == 1).all()


def test_the_same_answer_and_numbers_are_candidates_whatever_the_words():
    retold = (
        "a",
        "tower",
        "of",
        "24",
        "by",
        "41",
        "cut",
        "out",
        "of",
        "quite",
        "other",
        "planks",
        "and",
        "nails",
    )
    crowd = [("a", "tower", "of", str(n), "by", "planks", "and", "nails") for n in range(50, 70)]
    told = ("volume", "if", "radius", "24", "height", "41")
    texts = [told, *crowd, retold]
    child = len(texts) - 1
    assert 0 in _search(texts, child, child, ["984", *["7"] * 20, "984"]).parents
    index = _index(texts, [None] * len(texts))
    none = np.array([[-1]])
    (block,) = index.blocks(np.array([child]), np.array([child]), none, by_numbers=True)
    found = block()
    assert found.parents.tolist() == [0]


def test_candidates_from_elsewhere_are_scored_too_and_marks_of_none_are_not():
    texts = [("road",), ("apple", "pear"), ("pear", "cart")]
    found = _search(texts, 2, 2, extra=(0, -1))
    assert found.parents.tolist() == [0, 1]
    bm25 = _column(found, "bm25")
    assert bm25[0] == 0 < bm25[1]


def test_cosines_are_known_where_there_are_vectors():
    texts = [("apple", "pear"), ("apple", "pear", "cart")]
    vectors = np.array([[1, 0], [0.6, 0.8]], np.float16)
    index = _index(texts, [None, None])
    (block,) = index.blocks(np.array([1]), np.array([1]), np.array([[-1]]), vectors)
    found = block()
    assert np.isclose(_column(found, "cosine"), 0.6, atol=1e-3)
    assert np.isnan(_column(_search(texts, 1, 1), "cosine")).all()


def test_nothing_to_search():
    index = _index([("a",)], [None])
    assert not index.blocks(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 1), int))
