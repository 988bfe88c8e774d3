"""A plan carried out: what is asked of whom, and what comes of it."""

import polars as pl
import pytest

from rlvr_atlas.config import SCASettings
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca import runs
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.sources import Plan
from rlvr_atlas.schema import FINDINGS, GAINS, SCA_PROBLEMS, SCA_SOURCES, TRANSITIONS, conform
from rlvr_atlas.workspace.store import Workspace

SOURCES = ("jars", "nails")


@pytest.fixture
def plan(tmp_path):
    rows = [
        {"source": s, "key": f"{s}{n}", "split": split, "prompt": f"{s} {n} {split}", "answer": str(n + 2)}
        for s in SOURCES
        for split, numbers in (("train", range(20)), ("held_out", range(20, 32)))
        for n in numbers
    ]
    sources = conform(pl.DataFrame([{"source": s} for s in SOURCES]), SCA_SOURCES)
    return Plan(tmp_path / "sca", SCASettings(k=4), conform(pl.DataFrame(rows), SCA_PROBLEMS), sources)


@pytest.fixture(scope="module")
def judge():
    with Judge() as judge:
        yield judge


def model(name, *solves):
    """Right on the sources it solves, wrong on the others."""

    def answer(questions, k, seed):
        numbers = [int(question.split()[1]) for question in questions]
        right = [question.split()[0] in solves for question in questions]
        return [[str(n + 2 if ok else n)] * k for n, ok in zip(numbers, right, strict=True)]

    return runs.Served(name, answer)


def test_what_was_learned_is_told_by_source_and_split(plan, judge, tmp_path):
    place = Workspace(tmp_path, create=True)
    runs.ask(plan, None, 0, judge, model("base", "nails"))
    with pytest.raises(InputError, match="ask a checkpoint first|no rollouts of checkpoints"):
        runs.attribute(plan, 0)
    for source, solves in (("jars", SOURCES), ("nails", ("nails",))):
        answers = runs.ask(plan, source, 0, judge, model(source, *solves))
        assert set(answers.filter(split="train")["source"]) == {source}, (
            "it is asked its own training problems"
        )
        assert set(answers.filter(split="held_out")["source"]) == set(SOURCES)
    found = runs.attribute(plan, 0)
    kinds = found.transitions.group_by("source").agg(pl.col("transition").unique()).sort("source").rows()
    assert kinds == [("jars", ["01"]), ("nails", ["11"])]
    gains = {(row["trained_on"], row["source"]): row["gain"] for row in found.gains.to_dicts()}
    assert gains == {("jars", "jars"): 1, ("jars", "nails"): 0, ("nails", "jars"): 0, ("nails", "nails"): 0}
    with place.locked():
        runs.keep(place, plan, found, 0)
    for name, schema in (("transitions", TRANSITIONS), ("gains", GAINS), ("findings", FINDINGS)):
        assert dict(place.read(name).schema) == schema
    means = runs.summary("base", answers)
    assert [(line["split"], line["k"], line["mean"]) for line in means] == [
        ("held_out", 4, 0.5),
        ("train", 4, 1.0),
    ]


def test_the_preflight_names_what_teaches_nothing(plan, judge):
    half = model("base", "nails")

    def answer(questions, k, seed):
        return half.model(questions, k, seed)

    found = runs.preflight(plan, judge, runs.Served("base", answer))
    assert found.select("source", "verdict").rows() == [("jars", "never solved"), ("nails", "always solved")]
    assert runs.trainable(plan) == list(SOURCES), "nothing is left out that nobody asked about"
    (plan.folder / "preflight.json").write_text(found.write_json())
    assert runs.trainable(plan) == []


def test_a_checkpoint_that_is_not_there_is_an_error(plan, judge):
    with pytest.raises(InputError, match="no finished checkpoint of 'jars', seed 3.*Train it first"):
        runs.ask(plan, "jars", 3, judge)
