"""Answers of many kinds: the shared cases, and pairs made from their descriptions (kin.txt)."""

import itertools
import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr_atlas.answer import Verifier, compare, extract

HERE = Path(__file__).resolve().parent
CASES = HERE.parents[2] / "shared" / "cases"
ESCAPES = {"<FF>": "\x0c", "<TAB>": "\t", "<BS>": "\x08", "<NL>": "\n", "<CR>": "\r"}
ACCEPTED = {
    "===": {"same"},
    "=/=": {"different"},
    "=?=": {"same", "unknown"},
    "=!=": {"different", "unknown"},
}
_LINE = re.compile(r"(.*?)\s*(===|=/=|=\?=|=!=)\s*(.*)")
_KIND = re.compile(r"\[([a-z ,]+)\]")


def kin():
    """(kind, one answer, sign, other answer)."""
    kind, pairs = "", []
    for line in (HERE / "kin.txt").read_text(encoding="utf-8").splitlines():
        if match := _KIND.fullmatch(line):
            kind = match[1]
        elif line and not line.startswith("#"):
            for name, character in ESCAPES.items():
                line = line.replace(name, character)  # noqa: PLW2901
            match = re.fullmatch(_LINE, line) or re.fullmatch(re.compile(_LINE.pattern, re.S), line)
            pairs.append((kind, match[1], match[2], match[3]))
    return pairs


KIN = kin()


@pytest.fixture(scope="module")
def verifier():
    with Verifier(workers=1) as running:
        yield running


def cases(prefix):
    """The shared cases of one sort; skips and says so without them."""
    files = sorted(CASES.glob(f"{prefix}_*.json"))
    if not files:
        pytest.skip(f"no shared cases at {CASES}")
    return [(file.stem, json.loads(file.read_text(encoding="utf-8"))) for file in files]


def test_the_shared_cases_are_right_both_ways(verifier):
    wrong = []
    for name, case in cases("answer"):
        for pair in case["pairs"]:
            verdicts = {compare(pair["a"], pair["b"], verifier), compare(pair["b"], pair["a"], verifier)}
            if len(verdicts) > 1 or not verdicts <= set(pair["accept"]):
                wrong.append((name, pair["a"], pair["b"], verdicts))
    assert wrong == []


def test_the_shared_texts_give_the_wanted_answers():
    found = {
        case["text"]: extract(case["text"], "solution")
        for _, file in cases("extract")
        for case in file["cases"]
    }
    wanted = {case["text"]: case["want"] for _, file in cases("extract") for case in file["cases"]}
    assert found == wanted


@pytest.mark.parametrize("kind", dict.fromkeys(kind for kind, *_ in KIN))
def test_pairs_of_a_kind_are_judged_right_both_ways(kind, verifier):
    pairs = [(a, sign, b) for of, a, sign, b in KIN if of == kind]
    assert len(pairs) >= 10
    wrong = []
    for a, sign, b in pairs:
        verdicts = {compare(a, b, verifier), compare(b, a, verifier)}
        if len(verdicts) > 1 or not verdicts <= ACCEPTED[sign]:
            wrong.append((a, sign, b, verdicts))
    assert wrong == []


def test_few_pairs_stay_unknown(verifier):
    verdicts = Counter(compare(a, b, verifier) for _, a, _, b in KIN)
    assert verdicts.total() >= 500
    assert verdicts["unknown"] <= 0.05 * verdicts.total()


def test_without_the_verifier_nothing_is_wrong_either():
    wrong = [
        (a, sign, b)
        for _, a, sign, b in KIN
        if not {compare(a, b), compare(b, a)} <= ACCEPTED[sign] | {"unknown"}
    ]
    assert wrong == []


def generated(rng):
    """An answer of one of the kinds, with other words, numbers and notation."""
    n, m = rng.randint(0, 60), rng.randint(1, 60)
    one, other = rng.sample(["hens", "goats", "cows", "red", "blue", "apples", "coins"], 2)
    big, small = rng.choice([("hours", "minutes"), ("feet", "inches"), ("km", "m"), ("years", "months")])
    choices = [
        *(
            f"{n}",
            f"-{m}",
            f"{n}/{m}",
            rf"\frac{{{n}}}{{{m}}}",
            f"{n}.{m:02}",
            f"{n},{m}",
            f"{n}:{m:02}",
            f"{n}%",
        ),
        *(f"{n} {one}", f"{n} {one} and {m} {other}", f"{m} {other}, {n} {one}", f"{n} {big} {m} {small}"),
        *(f"{n} {big}", f"{m} {small}", f"{m % 12 + 1}:{n % 60:02} {rng.choice(['AM', 'p.m.', 'PM'])}"),
        *(f"({n}, {m})", f"[{n}, {m})", f"{n} < x < {m}", f"x > {n}", rf"x \le {m}", rf"x \neq {n}"),
        *(rf"(-\infty, {n}) \cup ({m}, \infty)", rf"{n} \pmod{{{m}}}", f"x = {n}", f"x = {n}, y = {m}"),
        *(
            rf"\sqrt{{{n}}}",
            f"x^2 + {n}",
            f"exp({n})",
            f"10{chr(0x2074)}",
            rf"\frac{{1}}{{{m}!}}",
            rf"\sin {n}^\circ",
        ),
        *(
            f"{n}{one}",
            f"**{n}**",
            rf"\textcolor{{red}}{{{n}}}",
            rf"\\frac{{{n}}}{{{m}}}",
            f"{n} million",
            f"{m} dozen",
        ),
        *(
            rng.choice(["A", "AC", "A and C", "B: x", "BD"]),
            f"May {m % 28 + 1}, 20{m:02}",
            f"{m % 12 + 1}/{n}/2020",
        ),
        *(
            f"{n} to {m}",
            rf"\begin{{pmatrix}} {n} \\ {m} \end{{pmatrix}}",
            f"0.({m})",
            f"{n} + {m}i",
            f"\\pm {n}",
        ),
    ]
    text = rng.choice(choices)
    if rng.random() < 0.1 and text:
        at = rng.randrange(len(text))
        text = (
            text[:at]
            + rng.choice("0123 .,:;{}()[]\\$%^_-+/*abcxyzAPM°'|<>=")
            + text[at + rng.randint(0, 1) :]
        )
    return text


def asymmetric(pairs):
    return [(a, b) for a, b in pairs if compare(a, b) != compare(b, a)]


def test_comparison_is_symmetric_over_all_pairs_of_the_cases():
    answers = sorted({answer for _, a, _, b in KIN for answer in (a, b)})
    sample = random.Random(3).sample(answers, 160)
    assert asymmetric(itertools.combinations(sample, 2)) == []


@given(st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_comparison_of_generated_answers_is_symmetric(rng):
    a, b = generated(rng), generated(rng)
    assert compare(a, b) == compare(b, a)
    assert compare(a, a) != "different"


@pytest.mark.extra
def test_comparison_of_100_000_generated_pairs_is_symmetric():
    rng = random.Random(7)
    assert asymmetric((generated(rng), generated(rng)) for _ in range(100_000)) == []


def test_math_verify_decides_the_same_in_both_orders(verifier):
    rng = random.Random(11)
    pairs = [(generated(rng), generated(rng)) for _ in range(200)]
    assert [(a, b) for a, b in pairs if verifier.compare(a, b) != verifier.compare(b, a)] == []
