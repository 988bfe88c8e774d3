"""The numbers, against the same numbers counted one row at a time."""

import json
from collections import Counter

import polars as pl
import pytest

from rlvr_atlas import schema as record
from rlvr_atlas.report import summary


def by_id(facts):
    return {fact["dataset"]: fact for fact in facts["datasets"]}


def test_every_row_is_counted_once(small):
    facts = summary(small)
    rows = Counter(small["occurrences"]["dataset"])
    for name, fact in by_id(facts).items():
        assert fact["rows"] == rows[name]
        assert sum(part["rows"] for part in fact["composition"]) == fact["rows"]
        assert sum(part["share"] for part in fact["composition"]) == pytest.approx(1)
        assert sum(fact["relations"].values()) == fact["rows"]
        known = [part["rows"] for part in fact["composition"] if part["source"] is not None]
        assert fact["attributed_rows"] == sum(known)
        assert fact["attributed_share"] == pytest.approx(sum(known) / fact["rows"])
    assert facts["totals"]["rows"] == sum(rows.values())
    assert facts["totals"]["skipped_rows"] == 1


def test_sources_with_equally_many_rows_stand_in_order_of_name():
    names = ["delta", "alpha", None, "charlie", "bravo"]
    lines = [{"dataset": "d", "atomic_source": name} for name in names]
    tables = frames([], d=names) | {"lineage": pl.DataFrame(lines, schema=record.LINEAGE)}
    sources = [part["source"] for part in by_id(summary(tables))["d"]["composition"]]
    assert sources == ["alpha", "bravo", "charlie", "delta", None]


def frames(matches, **occurrences):
    """Datasets named bench... are benchmarks; a match is (child, parent, relation, probability)."""
    return {
        "datasets": pl.DataFrame(
            [
                {"dataset": name, "role": "benchmark" if name.startswith("bench") else "train"}
                for name in occurrences
            ],
            schema=record.DATASETS,
        ),
        "occurrences": pl.DataFrame(
            [
                {"key": key, "dataset": name, "row": row}
                for name, keys in occurrences.items()
                for row, key in enumerate(keys)
            ],
            schema=record.OCCURRENCES,
        ),
        "matches": pl.DataFrame(
            [
                dict(zip(("child", "parent", "relation", "probability"), match, strict=True))
                for match in matches
            ],
            schema=record.MATCHES,
        ),
    }


def test_edges_keep_variants_apart_and_documented_upstreams_without_rows_are_listed():
    edges = [
        {"child": "b", "parent": "a", "relation": "identical", "rows": 5, "documented": True},
        {"child": "b", "parent": "a", "relation": "reworded", "rows": 2, "documented": True},
        {"child": "b", "parent": "a", "relation": "variant", "rows": 3, "documented": True},
    ]
    datasets = [{"dataset": "a"}, {"dataset": "b", "derived_from": ["a", "c"]}, {"dataset": "c"}]
    datasets.append({"dataset": "d", "derived_from": ["a", "gone"]})
    facts = summary(
        {
            "edges": pl.DataFrame(edges, schema=record.EDGES),
            "datasets": pl.DataFrame(datasets, schema=record.DATASETS),
        }
    )
    assert facts["edges"] == [
        {"child": "b", "parent": "a", "rows": 7, "variant_rows": 3, "documented": True},
    ]
    unmeasured = {(case["child"], case["parent"]): case["in_view"] for case in facts["documented_unmeasured"]}
    assert unmeasured == {("b", "c"): True, ("d", "a"): True, ("d", "gone"): False}


def test_what_was_not_measured_is_null_and_what_is_empty_is_zero():
    nothing = summary({})["totals"]
    assert nothing["rows"] is nothing["attributed_share"] is nothing["conflict_rows"] is None
    empty = {"conflicts": record.empty(record.CONFLICTS), "occurrences": record.empty(record.OCCURRENCES)}
    assert (summary(empty)["totals"]["conflict_rows"], summary(empty)["totals"]["rows"]) == (0, 0)
    loaded = summary(frames([], train=["x"]))
    assert by_id(loaded)["train"]["leaks"] is loaded["leak_pairs"] is loaded["brought_in"] is None
    assert by_id(loaded)["train"]["attributed_share"] is None
    assert by_id(loaded)["train"]["skipped_rows"] is None
    assert by_id(loaded)["train"]["rows"] == 1


def test_the_summary_is_plain_json(small):
    facts = summary(small)
    assert json.loads(json.dumps(facts)) == facts


def test_conflicts_and_skipped_rows_are_listed_largest_first(small):
    known = small["conflicts"]
    conflicts = pl.concat(
        [
            known,
            known.with_columns(declared_source=pl.lit("another label"), rows=pl.lit(1, pl.Int64)),
            known.with_columns(traced_atomic_source=pl.lit("source_09"), rows=pl.lit(9, pl.Int64)),
        ]
    )
    skipped = pl.DataFrame(
        [
            {"dataset": "a", "row": row, "reason": reason, "detail": f"row {row}"}
            for row, reason in ((4, "no prompt"), (2, "no prompt"), (3, "not text"))
        ],
        schema=record.SKIPPED_ROWS,
    )
    facts = summary({**small, "conflicts": conflicts, "skipped_rows": skipped})
    assert [(case["rows"], case["labels"]) for case in facts["conflicts"]] == [(9, 1), (8, 2)]
    assert facts["conflicts"][1]["declared_source"] == known["declared_source"][0]
    assert [(case["reason"], case["rows"], case["example_row"]) for case in facts["skipped"]] == [
        ("no prompt", 2, 2),
        ("not text", 1, 3),
    ]
