"""The trained verifier: what it must not confuse, and that its trees are evaluated as written."""

import math

import numpy as np
import polars as pl
import pytest

from rlvr_atlas.answer import normal_column
from rlvr_atlas.match.calibrations import NO_ENCODER
from rlvr_atlas.match.classifier import Trees, classifier
from rlvr_atlas.match.decide import by_classifier, estimate
from rlvr_atlas.match.features import FEATURES
from rlvr_atlas.match.retrieval import Texts
from rlvr_atlas.match.rewordings import read
from rlvr_atlas.match.searched import SEARCHED
from rlvr_atlas.text.token_table import TokenTable

MINILM = "all-MiniLM-L6-v2"
TOLD = (
    "a farmer named olga fills 14 crates with 36 pumpkins each and sells 95 of the pumpkins at the harvest"
    " fair how many pumpkins does she have left"
)
RETOLD = (
    "at the harvest fair olga the farmer sold 95 pumpkins before that she had packed 14 crates holding 36"
    " pumpkins apiece determine the number of pumpkins that remain"
)


def _weigh(parent, child, answer=None, other=None, cosine=float("nan")):
    """The verdict on two texts, looked up among texts that have nothing to do with them."""
    filler = [f"the number {n} is written {n % 7 + 2} times on the wall of house {n * n}" for n in range(40)]
    texts = TokenTable.of([parent, *filler, child])
    answers = [answer, *([None] * len(filler)), other]
    last = len(texts) - 1
    near = np.array([[0]])
    index = Texts(texts, normal_column(pl.Series(answers, dtype=pl.String)).to_list())
    (block,) = index.blocks(np.array([last]), np.array([last]), near)
    found = block()
    found = found[found.parents == 0]
    found.searched[:, SEARCHED.index("cosine")] = cosine
    found.searched[:, SEARCHED.index("cosine_gap")] = cosine * 0
    _, _, features = read(found, texts, answers)
    model = classifier(NO_ENCODER if math.isnan(cosine) else MINILM)
    return by_classifier(estimate(features, model), np.array([0.25]))[0]


@pytest.mark.parametrize("cosine", [float("nan"), 0.9])
def test_a_retold_problem_is_the_same(cosine):
    verdict = _weigh(TOLD, RETOLD, "409", "409", cosine)
    assert verdict.relation in ("reworded", "embedded")
    assert verdict.probability > 0.9


@pytest.mark.parametrize("cosine", [float("nan"), 0.97])
@pytest.mark.parametrize("text", [TOLD, RETOLD])
def test_a_changed_number_is_never_the_same_problem(text, cosine):
    verdict = _weigh(TOLD, text.replace("36", "38"), "409", "437", cosine)
    assert verdict is None or verdict.relation == "variant" or verdict.probability < 0.5


@pytest.mark.parametrize("cosine", [float("nan"), 0.97])
@pytest.mark.parametrize(("one", "another"), [("sum", "product"), ("largest", "smallest"), ("more", "fewer")])
def test_a_flipped_ask_is_never_the_same_problem(one, another, cosine):
    text = f"let p and q be the roots of x^2 - 11 x + 24 = 0 find the {one} of the roots, {one} than 2"
    verdict = _weigh(text, text.replace(one, another), None, None, cosine)
    assert verdict is None or verdict.relation == "variant" or verdict.probability < 0.5


def test_unrelated_problems_with_an_equal_answer_are_apart():
    other = "two circles of radius 3 and 8 touch each other find the length of their common outer tangent"
    verdict = _weigh(TOLD, other, "2", "2")
    assert verdict is None or verdict.probability < 0.5


def test_nothing_to_weigh():
    assert by_classifier(estimate(np.zeros((0, len(FEATURES))), classifier(NO_ENCODER)), np.zeros(0)) == []


@pytest.mark.parametrize("calibration", [MINILM, NO_ENCODER])
def test_probabilities_are_probabilities_and_missing_evidence_is_allowed(calibration):
    unknown = np.full((3, len(FEATURES)), np.nan)
    for question in ("screen", "same", "variant", "embedded"):
        p = classifier(calibration).probability(question, unknown)
        assert ((p > 0) & (p < 1)).all()


def test_trees_are_walked_as_written():
    stump = [[0, 2.5, 1, 1, 2, 0], [0, 0, 0, 1, 1, -1.0], [0, 0, 0, 2, 2, 3.0]]
    leaf = [0, 0, 0, 0, 0, 0.5]
    line = np.array([1, 1.0, 2.0, -1.0])  # depth, start, slope, shift
    trees = Trees.of(np.array([3, 1]), np.array([*stump, leaf]), line, np.array([1]))
    features = np.array([[9.0, 2.5], [0.0, 2.6], [0.0, np.nan]])
    assert trees.log_odds(features).tolist() == [0.5, 4.5, 0.5]
    assert np.allclose(trees.probability(features), 1 / (1 + np.exp(-(2 * trees.log_odds(features) - 1))))
