"""Commands that carry out a recipe: run, its single stages, and the demo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rlvr_atlas.cli.app import AsJson, EngineName, Network, RayAddress, WorkspacePath, app, working
from rlvr_atlas.cli.recover import show_curve
from rlvr_atlas.cli.show import err, hint, out, print_json, print_table, progress, show_summary

if TYPE_CHECKING:
    from rlvr_atlas.workspace.store import Workspace


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML).")],
    network: Network = False,
    engine: EngineName = "local",
    ray_address: RayAddress = None,
    as_json: AsJson = False,
) -> None:
    """Carry out a recipe: load, trace and report. Finished stages are not repeated."""
    from rlvr_atlas import pipeline
    from rlvr_atlas import recover as recovery
    from rlvr_atlas.recipe import read_recipe, upstream_warnings

    settings = read_recipe(recipe)
    for warning in upstream_warnings(settings):
        err.print(f"warning: {warning}", markup=False)
    with progress() as on_progress, working(engine, ray_address):
        if settings.candidates:
            settings = recovery.recover(settings, allow_network=network, on_progress=on_progress)
        workspace = pipeline.run(settings, allow_network=network, on_progress=on_progress)
    if settings.candidates and not as_json:
        show_curve(workspace)
    show_summary(workspace, as_json)


@app.command()
def ingest(
    workspace: WorkspacePath,
    network: Network = False,
    engine: EngineName = "local",
    ray_address: RayAddress = None,
    as_json: AsJson = False,
) -> None:
    """Load and index the datasets of a workspace's recipe again, where they changed."""
    with working(engine, ray_address):
        done = _run_stage(workspace, "ingest", network)
    tables = done.manifest["stages"]["ingest"]["rows"]
    print_json(tables) if as_json else print_table("Tables", [tables])


@app.command()
def match(
    workspace: WorkspacePath,
    engine: EngineName = "local",
    ray_address: RayAddress = None,
    as_json: AsJson = False,
) -> None:
    """Match and attribute again, where something changed."""
    with working(engine, ray_address):
        done = _run_stage(workspace, "trace", False)
    show_summary(done, as_json)


@app.command()
def report(workspace: WorkspacePath, as_json: AsJson = False) -> None:
    """Write report.html again, and print the same numbers."""
    show_summary(_run_stage(workspace, "report", False), as_json)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Becomes a workspace.")] = Path(
        "demo-workspace"
    ),
    seed: Annotated[int, typer.Option(help="Seed of the generated world.")] = 0,
    sca: Annotated[
        bool,
        typer.Option(
            "--sca", help="Train a tiny model on sources of known worth and mixes of them (extra 'train')."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The whole pipeline on a generated world whose truth is known; offline, under a minute."""
    if sca:
        from rlvr_atlas.cli.sca import demo_sca

        demo_sca(folder, seed, as_json)
        return
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
    hint(f"try:    rlvr-atlas explain {folder} DATASET:ROW")


def _run_stage(folder: Path, stage: str, network: bool) -> Workspace:
    from rlvr_atlas import pipeline
    from rlvr_atlas.workspace.store import Workspace

    recipe = pipeline.stored_recipe(Workspace(folder))
    with progress() as on_progress:
        return pipeline.run(recipe, stages=[stage], allow_network=network, on_progress=on_progress)
