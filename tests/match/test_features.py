"""Features: an answer out of few says nothing where it agrees, and everything where it does not."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rlvr_atlas import pipeline
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.match.features import FEATURES, agree_by_chance
from rlvr_atlas.match.retrieval import Candidates
from rlvr_atlas.match.rewordings import read
from rlvr_atlas.match.searched import SEARCHED
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.text.token_table import TokenTable

CASE = Path(__file__).resolve().parents[3] / "shared" / "cases" / "trace_few_choice_answers"
OFFERED = ["is f(f(x)) odd, even, or neither?", "is f(x) g(x) even, odd, or neither?"]


def pair(texts, answers):
    found = Candidates(np.array([1]), np.array([0]), np.ones((1, len(SEARCHED))))
    return TokenTable.of(texts), found, answers


@pytest.mark.parametrize(
    ("texts", "answer", "little"),
    [
        (OFFERED, "neither", True),
        (OFFERED, r"\text{even}", True),
        (["is it so?", "is that so?"], "Yes", True),
        (OFFERED, "17", False),
        (OFFERED, None, False),
        (["who is taller, ann or bo?", "who is older, ann or bo?"], "Ann", True),
        (["who is taller, ann or bo?", "who is older?"], "Ann", False),
        (["say which of (a) one, (b) two", "say which of (a) six, (b) two"], "A", False),
        (["which hold? ① one ② two ③ six", "which are true? ① a ② b"], "①③", True),
        (["which hold?", "which are true?"], r"$\text{②④}$", True),
        (["which hold?", "which are true?"], "(1) (3)", True),
        (["two roots", "the roots"], "1, 3", False),
        (["the colour of the sky", "the sky at noon"], "a deep and quiet kind of blue", False),
    ],
)
def test_answers_that_are_one_of_few(texts, answer, little):
    table, found, answers = pair(texts, [answer, answer])
    assert agree_by_chance(table, found.parents, found.children, answers).tolist() == [little]


@pytest.mark.parametrize(
    ("answers", "agree"), [(["even", "even"], None), (["even", "odd"], 0.0), (["7", "7"], 1.0)]
)
def test_one_of_few_answers_speaks_against_and_not_for(answers, agree):
    texts, found, answers = pair(OFFERED, answers)
    _, told, features = read(found, texts, answers)
    for value in (told[0], features[0, FEATURES.index("answers")]):
        assert np.isnan(value) if agree is None else value == agree
    assert np.isnan(features[0, FEATURES.index("forms")]) == (agree is None)
    assert found.searched[0, SEARCHED.index("forms")] == 1.0, "what the search knows stays as it is"


def test_two_questions_with_one_of_three_answers_are_not_the_same(tmp_path):
    if not CASE.is_dir():
        pytest.skip(f"no shared case at {CASE}")
    released = {"bench": "2023-01-01", "fill": "2023-06-01", "train": "2024-01-01"}
    datasets = [
        {"id": name, "path": str(CASE / f"{name}.jsonl"), "released": date, "role": role}
        for (name, date), role in zip(released.items(), ("benchmark", "train", "train"), strict=True)
    ]
    recipe = {"workspace": {"path": str(tmp_path / "w")}, "match": {"rewordings": True}, "datasets": datasets}
    done = pipeline.run(parse_recipe(recipe))
    assert done.read("leaks").is_empty()
    same = done.read("matches").filter(pl.col("relation").is_in(SAME_PROBLEM), pl.col("probability") >= 0.5)
    assert same.is_empty()
