"""Evaluation: what is asked, that nothing is lost or mixed, and figures as an independent computation has."""

import io
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from rlvr_atlas import evaluate as evaluation
from rlvr_atlas.cli import main
from rlvr_atlas.errors import InputError
from rlvr_atlas.evaluate import Evaluated, figures, from_files, preset
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.stream import Reply

PAPER = preset()
EXAM = [
    (f"A crate holds {n} apples and {n + 3} pears. How many fruits are in it?", 2 * n + 3) for n in range(12)
]


@pytest.fixture(scope="module")
def judge():
    with Judge() as judge:
        yield judge


def exam(folder, rows=EXAM, name="exam"):
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps({"problem": p, "answer": str(a)}) + "\n" for p, a in rows))
    return path


def said(question, seed):
    """Right for some seeds, more often for later crates."""
    n = int(question.split()[3])
    return f"So \\boxed{{{2 * n + 3 + (seed % 16 > n)}}}"


class Model:
    def __init__(self, until=10**6):
        self.until, self.asked = until, []

    def stream(self, requests):
        for request in requests:
            if len(self.asked) == self.until:
                raise InputError("the server is gone")
            self.asked.append(request)
            yield [(request, said(request.question, request.seed))]


# --- what is asked -------------------------------------------------------------------------------------


def test_the_paper_asks_the_small_contests_32_times():
    asked = {
        name: PAPER.answers_to(name)
        for name in ("math_500", "aime24", "AIME 2025", "amc23", "amo_bench", "my")
    }
    assert asked == {"math_500": 4, "aime24": 32, "AIME 2025": 32, "amc23": 32, "amo_bench": 32, "my": 4}
    sampling = PAPER.sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k, sampling.max_response) == (
        0.6,
        0.95,
        20,
        16384,
    )
    with pytest.raises(InputError, match="choose one of: paper|Choose one of: paper"):
        preset("mine")


def test_what_cannot_be_asked_is_left_out_and_counted(tmp_path):
    path = tmp_path / "exam.jsonl"
    rows = [{"problem": p, "answer": str(a)} for p, a in EXAM]
    rows += [rows[0], {"problem": "Prove that there are infinitely many primes.", "answer": None}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (one,) = from_files([str(path)])
    assert one.name == "exam"
    assert one.items.height == 12
    assert one.items["item"].to_list() == list(range(12))
    assert one.left_out == {"no answer": 1, "the same text as an item before it": 1}
    path.write_text(json.dumps(rows[-1]) + "\n")
    with pytest.raises(InputError, match="no item can be asked|no usable rows"):
        from_files([str(path)])


# --- what is kept --------------------------------------------------------------------------------------


def run(folder, judge, model, out="out", **options):
    who = Evaluated("m", PAPER, **{"k": 6, **options})
    return evaluation.evaluate(from_files([str(exam(folder))]), who, lambda: model, judge, folder / out)


def test_what_came_is_not_asked_again_and_the_end_is_the_same(judge, tmp_path):
    whole = run(tmp_path, judge, Model(), "whole")["exam"]
    first, second = Model(until=30), Model()
    with pytest.raises(InputError, match="gone"):
        run(tmp_path, judge, first)
    assert run(tmp_path, judge, second)["exam"].equals(whole)
    assert len(first.asked) + len(second.asked) == 72
    assert run(tmp_path, judge, None)["exam"].equals(whole), "nothing is missing: no model is needed"


#: A run that is killed while the first answers are judged, when forty have come.
KILLED = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_evaluate as here
from rlvr_atlas.sca.reward import Judge

folder = Path(sys.argv[2])


class Dying(Judge):
    def judge(self, golds, responses):
        kept, until = folder / "out" / "base" / "exam.unjudged", time.monotonic() + 20
        while time.monotonic() < until and kept.read_bytes().count(bytes([10])) < 41:
            time.sleep(0.01)
        os._exit(9)


here.run(folder, Dying(), here.Model(until=40))
"""


def test_an_answer_is_kept_before_it_is_judged(judge, tmp_path):
    """Judging may take seconds; a kill -9 in them loses nothing that came."""
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(tmp_path)]
    killed = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert killed.returncode == 9, killed.stderr
    rest = Model()
    found = run(tmp_path, judge, rest)["exam"]
    assert len(rest.asked) == 72 - 40
    assert found.equals(run(tmp_path, judge, Model(), "whole")["exam"])
    assert [path.name for path in (tmp_path / "out" / "base").glob("exam.*")] == ["exam.jsonl"]


def test_answers_that_came_before_the_server_was_gone_are_judged_by_the_next_run(judge, tmp_path):
    with pytest.raises(InputError, match="gone"):
        run(tmp_path, judge, Model(until=30))
    before = judge.outcomes.total()
    run(tmp_path, judge, Model())
    lines = (tmp_path / "out" / "base" / "exam.jsonl").read_text().splitlines()
    assert len(lines) == 73
    assert judge.outcomes.total() - before <= 72


@pytest.mark.parametrize("change", [{"k": 7}, {"settings": PAPER.model_copy(update={"top_k": 5})}])
def test_other_settings_are_refused_not_mixed(judge, tmp_path, change):
    run(tmp_path, judge, Model())
    before = (tmp_path / "out" / "base" / "exam.jsonl").read_bytes()
    who = Evaluated(**{"model": "m", "settings": PAPER, "k": 6, **change})
    with pytest.raises(InputError, match="asked for otherwise"):
        evaluation.evaluate(from_files([str(exam(tmp_path))]), who, Model, judge, tmp_path / "out")
    assert (tmp_path / "out" / "base" / "exam.jsonl").read_bytes() == before


def test_all_finished_verdicts_become_one_table(judge, tmp_path):
    with pytest.raises(InputError, match="no finished evaluation"):
        evaluation.collect(tmp_path / "out")
    run(tmp_path, judge, Model())
    run(tmp_path, judge, Model(), trained_on="mix", seed=1)
    with pytest.raises(InputError, match="gone"):
        run(tmp_path, judge, Model(until=3), trained_on="half")
    found = evaluation.collect(tmp_path / "out")
    assert found.equals(pl.read_parquet(tmp_path / "out" / "results.parquet"))
    counts = found.group_by("dataset", "seed", "benchmark").len().sort("dataset").rows()
    assert counts == [(None, 0, "exam", 72), ("mix", 1, "exam", 72)]


# --- figures -------------------------------------------------------------------------------------------


def verdicts(rights, k):
    rows = [(f"i{at}", s, None if r is None else s < r) for at, r in enumerate(rights) for s in range(k)]
    return pl.DataFrame(rows, {"key": pl.String, "sample": pl.Int64, "correct": pl.Boolean}, orient="row")


def test_figures_are_those_of_an_independent_computation():
    rights, k = [0, 1, 4, 8, 8, 3], 8
    line = figures({"b": verdicts(rights, k)}).row(0, named=True)
    assert line["mean"] == pytest.approx(100 * sum(rights) / (k * len(rights)))
    passed = [1 - math.comb(k - c, k) / math.comb(k, k) for c in rights]
    assert line["pass"] == pytest.approx(100 * sum(passed) / len(passed))
    assert (line["items"], line["k"], line["unjudged"], line["subset"]) == (6, 8, 0, "all")
    assert line["mean_low"] < line["mean"] < line["mean_high"]
    assert figures({"b": verdicts(rights, k)}).equals(figures({"b": verdicts(rights, k)}))


def test_an_item_that_could_not_be_judged_has_no_value():
    line = figures({"b": verdicts([4, None, 0], 4)}).row(0, named=True)
    assert (line["mean"], line["items"], line["unjudged"]) == (50, 3, 1)


def test_leaked_items_stand_apart_with_what_training_gained_on_each():
    base, trained = [1] * 20, [2] * 10 + [4] * 10
    leaked = {"b": {f"i{at}" for at in range(10, 20)} | {"elsewhere"}}
    found = figures({"b": verdicts(trained, 4)}, leaked, {"b": verdicts(base, 4)})
    means = {row["subset"]: (row["items"], round(row["mean"], 9)) for row in found.to_dicts()}
    assert means == {
        "all": (20, 75), "clean": (10, 50), "leaked": (10, 100), "leaked - clean": (20, 50),
        "gain": (20, 50), "gain, clean": (10, 25), "gain, leaked": (10, 75), "gain, leaked - clean": (20, 50),
    }  # fmt: skip
    none = figures({"b": verdicts(trained, 4)}, {"b": set()})
    assert none.filter(subset="leaked - clean")["mean"].to_list() == [None]
    assert none.filter(subset="clean")["mean"].to_list() == pytest.approx([75])


def test_the_interval_holds_the_truth_as_often_as_it_says():
    import numpy as np

    rng, held, k = np.random.default_rng(0), 0, 4
    for _ in range(150):
        rates = rng.beta(0.5, 0.5, 200)
        line = figures({"b": verdicts(rng.binomial(k, rates).tolist(), k)}).row(0, named=True)
        held += line["mean_low"] <= 50 <= line["mean_high"]
    assert 0.89 <= held / 150 <= 0.99


class Odd:
    """Every third answer is cut, every fourth is empty."""

    def stream(self, requests):
        for number, request in enumerate(requests):
            text = " \n" if number % 4 == 0 else said(request.question, request.seed)
            yield [(request, Reply(text, number % 3 == 0))]


def test_cut_and_empty_answers_are_counted_and_kept(judge, tmp_path):
    found = run(tmp_path, judge, Odd())
    (line,) = figures(found).to_dicts()
    assert (line["cut"], line["empty"]) == (24, 18)
    keys = found["exam"]["key"].unique(maintain_order=True).to_list()
    parts = figures(found, {"exam": set(keys[:4])}, found).to_dicts()
    counted = {part["subset"]: (part["cut"], part["empty"]) for part in parts}
    assert counted["clean"][0] + counted["leaked"][0] == 24
    assert counted["gain"] == counted["leaked - clean"] == (None, None)
    table = evaluation.collect(tmp_path / "out")
    assert (table["cut"].sum(), table["empty"].sum()) == (24, 18)


def test_where_nobody_says_whether_an_answer_was_cut_it_is_not_known(judge, tmp_path):
    (line,) = figures(run(tmp_path, judge, Model())).to_dicts()
    assert (line["cut"], line["empty"]) == (None, 0)


# --- the command ---------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests: list = []  # noqa: RUF012
    wait = 0.0
    ended = "stop"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).requests.append(body)
        time.sleep(type(self).wait)
        answer = said(body["messages"][0]["content"], body["seed"])
        choice = {"message": {"content": answer}, "finish_reason": type(self).ended}
        data = json.dumps({"choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


@pytest.fixture
def url():
    Handler.requests, Handler.wait, Handler.ended = [], 0.0, "stop"
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def call(*arguments):
    """Run a command as a shell does: (exit code, standard output, standard error)."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.argv", ["rlvr-atlas", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
    return stop.value.code or 0, out.getvalue(), err.getvalue()


def test_killed_at_any_moment_at_most_what_was_under_way_is_asked_again(tmp_path, url):
    Handler.wait = 0.05
    out = tmp_path / "out"
    options = ["--benchmark", exam(tmp_path), "--server", url, "--concurrency", 4, "-k", 8, "--out", out]
    command = [sys.executable, "-m", "rlvr_atlas", "evaluate", "m", *map(str, options)]
    process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL)
    kept = out / "base" / "exam.jsonl"
    until = time.monotonic() + 120
    while not kept.exists() or kept.read_bytes().count(b"\n") < 20:
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    there = kept.read_bytes()
    code, told, err = call("evaluate", "m", *options, "--json")
    assert code == 0, err
    assert kept.read_bytes().startswith(there[: there.rfind(b"\n") + 1]), "what was kept stays as it was"
    # Under way, or in the moment between coming and being written.
    assert 96 <= len(Handler.requests) <= 96 + 2 * 4
    found = json.loads(told)
    assert found["figures"][0]["items"] == 12
    assert pl.read_parquet(found["results"]).height == 96


def test_many_answers_cut_at_the_limit_are_said(tmp_path, url):
    options = ["--benchmark", exam(tmp_path), "--server", url, "-k", 2, "--out", tmp_path / "out"]
    code, out, err = call("evaluate", "m", *options)
    assert code == 0, err
    assert "were cut" not in out
    Handler.ended = "length"
    code, out, err = call("evaluate", "m", *options, "--trained-on", "mix", "--max-tokens", 64)
    assert code == 0, err
    assert "24 of 24 answers were cut at 64 tokens" in " ".join(out.split())


RECIPE = """
[workspace]
path = "ws"
[match]
semantic = false
[[datasets]]
id = "exam"
role = "benchmark"
path = "exam.jsonl"
released = 2023-03-01
[[datasets]]
id = "mix"
path = "mix.jsonl"
released = 2024-01-01
"""
RARE = [
    (
        f"{who} photographs {bird} beside a frozen millpond, {n} on Tuesday, and twice that number plus "
        f"thirty {other} on Thursday before the thaw. What is the total of birds in the album?",
        3 * n + 30,
    )
    for n, (who, bird, other) in enumerate(
        [("Wilhelmina", "kingfishers", "herons"), ("Bartholomew", "nuthatches", "egrets"),
         ("Philippa", "bullfinches", "curlews"), ("Leopold", "goldcrests", "bitterns")], start=11,
    )
]  # fmt: skip


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    exam(tmp_path, [*EXAM, *RARE])
    exam(tmp_path, [*RARE, (f"What is {10**6 + 7} less {10**5 + 3}?", 900_004)], name="mix")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    code, _, err = call("run", "recipe.toml")
    assert code == 0, err
    return tmp_path / "ws"


def test_from_a_workspace_to_a_score(workspace, url, monkeypatch):
    monkeypatch.setattr(f"{__name__}.said", lambda question, seed: f"\\boxed{{{seed % 3}}}")
    options = ["--workspace", workspace, "--server", url, "--concurrency", 8]
    code, out, err = call("evaluate", "base-model", *options)
    assert code == 0, err
    assert "leaked" not in out and "exam" in out and "next: rlvr-atlas score" in out
    code, out, err = call("evaluate", "mix-model", *options, "--trained-on", "mix", "--json")
    assert code == 0, err
    found = json.loads(out)
    items = {line["subset"]: line["items"] for line in found["figures"]}
    assert items == {
        "all": 16, "clean": 12, "leaked": 4, "leaked - clean": 16,
        "gain": 16, "gain, clean": 12, "gain, leaked": 4, "gain, leaked - clean": 16,
    }  # fmt: skip
    code, out, err = call("score", workspace, "--model-size", 1.7, "--results", found["results"], "--json")
    assert code == 0, err
    (line,) = json.loads(out)["scores"]
    assert line["dataset"] == "mix"
    assert line["delta_mean4"] == pytest.approx(found["figures"][4]["mean"])


def test_what_is_wrong_is_said(workspace, url):
    for arguments, message in [
        (["m"], "no benchmark is named"),
        (["m", "--benchmark", "nowhere.jsonl"], "neither a file nor a benchmark"),
        (["m", "--workspace", workspace, "--server", "ftp://x"], "no URL"),
        (["m", "--workspace", workspace, "--server", url, "--preset", "x"], "no preset"),
        (["m", "--workspace", workspace, "--server", url, "--trained-on", "mixx"], "no training set 'mixx'"),
    ]:
        code, _, err = call("evaluate", *arguments)
        assert (code, message in err) == (2, True), (err, message)
    assert Handler.requests == []
