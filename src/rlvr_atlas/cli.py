"""The command line: a thin skin over the library.

Every listing takes `--json`. Exit codes: 0 fine, 1 a gate failed, 2 bad input, 130 interrupted. Imports that
are slow are made inside the commands, so that `--help` and `explain` answer at once.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from rlvr_atlas import __version__
from rlvr_atlas.errors import AtlasError
from rlvr_atlas.show import (
    err,
    one_line,
    out,
    print_json,
    print_table,
    progress,
    show_explanation,
    show_summary,
)

app = typer.Typer(
    name="rlvr-atlas",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Where each row of an RLVR dataset comes from, what it leaks, and what to train on instead.",
)
registry_app = typer.Typer(no_args_is_help=True, help="Known datasets, benchmarks and atomic sources.")
app.add_typer(registry_app, name="registry")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Network = Annotated[bool, typer.Option("--network", help="Allow downloads from the Hugging Face Hub.")]
WorkspacePath = Annotated[Path, typer.Argument(help="A workspace made by `run`.")]


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        out.print(f"rlvr-atlas {__version__}")
        raise typer.Exit


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML).")],
    network: Network = False,
    as_json: AsJson = False,
) -> None:
    """Carry out a recipe: load, trace and report. Finished stages are not repeated."""
    from rlvr_atlas import pipeline
    from rlvr_atlas.recipe import read_recipe, upstream_warnings

    settings = read_recipe(recipe)
    for warning in upstream_warnings(settings):
        err.print(f"warning: {warning}", markup=False)
    with progress() as on_progress:
        workspace = pipeline.run(settings, allow_network=network, on_progress=on_progress)
    show_summary(workspace, as_json)


@app.command()
def ingest(workspace: WorkspacePath, network: Network = False, as_json: AsJson = False) -> None:
    """Load and index the datasets of a workspace's recipe again, where they changed."""
    _run_stage(workspace, "ingest", network, as_json)


@app.command()
def trace(workspace: WorkspacePath, as_json: AsJson = False) -> None:
    """Match and attribute again, where something changed."""
    _run_stage(workspace, "trace", False, as_json)


@app.command()
def report(workspace: WorkspacePath, as_json: AsJson = False) -> None:
    """Write report.html again, and print the same numbers."""
    _run_stage(workspace, "report", False, as_json)


@app.command()
def explain(
    workspace: WorkspacePath,
    query: Annotated[
        str, typer.Argument(help="A problem text, a key, or DATASET:ROW; '-' reads it from standard input.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say where one problem comes from, with the evidence."""
    from rlvr_atlas.explain import explain as explain_problem
    from rlvr_atlas.store import Workspace

    text = sys.stdin.read() if query == "-" else query
    found = explain_problem(Workspace(workspace), text)
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        show_explanation(found)


@app.command()
def compare(
    workspace: WorkspacePath,
    left: Annotated[str, typer.Argument(metavar="A", help="A dataset id.")],
    right: Annotated[str, typer.Argument(metavar="B", help="Another dataset id.")],
    as_json: AsJson = False,
) -> None:
    """Overlap of two datasets, in both directions."""
    from rlvr_atlas.compare import compare as compare_datasets
    from rlvr_atlas.store import Workspace

    overlaps = compare_datasets(Workspace(workspace), left, right)
    if as_json:
        print_json([{**dataclasses.asdict(overlap), "share": overlap.share} for overlap in overlaps])
        return
    rows = [
        {
            "of": o.dataset,
            "in": o.other,
            "distinct": o.distinct,
            "same problem": o.found,
            "share": f"{o.share:.1%}",
            "rows": o.rows,
            **o.by_relation,
        }
        for o in overlaps
    ]
    print_table("Overlap", rows)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Becomes a workspace.")] = Path(
        "demo-workspace"
    ),
    seed: Annotated[int, typer.Option(help="Seed of the generated world.")] = 0,
    as_json: AsJson = False,
) -> None:
    """The whole pipeline on a generated world whose truth is known; offline, under a minute."""
    from rlvr_atlas import pipeline
    from rlvr_atlas.demo import build, evaluate
    from rlvr_atlas.recipe import read_recipe

    with progress() as on_progress:
        on_progress("demo", "generating a world", 0, 1)
        world = build(folder, seed=seed)
        workspace = pipeline.run(read_recipe(world.recipe), on_progress=on_progress)
    scores = evaluate(
        workspace.read("lineage"), workspace.read("matches"), workspace.read("occurrences"), world.truth
    )
    if as_json:
        print_json({"scores": scores.to_dicts(), "report": str(folder / "report.html")})
        return
    print_table("Found against the known truth", scores.to_dicts())
    out.print(f"report: {folder / 'report.html'}", markup=False)
    out.print(f"try:    rlvr-atlas explain {folder} DATASET:ROW", markup=False)


@registry_app.command("list")
def registry_list(
    kind: Annotated[str, typer.Argument(help="datasets, benchmarks or sources.")] = "datasets",
    as_json: AsJson = False,
) -> None:
    """List what is known."""
    from rlvr_atlas import registry

    entries: dict[str, Any] = {
        "datasets": registry.datasets,
        "benchmarks": registry.benchmarks,
        "sources": registry.sources,
    }.get(kind, dict)()
    if not entries:
        raise AtlasError(f"unknown kind '{kind}'", fix="choose datasets, benchmarks or sources")
    rows = [entry.model_dump(mode="json", exclude_defaults=True) for entry in entries.values()]
    if as_json:
        print_json(rows)
        return
    columns = ("id", "hub", "title", "released", "license")
    print_table(kind, [{column: row.get(column, "") for column in columns} for row in rows])


@registry_app.command("show")
def registry_show(
    name: Annotated[str, typer.Argument(help="Id, alias or Hub id.")], as_json: AsJson = False
) -> None:
    """Show one entry: where its parts are, its licence, its upstreams."""
    from rlvr_atlas import registry

    entry: Any = registry.find(name) or registry.sources().get(name)
    if entry is None:
        close = registry.suggest(name)
        raise AtlasError(
            f"'{name}' is not in the registry", fix=f"closest: {', '.join(close)}" if close else ""
        )
    facts = entry.model_dump(mode="json", exclude_defaults=True)
    if as_json:
        print_json(facts)
        return
    for field, value in facts.items():
        out.print(f"{field:14} {one_line(value)}", markup=False)


def _run_stage(folder: Path, stage: str, network: bool, as_json: bool) -> None:
    from rlvr_atlas import pipeline
    from rlvr_atlas.store import Workspace

    recipe = pipeline.stored_recipe(Workspace(folder))
    with progress() as on_progress:
        workspace = pipeline.run(recipe, stages=[stage], allow_network=network, on_progress=on_progress)
    if stage == "ingest":
        tables = workspace.manifest["stages"]["ingest"]["rows"]
        print_json(tables) if as_json else print_table("Tables", [tables])
    else:
        show_summary(workspace, as_json)


def main() -> None:
    """Entry point: an error a user can act on is one line and exit code 2."""
    try:
        app()
    except AtlasError as error:
        err.print(f"error: {error}", markup=False)
        sys.exit(2)
