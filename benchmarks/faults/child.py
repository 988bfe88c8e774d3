"""A process that does everything to a workspace, and may be told to die at one of its file operations."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

#: What Python tells of before it is done. Polars writes by itself; what it wrote is then hashed and renamed.
_FILE_OPERATIONS = ("open", "os.rename", "os.remove", "os.mkdir")


def main(corpus_folder: str, workspace: str, state: str, die_at: str) -> int:
    """Do everything.

    Args:
        corpus_folder: Of `corpus.make`.
        workspace: Folder of the workspace.
        state: See `corpus.recipe`.
        die_at: The file operation in the workspace at which the process kills itself; 0 for none.

    Returns:
        0, or 2 for an error that a user can act on, which is printed.
    """
    import corpus

    from rlvr_atlas.errors import AtlasError

    count = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event in _FILE_OPERATIONS and str(arguments[0]).startswith(workspace):
            count += 1
            if count == int(die_at):
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    print("ready", flush=True)
    try:
        corpus.everything(corpus.recipe(Path(corpus_folder), Path(workspace), state=state))
    except AtlasError as error:
        print(f"error: {error}", flush=True)
        return 2
    print(count, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
