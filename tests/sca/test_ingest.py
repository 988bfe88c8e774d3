"""Answers made elsewhere, in the layouts of those who make them, and answers of a server."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import polars as pl
import pytest

from rlvr_atlas.config import SCASettings
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca import runs
from rlvr_atlas.sca.ingest import ingest_rollouts
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.sources import Plan
from rlvr_atlas.schema import SCA_PROBLEMS, SCA_SOURCES, conform

PROBLEMS = [
    {
        "source": "jars",
        "key": f"{n:040}",
        "split": "train" if n % 2 else "held_out",
        "prompt": f"Jar {n} holds {n} red\nbeads and twice as many blue ones. How many are blue?",
        "answer": str(2 * n),
    }
    for n in range(12)
]


@pytest.fixture
def plan(tmp_path):
    sources = conform(pl.DataFrame([{"source": "jars"}]), SCA_SOURCES)
    settings = SCASettings(k=2, instruction=" Box it.", rollout_batch=5, temperature=0.7)
    return Plan(tmp_path / "sca", settings, conform(pl.DataFrame(PROBLEMS), SCA_PROBLEMS), sources)


@pytest.fixture(scope="module")
def judge():
    with Judge() as judge:
        yield judge


def said(problem, sample):
    """The first answer is right, the second one right for even problems."""
    right = sample == 0 or int(problem["key"]) % 2 == 0
    return f"So \\boxed{{{int(problem['answer']) + (0 if right else 1)}}}"


def asked(problem):
    return f"<|im_start|>user\n{' '.join(problem['prompt'].split())} Box it.<|im_end|>\n"


LAYOUTS = {
    "verl": lambda p, at: {"input": asked(p), "output": said(p, at), "gts": "-", "score": 0.0, "step": 7},
    "plain": lambda p, at: {"prompt": p["prompt"], "response": said(p, at)},
    "keys": lambda p, at: {"key": p["key"], "completion": said(p, at)},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_lines_of_one_answer(plan, judge, tmp_path, layout):
    lines = [LAYOUTS[layout](problem, at) for at in range(2) for problem in reversed(PROBLEMS)]
    check(plan, judge, tmp_path, lines)


def test_lines_of_all_answers(plan, judge, tmp_path):
    lines = [
        {
            "doc_id": n,
            "doc": {"question": "elsewhere"},
            "target": "-",
            "arguments": {"gen_args_0": {"arg_0": asked(problem), "arg_1": {"until": ["</s>"]}}},
            "resps": [[said(problem, 0), said(problem, 1)]],
            "filtered_resps": ["-"],
        }
        for n, problem in enumerate(PROBLEMS)
    ]
    check(plan, judge, tmp_path, [{"arguments": ["of nobody"], "resps": [["1"]]}, *lines])


def check(plan, judge, tmp_path, lines):
    found = ingest_rollouts(plan, None, 0, [written(tmp_path, lines)], judge)
    right = dict(found.group_by("key").agg(pl.col("correct").sum()).iter_rows())
    assert right == {p["key"]: 2 if int(p["key"]) % 2 == 0 else 1 for p in PROBLEMS}


def written(tmp_path, lines):
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (lambda lines: lines[2:], "answers to 1 of 12 problems are missing, the first is 0000"),
        (lambda lines: lines[1:], r"1 problems have fewer than 2 answers \(0000.* has 1\)"),
        (lambda lines: [*lines, {"key": lines[0]["key"]}], "a record without an answer, fields key"),
    ],
)
def test_incomplete_files_are_errors(plan, judge, tmp_path, cut, message):
    lines = [LAYOUTS["keys"](problem, at) for problem in PROBLEMS for at in range(2)]
    with pytest.raises(InputError, match=message):
        ingest_rollouts(plan, None, 0, [written(tmp_path, cut(lines))], judge)


def test_a_line_that_is_not_json_is_named(plan, judge, tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"key": "a", "response": "1"}\n{torn')
    with pytest.raises(InputError, match="line 2: not a line of JSON"):
        ingest_rollouts(plan, None, 0, [path], judge)


class Handler(BaseHTTPRequestHandler):
    requests: list = []  # noqa: RUF012
    failures = 0
    refuses: tuple = ()
    redirect: tuple = ()
    secrets: list = []  # noqa: RUF012
    error: tuple = ()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).requests.append((self.path, body))
        type(self).secrets.append(self.headers["Authorization"])
        if type(self).error:
            code, said = type(self).error
            data = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return
        if type(self).redirect:
            code, target = type(self).redirect
            self.send_response(code)
            self.send_header("Location", f"{target}/chat/completions")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if type(self).failures > 0:
            type(self).failures -= 1
            self.send_error(503)
            return
        if body.keys() & set(type(self).refuses):
            self.send_response(422)
            self.end_headers()
            self.wfile.write(b"Unexpected fields")
            return
        number = int(body["messages"][0]["content"].split()[1])
        reply = {"choices": [{"message": {"content": f"\\boxed{{{2 * number + body['seed'] % 2}}}"}}]}
        if body["model"] != "jar-model":
            self.send_error(404)
            return
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    Handler.requests, Handler.failures, Handler.refuses = [], 0, ()
    Handler.secrets, Handler.redirect, Handler.error = [], (), ()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_a_server_is_asked_as_the_plan_says(plan, judge, server, caplog):
    Handler.failures = 2
    served = runs.served_by(plan.settings, server, "jar-model", concurrency=4)
    with caplog.at_level("INFO", "rlvr_atlas"):
        found = runs.ask(plan, None, 0, judge, served)
    said = [line.getMessage() for line in caplog.records if line.name == "rlvr_atlas.sca.server"]
    assert len(said) == 2 and all("failed: 503" in line for line in said)
    assert found.height == 24
    assert set(found["correct"]) == {True, False}
    path, body = Handler.requests[-1]
    assert path == "/v1/chat/completions"
    assert (body["temperature"], body["top_k"], body["max_tokens"]) == (0.7, 20, 16384)
    assert body["messages"][0]["content"].endswith("How many are blue? Box it.")
    seeds = [(b["messages"][0]["content"], b["seed"]) for _, b in Handler.requests]
    assert len(set(seeds)) == 24, "every answer has a seed of its own; a retry keeps it"
    asked_before = len(Handler.requests)
    assert runs.ask(plan, None, 0, judge, served).equals(found)
    assert len(Handler.requests) == asked_before


def test_a_server_that_knows_no_top_k_is_asked_in_its_own_way(plan, judge, server):
    Handler.refuses = ("top_k",)
    served = runs.served_by(plan.settings, server, "jar-model", concurrency=4)
    found = runs.ask(plan, None, 0, judge, served)
    assert found.height == 24
    _, body = Handler.requests[-1]
    assert json.loads(body["generation_config"]) == {
        "do_sample": True, "temperature": 0.7, "top_p": 0.95, "top_k": 20, "max_new_tokens": 16384,
    }  # fmt: skip
    assert sum("top_k" in body for _, body in Handler.requests) <= 4, "what was refused is not tried again"


def test_a_server_that_cannot_draw_as_asked_is_an_error(plan, judge, server):
    Handler.refuses = ("top_k", "generation_config")
    with pytest.raises(InputError, match="422 .*Unexpected fields"):
        runs.ask(plan, None, 0, judge, runs.served_by(plan.settings, server, "jar-model", 4))
    unlimited = plan.settings.model_copy(update={"top_k": 0})
    found = runs.ask(
        Plan(plan.folder / "b", unlimited, plan.problems, plan.sources), None, 0, judge,
        runs.served_by(unlimited, server, "jar-model", 4),
    )  # fmt: skip
    assert found.height == 24


@pytest.fixture
def elsewhere(monkeypatch):
    """Another host, which must never be asked, and what it heard all the same."""
    monkeypatch.setenv("OPENAI_API_KEY", "a secret")
    heard = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append((self.command, dict(self.headers)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self):
            self.do_POST()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield f"http://localhost:{listener.server_port}/v1", heard
        listener.shutdown()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_key_stays_with_its_host(plan, judge, server, elsewhere, code):
    target, heard = elsewhere
    Handler.redirect = code, target
    with pytest.raises(InputError, match=f"{code} .*redirects are not followed"):
        runs.ask(plan, None, 0, judge, runs.served_by(plan.settings, server, "jar-model", 4))
    assert heard == []
    assert set(Handler.secrets) == {"Bearer a secret"}


def test_a_server_that_does_not_answer_in_time_is_an_error(plan, judge, monkeypatch):
    monkeypatch.setattr("rlvr_atlas.sca.server._TIMEOUT_S", 0.2)
    monkeypatch.setattr("rlvr_atlas.sca.server._TRIES", 1)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(64)
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/v1"
        with pytest.raises(InputError, match="does not answer .*timed out"):
            runs.ask(plan, None, 0, judge, runs.served_by(plan.settings, url, "jar-model"))


ERRORS = [
    (401, {"error": {"message": "Incorrect API key provided: a secret"}}, "Incorrect API key provided: ***",
     "OPENAI_API_KEY"),
    (404, {"object": "error", "message": "The model `jar-model` does not exist."},
     "The model `jar-model` does not exist", "model's name"),
    (403, {"detail": "not for you"}, "not for you", "may do"),
    (400, {"error": {"message": "maximum context length is 4096 tokens"}}, "maximum context length is 4096",
     "what the server takes"),
    (404, b"404 page\nnot\x1b[31m found", "404 page not [31m found", "goes up to and with /v1"),
]  # fmt: skip


@pytest.mark.parametrize("refusal", ERRORS)
def test_what_a_server_says_when_it_refuses_is_shown(plan, judge, server, monkeypatch, refusal):
    code, said, message, fix = refusal
    monkeypatch.setenv("OPENAI_API_KEY", "a secret")
    Handler.error = code, said
    with pytest.raises(InputError) as refused:
        runs.ask(plan, None, 0, judge, runs.served_by(plan.settings, server, "jar-model", 4))
    shown = str(refused.value)
    assert "refuses the request" in shown and f"{code} " in shown and message in shown and fix in shown
    assert "a secret" not in shown
    assert len(Handler.requests) <= 4 * 2, "what is refused is not tried again"


def test_a_server_without_the_model_is_an_error(plan, judge, server):
    with pytest.raises(InputError, match="404"):
        runs.ask(plan, None, 0, judge, runs.served_by(plan.settings, server, "another"))
    with pytest.raises(InputError, match="Give --model"):
        runs.served_by(plan.settings, server, None)
    with pytest.raises(InputError, match="is no URL"):
        runs.served_by(plan.settings, "localhost:8000", "jar-model")
