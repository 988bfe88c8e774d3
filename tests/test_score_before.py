"""The score before training: the formula, answers of a base, the command."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.special import comb
from typer.testing import CliRunner

from rlvr_atlas import pipeline
from rlvr_atlas.cli import app
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.answer_file import AnswerFile, Asked
from rlvr_atlas.score.asked import answers_of, measures_of
from rlvr_atlas.score.before import Constants, Measures, constants, score_before, signal, value
from rlvr_atlas.workspace.store import Workspace

ASKED = Asked("digest", "tiny-base", None, 8, 0, "T 1")
K = 8
PLAIN = Constants(harm=0.0, half=0.0, power=0.0, outvoted=1.1)


# --- the formula --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [8, 12, 16])
def test_signal_is_the_chance_of_a_mixed_group_without_bias(n):
    """Its mean over answers drawn with any rate p is 1 - p^8 - (1-p)^8."""
    for p in (0.05, 0.3, 0.5, 0.9):
        met = np.arange(n + 1)
        chance = comb(n, met) * p**met * (1 - p) ** (n - met)
        assert chance @ signal(met, np.full(n + 1, n)) == pytest.approx(1 - p**8 - (1 - p) ** 8)


def test_signal_of_few_and_of_no_answers():
    assert signal(np.array([0, 1, 2, 4]), np.array([4, 4, 4, 4])).tolist() == [0, 1, 1, 0]
    assert signal(np.array([0]), np.array([0])).tolist() == [0]


def _measures(met, most=0, problems=100, sources=1):
    n = np.full(problems, met)
    return Measures.of(n, np.full(problems, 16), np.full(problems, most), np.full(sources, 1 / sources))


def test_each_part_moves_the_value_as_told():
    fitted = constants()
    assert value(_measures(8), fitted) > value(_measures(1), fitted) > value(_measures(0), fitted) == 0
    assert value(_measures(16), fitted) == 0
    assert value(_measures(8), fitted) > value(_measures(8, problems=20), fitted)
    assert value(_measures(8, sources=4), fitted) > value(_measures(8), fitted)
    # A label that most answers contradict takes more than a right one gives.
    assert value(_measures(2, most=14), fitted) < 0 < value(_measures(2, most=4), fitted)
    assert value(_measures(8), PLAIN) == pytest.approx(signal(np.array([8]), np.array([16]))[0])


def test_intervals_ranks_and_who_is_ahead():
    rng = np.random.default_rng(0)
    many = Measures.of(rng.binomial(16, 0.5, 400), np.full(400, 16), np.zeros(400, int), np.ones(1))
    datasets = {"mastered": _measures(16), "many": many, "few": _measures(8, problems=12)}
    datasets["not asked"] = replace(many, asked=0.3)
    scores, pairs = score_before(datasets, "base")
    assert scores["dataset"].to_list() == ["many", "few", "mastered", "not asked"]
    line = scores.row(0, named=True)
    assert line["low"] < line["value"] < line["high"]
    assert scores["value"].to_list()[-1] is None and scores["rank"].to_list() == [1, 2, 3, None]
    ahead = pairs.filter(a="many", b="few").row(0, named=True)
    assert ahead["a_ahead"] == 1 and ahead["low"] > 0
    assert "not asked" not in {*pairs["a"], *pairs["b"]}


# --- from a workspace ---------------------------------------------------------------------------------

PROMPTS = [f"What is the sum of {n} and {3 * n + 1}, divided by {n % 7 + 2}?" for n in range(24)]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """`good`: 12 problems, each twice; `bad`: 12 others."""
    folder = tmp_path_factory.mktemp("before")
    for name, prompts in (("good", PROMPTS[:12] * 2), ("bad", PROMPTS[12:])):
        pl.DataFrame({"prompt": prompts, "answer": "7"}).write_ndjson(folder / f"{name}.jsonl")
    datasets = [
        {"id": name, "path": f"{name}.jsonl", "role": "train", "released": f"202{n}-01-01"}
        for n, name in enumerate(("good", "bad"))
    ]
    recipe = {
        "workspace": {"path": "ws"},
        "match": {"rewordings": False, "semantic": False},
        "datasets": datasets,
    }
    return pipeline.run(parse_recipe(recipe, base=folder))


def rollouts(workspace, path, *, asked=ASKED, keys=None, of=lambda key, sample: True):
    """A file of answers; `of` says which are right, wrong ones say 11."""
    keys = keys or sorted(workspace.read("instances")["key"])
    problems = pl.DataFrame({"source": "s", "key": keys, "split": "train", "answer": "7"})
    file = AnswerFile(path, problems, asked)
    file.append(
        [
            {
                "source": "s",
                "key": key,
                "split": "train",
                "sample": sample,
                "correct": of(key, sample),
                "response": "It is \\boxed{7}." if of(key, sample) else "It is \\boxed{11}.",
                "trained_on": asked.trained_on,
                "base_model": asked.base_model,
            }
            for key in keys
            for sample in range(K)
        ]
    )
    return path


def keys_of(workspace, dataset):
    return set(workspace.read("occurrences").filter(dataset=dataset)["key"])


def test_answers_are_counted_by_problem(workspace, tmp_path):
    right = lambda _, sample: sample < 2  # noqa: E731
    answers, base = answers_of(rollouts(workspace, tmp_path / "base.jsonl", of=right))
    assert base == "tiny-base"
    assert answers.select("met", "judged", "most").unique().rows() == [(2, 8, 6)]


def test_copies_count_once_and_the_better_dataset_is_ahead(workspace, tmp_path):
    bad = keys_of(workspace, "bad")
    path = rollouts(
        workspace, tmp_path / "base.jsonl", of=lambda key, n: n % 2 == 0 if key not in bad else n == 0
    )
    tables = {name: workspace.scan(name) for name in ("datasets", "occurrences", "lineage")}
    measures = measures_of(tables, answers_of(path)[0])
    assert {name: (one.distinct, one.asked) for name, one in measures.items()} == {
        "good": (12, 1.0),
        "bad": (12, 1.0),
    }
    found = CliRunner().invoke(app, ["score", str(workspace.folder), "--before", str(path), "--json"])
    assert found.exit_code == 0, found.output
    scores = json.loads(found.stdout)["before_scores"]
    assert [(line["dataset"], line["outvoted"]) for line in scores] == [("good", 0.0), ("bad", 1.0)]
    assert scores[1]["value"] < 0 < scores[0]["value"]
    assert Workspace(workspace.folder).read("before_scores").to_dicts() == scores
    shown = CliRunner().invoke(app, ["score", str(workspace.folder), "--before", str(path)])
    assert "simulated worlds" in shown.output


def test_a_part_that_was_asked_stands_for_the_rest(workspace, tmp_path):
    good = sorted(keys_of(workspace, "good"))
    tables = {name: workspace.scan(name) for name in ("datasets", "occurrences", "lineage")}
    path = rollouts(workspace, tmp_path / "base.jsonl", keys=good[:9], of=lambda _, n: n % 2 == 0)
    measures = measures_of(tables, answers_of(path)[0])
    assert (measures["good"].distinct, measures["good"].asked) == (12, 0.75)
    assert (measures["bad"].asked, len(measures["bad"].signal)) == (0.0, 0)
    scores, _ = score_before(measures, "base")
    assert scores["value"].is_null().to_list() == [False, True]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda ws, path: path, "no rollouts"),
        (lambda ws, path: rollouts(ws, path, asked=replace(ASKED, trained_on="math")), "trained on math"),
        (lambda ws, path: rollouts(ws, path, keys=["0" * 40]), "none of its problems"),
        (
            lambda ws, path: path.write_text('{"asked": {}, "problems": {}}\nnot json\n') and path,
            "damaged line",
        ),
        (lambda ws, path: rollouts(ws, path, asked=replace(ASKED, k=9)), "of 216 answers"),
    ],
    ids=["absent", "trained", "elsewhere", "damaged", "unfinished"],
)
def test_what_cannot_be_used_is_refused_by_name(workspace, tmp_path, make, said):
    path = make(workspace, tmp_path / "base.jsonl")
    found = CliRunner().invoke(app, ["score", str(workspace.folder), "--before", str(path)])
    error = found.exception
    assert found.exit_code != 0
    assert isinstance(error, (InputError, SystemExit))
    assert said in (str(error) if isinstance(error, InputError) else found.output)


def test_q_needs_the_size_and_says_what_else_there_is(workspace):
    found = CliRunner().invoke(app, ["score", str(workspace.folder)])
    assert found.exit_code != 0
    assert "--before" in (str(found.exception) + found.output)
