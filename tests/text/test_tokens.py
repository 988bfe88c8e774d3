"""Tokens: every number, sign and variable is kept, spelling is not."""

from collections import Counter

import pytest

from rlvr_atlas.text.token_table import TokenTable
from rlvr_atlas.text.tokens import Parts, is_sign, is_word, lexicon, tokenise


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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("आम के 12 पेड़ हैं", ["आम", "के", "12", "पेड़", "हैं"]),  # Hindi: vowels are marks
        ("আমের ৭টি গাছ", ["আমের", "৭", "টি", "গাছ"]),  # Bengali
        ("มะม่วง 12 ต้น", ["มะม่วง", "12", "ต้น"]),  # Thai: so are tones
        ("x̄ + 2", ["x", "̄", "+", "2"]),  # in mathematics a bar is a sign
    ],
)
def test_marks_belong_to_the_words_of_their_script(text, words):
    assert tokenise(text) == words == list(TokenTable.of([text])[0])
    assert all(is_word(word) for word in words if word[0].isalpha() and len(word) > 1)
    assert not any(is_sign(word) for word in words if word not in "̄+")
