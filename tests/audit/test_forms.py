"""Gold answers that their question excludes, alone and beside the vote of other rows."""

import json

import polars as pl
import pytest

from rlvr_atlas.audit.forms import WRONG, excluded_forms
from rlvr_atlas.audit.golds import doubtful_golds
from rlvr_atlas.audit.labels import gold_errors
from rlvr_atlas.schema import EDGES, INSTANCES, LINEAGE, MATCHES, OCCURRENCES, conform, empty

REMAINDER = "Ann has 7 bags. What is the remainder when $3^{20}$ is divided by $7$?"
CHANCE = "Two dice are rolled. What is the probability that both show a six?"
MANY = "There are 12 birds. Two leave. How many birds are left?"
FAILS = [
    (REMAINDER, "7", "no remainder of that division"),
    (REMAINDER, "-3", "no remainder of that division"),
    (REMAINDER, "2.5", "no remainder of that division"),
    (CHANCE, "36/35", "a probability outside 0 to 1"),
    (CHANCE, "-\\frac{1}{36}", "a probability outside 0 to 1"),
    (MANY, "-10", "a count below zero"),
    ("Find the smallest positive integer $n$ with $n^2 > 50$.", "-8", "no positive whole number"),
    ("Find the area of a square of side $3$.", "-9", "a length, area or volume below zero"),
]
HOLDS = [
    (REMAINDER, "6"),
    (REMAINDER, "0"),
    (REMAINDER, "x"),
    (CHANCE, "\\frac{1}{36}"),
    (CHANCE, "3\\%"),
    (MANY, "10"),
    (MANY, "about ten"),
    (MANY, None),
    ("It was 3 degrees. How many degrees is it now?", "-4"),
    ("How many more birds does Ann have than Bob?", "-4"),
    ("How many birds are there? Find the sum of both temperatures.", "-4"),
    ("What is the remainder when $x^3$ is divided by $x - 1$?", "-2"),
    ("What is 3 - 7?", "-4"),
    (f"(1) Count them. (2) {CHANCE}", "13"),
    ("Find the probability that both are red, and express it as a fraction.", "13"),
    ("What is the probability of a six, as m/n? Give m + n. What is the probability of it?", "13"),
]


def rows(pairs, language="en"):
    frame = pl.DataFrame(pairs, {"prompt": pl.String, "answer": pl.String}, orient="row")
    named = {"dataset": pl.lit("a"), "row": pl.int_range(pl.len()), "language": pl.lit(language)}
    return frame.with_columns(**named, key=pl.format("{}", pl.int_range(pl.len())))


@pytest.mark.parametrize(("question", "answer", "check"), FAILS)
def test_a_form_that_the_question_excludes_is_named(question, answer, check):
    assert excluded_forms(rows([(question, answer)]))["check"].to_list() == [check]
    assert excluded_forms(rows([(question, answer)], "de")).is_empty()


@pytest.mark.parametrize(("question", "answer"), HOLDS)
def test_what_may_be_right_or_cannot_be_read_is_left_alone(question, answer):
    assert excluded_forms(rows([(question, answer)])).is_empty()


def tables(frame):
    near = {"matches": empty(MATCHES), "edges": empty(EDGES)}
    made = {"occurrences": OCCURRENCES, "lineage": LINEAGE}
    instances = conform(frame.unique("key", maintain_order=True), INSTANCES)
    return {name: conform(frame, schema) for name, schema in made.items()} | near | {"instances": instances}


def test_both_kinds_of_evidence_stand_in_one_list_the_likeliest_first():
    frame = pl.concat([
        rows([(MANY, "10"), (CHANCE, "2"), (REMAINDER, "3")]),
        rows([(MANY, "-10")]).with_columns(dataset=pl.lit("b")),
        rows([(MANY, "10")]).with_columns(dataset=pl.lit("c")),
        rows([(MANY, "10")]).with_columns(dataset=pl.lit("d")),
    ])  # fmt: skip
    made = tables(frame)
    found = gold_errors(made)
    vote = doubtful_golds(made).filter(dataset="b")["probability"][0]
    first, second = found.filter(pl.col("probability") >= 0.5).to_dicts()
    assert (first["dataset"], first["row"], first["suggested"]) == ("b", 0, "10")
    assert first["probability"] == pytest.approx(1 - (1 - vote) * (1 - WRONG))
    assert json.loads(first["evidence"])[-1] == {"check": "a count below zero"}
    assert (second["dataset"], second["row"], second["probability"]) == ("a", 1, WRONG)
    assert second["sources_against"] is None
    assert found.height == doubtful_golds(made).height + 1


def test_without_any_such_answer_the_list_is_that_of_the_vote():
    frame = pl.concat([rows([(MANY, "10")]), rows([(MANY, "12")]).with_columns(dataset=pl.lit("b"))])
    assert gold_errors(tables(frame)).equals(doubtful_golds(tables(frame)))
    assert gold_errors(tables(frame.head(1))).is_empty()
