"""Work done by the processes of a Ray cluster: plain tasks, one for each block.

Ray Data is not used: its blocks are rows of tables, while the work here is a function of a few large arrays,
which all blocks read, and of a block's own numbers; with tasks the arrays are put into the object store once,
and each process maps them. A task that dies with its process or machine is tried again from here, so that
what was done and then lost with a machine is done again too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from rlvr_atlas.engine import worker
from rlvr_atlas.engine.sent import dumps, dumps_part, loads
from rlvr_atlas.errors import AtlasError, InputError, MissingExtraError

if TYPE_CHECKING:
    import types

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
_log = logging.getLogger(__name__)

#: Blocks that wait for each processor, the one that it works on among them.
_AHEAD = 2
#: So often is a block tried; one whose process always dies ends the run.
_TRIES = 5
#: Seconds after which a cluster that has not answered does not answer, and after which a wait is told.
_CONNECT_S, _PATIENCE_S = 10.0, 60.0


class OnRay:
    """The engine; made by `connected`."""

    remote = True

    def __init__(self, ray: types.ModuleType) -> None:
        self._ray = ray
        # Retries are counted here: Ray's own see no result that was lost, and never end for want of memory.
        self._task = ray.remote(num_cpus=1, max_retries=0)(_carry_out)
        self._versions = worker.versions()
        self._count = count()
        self._parts: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._alive: dict[int, weakref.ref[object]] = {}

    def results(
        self, work: Callable[[_Given], _Made], blocks: Iterable[_Given], shared: Sequence[object]
    ) -> Iterator[tuple[int, _Made]]:
        """See `Engine`. Only a few blocks for each processor are taken and sent ahead of what is done."""
        for part in shared:
            self._share(part)
        waiting = ((number, dumps((work, block), self._numbers)) for number, block in enumerate(blocks))
        running: dict[Any, tuple[int, bytes, int]] = {}
        try:
            for number, block in waiting:
                self._start(running, number, block, 1)
                while len(running) >= self._most():
                    yield from self._finished(running)
            while running:
                yield from self._finished(running)
        finally:
            for reference in running:
                self._ray.cancel(reference, force=True)

    def _share(self, part: object) -> None:
        """Put a part into the object store, until nothing here holds it any more."""
        key = id(part)
        if key in self._numbers:
            return
        number = next(self._count)
        self._parts[number] = self._ray.put(dumps_part(part, self._numbers))
        self._numbers[key] = number

        def forget(_: object) -> None:
            for known, entry in ((self._numbers, key), (self._parts, number), (self._alive, number)):
                known.pop(entry, None)

        self._alive[number] = weakref.ref(part, forget)

    def _most(self) -> int:
        """How many blocks may be under way; machines may come and go."""
        return max(1, int(_AHEAD * self._ray.cluster_resources().get("CPU", 0)))

    def _start(self, running: dict[Any, tuple[int, bytes, int]], number: int, block: bytes, nth: int) -> None:
        reference = self._task.remote(block, dict(self._parts), self._versions)
        running[reference] = number, block, nth

    def _finished(self, running: dict[Any, tuple[int, bytes, int]]) -> Iterator[tuple[int, Any]]:
        """What the next task made; it is started again where it died."""
        done, _ = self._ray.wait([*running], timeout=_PATIENCE_S)
        if not done and self._ray.cluster_resources().get("CPU", 0) < 1:
            _log.warning("the Ray cluster has no processor now; waiting for a machine to join it")
        for reference in done:
            number, block, nth = running.pop(reference)
            try:
                kind, value = self._ray.get(reference)
            except self._ray.exceptions.RayError as error:
                if (why := self._lost(error)) is None:
                    raise _what_failed(error) from error
                if nth >= _TRIES:
                    raise _gave_up(why) from error
                _log.info("a block of work is tried again: %s", why)
                self._start(running, number, block, nth + 1)
                continue
            yield number, self._taken(kind, value)

    def _lost(self, error: Exception) -> str | None:
        """Why a block was lost with its process or machine; None where the work itself failed."""
        failures = self._ray.exceptions
        cause = error.cause if isinstance(error, failures.RayTaskError) else error
        return f"{type(cause).__name__}: {cause}" if isinstance(cause, failures.RayError) else None

    def _taken(self, kind: str, value: Any) -> Any:  # noqa: ANN401  whatever the work makes
        if kind == worker.DIFFERS:
            host, differ = value
            fix = "install the same versions on every machine of the cluster, and start it again"
            raise AtlasError(f"a worker has other versions than this command: {differ}", where=host, fix=fix)
        if kind == worker.REFUSED:
            what, where, fix = value
            raise AtlasError(what, where=where, fix=fix)
        return loads(value, {number: part() for number, part in self._alive.items()})


@contextlib.contextmanager
def connected(address: str | None) -> Iterator[OnRay]:
    """The engine, while connected; a connection that is there already is used, and left as it is.

    Args:
        address: HOST:PORT of a cluster; see `engine.using`.

    Raises:
        InputError: If the address does not answer, or cannot be used.
        MissingExtraError: If Ray is not installed.
    """
    # As a cluster's own machines tell nothing to anybody, one that is started here does not either.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "1")  # else a place that is no cluster costs minutes
    try:
        import ray
    except ImportError:
        raise MissingExtraError("ray", "--engine ray") from None
    if ray.is_initialized():
        _same_cluster(ray, address)
        yield OnRay(ray)
        return
    _connect(ray, address)
    try:
        yield OnRay(ray)
    finally:
        ray.shutdown()


def _connect(ray: types.ModuleType, address: str | None) -> None:
    address = address or os.environ.get("RAY_ADDRESS") or None
    if address is not None:
        _look(address)
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "include_dashboard": False}
    try:
        ray.init(address=address, **quiet)
    except Exception as error:  # Ray has no one kind of error for this
        ray.shutdown()
        why = (str(error) or type(error).__name__).splitlines()[0]
        what = f"Ray cannot be used there ({why})" if address else f"Ray cannot be started here ({why})"
        raise InputError(what, where=address or "", fix="see docs/cluster.md") from None


def _look(address: str) -> None:
    """Make sure that something answers at an address; Ray itself would try for minutes."""
    if address in ("auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        fix = "give HOST:PORT of the cluster, as `ray start --head` prints it, or leave it out"
        raise InputError("this is no address of a Ray cluster", where=address, fix=fix)
    try:
        socket.create_connection((host, int(port)), _CONNECT_S).close()
    except (OSError, OverflowError) as error:
        fix = "start a cluster there (ray start --head), or correct the address"
        why = getattr(error, "strerror", None) or error
        raise InputError(f"no Ray cluster answers ({why})", where=address, fix=fix) from None


def _same_cluster(ray: types.ModuleType, address: str | None) -> None:
    there = ray.get_runtime_context().gcs_address
    if address not in (None, "auto", there):
        fix = "leave the address out, or call ray.shutdown() first"
        raise InputError(
            f"this process is connected to another Ray cluster ({there})", where=address, fix=fix
        )


def _gave_up(why: str) -> AtlasError:
    fix = "see Ray's logs on that machine; where memory ran out, give each process more (fewer CPUs a node)"
    return AtlasError(f"a block of work was lost {_TRIES} times ({why.splitlines()[0]})", fix=fix)


def _what_failed(error: Exception) -> Exception:
    """An error of the work itself, or one that says that a worker could not even begin."""
    if "failed to import" not in str(error):
        return error
    fix = "install the same version of rlvr-atlas on every machine of the cluster"
    return AtlasError("a worker of the Ray cluster cannot load this version of rlvr-atlas", fix=fix)


def _carry_out(block: bytes, parts: dict[int, Any], wanted: dict[str, str | None]) -> tuple[str, Any]:
    """The task; in a worker."""
    import ray

    return worker.carry_out(block, parts, wanted, ray.get)
