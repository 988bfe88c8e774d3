"""Engines: where the work of a stage is done. Stages know none of them, and no engine knows a stage.

A stage hands over a function and blocks: `each_block`. Here it is done in threads; `using("ray")` has it
done by the processes of a Ray cluster. What is made is the same, and no recipe or fingerprint names the
engine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Literal, Protocol, TypeVar

from rlvr_atlas.errors import InputError
from rlvr_atlas.parallel import in_threads

__all__ = ["Engine", "Name", "current", "each_block", "using"]

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")

Name = Literal["local", "ray"]


class Engine(Protocol):
    """Does work in blocks.

    Attributes:
        remote: Whether it is done by other processes, which may be on other machines: what they are given
            and what they make is pickled.
    """

    remote: bool

    def results(
        self, work: Callable[[_Given], _Made], blocks: Iterable[_Given], shared: Sequence[object]
    ) -> Iterator[tuple[int, _Made]]:
        """The number of each block and what a function makes of it, in any order.

        Args:
            work: A pure function.
            blocks: What it is given. An engine may take them as it needs them.
            shared: Large objects that the function, the blocks or the results refer to, none of which may
                change; a remote engine sends each only once for as long as it lives.
        """
        ...


class Local:
    """Work in threads of this process."""

    remote = False

    def results(
        self, work: Callable[[_Given], _Made], blocks: Iterable[_Given], shared: Sequence[object]
    ) -> Iterator[tuple[int, _Made]]:
        """See `Engine`. All threads see the same memory, so that nothing is shared in any other way."""
        del shared
        return iter(enumerate(in_threads(work, [*blocks])))


_ENGINE: ContextVar[Engine] = ContextVar("engine", default=Local())  # noqa: B039  it has no state


def current() -> Engine:
    """The engine in use."""
    return _ENGINE.get()


def each_block(
    work: Callable[[_Given], _Made], blocks: Sequence[_Given], shared: Sequence[object] = ()
) -> list[_Made]:
    """What a function makes of each block, in their order, by the engine in use.

    Args:
        work: A pure function that can be pickled: of a module, a method, or `partial` of one.
        blocks: What it is given.
        shared: See `Engine.results`.
    """
    made: dict[int, _Made] = dict(current().results(work, blocks, shared))
    return [made[number] for number in range(len(blocks))]


@contextlib.contextmanager
def using(name: Name | Engine = "local", address: str | None = None) -> Iterator[Engine]:
    """Have the work of stages done by an engine, within a `with`.

    Args:
        name: "local", "ray" (extra `ray`), or an engine of your own.
        address: Of a Ray cluster, HOST:PORT. Without one Ray looks for it as it always does: RAY_ADDRESS, a
            cluster that runs on this machine; else it starts one here.

    Raises:
        InputError: Where the address does not fit the engine, or does not answer.
        MissingExtraError: If Ray is not installed.
    """
    with contextlib.ExitStack() as stack:
        if name == "ray":
            from rlvr_atlas.engine.on_ray import connected

            engine: Engine = stack.enter_context(connected(address))
        elif address is not None:
            fix = "add --engine ray, or leave the address out"
            raise InputError("the address of a Ray cluster, but another engine", where=address, fix=fix)
        else:
            engine = Local() if name == "local" else name
        token = _ENGINE.set(engine)
        try:
            yield engine
        finally:
            _ENGINE.reset(token)
