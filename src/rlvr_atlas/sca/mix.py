"""Training on a curated mix, with the settings with which sources are trained on."""

from __future__ import annotations

import polars as pl

from rlvr_atlas.config import SCASettings
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.sources import Plan
from rlvr_atlas.schema import SCA_PROBLEMS, SCA_SOURCES, conform
from rlvr_atlas.workspace.store import Workspace

#: Put before the name of a mix, so that it is never that of a source.
_PREFIX = "mix-"


def mix_plan(workspace: Workspace, settings: SCASettings, name: str) -> Plan:
    """A plan whose only source is the mix, as `mix-NAME`: its rows with an answer, all of them for training.

    Args:
        workspace: Curated.
        settings: `[sca]` of the recipe.
        name: Of the mix.

    Raises:
        WorkspaceError: If there is no mix, or the workspace has changed since it was made.
        InputError: If none of its rows has an answer.
    """
    source = f"{_PREFIX}{name}"
    rows = workspace.read("mix").drop_nulls("answer")
    if rows.is_empty():
        raise InputError("no row of the mix has an answer", where=str(workspace.folder))
    told = rows.select("key", "prompt", "answer", source=pl.lit(source), split=pl.lit("train"))
    line = pl.DataFrame({"source": [source], "problems": [rows.height], "train": [rows.height]})
    problems, sources = conform(told, SCA_PROBLEMS), conform(line, SCA_SOURCES)
    return Plan(workspace.folder / "sca", settings, problems, sources)
