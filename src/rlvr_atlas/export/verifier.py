"""Which checker tells whether an answer to a row is right, and which version of it.

A row that names its checker is believed. An answer that is one value can be checked by math-verify. What
neither holds for, as code with tests, has no verifier here: that is for the trainer to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import polars as pl
import pyarrow as pa

from rlvr_atlas.curate.rules import is_checkable
from rlvr_atlas.load.names import normal

VERIFIER = pa.struct([("name", pa.string()), ("version", pa.string()), ("known_from", pa.string())])
_POLARS = pl.Struct({"name": pl.String, "version": pl.String, "known_from": pl.String})
#: Fields that name a checker, and structs that such a field may be in.
_NAMES = (
    "verifier", "verifier_name", "verifier_id", "verifier_type", "verification_type", "reward_function",
    "reward_fn", "reward_func", "grader", "checker", "scorer",
)  # fmt: skip
_OUTER = ("reward_model", "extra_info", "verification_info", "metadata", "meta")
_FIELDS = {normal(name): None for name in _NAMES}
_VERSIONS = frozenset(normal(f"{name}_version") for name in _NAMES)
#: A longer text is the program of a checker, not its name.
_LONGEST = 100


def stated_verifier(row: Mapping[str, Any]) -> dict[str, str | None] | None:
    """The checker that a row names, as `VERIFIER`; None where it names none."""
    for part in (row, *(row[name] for name in _OUTER if isinstance(row.get(name), dict))):
        named = {normal(str(name)): value for name, value in part.items()}
        told = next((named[name] for name in _FIELDS if named.get(name)), None)
        version_ = next((named[name] for name in sorted(_VERSIONS & named.keys())), None)
        if isinstance(told, dict):
            version_ = told.get("version", version_)
            told = told.get("name") or told.get("type")
        if isinstance(told, str) and told.strip() and len(told) <= _LONGEST:
            said = None if version_ is None else str(version_)[:_LONGEST]
            return {"name": told.strip(), "version": said, "known_from": "row"}
    return None


def verifiers(mix: pl.DataFrame, stated: Sequence[dict[str, str | None] | None] | None = None) -> pl.Series:
    """The verifier of each row of a mix; null where it is not known.

    Args:
        mix: Rows of schema.MIX.
        stated: What the rows themselves name.
    """
    by_value = {"name": "math-verify", "version": version("math-verify"), "known_from": "answer"}
    one_value = is_checkable(mix["answer"]) & mix["domain"].is_in(("math", "other"))
    pairs = zip(stated or [None] * mix.height, one_value, strict=True)
    found = [told or (by_value if checkable else None) for told, checkable in pairs]
    return pl.Series("verifier", found, _POLARS)
