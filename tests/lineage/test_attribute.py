"""Parents, roots and atomic sources, on worlds small enough to see."""

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rlvr_atlas.lineage.attribute import attribute
from rlvr_atlas.lineage.chains import Verdicts, stated
from rlvr_atlas.schema import DATASETS, MATCHES, OCCURRENCES, conform


def _datasets(*rows):
    """(name, atomic source, derived_from) in order of release."""
    frame = pl.DataFrame(
        [
            {
                "dataset": name,
                "atomic_source": source,
                "derived_from": list(up),
                "rank": rank,
                "trust_labels": trust,
            }
            for rank, (name, source, up, trust) in enumerate(rows)
        ],
        schema_overrides={"derived_from": pl.List(pl.String), "atomic_source": pl.String},
    )
    return conform(frame, DATASETS)


def _occurrences(*rows):
    frame = pl.DataFrame(
        [(*row, None) if len(row) == 3 else row for row in rows],
        schema={"dataset": pl.String, "row": pl.Int64, "key": pl.String, "declared_source": pl.String},
        orient="row",
    )
    return conform(frame.with_columns(released=pl.lit(dt.date(2024, 1, 1))), OCCURRENCES)


def _matches(*rows):
    frame = pl.DataFrame(
        rows, schema=["child", "parent", "relation", "probability"], orient="row"
    ) if rows else pl.DataFrame(schema={"child": pl.String})  # fmt: skip
    return conform(frame.with_columns(tier=pl.lit("lexical")), MATCHES)


def _trace(datasets, occurrences, matches=(), labels=None):
    labels = labels or {}
    return _attribute(
        _occurrences(*occurrences),
        _matches(*matches),
        _datasets(*datasets),
        map_label=lambda label, dataset: labels.get(label),
    )


def _attribute(occurrences, matches, datasets, map_label=lambda label, dataset: None):
    known = Verdicts.of(matches, stated(occurrences), 0.5)
    return attribute(occurrences, matches, datasets, map_label=map_label, known=known)


def _row(result, dataset, row=0):
    return result.lineage.filter(dataset=dataset, row=row).row(0, named=True)


def test_the_earliest_occurrence_is_the_parent():
    result = _trace(
        [("a", "src", (), False), ("b", None, (), False), ("c", None, (), False)],
        [("a", 4, "k"), ("b", 0, "k"), ("c", 2, "k")],
    )
    row = _row(result, "c", 2)
    assert (row["parent_dataset"], row["parent_row"], row["relation"], row["tier"]) == (
        "a",
        4,
        "identical",
        "exact",
    )
    assert (row["root_dataset"], row["root_row"], row["atomic_source"], row["hops"]) == ("a", 4, "src", 1)
    first = _row(result, "a", 4)
    assert first["parent_dataset"] is None
    assert (first["root_dataset"], first["hops"], first["atomic_source"]) == ("a", 0, "src")


def test_a_documented_upstream_is_preferred_to_an_earlier_release():
    result = _trace(
        [("a", "src", (), False), ("b", None, (), False), ("c", None, ("b",), False)],
        [("a", 0, "k"), ("b", 0, "k"), ("c", 0, "k")],
    )
    row = _row(result, "c")
    assert (row["parent_dataset"], row["root_dataset"], row["hops"], row["atomic_source"]) == (
        "b",
        "a",
        2,
        "src",
    )


def test_unknown_stays_unknown():
    result = _trace(
        [("a", None, (), False), ("b", None, (), False)], [("a", 0, "k"), ("b", 0, "k"), ("b", 1, "z")]
    )
    assert result.lineage["atomic_source"].null_count() == 3
    assert _row(result, "b", 1)["parent_dataset"] is None


def test_the_first_known_source_on_the_way_from_the_root_counts():
    result = _trace(
        [("a", None, (), False), ("b", "src", (), False), ("c", None, ("b",), False)],
        [("a", 0, "k"), ("b", 0, "k"), ("c", 0, "k")],
    )
    assert _row(result, "c")["root_dataset"] == "a"
    assert _row(result, "c")["atomic_source"] == "src"
    assert _row(result, "a")["atomic_source"] is None


@pytest.mark.parametrize(
    ("own", "documented", "source"), [("src_b", ("a",), "src_a"), ("src_b", (), "src_b"), (None, (), None)]
)
def test_a_variant_inherits_the_source_only_where_its_descent_is_documented(own, documented, source):
    result = _trace(
        [("a", "src_a", (), False), ("b", own, documented, False)],
        [("a", 0, "k"), ("b", 0, "v")],
        [("v", "k", "variant", 0.9)],
    )
    row = _row(result, "b")
    assert (row["relation"], row["parent_dataset"], row["atomic_source"]) == ("variant", "a", source)


def test_a_label_of_its_own_beats_the_source_of_a_documented_variant():
    result = _trace(
        [("a", "src_a", (), False), ("b", None, ("a",), True)],
        [("a", 0, "k"), ("b", 0, "v", "src_b"), ("b", 1, "w", "says nothing"), ("b", 2, "k", "src_b")],
        [("v", "k", "variant", 0.9), ("w", "k", "variant", 0.9)],
        labels={"src_b": "src_b"},
    )
    assert [_row(result, "b", row)["atomic_source"] for row in (0, 1, 2)] == ["src_b", "src_a", "src_a"]
    assert _row(result, "b", 0)["parent_dataset"] == "a"


@pytest.mark.parametrize(
    ("documented", "dates", "source"),
    [
        (("a",), (None, None), None),  # said to be taken from there
        ((), (dt.date(2025, 2, 1), dt.date(2025, 3, 1)), None),  # published before
        ((), (None, dt.date(2025, 3, 1)), "src_b"),  # nothing says which was first
        ((), (dt.date(2025, 3, 1), dt.date(2025, 3, 1)), "src_b"),
    ],
)
def test_a_dataset_that_introduces_data_is_no_source_of_what_was_there_before(documented, dates, source):
    datasets = _datasets(("a", None, (), False), ("b", "src_b", documented, False))
    result = _attribute(
        _occurrences(("a", 0, "k"), ("a", 1, "t"), ("b", 0, "k"), ("b", 1, "n"), ("b", 2, "v")),
        _matches(("v", "t", "variant", 0.9)),
        datasets.with_columns(released=pl.Series(dates, dtype=pl.Date)),
    )
    assert [_row(result, "b", row)["atomic_source"] for row in (0, 1, 2)] == [source, "src_b", "src_b"]


def test_a_benchmark_introduces_its_problems_whoever_had_them_before():
    datasets = _datasets(("a", None, (), False), ("b", "exams", (), False), ("c", "exams", ("a",), False))
    result = _attribute(
        _occurrences(("a", 0, "k"), ("b", 0, "k"), ("c", 0, "k")),
        _matches(),
        datasets.with_columns(
            released=pl.Series([dt.date(2024, month, 1) for month in (1, 2, 3)]),
            role=pl.Series(["train", "benchmark", "benchmark"]),
        ),
    )
    assert [_row(result, name)["atomic_source"] for name in "abc"] == [None, "exams", None]


def test_a_label_tells_the_source_of_later_copies_where_the_root_says_nothing():
    result = _trace(
        [
            ("a", None, (), False),
            ("b", None, ("a",), True),
            ("c", None, ("a", "b"), False),
            ("d", "x", (), False),
        ],
        [("a", 0, "k"), ("b", 0, "k", "src"), ("c", 0, "k"), ("c", 1, "r"), ("c", 2, "v")],
        [("r", "k", "reworded", 0.9), ("v", "k", "variant", 0.9)],
        labels={"src": "src"},
    )
    assert _row(result, "a")["atomic_source"] is None
    assert _row(result, "c")["root_dataset"] == "a"
    assert [_row(result, "c", row)["atomic_source"] for row in (0, 1, 2)] == ["src", "src", None]


def test_the_same_problem_beats_a_documented_variant():
    result = _trace(
        [("a", "s", (), False), ("b", "t", (), False), ("c", None, ("b",), False)],
        [("a", 0, "k"), ("b", 0, "v"), ("c", 0, "c")],
        [("c", "k", "reworded", 0.9), ("c", "v", "variant", 0.9)],
    )
    assert _row(result, "c")["relation"] == "reworded"


@pytest.mark.parametrize("relation", ["variant", "reworded"])
def test_rows_of_one_dataset_are_not_parents_of_each_other(relation):
    result = _trace([("a", "s", (), False)], [("a", 0, "k"), ("a", 1, "v")], [("v", "k", relation, 0.9)])
    assert _row(result, "a", 1)["parent_dataset"] is None


def test_repeats_point_outside_or_to_the_first_row():
    result = _trace(
        [("a", "s", (), False), ("b", None, (), False)],
        [("a", 0, "k"), ("a", 1, "k"), ("b", 0, "k"), ("b", 1, "k"), ("b", 2, "n"), ("b", 3, "n")],
    )
    assert (_row(result, "a", 1)["parent_dataset"], _row(result, "a", 1)["parent_row"]) == ("a", 0)
    assert (_row(result, "b", 1)["parent_dataset"], _row(result, "b", 1)["parent_row"]) == ("a", 0)
    assert (_row(result, "b", 3)["parent_dataset"], _row(result, "b", 3)["parent_row"]) == ("b", 2)
    # Edges are between datasets; a dataset's repeats of itself are not lineage.
    assert result.edges.select("child", "parent", "rows").rows() == [("b", "a", 2)]


def test_matches_below_the_threshold_carry_no_lineage():
    result = _trace(
        [("a", "s", (), False), ("b", None, (), False)],
        [("a", 0, "k"), ("b", 0, "x")],
        [("x", "k", "reworded", 0.4)],
    )
    assert _row(result, "b")["parent_dataset"] is None


def test_labels_count_only_where_they_are_trusted_and_lies_are_listed():
    labels = {"L": "labelled", "lie": "other"}
    result = _trace(
        [("a", "src", (), False), ("b", None, (), True), ("c", None, (), False)],
        [("a", 0, "k", None), ("b", 0, "n", "L"), ("c", 0, "k", "lie"), ("c", 1, "z", "L")],
        labels=labels,
    )
    assert _row(result, "b")["atomic_source"] == "labelled"
    assert _row(result, "c", 1)["atomic_source"] is None
    assert result.conflicts.select("dataset", "declared_source", "traced_atomic_source", "rows").rows() == [
        ("c", "lie", "src", 1)
    ]


def test_one_line_per_occurrence_whatever_matches_there_are():
    occurrences = [("a", i, f"k{i % 3}") for i in range(9)] + [("b", i, f"m{i % 3}") for i in range(6)]
    matches = [(f"m{i}", f"k{j}", "reworded", 0.9) for i in range(3) for j in range(3)]
    result = _trace([("a", "s", (), False), ("b", None, (), False)], occurrences, matches)
    assert_frame_equal(
        result.lineage.select("dataset", "row").sort("dataset", "row"),
        _occurrences(*occurrences).select("dataset", "row").sort("dataset", "row"),
    )
    assert set(result.lineage.filter(dataset="b")["atomic_source"]) == {"s"}


def test_the_parent_is_the_closest_and_the_root_the_earliest():
    """`copy` stands word for word in `middle`; `old` holds rewordings of it."""
    result = _trace(
        [("old", "src", (), False), ("middle", None, (), False), ("copy", None, (), False)],
        [
            (name, row, f"{'o' if name == 'old' else 'k'}{row}")
            for name in ("old", "middle", "copy")
            for row in (0, 1)
        ],
        [(f"k{row}", f"o{row}", "reworded", 0.9) for row in (0, 1)],
    )
    for row in (0, 1):
        found = _row(result, "copy", row)
        assert (found["parent_dataset"], found["relation"], found["hops"]) == ("middle", "identical", 2)
        assert (found["root_dataset"], found["root_row"], found["atomic_source"]) == ("old", row, "src")
        assert _row(result, "middle", row)["parent_dataset"] == "old"
    assert result.edges.filter(child="copy").select("parent", "rows").rows() == [("middle", 2)]


@pytest.mark.parametrize(
    ("released", "told"),
    [
        ((dt.date(2024, 1, 1), dt.date(2024, 2, 1)), "dates"),
        ((dt.date(2024, 1, 1), dt.date(2024, 1, 1)), "same date"),
        ((None, dt.date(2024, 1, 1)), "no date"),
    ],
)
def test_an_edge_says_what_speaks_for_it(released, told):
    """Both `one` and `other` hold row 0 of the child word for word, only `one` its row 1."""
    names = [("one", None, (), False), ("other", None, (), False), ("child", None, (), False)]
    datasets = _datasets(*names).with_columns(
        released=pl.Series([released[0], released[0], released[1]], dtype=pl.Date)
    )
    rows = [("one", 0, "a"), ("one", 1, "b"), ("other", 0, "a"), ("child", 0, "a"), ("child", 1, "b2")]
    result = _attribute(
        _occurrences(*rows),
        _matches(("b2", "b", "reworded", 0.8)),
        datasets,
    )
    found = result.edges.filter(child="child").select(
        "relation", "rows", "sole_rows", "probability", "direction"
    )
    assert found.rows() == [("identical", 1, 0, 1.0, told), ("reworded", 1, 1, 0.8, told)]
    assert result.edges["documented"].to_list() == [False] * result.edges.height


def test_of_equally_close_datasets_that_with_most_of_the_rows_is_the_parent():
    keys = "abcdef"
    result = _trace(
        [
            ("few", None, (), False),
            ("most", None, (), False),
            ("late", None, (), False),
            ("child", None, (), False),
        ],
        [
            *(("few", n, key) for n, key in enumerate(keys[:2])),
            *(("most", n, key) for n, key in enumerate(keys[:5])),
            *(("late", n, key) for n, key in enumerate(keys[4:])),
            *(("child", n, key) for n, key in enumerate(keys)),
        ],
    )
    parents = result.lineage.filter(dataset="child").sort("row")["parent_dataset"].to_list()
    assert parents == ["most"] * 5 + ["late"]
    assert _row(result, "child", 0)["root_dataset"] == "few"
    assert _row(result, "child", 0)["hops"] == 2


def test_a_closer_text_of_another_root_is_no_parent():
    """Otherwise the chain of parents would end elsewhere than at the root."""
    result = _trace(
        [("a", "one", (), False), ("b", "two", (), False), ("c", None, (), False)],
        [("a", 0, "ka"), ("b", 0, "kb"), ("c", 0, "kc")],
        [("kc", "ka", "embedded", 0.9), ("kc", "kb", "reformatted", 0.9)],
    )
    row = _row(result, "c")
    assert (row["parent_dataset"], row["root_dataset"], row["atomic_source"], row["hops"]) == (
        "a",
        "a",
        "one",
        1,
    )
