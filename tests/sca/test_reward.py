"""The reward: hostile answers end in time, and a gold answer that nobody can read is nobody's fault."""

import resource
import time

import pytest

from rlvr_atlas.sca.reward import Judge, answer_of

DEADLINE_S = 2.0
#: Processor time that a worker may need to start.
START_S = 20.0


@pytest.fixture(scope="module")
def judge():
    with Judge(workers=1, deadline_s=DEADLINE_S) as judge:
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
    started = used_s()
    assert judge.rewards(["2"], [response]) == [0.0]
    # Two comparisons at most, each by a worker of its own where both are killed.
    assert used_s() - started < 2 * (DEADLINE_S + START_S)
    assert answers_yet(judge)


def used_s():
    """Processor time of this process and of the workers that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def answers_yet(judge):
    """Whether a worker is not hung: math-verify itself is asked, since exact rules need no worker."""
    return judge._verifier.compare("x^2-1", "(x-1)(x+1)") == "same"


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
