"""The plan: no problem in two splits, no leak in any, and nothing that cannot be judged."""

from datetime import date

import polars as pl
import pytest

from rlvr_atlas.config import SCASettings
from rlvr_atlas.errors import InputError, WorkspaceError
from rlvr_atlas.sca import runs
from rlvr_atlas.sca.sources import Plan, make_plan, read_plan
from rlvr_atlas.schema import (
    DATASETS,
    EDGES,
    INSTANCES,
    LEAKS,
    LINEAGE,
    MATCHES,
    OCCURRENCES,
    conform,
    empty,
)
from rlvr_atlas.workspace.store import Workspace

SETTINGS = SCASettings(min_problems=10, held_out=0.25, max_held_out=8, max_train=20)


def readable(gold):
    return gold != "???"


def rows(source="wells", count=40, **own):
    """Row n of the source is problem n; every second one stands in `mix` too, reworded."""
    for n in range(count):
        key = f"{source}-{n:03}"
        place = {"dataset": source, "row": n, "key": key, "atomic_source": source, "answer": str(n), **own}
        yield {**place, "root_dataset": source, "root_row": n}
        if n % 2:
            copy = {
                "dataset": "mix",
                "row": n,
                "key": f"{key}-reworded",
                "root_dataset": source,
                "root_row": n,
            }
            yield {**place, **copy}


def workspace(folder, lines, leaks=None):
    frame = pl.DataFrame(list(lines), infer_schema_length=None)
    names = dict.fromkeys(frame["dataset"])
    datasets = pl.DataFrame(
        [
            {
                "dataset": name,
                "role": "source",
                "rank": 9 if name == "mix" else rank,
                "released": date(2024, 1, 1),
            }
            for rank, name in enumerate(names)
        ]
    )
    instances = frame.unique("key", maintain_order=True).with_columns(
        prompt=pl.col("key") + "?", domain=pl.col("domain") if "domain" in frame.columns else pl.lit("math")
    )
    place = Workspace(folder, create=True)
    with place.locked():
        tables = {
            "datasets": conform(datasets, DATASETS),
            "occurrences": conform(frame, OCCURRENCES),
            "instances": conform(instances, INSTANCES),
        }
        place.finish("ingest", "a", tables, seconds=0.0)
        traced = {"lineage": conform(frame, LINEAGE), "matches": empty(MATCHES), "edges": empty(EDGES)}
        place.finish("attribute", "b", traced, seconds=0.0)
        if leaks is not None:
            place.finish("audit", "c", {"leaks": conform(pl.DataFrame(leaks), LEAKS)}, seconds=0.0)
    return place


def test_a_problem_is_in_one_split_and_stands_once(tmp_path):
    plan = make_plan(workspace(tmp_path, [*rows(), *rows("ponds")]), SETTINGS, readable)
    assert plan.planned == ["ponds", "wells"]
    assert plan.problems["key"].is_unique().all()
    assert not plan.problems["key"].str.contains("reworded").any()
    counts = plan.problems.group_by("source", "split").len().sort("source", "split").rows()
    assert counts == [
        (s, split, n) for s in ("ponds", "wells") for split, n in (("held_out", 8), ("train", 20))
    ]
    assert set(plan.asked("wells")["source"]) == {"ponds", "wells"}
    assert set(plan.asked("wells").filter(split="train")["source"]) == {"wells"}


def test_another_source_in_view_changes_nothing(tmp_path):
    alone = make_plan(workspace(tmp_path / "a", rows()), SETTINGS, readable)
    beside = make_plan(workspace(tmp_path / "b", [*rows("ponds"), *rows()]), SETTINGS, readable)
    assert alone.problems.equals(beside.problems.filter(source="wells"))


def test_leaks_go_out_with_all_their_wordings(tmp_path):
    # Row 3 leaks by its copy in `mix` only; a variant is another problem.
    leaks = [
        {"dataset": "mix", "row": 3, "relation": "reworded"},
        {"dataset": "wells", "row": 4, "relation": "identical"},
        {"dataset": "wells", "row": 5, "relation": "variant"},
    ]
    settings = SCASettings(min_problems=10, max_train=100)
    plan = make_plan(workspace(tmp_path, rows(), leaks), settings, readable)
    assert plan.sources["leaked"].to_list() == [2]
    keys = set(plan.problems["key"])
    assert keys == {f"wells-{n:03}" for n in range(40)} - {"wells-003", "wells-004"}


@pytest.mark.parametrize(
    ("own", "column"),
    [
        ({"answer": None}, "no_answer"),
        ({"domain": "code"}, "code"),
        ({"attachments": '[["image", "1234"]]'}, "attachments"),
        ({"answer": "???"}, "unreadable_gold"),
    ],
)
def test_what_cannot_be_judged_is_counted_and_not_planned(tmp_path, own, column):
    lines = [*rows(domain="math"), *rows("ponds", **{"domain": "math", **own})]
    plan = make_plan(workspace(tmp_path, lines), SETTINGS, readable)
    assert plan.planned == ["wells"]
    line = plan.sources.filter(source="ponds").row(0, named=True)
    assert line[column] == min(40, 28 if column == "unreadable_gold" else 40)
    with pytest.raises(InputError, match="'ponds' is not planned: fewer than 10 usable problems"):
        plan.train("ponds")


def test_a_plan_older_than_its_workspace_is_refused(tmp_path):
    place = workspace(tmp_path, rows())
    make_plan(place, SETTINGS, readable)
    assert isinstance(read_plan(place, SETTINGS.model_copy(update={"k": 8})), Plan)
    with pytest.raises(InputError, match="older than the workspace or its recipe"):
        read_plan(place, SETTINGS.model_copy(update={"max_train": 5}))
    with place.locked():
        place.finish("attribute", "new", {"lineage": place.read("lineage")}, seconds=0.0)
    with pytest.raises(WorkspaceError, match="rlvr-atlas sca plan"):
        read_plan(place, SETTINGS)


def test_nothing_to_plan_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no source has enough problems"):
        make_plan(workspace(tmp_path, rows(count=5)), SETTINGS, readable)


def test_every_setting_of_the_plan_is_one():
    assert set(SCASettings.model_fields) >= SCASettings.PLANNED


def test_published_presets():
    paper, released = (runs.grpo_of(SCASettings(preset=name)) for name in ("paper", "released_code"))
    assert (paper.steps, paper.batch, paper.mini_batch, paper.kl, paper.lr) == (500, 128, 64, 0.0, 1e-6)
    assert (released.steps, released.mini_batch, released.kl) == (510, 16, 0.001)
    assert (paper.rollouts, paper.temperature, paper.max_prompt, paper.max_response) == (8, 1.0, 4096, 16384)
    with pytest.raises(InputError, match="no multiple of mini_batch 48"):
        runs.grpo_of(SCASettings(grpo={"mini_batch": 48}))
    with pytest.raises(InputError, match="setps: Extra"):
        runs.grpo_of(SCASettings(grpo={"setps": 48}))
    with pytest.raises(InputError, match="Choose one of: paper, released_code, tiny"):
        runs.grpo_of(SCASettings(preset="papre"))


# --- multiple choice and contradicted golds -----------------------------------------------------------


def convert(prompt, answer, language):
    """Every problem but the first of them can be made exact."""
    assert language == "en"
    return None if prompt.startswith("wells-000") else (f"{prompt} Exactly?", f"{answer}0")


@pytest.mark.parametrize(("mcq", "left_out"), [("keep", 0), ("drop", 10), ("convert", 1)])
def test_multiple_choice_is_kept_dropped_or_made_exact(tmp_path, mcq, left_out):
    every = SETTINGS.model_copy(update={"mcq": mcq, "max_train": 100})
    lines = [*rows(count=10, is_mcq=True, language="en"), *list(rows(count=40, is_mcq=False))[15:]]
    plan = make_plan(workspace(tmp_path, lines), every, readable, convert)
    assert plan.sources["mcq"].to_list() == [left_out]
    assert plan.sources["problems"].to_list() == [40]
    made = plan.problems.filter(pl.col("prompt").str.ends_with("Exactly?"))
    assert made.height == (9 if mcq == "convert" else 0)
    for key, answer in made.select("key", "answer").iter_rows():
        assert answer == f"{int(key.rsplit('-', 1)[1])}0"


def test_the_choice_is_part_of_the_plan(tmp_path):
    place = workspace(tmp_path, rows())
    make_plan(place, SETTINGS, readable)
    with pytest.raises(InputError, match="older than"):
        read_plan(place, SETTINGS.model_copy(update={"mcq": "drop"}))
    with pytest.raises(InputError, match="nobody says how"):
        make_plan(place, SETTINGS.model_copy(update={"mcq": "convert"}), readable)


def test_a_gold_answer_that_others_contradict_is_left_out_and_one_that_others_support_is_kept(tmp_path):
    lines = list(rows())
    copies = [
        {"dataset": other, "row": n, "key": f"wells-{n:03}", "atomic_source": "wells", "answer": answer,
         "root_dataset": "wells", "root_row": n}
        for other, at in (("b", 7), ("c", 7), ("d", 9))
        for n, answer in ((at, "1000"),)
    ]  # fmt: skip
    # Row 7 stands against two independent rows; row 9 against one slip, with two more rows for it.
    copies += [{**copies[2], "dataset": other, "answer": "9"} for other in ("e", "f")]
    place = workspace(tmp_path, [*lines, *copies])
    plan = make_plan(place, SETTINGS.model_copy(update={"max_train": 100}), readable)
    assert plan.sources["contradicted"].to_list() == [1]
    assert "wells-007" not in plan.problems["key"].to_list()
    assert "wells-009" in plan.problems["key"].to_list()
    all_of_them = make_plan(
        place, SETTINGS.model_copy(update={"max_train": 100, "drop_conflicts": False}), readable
    )
    assert "wells-007" in all_of_them.problems["key"].to_list()
