"""Pairs to read: what is marked is what differs, and what is drawn does not depend on chance."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas import schema as record
from rlvr_atlas.report.examples import CONTEXT, DISAGREE, LONGEST, PER_KIND, compare, examples
from rlvr_atlas.report.tables import complete

texts = st.text(alphabet="ab12 \\$+中文\n", max_size=60)


@given(texts, texts)
def test_the_pieces_are_the_texts_and_the_shared_ones_are_shared(child, parent):
    sides = compare(child, parent)
    assert ["".join(piece.text for piece in side) for side in sides] == [child, parent]
    shared = ["".join("".join(p.text for p in side if p.kind == "same").split()) for side in sides]
    assert shared[0] == shared[1]


@given(texts)
def test_equal_texts_have_nothing_marked(text):
    assert all(piece.kind == "same" for side in compare(text, text) for piece in side)


def test_a_changed_number_is_marked_and_nothing_else():
    child, parent = compare("Find $x^2 + 31$ now.", "Find $x^2 + 32$ now.")
    assert [piece.text for piece in child if piece.kind == "changed"] == ["31"]
    assert [piece.text for piece in parent if piece.kind == "changed"] == ["32"]


def test_words_are_told_apart_where_no_spaces_part_them():
    child, _ = compare("小明有三个苹果", "小明有五个苹果")
    assert [piece.text for piece in child if piece.kind == "changed"] == ["三"]


def test_a_long_shared_run_becomes_a_gap_that_is_counted():
    words = " ".join(f"word{place}" for place in range(200))
    child, parent = compare(f"{words} one", f"{words} two")
    gaps = [[piece.text for piece in side if piece.kind == "gap"] for side in (child, parent)]
    # "word7" is a word and a number.
    assert gaps[0] == gaps[1] == [f"{400 - 2 * CONTEXT} words and signs the same"]


def test_pairs_come_from_different_datasets_and_from_sure_to_unsure(small):
    found = examples(complete(small))
    assert {"reworded", "variant", DISAGREE} <= found.keys()
    for pairs in found.values():
        assert len(pairs) <= PER_KIND
        between = [(pair.child.dataset, pair.parent.dataset) for pair in pairs]
        assert len(set(between)) == len(between)
        assert [pair.probability for pair in pairs] == sorted(
            (pair.probability for pair in pairs), reverse=True
        )
    assert all(pair.relation in record.SAME_PROBLEM for pair in found[DISAGREE])
    assert all(("answers_agree", "no") in pair.evidence for pair in found[DISAGREE])


def test_a_match_whose_texts_are_not_there_is_still_shown():
    match = {"child": "a" * 40, "parent": "b" * 40, "relation": "reworded", "tier": "lexical"}
    full = complete({"matches": pl.DataFrame([match], schema=record.MATCHES)})
    (pair,) = examples(full)["reworded"]
    assert (pair.child.dataset, pair.child.pieces, pair.probability, pair.evidence) == (None, [], None, [])


def test_ten_megabytes_of_prompt_are_cut_before_they_are_compared(small):
    huge = small["instances"].with_columns(prompt=pl.lit("long " * 2_000_000))
    found = examples(complete({**small, "instances": huge}))
    sides = [side for pairs in found.values() for pair in pairs for side in (pair.child, pair.parent)]
    assert {side.cut for side in sides} == {10_000_000 - LONGEST}
    assert max(sum(len(piece.text) for piece in side.pieces) for side in sides) <= LONGEST
