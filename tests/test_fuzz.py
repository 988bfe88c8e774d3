"""Files that are nearly right are read or refused, and nothing ends in a traceback.

`python benchmarks/fuzz.py --seconds 3600` does the same for as long as one likes.
"""

import importlib.util
import random
import time
from pathlib import Path

import polars as pl
import pytest

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load import open_dataset

_PLACE = Path(__file__).resolve().parents[1] / "benchmarks" / "fuzz.py"
_SPEC = importlib.util.spec_from_file_location("fuzz", _PLACE)
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_nearly_right_files_are_read_or_refused(first, tmp_path):
    ended = {number: fuzz.one(number, tmp_path)[1] for number in range(first, first + 10)}
    assert {number: how for number, how in ended.items() if how not in ("read", "refused")} == {}


@pytest.mark.parametrize("first", range(200_000, 200_060, 20))
def test_whole_rows_have_the_numbers_of_the_rows_that_were_read(first, tmp_path):
    read = 0
    for number in range(first, first + 20):
        try:
            spec = DatasetSpec(id="d", path=fuzz.read_rows(tmp_path, random.Random(number)))
            numbers = set(pl.concat(open_dataset(spec, tmp_path).batches())["row"])
        except InputError:
            continue
        found = [at for at, _, _ in open_dataset(spec, tmp_path).whole_rows(numbers)]
        assert found == sorted(numbers), f"input {number}"
        read += 1
    assert read


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
