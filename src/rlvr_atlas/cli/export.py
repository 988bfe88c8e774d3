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
    original: Annotated[
        bool,
        typer.Option(
            "--original/--without-original",
            help="Whether every row carries its original row, read again from the files of its dataset.",
        ),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Write the curated mix, its dataset card, or its provenance."""
    from rlvr_atlas import pipeline
    from rlvr_atlas.export import export as export_mix
    from rlvr_atlas.workspace.store import Workspace

    store = Workspace(workspace)
    target = folder or workspace / "export" / form
    exported = export_mix(store.tables(), pipeline.stored_recipe(store), form, target, originals=original)
    written = [{"file": str(file), "bytes": file.stat().st_size} for file in exported.files]
    if as_json:
        print_json(written)
        return
    for file in written:
        out.print(f"{file['file']} ({file['bytes']:,} bytes)", markup=False)
    for limit in exported.limits:
        out.print(f"note: {limit}", markup=False)
