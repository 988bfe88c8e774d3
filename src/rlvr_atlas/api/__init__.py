"""The Python API: thin functions over the stages, for scripts and notebooks (docs/api.md).

`rlvr_atlas` has these names too and loads this package when one of them is first used. Nothing is decided or
computed here: data becomes a dataset of a recipe, the pipeline carries the recipe out, and the result shows
the tables.
"""

from rlvr_atlas.api.functions import audit, check, compare, curate, explain, open_workspace, trace
from rlvr_atlas.api.results import Audit, Check, Mix, Trace

__all__ = [
    "Audit",
    "Check",
    "Mix",
    "Trace",
    "audit",
    "check",
    "compare",
    "curate",
    "explain",
    "open_workspace",
    "trace",
]
