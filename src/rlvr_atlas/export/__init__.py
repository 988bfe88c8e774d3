"""Export: a curated mix as files that trainers and catalogues read.

Formats that a library writes are written by that library. Nothing is computed here: what a file says is in
the workspace's tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from rlvr_atlas.config import Recipe
from rlvr_atlas.errors import InputError, WorkspaceError
from rlvr_atlas.export.card import card
from rlvr_atlas.export.croissant import croissant
from rlvr_atlas.export.facts import Facts, facts
from rlvr_atlas.export.provenance import prov
from rlvr_atlas.export.training import flat, openrlhf, trl, verl, with_template

__all__ = ["FORMATS", "export"]

_TRAINING: dict[str, Callable[[pl.DataFrame, str], dict[str, bytes]]] = {
    "verl": verl,
    "trl": trl,
    "openrlhf": openrlhf,
    "flat": flat,
}
_DESCRIPTIONS: dict[str, Callable[[Facts], dict[str, bytes]]] = {
    "card": card,
    "croissant": croissant,
    "prov": prov,
}
FORMATS = (*_TRAINING, *_DESCRIPTIONS)


def export(tables: Mapping[str, pl.LazyFrame], recipe: Recipe, form: str) -> dict[str, bytes]:
    """The files of one format.

    Args:
        tables: Of a workspace.
        recipe: It was made with; its `[curate]` names the mix and the template.
        form: One of `FORMATS`.

    Returns:
        File name -> content; the same for the same workspace.

    Raises:
        WorkspaceError: If there is no mix.
        InputError: If the format is unknown, or cannot hold this mix.
        MissingExtraError: If the format needs a library that is not installed.
    """
    if form not in FORMATS:
        raise InputError(f"unknown format '{form}'", fix=f"choose one of: {', '.join(FORMATS)}")
    if recipe.curate is None or "mix" not in tables:
        fix = "add a [curate] table to the recipe (docs/curate.md) and run it"
        raise WorkspaceError("there is no mix to export", fix=fix)
    if form in _DESCRIPTIONS:
        return _DESCRIPTIONS[form](facts(tables, recipe.curate))
    mix = with_template(tables["mix"].collect(), recipe.curate.template)
    return _TRAINING[form](mix, recipe.curate.name)
