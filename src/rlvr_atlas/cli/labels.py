"""The command `labels`: rows whose gold answer is probably wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rlvr_atlas.cli.app import AsJson, WorkspacePath, app
from rlvr_atlas.cli.show import hint, out, print_json, print_table
from rlvr_atlas.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from rlvr_atlas.workspace.store import Workspace

_SHOWN = 20


@app.command()
def labels(
    workspace: WorkspacePath,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only rows of this dataset. Repeatable; all without it.")
    ] = None,
    min_probability: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Only rows at least so likely to be wrong.")
    ] = 0.5,
    as_json: AsJson = False,
) -> None:
    """List gold answers that are probably wrong: other rows contradict them, or their question does."""
    import polars as pl

    from rlvr_atlas.workspace.store import Workspace

    with Workspace(workspace).locked() as place:
        held = place.read("datasets")["dataset"].to_list()
        for name in dataset or []:
            if name not in held:
                fix = f"it holds: {', '.join(held)}"
                raise InputError(f"no dataset '{name}'", where=str(workspace), fix=fix)
        found = _found(place)
    if dataset:
        found = found.filter(pl.col("dataset").is_in(dataset))
    likely = found.filter(pl.col("probability") >= min_probability)
    contradicted = found["sources_against"].count()
    excluded = found["evidence"].str.contains('"check": ', literal=True).sum()
    if as_json:
        print_json({"contradicted": contradicted, "excluded": excluded, "rows": likely.to_dicts()})
        return
    if found.is_empty():
        out.print("0 gold answers are contradicted by another row of the same problem", markup=False)
        return
    shown = ("dataset", "row", "answer", "probability", "suggested", "sources_for", "sources_against")
    print_table(
        f"Gold answers that are probably wrong: {likely.height} of {contradicted} contradicted ones"
        + (f" and {excluded} that their question excludes" if excluded else ""),
        likely.head(_SHOWN).select(shown).to_dicts(),
        more=likely.height - _SHOWN,
    )
    hint("note: an answer that no other row contradicts may be wrong too")
    if likely.height:
        first = likely.row(0, named=True)
        hint(f"next: rlvr-atlas explain {workspace} {first['dataset']}:{first['row']}")


def _found(place: Workspace) -> pl.DataFrame:
    """The table, made anew where what it was made from has changed."""
    from rlvr_atlas.audit.labels import TABLES, gold_errors
    from rlvr_atlas.workspace.graph import made_from

    made = made_from(place, "labels")
    if not place.done("labels", made):
        found = gold_errors({name: place.read(name) for name in TABLES})
        place.finish("labels", made, {"gold_errors": found}, seconds=0.0)
    return place.read("gold_errors")
