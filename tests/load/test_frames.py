"""Data in memory as files: nothing of a row is lost, and what cannot be stored is said."""

import datetime as dt
import io
import json

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr_atlas.errors import InputError
from rlvr_atlas.load.frames import in_memory, serialise


def records(data):
    file = serialise(data, "here")
    assert file.ending == ".jsonl"
    return [json.loads(line) for line in file.content.splitlines()]


def test_values_that_json_lacks_are_kept_as_far_as_a_file_can():
    row = {
        "array": np.array([1, 2]),
        "number": np.int64(7),
        "large": 10**40,
        "day": dt.date(2024, 1, 2),
        "text": "ünï \ud83d",
        "bytes": b"abc",
        "image": b"\xff\xd8",
        "nested": [{"role": "user", "content": "x"}],
    }
    assert records([row]) == [
        {
            "array": [1, 2],
            "number": 7,
            "large": 10**40,
            "day": "2024-01-02",
            "text": "ünï \ud83d",
            "bytes": "abc",
            "image": "data:;base64,/9g=",
            "nested": [{"role": "user", "content": "x"}],
        }
    ]


def test_a_table_keeps_its_columns_and_rows():
    table = pa.table({"a": [1, 2], "b": [["x"], []]})
    for data in (table, pl.DataFrame(table), pl.LazyFrame(pl.DataFrame(table)), table.to_batches()[0]):
        file = serialise(data, "here")
        assert file.ending == ".parquet"
        assert pq.read_table(io.BytesIO(file.content)).to_pylist() == table.to_pylist()
        assert serialise(data, "here") == file


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (pl.DataFrame({"a": [object()]}), "here: the table cannot be stored .* Python objects"),
        ([{"a": {(1,): 2}}], "here: row 0 cannot be stored"),
        (iter([]), "here: there are no rows"),
        (b"bytes", "here: no rows can be read from a bytes"),
        ({"problem": ["a", "b"]}, "here: .* keys 'problem'"),
        ([[1, 2]], "here: row 0 is a list"),
    ],
)
def test_what_cannot_be_stored_is_said(data, words):
    with pytest.raises(InputError, match=words):
        serialise(data, "here")


def test_a_row_that_holds_itself_is_said():
    row = {}
    row["self"] = row
    with pytest.raises(InputError, match="row 0 cannot be stored"):
        serialise([row], "here")


def test_names_of_places_are_not_rows(tmp_path):
    assert not any(in_memory(data) for data in ("x.jsonl", tmp_path, ["a", tmp_path]))
    assert all(in_memory(data) for data in ([], [{}], (), pl.DataFrame(), None))
