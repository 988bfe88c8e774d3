"""Datasets read side by side, each in a process of its own.

What one dataset alone decides is kept by its content (see `ingest`), so that processes share nothing but the
folder where it is kept: one that fails, or is killed, leaves its dataset to be read by the caller, who then
says what is wrong. Processes of an engine that may be on other machines share no folder: they give back what
they read, and the caller keeps it; where they do not see the files, these are sent to them.

Run as a module it is a process of this machine: a dataset per line comes in, and whether it is kept now goes
out.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.engine import Engine, current
from rlvr_atlas.ingest import Partition, is_kept, keep_partition, load_partition, read_partition
from rlvr_atlas.load import DatasetReader
from rlvr_atlas.parallel import processors

if TYPE_CHECKING:
    from rlvr_atlas.workspace.store import Workspace

#: Fewer bytes than this are read sooner than a process starts.
WORTH_A_PROCESS = 16 << 20
#: Larger datasets, in bytes, are read by the caller, one after another: while it is read each is held whole.
LARGEST = 256 << 20
_MOST = 8
_CHECK_S = 0.2
#: What a process says of a dataset that it has read.
_KEPT = "kept\n"
#: What a process of an engine says of a dataset whose files it does not see.
_NOT_HERE = "not here"


def read_side_by_side(
    readers: Sequence[DatasetReader], workspace: Workspace, on_read: Callable[[str], None]
) -> None:
    """Read and keep the datasets that are not kept yet, where there are enough of them to be worth it.

    Args:
        readers: Of all datasets.
        workspace: Where they are kept.
        on_read: Called with the id of each dataset once it was read; from several threads.
    """
    left = [reader for reader in readers if reader.total_bytes <= LARGEST and not is_kept(reader, workspace)]
    # The longest first, so that none is waited for at the end.
    left.sort(key=lambda reader: -reader.total_bytes)
    if current().remote:
        _read_elsewhere(left, workspace, on_read, current())
        return
    workers = min(processors(), len(left), _MOST)
    if workers < 2 or sum(reader.total_bytes for reader in left) < WORTH_A_PROCESS:
        return
    processes: list[subprocess.Popen[str]] = []
    queue = iter(left)  # a list's iterator may be shared by threads
    try:
        processes += (_start(workspace.folder) for _ in range(workers))
        with ThreadPoolExecutor(workers) as threads:
            try:
                serving = [threads.submit(_serve, process, queue, on_read) for process in processes]
                while wait(serving, timeout=_CHECK_S).not_done:
                    pass  # a signal that another thread received is only seen between two waits
            except BaseException:
                _stop(processes)  # else the threads would wait for them
                raise
    finally:
        _stop(processes)
    for served in serving:
        served.result()


def _serve(
    process: subprocess.Popen[str], queue: Iterator[DatasetReader], on_read: Callable[[str], None]
) -> None:
    """Give datasets to a process, one after another, until none is left or it has died."""
    assert process.stdin is not None and process.stdout is not None
    for reader in queue:
        line = json.dumps([reader.spec.model_dump(mode="json"), [*map(str, reader.files)]])
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except OSError:
            return
        answer = process.stdout.readline()
        if not answer:
            return
        if answer == _KEPT:
            on_read(reader.spec.id)


def _start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        # -P: a file beside the data that is named like a library must not be run.
        [sys.executable, "-P", "-m", "rlvr_atlas.executor", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env={**os.environ, "POLARS_MAX_THREADS": "1"},  # a processor for each process
    )


def _stop(processes: Iterable[subprocess.Popen[str]]) -> None:
    for process in processes:
        process.kill()
        with contextlib.suppress(OSError, ValueError):  # what was not sent yet cannot be any more
            process.communicate()


@dataclass(frozen=True)
class _Asked:
    """A dataset that a process of an engine is to read.

    Attributes:
        spec: The dataset.
        files: Its files, as they are called where the command runs.
        digest: `content_sha256` of the dataset there.
        contents: What is in the files, where the process does not see them.
    """

    spec: DatasetSpec
    files: tuple[str, ...]
    digest: str
    contents: tuple[bytes, ...] = ()


def _read_elsewhere(
    left: Sequence[DatasetReader], workspace: Workspace, on_read: Callable[[str], None], engine: Engine
) -> None:
    """Have datasets read by an engine, and keep them; first by who sees their files, then by anybody."""
    asked = [_Asked(reader.spec, _names(reader), reader.content_sha256) for reader in left]

    def keep(which: Sequence[int], requests: Iterable[_Asked]) -> list[int]:
        """Ask for some of the datasets; those whose files are not seen."""
        unseen = []
        for nth, read in engine.results(read_asked, requests, ()):
            if isinstance(read, Partition):
                keep_partition(read, left[which[nth]], workspace)
                on_read(left[which[nth]].spec.id)
            elif read == _NOT_HERE:
                unseen.append(which[nth])
        return sorted(unseen)

    unseen = keep(range(len(left)), asked)
    # Contents are read as they are sent, so that few are held at once.
    keep(unseen, (replace(asked[n], contents=tuple(map(Path.read_bytes, left[n].files))) for n in unseen))


def _names(reader: DatasetReader) -> tuple[str, ...]:
    return tuple(str(file.absolute()) for file in reader.files)


def read_asked(asked: _Asked) -> Partition | str | None:
    """What one dataset alone decides; by a process of an engine.

    Args:
        asked: The dataset.

    Returns:
        Its partition; `_NOT_HERE` where its files are not to be seen, or are others; None where it cannot be
        read, so that whoever asked reads it again and says what is wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder) if asked.contents else Path("/")
        files = [top / name.lstrip("/") for name in asked.files]
        for file, content in zip(files, asked.contents, strict=bool(asked.contents)):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        with contextlib.suppress(Exception):
            if not all(file.is_file() for file in files):
                return _NOT_HERE
            reader = DatasetReader(asked.spec, files)
            return read_partition(reader) if reader.content_sha256 == asked.digest else _NOT_HERE
    return None


def main() -> None:
    """Serve until the input ends."""
    from rlvr_atlas.workspace.store import Workspace

    workspace = Workspace(Path(sys.argv[1]))
    # What libraries print must not reach the pipe.
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        spec, files = json.loads(line)
        answer = "not kept\n"
        with contextlib.suppress(Exception):  # the caller reads it again, and says what is wrong
            load_partition(DatasetReader(DatasetSpec(**spec), [*map(Path, files)]), workspace)
            answer = _KEPT
        pipe.write(answer)
        pipe.flush()


if __name__ == "__main__":
    main()
