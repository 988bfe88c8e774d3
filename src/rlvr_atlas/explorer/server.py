"""Listening: on loopback alone, unless a person says otherwise."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from pathlib import Path

from rlvr_atlas.errors import InputError, MissingExtraError
from rlvr_atlas.explorer.app import Explorer
from rlvr_atlas.explorer.guard import is_loopback

#: Bytes of a request's first line and headers: a problem text stands in the address.
_LARGEST_REQUEST = 256 << 10
_FIXES = {
    errno.EADDRNOTAVAIL: "choose an address of this machine as --host, or leave it out",
    errno.EACCES: "choose a --port from 1024 on, or 0 for any that is free",
}


def serve(folder: Path, *, host: str, port: int, beyond: bool, on_start: Callable[[str], object]) -> None:
    """Serve the explorer until it is interrupted.

    Args:
        folder: A traced workspace.
        host: The address to listen on.
        port: The port; 0 for any that is free.
        beyond: Whether an address other than loopback is meant.
        on_start: Called with the address of the first page when it can be opened.

    Raises:
        InputError: If there is no such address, it is not loopback and `beyond` is not said, or it cannot be
            listened on.
        MissingExtraError: Without the extra `serve`.
        WorkspaceError: If the workspace was not traced.
    """
    family = _family(host)
    if not is_loopback(host) and not beyond:
        fix = "leave --host out, or say --beyond-this-machine and read docs/explorer.md first"
        raise InputError("everybody who reaches this address could read and decide", where=host, fix=fix)
    try:
        import uvicorn
    except ImportError:
        raise MissingExtraError("serve", "the explorer") from None

    app = Explorer(folder, () if is_loopback(host) else (host,)).application()
    try:
        listening = socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        fix = _FIXES.get(error.errno or 0, "choose another --port, or 0 for any that is free")
        raise InputError(
            f"cannot listen ({error.strerror or error})", where=f"{host}:{port}", fix=fix
        ) from None
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        h11_max_incomplete_event_size=_LARGEST_REQUEST,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,  # a person reads longer than the 5 seconds it would be
    )
    name = f"[{host}]" if ":" in host else host
    on_start(f"http://{name}:{listening.getsockname()[1]}/")
    uvicorn.Server(config).run(sockets=[listening])


def _family(host: str) -> socket.AddressFamily:
    """Which kind of address a host is.

    Raises:
        InputError: If it is none, and no name of one.
    """
    try:
        return socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)[0][0]
    except (OSError, UnicodeError):
        fix = "give an address such as 127.0.0.1 or ::1, or leave --host out"
        raise InputError("there is no such address", where=f"--host {host}", fix=fix) from None
