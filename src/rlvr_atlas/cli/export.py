"""The command `export`: the mix as files for trainers and catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlvr_atlas.cli.app import AsJson, WorkspacePath, app
from rlvr_atlas.cli.show import out, print_json


@app.command()
def export(
    workspace: WorkspacePath,
    form: Annotated[
        str, typer.Option("--format", help="verl, trl, openrlhf, flat, card, croissant or prov.")
    ],
    folder: Annotated[
        Path | None, typer.Option("--out", help="Where to; WORKSPACE/export/FORMAT where left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the curated mix, its dataset card, or its provenance."""
    from rlvr_atlas import pipeline
    from rlvr_atlas.export import export as export_mix
    from rlvr_atlas.workspace.store import Workspace, write_export

    store = Workspace(workspace)
    files = export_mix(store.tables(), pipeline.stored_recipe(store), form)
    target = folder or workspace / "export" / form
    for name, content in files.items():
        write_export(target / name, content)
    written = [{"file": str(target / name), "bytes": len(content)} for name, content in files.items()]
    if as_json:
        print_json(written)
        return
    for file in written:
        out.print(f"{file['file']} ({file['bytes']:,} bytes)", markup=False)
