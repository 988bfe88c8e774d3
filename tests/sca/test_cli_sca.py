"""The commands `sca` and `score` without a model: plan, answers made elsewhere, comparison, Q, bad input."""

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout

import polars as pl
import pytest

from rlvr_atlas.cli import main
from rlvr_atlas.workspace.files import hold
from rlvr_atlas.workspace.store import Workspace

#: What each model solves: the base half of the nails, the checkpoints what they were trained on besides.
SOLVES = {"base": {"nails"}, "jars": {"jars", "nails"}, "nails": {"nails"}}
DATA = {
    "jars": [(f"Jar {n} holds {n} red and {3 * n} blue beads. How many?", 4 * n) for n in range(1, 41)],
    "nails": [(f"A carpenter has {n} boxes of 7 nails each. Count the nails.", 7 * n) for n in range(41, 81)],
}
EXAM = [(f"Which number is {n} less than 100?", 100 - n) for n in range(20)]
LEAK = (
    "Wilhelmina photographs kingfishers beside a frozen millpond, eleven on Tuesday, and twice that number "
    "plus thirty herons on Thursday before the thaw. What is the total of birds in her album?",
    "63",
)
RECIPE = """
[workspace]
path = "ws"
[match]
semantic = false
[sca]
base_model = "{base_model}"
k = {k}
min_problems = 10
held_out = 0.25
[[datasets]]
id = "jars"
role = "source"
path = "jars.jsonl"
released = 2023-01-01
atomic_source = "jars"
[[datasets]]
id = "nails"
role = "source"
path = "nails.jsonl"
released = 2023-02-01
atomic_source = "nails"
[[datasets]]
id = "exam"
role = "benchmark"
path = "exam.jsonl"
released = 2023-03-01
[[datasets]]
id = "mix"
path = "mix.jsonl"
released = 2024-01-01
[[datasets]]
id = "half"
path = "half.jsonl"
released = 2024-01-01
"""


def call(*arguments):
    """Run a command as a shell does: (exit code, standard output, standard error)."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.argv", ["rlvr-atlas", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
    return stop.value.code or 0, out.getvalue(), err.getvalue()


def ok(*arguments):
    """Run a command that has to succeed, and read its JSON."""
    code, out, err = call(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def refused(*arguments):
    """Run a command that has to be refused: one message at the end of standard error, exit code 2."""
    code, out, err = call(*arguments)
    assert code == 2, out
    (said,) = [line for line in err.splitlines() if not line.startswith(("rollout: ", "train: "))]
    assert said.startswith("error: ")
    return said


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A traced, audited and planned workspace: two sources, two datasets, an exam that leaks."""
    folder = tmp_path_factory.mktemp("planned")
    jars, nails = DATA["jars"], DATA["nails"]
    rows = DATA | {"mix": jars[:20] + nails[:20], "half": jars[:30], "exam": [LEAK, *EXAM]}
    rows["jars"] = [LEAK, *jars]
    for name, problems in rows.items():
        write(folder / f"{name}.jsonl", [{"question": q, "answer": str(a)} for q, a in problems])
    configure(folder)
    ok("sca", "plan", folder / "ws")
    return folder


@pytest.fixture
def place(planned, tmp_path):
    """A copy of it."""
    return shutil.copytree(planned, tmp_path / "copy") / "ws"


def configure(folder, base_model="some/base", k=2):
    (folder / "recipe.toml").write_text(RECIPE.format(base_model=base_model, k=k))
    ok("run", folder / "recipe.toml")


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def answers(place, model, k=2):
    """A file with the k answers of a model to all that the plan has."""
    problems = Workspace(place).read("sca_problems").to_dicts()
    lines = [
        {"key": p["key"], "response": p["answer"] if p["source"] in SOLVES[model] else "-1"}
        for p in problems
        for _ in range(k)
    ]
    return write(place.parent / f"{model}.answers.jsonl", lines)


def take_in(place, model, k=2):
    whose = ["--base"] if model == "base" else ["--source", model]
    return ok("sca", "rollout", place, *whose, "--ingest", answers(place, model, k))


def test_the_plan_says_what_is_trained_and_what_is_left_out(place):
    found = {line["source"]: line for line in ok("sca", "plan", place)}
    assert {name: (line["train"], line["held_out"]) for name, line in found.items()} == {
        "jars": (30, 10),
        "nails": (30, 10),
    }
    assert found["jars"]["leaked"] == 1
    code, out, _ = call("sca", "plan", place)
    assert code == 0
    assert "nails" in out


def test_the_plan_says_what_each_source_would_cost_and_could_show(place):
    lines = {line["source"]: line for line in ok("sca", "plan", place)}
    assert lines["jars"]["gpu_hours"] is None, "the name says no size, and no size is invented"
    told = ["--model-size", "1.7", "--gpu", "H200", "--gpus", "8"]
    lines = {line["source"]: line for line in ok("sca", "plan", place, *told)}
    # 500 steps of 128 x 8 answers of 2,048 tokens: 1e9 tokens written and learned from, and prompts.
    tokens, peak = 500 * 128 * 8 * 2048, 989e12 * 3600
    least = 1.7e9 * tokens * (2 / 0.05 + 10 / 0.30) / peak
    assert least < lines["jars"]["gpu_hours"] < 1.02 * least
    assert lines["jars"]["hours"] == pytest.approx(lines["jars"]["gpu_hours"] / 8)
    assert lines["jars"]["price"] is None, "no price is invented"
    priced = ok("sca", "plan", place, *told, "--price", "2.5")
    assert priced[0]["price"] == pytest.approx(2.5 * priced[0]["gpu_hours"])
    # 10 held-out problems, 2 answers each, of a base that nobody has asked.
    assert lines["jars"]["shows_own"] == pytest.approx(2.8016 * ((0.25 + 0.04) / 10) ** 0.5, rel=1e-3)
    code, out, _ = call("sca", "plan", place, *told)
    shown = " ".join(out.split())
    assert code == 0
    assert "jars: 30 problems in 500 steps of 128 x 8 answers" in shown
    assert "of H200" in shown and "assuming 30% of that in learning, 5% in writing" in shown
    assert "give --model-size" in " ".join(call("sca", "plan", place)[1].split())
    assert "no GPU 'H1000'" in refused("sca", "plan", place, "--gpu", "H1000")


def test_the_plan_says_which_k_a_budget_of_answers_is_best_spent_on(place):
    rich, poor = (ok("sca", "plan", place, "--answers", n)["k"] for n in ("7680", "240"))
    assert rich[0]["k"] == 64  # for all 60 problems, of base and checkpoint
    assert poor[0]["k"] < 8
    assert poor[0]["answers"] <= 240
    code, out, _ = call("sca", "plan", place, "--answers", "240")
    assert code == 0
    assert "chosen_gain" in out
    assert "pay for at least two" in refused("sca", "plan", place, "--answers", "0")


def test_a_cluster_gets_its_files_and_the_command(place):
    made = ok("sca", "train", place, "--backend", "verl", "--source", "jars", "--seed", "3")
    assert [line["source"] for line in made] == ["jars"]
    script = made[0]["command"].removeprefix("bash ")
    assert script.endswith("run.sh")
    assert "trainer.total_training_steps=500" in (place.parent / script).read_text()


def test_from_answers_to_transitions_gains_and_q(place):
    for model in SOLVES:
        means = take_in(place, model)
        assert {line["split"] for line in means} == {"train", "held_out"}
    found = ok("sca", "attribute", place)
    gains = {(line["trained_on"], line["source"]): line["gain"] for line in found["gains"]}
    assert gains == {("jars", "jars"): 1, ("jars", "nails"): 0, ("nails", "jars"): 0, ("nails", "nails"): 0}
    kinds = Workspace(place).read("transitions").group_by("source").agg(pl.col("transition").unique())
    assert dict(kinds.iter_rows()) == {"jars": ["01"], "nails": ["11"]}
    code, out, _ = call("sca", "attribute", place)
    assert code == 0
    assert "mastered" in out

    results = place.parent / "results.csv"
    figures = "dataset,mean4,pass4,items,k\n,40.0,60.0,100,4\nmix,50.0,66.0,100,4\nhalf,44.0,61.0,100,4\n"
    results.write_text(figures)
    asked = ["score", place, "--model-size", "1.7", "--results", results]
    ranks = [{"dataset": "mix", "result": 5}, {"dataset": "half", "result": 4}]
    scored = ok(*asked, "--downstream", write(place.parent / "ranks.jsonl", ranks))
    lines = {line["dataset"]: line for line in scored["scores"]}
    assert (lines["half"]["p01"], lines["half"]["p11"]) == (1.0, 0.0)
    assert lines["mix"]["p01"] == lines["mix"]["p11"] == 0.5
    assert lines["mix"]["delta_mean4"] == pytest.approx(10)
    assert all(
        line["missing"] == [] and line["q_low"] <= line["q"] <= line["q_high"] for line in lines.values()
    )
    assert {line["datasets"] for line in scored["correlations"]} == {2}
    assert {line["rank"] for line in lines.values()} == {1, 2}
    (pair,) = scored["score_pairs"]
    assert pair["a"] == min(lines, key=lambda name: lines[name]["rank"])
    assert 0.5 <= pair["a_ahead"] <= 1
    code, out, _ = call(*asked)
    assert code == 0
    assert "mix" in out and "Which is ahead" in out and "no interval" not in out
    results.write_text("dataset,mean4,pass4\n,40.0,60.0\nmix,50.0,66.0\nhalf,44.0,61.0\n")
    bare = ok(*asked)
    assert {line["q_low"] for line in bare["scores"]} == {None}
    assert bare["score_pairs"][0]["a_ahead"] is None
    assert "no interval where benchmark figures come without items and k" in call(*asked)[1]


def test_two_processes_share_a_plan(place):
    """What one holds the other passes over and goes on with the rest; asked for alone it is an error."""
    with hold(place / "sca" / "rollouts" / "jars-seed0.jsonl"):
        code, _, err = call("sca", "rollout", place, "--source", "jars", "--ingest", answers(place, "jars"))
        assert (code, "another process is working on it" in err) == (2, True)
        take_in(place, "nails")
    take_in(place, "jars")
    checkpoints = place / "sca" / "checkpoints"
    with hold(checkpoints / "jars-seed0"), hold(checkpoints / "nails-seed0"):
        code, out, err = call("sca", "train", place, "--json")
        assert (code, json.loads(out)) == (0, [])
        assert err.count("another process is working on it") == 2
        assert "working on it" in refused("sca", "train", place, "--source", "jars")


def test_q_of_what_was_not_trained_on_is_not_made_up(place):
    lines = ok("score", place, "--model-size", "8")["scores"]
    assert {line["q"] for line in lines} == {None}
    assert all(line["q_before"] > 0 and "p01" in line["missing"] for line in lines)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda lines: lines[:-2], "answers to 1 of 80 problems are missing"),
        (lambda lines: lines[:-1], "1 problems have fewer than 2 answers"),
        (lambda lines: [{"key": lines[0]["key"]}, *lines], "a record without an answer"),
        (lambda lines: [*lines, ["no object"]], "line 161: not a JSON object"),
        (lambda lines: [], "answers to 80 of 80 problems are missing"),
    ],
    ids=["missing prompts", "another k", "no answer", "no record", "empty"],
)
def test_answers_that_are_not_complete_are_refused(place, spoil, message):
    path = answers(place, "base")
    write(path, spoil([json.loads(line) for line in path.read_text().splitlines()]))
    assert message in refused("sca", "rollout", place, "--base", "--ingest", path)
    assert "no rollouts" in refused("sca", "attribute", place)


def test_checkpoints_of_another_base_are_refused(place):
    take_in(place, "base")
    take_in(place, "jars")
    configure(place.parent, base_model="another/base")
    take_in(place, "nails")
    said = refused("sca", "attribute", place)
    assert "the base is some/base, the checkpoints come from another/base, some/base" in said


def test_another_k_is_refused(place):
    take_in(place, "base")
    take_in(place, "jars")
    configure(place.parent, k=3)
    take_in(place, "nails", k=3)
    assert "k differs: 2 answers to" in refused("sca", "attribute", place)
    again = refused("sca", "rollout", place, "--base", "--ingest", answers(place, "base", k=3))
    assert "k: 2, now 3" in again


def test_rollouts_that_were_broken_off_or_are_of_less_are_refused(place):
    take_in(place, "base")
    assert "no rollouts of checkpoints with seed 0" in refused("sca", "attribute", place)
    take_in(place, "jars")
    file = place / "sca" / "rollouts" / "jars-seed0.jsonl"
    whole = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(whole[:-3]))
    assert "97 of 100 answers" in refused("sca", "attribute", place)
    # A file that says it is whole, and lacks a problem that the base was asked.
    header = json.loads(whole[0])
    header["problems"]["count"] -= 1
    file.write_bytes(b"".join([json.dumps(header).encode() + b"\n", *whole[1:-2]]))
    assert "the trained rollouts lack 1 of" in refused("sca", "attribute", place)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["sca", "plan", "{ws}/nowhere"], "nowhere"),
        (["sca", "train", "{ws}", "--backend", "ppo"], "no back end 'ppo'"),
        (["sca", "train", "{ws}", "--backend", "verl", "--source", "screws"], "'screws' is not planned"),
        (["sca", "train", "{ws}", "--mix", "--source", "jars"], "a source and the mix"),
        (["sca", "train", "{ws}", "--mix"], "mix"),
        (["sca", "rollout", "{ws}", "--source", "jars"], "no finished checkpoint of 'jars', seed 0"),
        (["sca", "rollout", "{ws}", "--server", "http://localhost:1/v1"], "one model at a time"),
        (["sca", "rollout", "{ws}", "--base", "--server", "http://localhost:1/v1"], "--model NAME"),
        (["sca", "rollout", "{ws}", "--base", "--server", "localhost", "--model", "m"], "is no URL"),
        (["sca", "rollout", "{ws}", "--base", "--ingest", "{ws}/no.jsonl"], "cannot be read"),
        (["sca", "attribute", "{ws}"], "base.jsonl: no rollouts. Ask the model first"),
        (["score", "{ws}", "--model-size", "0"], "billion"),
        (["score", "{ws}", "--model-size", "8", "--preset", "paper"], "released_code"),
        (["score", "{ws}", "--model-size", "8", "--results", "{ws}/manifest.json"], "columns"),
        (["score", "{ws}", "--model-size", "8", "--results", "{ws}/report.html"], "no table by its name"),
        (["score", "{ws}", "--model-size", "8", "--downstream", "{ws}/manifest.json"], "dataset, result"),
        (["score", "{ws}", "--model-size", "8", "--weights", "{ws}/no.toml"], "no.toml"),
    ],
    ids=lambda value: " ".join(value[:2] + value[3:]) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(place, command, message):
    assert message in refused(*(part.format(ws=place) for part in command))


def test_a_plan_older_than_its_recipe_is_refused(place):
    recipe = place.parent / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("held_out = 0.25", "held_out = 0.5"))
    ok("run", recipe)
    for command in ("train", "rollout", "attribute"):
        assert "older than the workspace or its recipe" in refused("sca", command, place)
