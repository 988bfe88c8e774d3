"""The command `serve`, listening: pages, writes, refusals, many clients (extra `serve`)."""

import http.client
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from urllib.parse import urlencode

import pytest

pytest.importorskip("uvicorn", reason="the extra 'serve' is not installed")
pytest.importorskip("starlette", reason="the extra 'serve' is not installed")

from starlette.testclient import TestClient

from rlvr_atlas.explorer.app import Explorer
from rlvr_atlas.explorer.held import HeldWorkspace
from rlvr_atlas.lineage import review
from rlvr_atlas.workspace.store import Workspace

pytestmark = pytest.mark.extra


class Served:
    """A running explorer."""

    def __init__(self, folder):
        self.folder = folder
        command = [sys.executable, "-m", "rlvr_atlas", "serve", str(folder), "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        told = self.process.stdout.readline()
        self.address = re.match(r"http://127\.0\.0\.1:(\d+)/", told)[0]
        self.port = int(self.address.rsplit(":", 1)[1].strip("/"))

    def ask(self, path, form=None, **headers):
        """Status, text and headers of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        own = {"Host": f"127.0.0.1:{self.port}"}
        if form is not None:
            own |= {
                "Origin": f"http://127.0.0.1:{self.port}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
        body = None if form is None else urlencode(form) if isinstance(form, dict) else form
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET" if form is None else "POST", path, body, own | given)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, dict(answer.getheaders())


@pytest.fixture(scope="module")
def served(traced, tmp_path_factory):
    running = Served(shutil.copytree(traced, tmp_path_factory.mktemp("served") / "ws"))
    yield running
    running.process.terminate()
    running.process.wait(30)


def token_of(served):
    return re.search(r'name="token" value="([^"]+)"', served.ask("/review")[1])[1]


def pairs_of(served):
    from rlvr_atlas.explorer import reviewing

    waiting = reviewing.queue(HeldWorkspace(served.folder))
    return [{"child": row["child"], "parent": row["parent"]} for row in waiting.to_dicts()]


PATHS = ["/", "/explain", "/explain?q=train:3", "/search?q=mira&answers=1", "/dataset/train?leaked=yes"]
PATHS += [
    "/dataset/train/46",
    "/compare?a=train",
    "/compare?a=train&b=bench",
    "/leaks",
    "/review",
    "/worth",
    "/assets/style.css",
]


def test_a_page_that_was_asked_for_before_is_not_made_again_but_its_question_counts(served):
    pages = [served.ask(path)[1] for path in ("/leaks", "/leaks", "/leaks?offset=1", "/compare?a=train")]
    assert pages[0] == pages[1]
    assert len(set(pages)) == 3


def test_a_page_is_made_anew_when_the_tables_change(traced, tmp_path):
    folder = shutil.copytree(traced, tmp_path / "ws")
    app = Explorer(folder)
    with TestClient(app.application(), base_url="http://127.0.0.1:8765") as client:
        before = client.get("/").text
        assert client.get("/").text == before
        (folder / "lineage.parquet").touch()
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["stages"].pop("audit")
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert client.get("/").text != before


def test_a_first_text_is_explained_before_anybody_asks_and_hinders_no_start(traced, monkeypatch):
    held = Explorer(traced).newest.get()
    assert [asked for asked in held._recent if asked[0] == "explain"]
    monkeypatch.setattr(HeldWorkspace, "read_array", lambda *_: None)
    with TestClient(Explorer(traced).application(), base_url="http://127.0.0.1:8765") as client:
        assert client.get("/").status_code == 200
        assert "the look-up index is missing" in client.get("/explain?q=who+knows+this").text


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_answered_with_the_policy(served, path):
    status, text, headers = served.ask(path)
    assert status == 200 and text
    assert headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/assets/..%2fapp.py",
        "/assets/../../../manifest.json",
        "/dataset/..%2f..%2fmanifest.json",
        "/dataset/train/99999",
        "/dataset/train/99999999999999999999",
        "/problem/..%2fmanifest.json",
        "/problem/" + "0" * 40,
        "/pair/a/b",
        "/manifest.json",
        "/review.jsonl",
        "/instances.parquet",
        "/explain?q=train:99999",
        "/compare?a=train&b=..",
        "/search?q=" + "x" * 2000,
    ],
)
def test_nothing_else_is_served(served, path):
    status, text, _ = served.ask(path)
    assert status == 404 and "Traceback" not in text


def test_comparing_from_a_dataset_s_page_has_that_dataset_chosen(served):
    assert 'href="/compare?a=train"' in served.ask("/dataset/train")[1]
    status, text, _ = served.ask("/compare?a=train")
    assert status == 200 and "<option selected>train</option>" in text


def test_an_odd_offset_is_no_error(served):
    for offset in ("-1", "x", "1e9", "99999999999", "٣"):
        assert served.ask("/search?" + urlencode({"q": "mira", "offset": offset}))[0] == 200


def test_a_long_problem_can_be_asked_for(served):
    assert served.ask("/explain?" + urlencode({"q": "count the pears " * 2000}))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_other_sites_are_refused(served, headers):
    pair, token = pairs_of(served)[0], token_of(served)
    form = {**pair, "verdict": "reject", "by": "Eve", "token": token}
    assert served.ask("/review/decide", form, **headers)[0] == 403
    assert "Eve" not in {one.by for one in review.read(Workspace(served.folder))[0]}


def test_without_the_token_nothing_is_written(served):
    pair = pairs_of(served)[0]
    form = {**pair, "verdict": "reject", "by": "Mallory"}
    too_long = {**form, "token": token_of(served), "why": "x" * 100_000}
    for given in (form, {**form, "token": "x" * 43}, too_long, b"\xff\xfe", "a=1&" * 100):
        for path in ("/review/decide", "/review/apply"):
            assert served.ask(path, given)[0] == 403
    wrong = json.dumps({**form, "token": token_of(served)}).encode()
    assert served.ask("/review/decide", wrong, Content_Type="application/json")[0] == 403
    assert served.ask("/review/decide")[0] == 404
    assert "Mallory" not in {one.by for one in review.read(Workspace(served.folder))[0]}


def test_decisions_of_two_browsers_at_once_are_all_kept(served):
    token, pairs = token_of(served), pairs_of(served)[:4]
    people = ["Ada", "Grace"]

    def decide(name):
        for pair in pairs:
            form = {**pair, "verdict": "variant", "by": name, "token": token, "why": "<b>"}
            assert served.ask("/review/decide", form)[0] == 303

    threads = [threading.Thread(target=decide, args=[name]) for name in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = {(one.by, one.child, one.parent) for one in review.read(Workspace(served.folder))[0]}
    assert {(name, pair["child"], pair["parent"]) for name in people for pair in pairs} <= kept


def test_ten_clients_for_a_few_seconds_see_no_error(served):
    from rlvr_atlas.workspace.query import named

    key = named(HeldWorkspace(served.folder), "source:3")[0]
    paths = [*PATHS, f"/problem/{key}"]
    failures, counts = [], []

    def visit(first):
        until, done = time.monotonic() + 5, 0
        while time.monotonic() < until:
            status = served.ask(paths[(first + done) % len(paths)])[0]
            failures.extend([status] if status != 200 else [])
            done += 1
        counts.append(done)

    threads = [threading.Thread(target=visit, args=[number]) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and sum(counts) >= 10


def test_a_taken_port_is_an_error_in_words(served):
    command = [sys.executable, "-m", "rlvr_atlas", "serve", str(served.folder), "--port", str(served.port)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2 and "cannot listen" in run.stderr and "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--host", "no such host"], "--host no such host: there is no such address"),
        (
            ["--host", "300.1.2.3", "--beyond-this-machine"],
            "there is no such address. Give an address such as",
        ),
        (["--host", "192.0.2.1"], "everybody who reaches this address"),
        (["--host", "192.0.2.1", "--beyond-this-machine"], "Choose an address of this machine"),
    ],
)
def test_an_address_that_cannot_be_listened_on_is_named_with_what_to_do(traced, options, told):
    command = [sys.executable, "-m", "rlvr_atlas", "serve", str(traced), "--port", "0", *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert told in " ".join(run.stderr.split())
