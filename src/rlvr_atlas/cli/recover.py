"""Commands of source recovery: recover and sketch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rlvr_atlas.cli.app import AsJson, EngineName, Network, RayAddress, WorkspacePath, app, working
from rlvr_atlas.cli.show import out, print_json, print_table, progress

if TYPE_CHECKING:
    from rlvr_atlas.workspace.store import Workspace


@app.command()
def recover(
    workspace: WorkspacePath,
    network: Network = False,
    engine: EngineName = "local",
    ray_address: RayAddress = None,
    as_json: AsJson = False,
) -> None:
    """Take in candidate sources while too many training rows have none; prints the curve."""
    from rlvr_atlas import pipeline
    from rlvr_atlas import recover as recovery
    from rlvr_atlas.workspace.store import Workspace

    held = Workspace(workspace)
    recipe, taken = pipeline.stored_recipe(held), recovery.chosen(held)
    again = {spec.id for spec in recipe.candidates} & set(taken)
    before = [spec for spec in recipe.datasets if spec.id not in again]
    with progress() as on_progress, working(engine, ray_address):
        base = recipe.model_copy(update={"datasets": before})
        recovery.recover(base, allow_network=network, on_progress=on_progress)
    done = Workspace(workspace)
    if as_json:
        print_json(done.read("recovery").to_dicts())
        return
    show_curve(done)
    for limit in done.manifest["stages"][recovery.STAGE]["limits"]:
        out.print(f"note: {limit}", markup=False)


@app.command()
def sketch(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML) with candidates.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the sketches go.")] = Path("sketches"),
    network: Network = False,
    as_json: AsJson = False,
) -> None:
    """Write a sketch of every candidate: hashes without text, to rank it where its data is not at hand."""
    from rlvr_atlas.fingerprints.sketch import write
    from rlvr_atlas.recipe import read_recipe
    from rlvr_atlas.recover import sketch_of
    from rlvr_atlas.workspace.store import Workspace

    settings = read_recipe(recipe)
    workspace = Workspace(settings.workspace_path, create=True)
    lines = []
    for spec in settings.candidates:
        from_data = spec.model_copy(update={"sketch": None})
        made = sketch_of(from_data, settings, workspace, allow_network=network)
        path = to / f"{spec.id}.sketch.parquet"
        write(path, made, spec.id)
        lines.append(
            {
                "candidate": spec.id,
                "problems": made.texts.distinct,
                "rate": made.texts.rate,
                "file": str(path),
            }
        )
    print_json(lines) if as_json else print_table("Sketches", lines)


def show_curve(workspace: Workspace) -> None:
    """The curve of the recovery: what was left without a source after each candidate."""
    curve = workspace.read("recovery").to_dicts()
    rows = [
        {
            "round": point["round"],
            "taken in": point["candidate"] or "(as it was)",
            "estimated": point["estimated"],
            "95% interval": f"{point['estimated_low']} to {point['estimated_high']}"
            if point["candidate"]
            else "",
            "by": point["estimated_by"],
            "found": point["found"],
            "without a source": point["residue_rows"],
            "share": f"{point['residue_share']:.2%}",
        }
        for point in curve
    ]
    print_table("Source recovery", rows)
