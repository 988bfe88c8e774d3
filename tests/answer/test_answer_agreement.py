"""Our rules and math-verify, on answers of the shared corpus: they differ only in kinds that were explained.

`python benchmarks/answers.py` does the same for every pair; docs/benchmarks/answers.md says what was found.
"""

import importlib.util
import logging
from pathlib import Path

import pytest

_PLACE = Path(__file__).resolve().parents[2] / "benchmarks" / "answers.py"
#: Fixed, so that the same pairs are asked on a slow machine: about two minutes.
PAIRS = 700
#: Pairs that differ and are of none of the kinds, as `-(1/3)` and `-1./3`.
MOST_OTHERS = 5
#: What only tells units apart; anything else that we call different and math-verify the same would be wrong.
TWO_UNITS = {"percent, degrees, money", "words and units"}


@pytest.fixture(scope="module")
def answers():
    pytest.importorskip("math_verify", reason="math-verify is not installed: make test-all has it")
    spec = importlib.util.spec_from_file_location("answers_benchmark", _PLACE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.extra
def test_rules_and_math_verify_differ_only_in_kinds_that_were_read(real_data, answers, monkeypatch):
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)
    pairs = answers.pairs_of(answers.gold_answers(real_data), {}, seed=0)
    assert len(pairs) > 25_000
    pairs = pairs[:PAIRS]
    assert {sort for sort, *_ in pairs} >= {"one question", "one form", "alike", "remark", "random"}
    different, others, agree = [], [], 0
    for (_, a, b), (ours, theirs) in zip(pairs, answers.verdicts(pairs), strict=True):
        agree += ours == theirs
        if (ours, theirs) == ("different", "same") and answers.kind_of(a, b) not in TWO_UNITS:
            different.append((a, b))
        if (ours, theirs) == ("same", "different") and not answers.kind_of(a, b):
            others.append((a, b))
    assert different == []
    assert len(others) <= MOST_OTHERS, others
    assert agree > 0.7 * PAIRS


def test_a_kind_is_told_by_its_signs(answers):
    assert answers.kind_of("18 (people)", "18") == "a number with a remark in parentheses"
    assert answers.kind_of("7.5e7", r"7.5 \times 10^7") == "a number with an exponent, 2.5e7"
    assert answers.kind_of(r"50\%", r"50^\circ") == "percent, degrees, money"
    assert answers.kind_of(r"\frac{1}{2}", "2") == ""


def test_the_other_tex_of_an_answer_is_the_same(answers):
    texts = [r"\frac{1}{2}", "3/4", r"\left(1, 2\right)", "12", "-0.5", r"5\text{ cm}", "x=3", r"2\,\text{m}"]
    for text in texts:
        assert answers.otherwise(text) != text
        assert answers.compare(text, answers.otherwise(text)) == "same"
