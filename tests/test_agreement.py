"""Report, audit, check, explain and the index answer one question: is this row a benchmark's problem?

One generated world is traced once, and all are asked about the same rows. Where they may differ, the reason
is named here, and every row that differs has to have that reason.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from rlvr_atlas import fingerprints, pipeline
from rlvr_atlas.check import Checked, check
from rlvr_atlas.config import parse_recipe, read_toml
from rlvr_atlas.demo import build
from rlvr_atlas.explain import explain
from rlvr_atlas.report import summary
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.workspace.store import Workspace

SAME = pl.col("relation").is_in(SAME_PROBLEM)
#: Datasets of one file each: copies, rewordings, and one made of benchmarks.
ASKED = ("verl_orchard", "slate_chat", "rewrite_hub", "logic_gym", "leaky_mix", "small_select")
#: What an index without text always finds: the same text, in whatever notation.
HELD_BY_AN_INDEX = ("identical", "reformatted")


@dataclass(frozen=True)
class Traced:
    """The world after one run, and what `check` says of each file, against text and against an index."""

    workspace: Workspace
    tables: dict[str, pl.DataFrame]
    by_text: dict[str, Checked]
    by_index: dict[str, Checked]

    def leaked(self, name: str) -> set[int]:
        """Rows that the audit calls the same problem as a benchmark item."""
        return set(self.tables["leaks"].filter(SAME, dataset=name)["row"])

    def unjudged(self, name: str) -> set[int]:
        """Rows with an overlap that the audit does not call a leak."""
        return set(self.tables["unjudged"].filter(SAME, dataset=name)["row"])


def same_problem(checked: Checked) -> set[int]:
    return set(checked.leaks.filter(SAME)["row"])


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    folder: Path = tmp_path_factory.mktemp("agreement")
    recipe = parse_recipe(read_toml(build(folder, seed=5, scale=0.1).recipe), base=folder)
    workspace = pipeline.run(recipe, stages=("ingest", "trace", "audit"))
    tables = {name: frame.collect() for name, frame in workspace.tables().items()}
    index = folder / "benchmarks.index"
    needed = (tables[name] for name in ("occurrences", "instances", "datasets"))
    fingerprints.write(fingerprints.build(*needed), index)
    against = [
        str(folder / path) for spec in recipe.datasets if spec.role == "benchmark" for path in spec.paths
    ]
    files = {spec.id: folder / spec.paths[0] for spec in recipe.datasets if spec.id in ASKED}
    return Traced(
        workspace,
        tables,
        {name: check(file, against, rewordings=True) for name, file in files.items()},
        {name: check(file, (), [index]) for name, file in files.items()},
    )


def test_the_world_has_something_to_agree_about(traced: Traced) -> None:
    assert sum(len(traced.leaked(name)) for name in ASKED) > 40
    assert sum(len(traced.unjudged(name)) for name in ASKED) > 0


def test_report_and_audit_count_the_same_rows(traced: Traced) -> None:
    facts = {fact["dataset"]: fact["leaks"] for fact in summary(traced.tables)["datasets"]}
    rates = {
        line["name"]: line
        for line in traced.tables["leak_rates"]
        .filter(pl.col("group").is_in(["dataset", "benchmark"]))
        .to_dicts()
    }
    assert facts.keys() == rates.keys()
    for name, line in rates.items():
        assert facts[name] == {column: line[column] for column in facts[name]}
        if line["group"] == "dataset":
            assert facts[name]["leaked"] == len(traced.leaked(name))


@pytest.mark.parametrize("name", ASKED)
def test_check_finds_every_leak_of_the_audit(traced: Traced, name: str) -> None:
    assert traced.leaked(name) - same_problem(traced.by_text[name]) == set()


@pytest.mark.parametrize("name", ASKED)
def test_where_check_finds_more_the_search_for_other_wordings_is_why(traced: Traced, name: str) -> None:
    """Known difference: the search compares with what is in view, and `check` sees less than a run.

    Either the run found the same pair less probable (how alike two wordings must be depends on how alike the
    others in view are), or it linked the row to a third text that is nearer, and the audit follows no chain.
    """
    more = same_problem(traced.by_text[name]) - traced.leaked(name)
    found = traced.by_text[name].leaks.filter(SAME, pl.col("row").is_in(list(more)))
    assert set(found["tier"]) <= {"semantic"}
    for row in more - traced.unjudged(name):
        related = explain(traced.workspace, f"{name}:{row}").related
        assert any(pair["relation"] in SAME_PROBLEM for pair in related), (name, row)


@pytest.mark.parametrize("name", ASKED)
def test_the_index_calls_nothing_a_leak_that_the_audit_does_not(traced: Traced, name: str) -> None:
    assert same_problem(traced.by_index[name]) - traced.leaked(name) == set()


@pytest.mark.parametrize("name", ASKED)
def test_the_index_misses_only_what_it_cannot_hold(traced: Traced, name: str) -> None:
    """Known difference: prints hold no words, so some rewordings and some texts inside others are missed."""
    missed = traced.leaked(name) - same_problem(traced.by_index[name])
    leaks = traced.tables["leaks"].filter(SAME, pl.col("row").is_in(list(missed)), dataset=name)
    assert not set(leaks["relation"]) & set(HELD_BY_AN_INDEX)


def sample(traced: Traced, name: str) -> list[int]:
    """Every row that may be a leak, and every eighth of the others."""
    rows = set(traced.tables["occurrences"].filter(dataset=name)["row"].sort().gather_every(8))
    return sorted(rows | traced.leaked(name) | traced.unjudged(name))


def in_a_benchmark(traced: Traced, key: str, related: list[dict[str, object]]) -> bool:
    """Whether an explanation says "the same problem" of a text that stands in a benchmark."""
    same = [
        pair["key"]
        for pair in related
        if pair["relation"] in SAME_PROBLEM and pair["probability"] >= 0.5  # match.min_probability
    ]
    roles = traced.tables["datasets"].select("dataset", "role")
    places = traced.tables["occurrences"].filter(pl.col("key").is_in([key, *same])).join(roles, on="dataset")
    return "benchmark" in places["role"]


@pytest.mark.parametrize("name", ["leaky_mix", "logic_gym"])
def test_explain_by_row_and_by_text_agrees_with_the_audit(traced: Traced, name: str) -> None:
    """Known difference: `explain` lists matches, and the audit does not call every match a leak.

    What is too common, and what was only found by searching and is not sure enough, is `unjudged` there.
    """
    prompts = traced.tables["occurrences"].join(
        traced.tables["instances"].select("key", "prompt"), on="key", maintain_order="left"
    )
    said = set()
    for row in sample(traced, name):
        by_row = explain(traced.workspace, f"{name}:{row}")
        by_text = explain(traced.workspace, prompts.filter(dataset=name, row=row)["prompt"].item())
        assert by_text.relation == "identical"
        assert (by_text.key, by_text.related) == (by_row.key, by_row.related)
        if in_a_benchmark(traced, by_row.key, by_row.related):
            said.add(row)
    assert traced.leaked(name) - said == set()
    assert said - traced.leaked(name) - traced.unjudged(name) == set()
