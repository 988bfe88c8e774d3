"""Where each row comes from, as a table without text; and what goes to the Hub."""

import io
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from rlvr_atlas.config import parse_recipe
from rlvr_atlas.errors import InputError, WorkspaceError
from rlvr_atlas.export import export
from rlvr_atlas.export.push import push
from rlvr_atlas.export.sidecar import SIDECAR, sidecars

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "curate"))
from small import key, row, tables

SAME = {"relation": "identical", "tier": "exact", "probability": 1.0, "decided_by": "auto"}


def parent(dataset, at, root=None, root_row=None):
    return SAME | {
        "parent_dataset": dataset, "parent_row": at, "root_dataset": root or dataset,
        "root_row": root_row if root else at, "hops": 2 if root else 1, "atomic_source": "wells",
    }  # fmt: skip


@pytest.fixture
def made():
    """first -> second -> mix, and a side set that holds a rewording; `mix` has a row of nobody's."""
    own = {"hops": 0, "atomic_source": "wells"}
    parts = {
        "first": [row("a well", **own), row("a pump", **own)],
        "side": [row("the well, reworded", **own)],
        "second": [row("a pump", **parent("first", 1)), row("a well", **parent("first", 0))],
        "mix": [row("a well", **parent("second", 1, "first", 0)), row("SECRET kettle", hops=0)],
        "later": [row("a well", **parent("mix", 0))],
    }
    found = tables(parts, matches=[("the well, reworded", "a well", "reworded", 0.9)])
    return {name: frame.lazy() for name, frame in found.items()}


def lines(files, name):
    return pl.read_parquet(io.BytesIO(files[f"{name}.lineage.parquet"]))


def test_a_row_has_a_line_for_each_origin(made):
    told = lines(sidecars(made, ["mix"]), "mix")
    assert told.columns == list(SIDECAR)
    assert told.select("row", "link", "origin", "origin_row", "relation").rows() == [
        (0, "parent", "second", 1, "identical"),
        (0, "root", "first", 0, None),
        (0, "also", "side", 0, "reworded"),
        (1, "unknown", None, None, None),
    ]
    assert told["probability"].to_list() == [1.0, None, 0.9, None]
    assert told["key"][0] == key("a well")


def test_what_was_released_later_is_no_origin(made):
    assert "later" not in lines(sidecars(made, ["mix"]), "mix")["origin"]
    assert lines(sidecars(made, ["first"]), "first")["link"].to_list() == ["unknown"] * 2


def test_no_text_is_in_it_and_the_card_counts(made):
    files = sidecars(made)
    assert set(files) == {f"{name}.lineage.parquet" for name in made["datasets"].collect()["dataset"]} | {
        "README.md"
    }
    assert not any(b"SECRET" in content for content in files.values())
    card = files["README.md"].decode()
    assert "2 rows, 1 of them of unknown origin" in card
    assert "config_name: mix" in card
    assert sidecars(made) == files


def test_a_dataset_that_is_not_there_is_named_and_so_is_a_workspace_without_lineage(made):
    with pytest.raises(InputError, match=r"no dataset 'mux'.*mix"):
        sidecars(made, ["mux"])
    with pytest.raises(WorkspaceError, match="not traced"):
        sidecars({"datasets": made["datasets"]})


def test_export_needs_no_mix_for_it(made, tmp_path):
    recipe = parse_recipe({"datasets": [{"id": "mix", "path": "a.jsonl"}]})
    files = export(made, recipe, "sidecar", tmp_path, datasets=["mix"]).files
    assert [file.name for file in files] == ["mix.lineage.parquet", "README.md"]
    with pytest.raises(InputError, match="only sidecars"):
        export(made, recipe, "verl", tmp_path, datasets=["mix"])


# --- to the Hub ---------------------------------------------------------------------------------------


class Hub(BaseHTTPRequestHandler):
    """Takes what is pushed, and remembers it."""

    asked: list[tuple[str, bytes]] = []  # noqa: RUF012
    status = 200

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, body))
        if self.path.endswith("/preupload/main"):
            names = [file["path"] for file in json.loads(body)["files"]]
            mode = {"uploadMode": "regular", "shouldIgnore": False}
            told = {"files": [{"path": name, **mode} for name in names]}
        else:
            home = "https://huggingface.co/datasets"
            told = {"url": f"{home}/acme/rows", "commitUrl": f"{home}/acme/rows/commit/1", "commitOid": "1"}
        answer = json.dumps(told).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def hub(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(Hub, "asked", [])
    yield Hub
    server.shutdown()
    server.server_close()


def test_nothing_is_asked_in_a_dry_run(hub, tmp_path):
    (tmp_path / "a.jsonl").write_text("{}")
    assert push([tmp_path / "a.jsonl"], "acme/rows", message="m") is None
    assert hub.asked == []


def test_files_are_committed_and_a_new_repository_is_private(hub, tmp_path):
    (tmp_path / "a.jsonl").write_text("{}")
    commit = push([tmp_path / "a.jsonl"], "acme/rows", message="by hand", dry_run=False)
    assert commit is not None and commit.endswith("acme/rows/commit/1")
    asked = dict(hub.asked)
    created = json.loads(asked["/api/repos/create"])
    assert (created["name"], created["type"]) == ("rows", "dataset")
    assert created.get("private") or created.get("visibility") == "private"  # as the client's version says it
    commit = asked["/api/datasets/acme/rows/commit/main"].decode()
    assert "by hand" in commit and '"path": "a.jsonl"' in commit.replace('":"', '": "')


def test_what_the_hub_refuses_is_a_clear_error(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(Hub, "status", 403)
    (tmp_path / "a.jsonl").write_text("{}")
    with pytest.raises(InputError, match=r"--push acme/rows: the Hub refuses .*hf auth login"):
        push([tmp_path / "a.jsonl"], "acme/rows", message="m", dry_run=False)


@pytest.mark.parametrize("name", ["rows", "a/b/c", "../x/y", "acme/ro ws"])
def test_what_is_no_repository_is_refused_before_anything_is_asked(hub, name):
    with pytest.raises(InputError, match="is not a Hub id"):
        push([], name, message="m", dry_run=False)
    assert hub.asked == []
