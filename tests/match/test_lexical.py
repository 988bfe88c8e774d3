"""The lexical tier: what is the same problem, what is a variant, and what is neither."""

import numpy as np
import pytest

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.match import near_duplicates as lexical
from rlvr_atlas.text.token_table import TokenTable

BASE = "tom has 12 red marbles and buys 7 more at the market how many marbles does tom have altogether"


def _judge(parent, child, answers=(None, None)):
    (judged,) = lexical.judge(TokenTable.of([parent, child]), np.array([[0, 1]]), answers)
    return judged


def _relation(parent, child, answers=(None, None)):
    verdict, _ = _judge(parent, child, answers)
    return verdict.relation if verdict else None


@pytest.mark.parametrize(
    ("child", "answers", "expected"),
    [
        # The same problem in slightly other words.
        (BASE.replace("at the market", "in the market"), (None, None), "reworded"),
        (BASE.replace("does tom have", "has tom got"), ("19", "19"), "reworded"),
        # A changed number, however small, is another problem.
        (BASE.replace("12", "13"), ("19", "20"), "variant"),
        (BASE.replace("12", "13"), (None, None), "variant"),
        (BASE.replace("12", "13"), ("19", "19"), "variant"),
        # Numbers that changed places.
        (BASE.replace("12", "x").replace("7", "12").replace("x", "7"), (None, None), "variant"),
        # A changed ask or relation.
        (BASE.replace("more", "fewer"), (None, None), "variant"),
        (BASE.replace("altogether", "less"), (None, None), "variant"),
        # Options appended, the rest word for word.
        (BASE + " a 18 b 19 c 20", (None, None), "embedded"),
        ("this is a story about a boy . " + BASE, ("19", "19"), "embedded"),
        # Something else.
        ("find the area of a circle of radius 12 when 7 is the height of the cone", (None, None), None),
    ],
)
def test_relations(child, answers, expected):
    assert _relation(BASE, child, answers) == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (
            r"compute 3 + 5 * 2 - 1 over the real numbers please",
            r"compute 3 - 5 * 2 + 1 over the real numbers please",
        ),
        (
            r"solve \sin x = 1 for the least x in degrees now",
            r"solve \cos x = 1 for the least x in degrees now",
        ),
        (
            r"what is the largest root of x ^ 2 - 5 x + 6 = 0",
            r"what is the smallest root of x ^ 2 - 5 x + 6 = 0",
        ),
    ],
)
def test_flipped_operators_and_asks_are_never_the_same_problem(left, right):
    assert _relation(left, right) in (None, "variant")


def _find(texts, answers=None, datasets=None, **settings):
    n = len(texts)
    return lexical.find(
        TokenTable.of(texts),
        answers or [None] * n,
        datasets or [f"d{i}" for i in range(n)],
        MatchSettings(**settings),
    )


def test_templated_puzzles_stay_apart():
    """A thousand puzzles that share every word: variants of the first across datasets, never the same."""
    texts = [
        f"using the numbers {i} {i + 3} {2 * i} create an equation that equals {i * 7}" for i in range(1_000)
    ]
    datasets = ["d0"] * 500 + ["d1"] * 500
    found = _find(texts, datasets=datasets)
    assert {pair.verdict.relation for pair in found.pairs} == {"variant"}
    assert all(datasets[pair.parent] != datasets[pair.child] for pair in found.pairs)
    # The work grows with the number of texts, not with its square.
    assert found.compared < 20 * len(texts)


def test_find_reports_each_pair_once_with_the_earlier_text_as_parent():
    texts = [
        BASE,
        "unrelated words about a lonely lighthouse keeper with 5 lamps",
        BASE.replace("at the", "in the"),
    ]
    found = _find(texts)
    assert [(pair.parent, pair.child, pair.verdict.relation) for pair in found.pairs] == [(0, 2, "reworded")]
    assert len(found.signatures) == 3


def test_variants_can_be_turned_off():
    texts = [BASE, BASE.replace("12", "13")]
    assert [pair.verdict.relation for pair in _find(texts).pairs] == ["variant"]
    assert _find(texts, variants=False).pairs == []


def test_nothing_to_match():
    assert _find([]).pairs == []
    assert _find(["one text"]).pairs == []
    assert _find(["", "x"]).pairs == []


def _puzzle(names, statements):
    said = " ".join(f"{names[i]} said that {names[j]} is a {kind}" for i, j, kind in statements)
    return f"on an island of knights and knaves you meet {' and '.join(names)} {said} who is a knight there"


def test_puzzles_of_one_template_are_told_apart_by_who_said_what():
    first = _puzzle(["ada", "bob", "cleo"], [(0, 1, "knight"), (1, 2, "knave"), (2, 0, "knave")])
    renamed = _puzzle(["dov", "ena", "finn"], [(0, 1, "knight"), (1, 2, "knave"), (2, 0, "knave")])
    other = _puzzle(["dov", "ena", "finn"], [(0, 2, "knight"), (1, 0, "knave"), (2, 1, "knave")])
    assert _judge(first, renamed, ("x", "x"))[1].same_content
    assert not _judge(first, other, ("x", "x"))[1].same_content


def test_the_same_words_in_another_order_with_another_answer_are_not_the_same():
    left, right = (
        "f and h are maps and 4 is a point find f of h of 4",
        "f and h are maps and 4 is a point find h of f of 4",
    )
    assert _relation(left, right, ("3", "9")) in (None, "variant")


def test_in_a_crowd_only_a_near_copy_is_the_same():
    kinds = [
        "red",
        "blue",
        "tall",
        "loud",
        "quiet",
        "young",
        "heavy",
        "brave",
        "clever",
        "sleepy",
        "shy",
        "kind",
    ]
    crowd = [f"the {kind} robot paints one wall and the fox paints one door who is done" for kind in kinds]
    copy = "the robot paints one wall and the fox paints one door who is done now"
    alone = _find([crowd[0], copy], answers=["fox", "fox"])
    among = _find([*crowd, copy], answers=["fox"] * 13, datasets=["d0"] * 12 + ["d1"])
    assert [pair.verdict.relation for pair in alone.pairs] == ["reworded"]
    assert [pair for pair in among.pairs if pair.child == 12] == []


@pytest.mark.parametrize(
    ("per_family", "families"), [(2, 60), (20, 60)], ids=["small families", "families of a template"]
)
def test_a_text_is_tried_as_a_variant_of_few_earlier_ones(per_family, families):
    """However many near families there are: each with each, pairs would grow with their square."""
    words = [chr(97 + i % 26) * (3 + i // 26) for i in range(families)]
    texts = [
        f"{BASE.replace('12', str(i + 1)).replace('marbles', word)} in the town where the {word} are sold"
        for word in words
        for i in range(per_family)
    ]
    found = _find(texts)
    of_child = np.bincount([pair.child for pair in found.pairs])
    assert of_child.max() <= 8
    # Nothing is left alone: each text has an earlier one of its own family.
    own = {pair.child for pair in found.pairs if pair.child // per_family == pair.parent // per_family}
    assert own == {n for n in range(len(texts)) if n % per_family}
