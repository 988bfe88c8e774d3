"""The application that every command registers with, and the arguments that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlvr_atlas import __version__
from rlvr_atlas.cli.show import out

app = typer.Typer(
    name="rlvr-atlas",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Where each row of an RLVR dataset comes from, what it leaks, and what to train on instead.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Network = Annotated[bool, typer.Option("--network", help="Allow downloads from the Hugging Face Hub.")]
WorkspacePath = Annotated[Path, typer.Argument(help="A workspace made by `run`.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"rlvr-atlas {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    # Eager: it is done before anybody asks for the command that is missing.
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    del version
