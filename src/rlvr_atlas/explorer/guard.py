"""What the explorer refuses, before any page is made: strangers' names, other sites, and writes they send.

A page of any site can make a browser send requests to this machine. So the `Host` must be this machine's own
name (otherwise a name of that site could be pointed here and its scripts could read the answers), a write
must come from a page of the explorer, and it must carry a token that only such a page holds.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Everything a page may load is the explorer's own; MathML and SVG stand in the pages themselves.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with none at all a browser would send its own writes as of "null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_SAFE = ("GET", "HEAD")


def new_token() -> str:
    """A token for the pages of one run of the explorer."""
    return secrets.token_urlsafe(32)


def is_token(given: str, token: str) -> bool:
    """Whether `given` is the token, in a time that tells nothing of it."""
    return hmac.compare_digest(given.encode(), token.encode())


def is_loopback(host: str) -> bool:
    """Whether a host name or address, without its port, means this machine alone."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Guard:
    """An ASGI application around another that lets through what comes from this machine's own pages."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with 403 what is refused, and give every other answer the headers of the house."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http" or (why := self._refused(scope)):
            await _answer(send, why if scope["type"] == "http" else "not an HTTP request")
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [pair for pair in message["headers"] if pair[0].decode("latin-1") not in HEADERS]
                message["headers"] = given + _headers()
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _refused(self, scope: Scope) -> str:
        """Why a request is refused; empty where it is not."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        host = headers.get("host", [])
        if len(host) != 1 or not self._is_ours(f"//{host[0]}"):
            return "this host name is not the explorer's"
        origin = headers.get("origin", [])
        # A page without an origin of its own says "null"; a browser says so too for some of our own reads.
        if any(one != f"http://{host[0]}" for one in origin):
            return "requests of other sites are refused"
        site = headers.get("sec-fetch-site", [])
        if scope["method"] not in _SAFE:
            if any(one not in ("same-origin", "none") for one in site):
                return "writes of other sites are refused"
            if not origin:
                return "a write needs to say where it comes from (Origin)"
        # Links from elsewhere lead in, as they may; what another site embeds or fetches does not.
        if "cross-site" in site and headers.get("sec-fetch-mode", ["navigate"]) != ["navigate"]:
            return "requests of other sites are refused"
        return ""

    def _is_ours(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
            name, port = parts.hostname, parts.port
        except ValueError:
            return False
        plain = not (parts.path or parts.query or parts.username or parts.password)
        return bool(name) and plain and (port is None or port > 0) and self._is_known(name or "")

    def _is_known(self, name: str) -> bool:
        return is_loopback(name) or name in self._hosts


def _headers() -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in HEADERS.items()]


async def _answer(send: Send, why: str) -> None:
    kind = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": kind + _headers()})
    await send({"type": "http.response.body", "body": f"Refused: {why}.\n".encode()})
