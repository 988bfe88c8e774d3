"""Rollout throughput: how much of what a server could do at a concurrency is used, slow answers included.

A made-up server on loopback answers each request after a set time; 5% take ten times as long. It counts the
requests under way, so the share that is used does not depend on how fast this machine is.

    python benchmarks/rollouts.py [--requests 2000] [--concurrency 64]
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import polars as pl

from rlvr_atlas.sca.model import Sampling
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.rollouts import Asked, roll_out
from rlvr_atlas.sca.server import Server

_K = 4


class FakeServer:
    """Answers after `usual` seconds, some after `slow`; keeps the times of every request."""

    def __init__(self, usual: float, slow: float, slow_share: float) -> None:
        self.usual, self.slow, self.slow_share = usual, slow, slow_share
        self.times: list[tuple[float, float]] = []
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def _run(self, ready: threading.Event) -> None:
        server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(
                int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if b"content-length" in h
            )
            body = json.loads(await reader.readexactly(length))
            began = time.monotonic()
            place = hashlib.sha256(str(body["seed"]).encode()).digest()[0] / 256
            await asyncio.sleep(self.slow if place < self.slow_share else self.usual)
            self.times.append((began, time.monotonic()))
            answer = {"choices": [{"message": {"content": "The answer is \\boxed{7}."}}]}
            data = json.dumps(answer).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data))
            await writer.drain()


def measure(requests: int, concurrency: int, slow_share: float) -> dict[str, float]:
    """One pass over the problems."""
    fake = FakeServer(usual=0.5, slow=5.0, slow_share=slow_share)
    problems = pl.DataFrame(
        [
            {"source": "s", "key": f"{n:040}", "split": "test", "prompt": f"{n}", "answer": "7"}
            for n in range(requests // _K)
        ]
    )
    server = Server(f"http://127.0.0.1:{fake.port}/v1", "m", Sampling(), concurrency=concurrency)
    with tempfile.TemporaryDirectory() as folder, Judge() as judge:
        judge.judge(["7"], ["\\boxed{7}"])
        asked = Asked("m", "m", None, k=_K, seed=0, settings="")
        roll_out(problems, asked, lambda: server, judge, Path(folder) / "answers.jsonl")
    begins = [began for began, _ in fake.times]
    first, last_sent, end = min(begins), max(begins), max(done for _, done in fake.times)
    busy = sum(min(done, last_sent) - began for began, done in fake.times)
    return {
        "used": busy / (concurrency * (last_sent - first)),
        "answers_per_s": len(fake.times) / (end - first),
        "possible": concurrency / (sum(done - began for began, done in fake.times) / len(fake.times)),
    }


def main() -> None:
    """Print the table of docs/benchmarks/rollouts.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=64)
    given = parser.parse_args()
    print("| slow answers | used of the concurrency | answers a second | possible |")
    print("|---|---|---|---|")
    for slow_share in (0.0, 0.05):
        found = measure(given.requests, given.concurrency, slow_share)
        print(
            f"| {slow_share:.0%} | {found['used']:.3f} | {found['answers_per_s']:.1f} | {found['possible']:.1f} |"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
