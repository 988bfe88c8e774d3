"""Datasets mixed from the SCA world: what they are made of, and that the exam is nobody's."""

import polars as pl
import pytest

from rlvr_atlas import pipeline
from rlvr_atlas.curate import curate
from rlvr_atlas.demo.sca import mixes
from rlvr_atlas.demo.sca.world import SOURCES, problems
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.schema import TRANSITIONS, conform
from rlvr_atlas.score import inputs_from_workspace
from rlvr_atlas.trial import ARMS, chosen


@pytest.fixture(scope="module")
def drawn():
    return problems(3)


@pytest.fixture(scope="module")
def tables(drawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    recipe = read_recipe(mixes.build(folder, drawn, 3))
    workspace = pipeline.run(recipe, stages=("ingest", "trace", "audit"))
    return {name: frame.collect() for name, frame in workspace.tables().items()}


def test_every_dataset_is_traced_to_what_it_was_mixed_from(tables):
    counts = tables["lineage"].group_by("dataset", "atomic_source").len()
    for name, shares in mixes.MIXES.items():
        found = dict(counts.filter(dataset=name).select("atomic_source", "len").iter_rows())
        expected = {source: round(share * mixes.ROWS) for source, share in shares.items()}
        leaked = expected.pop(mixes.BENCHMARK, 0)
        assert found.pop(None, 0) == leaked, "what comes from the benchmark comes from no source"
        assert found == expected, name


def test_leaks_and_copies_are_measured(tables):
    matched = {name: table for name, table in tables.items() if name != "leaks"}
    found = {one.dataset: one for one in inputs_from_workspace(matched, min_probability=1.0)}
    assert list(found) == list(mixes.MIXES)
    leaked = {name: one.leaked for name, one in found.items() if one.leaked}
    assert leaked == {"leaked": pytest.approx(58 / 192)}
    assert found["repetitive"].mean_occurrences > 50 > found["clean"].mean_occurrences


def test_the_exam_is_in_nothing(drawn, tables):
    exam = mixes.exam(drawn, 3)
    assert exam.group_by("source", maintain_order=True).len().rows() == [(source, 48) for source in SOURCES]
    assert exam["key"].is_unique().all()
    assert not set(exam["key"]) & {*drawn["key"], *tables["instances"]["key"]}
    assert exam.columns == drawn.columns
    assert exam.equals(mixes.exam(drawn, 3))
    assert not exam.equals(mixes.exam(drawn, 4))


def test_the_mixes_that_compete_are_of_one_size_and_only_one_asks_sca(drawn, tables):
    train = drawn.filter(pl.col("split") == "train")
    kind = pl.when(pl.col("source").str.starts_with("learnable")).then(pl.lit("01")).otherwise(pl.lit("00"))
    learned = conform(train.with_columns(transition=kind), TRANSITIONS)
    trained = tables | {"transitions": learned}
    made = {arm: curate(trained, chosen(arm, seed=3)).mix for arm in ARMS}
    assert {mix.height for mix in made.values()} == {mixes.ROWS}
    assert set(made["sca"]["atomic_source"]) == {"learnable", "learnable_too"}
    assert set(made["random"]["atomic_source"]) == set(SOURCES)
    assert not made["random"]["key"].is_unique().all()
    assert made["cleaned"]["key"].is_unique().all()
