"""What a process of a cluster does: one block of work at a time, with the large parts it was given once.

Polars counts its threads when it is first imported, so nothing here imports it: a worker is given one
processor.
"""

from __future__ import annotations

import os
import socket
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from rlvr_atlas import __version__
from rlvr_atlas.engine.sent import dumps, loads
from rlvr_atlas.errors import AtlasError
from rlvr_atlas.workspace.graph import code_of, versions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Stages whose work is done in blocks.
_STAGES = ("ingest", "match")
#: Parts that this process holds: number of the part, and which object it is.
_held: dict[int, tuple[str, object]] = {}
#: What `carry_out` says of a block: it was done; it cannot be done; another version would have to do it.
MADE, REFUSED, DIFFERS = "made", "refused", "differs"


@cache
def versions() -> dict[str, str | None]:
    """What decides the result of a block: the versions of everything that computes it."""
    libraries = [versions_of("ingest", extras=True), versions_of("match")]
    code = "-".join(map(code_of, _STAGES))
    python = ".".join(map(str, sys.version_info[:2]))
    return {"rlvr-atlas": __version__, "its code": code, "Python": python, **libraries[0], **libraries[1]}


def differences(here: Mapping[str, str | None], wanted: Mapping[str, str | None]) -> str:
    """What differs between two sets of versions, for a person; empty where nothing does."""
    return ", ".join(
        f"{name} {here.get(name) or 'missing'} instead of {version or 'none'}"
        for name, version in wanted.items()
        if here.get(name) != version
    )


def carry_out(
    block: bytes, parts: dict[int, Any], wanted: dict[str, str | None], get: Callable[[Any], Any]
) -> tuple[str, Any]:
    """Do one block of work.

    Args:
        block: Pickle of a function and of what it is given.
        parts: The object that holds each part that is alive, by number.
        wanted: `versions` of who sent it.
        get: What fetches such an object.

    Returns:
        MADE and the pickle of what was made, REFUSED and the parts of an AtlasError, or DIFFERS and where and
        how the versions here differ.
    """
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    if differ := differences(versions(), wanted):
        return DIFFERS, (socket.gethostname(), differ)
    _hold(parts, get)
    held = {number: value for number, (_, value) in _held.items()}
    work, given = loads(block, held)
    try:
        made = work(given)
    except AtlasError as error:
        return REFUSED, (error.what, error.where, error.fix)
    return MADE, dumps(made, {id(value): number for number, value in held.items()})


def _hold(parts: dict[int, Any], get: Callable[[Any], Any]) -> None:
    """Let go of the parts that are gone, and fetch those that are new."""
    named = {number: str(reference) for number, reference in parts.items()}
    for number in [number for number, (name, _) in _held.items() if named.get(number) != name]:
        del _held[number]
    for number, reference in sorted(parts.items()):  # one may refer to those before it
        if number not in _held:
            data, apart = get(reference)
            value = loads(data, {nth: other for nth, (_, other) in _held.items()}, apart)
            _held[number] = named[number], value
