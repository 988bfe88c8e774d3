"""A command that is carried out and watched: time, processor time, and the memory of all its processes."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

_EVERY_S = 0.2


@dataclass(frozen=True)
class Done:
    """A command that has ended.

    Attributes:
        code: Exit status.
        seconds: By the clock.
        worked: Seconds of processor time, its own processes among them.
        peak: GiB that its processes held together at one moment, as often as that was looked at.
        out: Standard output.
        err: Standard error.
    """

    code: int
    seconds: float
    worked: float
    peak: float
    out: str
    err: str


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Done:
    """Carry a command out.

    Args:
        command: And its arguments.
        folder: That it runs in; its output is kept there while it runs.
        environment: All of it.
    """
    files = [folder / "stdout.txt", folder / "stderr.txt"]
    started = monotonic()
    with files[0].open("w") as out, files[1].open("w") as err:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=err)
        peak = [0]
        watcher = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    told = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    held = max(peak[0], used.ru_maxrss * 1024) / 2**30
    worked = used.ru_utime + used.ru_stime
    return Done(process.returncode, monotonic() - started, worked, held, *told)


def _watch(process: int, peak: list[int]) -> None:
    while (held := _held(process)) is not None:
        peak[0] = max(peak[0], held)
        sleep(_EVERY_S)


def _held(process: int) -> int | None:
    """Bytes of memory of a process and those below it; None once it is gone, or where there is no /proc."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        below = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except (OSError, IndexError):
        return None
    if not pages:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_held(int(child)) or 0 for child in below)
