"""The judge: a perfect lineage is perfect, and every kind of damage shows in its own line."""

import polars as pl
import pytest

from rlvr_atlas.demo import evaluate
from rlvr_atlas.demo.evaluate import EVALUATION
from rlvr_atlas.schema import LINEAGE, MATCHES, OCCURRENCES, conform


def _tables(truth: pl.DataFrame):
    """The tables that a perfect tracer would have written; the key of a row is its place."""
    key = pl.format("{}:{}", "dataset", "row")
    parent = pl.when(pl.col("origin_row").is_not_null()).then(
        pl.format("{}:{}", "origin_dataset", "origin_row")
    )
    rows = truth.with_columns(
        key=key, parent_key=parent, parent_dataset="origin_dataset", parent_row="origin_row"
    )
    matches = rows.filter(pl.col("relation").is_not_null()).select(
        "relation", child="key", parent="parent_key"
    )
    return conform(rows, LINEAGE).select(list(LINEAGE)), conform(matches, MATCHES), conform(rows, OCCURRENCES)


def _line(result: pl.DataFrame, measure: str, strength: str | None = None):
    return result.filter(pl.col("measure") == measure, pl.col("strength").eq_missing(pl.lit(strength))).row(
        0, named=True
    )


@pytest.fixture(scope="module")
def tables(world):
    return _tables(world.truth)


def test_a_perfect_lineage_is_perfect(world, tables):
    result = evaluate(*tables, world.truth)
    assert result.columns == list(EVALUATION)
    for line in result.iter_rows(named=True):
        if line["measure"] == "renumbered called the same":
            assert line["found"] == 0 < line["truth"]
            continue
        assert line["precision"] == 1.0, line
        assert line["recall"] in (1.0, None), line
        assert line["found"] > 0, line
    light, heavy = _line(result, "reworded", "light"), _line(result, "reworded", "heavy")
    assert light["truth"] + heavy["truth"] == _line(result, "reworded")["truth"]


def test_a_link_to_any_copy_of_the_problem_is_right(world, tables):
    lineage, matches, occurrences = tables
    roots = world.truth.select("dataset", "row", "root_dataset", "root_row", "problem", "stem")
    own = lineage.join(roots, on=["dataset", "row"], suffix="_true").with_columns(
        parent_dataset=pl.when((pl.col("problem") == pl.col("stem")) & pl.col("relation").is_not_null())
        .then("root_dataset_true")
        .otherwise("parent_dataset"),
        parent_row=pl.when((pl.col("problem") == pl.col("stem")) & pl.col("relation").is_not_null())
        .then("root_row_true")
        .otherwise("parent_row"),
    )
    assert not own["parent_row"].equals(lineage["parent_row"])
    same = _line(evaluate(own, matches, occurrences, world.truth), "same problem")
    assert same["precision"] == same["recall"] == 1.0


def test_missing_links_cost_recall_only(world, tables):
    lineage, matches, occurrences = tables
    gone = pl.col("relation") == "reworded"
    less = lineage.with_columns(
        pl.when(gone).then(None).otherwise(pl.col(name)).alias(name)
        for name in ("parent_dataset", "parent_row", "relation")
    )
    result = evaluate(less, matches, occurrences, world.truth)
    assert _line(result, "reworded")["recall"] == 0
    assert _line(result, "reworded", "heavy")["recall"] == 0
    assert _line(result, "identical")["recall"] == 1
    assert _line(result, "same problem")["precision"] == 1
    assert _line(result, "same problem")["recall"] < 1
    assert _line(result, "new")["precision"] < 1
    cut = evaluate(lineage.filter(pl.col("dataset") != "grand_mix"), matches, occurrences, world.truth)
    assert 0 < _line(cut, "identical")["recall"] < 1


def test_renumbered_called_the_same_is_counted_apart(world, tables):
    lineage, matches, occurrences = tables
    wrong = lineage.with_columns(pl.col("relation").replace({"variant": "reworded"}))
    result = evaluate(
        wrong,
        matches.with_columns(pl.col("relation").replace({"variant": "reworded"})),
        occurrences,
        world.truth,
    )
    worst = _line(result, "renumbered called the same")
    assert worst["found"] == worst["truth"] > 100
    assert _line(result, "reworded")["precision"] < 1
    assert _line(result, "reworded")["recall"] == 1
    assert _line(result, "variant")["recall"] == 0
    assert _line(result, "matched pairs")["precision"] < 1


def test_a_template_neighbour_is_no_variant_and_no_copy(world, tables):
    lineage, matches, occurrences = tables
    islands = pl.col("dataset") == "bench_islands"
    linked = lineage.with_columns(
        parent_dataset=pl.when(islands).then(pl.lit("island_riddles")).otherwise("parent_dataset"),
        parent_row=pl.when(islands).then(pl.lit(0)).otherwise("parent_row"),
        relation=pl.when(islands).then(pl.lit("variant")).otherwise("relation"),
    )
    result = evaluate(linked, matches, occurrences, world.truth)
    assert _line(result, "variant")["precision"] < 1
    assert _line(result, "variant")["recall"] == 1
    assert _line(result, "new")["recall"] < 1


def test_wrong_and_guessed_sources_cost_precision(world, tables):
    lineage, matches, occurrences = tables
    guessed = lineage.with_columns(pl.col("atomic_source").fill_null("slate_algebra"))
    line = _line(evaluate(guessed, matches, occurrences, world.truth), "atomic source")
    assert line["recall"] == 1
    assert line["precision"] < 1
    silent = lineage.with_columns(atomic_source=pl.lit(None, dtype=pl.String))
    line = _line(evaluate(silent, matches, occurrences, world.truth), "atomic source")
    assert (line["recall"], line["precision"]) == (0, None)


def test_an_empty_lineage_is_judged_too(world, tables):
    lineage, matches, occurrences = tables
    result = evaluate(lineage.clear(), matches.clear(), occurrences.clear(), world.truth)
    assert _line(result, "same problem")["recall"] == 0
    assert _line(result, "same problem")["precision"] is None
