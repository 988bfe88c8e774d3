"""The commands `sca` with a model that is trained, killed with SIGKILL, and called again (extra `train`)."""

import json
import shutil
import signal
import subprocess
import sys
import time

import polars as pl
import pytest
from typer.testing import CliRunner

pytest.importorskip("trl", reason="the extra 'train' is not installed")

from rlvr_atlas.cli import app
from rlvr_atlas.demo.sca.model import pretrain
from rlvr_atlas.demo.sca.world import problems
from rlvr_atlas.sca.model import identity

pytestmark = pytest.mark.extra
RECIPE = """
[workspace]
path = "ws"
[match]
semantic = false
min_probability = 1.0
[sca]
base_model = {base}
preset = "tiny"
grpo = {{ steps = 10, batch = 8, mini_batch = 4, micro_batch = 16 }}
instruction = ""
temperature = 1.0
top_p = 1.0
top_k = 0
min_problems = 10
max_train = 40
max_held_out = 20
preflight = 8
rollout_batch = 4
"""
DATASET = """
[[datasets]]
id = "{name}"
role = "{role}"
path = "{name}.jsonl"
released = 202{year}-01-01
"""


def call(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def killed(arguments, far_enough):
    """Run a command as a process of its own, and kill it as soon as it has got far enough."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rlvr_atlas", *map(str, arguments)], stdout=subprocess.DEVNULL
    )
    while not far_enough():
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planned")
    pretrain(folder / "base", steps=200)
    recipe = [RECIPE.format(base=json.dumps(str(folder / "base")))]
    train = problems().filter(pl.col("split") == "train").select("source", question="prompt", answer="answer")
    for year, (name, role) in enumerate([("mastered", "source"), ("learnable", "source"), ("mix", "train")]):
        rows = train.filter(source=name) if role == "source" else train.filter(source="learnable").head(30)
        rows.drop("source").write_ndjson(folder / f"{name}.jsonl")
        recipe.append(DATASET.format(name=name, role=role, year=year))
        recipe.append(f'atomic_source = "{name}"\n' if role == "source" else "")
    (folder / "recipe.toml").write_text("\n".join(recipe))
    call("run", folder / "recipe.toml")
    return folder / "ws"


def test_killed_and_called_again_it_ends_as_if_unbroken(planned, tmp_path):
    verdicts = {line["source"]: line["verdict"] for line in call("sca", "plan", planned, "--preflight")}
    assert verdicts["learnable"] == "trainable"
    broken = shutil.copytree(planned, tmp_path / "ws")

    train = ["--source", "learnable"]
    assert call("sca", "train", planned, *train)[0]["steps"] == 10
    checkpoint = broken / "sca" / "checkpoints" / "learnable-seed0"
    killed(["sca", "train", broken, *train], lambda: [*checkpoint.glob("checkpoint-*/trainer_state.json")])
    assert not (checkpoint / "training.json").exists()
    call("sca", "train", broken, *train)
    whole = planned / "sca" / "checkpoints" / "learnable-seed0"
    assert identity(str(checkpoint)) == identity(str(whole)) != identity(str(planned.parent / "base"))

    asked = ["--base", "--source", "learnable"]
    call("sca", "rollout", planned, *asked)
    files = {name: broken / "sca" / "rollouts" / f"{name}.jsonl" for name in ("base", "learnable-seed0")}
    for path in files.values():
        killed(["sca", "rollout", broken, *asked], lambda path=path: path.exists() and lines(path) > 40)
        assert lines(path) < lines(planned / path.relative_to(broken))
    call("sca", "rollout", broken, *asked)
    for path in files.values():
        assert path.read_bytes() == (planned / path.relative_to(broken)).read_bytes()

    found = [call("sca", "attribute", place) for place in (planned, broken)]
    assert found[0] == found[1]
    gains = {(line["trained_on"], line["source"]): line["gain"] for line in found[0]["gains"]}
    assert set(gains) == {("learnable", "learnable"), ("learnable", "mastered")}
    scores = call("score", planned, "--model-size", "0.0001")["scores"]
    assert [line["dataset"] for line in scores] == ["mix"]
    assert scores[0]["p01"] is not None


def lines(path):
    return path.read_bytes().count(b"\n")
