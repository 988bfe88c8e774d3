"""Commands that look things up in a workspace: explain and compare."""

from __future__ import annotations

import dataclasses
import sys
from typing import Annotated

import typer

from rlvr_atlas.cli.app import AsJson, WorkspacePath, app
from rlvr_atlas.cli.show import print_json, print_table, show_explanation


@app.command()
def explain(
    workspace: WorkspacePath,
    query: Annotated[
        str, typer.Argument(help="A problem text, a key, or DATASET:ROW; '-' reads it from standard input.")
    ],
    rewordings: Annotated[
        bool,
        typer.Option("--rewordings", help="Search for a heavy rewording of the text, which takes longer."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say where one problem comes from, with the evidence."""
    from rlvr_atlas.explain import explain as explain_problem
    from rlvr_atlas.workspace.store import Workspace

    # Bytes that are no UTF-8 are shown as such in what was understood, and cost nothing else.
    text = sys.stdin.buffer.read().decode("utf-8", "replace") if query == "-" else query
    found = explain_problem(Workspace(workspace), text, rewordings=rewordings)
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        show_explanation(found, searched=rewordings)


@app.command()
def compare(
    workspace: WorkspacePath,
    left: Annotated[str, typer.Argument(metavar="A", help="A dataset id.")],
    right: Annotated[str, typer.Argument(metavar="B", help="Another dataset id.")],
    as_json: AsJson = False,
) -> None:
    """Overlap of two datasets, in both directions."""
    from rlvr_atlas.compare import compare as compare_datasets
    from rlvr_atlas.workspace.store import Workspace

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
