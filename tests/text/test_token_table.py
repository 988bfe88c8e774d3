"""Tokens of many texts are those of each."""

import sys
import unicodedata

import polars as pl

from rlvr_atlas.text.token_table import TokenTable
from rlvr_atlas.text.tokens import tokenise


def test_both_engines_find_the_same_tokens_around_every_character():
    """Python's Unicode may be older than Polars': characters that it does not know are left out."""
    known = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if not 0xD800 <= code <= 0xDFFF and unicodedata.category(chr(code)) != "Cn"
    ]
    texts = [f"a{sign}b 1{sign}2 {sign}" for sign in known]
    table = TokenTable.of(texts)
    assert len(table) > 250_000
    assert [text for at, text in enumerate(texts) if table[at] != tuple(tokenise(text))] == []


def test_empty_texts_and_lots_have_their_place(monkeypatch):
    monkeypatch.setattr("rlvr_atlas.text.token_table._TEXTS", 2)
    texts = ["", "3.0 pears", "", "", "pears + 3", ""]
    table = TokenTable.of(pl.Series(texts))
    assert [table[at] for at in range(6)] == [(), ("3", "pears"), (), (), ("pears", "+", "3"), ()]
    assert [*table.vocabulary] == ["3", "pears", "+"]
    assert len(TokenTable.of([])) == 0
