"""`python -m rlvr_atlas` is the command `rlvr-atlas`."""

from __future__ import annotations

import gc
import os
import signal
import sys

#: What a shell reports of a command that was interrupted.
INTERRUPTED = 130


def start() -> None:
    """Run the command line; Ctrl-C ends it without a traceback, also while it is still being loaded."""
    gc.disable()  # what is loaded now stays: looking through it is a tenth of the time until a command runs
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            # Imports are no place for an exception: some packages catch it, others print it.
            signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
            from rlvr_atlas.cli import main

            signal.signal(signal.SIGINT, signal.default_int_handler)
        else:
            from rlvr_atlas.cli import main
        main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    start()
