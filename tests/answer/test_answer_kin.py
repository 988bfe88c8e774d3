"""Answers of many kinds: the shared cases, and pairs made from their descriptions (kin.txt)."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

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
