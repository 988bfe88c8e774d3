"""math-verify behind processes that can be killed.

Its own time limits use SIGALRM, which breaks off the main thread and does nothing in others, and some answers
(`100000000!`) would use all of it. Here each worker is a process of its own, spoken to in JSON lines over its
pipes. The deadline of a pair is processor time of the worker, which the kernel counts and enforces, so a busy
machine gives the same verdicts as an idle one. A much longer limit in wall-clock time is the last resort.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Literal, Self

from rlvr_atlas.answer.judge import Verdict
from rlvr_atlas.answer.tex import MAX_CHARS
from rlvr_atlas.errors import AtlasError

#: Wall-clock seconds for a worker to start; a busy machine needs minutes to import SymPy. A worker that dies
#: while it starts is noticed at once.
START_S = 600.0
#: The last resort: wall-clock seconds for one pair, as a multiple of the deadline.
CAP = 60

#: Why a worker gave no verdict: its processor time was used up, the last resort, or it died.
Ended = Literal["deadline", "cap", "died"]

_log = logging.getLogger(__name__)


class Verifier:
    """Compares answers with math-verify, each pair within a deadline.

    Workers start when first needed. One that misses the deadline or dies is replaced.

    Args:
        workers: Processes; each holds about 100 MB.
        deadline_s: Seconds of processor time for one pair; starting a worker is not counted. A pair also ends
            after `CAP` times as much wall-clock time, with a warning in the log.

    Attributes:
        ended: How many pairs were ended without a verdict, by reason.
    """

    def __init__(self, workers: int = 1, deadline_s: float = 3.0) -> None:
        if workers < 1 or deadline_s <= 0:
            raise ValueError("a verifier needs at least one worker and a deadline above zero")
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self.ended: Counter[Ended] = Counter()
        self._counting = threading.Lock()
        self._workers = [_Worker(deadline_s) for _ in range(workers)]
        for worker in self._workers:
            self._idle.put(worker)

    def compare(self, gold: str, other: str) -> Verdict:
        """Compare one pair; the order of the two makes no difference.

        Returns:
            `unknown` where either is not mathematics that math-verify can read, or the deadline passed.

        Raises:
            AtlasError: Where no worker can be started at all.
        """
        if max(len(gold), len(other)) > MAX_CHARS:
            return "unknown"
        worker = self._idle.get()
        try:
            verdict, ended = worker.ask(*sorted((gold, other)))
        finally:
            self._idle.put(worker)
        if ended is not None:
            with self._counting:
                self.ended[ended] += 1
            if ended != "deadline":
                _log.warning("a comparison ended without a verdict (%s): %.80r and %.80r", ended, gold, other)
        return verdict

    def close(self) -> None:
        """Stop all workers."""
        for worker in self._workers:
            worker.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    """One process, and a thread that hands over its lines, so that waiting for one can end."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def ask(self, gold: str, other: str) -> tuple[Verdict, Ended | None]:
        """The worker's verdict; where it gave none, `unknown` and why."""
        process = self._process
        if process is None or process.poll() is not None:
            process = self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps([gold, other]) + "\n")
            process.stdin.flush()
            line = self._lines.get(timeout=self._deadline_s * CAP).strip()
        except queue.Empty:
            self.stop()
            return "unknown", "cap"
        except OSError:
            line = ""
        if line in ("same", "different", "unknown"):
            return line, None  # type: ignore[return-value]
        self.stop()
        return "unknown", "deadline" if process.returncode == -getattr(signal, "SIGPROF", 0) else "died"

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            with contextlib.suppress(OSError):
                self._process.stdin.close()  # type: ignore[union-attr]
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        self._process = process = subprocess.Popen(
            # -P: a file beside the data that is named like a library must not be run.
            [sys.executable, "-P", "-m", "rlvr_atlas.answer.worker", str(self._deadline_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._lines = lines
        threading.Thread(target=_forward, args=(process, lines), daemon=True).start()
        started = time.monotonic()
        try:
            ready = lines.get(timeout=START_S).strip() == "ready"
        except queue.Empty:
            ready = False
        if not ready:
            self.stop()
            raise AtlasError(
                f"the math-verify worker did not start in {time.monotonic() - started:.0f} s",
                fix="check that 'python -c \"import math_verify\"' works in this environment",
            )
        return process


def _forward(process: subprocess.Popen[str], lines: queue.SimpleQueue[str]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put("")
