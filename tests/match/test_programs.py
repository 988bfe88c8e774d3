"""Programming problems: taken apart, and recognised by their parts."""

import numpy as np
import polars as pl
import pytest

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.match import code_problems, match, programs
from rlvr_atlas.text.token_table import TokenTable

STATEMENT = (
    "Given the heights of the steps of a staircase, return the length of its longest run of steps that rise."
)
STUB = "```python class Solution: def longestRise(self, heights: List[int], start: int = 0) -> int: ```"
EXAMPLES = (
    "Example 1: Input: heights = [3, 4, 1], start = 0 Output: 2 Explanation: 3 to 4 rises. "
    "Example 2: Input: heights = [9, 8, 7], start = 1 Output: 1 Constraints: 1 <= heights.length <= 500"
)
ASSERTS = "assert longest_rise([3,4,1], 0) == 2 assert longest_rise([9,8,7], 1) == 1"


def _one(prompt, answer=None):
    return programs.programs([prompt], [answer])[0]


def _instances(prompts, domain):
    places = range(len(prompts))
    return pl.DataFrame(
        {
            "key": [f"k{n}" for n in places],
            "skeleton": [prompt.lower() for prompt in prompts],
            "prompt": prompts,
            "answer": pl.Series([None for _ in places], dtype=pl.String),
            "first_dataset": [f"d{n}" for n in places],
            "attachments": pl.Series([None] * len(places), dtype=pl.String),
            "domain": domain,
            "language": "en",
            "stem": pl.Series([None] * len(places), dtype=pl.String),
        }
    )


def _relation(parent, child):
    parts = dict(enumerate(programs.programs([parent, child], [None, None])))
    texts = TokenTable.of([parent.lower(), child.lower()])
    ((verdict, evidence),) = code_problems.judge(texts, parts, np.array([[0, 1]]), {})
    return (verdict.relation if verdict else None), evidence


@pytest.mark.parametrize(
    "prompt",
    [
        f"{STATEMENT} Please complete this code: {STUB}",
        f"{STATEMENT} {EXAMPLES}",
        f"{STATEMENT} Your code should pass these tests: {ASSERTS}",
        'from typing import List def longest_rise(heights: List[int], start: int = 0) -> int: """ '
        f'{STATEMENT} >>> longest_rise([3, 4, 1], 0) 2 """',
    ],
)
def test_the_statement_is_what_is_left_without_stub_examples_and_tests(prompt):
    assert _one(prompt).statement == _one(STATEMENT).statement


def test_signature_and_tests_are_read_from_every_way_of_writing_them():
    stub = _one(f"{STATEMENT} {STUB}")
    assert (stub.name, stub.parameters, stub.tests) == ("longestrise", ("heights", "start"), frozenset())
    wanted = frozenset({("[3,4,1],0", "2"), ("[9,8,7],1", "1")})
    assert _one(f"{STATEMENT} {EXAMPLES}").tests == wanted
    tested = _one(f"{STATEMENT} {ASSERTS}")
    assert (tested.name, tested.tests) == ("longestrise", wanted)
    session = (
        'def longest_rise(a, start): """ >>> longest_rise([3, 4, 1], 0) 2 longest_rise([9,8,7], 1) ➞ 1 """'
    )
    assert _one(session).tests == wanted
    assert _one(STATEMENT, ASSERTS).tests == wanted  # an answer of tests


def test_brackets_and_quotes_that_are_never_closed_lose_nothing():
    for prompt in ("def f(", "assert f((", 'assert f("a) == 1', "def f(x) -> ", ">>> f(1)", "assert f(1) =="):
        assert _one(prompt).tests == frozenset()


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        (f"{STATEMENT} {STUB}", f"{STATEMENT} {EXAMPLES}"),
        (STATEMENT, f"{STATEMENT} Your code should pass these tests: {ASSERTS}"),
        (f"{STATEMENT} {STUB}", f"You are an expert, and here is your task: {STATEMENT}"),
    ],
)
def test_a_statement_in_other_surroundings_is_the_same_problem(parent, child):
    relation, evidence = _relation(parent, child)
    assert relation == "embedded"
    assert evidence.statement is not None and evidence.statement >= 0.7


def test_tests_tell_a_problem_in_quite_other_words():
    reworded = f"How far up can one climb without going down? {ASSERTS}"
    relation, evidence = _relation(f"{STATEMENT} {ASSERTS}", reworded)
    assert relation == "reworded"
    assert evidence.tests_shared == 1.0 and evidence.signature_agrees
    # Yes and no of small numbers are tests of many things.
    even = 'def is_even(n): """ Say whether a number is even. >>> is_even(6) True >>> is_even(1) False """'
    round_ = 'def is_round(n): """ Is it round, drawn in ink? >>> is_round(6) True >>> is_round(1) False """'
    assert _relation(even, round_)[0] is None


def test_the_same_words_with_contradicting_tests_are_another_problem():
    other = ASSERTS.replace("== 2", "== 3")
    assert _relation(f"{STATEMENT} {ASSERTS}", f"{STATEMENT} {other}")[0] is None
    falling = STATEMENT.replace("rise", "fall")
    steep = "def steepest_drop(a): return assert steepest_drop([5]) == 0"
    assert _relation(f"{STATEMENT} {ASSERTS}", f"{falling} {steep}")[0] is None


def test_tests_that_contradict_themselves_decide_nothing():
    both = f"{STATEMENT} {ASSERTS} assert longest_rise([3,4,1], 0) == 9"
    assert _relation(f"{STATEMENT} {ASSERTS}", both)[0] == "reworded"


def test_tests_under_one_heading_are_many_problems():
    asks = [f"Complete this function so that all holds. assert f{n}([{n}, 7]) == {n + 40}" for n in range(20)]
    instances = _instances(asks, "code").with_columns(first_dataset=pl.lit("d0"))
    assert match(instances, MatchSettings()).matches.is_empty()
    one, other, *_ = asks
    assert _relation(one, other)[0] is None


def test_words_that_changed_places_are_another_problem():
    there = "Write a function to convert a binary number to its decimal equivalent please."
    back = "Write a function to convert a decimal number to its binary equivalent please."
    assert _relation(there, back)[0] is None


@pytest.mark.parametrize(("domain", "found"), [("code", ["embedded"]), ("math", [])])
def test_the_stage_judges_programming_problems_by_their_parts(domain, found):
    instances = _instances([f"{STATEMENT} {STUB}", f"{STATEMENT} {EXAMPLES}"], domain)
    matches = match(instances, MatchSettings()).matches
    assert matches["relation"].to_list() == found
    for evidence in matches["evidence"]:
        assert evidence["statement"] == 1.0
        assert evidence["signature_agrees"] is None and evidence["tests_shared"] is None
