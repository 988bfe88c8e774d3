"""The TOML files of the registry as they are written: the packaged ones, and one of the user.

Nothing is checked here, so that a list is printed at once; `entries.py` has the models.
"""

from __future__ import annotations

import os
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from rlvr_atlas.errors import InputError

#: The kinds of entries: tables of a file of the user, and arguments of `registry list`.
KINDS = ("datasets", "benchmarks", "sources")
#: A file of the user that is found without being named: beside a recipe.
FILE = "rlvr-atlas-registry.toml"
#: Names a file of the user for every command; the option `--registry` sets it.
VARIABLE = "RLVR_ATLAS_REGISTRY"
Facts = dict[str, Any]


@cache
def packaged(kind: str) -> dict[str, Facts]:
    """The packaged entries of a kind, by id, as their TOML file says."""
    held = _packaged(kind)
    return dict(held["sources"]) if kind == "sources" else held


@cache
def label_rules() -> Facts:
    """`[labels]` of sources.toml."""
    return dict(_packaged("sources")["labels"])


def named_by_user() -> Path | None:
    """The file that `--registry` or the environment names."""
    return Path(name) if (name := os.environ.get(VARIABLE)) else None


def read_own(path: Path) -> tuple[dict[str, dict[str, Facts]], bytes]:
    """A file of the user: kind -> id -> facts, and its bytes.

    Raises:
        InputError: Where it is missing, unreadable, not TOML, or has other tables than the three kinds.
    """
    try:
        content = path.read_bytes()
        tables = tomllib.loads(content.decode("utf-8"))
    except FileNotFoundError:
        raise InputError("no such registry file", where=str(path), fix="check the path") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"not a readable TOML file ({error})", where=str(path)) from None
    fix = "its tables are [datasets.ID], [benchmarks.ID] and [sources.ID]"
    for kind, held in tables.items():
        if kind not in KINDS:
            raise InputError(f"unknown table [{kind}]", where=str(path), fix=fix)
        if not isinstance(held, dict) or not all(isinstance(facts, dict) for facts in held.values()):
            raise InputError(f"[{kind}] is no table of entries", where=str(path), fix=fix)
    return {kind: tables.get(kind, {}) for kind in KINDS}, content


def over(known: dict[str, Facts], own: dict[str, Facts]) -> dict[str, Facts]:
    """Entries of the user over packaged ones of the same id, key by key; those of the user come first.

    What a packaged key rests on is no evidence for another value of it.
    """
    merged = {}
    for name, facts in own.items():
        before = known.get(name, {})
        evidence = {key: why for key, why in before.get("evidence", {}).items() if key not in facts}
        told = facts.get("evidence", {})
        both = {**evidence, **told} if isinstance(told, dict) else told
        merged[name] = {**before, **facts, **({"evidence": both} if both else {})}
        if not both:
            merged[name].pop("evidence", None)
    return {**merged, **{name: facts for name, facts in known.items() if name not in merged}}


def _packaged(kind: str) -> Facts:
    return tomllib.loads((files(__package__) / f"{kind}.toml").read_text(encoding="utf-8"))
