"""Training for real, with trl, on a model of a hundred thousand parameters (extra `train`)."""

import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("trl", reason="the extra 'train' is not installed")

import torch
import transformers

from rlvr_atlas import trial
from rlvr_atlas.demo import sca
from rlvr_atlas.demo.sca import mixes
from rlvr_atlas.demo.sca.model import pretrain
from rlvr_atlas.demo.sca.world import problems
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.grpo import preset
from rlvr_atlas.sca.model import identity, load
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.train_trl import Job, train
from rlvr_atlas.workspace.store import Workspace

pytestmark = pytest.mark.extra
SHORT = preset("tiny", steps=10, batch=8, mini_batch=4, micro_batch=16)
CODE = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
import test_train as t
with t.Judge() as judge:
    t.train(t.job(Path(sys.argv[1]), Path(sys.argv[2])), judge)
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    pretrain(folder, steps=60)
    return folder


@pytest.fixture(scope="module")
def judge():
    with Judge() as judge:
        yield judge


def job(base, out, **changes):
    rows = problems().filter(source="learnable", split="train").head(20)
    settings = {"questions": rows["prompt"].to_list(), "golds": rows["answer"].to_list(), "grpo": SHORT}
    return Job(base_model=str(base), out=out, **settings | changes)


def test_killed_it_ends_with_the_weights_of_an_unbroken_run(base, judge, tmp_path):
    train(job(base, tmp_path / "whole"), judge)
    out = tmp_path / "killed"
    code = CODE.format(here=str(Path(__file__).parent))
    process = subprocess.Popen([sys.executable, "-c", code, str(base), str(out)])
    while not list(out.glob("checkpoint-*/trainer_state.json")):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not (out / "training.json").exists()
    # A checkpoint that was being written: whatever is in it, it is not gone on from.
    (out / "checkpoint-9999").mkdir()
    (out / "checkpoint-9999" / "model.safetensors").write_bytes(b"torn")
    train(job(base, out), judge)
    assert identity(str(out)) == identity(str(tmp_path / "whole")) != identity(str(base))
    assert not list(out.glob("checkpoint-*"))


def test_a_finished_job_is_not_repeated_and_another_one_is_refused(base, judge, tmp_path):
    short = SHORT.model_copy(update={"steps": 1})
    done = train(job(base, tmp_path / "a", grpo=short), judge)
    weights = tmp_path / "a" / "model.safetensors"
    written = weights.stat().st_mtime_ns
    assert train(job(base, tmp_path / "a", grpo=short), judge) == done
    assert weights.stat().st_mtime_ns == written
    with pytest.raises(InputError, match="checkpoint of another job"):
        train(job(base, tmp_path / "a", grpo=short, seed=1), judge)


def test_what_cannot_be_trained_on_is_counted(base, judge, tmp_path):
    golds = ["", "x" * 5000, "3", "3"]
    questions = ["1 2 3 learnable/2"] * 3 + ["1 2 3 " * 20 + "learnable/2"]
    short = SHORT.model_copy(update={"steps": 1})
    done = train(job(base, tmp_path / "a", questions=questions, golds=golds, grpo=short), judge)
    assert done["left_out"] == {"unreadable gold": 2, "prompt too long": 1}
    assert done["problems"] == 1
    with pytest.raises(InputError, match="nothing to train on"):
        train(job(base, tmp_path / "b", questions=questions[:2], golds=golds[:2], grpo=short), judge)


def share_of_changed_weights(base, dtype):
    """What one step of AdamW at the paper's rate of 1e-6 changes, of the weights in this precision."""
    network, _ = load(str(base), "a test", to_train=True)
    network = network.to(dtype)
    before = [weight.detach().clone() for weight in network.parameters()]
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-6)
    tokens = torch.arange(12)[None] % network.config.vocab_size
    for _ in range(10):
        optimiser.zero_grad()
        network(input_ids=tokens, labels=tokens).loss.backward()
        optimiser.step()
    moved = sum(int((a != b).sum()) for a, b in zip(before, network.parameters(), strict=True))
    return moved / sum(weight.numel() for weight in before)


def test_what_is_trained_is_in_a_precision_that_the_papers_rate_moves(base, monkeypatch):
    """On a GPU too: bfloat16 would leave nearly every weight as it was, without an error."""
    kept = {}
    real = transformers.AutoModelForCausalLM.from_pretrained

    def load_on_cpu(model, dtype):
        kept["dtype"] = dtype
        network = real(model, dtype=dtype)
        monkeypatch.setattr(type(network), "to", lambda self, *_: self)
        return network

    with monkeypatch.context() as patched:
        patched.setattr(torch.cuda, "is_available", lambda: True)
        patched.setattr(transformers.AutoModelForCausalLM, "from_pretrained", load_on_cpu)
        load(str(base), "a test", to_train=True)
        assert kept["dtype"] == torch.float32
        load(str(base), "a test")
        assert kept["dtype"] == torch.bfloat16
    monkeypatch.undo()
    assert share_of_changed_weights(base, torch.float32) > 0.5
    assert share_of_changed_weights(base, torch.bfloat16) < 0.1


def test_a_missing_model_is_an_error(judge, tmp_path):
    with pytest.raises(InputError, match="no usable model"):
        train(job(tmp_path / "nowhere", tmp_path / "out"), judge)


def test_the_demo_separates_what_it_was_made_of_and_tries_what_sca_chose(tmp_path, monkeypatch):
    names = ("clean", "mostly_hopeless", "repetitive")
    monkeypatch.setattr(mixes, "MIXES", {name: mixes.MIXES[name] for name in names})
    monkeypatch.setattr(trial, "ARMS", {name: trial.ARMS[name] for name in ("random", "sca")})
    found = trial.run(tmp_path, seed=1)
    check_sources(tmp_path)
    gain = dict(found.gains.select("dataset", "gain").iter_rows())
    assert gain["clean"] > max(gain["mostly_hopeless"], gain["repetitive"])
    assert found.arms["against"].to_list() == ["random"]
    assert found.arms["difference"][0] == pytest.approx(gain["sca"] - gain["random"])
    assert found.arms["high"][0] > 0
    assert found.scores["missing"].list.len().max() == 0
    assert set(found.correlations.filter(figure="q")["datasets"]) == {3}


def check_sources(folder):
    found = {row["source"]: row for row in sca.table(Workspace(folder)).to_dicts()}
    gain = {source: row["gain"] for source, row in found.items()}
    assert min(gain["learnable"], gain["learnable_too"]) >= 0.4
    assert gain["wrong_labels"] <= 0.05
    assert gain["duplicated"] <= min(gain["learnable"], gain["learnable_too"]) - 0.15
    assert abs(gain["hopeless"]) <= 0.02
    assert abs(gain["mastered"]) <= 0.05
    assert found["mastered"]["own_base"] > 0.9
    # On their own labels wrong and hopeless look alike, and so do mastered and duplicated after training.
    assert max(found["hopeless"]["own_trained"], found["wrong_labels"]["own_trained"]) < 0.25
    assert min(found["mastered"]["own_trained"], found["duplicated"]["own_trained"]) > 0.9
    findings = pl.read_parquet(folder / "findings.parquet")
    said = {source: set(rows) for source, rows in findings.group_by("source").agg("finding").iter_rows()}
    assert said["wrong_labels"] & {"wrong labels likely", "harms others"}
    assert said["hopeless"] == {"hopeless or noise"}
    assert "mastered" in said["mastered"]
    assert said.keys().isdisjoint({"learnable", "learnable_too"})
