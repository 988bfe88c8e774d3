"""The application that every command registers with, and the arguments that commands share."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rlvr_atlas import __version__, engine

#: Commands in the order in which people need them; help lists them so.
ORDER = [
    "trace",
    "check",
    "demo",
    "run",
    "explain",
    "compare",
    "report",
    "serve",
    "ingest",
    "match",
    "review",
    "recover",
    "audit",
    "labels",
    "curate",
    "export",
    "sca",
    "evaluate",
    "score",
    "registry",
    "atlas",
    "sketch",
]


class _InOrder(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401  typer's own class has no public name
        """The commands in the order of work; one that is not in it comes last."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


app = typer.Typer(
    name="rlvr-atlas",
    cls=_InOrder,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Where each row of an RLVR dataset comes from, what it leaks, and what to train on instead.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Network = Annotated[bool, typer.Option("--network", help="Allow downloads from the Hugging Face Hub.")]
EngineName = Annotated[
    engine.Name,
    typer.Option("--engine", help="Who does the work: this machine, or a Ray cluster (extra 'ray')."),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        metavar="HOST:PORT",
        help="A Ray cluster. Without it: RAY_ADDRESS, one that runs here, or one that is started here.",
    ),
]
WorkspacePath = Annotated[Path, typer.Argument(help="A workspace made by `run`.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rlvr-atlas {__version__}")  # without rich, which takes longer than all the rest
        raise typer.Exit


@app.callback()
def _main(
    # Eager: it is done before anybody asks for the command that is missing.
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
    registry: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="RLVR_ATLAS_REGISTRY",
            help="A registry file of your own (`registry add`), over the packaged entries.",
        ),
    ] = None,
) -> None:
    del version
    gc.freeze()
    gc.enable()  # see `__main__`
    if registry is not None:
        os.environ["RLVR_ATLAS_REGISTRY"] = str(registry)  # for processes that are started, too


@contextmanager
def working(name: engine.Name, ray_address: str | None) -> Iterator[None]:
    """Have stages done by an engine; what Ray prints goes to standard error, as all that is no result."""
    with redirect_stdout(sys.stderr), engine.using(name, ray_address):
        yield
