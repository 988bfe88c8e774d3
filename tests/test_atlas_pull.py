"""`atlas pull`: an atlas from a folder, an address and the Hub, all on this machine, and what goes wrong."""

import datetime as dt
import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import polars as pl
import pytest
from typer.testing import CliRunner

from rlvr_atlas import fingerprints
from rlvr_atlas.canonical.skeleton import skeleton
from rlvr_atlas.check import check_all
from rlvr_atlas.cli import app
from rlvr_atlas.errors import AtlasError, BusyError, InputError
from rlvr_atlas.public_atlas import BENCHMARKS, CARD, ORIGINS, open_atlas, origins, packaged, verify
from rlvr_atlas.public_atlas import card as cards
from rlvr_atlas.public_atlas.pull import pull
from rlvr_atlas.workspace.files import hold

SHA = "0123456789abcdef0123456789abcdef01234567"


@cache
def prints() -> fingerprints.Index:
    """Of a benchmark with two items."""
    texts = [f"A violet lantern hums {n * 37 + 5} verses for {n + 3} otters. How many?" for n in range(2)]
    instances = pl.DataFrame({"key": ["0" * 40, "1" * 40], "answer": ["4", "7"]}).with_columns(
        skeleton=skeleton(pl.Series(texts)),
        stem=pl.lit(None, pl.String),
        attachments=pl.lit(None, pl.String),
    )
    occurrences = instances.select("key", dataset=pl.lit("otters"), row=pl.int_range(pl.len()))
    datasets = pl.DataFrame({"dataset": "otters", "role": "benchmark", "rank": 0, "rows": 2})
    datasets = datasets.with_columns(skipped_rows=0, released=pl.lit(None, pl.Date))
    return fingerprints.build(occurrences, instances, datasets)


def published(folder: Path, edition: str = "2031-05-01", problems: int = 3) -> Path:
    """An atlas of one benchmark, and some problems."""
    folder.mkdir(parents=True, exist_ok=True)
    fingerprints.write(prints(), folder / BENCHMARKS)
    frame = pl.DataFrame(
        {
            "text": pl.Series(range(problems), dtype=pl.UInt64),
            "numbers": pl.Series([None] * problems, dtype=pl.UInt64),
            "source": ["otters"] * problems,
            "datasets": pl.Series([[0]] * problems, dtype=pl.List(pl.UInt16)),
        }
    )
    facts = {
        "dataset": "otters",
        "role": "benchmark",
        "title": "",
        "released": None,
        "license": None,
        "rows": 2,
    }
    card = {"version": "0.1.0", "datasets": [facts], "benchmarks_sha256": cards.sha256(folder / BENCHMARKS)}
    origins.write(origins.Origins(frame, card), folder / ORIGINS)
    cards.write(cards.describe(folder, version="0.1.0", edition=dt.date.fromisoformat(edition)), folder)
    return folder


def state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def edit(folder: Path, **changes: Any) -> None:
    """Change the card as somebody else could; `benchmarks_sha256=...` is a field of that file."""
    card = json.loads((folder / CARD).read_text())
    for name, value in changes.items():
        file, _, field = name.partition("_")
        if field:
            card["files"][{"benchmarks": BENCHMARKS, "origins": ORIGINS}[file]][field] = value
        else:
            card[name] = value
    (folder / CARD).write_text(json.dumps(card))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return published(tmp_path / "published")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RLVR_ATLAS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "atlas"


class Server(BaseHTTPRequestHandler):
    """A web server and a Hub over `files`."""

    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []
    moved: ClassVar[dict[str, str]] = {}
    sent: ClassVar[list[int]] = []
    claimed: ClassVar[dict[str, int]] = {}
    headers_seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        path = unquote(self.path.split("?")[0])
        self.asked.append(f"{self.command} {path}")
        self.headers_seen.append({name.lower(): value for name, value in self.headers.items()})
        name = path.rsplit("/", 1)[-1]
        if path in self.moved:
            self._send(302, b"", {"Location": self.moved[path]})
        elif path.startswith("/api/datasets/acme/atlas/revision/"):
            info = {"id": "acme/atlas", "sha": SHA, "siblings": [{"rfilename": file} for file in self.files]}
            self._send(200, json.dumps(info).encode(), {"Content-Type": "application/json"})
        elif path.startswith((f"/datasets/acme/atlas/resolve/{SHA}/", "/atlas/")) and name in self.files:
            content = self.files[name]
            digest = hashlib.sha256(content).hexdigest()
            self._send(200, content, {"X-Repo-Commit": SHA, "ETag": f'"{digest}"'}, self.claimed.get(name))
        else:
            self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})

    do_HEAD = do_GET  # noqa: N815  the name that the server calls

    def _send(self, status: int, body: bytes, headers: dict[str, str], claimed: int | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(claimed or len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            try:
                for at in range(0, len(body), 1 << 16):
                    self.wfile.write(body[at : at + (1 << 16)])
                    self.sent.append(len(body[at : at + (1 << 16)]))
            except OSError:
                self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server(source: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{made.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    for kept in (Server.asked, Server.moved, Server.sent, Server.claimed, Server.headers_seen):
        kept.clear()
    Server.files = state(source)
    yield url
    made.shutdown()
    made.server_close()


# --- places -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["folder", "address", "hub"])
def test_an_atlas_is_pulled_and_then_only_what_changed(
    kind: str, source: Path, server: str, tmp_path: Path
) -> None:
    named = {"folder": str(source), "address": f"{server}/atlas/", "hub": "acme/atlas@v1"}[kind]
    folder = tmp_path / "mine"
    first = pull(named, folder)
    assert first.fetched == [BENCHMARKS, ORIGINS]
    assert verify(folder).origins.frame.height == 3
    assert pull(named, folder).fetched == []
    published(source, edition="2031-06-01", problems=5)
    Server.files = state(source)
    Server.asked.clear()
    second = pull(None, folder)  # where it was pulled from before
    assert second.fetched == [ORIGINS]
    assert second.received == (source / ORIGINS).stat().st_size
    assert not [line for line in Server.asked if BENCHMARKS in line]
    assert verify(folder).origins.frame.height == 5
    assert verify(folder).edition == dt.date(2031, 6, 1)


def test_what_the_hub_gives_is_of_one_commit(server: str, tmp_path: Path) -> None:
    pull("acme/atlas@v1", tmp_path / "mine")
    assert "GET /api/datasets/acme/atlas/revision/v1" in Server.asked
    assert {line.rsplit("/", 1)[0] for line in Server.asked if "/resolve/" in line} == {
        f"{verb} /datasets/acme/atlas/resolve/{SHA}" for verb in ("GET", "HEAD")
    }


def test_files_two_editions_old_are_removed_and_others_are_left(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    for problems in (3, 4, 5, 6):
        published(source, problems=problems)
        pull(str(source), folder)
    names = sorted(path.name.partition(".")[2] or path.name for path in folder.iterdir())
    assert names == [BENCHMARKS, "json", ORIGINS, ORIGINS, "txt"]


def test_what_the_package_holds_is_not_fetched(server: str, tmp_path: Path) -> None:
    card = (packaged() / CARD).read_bytes()
    Server.files = {CARD: card}
    pulled = pull(f"{server}/atlas", tmp_path / "mine")
    assert pulled.fetched == []
    assert pulled.atlas.origins.frame.equals(open_atlas(packaged()).origins.frame)


def test_the_packaged_card_is_that_of_the_packaged_files() -> None:
    assert verify(packaged()).edition == dt.date(2026, 5, 10)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (None, "no atlas was pulled before. Say where from"),
        ("no such thing", "this is no place of an atlas"),
        ("../published-not", "this is no place of an atlas"),
        ("~no-such-user/atlas", "this is no place of an atlas"),
        ("x" * 5000, "this is no place of an atlas"),
        ("a\0b", "this is no place of an atlas"),
        ("ftp://127.0.0.1/atlas", "this is no address"),
        ("http://", "this is no address"),
        ("http://[bad/atlas", "this is no address"),
        ("http://me:secret@127.0.0.1/atlas", "^127.0.0.1: an address with a password"),
        ("http://127.0.0.1/atlas?key=secret", "^127.0.0.1: an address with a password or a query"),
        ("http://127.0.0.1:1/atlas", "cannot be fetched"),
    ],
)
def test_no_place_is_a_clear_error(named: str | None, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said) as caught:
        pull(named, tmp_path / "mine")
    assert "secret" not in str(caught.value)
    assert state(tmp_path / "mine") == {}


def test_a_file_is_no_folder_to_keep_an_atlas_in(source: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("text")
    with pytest.raises(InputError, match="cannot write"):
        pull(str(source), tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "text"


def test_a_key_of_the_hub_goes_to_no_address(server: str, tmp_path: Path) -> None:
    pull(f"{server}/atlas", tmp_path / "mine")
    assert not [seen for seen in Server.headers_seen if "authorization" in seen]


def test_redirects_are_followed_on_the_same_host_only(server: str, tmp_path: Path) -> None:
    Server.moved = {f"/latest/{name}": f"/atlas/{name}" for name in Server.files}
    assert pull(f"{server}/latest", tmp_path / "mine").fetched == [BENCHMARKS, ORIGINS]
    elsewhere = server.replace("127.0.0.1", "localhost")
    Server.moved = {f"/away/{CARD}": f"{elsewhere}/atlas/{CARD}", f"/round/{CARD}": f"/round/{CARD}"}
    Server.asked.clear()
    with pytest.raises(InputError, match="points to http://localhost, and other hosts are not followed"):
        pull(f"{server}/away", tmp_path / "other")
    assert Server.asked == [f"GET /away/{CARD}"]
    with pytest.raises(InputError, match="from one address to the next"):
        pull(f"{server}/round", tmp_path / "other")
    with pytest.raises(InputError, match="the server says 404 Not Found"):
        pull(f"{server}/nowhere", tmp_path / "other")


# --- damage -------------------------------------------------------------------------------------------


def harm(folder: Path, how: str) -> None:
    path = folder / ORIGINS
    whole = path.read_bytes()
    if how == "flipped":
        path.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    elif how == "cut":
        path.write_bytes(whole[:-1])
    elif how == "longer":
        path.write_bytes(whole + b"\0")
    elif how == "missing":
        path.unlink()
    elif how == "not together":
        edit(folder, benchmarks_sha256=cards.sha256(packaged() / BENCHMARKS))
        edit(folder, benchmarks_bytes=(packaged() / BENCHMARKS).stat().st_size)
        shutil.copy(packaged() / BENCHMARKS, folder / BENCHMARKS)
    elif how == "no origins":
        path.write_bytes(b"PAR1")
        edit(folder, origins_sha256=cards.sha256(path), origins_bytes=4)


DAMAGE = {
    "flipped": "is damaged: not the SHA-256",
    "cut": "ends after",
    "longer": "is longer than",
    "missing": "no such file|404",
    "not together": "were not made together",
    "no origins": "holds no origins",
}


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("kind", ["folder", "address"])
def test_what_is_damaged_replaces_nothing(
    how: str, kind: str, source: Path, server: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    named = str(source) if kind == "folder" else f"{server}/atlas"
    pull(named, folder)
    before = state(folder)
    published(source, edition="2031-06-01", problems=5)
    harm(source, how)
    Server.files = state(source)
    with pytest.raises(InputError, match=DAMAGE[how]):
        pull(named, folder)
    assert state(folder) == before
    assert verify(folder).origins.frame.height == 3
    published(source, edition="2031-06-01", problems=5)  # put right
    Server.files = state(source)
    pull(named, folder)
    assert verify(folder).origins.frame.height == 5


def test_a_connection_that_ends_early_replaces_nothing(server: str, tmp_path: Path) -> None:
    Server.claimed[ORIGINS] = len(Server.files[ORIGINS]) + 10  # the server then closes the connection
    Server.files[ORIGINS] = Server.files[ORIGINS][:-10]
    Server.protocol_version = "HTTP/1.0"
    with pytest.raises(InputError, match="cannot be fetched|ends after"):
        pull(f"{server}/atlas", tmp_path / "mine")
    assert state(tmp_path / "mine") == {}


@pytest.mark.parametrize("name", [CARD, ORIGINS])
@pytest.mark.parametrize("place", ["/atlas", ""])
def test_no_more_than_the_declared_size_is_read(name: str, place: str, server: str, tmp_path: Path) -> None:
    Server.files[name] += bytes(64 << 20)
    with pytest.raises(InputError, match="is longer than"):
        pull(f"{server}{place}" if place else "acme/atlas@v1", tmp_path / "mine")
    assert sum(Server.sent) < 32 << 20  # what lies in buffers between here and there
    assert state(tmp_path / "mine") == {}


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/hostname", "a/b", "..", ".hidden", "", "a\\b", "x\n", CARD, ORIGINS, 7]
)
def test_a_path_in_a_card_never_leaves_the_folder(path: object, source: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes((source / BENCHMARKS).read_bytes())
    edit(source, benchmarks_path=path)
    with pytest.raises(InputError, match="no card of an atlas"):
        pull(str(source), tmp_path / "mine")
    assert state(tmp_path / "mine") == {}
    with pytest.raises(InputError, match="no card of an atlas"):
        open_atlas(source)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "2"},
        {"edition": "soon"},
        {"version": "$(x)"},
        {"files": {}},
        {"files": []},
        {"origins_sha256": "A" * 64},
        {"origins_sha256": "../../x"},
        {"origins_bytes": -1},
        {"origins_bytes": 0},
        {"origins_bytes": 1 << 50},
        {"origins_bytes": "12"},
    ],
)
def test_a_card_that_is_none_is_refused(changes: dict[str, Any], source: Path, tmp_path: Path) -> None:
    edit(source, **changes)
    with pytest.raises(InputError, match="no card of an atlas, or of another version"):
        pull(str(source), tmp_path / "mine")


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 60_000, b"null", b"<html>"])
def test_bytes_that_are_no_card_are_refused(content: bytes, source: Path, tmp_path: Path) -> None:
    (source / CARD).write_bytes(content)
    with pytest.raises(InputError, match="no card of an atlas"):
        pull(str(source), tmp_path / "mine")


def test_a_damaged_folder_is_mended_by_the_next_pull(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    pull(str(source), folder)
    kept = next(folder.glob(f"*.{ORIGINS}"))
    kept.write_bytes(b"x" + kept.read_bytes()[1:])
    with pytest.raises(AtlasError):
        verify(folder)
    assert pull(None, folder).fetched == [ORIGINS]
    (folder / CARD).write_text("{")
    pull(str(source), folder)
    assert verify(folder).origins.frame.height == 3


def test_verify_sees_a_file_that_is_not_the_one_of_the_card(source: Path) -> None:
    edit(source, origins_sha256="0" * 64)
    open_atlas(source)
    with pytest.raises(InputError, match="not the file that atlas.json names"):
        verify(source)


def test_two_pulls_at_once_do_not_meet(source: Path, tmp_path: Path) -> None:
    with hold(tmp_path / "mine"), pytest.raises(BusyError):
        pull(str(source), tmp_path / "mine")


# --- use ----------------------------------------------------------------------------------------------


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_a_pulled_atlas_is_used_where_it_is_newer(source: Path, home: Path, tmp_path: Path) -> None:
    assert open_atlas().folder == packaged()
    code, said = run("atlas", "pull", "--from", source)
    assert (code, "note:" in said) == (0, False)
    assert f"atlas: {home}: 3 problems of 1 datasets, 1 benchmarks, edition 2031-05-01" in said
    assert "whole: " + str(home) in run("atlas", "verify")[1]
    assert json.loads(run("atlas", "list", "--json")[1])["folder"] == str(home)
    assert run("atlas", "pull")[1].splitlines()[1] == "fetched: nothing new"
    rows = tmp_path / "rows.jsonl"
    problem = "A violet lantern hums 5 verses for 3 otters. How many?"
    rows.write_text(json.dumps({"problem": problem, "answer": "4"}) + "\n")
    (leaky,) = check_all([rows])
    assert not isinstance(leaky, AtlasError)
    assert leaky.leaks["benchmark"].to_list() == ["otters"]
    code, said = run("trace", rows)
    assert code == 1
    assert f"note: by the atlas in {home}" in said
    code, said = run("trace", rows, "--atlas", packaged())
    assert (code, "note: by the atlas" in said) == (0, False)
    assert run("check", rows)[0] == 1
    assert run("check", rows, "--atlas", packaged())[0] == 0


def test_an_older_one_is_used_only_where_it_is_named(home: Path, tmp_path: Path) -> None:
    older = published(tmp_path / "older", edition="2019-01-01")
    code, said = run("atlas", "pull", "--from", older)
    assert code == 0
    assert f"the packaged one is as recent; to use it: --atlas {home}" in said
    assert open_atlas().folder == packaged()
    elsewhere = tmp_path / "elsewhere"
    told = json.loads(run("atlas", "pull", "--from", older, "--to", elsewhere, "--json")[1])
    assert told["folder"] == str(elsewhere)
    assert not told["used"]
    assert open_atlas(elsewhere).origins.frame.height == 3


def test_of_equal_editions_the_one_of_the_newer_software_is_used(source: Path) -> None:
    card = cards.read(source)
    versions = ["0.1.0", "0.9", "0.10.0", "1.0"]
    orders = [card.model_copy(update={"version": version}).order for version in versions]
    assert orders == sorted(orders)


def test_a_pulled_atlas_that_is_damaged_is_not_passed_over(source: Path, home: Path) -> None:
    pull(str(source), home)
    (home / CARD).write_text("{")
    with pytest.raises(InputError, match="no card of an atlas"):
        open_atlas()


def test_the_cache_is_where_programs_keep_theirs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RLVR_ATLAS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cards.cache_folder() == tmp_path / "rlvr-atlas" / "atlas"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cards.cache_folder() == tmp_path / ".cache" / "rlvr-atlas" / "atlas"
