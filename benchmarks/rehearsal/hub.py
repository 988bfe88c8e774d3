"""As much of the Hub as a download needs, on this machine's loopback, with shards that fail at first."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

_CHUNK = 1 << 20


class Served:
    """What the server has, how it fails, and what it was asked for.

    Args:
        folder: Holds owner/name/file.
        faults: repository/file -> what its next requests meet, in turn: an HTTP status, or "cut" for a
            connection that ends in the middle of the file.

    Attributes:
        whole: How often each file was sent from its first byte, be it cut.
        rest: How often each was asked for from a later byte on.
        sent: Bytes sent of each.
        failed: What requests met, in order: (repository/file, fault).
    """

    def __init__(self, folder: Path, faults: dict[str, list[int | str]]) -> None:
        self.folder, self.faults = folder, faults
        self.whole, self.rest, self.sent = Counter[str](), Counter[str](), Counter[str]()
        self.failed: list[tuple[str, int | str]] = []
        self._lock = threading.Lock()

    def fault(self, name: str) -> int | str | None:
        """What the next request for a file meets; None where it is served."""
        with self._lock:
            waiting = self.faults.get(name)
            if not waiting:
                return None
            self.failed.append((name, waiting[0]))
            return waiting.pop(0)

    def count(self, name: str, start: int, size: int) -> None:
        """Note what was sent."""
        with self._lock:
            (self.rest if start else self.whole)[name] += 1
            self.sent[name] += size


class _Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Served

    def do_GET(self) -> None:
        path = unquote(self.path.split("?")[0])
        if path.startswith("/api/datasets/"):
            self._info(path.removeprefix("/api/datasets/").split("/revision/")[0])
        elif "/resolve/" in path:
            repository, _, rest = path.removeprefix("/datasets/").partition("/resolve/")
            self._file(repository, rest.partition("/")[2])
        else:
            self._send(404, b"{}", {})

    do_HEAD = do_GET  # noqa: N815  the name that the server calls

    def _info(self, repository: str) -> None:
        folder = self.served.folder / repository
        if not folder.is_dir():
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        info = {
            "id": repository,
            "sha": _sha(repository),
            "siblings": [{"rfilename": file} for file in files],
        }
        self._send(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

    def _file(self, repository: str, file: str) -> None:
        name, path = f"{repository}/{file}", self.served.folder / repository / file
        if not path.is_file():
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        size = path.stat().st_size
        headers = {"X-Repo-Commit": _sha(repository), "ETag": f'"{_sha(name)}"', "Accept-Ranges": "bytes"}
        if self.command == "HEAD":
            self._begin(200, headers | {"Content-Length": str(size)})
            return
        fault = self.served.fault(name)
        if isinstance(fault, int):
            self._send(fault, b"", {})
            return
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        end = (start + size) // 2 if fault == "cut" else size
        span = {"Content-Range": f"bytes {start}-{size - 1}/{size}"} if start else {}
        self._begin(206 if start else 200, headers | span | {"Content-Length": str(size - start)})
        with path.open("rb") as content:
            content.seek(start)
            for at in range(start, end, _CHUNK):
                self.wfile.write(content.read(min(_CHUNK, end - at)))
        self.served.count(name, start, end - start)
        self.close_connection = self.close_connection or fault == "cut"

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._begin(status, headers | {"Content-Length": str(len(body))})
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _sha(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


@contextmanager
def serving(folder: Path, faults: dict[str, list[int | str]]) -> Iterator[tuple[str, Served]]:
    """Serve a folder of repositories.

    Yields:
        The address, and what is noted of it.
    """
    served = Served(folder, faults)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Hub", (_Hub,), {"served": served}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", served
    finally:
        server.shutdown()
        server.server_close()
