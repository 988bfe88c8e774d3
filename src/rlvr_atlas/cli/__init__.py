"""The command line: a thin skin over the library, one module per group of commands.

Every listing takes `--json`. Exit codes: 0 fine, 1 a gate failed, 2 bad input, 130 interrupted. Imports that
are slow are made inside the commands, so that `--help` and `explain` answer at once.
"""

from __future__ import annotations

import sys

from rlvr_atlas.cli import audit, curate, export, look, recover, registry, review, run, sca, score
from rlvr_atlas.cli.app import app
from rlvr_atlas.cli.show import err
from rlvr_atlas.errors import AtlasError

__all__ = [
    "app",
    "audit",
    "curate",
    "export",
    "look",
    "main",
    "recover",
    "registry",
    "review",
    "run",
    "sca",
    "score",
]


def main() -> None:
    """Entry point: an error a user can act on is one line and exit code 2."""
    try:
        app()
    except AtlasError as error:
        err.print(f"error: {error}", markup=False)
        sys.exit(2)
    except Exception as error:
        # Polars reads a table's pages only when they are needed, so damage may show anywhere.
        if not (type(error).__module__.startswith("polars") and str(error).startswith("parquet: ")):
            raise
        fix = "Delete the damaged table of the workspace and run the recipe again"
        err.print(f"error: a Parquet file is damaged ({error}). {fix}.", markup=False)
        sys.exit(2)
