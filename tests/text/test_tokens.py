"""Tokens: every number, sign and variable is kept, spelling is not."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.match.evidence import measure
from rlvr_atlas.text.tokens import Parts, lexicon, tokenise


def test_tokens_of_mixed_text():
    assert tokenise(r"f(x)=3.5x^2-\frac{1}{2}, 求最大值") == [
        "f", "x", "=", "3.5", "x", "^", "2", "-", r"\frac", "1", "2", "求", "最大", "值",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("seven pears and 7 figs", {"7": 2}),
        ("a dozen eggs", {"12": 1}),
        ("one of them", {}),
        ("x + 1", {"1": 1}),
    ],
)
def test_values_count_digits_and_words_alike(text, numbers):
    assert Parts.of(text).values == Counter(numbers)


def test_a_hyphen_in_a_word_is_no_minus():
    assert "-" not in Parts.of("a two-digit number").operators
    assert Parts.of("x - y").operators["-"] == 1


def test_no_word_carries_two_meanings():
    """A word in two lines of the lexicon would silently keep the last one only."""
    import tomllib
    from importlib.resources import files

    data = tomllib.loads(files("rlvr_atlas.text").joinpath("lexicon.toml").read_text("utf-8"))
    for table in ("asks", "numbers"):
        words = [word for line in data[table].values() for word in line]
        assert [word for word, count in Counter(words).items() if count > 1] == []
    assert not lexicon().function_words & set(lexicon().asks)


@given(st.lists(st.sampled_from(["12", "x", "+", "red", "sum", "of", r"\sin"]), max_size=12))
def test_a_text_agrees_with_itself_and_comparison_is_symmetric(tokens):
    parts = Parts(tuple(tokens))
    same = measure(parts, parts)
    assert same.same_content
    assert same.lexical == 1.0
    assert same.changed == ""
    other = Parts(("12", "+", "x"))
    there, back = measure(parts, other), measure(other, parts)
    assert (there.lexical, there.same_content, there.edge) == (back.lexical, back.same_content, back.edge)


@given(
    st.lists(st.sampled_from(["12", "7", "x", "+", "red", "pears"]), min_size=4, max_size=12),
    st.integers(0, 11),
)
def test_changing_one_number_never_keeps_the_content(tokens, position):
    tokens = [*tokens, "5"]
    changed = list(tokens)
    numbers = [i for i, token in enumerate(tokens) if token.isdigit()]
    where = numbers[position % len(numbers)]
    changed[where] = "99"
    assert not measure(Parts(tuple(tokens)), Parts(tuple(changed))).same_content
