"""The command `curate`: the mix that a recipe describes, and the ledger of how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlvr_atlas.cli.app import AsJson, EngineName, RayAddress, WorkspacePath, app, working
from rlvr_atlas.cli.show import err, hint, one_line, out, print_json, print_table, progress

if TYPE_CHECKING:
    from rlvr_atlas.workspace.store import Workspace


@app.command()
def curate(
    workspace: WorkspacePath,
    engine: EngineName = "local",
    ray_address: RayAddress = None,
    as_json: AsJson = False,
) -> None:
    """Make the mix of the recipe's [curate] table, where something changed; say what became of every row."""
    from rlvr_atlas import pipeline
    from rlvr_atlas.errors import RecipeError
    from rlvr_atlas.workspace.store import Workspace

    recipe = pipeline.stored_recipe(Workspace(workspace))
    beside = pipeline.recipes_beside(Workspace(workspace))
    changed = [(file, now) for file, now in beside if now.curate not in (None, recipe.curate)]
    if changed and len(beside) > 1:
        names = ", ".join(file.name for file, _ in beside)
        told = f"{names} are all of this workspace, so [curate] is that of its last run"
        err.print(f"warning: {one_line(told)}: rlvr-atlas run RECIPE.toml takes another", markup=False)
    elif changed:
        file, now = changed[0]
        recipe = recipe.model_copy(update={"curate": now.curate})
        err.print(f"[curate] is that of {file}, which changed since the run", markup=False)
    if recipe.curate is None:
        fix = "add one (docs/curate.md) and run the recipe: rlvr-atlas run RECIPE.toml"
        raise RecipeError("the recipe has no [curate] table", where=str(workspace), fix=fix)
    with progress() as on_progress, working(engine, ray_address):
        made = pipeline.run(recipe, stages=["curate"], on_progress=on_progress)
    facts = _facts(made)
    limits = made.manifest["stages"]["curate"]["limits"]
    if as_json:
        print_json({"name": recipe.curate.name, **facts, "limits": limits})
        return
    print_table(f"What became of {facts['considered']} rows", facts["decisions"])
    print_table(f"Where the {facts['rows']} rows of the mix come from", facts["sources"])
    out.print(f"licence: {facts['license'] or 'unknown'}", markup=False)
    for limit in limits:
        out.print(f"note: {limit}", markup=False)
    hint(f"write it with: rlvr-atlas export {workspace} --format verl")


def _facts(workspace: Workspace) -> dict[str, Any]:
    import polars as pl

    from rlvr_atlas.spdx import combined

    decisions, mix = workspace.read("decisions"), workspace.read("mix")
    counted = decisions.group_by("action", "reason").agg(rows=pl.len())
    sources = mix.group_by("dataset", "atomic_source", "license").agg(rows=pl.len())
    return {
        "considered": decisions.height,
        "rows": mix.height,
        "license": combined(mix["license"].unique().to_list()),
        "decisions": counted.sort("action", "rows", "reason", descending=[False, True, False]).to_dicts(),
        "sources": sources.sort(
            "rows", "dataset", "atomic_source", descending=[True, False, False]
        ).to_dicts(),
    }
