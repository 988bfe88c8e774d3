"""Answers of a real OpenAI-compatible server on loopback: `transformers serve` (extra `train`)."""

import json
import math
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import polars as pl
import pytest

pytest.importorskip("trl", reason="the extra 'train' is not installed")
pytest.importorskip("fastapi", reason="transformers serve needs its own extra, serving")

from rlvr_atlas.config import SCASettings
from rlvr_atlas.demo.sca.model import pretrain
from rlvr_atlas.demo.sca.world import problems
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca import runs
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.sources import Plan
from rlvr_atlas.schema import SCA_PROBLEMS, SCA_SOURCES, conform

pytestmark = pytest.mark.extra
#: The model knows no turns: it is asked the bare problem, and what it writes up to its end is the answer.
TEMPLATES = {
    "chat_template": "{% for message in messages %}{{ message['content'] }}{% endfor %}",
    "response_template": {
        "defaults": {"role": "assistant"},
        "start_anchor_pattern": r"/\d",
        "fields": {"content": {"close": "<end>", "content": "text"}},
    },
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    pretrain(folder, steps=400)
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(folder, padding_side="left", **TEMPLATES).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def url(base, tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", base, "--device", "cpu"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    said = tmp_path_factory.mktemp("server") / "log"
    with said.open("wb") as log:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], env=environment, stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + 300
        while not _healthy(port):
            assert server.poll() is None, said.read_text()[-2000:]
            assert time.monotonic() < until, "the server does not come up"
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def _healthy(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture
def plan(base, tmp_path):
    rows = problems().filter(pl.col("source").is_in(["mastered", "learnable"]))
    few = rows.group_by("source", "split", maintain_order=True).head(6)
    sources = conform(pl.DataFrame({"source": few["source"].unique(maintain_order=True)}), SCA_SOURCES)
    settings = SCASettings(
        base_model=base, preset="tiny", k=3, instruction="", temperature=1.0, top_p=1.0, top_k=0
    )
    return Plan(tmp_path / "sca", settings, conform(few, SCA_PROBLEMS), sources)


def test_a_server_answers_as_the_model_does_here(plan, base, url, tmp_path):
    with Judge() as judge:
        there = runs.ask(plan, None, 0, judge, runs.served_by(plan.settings, url, base))
        here = runs.ask(Plan(tmp_path / "here", plan.settings, plan.problems, plan.sources), None, 0, judge)
    assert there.height == here.height == 2 * 12 * 3
    means = [dict(f.group_by("source").agg(pl.col("correct").mean()).iter_rows()) for f in (there, here)]
    for found in means:
        assert found["mastered"] > 0.9
        assert 0.1 < found["learnable"] < 0.7, "it draws: one that is greedy is right always or never"
    # The answers to one problem differ among themselves, as draws do.
    shares = there.filter(source="learnable").group_by("key").agg(pl.col("correct").mean())["correct"]
    assert shares.is_between(0, 1, closed="none").any()


def test_answers_cut_at_the_limit_are_told_from_whole_ones(plan, base, url, tmp_path):
    """By the server's finish_reason there, by the missing end of turn here."""
    short = plan.settings.model_copy(update={"grpo": {"max_response": 1}})
    with Judge() as judge:
        for settings, all_cut in ((short, True), (plan.settings, False)):
            for name in ("there", "here"):
                made = Plan(tmp_path / f"{name}-{all_cut}", settings, plan.problems, plan.sources)
                served = runs.served_by(settings, url, base) if name == "there" else None
                cut = runs.ask(made, None, 0, judge, served)["cut"]
                assert cut.null_count() == 0
                assert cut.all() if all_cut else cut.mean() < 0.5


def test_an_evaluation_that_was_killed_goes_on(base, url, tmp_path):
    rows = problems().filter(pl.col("source") == "learnable", pl.col("split") == "held_out").head(12)
    exam = tmp_path / "exam.jsonl"
    exam.write_text("".join(json.dumps(row) + "\n" for row in rows.select("prompt", "answer").to_dicts()))
    options = ["--server", url, "--benchmark", exam, "--out", tmp_path / "out", "--concurrency", 2, "-k", 4]
    options += ["--instruction", "", "--max-tokens", 16, "--json"]
    command = [sys.executable, "-m", "rlvr_atlas", "evaluate", base, *map(str, options)]
    kept = tmp_path / "out" / "base" / "exam.jsonl"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 300
    while not kept.exists() or kept.read_bytes().count(b"\n") < 6:
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    process.kill()
    process.wait()
    there = kept.read_bytes()
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert kept.read_bytes().startswith(there[: there.rfind(b"\n") + 1])
    verdicts = pl.read_parquet(json.loads(told)["results"])
    rights = verdicts.group_by("key").agg(pl.col("correct").sum())["correct"].to_list()
    (line,) = json.loads(told)["figures"]
    assert (line["items"], line["k"]) == (len(rights), 4)
    passed = [1 - math.comb(4 - c, 4) / math.comb(4, 4) for c in rights]
    assert line["pass"] == pytest.approx(100 * sum(passed) / len(passed))
    assert line["mean"] == pytest.approx(100 * sum(rights) / (4 * len(rights)))


def test_what_the_server_refuses_is_said(plan, url):
    with Judge() as judge, pytest.raises(InputError, match="pinned to"):
        runs.ask(plan, None, 0, judge, runs.served_by(plan.settings, url, "another"))
