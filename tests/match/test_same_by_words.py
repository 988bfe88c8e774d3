"""Texts that are alike but for a word or two: the classifier tells whether these words matter."""

import numpy as np
import pytest

from rlvr_atlas.match.decide import alike, by_wording
from rlvr_atlas.match.measure import measure
from rlvr_atlas.match.near_duplicates import judge
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.text.token_table import TokenTable
from rlvr_atlas.text.tokens import lexicon, spelling

#: One word for another, which stands in no list: another thing is asked or given.
ANOTHER = [
    (
        "A bag holds 5 red, 7 blue and 8 green marbles. Two marbles are drawn without looking. "
        "What is the probability that they {} in colour?",
        *("match", "clash"),
    ),
    (
        "A tailor cuts a ribbon of 84 cm into 7 equal pieces and sews 3 of them together. "
        "How long is the {} strip?",
        *("sewn", "leftover"),
    ),
    (
        "Triangle ABC has sides 13, 14 and 15. "
        "Find the length of the {} that starts at the vertex A of the triangle.",
        *("altitude", "bisector"),
    ),
    (
        "A train leaves Graz at 9:10 and arrives in Linz at 12:25, stopping twice for 10 minutes. "
        "How long was the train {}?",
        *("moving", "standing"),
    ),
    (
        "Mia has 48 stickers. She hands a quarter of them to Tom and 6 to Zoe. "
        "How many stickers does the {} child have now?",
        *("generous", "luckier"),
    ),
    (
        "In how many ways can 6 people sit around a round table if Ann and Ben must be {} at the dinner?",
        *("neighbours", "separated"),
    ),
    (
        "How many four-letter codes can be formed from the letters A, B, C, D, E if repetition is {} here?",
        *("allowed", "forbidden"),
    ),
]
#: Other words that leave the problem.
SAME = [
    ("{} the number of positive integers n below 200 that both 4 and 6 divide.", "Find", "Determine"),
    (
        "A gardener plants 18 tulips in each row and has 12 rows. How many tulips are{} in the garden?",
        " there",
        "",
    ),
    ("The product of two consecutive integers is 182. {} the larger of these two?", "What is", "Calculate"),
    ("A car needs 6.5 litres of fuel for every 100 km. How much fuel {} it need for 340 km?", "does", "will"),
]


def told(listed):
    """The two texts of each line."""
    return [(text.format(one), text.format(other)) for text, one, other in listed]


def verdicts(pairs, answers=(None, None)):
    """What each pair is taken for by its wording."""
    texts = [text.lower() for pair in pairs for text in pair]
    known = [answer for _ in pairs for answer in answers]
    both = np.arange(len(texts)).reshape(-1, 2)
    return [verdict for verdict, _ in judge(TokenTable.of(texts), both, known)]


def test_one_word_that_asks_another_thing_is_mostly_seen():
    pairs = [
        (text.format(one, one), text.format(other, other)) for text, one, other in ANOTHER if one != other
    ]
    called = [verdict is not None and verdict.relation in SAME_PROBLEM for verdict in verdicts(pairs)]
    assert sum(called) <= 1, "before there was a question about the words, all of them were"


@pytest.mark.parametrize("answers", [(None, None), ("28", "28")])
def test_words_that_say_nothing_leave_the_problem(answers):
    assert {verdict.relation for verdict in verdicts(told(SAME), answers)} == {"reworded"}


def test_the_same_words_with_an_answer_are_surer_than_without():
    pairs = told(SAME)
    for without, known in zip(verdicts(pairs), verdicts(pairs, ("42", "42")), strict=True):
        assert without.probability <= known.probability


def test_people_may_have_other_names():
    text = (
        "{} bakes 12 cakes on Saturday morning and 7 more cakes on Sunday evening for the school market. "
        "Each cake is cut into 8 equal pieces, and one piece costs 3 dollars. "
        "How many dollars does {} earn if all pieces are sold?"
    )
    (verdict,) = verdicts([(text.format("Anna", "Anna"), text.format("Kevin", "Kevin"))])
    assert verdict.relation in SAME_PROBLEM


def test_the_question_is_asked_of_texts_that_are_alike_only():
    (one, other), (another, _), *_ = told(SAME)
    pairs = [(one, other), (one, one.replace("200", "300")), (one, another)]
    texts = TokenTable.of([text.lower() for pair in pairs for text in pair])
    found = [evidence for _, evidence in judge(texts, np.arange(6).reshape(-1, 2), [None] * 6)]
    assert [alike(evidence) for evidence in found] == [True, False, False]


def test_a_probability_decides_what_is_alike():
    texts = TokenTable.of([text.lower() for text in told(SAME)[0]])
    ((_, evidence),) = judge(texts, np.array([[0, 1]]), [None, None])
    found = [by_wording(evidence, p) for p in (None, 0.75, 0.25)]
    assert [(verdict.relation, verdict.probability) for verdict in found] == [
        ("reworded", 0.9), ("reworded", 0.75), ("variant", 0.75)
    ]  # fmt: skip


def test_no_first_name_is_a_word_that_decides():
    words = lexicon()
    listed = {*words.asks, *words.numbers, *words.function_words, *words.conditions, *words.questions}
    assert words.first_names.isdisjoint(listed)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("labeled", "labelled", True), ("tile", "tiles", True), ("colorings", "colourings", True),
        ("work", "worked", True), ("finitely", "fnitely", True), ("orthocenter", "orthocentre", True),
        ("parallelogram", "paralleogram", True), ("millimeter", "milliliter", False),
        ("sine", "cosine", False),
        ("finite", "infinite", False), ("convex", "concave", False), ("lag", "leg", False),
        ("integral", "integer", False),
    ],
)  # fmt: skip
def test_spelling_tells_inflections_and_typing_errors_from_other_words(one, other, alike):
    assert (spelling(one) == spelling(other)) == alike


def test_a_word_in_another_spelling_is_counted():
    texts = TokenTable.of(
        ["the labeled tiles are red", "the labelled tile is red", "the painted tile is red"]
    )
    measured = measure(texts, np.array([0, 0, 1]), np.array([1, 2, 2]))
    assert measured.columns["respelled"].tolist() == [2.0, 1.0, 0.0]
