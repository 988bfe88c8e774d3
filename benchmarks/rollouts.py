"""Rollout throughput: how much of what a server could do at a concurrency is used, slow answers included.

A made-up server on loopback, in a process of its own, answers each request after a set time; 5% take ten
times as long. Its answers tell when the request came and when it was answered, so that the requests under
way are counted where they are served.

    python benchmarks/rollouts.py [--requests 960] [--concurrency 64]
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

_K = 4
_USUAL_S, _SLOW_S = 10.0, 100.0
#: So many of 256 requests are slow.
_SLOW_OF_256 = 13


async def serve() -> None:
    """Print the port, then answer for ever. The model's name is the number of slow requests of 256."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lengths = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
                body = json.loads(await reader.readexactly(int(lengths[0].split(b":")[1])))
                came = time.monotonic()
                place = hashlib.sha256(str(body["seed"]).encode()).digest()[0]
                await asyncio.sleep(_SLOW_S if place < int(body["model"]) else _USUAL_S)
                said = f"{came} {time.monotonic()} \\boxed{{7}}"
                data = json.dumps({"choices": [{"message": {"content": said}}]}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def measure(port: int, requests: int, concurrency: int, slow: int) -> dict[str, float]:
    """One pass over the problems."""
    from rlvr_atlas.sca.model import Sampling
    from rlvr_atlas.sca.reward import Judge
    from rlvr_atlas.sca.rollouts import Asked, roll_out
    from rlvr_atlas.sca.server import Server

    problems = pl.DataFrame(
        [
            {"source": "s", "key": f"{n:040}", "split": "test", "prompt": f"{n}", "answer": "7"}
            for n in range(requests // _K)
        ]
    )
    server = Server(f"http://127.0.0.1:{port}/v1", str(slow), Sampling(), concurrency=concurrency)
    with tempfile.TemporaryDirectory() as folder, Judge() as judge:
        began = time.process_time()
        asked = Asked(str(slow), "m", None, k=_K, seed=0, settings="")
        answers = roll_out(problems, asked, lambda: server, judge, Path(folder) / "answers.jsonl")
    times = [tuple(map(float, text.split()[:2])) for text in answers["response"]]
    first, last_sent, end = min(t[0] for t in times), max(t[0] for t in times), max(t[1] for t in times)
    busy = sum(min(done, last_sent) - came for came, done in times)
    return {
        "cpu_ms": 1000 * (time.process_time() - began) / len(times),
        "used": busy / (concurrency * (last_sent - first)),
        "answers_per_s": len(times) / (end - first),
        "possible": concurrency * len(times) / sum(done - came for came, done in times),
    }


def main() -> None:
    """Print the table of docs/benchmarks/rollouts.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=960)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--serve", action="store_true")
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        print("| slow answers | used | answers a second | at full use | processor time an answer |")
        print("|---|---|---|---|---|", flush=True)
        for slow in (0, _SLOW_OF_256):
            found = measure(port, given.requests, given.concurrency, slow)
            rates = f"{found['answers_per_s']:.1f} | {found['possible']:.1f} | {found['cpu_ms']:.1f} ms"
            print(f"| {slow / 256:.0%} | {found['used']:.3f} | {rates} |", flush=True)
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
