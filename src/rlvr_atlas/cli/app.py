"""The application that every command registers with, and the arguments that commands share."""

from __future__ import annotations

import functools
import gc
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rlvr_atlas import __version__, engine
from rlvr_atlas.cli.show import be_quiet

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


Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no hints; what was found is printed.")]


class Commands(typer.Typer):
    """Commands, each with the option `--quiet`, which is none of their business."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[..., Any]:  # noqa: ANN401
        """Register a command as typer does."""
        register = super().command(name, **settings)

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            register(_with_quiet(function))
            return function

        return decorate


def _with_quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*args: Any, quiet: bool = False, **options: Any) -> Any:  # noqa: ANN401  as the command has them
        be_quiet(quiet)
        try:
            return function(*args, **options)
        finally:
            be_quiet(False)

    signature = inspect.signature(function, eval_str=True)
    option = inspect.Parameter("quiet", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Quiet)
    parameters = [*signature.parameters.values(), option]
    vars(run)["__signature__"] = signature.replace(parameters=parameters)  # which typer reads
    return run


app = Commands(
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
AtlasFolder = Annotated[
    Path | None, typer.Option("--atlas", help="A folder made by `atlas build` or `atlas pull`.")
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
