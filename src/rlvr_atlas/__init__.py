"""Where each row of an RLVR dataset comes from, what it leaks, and what to train on instead.

The Python API is here. It is loaded when one of its names is first used, so that the command line starts
at once.

    import rlvr_atlas as atlas

    traced = atlas.trace("train.jsonl", against=["aime24", "test.jsonl"])
    print(traced.summary)

Some functions have the name of the module behind them. `rlvr_atlas.check` is the function; write
`from rlvr_atlas.check import ...` for what is in the module.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlvr_atlas.api import (
        Audit,
        Check,
        Mix,
        Trace,
        audit,
        check,
        compare,
        curate,
        explain,
        open_workspace,
        trace,
    )
    from rlvr_atlas.errors import AtlasError

__version__ = "0.1.0"

__all__ = [
    "AtlasError",
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


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'rlvr_atlas' has no attribute {name!r}")
    if name == "AtlasError":
        from rlvr_atlas.errors import AtlasError

        return AtlasError
    from rlvr_atlas import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps the names of the API from being replaced.

    Python puts every imported submodule into its package under its name, which would hide the function
    `audit` behind the package `rlvr_atlas.audit`, depending on what was imported before.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
