"""The command `export`: the mix as files for trainers and catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rlvr_atlas.cli.app import AsJson, WorkspacePath, app
from rlvr_atlas.cli.show import out, print_json

if TYPE_CHECKING:
    from rlvr_atlas.workspace.store import Workspace


@app.command()
def export(
    workspace: WorkspacePath,
    form: Annotated[
        str,
        typer.Option(
            "--format", help="verl, trl, openrlhf, flat, card, croissant, prov, sidecar, wandb or mlflow."
        ),
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
    dataset: Annotated[
        list[str] | None,
        typer.Option(help="Of 'sidecar': whose rows; all training sets where left out. Repeatable."),
    ] = None,
    push: Annotated[
        str | None, typer.Option(metavar="HUB_REPO", help="Say what would go to this dataset repository.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--no-dry-run", help="With --no-dry-run it goes there.")
    ] = True,
    project: Annotated[
        str, typer.Option(help="Of 'wandb' and 'mlflow': the project or experiment that gets the run.")
    ] = "rlvr-atlas",
    with_report: Annotated[
        bool, typer.Option("--with-report", help="Of these two: send report.html too, which holds examples.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the curated mix, its dataset card, or its provenance; or where the rows of datasets come from.

    `wandb` and `mlflow` log the numbers of the report as a run: metrics and tables, no text of a problem.
    """
    from rlvr_atlas import pipeline
    from rlvr_atlas.export import export as export_mix
    from rlvr_atlas.export import track
    from rlvr_atlas.workspace.store import Workspace

    store = Workspace(workspace)
    if form in track.TRACKERS:
        _log(store, form, project, with_report, as_json)
        return
    target = folder or workspace / "export" / form
    recipe = pipeline.stored_recipe(store)
    exported = export_mix(store.tables(), recipe, form, target, originals=original, datasets=dataset or ())
    written = [{"file": str(file), "bytes": file.stat().st_size} for file in exported.files]
    pushed = None
    if push is not None:
        from rlvr_atlas.export.push import push as push_files

        pushed = push_files(exported.files, push, message=f"{form} by rlvr-atlas", dry_run=dry_run)
    if as_json:
        print_json(written if push is None else {"files": written, "repository": push, "commit": pushed})
        return
    for file in written:
        out.print(f"{file['file']} ({file['bytes']:,} bytes)", markup=False)
    for limit in exported.limits:
        out.print(f"note: {limit}", markup=False)
    if push is not None and pushed is None:
        out.print(f"dry run: --no-dry-run puts these {len(written)} files into {push}", markup=False)
    elif push is not None:
        out.print(f"pushed: {pushed}", markup=False)


def _log(store: Workspace, tracker: str, project: str, with_report: bool, as_json: bool) -> None:
    """The numbers of the report, as a run of a tracker."""
    from rlvr_atlas.export import track
    from rlvr_atlas.report import summary

    facts = summary({name: frame.collect() for name, frame in store.tables().items()}, store.manifest)
    report = store.folder / "report.html"
    name = store.folder.resolve().name
    run = track.run_of(facts, store.manifest, name, [report] if with_report and report.exists() else [])
    where = track.log(run, tracker, project)
    if as_json:
        print_json({"tracker": tracker, "project": project, "run": where, "tables": list(run.tables)})
        return
    out.print(f"{tracker}: {where}: {len(run.metrics)} metrics, {len(run.tables)} tables", markup=False)
