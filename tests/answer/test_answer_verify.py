"""math-verify behind a deadline: what it decides, what it may not decide, and that it cannot hang."""

import threading
import time

import pytest

from rlvr_atlas.answer import Verifier, compare


@pytest.fixture(scope="module")
def verifier():
    # The deadline is wall-clock time on a machine that runs other tests too.
    with Verifier(workers=1, deadline_s=20) as running:
        yield running


@pytest.mark.parametrize(
    ("gold", "other", "verdict"),
    [
        (r"\frac{1}{1+\sqrt{2}}", r"\sqrt{2}-1", "same"),
        (r"\sin^2 x + \cos^2 x", "1", "same"),
        (r"\frac{x^2-1}{x+1}", "x-1", "same"),
        (r"\frac{x^2-1}{x+1}", "x+1", "different"),
        ("(1,2)", "[1,2]", "different"),
        (r"\frac{1", "1", "unknown"),
        (r"\text{east}", "west", "unknown"),
        ("5 apples", "5 pears", "unknown"),
        ("", "5", "unknown"),
        ("\x00\n", "5", "unknown"),
        ("x" * 5000, "x", "unknown"),
    ],
)
def test_verdicts(verifier, gold, other, verdict):
    assert verifier.compare(gold, other) == verdict


def test_compare_asks_the_verifier_only_where_exact_rules_end(verifier):
    assert compare(r"\frac{x^2-1}{x+1}", "x-1") == "unknown"
    assert compare(r"\frac{x^2-1}{x+1}", "x-1", verifier) == "same"
    assert compare("5 apples", "5 pears", verifier) == "unknown"
    assert compare("0.33", "1/3", verifier) == "unknown"


def test_many_keeps_order_and_judges_repeats_once(verifier):
    pairs = [(r"\frac{x^2-1}{x+1}", "x-1"), (r"\frac{1", "1"), (r"\frac{x^2-1}{x+1}", "x-1")]
    assert verifier.compare_many(pairs) == ["same", "unknown", "same"]
    assert verifier.compare_many([]) == []


def test_works_off_the_main_thread(verifier):
    found = []
    thread = threading.Thread(target=lambda: found.append(verifier.compare("x+1", "1+x")))
    thread.start()
    thread.join()
    assert found == ["same"]


def test_a_hanging_comparison_is_killed_and_the_next_one_answered():
    with Verifier(deadline_s=1.0) as verifier:
        verifier.compare("1", "1")  # starting is not part of the deadline
        started = time.monotonic()
        assert verifier.compare("100000000!", "5") == "unknown"
        assert time.monotonic() - started < 10
        assert verifier.compare("{" * 900 + "}" * 900, "1") == "unknown"
        verdicts = {verifier.compare("x+1", "1+x") for _ in range(5)}
        assert "same" in verdicts


def test_a_worker_that_died_is_replaced(verifier):
    process = verifier._workers[0]._process
    process.kill()
    process.wait()
    assert verifier.compare("x+1", "1+x") == "same"


def test_nonsense_settings_are_refused():
    with pytest.raises(ValueError, match="worker"):
        Verifier(workers=0)
    with pytest.raises(ValueError, match="deadline"):
        Verifier(deadline_s=0)
