"""How fast the explorer answers many people at once: 50 clients for 60 seconds on loopback.

    python benchmarks/serve_load.py WORKSPACE [--clients 50] [--seconds 60] [--pause 2] [--each 30]

First the processor time of the server for pages of each kind, one by one, none asked for before. Then
each client opens one page after another and reads each for `--pause` seconds on average, as people do. Pages
are of all kinds, drawn with a seed. The workspace is only read. Prints tables in Markdown, those of
docs/benchmarks/serve.md.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import polars as pl

KINDS = (
    "home",
    "dataset",
    "dataset, filtered",
    "problem",
    "search",
    "explain key",
    "explain text",
    "leaks",
    "review",
)


@dataclass
class Seen:
    """What the clients saw: (kind, seconds) of each answer, and what was no good answer."""

    answers: list[tuple[str, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def addresses(workspace: Path, seed: int) -> dict[str, list[str]]:
    """Some addresses of each kind."""
    draw = random.Random(seed)
    datasets = pl.read_parquet(workspace / "datasets.parquet")["dataset"].to_list()
    keys = (
        pl.read_parquet(workspace / "instances.parquet", columns=["key"])["key"]
        .sample(5000, seed=seed)
        .to_list()
    )
    prompts = pl.scan_parquet(workspace / "instances.parquet").filter(pl.col("key").is_in(keys[:1000]))
    texts = [text[:1500].replace("e", "", 1) for text in prompts.select("prompt").collect()["prompt"]]
    words = [
        "train",
        "apples",
        "triangle",
        "integer",
        "probability",
        "sqrt",
        "prime",
        "speed",
        "函数",
        "modulo",
    ]
    return {
        "home": ["/"],
        "dataset": [f"/dataset/{name}" for name in datasets],
        "dataset, filtered": [
            f"/dataset/{name}?" + urlencode({"leaked": "yes", "q": draw.choice(words)}) for name in datasets
        ],
        "problem": [f"/problem/{key}" for key in keys],
        "search": ["/search?" + urlencode({"q": word, "answers": 1}) for word in words],
        "explain key": [f"/explain?q={key}" for key in reversed(keys)],
        "explain text": ["/explain?" + urlencode({"q": text}) for text in texts],
        "leaks": [f"/leaks?offset={20 * page}" for page in range(200)],
        "review": [f"/review?skip={draw.randrange(50)}" for _ in range(200)],
    }


@dataclass(frozen=True)
class Task:
    """What all clients do: open `pages` of a `port` until a time, with a pause of this mean between them."""

    port: int
    pages: dict[str, list[str]]
    until: float
    pause: float


def visit(task: Task, seed: int, seen: Seen) -> None:
    """One client."""
    pages, until, pause = task.pages, task.until, task.pause
    draw = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", task.port, timeout=60)
    time.sleep(draw.random() * pause)
    while time.monotonic() < until:
        kind = draw.choice(KINDS)
        started = time.monotonic()
        try:
            connection.request("GET", draw.choice(pages[kind]))
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                seen.errors.append(f"{kind}: {answer.status}")
        except OSError as error:
            seen.errors.append(f"{kind}: {error}")
            connection.close()
        seen.answers.append((kind, time.monotonic() - started))
        time.sleep(draw.expovariate(1 / pause) if pause else 0)
    connection.close()


def processor_seconds(process: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def each(port: int, pages: dict[str, list[str]], server: int, number: int) -> str:
    """Processor time of the server for a page of each kind, in milliseconds."""
    lines = ["| page | processor time, ms |", "|---|---|"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for kind in KINDS:
        # The first page of a kind makes what is made once. The last ones: the clients begin anywhere.
        first, *asked = pages[kind][-number - 1 :]
        spent = 0.0
        for address in (first, *asked):
            before = processor_seconds(server)
            connection.request("GET", address)
            connection.getresponse().read()
            spent += 0 if address is first else processor_seconds(server) - before
        if asked:
            lines.append(f"| {kind} | {1000 * spent / len(asked):.0f} |")
    connection.close()
    return "\n".join(lines)


def table(seen: Seen) -> str:
    """Answers by kind, in milliseconds."""
    lines = ["| page | answers | median, ms | 95th percentile, ms | slowest, ms |", "|---|---|---|---|---|"]
    for kind in ("all", *KINDS):
        took = [1000 * seconds for name, seconds in seen.answers if kind in ("all", name)]
        if took:
            figures = (np.median(took), np.percentile(took, 95), max(took))
            lines.append(
                f"| {kind} | {len(took)} | " + " | ".join(f"{figure:.0f}" for figure in figures) + " |"
            )
    return "\n".join(lines)


def main() -> None:
    """Start the explorer, send the clients, print what they saw."""
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("workspace", type=Path)
    arguments.add_argument("--clients", type=int, default=50)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--pause", type=float, default=2)
    arguments.add_argument("--each", type=int, default=30)
    given = arguments.parse_args()
    pages = addresses(given.workspace, 0)
    started = time.monotonic()
    command = [sys.executable, "-m", "rlvr_atlas", "serve", str(given.workspace), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        found = re.search(r":(\d+)/", server.stdout.readline() if server.stdout else "")
        if found is None:
            sys.exit("the explorer did not start")
        ready = time.monotonic() - started
        port = int(found[1])
        print(each(port, pages, server.pid, given.each))
        seen, before = Seen(), processor_seconds(server.pid)
        task = Task(port, pages, time.monotonic() + given.seconds, given.pause)
        clients = [
            threading.Thread(target=visit, args=(task, number, seen)) for number in range(given.clients)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        spent = processor_seconds(server.pid) - before
    finally:
        server.terminate()
        server.wait()
    load, answer = os.getloadavg()[0], 1000 * spent / max(len(seen.answers), 1)
    print(f"{given.clients} clients, {given.seconds:.0f} s, pause {given.pause} s; ready after {ready:.1f} s")
    print(f"{len(seen.errors)} errors{': ' + '; '.join(seen.errors[:5]) if seen.errors else ''}")
    print(f"{answer:.0f} ms of processor time per answer; load average {load:.1f}")
    print(table(seen))


if __name__ == "__main__":
    main()
