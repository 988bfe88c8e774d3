"""Tokens: every number, sign and variable is kept, spelling is not."""

from collections import Counter

import pytest

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
