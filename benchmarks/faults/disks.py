"""A disk that is full, folders and files that may not be written."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from corpus import everything, hashes, recipe
from kills import Undisturbed, begin, launch, left, undisturbed
from rivals import outcome

from rlvr_atlas.errors import AtlasError

#: Sizes of the small disk that are tried, as shares of what the workspace needs.
SHARES = [share / 9 for share in range(1, 9)]
#: How many durable writes are made to fail, of those of a run that replaces a dataset.
WRITES = 24
#: Root may write and read everything; without these it is held to what files and folders allow.
HELD = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")
Lines = list[dict[str, object]]


def again(corpus: Path, folder: Path, good: Undisturbed, state: str) -> str:
    """Do the work once more, where nothing is in the way any longer."""
    try:
        everything(recipe(corpus, folder, state=state))
    except AtlasError as error:
        return f"NOT RESUMED: {error}"
    return "equal byte for byte" if hashes(folder) == good.tables[state] else "DIFFERENT TABLES"


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """A disk in memory of so many bytes, where this process may mount one."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def full(corpus: Path, place: Path) -> Lines:
    """Runs on small disks, and runs of which one durable write fails."""
    good, seen = undisturbed(corpus, place), Counter[tuple[str, str, str]]()
    if os.geteuid() == 0:
        needed = sum(path.stat().st_size for path in good.folders["with"].rglob("*") if path.is_file())
        for share in SHARES:
            with small_disk(place / "disk", int(needed * share)):
                folder = place / "disk" / "ws"
                ended = outcome(launch(corpus, folder, "with")).replace(str(folder), "")
                grow = ["mount", "-o", f"remount,size={4 * needed}", place / "disk"]
                subprocess.run(grow, check=True)
                seen["a small disk", ended, again(corpus, folder, good, "with")] += 1
                print(share, ended, flush=True)
    else:
        seen["a small disk", "not tried: no right to mount one", ""] += 1
    rng = Random(0)
    total = _writes(corpus, begin(place / "failing", good.folders["with"]), None)[0]
    for number in sorted(rng.sample(range(1, total + 1), min(WRITES, total))):
        folder = begin(place / "failing", good.folders["with"])
        _, ended = _writes(corpus, folder, number)
        ended += f"; it reads: {left(folder, good.states('with', 'replaced'))}"
        print(number, ended, flush=True)
        seen["one write fails", ended, again(corpus, folder, good, "replaced")] += 1
    return _lines("disk", seen)


def _writes(corpus: Path, folder: Path, failing: int | None) -> tuple[int, str]:
    """Replace a dataset; how many writes were waited for, and how it ended where one of them failed."""
    real, count = os.fsync, 0

    def sync(number: int) -> None:
        nonlocal count
        count += 1
        if count == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(number)

    os.fsync = sync
    try:
        everything(recipe(corpus, folder, state="replaced"))
    except AtlasError as error:
        return count, f"a clear error: {error.what}"
    finally:
        os.fsync = real
    return count, "done"


def read_only(corpus: Path, place: Path) -> Lines:
    """Runs that may not write a folder or a file, and such that may not read one."""
    good, seen = undisturbed(corpus, place), Counter[tuple[str, str, str]]()
    whole = good.folders["with"]
    names = {_kind(path.relative_to(whole)) for path in whole.rglob("*")}
    # Frames of the other kinds are written and read as those of `rows`.
    names = {name for name in names if not re.match("cache/(schemas|skipped|templates)", name)}
    tries = [("the whole workspace", "may not be written", "**/*", 0o555)]
    tries += [(name, "may not be written", name, 0o555) for name in sorted(names)]
    tries += [(name, "may not be read", name, 0o000) for name in sorted(names)]
    for what, how, pattern, mode in tries:
        folder = begin(place / "denied", whole)
        chosen = [folder, *folder.rglob("*")] if pattern == "**/*" else sorted(folder.glob(pattern))[:1]
        for path in chosen:
            path.chmod(mode)
        process = launch(corpus, folder, "replaced", before=HELD if os.geteuid() == 0 else ())
        ended = outcome(process).replace(str(folder), "")
        for path in chosen:
            path.chmod(0o755)
        ended += f"; it reads: {left(folder, good.states('with', 'replaced'))}"
        seen[f"{what} {how}", ended, again(corpus, folder, good, "replaced")] += 1
        print(what, how, ended, flush=True)
    return _lines("what", seen)


def _kind(name: Path) -> str:
    """A pattern for files of one kind; a folder is a kind by itself."""
    if len(name.parts) == 1 and name.suffix == ".parquet":
        return "*.parquet"
    if len(name.parts) == 3:
        suffix = "".join(name.suffixes[-2:]) if name.suffix == ".sha256" else name.suffix
        return f"cache/{name.parts[1]}/*{suffix}"
    return str(name)


def _lines(first: str, seen: Counter[tuple[str, str, str]]) -> Lines:
    return [
        {first: what, "the run": ended, "the run after it": then, "times": times}
        for (what, ended, then), times in sorted(seen.items())
    ]
