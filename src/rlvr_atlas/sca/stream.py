"""Many requests at once, never more than so many, none of which waits for another.

A worker that has its answer takes the next request, so a slow answer holds up one worker and nobody else.
The requests run on an event loop in a thread of their own: judging an answer does not stop them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import NamedTuple

#: Answers that may wait to be taken, as a multiple of the requests at once; then no further one is sent, so
#: that a crash loses little and memory stays bounded.
_BACKLOG = 2


@dataclass(frozen=True)
class Request:
    """One answer that is wanted.

    Attributes:
        problem: Which problem, as the caller numbers them.
        sample: 0-based among the answers to it.
        question: What is asked.
        seed: Of this answer alone.
    """

    problem: int
    sample: int
    question: str
    seed: int


class Reply(NamedTuple):
    """What a model said to one request.

    Attributes:
        text: All of it.
        cut: Whether it was cut at the limit of tokens; None where nobody says.
    """

    text: str
    cut: bool | None = None


Answer = Callable[[Request], Awaitable[Reply]]
Answered = tuple[Request, Reply]
#: Opens a connection; what it gives answers one request.
Connect = Callable[[], AbstractAsyncContextManager[Answer]]


async def work_through(
    requests: Iterator[Request],
    answer: Answer,
    at_once: int,
    give: Callable[[Request, Reply], None],
    room: asyncio.Semaphore | None = None,
) -> None:
    """Answer all requests, `at_once` at a time, and give each answer as it comes.

    Args:
        requests: Taken one by one, when a worker is free.
        answer: Answers one.
        at_once: How many are under way, at most; always so many while there are requests left.
        give: Gets each request with its answer, in the order in which they come.
        room: Taken before each request; whoever takes an answer away gives it back.

    Raises:
        ExceptionGroup: What `answer` raised; the requests under way are given up.
    """

    async def work() -> None:
        while True:
            if room is not None:
                await room.acquire()
            # One loop runs all workers and nothing here waits, so no two of them get the same request.
            request = next(requests, None)
            if request is None:
                return
            give(request, await answer(request))

    async with asyncio.TaskGroup() as workers:
        for _ in range(at_once):
            workers.create_task(work())


def stream(requests: Iterable[Request], connect: Connect, at_once: int) -> Iterator[list[Answered]]:
    """Answer all requests in the background.

    Args:
        requests: In the order in which they are sent.
        connect: Opens the connection.
        at_once: How many are under way, at most.

    Yields:
        All answers that have come since the last were taken, at least one.

    Raises:
        Exception: What answering raised first, after the answers that had come.
    """
    done: SimpleQueue[Answered | BaseException | None] = SimpleQueue()
    loop = asyncio.new_event_loop()
    # The further ones let each worker see that nothing is left.
    room = asyncio.Semaphore((1 + _BACKLOG) * at_once)

    async def answer_all() -> None:
        async with connect() as answer:
            await work_through(
                iter(requests), answer, at_once, lambda request, reply: done.put((request, reply)), room
            )

    task = loop.create_task(answer_all())

    def run() -> None:
        try:
            loop.run_until_complete(task)
        except BaseException as error:
            done.put(_first(error))
        else:
            done.put(None)

    thread = threading.Thread(target=run, name="requests", daemon=True)
    thread.start()
    try:
        yield from _taken(done, lambda number: _give_back(loop, room, number))
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


def _taken(
    done: SimpleQueue[Answered | BaseException | None], taken: Callable[[int], None]
) -> Iterator[list[Answered]]:
    while True:
        answers: list[Answered] = []
        last: Answered | BaseException | None = done.get()
        while isinstance(last, tuple):
            answers.append(last)
            try:
                last = done.get_nowait()
            except Empty:
                break
        if answers:
            yield answers
            taken(len(answers))
        if isinstance(last, BaseException):
            raise last
        if last is None:
            return


def _give_back(loop: asyncio.AbstractEventLoop, room: asyncio.Semaphore, number: int) -> None:
    def release() -> None:
        for _ in range(number):
            room.release()

    loop.call_soon_threadsafe(release)


def _first(error: BaseException) -> BaseException:
    """The first error of a group of workers; that of others is mostly the same."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
