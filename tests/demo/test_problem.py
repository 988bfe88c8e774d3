"""Problems: distinct, rightly answered, and the same problem however they are said."""

import math
import re
from random import Random

import pytest

from rlvr_atlas.demo.families.logic import COUNTDOWN, ISLAND
from rlvr_atlas.demo.problem import Family, flip, pose, renumber, reword
from rlvr_atlas.demo.sources import SOURCES, problems
from rlvr_atlas.demo.words import spell

FAMILIES = {family.name: family for families in SOURCES.values() for family in families}


def _sample(family: Family, count: int = 12):
    rng, taken = Random(family.name), set()
    return [pose(family, "test", rng, taken) for _ in range(count)]


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_family_says_one_problem_in_many_ways(name):
    family, rng = FAMILIES[name], Random(1)
    for problem in _sample(family):
        other = reword(problem, rng, heavy=True)
        assert (other.key, other.answer) == (problem.key, problem.answer)
        assert other.telling.wording != problem.telling.wording
        assert other.text != problem.text
        near = reword(problem, rng, heavy=False)
        for text in (problem.text, other.text, near.text if near else "", problem.solution):
            assert not re.search(r"[<@|]|  ", text), text
        if near:
            assert (near.key, near.answer) == (problem.key, problem.answer)
            assert near.text != problem.text


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_variants_are_other_problems(name):
    family, rng = FAMILIES[name], Random(1)
    taken: set[str] = set()
    originals = [pose(family, "test", rng, taken) for _ in range(12)]
    variants = [v for p in originals for v in (renumber(p, rng, taken), flip(p, taken)) if v]
    keys = [p.key for p in originals + variants]
    assert len(set(keys)) == len(keys)
    stems = {p.key for p in originals}
    assert all(v.stem in stems for v in variants)
    texts = [" ".join(p.text.split()).lower() for p in originals + variants]
    assert len(set(texts)) == len(texts)
    if family.asks:
        assert any(
            v.parameters["ask"] != p.parameters["ask"] for p in originals for v in variants if v.stem == p.key
        )


def test_no_two_problems_of_the_sources_have_one_text():
    taken: set[str] = set()
    drawn = [problem for source in SOURCES for problem in problems(source, 250, 5, taken)]
    assert len({problem.key for problem in drawn}) == len(drawn)
    assert len({problem.text.lower() for problem in drawn}) == len(drawn)


def test_drawing_is_reproducible_and_respects_what_is_taken():
    taken: set[str] = set()
    first = problems("slate_algebra", 60, 1, taken)
    assert [p.text for p in problems("slate_algebra", 60, 1)] == [p.text for p in first]
    again = problems("slate_algebra", 60, 1, taken)
    assert not {p.key for p in again} & {p.key for p in first}


def test_exhausted_families_say_so():
    family = Family(
        name="tiny",
        draw=lambda r: {"n": r.randint(1, 3)},
        answer=lambda n: n,
        steps="",
        wordings=("Is @n?", "@n?"),
    )
    rng, taken = Random(0), set()
    drawn = [pose(family, "test", rng, taken) for _ in range(3)]
    assert renumber(drawn[0], rng, taken) is None
    with pytest.raises(ValueError, match="tiny"):
        pose(family, "test", rng, taken)


def test_countdown_answers_reach_the_target_with_every_tile():
    for problem in _sample(COUNTDOWN, 60):
        tiles, target = problem.parameters["tiles"], problem.parameters["target"]
        assert sorted(map(int, re.findall(r"\d+", problem.answer))) == sorted(tiles)
        assert _value(problem.answer) == target


def _value(expression: str) -> int:
    """Evaluate nested binary expressions, innermost brackets first."""
    act = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}
    while not re.fullmatch(r"-?\d+", expression):
        expression = re.sub(
            r"\((-?\d+) ([-+*]) (-?\d+)\)|^(-?\d+) ([-+*]) (-?\d+)$",
            lambda m: str(act[m[2] or m[5]](int(m[1] or m[4]), int(m[3] or m[6]))),
            expression,
            count=1,
        )
    return int(expression)


def test_island_answers_are_the_only_consistent_ones():
    for problem in _sample(ISLAND, 30):
        said = re.findall(r'(\w+) said, "(\w+) is a (\w+) (and|or) (\w+) is a (\w+)\."', problem.text)
        names = [who for who, *_ in said]
        roles = dict(zip(names, re.findall(r"knight|knave", problem.answer), strict=True))
        for who, a, one, joint, b, two in said:
            facts = (roles[a] == one, roles[b] == two)
            assert (all(facts) if joint == "and" else any(facts)) == (roles[who] == "knight")


def test_answers_hold_when_put_back():
    for p in _sample(FAMILIES["two_lines"], 40):
        n = p.parameters
        # Whatever x and y are, they solve both equations; find them by search and compare.
        x, y = next(
            (x, y)
            for x in range(-12, 13)
            for y in range(-12, 13)
            if n["a"] * x + n["b"] * y == n["e"] and n["c"] * x + n["d"] * y == n["f"]
        )
        assert p.answer == str(x + y if n["ask"] == "sum" else x * y)
    for p in _sample(FAMILIES["power_remainder"], 40):
        a, n, m = map(int, re.search(r"(\d+)\^\{(\d+)\}.* \$(\d+)\$", p.text).groups())
        assert int(p.answer) == a**n % m
    for p in _sample(FAMILIES["grid_paths"], 20):
        n = p.parameters
        assert int(p.answer) == n["k"] * math.factorial(n["a"] + n["b"]) // (
            math.factorial(n["a"]) * math.factorial(n["b"])
        )
    for p in _sample(FAMILIES["weekday"], 40):
        days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
        day = days.index(p.parameters["day"])
        for _ in range(p.parameters["n"]):
            day = (day + (1 if p.parameters["ask"] == "after" else 6)) % 7
        assert p.answer == days[day]


def test_both_questions_of_a_double_problem_can_be_asked_alone():
    for problem in _sample(FAMILIES["farm"], 10):
        assert [answer for _, answer in problem.parts] == problem.answer.split("; ")
        assert all("(a)" not in text and text.endswith("?") for text, _ in problem.parts)


@pytest.mark.parametrize(
    ("number", "words"), [(0, "zero"), (13, "thirteen"), (40, "forty"), (99, "ninety-nine"), (100, "100")]
)
def test_numbers_are_spelt_out(number, words):
    assert spell(number) == words
