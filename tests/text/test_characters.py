"""Patterns that are made cheap: an end of a word is one of ASCII words."""

import polars as pl
import pytest

from rlvr_atlas.text.characters import ascii_words


@pytest.mark.parametrize(
    ("pattern", "made"),
    [
        (r"\bsum\b", r"(?-u:\b)sum(?-u:\b)"),
        (r"\\begin\b", r"\\begin(?-u:\b)"),  # an escaped backslash before a b is TeX
        (r"[\d\w]\.", r"[\d\w]\."),
    ],
)
def test_only_ends_of_words_are_changed(pattern, made):
    assert ascii_words(pattern) == made


def test_it_finds_the_same_in_texts_that_are_not_ascii():
    texts = pl.Series(["größe sum ≥ 3", "the sum", "summe", "l'été sum"])
    assert texts.str.contains(ascii_words(r"\bsum\b")).to_list() == [True, True, False, True]
