"""Edits that label pairs: what they leave the same, and what they change."""

import re
import sys
from pathlib import Path
from random import Random

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks" / "matching"))

import edits
import natural
from gold import between
from pieces import Given, asks, halves, sentences

from rlvr_atlas.text.tokens import tokenise

STORY = (
    "Anna has 24 marbles. Her friend Tom has 6 marbles fewer than Anna. Tom gives 5 of them to each of two"
    " children. How many marbles does Tom have left?"
)
FORMULA = (
    "Let $x$ and $y$ be distinct positive integers such that $x^2 + y = 12$. Find the largest value of $x$."
)


def made(name, text, answer="8", seed=0):
    edit = edits.EDITS[name]
    return edit.act(Given(text, answer, Random(seed), halves()[edit.half]))


@pytest.mark.parametrize(
    ("name", "text", "edited"),
    [
        ("names exchanged", "Tom has 3 pens. Tom buys 2.", r"(\w+) has 3 pens\. \1 buys 2\."),
        ("numbers in words", "He has 21 pens and $5.", r"He has twenty-one pens and \$5\."),
        ("words in numbers", "He has seven pens.", r"He has 7 pens\."),
        ("units spelled", "A rope is 5 cm long.", r"A rope is 5 centimeters long\."),
        ("TeX as text", r"Find $\frac{1}{2} \cdot x$.", r"Find \(1\)/\(2\) \* x\."),
        (
            "letters exchanged",
            "If $t + u = 3$, what is $tu$?",
            r"If \$(\w) \+ (\w) = 3\$, what is \$\1\2\$\?",
        ),
        ("letters to words", "If $t = 3$, what is $2t$?", r"If \$(\w+) = 3\$, what is \$2\1\$\?"),
        ("declared otherwise", "The point $P(0,1)$ is given.", r"The point \$P = \(0,1\)\$ is given\."),
        ("formula spoken", "Here $n > 0$ holds.", r"Here \$n\$ is positive holds\."),
        ("exponent changed", "Solve $x^2 = 5$.", r"Solve \$x\^[345] = 5\$\."),
        ("sign changed", "Solve $x - 2 = 5$.", r"Solve \$x \+ 2 = 5\$\."),
        ("grouped otherwise", r"Find $\frac{t+1}{t}$.", r"Find \$t \+ \\frac\{1\}\{t\}\$\."),
        ("way back", "He goes from Rome to Pisa.", r"He goes from Pisa to Rome\."),
        ("quality dropped", "Two distinct numbers.", r"Two numbers\."),
        ("options dropped", f"{STORY} (A) 3 (B) 8 (C) 9", r"Anna .* left\?"),
    ],
)
def test_an_edit_changes_what_it_says(name, text, edited):
    assert re.fullmatch(edited, made(name, text))


def test_a_given_that_is_dropped_asks_nothing():
    for seed in range(5):
        kept = sentences(made("given dropped", STORY, seed=seed))
        assert len(kept) == len(sentences(STORY)) - 1
        assert asks(kept[-1])


def test_a_problem_turned_round_tells_the_answer():
    text = made("turned round", STORY, "8")
    assert "8" in text
    assert sum(number in text for number in ("24", "6 marbles", "5 of")) == 2


@pytest.mark.parametrize("kind", edits.LISTS)
def test_a_word_is_exchanged_for_the_other_of_its_pair(kind):
    for half in halves().values():
        one, other = half.lists[kind][0]
        text = (
            f"The $ {one} $ of 3 and the $ {one} $ of 4."
            if one[0] == "\\"
            else f"The 3 {one} of the 4 {one}."
        )
        edited = edits.EDITS[f"{kind} exchanged"].act(Given(text, None, Random(1), half))
        assert other.lower() in edited.lower()
        assert edited != text


def test_only_a_unit_that_stands_twice_is_exchanged():
    assert made("unit exchanged", "He runs 5 kilometers. How far is that?") is None
    assert "meters" in made("unit exchanged", "He runs 5 kilometers, then 2 kilometers.")


def test_edits_are_the_same_each_time():
    for name in edits.EDITS:
        for text in (STORY, FORMULA):
            assert made(name, text, seed=3) == made(name, text, seed=3)


def test_prices_are_no_formula():
    assert made("letters exchanged", "He has $5 and she has $7.") is None


def test_what_is_held_out_is_never_trained_on():
    train = pytest.importorskip("train", exc_type=ImportError)
    unseen = {name for name in edits.EDITS if name.endswith("unseen words")}
    assert unseen | {"letters to nonsense", "way back"} <= set(edits.HELD_OUT)
    assert {*edits.HELD_OUT, *natural.HELD_OUT} <= set(train.UNTRAINED)


@pytest.mark.parametrize(
    ("answer", "few"), [("2", True), ("Even", True), ("B", True), ("17", False), (None, False)]
)
def test_answers_of_few_values(answer, few):
    assert edits.few_valued(answer) is few
    if few:
        assert natural.another_value(answer, Random(0)).lower() != answer.lower()


RED = "How many of the 12 balls in the box are red?"


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        # Another condition, another answer: other problems.
        ((RED, "3"), ("How many of the 12 balls in the box are blue?", "4"), True),
        # The same answer, or one that is the letter of an option: nothing is known.
        ((RED, "3"), ("How many of the 12 balls in the box are blue?", "3"), False),
        ((RED, "B"), ("How many of the 12 balls in the box are blue?", "4"), False),
        # The answer is asked for in another form.
        ((RED, "3/4"), (f"{RED} The answer is in the form m/n, find m + n.", "7"), False),
        # The same problem in another language.
        (("求 12 个球中红球的个数 x + y", "3"), ("Find x + y where 12 are red", "4"), False),
        # Nothing in common.
        ((RED, "3"), ("Solve for x if x is a root of the polynomial.", "4"), False),
    ],
)
def test_look_alikes_are_labelled_where_answers_tell(one, other, told):
    seen = between(*((tuple(tokenise(text.lower())), None) for text, _ in (one, other)))
    assert (natural.look_alike(one, other, seen) in {"variant", "unrelated"}) is told
