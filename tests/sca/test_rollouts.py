"""Rollouts: a run that was killed ends like an unbroken one, and nothing of two models is mixed."""

import hashlib
import json
import subprocess
import sys
import time
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.rollouts import Asked, read_rollouts, roll_out

PROBLEMS = pl.DataFrame(
    [
        {
            "source": "s",
            "key": f"{n:040}",
            "split": "train" if n % 3 else "held_out",
            "prompt": f"{n} + 1",
            "answer": str(n + 1),
        }
        for n in range(23)
    ]
)
ASKED = Asked("m", "m", None, k=3, seed=0, settings="", batch=5)
CODE = """
import sys, time
sys.path.insert(0, {here!r})
from pathlib import Path
import test_rollouts as t
def slow(questions, k, seed):
    time.sleep(0.05)
    return t.answers(questions, k, seed)
with t.Judge() as judge:
    t.roll_out(t.PROBLEMS, t.ASKED, lambda: slow, judge, Path(sys.argv[1]))
"""


def answers(questions, k, seed):
    """Right or wrong by the seed and the question."""
    digests = [[hashlib.sha256(f"{seed}{q}{at}".encode()).digest()[0] for at in range(k)] for q in questions]
    return [
        [str(int(q.split()[0]) + 1 + d % 2) for d in ds] for q, ds in zip(questions, digests, strict=True)
    ]


@pytest.fixture(scope="module")
def judge():
    with Judge() as judge:
        yield judge


@pytest.fixture(scope="module")
def whole(judge, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "r.jsonl"
    roll_out(PROBLEMS, ASKED, lambda: answers, judge, path)
    return path.read_bytes()


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(0, 10_000))
def test_cut_anywhere_it_goes_on_to_the_same_file(judge, whole, tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "r.jsonl"
    path.write_bytes(whole[: cut % (len(whole) + 1)])
    found = roll_out(PROBLEMS, ASKED, lambda: answers, judge, path)
    assert path.read_bytes() == whole
    assert found.height == PROBLEMS.height * ASKED.k
    assert set(found["correct"]) == {True, False}


def test_killed_it_goes_on_to_the_same_file(judge, whole, tmp_path):
    path = tmp_path / "r.jsonl"
    code = CODE.format(here=str(__import__("pathlib").Path(__file__).parent))
    process = subprocess.Popen([sys.executable, "-c", code, str(path)])
    while not path.exists() or path.read_bytes().count(b"\n") < 5:
        assert process.poll() is None or path.exists()
        time.sleep(0.01)
    process.kill()
    process.wait()
    roll_out(PROBLEMS, ASKED, lambda: answers, judge, path)
    assert path.read_bytes() == whole


def test_a_finished_file_needs_no_model(judge, whole, tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(whole)
    roll_out(PROBLEMS, ASKED, lambda: pytest.fail("loaded"), judge, path)


@pytest.mark.parametrize("change", [{"model": "n"}, {"k": 4}, {"settings": "T 1"}, {"trained_on": "s"}])
def test_another_model_or_setting_is_refused(judge, whole, tmp_path, change):
    path = tmp_path / "r.jsonl"
    path.write_bytes(whole)
    with pytest.raises(InputError, match=f"{next(iter(change))}: .*, now "):
        roll_out(PROBLEMS, replace(ASKED, **change), lambda: answers, judge, path)


def test_other_problems_are_refused(judge, whole, tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(whole)
    with pytest.raises(InputError, match="other problems"):
        roll_out(PROBLEMS.head(9), ASKED, lambda: answers, judge, path)


def test_an_unfinished_or_damaged_file_is_no_result(whole, tmp_path):
    path = tmp_path / "r.jsonl"
    with pytest.raises(InputError, match="no rollouts"):
        read_rollouts(path)
    lines = whole.split(b"\n")
    path.write_bytes(b"\n".join(lines[:20]) + b"\n")
    with pytest.raises(InputError, match="19 of 69 answers"):
        read_rollouts(path)
    path.write_bytes(b"\n".join([*lines[:4], b'{"half', *lines[5:]]))
    with pytest.raises(InputError, match="line 5: damaged line"):
        read_rollouts(path)


def test_the_header_says_what_was_asked(whole):
    header = json.loads(whole.split(b"\n", 1)[0])
    assert header["asked"]["k"] == 3
    assert header["problems"]["count"] == 23


def test_models_asked_the_same_split_draw_from_the_same_randomness(judge, tmp_path):
    alone = roll_out(PROBLEMS.filter(split="held_out"), ASKED, lambda: answers, judge, tmp_path / "a")
    among = roll_out(PROBLEMS, ASKED, lambda: answers, judge, tmp_path / "b")
    assert among.filter(split="held_out").equals(alone)
