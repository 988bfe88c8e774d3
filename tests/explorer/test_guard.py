"""What the explorer refuses before a page is made, without a server."""

import asyncio
import sys
from types import ModuleType

import pytest
from typer.testing import CliRunner

from rlvr_atlas.cli import app
from rlvr_atlas.errors import InputError, MissingExtraError
from rlvr_atlas.explorer.guard import HEADERS, Guard, is_loopback, is_token, new_token
from rlvr_atlas.explorer.server import serve

OWN = ("host", "127.0.0.1:8765")


def ask(method, *headers, kind="http", hosts=()):
    """The status of an answer and its headers; 200 is what the application behind the guard says."""
    sent = []

    async def behind(_scope, _receive, send):
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"referrer-policy", b"unsafe-url")]}
        )
        await send({"type": "http.response.body", "body": b""})

    async def send(message):
        sent.append(message)

    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    asyncio.run(Guard(behind, hosts)({"type": kind, "method": method, "headers": pairs}, None, send))
    return sent[0]["status"], [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "LOCALHOST:1", "[::1]:8765", "127.9.9.9"])
def test_this_machines_own_names_are_answered(host):
    assert ask("GET", ("host", host))[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8765",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1/evil",
        "192.168.0.7",
        "0.0.0.0",
        "[::]",
        "",
        ":8765",
        "localhost:99999",
        "[::1",
        "2130706433",
        "loc\xe4lhost",
    ],
)
def test_other_host_names_are_refused_so_that_no_name_can_be_pointed_here(host):
    assert ask("GET", ("host", host))[0] == 403


def test_a_request_has_one_host():
    assert ask("GET")[0] == 403
    assert ask("GET", OWN, ("host", "evil.example"))[0] == 403


def test_a_further_name_is_answered_where_it_was_asked_for():
    assert ask("GET", ("host", "atlas.lab:80"), hosts=["atlas.lab"])[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("origin", "http://evil.example")],
        [("origin", "null")],
        [("origin", "http://127.0.0.1:9999")],
        [("origin", "https://127.0.0.1:8765")],
        [("origin", "http://127.0.0.1:8765"), ("origin", "http://evil.example")],
        [("origin", "http://127.0.0.1:8765"), ("sec-fetch-site", "cross-site")],
        [("origin", "http://127.0.0.1:8765"), ("sec-fetch-site", "same-site")],
        [],
    ],
)
def test_a_write_of_another_site_is_refused(headers):
    assert ask("POST", OWN, *headers)[0] == 403


def test_a_write_of_its_own_pages_comes_through():
    for site in ([], [("sec-fetch-site", "same-origin")]):
        assert ask("POST", OWN, ("origin", "http://127.0.0.1:8765"), *site)[0] == 200


def test_links_from_elsewhere_lead_in_and_nothing_is_embedded_or_fetched():
    site = ("sec-fetch-site", "cross-site")
    assert ask("GET", OWN, site, ("sec-fetch-mode", "navigate"))[0] == 200
    for mode in ("no-cors", "cors", "websocket"):
        assert ask("GET", OWN, site, ("sec-fetch-mode", mode))[0] == 403
    assert ask("GET", OWN, kind="websocket")[0] == 403


def test_every_answer_has_the_headers_of_the_house_once():
    for status, headers in (ask("GET", OWN), ask("GET", ("host", "evil.example"))):
        assert status in (200, 403)
        names = [name for name, _ in headers]
        assert all(names.count(name) == 1 and dict(headers)[name] == value for name, value in HEADERS.items())
    policy = HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy


def test_a_token_is_that_of_this_run_alone():
    token = new_token()
    assert is_token(token, token) and len(token) > 30 and new_token() != token
    assert not any(is_token(given, token) for given in ("", token[:-1], token + "x", "\u00e9"))


def test_only_loopback_is_listened_on_unless_more_is_meant(tmp_path):
    assert is_loopback("127.0.0.1") and is_loopback("::1") and not is_loopback("0.0.0.0")
    for host in ("0.0.0.0", "::", "192.168.0.7"):
        with pytest.raises(InputError, match="everybody"):
            serve(tmp_path, host=host, port=0, beyond=False, on_start=print)


@pytest.mark.parametrize("package", ["uvicorn", "starlette"])
def test_without_the_extra_the_command_says_how_to_install_it(traced, monkeypatch, package):
    monkeypatch.setitem(sys.modules, "uvicorn", ModuleType("uvicorn"))
    monkeypatch.setitem(sys.modules, package, None)
    ran = CliRunner().invoke(app, ["serve", str(traced), "--port", "0"])
    assert isinstance(ran.exception, MissingExtraError)
    assert "pip install 'rlvr-atlas[serve]'" in str(ran.exception)


def test_the_command_writes_a_bundle_without_the_extra(traced, tmp_path, monkeypatch):
    for package in ("uvicorn", "starlette"):
        monkeypatch.setitem(sys.modules, package, None)
    ran = CliRunner().invoke(app, ["serve", str(traced), "--static", str(tmp_path / "b"), "--problems", "2"])
    assert ran.exit_code == 0 and "index.html" in ran.output
    assert len(list((tmp_path / "b").glob("problem-*.html"))) == 2
