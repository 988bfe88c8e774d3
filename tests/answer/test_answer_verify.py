"""math-verify behind a deadline: what it decides, what it may not decide, and that it cannot hang."""

import os
import resource
import signal
import threading
import time

import pytest

from rlvr_atlas.answer import Verifier, compare, verify

DEADLINE_S = 3.0


@pytest.fixture(scope="module")
def verifier():
    with Verifier(workers=1, deadline_s=DEADLINE_S) as running:
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


def test_works_off_the_main_thread(verifier):
    found = []
    thread = threading.Thread(target=lambda: found.append(verifier.compare("x+1", "1+x")))
    thread.start()
    thread.join()
    assert found == ["same"]


def test_a_hanging_comparison_is_killed_and_the_next_one_answered():
    with Verifier(deadline_s=1.0) as verifier:
        before = children_s()
        assert verifier.compare("100000000!", "5") == "unknown"
        assert verifier.ended == {"deadline": 1}
        assert children_s() - before < 60, "one start and one deadline, in processor time"
        assert verifier.compare("{" * 900 + "}" * 900, "1") == "unknown"
        assert verifier.compare("x+1", "1+x") == "same"


def children_s():
    """Processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def working(verifier):
    """The process of the first worker, which starts with the first question."""
    assert verifier.compare("x+1", "1+x") == "same"
    return verifier._workers[0]._process


def stop_worker(verifier):
    assert verifier.compare("1", "1") == "same"  # it runs
    process = working(verifier)
    os.kill(process.pid, signal.SIGSTOP)
    return process


def test_a_worker_that_gets_no_processor_gives_the_same_verdict_later(verifier):
    """A stopped process is what a very busy machine looks like; the deadline passes in wall-clock time."""
    before = dict(verifier.ended)
    process = stop_worker(verifier)
    found = []
    asking = threading.Thread(target=lambda: found.append(verifier.compare(r"\sin^2 x + \cos^2 x", "1")))
    asking.start()
    time.sleep(DEADLINE_S + 1)
    assert found == []
    os.kill(process.pid, signal.SIGCONT)
    asking.join()
    assert found == ["same"]
    assert verifier.ended == before


def test_what_ends_by_the_last_resort_is_counted_and_logged(verifier, monkeypatch, caplog):
    before = verifier.ended["cap"]
    stop_worker(verifier)
    monkeypatch.setattr(verify, "CAP", 0.2)
    assert verifier.compare("x+1", "1+x") == "unknown"
    assert verifier.ended["cap"] == before + 1
    assert "(cap)" in caplog.text
    monkeypatch.undo()
    assert verifier.compare("x+1", "1+x") == "same"


def test_a_worker_that_died_is_replaced(verifier):
    process = working(verifier)
    process.kill()
    process.wait()
    assert verifier.compare("x+1", "1+x") == "same"


def test_nonsense_settings_are_refused():
    with pytest.raises(ValueError, match="worker"):
        Verifier(workers=0)
    with pytest.raises(ValueError, match="deadline"):
        Verifier(deadline_s=0)
