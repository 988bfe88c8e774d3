"""The command line: a thin skin over the library, one module per group of commands.

Every listing takes `--json`. Exit codes: 0 fine, 1 a gate failed, 2 bad input, 130 interrupted. Imports that
are slow are made inside the commands, so that `--help` and `explain` answer at once.
"""

from __future__ import annotations

import io
import sys
import traceback
from typing import Any, NoReturn

import typer

from rlvr_atlas.cli import (
    atlas,
    audit,
    curate,
    evaluate,
    export,
    labels,
    look,
    recover,
    registry,
    review,
    run,
    sca,
    score,
    serve,
    trace,
)
from rlvr_atlas.cli.app import app
from rlvr_atlas.cli.show import err, harmless
from rlvr_atlas.errors import AtlasError

__all__ = [
    "app",
    "atlas",
    "audit",
    "curate",
    "evaluate",
    "export",
    "labels",
    "look",
    "main",
    "recover",
    "registry",
    "review",
    "run",
    "sca",
    "score",
    "serve",
    "trace",
]


def main() -> None:
    """Entry point: an error a user can act on is one line and exit code 2.

    Messages may hold names and texts from outside, so all of them go through `Screen.print`.
    """
    try:
        code = app(standalone_mode=False)
    except AtlasError as error:
        _stop(f"error: {error}", 2)
    except typer.Abort:
        _stop("Aborted.", 1)
    except Exception as error:
        if isinstance(error, _UsageError):
            _stop(*_usage(error))
        # Polars reads a table's pages only when they are needed, so damage may show anywhere.
        if type(error).__module__.startswith("polars") and str(error).startswith("parquet: "):
            fix = "Delete the damaged table of the workspace and run the recipe again"
            _stop(f"error: a Parquet file is damaged ({error}). {fix}.", 2)
        _stop(traceback.format_exc().rstrip(), 1)
    sys.exit(code if isinstance(code, int) else 0)


#: What typer raises for a wrong option or argument.
_UsageError = typer.BadParameter.__mro__[2]


def _usage(error: Any) -> tuple[str, int]:  # noqa: ANN401  the class has no public name
    """The message of typer, and its exit code."""
    shown = io.StringIO()
    error.show(file=shown)
    return shown.getvalue().rstrip(), error.exit_code


def _stop(message: str, code: int) -> NoReturn:
    err.print(harmless(message), markup=False)
    sys.exit(code)
