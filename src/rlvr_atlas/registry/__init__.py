"""The registry: published datasets, benchmarks and atomic sources, and the many names they go by.

Everything known about a single dataset is data, in the three TOML files beside this page and in a file of
the user; the code only looks names up. A label that is not known stays unknown: it is never guessed.

`tables.py` reads the files, `known.py` looks names up, `own.py` checks and writes a file of the user,
`in_use.py` says which counts. The names here are read when one is first used: a list needs no model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlvr_atlas.registry.entries import Entry, Source
    from rlvr_atlas.registry.in_use import (
        benchmarks,
        current,
        datasets,
        find,
        map_label,
        map_upstream,
        of,
        sources,
        suggest,
        use,
    )
    from rlvr_atlas.registry.known import Registry
    from rlvr_atlas.registry.own import add

__all__ = [
    "Entry",
    "Registry",
    "Source",
    "add",
    "benchmarks",
    "current",
    "datasets",
    "find",
    "map_label",
    "map_upstream",
    "of",
    "sources",
    "suggest",
    "use",
]

if not TYPE_CHECKING:  # else a misspelled name would pass for anything

    def __getattr__(name: str) -> object:
        """A name of `in_use.py` or `own.py`, when it is first used."""
        if name in __all__:
            from rlvr_atlas.registry import in_use, own

            return getattr(own if name == "add" else in_use, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
