"""Files that are nearly right are read or refused, and nothing ends in a traceback.

`python benchmarks/fuzz.py --seconds 3600` does the same for as long as one likes.
"""

import importlib.util
import time
from pathlib import Path

import pytest

_PLACE = Path(__file__).resolve().parents[1] / "benchmarks" / "fuzz.py"
_SPEC = importlib.util.spec_from_file_location("fuzz", _PLACE)
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_nearly_right_files_are_read_or_refused(first, tmp_path):
    ended = {number: fuzz.one(number, tmp_path)[1] for number in range(first, first + 10)}
    assert {number: how for number, how in ended.items() if how not in ("read", "refused")} == {}


@pytest.mark.extra
def test_a_minute_of_nearly_right_files(tmp_path):
    number, until = 100_000, time.monotonic() + 60
    while time.monotonic() < until:
        how = fuzz.one(number, tmp_path)[1]
        assert how in ("read", "refused"), f"input {number}: {how}"
        number += 1


def test_what_ends_in_a_traceback_is_seen(tmp_path, monkeypatch):
    def fail(*_):
        raise KeyError("x")

    monkeypatch.setattr(fuzz, "TARGETS", (fail,))
    assert "KeyError" in fuzz.one(0, tmp_path)[1]
