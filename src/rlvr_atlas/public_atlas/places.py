"""Where an atlas can be published: a folder, a web address, a repository on the Hub."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx2
import huggingface_hub

from rlvr_atlas.errors import InputError

_CHUNK = 1 << 16
#: Of every wait for a server.
_TIMEOUT_S = 60.0
_REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)
_REPOSITORY = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([\w./-]+))?", re.ASCII)


class Place(Protocol):
    """Somewhere an atlas is published.

    Attributes:
        name: As a user would write it, whole.
    """

    name: str

    def read(self, path: str, limit: int) -> Generator[bytes]:
        """The content of a file, in pieces.

        Args:
            path: A plain name.
            limit: Bytes that will be taken at most; a place may refuse what it knows to be longer.

        Raises:
            InputError: If it cannot be read.
        """
        ...


def place_of(source: str) -> Place:
    """The place that a user names.

    Args:
        source: A folder, `http://...`, `https://...`, or `owner/name[@revision]` on the Hub.

    Raises:
        InputError: If it is nothing of these.
    """
    if "://" in source:
        return Address(source)
    with suppress(OSError, RuntimeError, ValueError):  # no name of a file at all, or of nobody's home
        folder = Path(source).expanduser()
        if folder.is_dir():
            return Folder(folder)
    if found := _REPOSITORY.fullmatch(source):
        return Repository(found[1], found[2])
    fix = "name a folder that is there, an address such as https://..., or owner/name on the Hub"
    raise InputError("this is no place of an atlas", where=source, fix=fix)


class Folder:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.name = str(self._folder)

    def read(self, path: str, limit: int) -> Generator[bytes]:
        """As `Place.read`."""
        del limit
        full = self._folder / path
        if not full.is_file():  # of a pipe there is no end
            raise InputError("no such file", where=str(full), fix="name a folder made by `atlas build`")
        try:
            with full.open("rb") as handle:
                while chunk := handle.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", where=str(full)) from None


class Address:
    """A folder behind an address. A server may send us on to itself, but to no other host."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise InputError("this is no address", where=url, fix="write it as https://host/folder")
        if parts.username or parts.password or parts.query or parts.fragment:
            # It would stand in the card and in messages.
            fix = "leave it out; put a name and a password for the host into ~/.netrc"
            raise InputError("an address with a password or a query", where=parts.hostname or "", fix=fix)
        self.name = url.rstrip("/")

    def read(self, path: str, limit: int) -> Generator[bytes]:
        """As `Place.read`."""
        del limit
        url = httpx2.URL(f"{self.name}/{path}")
        try:
            with (
                httpx2.Client(follow_redirects=False, timeout=_TIMEOUT_S) as client,
                self._reply(client, url) as reply,
            ):
                yield from reply.iter_raw(_CHUNK)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            said = str(error) or type(error).__name__
            fix = "check the address and the connection, and try again"
            raise InputError(f"cannot be fetched ({said})", where=str(url), fix=fix) from None

    @contextmanager
    def _reply(self, client: httpx2.Client, url: httpx2.URL) -> Iterator[httpx2.Response]:
        """The reply that holds the file, after redirects on the same host."""
        first = url
        for _ in range(_REDIRECTS):
            # What is packed on the way could be longer than its card says before we know.
            with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as reply:
                if reply.status_code == 200:
                    yield reply
                    return
                if reply.status_code not in _MOVED or "Location" not in reply.headers:
                    said = f"{reply.status_code} {reply.reason_phrase}"
                    fix = "check the address: it is that of a folder which holds atlas.json"
                    raise InputError(f"the server says {said}", where=str(first), fix=fix)
                url = url.join(reply.headers["Location"])
            if (url.scheme, url.host, url.port) != (first.scheme, first.host, first.port):
                what = f"the server points to {url.scheme}://{url.host}, and other hosts are not followed"
                raise InputError(what, where=str(first), fix="name that address itself, if you trust it")
        raise InputError("the server points from one address to the next", where=str(first))


class Repository:
    """A dataset repository on the Hub, at the commit behind a revision when it is first asked."""

    def __init__(self, repository: str, revision: str | None) -> None:
        self._repository, self._revision = repository, revision
        self.name = f"{repository}@{revision}" if revision else repository
        self._commit: str | None = None

    def read(self, path: str, limit: int) -> Generator[bytes]:
        """As `Place.read`."""
        endpoint = os.environ.get("HF_ENDPOINT")
        api = huggingface_hub.HfApi(endpoint=endpoint)
        where = f"{self.name}: {path}"
        with tempfile.TemporaryDirectory(prefix="rlvr-atlas-") as folder:
            try:
                if self._commit is None:
                    info = api.dataset_info(self._repository, revision=self._revision)
                    self._commit = info.sha
                url = huggingface_hub.hf_hub_url(
                    self._repository, path, repo_type="dataset", revision=self._commit, endpoint=endpoint
                )
                size = api.get_hf_file_metadata(url=url).size
                if size is not None and size <= limit:
                    api.hf_hub_download(
                        self._repository,
                        path,
                        repo_type="dataset",
                        revision=self._commit,
                        local_dir=folder,
                    )
            except Exception as error:  # the client's errors have no common base
                said = (str(error) or type(error).__name__).splitlines()[0]
                fix = "check id and revision; a private or gated one needs: hf auth login"
                raise InputError(f"the Hub does not give it ({said})", where=where, fix=fix) from None
            if size is None or size > limit:
                what = f"is longer than {limit:,} bytes" if size else "has no size"
                raise InputError(what, where=where, fix="ask whoever publishes it")
            yield from Folder(Path(folder)).read(path, limit)
