"""The Hub, played by a server on this machine: what is asked for, what is kept, and what goes wrong."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import polars as pl
import pytest

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load import hub as loader
from rlvr_atlas.load import open_again, open_dataset

SHA = "0123456789abcdef0123456789abcdef01234567"
ROWS = "".join(
    json.dumps({"question": f"How many are {i}?", "answer": str(i)}) + "\n" for i in range(20)
).encode()
FILES = {
    "README.md": b"---\n",
    "dataset_info.json": b"{}",
    "data/train.jsonl": ROWS,
    "data/test.csv": b"question,answer\nHow many are left?,7\n",
    "data/test.json": b'[{"question": "How many are left?", "answer": "7"}]',
}
STATUS = {"acme/gone": 404, "acme/private": 401, "acme/broken": 500}


class Hub(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []
    #: What the next requests for files meet: a status, or "cut" for a connection that ends in the middle.
    faults: ClassVar[list[int | str]] = []

    def do_GET(self) -> None:
        path = unquote(self.path.split("?")[0])
        self.asked.append(f"{self.command} {path}")
        if path.startswith("/api/datasets/"):
            self._info(path.removeprefix("/api/datasets/"))
        elif path.startswith(f"/datasets/acme/sums/resolve/{SHA}/"):
            self._file(FILES.get(path.split(f"{SHA}/")[1]))
        else:
            self._send(404, b"{}", {})

    do_HEAD = do_GET  # noqa: N815  the name that the server calls

    def _info(self, rest: str) -> None:
        repository, _, revision = rest.partition("/revision/")
        if repository in STATUS:
            error = {404: "RepoNotFound", 401: "GatedRepo", 500: ""}[STATUS[repository]]
            self._send(403 if error == "GatedRepo" else STATUS[repository], b"{}", {"X-Error-Code": error})
        elif revision not in ("", "v1", "main", SHA):
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            siblings = [{"rfilename": name} for name in FILES]
            info: dict[str, Any] = {"id": repository, "sha": SHA, "siblings": siblings}
            self._send(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

    def _file(self, content: bytes | None) -> None:
        fault = self.faults.pop(0) if self.faults and self.command == "GET" else None
        if isinstance(fault, int):
            self._send(fault, b"", {})
            return
        headers = {"X-Repo-Commit": SHA, "ETag": f'"{len(content or b"")}-{self.path.rsplit("/")[-1]}"'}
        if fault == "cut" and content:
            self._send(200, content, headers, sent=len(content) // 2)
            self.connection.close()
        else:
            self._send(404 if content is None else 200, content or b"", headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str], sent: int | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:sent])

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(loader, "WAITS", (0.0, 0.0))
    Hub.asked.clear()
    Hub.faults.clear()
    yield Hub.asked
    server.shutdown()
    server.server_close()


def read(**spec: object) -> pl.DataFrame:
    full = DatasetSpec.model_validate({"id": "d", "hub": "acme/sums", "revision": "v1", **spec})
    return pl.concat(open_dataset(full, Path(), allow_network=True).batches())


def test_the_data_files_of_a_revision_are_read_once_each(hub: list[str]) -> None:
    frame = read()
    assert frame["answer"].to_list() == ["7", *map(str, range(20))]
    assert frame["split"].to_list() == ["test"] + ["train"] * 20
    assert "GET /api/datasets/acme/sums/revision/v1" in hub
    fetched = [line for line in hub if line.startswith("GET /datasets/")]
    # Pinned to the commit behind the tag; of test.json and test.csv one is enough; no README.
    assert fetched == [
        f"GET /datasets/acme/sums/resolve/{SHA}/data/{name}" for name in ("test.json", "train.jsonl")
    ]


def test_what_is_in_the_cache_is_not_fetched_again(hub: list[str]) -> None:
    read()
    hub.clear()
    read()
    assert not [line for line in hub if line.startswith("GET /datasets/")]


def test_a_file_that_fails_at_first_is_asked_for_again(hub: list[str]) -> None:
    Hub.faults += [503, 429]
    assert read(files="data/train*").height == 20
    assert len([line for line in hub if line.startswith("GET /datasets/")]) == 3


def test_a_download_that_breaks_off_is_taken_up_again(hub: list[str]) -> None:
    Hub.faults.append("cut")
    assert read(files="data/train*").height == 20
    assert len([line for line in hub if line.startswith("GET /datasets/")]) == 2


def test_what_fails_for_long_is_a_clear_error_and_keeps_what_was_fetched(hub: list[str]) -> None:
    read(files="data/*.csv")
    Hub.faults += [503, 503, 503]
    with pytest.raises(InputError, match="503.*run the same command again: what was fetched is kept"):
        read(files=["data/*.csv", "data/train*"])
    hub.clear()
    assert read(files=["data/*.csv", "data/train*"]).height == 21
    assert [line for line in hub if line.startswith("GET /datasets/")] == [
        f"GET /datasets/acme/sums/resolve/{SHA}/data/train.jsonl"
    ]


def test_what_was_fetched_is_opened_again_without_the_hub(hub: list[str]) -> None:
    spec = DatasetSpec(id="d", hub="acme/sums", files=["data/train*"])
    with pytest.raises(InputError, match="not in the cache of downloads any more.*with --network"):
        open_again(spec, Path())
    digest = open_dataset(spec, Path(), allow_network=True).content_sha256
    hub.clear()
    (again,) = open_again(spec, Path())
    assert again.content_sha256 == digest
    assert pl.concat(again.batches()).height == 20
    assert hub == []


def test_a_glob_chooses_files(hub: list[str]) -> None:
    assert read(files="data/*.csv").height == 1
    assert read(files=["data/*.csv", "data/train*"]).height == 21
    with pytest.raises(InputError, match=r"no file matches \*\.parquet in acme/sums.*data/train\.jsonl"):
        read(files="*.parquet")


def test_without_leave_nothing_is_asked(hub: list[str]) -> None:
    with pytest.raises(InputError, match="Allow it .--network"):
        open_dataset(DatasetSpec(id="d", hub="acme/sums"), Path())
    assert hub == []


WRONG = {
    "acme/gone": "the Hub has no dataset 'acme/gone'",
    "acme/private": "acme/private at revision v1 is gated",
    "acme/broken": "acme/broken at revision v1 cannot be fetched",
    "not an id": "'not an id' is not a Hub id",
}


@pytest.mark.parametrize("repository", WRONG)
def test_what_the_hub_refuses_is_a_clear_error(repository: str, hub: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read(hub=repository)
    assert str(caught.value).startswith(f"dataset d: {WRONG[repository]}")


def test_an_unknown_revision_is_named(hub: list[str]) -> None:
    with pytest.raises(InputError, match="acme/sums has no revision 'v9'"):
        read(revision="v9")


def test_no_connection_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="cannot be fetched"):
        read()
