"""Evidence: what is measured between two texts before anything is concluded."""

import numpy as np
import pytest

from rlvr_atlas.match import near_duplicates
from rlvr_atlas.text.token_table import TokenTable

SHED = "a shed is 76 cm long and 74 cm wide"
BOTH = f"{SHED} a compute its perimeter in cm b what is the area in square cm"


def judge(parent, child, answers):
    (judged,) = near_duplicates.judge(TokenTable.of([parent, child]), np.array([[0, 1]]), answers)
    return judged


@pytest.mark.parametrize(
    "one", [f"{SHED} compute its perimeter in cm", f"{SHED} what is the area in square cm"]
)
def test_one_of_two_questions_is_embedded_in_both_whatever_the_answers(one):
    for sides in ((BOTH, one), (one, BOTH)):
        verdict, evidence = judge(*sides, ("300; 5624", "300"))
        assert evidence.part
        assert verdict.relation == "embedded"


@pytest.mark.parametrize(
    "other",
    [
        f"{SHED.replace('76', '78')} compute its perimeter in cm",  # another number
        f"{SHED} compute its perimeter in metres",  # another word
        "compute its perimeter in cm",  # another beginning
    ],
)
def test_what_is_not_word_for_word_inside_is_no_part(other):
    _, evidence = judge(BOTH, other, ("300; 5624", "300"))
    assert not evidence.part


def test_a_condition_left_out_is_no_question_left_out():
    whole = "how many of the first 100 positive integers are divisible by 3 but not by 5 and are odd"
    less = "how many of the first 100 positive integers are divisible by 3 and are odd"
    verdict, evidence = judge(whole, less, ("14", "17"))
    assert not evidence.part
    assert verdict is None or verdict.relation == "variant"
