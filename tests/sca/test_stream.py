"""Requests side by side: all that is allowed is used, nothing waits for a slow answer, nothing is lost.

Time is counted, not measured: the clock of the loop jumps to the next event, whatever the machine's load.
"""

import asyncio
import threading
from contextlib import asynccontextmanager

import polars as pl
import pytest

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.rollouts import Asked, Task, read_rollouts, roll_out, roll_out_all
from rlvr_atlas.sca.stream import Request, stream, work_through


class VirtualTime(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next thing to do."""

    def __init__(self):
        super().__init__()
        self.now, wait = 0.0, self._selector.select

        def jump(timeout):
            events = wait(0)
            self.now += 0 if events or not timeout else timeout
            return events

        self._selector.select = jump

    def time(self):
        return self.now


def requests(number):
    return [Request(at, 0, f"question {at}", at) for at in range(number)]


def busy_share(number, at_once, slow_every, slow, batch=None):
    """Share of what the concurrency allows that was used until the last request was sent."""
    loop = VirtualTime()
    spent, sent = [], []

    async def answer(request):
        sent.append(loop.time())
        took = slow if slow_every and request.problem % slow_every == 0 else 1.0
        spent.append((loop.time(), took))
        await asyncio.sleep(took)
        return "x"

    async def run():
        given = []
        waiting, size = requests(number), batch or number
        for start in range(0, number, size):
            part = iter(waiting[start : start + size])
            await work_through(part, answer, at_once, lambda request, _: given.append(request.problem))
        return given

    try:
        given = loop.run_until_complete(run())
    finally:
        loop.close()
    assert sorted(given) == list(range(number))
    end = max(sent)
    used = sum(min(took, end - began) for began, took in spent)
    return used / (at_once * end)


def test_waiting_for_the_slowest_of_a_batch_would_show():
    assert busy_share(2000, 16, slow_every=20, slow=10.0, batch=16) < 0.5


@pytest.mark.parametrize("slow_every", [0, 20])
def test_all_that_the_concurrency_allows_is_used(slow_every):
    assert busy_share(2000, 64, slow_every, slow=10.0) >= 0.95
    assert busy_share(300, 1, slow_every, slow=10.0) >= 0.95


def test_never_more_at_once_than_allowed():
    loop, under_way, most = VirtualTime(), 0, 0

    async def answer(request):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(1 + request.problem % 3)
        under_way -= 1
        return ""

    try:
        loop.run_until_complete(work_through(iter(requests(100)), answer, 7, lambda *_: None))
    finally:
        loop.close()
    assert most == 7


def connected(answer):
    @asynccontextmanager
    async def connect():
        yield answer

    return connect


def test_fast_answers_are_given_while_slow_ones_are_under_way():
    """The slow ones end only when all others have been taken: whoever waits for them waits for ever."""
    taken = threading.Event()

    async def answer(request):
        while request.problem % 20 == 0 and not taken.is_set():
            await asyncio.sleep(0.001)
        return str(request.problem)

    got = []
    for some in stream(requests(100), connected(answer), at_once=8):
        got += [request.problem for request, text in some if text == str(request.problem)]
        if len(got) == 95:
            taken.set()
    assert sorted(got) == list(range(100))
    assert sorted(got[-5:]) == [0, 20, 40, 60, 80]


def test_what_is_not_taken_holds_up_further_requests():
    begun = []

    async def answer(request):
        begun.append(request.problem)
        return ""

    answers = stream(requests(10_000), connected(answer), at_once=4)
    next(answers)
    held = threading.Event()
    held.wait(0.2)  # time enough for thousands, if nothing held them up
    assert len(begun) <= 3 * 4
    answers.close()
    assert len(begun) <= 3 * 4


def test_an_error_comes_after_the_answers_before_it():
    async def answer(request):
        if request.problem == 5:
            await asyncio.sleep(0.05)
            raise InputError("refused")
        return ""

    got = []
    with pytest.raises(InputError, match="refused"):
        for some in stream(requests(6), connected(answer), at_once=6):
            got += [request.problem for request, _ in some]
    assert sorted(got) == [0, 1, 2, 3, 4]


# --- what is kept --------------------------------------------------------------------------------------

PROBLEMS = pl.DataFrame(
    [{"source": "s", "key": f"k{n}", "split": "test", "prompt": f"{n}", "answer": str(n)} for n in range(12)]
)
ASKED = Asked("m", "m", None, k=3, seed=0, settings="")


class Echo:
    """Right answers, the last requests first; ends with an error after so many."""

    def __init__(self, until=10_000):
        self.until, self.asked = until, []

    def stream(self, requests):
        waiting = list(requests)
        for request in reversed(waiting):
            if len(self.asked) == self.until:
                raise InputError("the server is gone")
            self.asked.append(request)
            yield [(request, f"\\boxed{{{int(request.question) + request.seed % 2}}}")]


@pytest.fixture(scope="module")
def judge():
    with Judge() as judge:
        yield judge


@pytest.mark.parametrize("until", [0, 1, 17, 35])
def test_nothing_that_came_is_asked_again(judge, tmp_path, until):
    whole = roll_out(PROBLEMS, ASKED, Echo, judge, tmp_path / "whole")
    path = tmp_path / "r.jsonl"
    first, second = Echo(until), Echo()
    with pytest.raises(InputError, match="gone"):
        roll_out(PROBLEMS, ASKED, lambda: first, judge, path)
    with path.open("ab") as torn:
        torn.write(b'{"source": "s", "key"')
    found = roll_out(PROBLEMS, ASKED, lambda: second, judge, path)
    assert len(first.asked) + len(second.asked) == 36
    assert found.equals(whole), "the order in which answers come changes nothing"
    assert set(found["correct"]) == {True, False}


def test_tasks_share_one_server_without_a_pause(judge, tmp_path):
    server, asked = Echo(), Asked("m", "m", None, k=5, seed=0, settings="")
    tasks = [Task(PROBLEMS, ASKED, tmp_path / "a"), Task(PROBLEMS.head(4), asked, tmp_path / "b")]
    told = []
    roll_out_all(tasks, lambda: server, judge, lambda done, total: told.append((done, total)))
    assert len(server.asked) == 36 + 20, "all in one stream"
    assert read_rollouts(tmp_path / "b").height == 20
    assert (told[0], told[-1]) == ((0, 56), (56, 56))


def test_a_model_here_does_not_go_on_with_the_answers_of_a_server(judge, tmp_path):
    path = tmp_path / "r.jsonl"
    with pytest.raises(InputError, match="gone"):
        roll_out(PROBLEMS, ASKED, lambda: Echo(until=36 - 1), judge, path)
    few = Asked("m", "m", None, k=3, seed=0, settings="", batch=2)
    with pytest.raises(InputError, match="asked for otherwise"):
        roll_out(PROBLEMS, few, lambda: lambda q, k, _: [["1"] * k for _ in q], judge, path)
    with pytest.raises(InputError, match="go on with the server|Go on with the server"):
        roll_out(PROBLEMS, ASKED, lambda: lambda q, k, _: [["1"] * k for _ in q], judge, path)
