"""Words that the matcher is judged on stand in no list that it knows."""

import hashlib
import tomllib
from pathlib import Path

import pytest

from rlvr_atlas.text.tokens import lexicon

LISTS = Path(__file__).resolve().parents[2] / "benchmarks" / "matching" / "exchanges.toml"
HALVES = tomllib.loads(LISTS.read_text(encoding="utf-8"))


def pairs(half):
    """Kind and pair of each exchange of a half."""
    return [
        (kind, tuple(pair))
        for kind, listed in HALVES[half].items()
        for pair in listed
        if isinstance(pair, list)
    ]


def words(half):
    return {word.lower() for _, pair in pairs(half) for word in pair}


def groups(half):
    """Words of a half that stand together in pairs, directly or by way of others."""
    found = []
    for _, pair in pairs(half):
        joined = set(pair).union(*(group for group in found if group & set(pair)))
        found = [group for group in found if not group & joined] + [joined]
    return found


def known(group):
    """Whether a word of a group is one that asks, by the lexicon."""
    return any(word in lexicon().asks for term in group for word in (term.lower(), *term.lower().split()))


@pytest.mark.parametrize("half", ["train", "test"])
def test_each_half_has_words_of_every_kind(half):
    kinds = {kind for kind, _ in pairs(half)}
    assert kinds == {
        "ask", "quantifier", "condition", "object", "function", "relation", "unit", "order", "operator",
    }  # fmt: skip
    assert len(pairs(half)) > 100


def test_no_word_stands_in_both_halves():
    assert words("train") & words("test") == set()


def test_no_word_of_the_unseen_half_is_an_ask_of_the_lexicon():
    assert [group for group in groups("test") if known(group)] == []


def test_halves_follow_the_rule():
    def odd(group):
        return hashlib.sha1(min(group).encode()).digest()[0] % 2 == 1

    assert [group for group in groups("test") if not odd(group)] == []
    assert [group for group in groups("train") if odd(group) and not known(group)] == []


@pytest.mark.parametrize("name", ["frames", "distractions", "added", "added_to_variable", "adjectives"])
def test_sentences_of_the_halves_differ(name):
    assert set(HALVES["train"][name]).isdisjoint(HALVES["test"][name])
