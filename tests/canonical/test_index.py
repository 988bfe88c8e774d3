"""Release order and the lineage dictionary."""

import datetime as dt

import polars as pl
import pytest

from rlvr_atlas.canonical.index import build, release_order
from rlvr_atlas.config import DatasetSpec


def _spec(name, released=None, derived_from=()):
    date = dt.date.fromisoformat(released) if released else None
    return DatasetSpec(id=name, path="x", released=date, derived_from=list(derived_from))


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        ([_spec("b", "2024-01-01"), _spec("a", "2023-01-01")], ["a", "b"]),
        ([_spec("undated"), _spec("dated", "2024-01-01")], ["dated", "undated"]),
        # A copy that carries the date of its source still comes after a documented upstream.
        ([_spec("copy", "2020-01-01", ["source"]), _spec("source", "2021-01-01")], ["source", "copy"]),
        ([_spec("x", "2024-01-01"), _spec("y", "2024-01-01")], ["x", "y"]),
        ([_spec("a", "2024-01-01", ["not in view"])], ["a"]),
    ],
)
def test_release_order(specs, expected):
    assert [spec.id for spec in release_order(specs)] == expected


def _rows(*rows):
    names = ("dataset", "row", "key", "answer")
    frame = pl.DataFrame(rows, schema=names, orient="row")
    constant = {"prompt": "p", "skeleton": "s", "stem": "s", "language": "en", "domain": "math"}
    constant["subject"] = "algebra"
    return frame.with_columns(
        **{name: pl.lit(value) for name, value in constant.items()},
        is_mcq=pl.lit(False),
        split=pl.lit(None, pl.String),
        declared_source=pl.lit(None, pl.String),
        attachments=pl.lit(None, pl.String),
        shared=pl.lit(None, pl.String),
    )


def test_instances_take_the_earliest_answer_and_count_every_row():
    rows = _rows(
        ("late", 0, "k1", "7"), ("early", 5, "k1", None), ("early", 3, "k2", "1"), ("late", 1, "k1", "8")
    )
    ranks = pl.DataFrame({"dataset": ["early", "late"], "rank": [0, 1], "released": [None, None]})
    occurrences, instances = build(rows, ranks)
    assert occurrences.select("dataset", "row").rows() == [
        ("early", 3),
        ("early", 5),
        ("late", 0),
        ("late", 1),
    ]
    assert instances.select("key", "answer", "occurrences", "first_dataset", "first_row").rows() == [
        ("k2", "1", 1, "early", 3),
        ("k1", "7", 3, "early", 5),
    ]
