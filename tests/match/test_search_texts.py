"""A question with options and the same one without: found by its stem, its answer read from the options."""

import hashlib

import polars as pl
import pytest

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.match import match
from rlvr_atlas.match.search_texts import OPEN, OPTIONS, STEM, search_texts
from rlvr_atlas.text.token_table import TokenTable

STEM_TEXT = (
    "a farmer named olga fills 14 crates with 36 pumpkins each and sells 95 how many pumpkins has she left"
)
OFFERED = STEM_TEXT + " (A) 504 (B) 409 (C) 95 apples and a great many other things (D) none of these numbers"
RETOLD = (
    "olga the farmer packs 36 pumpkins into each of 14 crates 95 are sold determine how many pumpkins remain"
)
FILLER = [f"the number {n} is written {n % 7 + 2} times on the wall of house {n * n}" for n in range(40)]


def _units(rows):
    """Rows of (text, stem, answer)."""
    return pl.DataFrame(
        [
            {"skeleton": text, "prompt": text, "stem": stem, "language": "en", "answer": answer}
            for text, stem, answer in rows
        ],
        schema_overrides={"stem": pl.String, "answer": pl.String},
    )


def _searched(*rows):
    units = _units(rows)
    return search_texts(TokenTable.of(units["skeleton"]), units)


@pytest.mark.parametrize(
    ("answer", "told"),
    [("B", "409"), ("(B)", "409"), ("409", "409"), ("1", None), ("E", None), (None, None)],
)
def test_the_answer_of_a_stem_is_the_option_that_is_pointed_to(answer, told):
    searched = _searched((RETOLD, None, "409"), (OFFERED, STEM_TEXT, answer))
    assert searched.roles.tolist() == [OPEN, OPTIONS, STEM]
    assert searched.owners.tolist() == [0, 1, 1]
    assert " ".join(searched.table[2]) == STEM_TEXT
    assert searched.answers == ["409", answer, told]


@pytest.mark.parametrize("stem", ["which of these is true", "3 - ( - 4 ) ="])
def test_a_stem_that_asks_nothing_is_not_searched(stem):
    assert len(_searched((f"{stem} (A) 7 (B) 8 (C) 9", stem, "A"))) == 1


def test_a_stem_is_compared_with_texts_without_options_only():
    searched = _searched((RETOLD, None, None), (OFFERED, STEM_TEXT, "B"), (OFFERED + " 5", STEM_TEXT, "B"))
    pairs = [(one, other) for one in range(5) for other in range(5)]
    left, right = zip(*pairs, strict=True)
    allowed = dict(zip(pairs, searched.may_pair(list(left), list(right)).tolist(), strict=True))
    assert allowed[0, 3] and allowed[3, 0]  # open and stem
    assert allowed[1, 2]  # options with options
    assert not allowed[0, 1]  # open and options
    assert not (allowed[3, 4] or allowed[1, 3])


@pytest.mark.parametrize("offered_first", [True, False])
@pytest.mark.parametrize("text", [RETOLD, STEM_TEXT])
def test_a_question_told_without_its_options_is_found(offered_first, text):
    offered, bare = (OFFERED, STEM_TEXT, "B"), (text, None, "409")
    early, late = (offered, bare) if offered_first else (bare, offered)
    rows = [early, *((filler, None, None) for filler in FILLER), late]
    instances = _units(rows).with_columns(
        key=pl.Series([hashlib.sha1(row[0].encode()).hexdigest() for row in rows]),
        domain=pl.lit("math"),
        first_dataset=pl.Series(["a"] * (len(rows) - 1) + ["b"]),
        attachments=pl.lit(None, pl.String),
    )
    found = match(instances, MatchSettings(rewordings=True)).matches.filter(pl.col("relation") != "variant")
    assert found.select("child", "parent").rows() == [(instances["key"][-1], instances["key"][0])]
    assert found["probability"].item() >= 0.8
    if text == STEM_TEXT:  # the beginning of the other, word for word
        assert found["relation"].item() == "embedded"
    else:
        assert found["evidence"].struct.field("answers_agree").item() is True
