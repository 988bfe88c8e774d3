"""The reward: hostile answers end in time, and a gold answer that nobody can read is nobody's fault."""

import time

import pytest

from rlvr_atlas.sca.reward import Judge, answer_of

DEADLINE_S = 2.0


@pytest.fixture(scope="module")
def judge():
    with Judge(workers=1, deadline_s=DEADLINE_S) as judge:
        judge.judge(["sin(x)"], ["\\boxed{\\cos(x)}"])  # a first worker starts, which no deadline counts
        yield judge


@pytest.mark.parametrize(
    ("gold", "response", "outcome"),
    [
        ("12", "so it is \\boxed{12}", "right"),
        ("1/2", "the answer is 0.5", "right"),
        ("x^2-1", "\\boxed{(x-1)(x+1)}", "right"),
        ("7", "7", "right"),
        ("12", "\\boxed{13}", "wrong"),
        ("12", "I count \\boxed{eleven apples and a pear}", "wrong"),
        ("12", "no idea at all, and a second line\nbut 12 stands in it", "no answer"),
        ("12", "", "no answer"),
        ("", "\\boxed{12}", "unreadable gold"),
        (None, "\\boxed{12}", "unreadable gold"),
        ("7" * 5000, "\\boxed{" + "7" * 5000 + "}", "unreadable gold"),
    ],
)
def test_outcomes(judge, gold, response, outcome):
    assert judge.judge([gold], [response]) == [outcome]


@pytest.mark.parametrize(
    "response",
    [
        "10**10**10",
        "\\boxed{10^{10^{10}}}",
        "\\boxed{9**9**9**9}",
        "\\boxed{100000000!}",
        "\\boxed{" + "{" * 5000 + "7" + "}" * 5000 + "}",
        "\\boxed{" * 5000 + "7",
        "\\boxed{" + "(" * 900 + "7" + ")" * 900 + "}",
        "\\boxed{" + "\\frac{1}{" * 400 + "2" + "}" * 400 + "}",
        "7" * 1_000_000,
        "\\boxed{" + "7" * 1_000_000 + "}",
        "the answer is " * 80_000,
        "\ud800",
    ],
    ids=lambda text: f"{text[:20]!a}-{len(text)}",
)
def test_hostile_answers_end_in_time_and_earn_nothing(judge, response):
    started = time.monotonic()
    assert judge.rewards(["2"], [response]) == [0.0]
    # Two comparisons at most; after each a killed worker may have to start again, which takes what it takes.
    assert time.monotonic() - started < 2 * DEADLINE_S + 30
    assert answers_yet(judge)


def answers_yet(judge):
    """Whether a worker is not hung: math-verify itself is asked, since exact rules need no worker.

    On a busy machine a comparison may take longer than the short deadline of these tests: it may try again.
    """
    return any(judge._verifier.compare("x^2-1", "(x-1)(x+1)") == "same" for _ in range(10))


def test_hostile_answers_among_others_hold_up_nobody():
    nested = "\\boxed{" + "(" * 900 + "7" + ")" * 900 + "}"
    hostile = ["\\boxed{100000000!}", "10**10**10", nested, "7" * 1_000_000]
    with Judge(workers=2, deadline_s=DEADLINE_S) as judge:
        rewards = judge.rewards(["2"] * 8, [*hostile, *["\\boxed{2}"] * 4])
        assert rewards == [0.0] * 4 + [1.0] * 4
        assert answers_yet(judge)
        processes = [worker._process for worker in judge._verifier._workers]
    assert all(process is None or process.poll() is not None for process in processes), "one is left behind"


def test_unreadable_gold_is_reported_and_never_rewarded():
    with Judge() as judge:
        assert judge.rewards(["", None, "12"], ["", "\\boxed{}", "12"]) == [0.0, 0.0, 1.0]
        assert judge.outcomes == {"unreadable gold": 2, "right": 1}


def test_the_last_answer_counts():
    assert answer_of("\\boxed{3} no, wait: \\boxed{4}") == "4"
