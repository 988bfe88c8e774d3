"""From a recipe file to settings: read it, complete its datasets from the registry, check it.

What the recipe says wins over the registry, key by key. Where the recipe gives a place of its own (`path`, or
another `hub`), the registry's place is left out, and so is its adapter: that describes the published files,
and others are better detected.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from rlvr_atlas import registry
from rlvr_atlas.config import DatasetSpec, Recipe, entries, parse_recipe, read_toml
from rlvr_atlas.registry import Registry
from rlvr_atlas.registry.tables import FILE, named_by_user

#: What describes the published files only.
_OF_THE_FILES = {"path", "hub", "revision", "files", "adapter"}


def read_recipe(path: Path) -> Recipe:
    """Read a recipe, complete it and check it.

    Args:
        path: A TOML file (docs/recipes.md); relative paths in it start from its folder.

    Returns:
        The recipe, every dataset with a place to load it from. Names in `derived_from` that mean a dataset of
        the recipe are its id there.

    Raises:
        RecipeError: Where it cannot be read or carried out; all that is wrong with it at once.
        InputError: Where its registry file cannot be read, or is wrong.
    """
    data = read_toml(path)
    own = _own_registry(data, path.parent)
    known = registry.of(own and path.parent / own)
    if own:
        data["registry"] = str(own)
    both = [*entries(data), *entries(data, "candidates")]
    named = [entry for entry in both if isinstance(entry.get("id"), str)]
    problems = [problem for entry in named if (problem := _placeless(entry, known))]
    for entry in named:
        entry.update(_completed(entry, known))
    _resolve_upstreams(named, known)
    return parse_recipe(data, base=path.parent, where=str(path), problems=[*problems, *_circle(named)])


def upstream_warnings(recipe: Recipe) -> list[str]:
    """Upstreams that neither the recipe nor the registry knows: perhaps misspelled, and without effect.

    Returns:
        A sentence for each, in the order of the recipe.
    """
    ids = {spec.id.lower() for spec in [*recipe.datasets, *recipe.candidates]}
    known = registry.of(recipe.registry_path)
    warnings = []
    for spec in recipe.datasets:
        for name in spec.derived_from:
            if name.lower() in ids or known.find(name) or known.map_upstream(name):
                continue
            hint = _did_you_mean(name, known, [other.id for other in recipe.datasets if other is not spec])
            unknown = f"derived_from names {name!r}, which neither the recipe nor the registry knows"
            warnings.append(f"dataset {spec.id}: {unknown}{hint}")
    return warnings


def _own_registry(data: dict[str, Any], folder: Path) -> Path | None:
    """The registry file of the user: that of the command, of the recipe, or the one beside it."""
    if (named := named_by_user()) is not None:
        return named.resolve()
    if isinstance(given := data.get("registry"), str):
        return Path(given).expanduser()
    return Path(FILE) if (folder / FILE).is_file() else None


def _placeless(entry: dict[str, Any], registered: Registry) -> str | None:
    """What to say where neither the recipe nor the registry knows where a dataset is."""
    known = registered.find(entry["id"])
    if "path" in entry or "hub" in entry or (known and (known.hub or known.path)):
        return None
    if known:
        where = f" (published at {known.url})" if known.url else ""
        return f"dataset {entry['id']}: no Hub repository is known for it, so give its 'path'{where}"
    hint = _did_you_mean(entry["id"], registered)
    return f"dataset {entry['id']}: not in the registry{hint}, so give its 'path' or 'hub'"


def _did_you_mean(name: str, registered: Registry, others: Sequence[str] = ()) -> str:
    close = [*difflib.get_close_matches(name, others, n=2), *registered.suggest(name)]
    named = " or ".join(f"'{other}'" for other in dict.fromkeys(close))
    return f" (did you mean {named}?)" if named else ""


def _completed(entry: dict[str, Any], registered: Registry) -> dict[str, Any]:
    """The entry with what the registry knows of it."""
    known = registered.find(entry["id"])
    if known is None:
        return entry
    facts = known.model_dump(include=set(DatasetSpec.model_fields) - {"id"}, exclude_unset=True)
    # What the registry's date rests on is no evidence for another date.
    evidence = {key: why for key, why in known.evidence.items() if key not in entry and key in facts}
    if "path" in entry or str(entry.get("hub", known.hub)).lower() != str(known.hub).lower():
        facts = {key: value for key, value in facts.items() if key not in _OF_THE_FILES}
        evidence = {key: why for key, why in evidence.items() if key not in _OF_THE_FILES}
    given = entry.get("evidence", {})
    both = {**evidence, **given} if isinstance(given, dict) else given
    facts.pop("evidence", None)
    entry = {**entry, "evidence": both} if both else entry
    adapter = entry.get("adapter")
    if isinstance(adapter, dict) and "adapter" in facts:
        # `answer` and `solution` are two ways to say one thing: where the recipe has one, that alone counts.
        settled = {"answer", "solution"} if {"answer", "solution"} & adapter.keys() else set()
        theirs = {key: value for key, value in facts["adapter"].items() if key not in settled}
        return {**facts, **entry, "adapter": {**theirs, **adapter}}
    return {**facts, **entry}


def _resolve_upstreams(named: list[dict[str, Any]], registered: Registry) -> None:
    """Put the recipe's own id wherever `derived_from` means one of its datasets under another name."""
    meant: dict[str, str] = {}
    known = {entry["id"]: registered.find(entry["id"]) for entry in named}
    for entry in named:
        meant.setdefault(entry["id"].lower(), entry["id"])
    for entry in named:
        other = known[entry["id"]]
        for name in (other.id if other else None, entry.get("hub")):
            if isinstance(name, str):
                meant.setdefault(name.lower(), entry["id"])

    def resolve(name: object) -> object:
        if not isinstance(name, str):
            return name
        names, entry = [name], registered.find(name)
        if entry:
            names.append(entry.id)
            # Two halves of one repository have the same Hub id, which then means the first.
            names += [entry.hub] if entry.hub and registered.find(entry.hub) is entry else []
        return next((meant[other.lower()] for other in names if other.lower() in meant), name)

    for entry in named:
        if isinstance(entry.get("derived_from"), list):
            entry["derived_from"] = [resolve(name) for name in entry["derived_from"]]


def _circle(named: list[dict[str, Any]]) -> list[str]:
    """A sentence if datasets are derived from each other in a circle."""
    upstreams = {
        entry["id"]: [name for name in entry["derived_from"] if isinstance(name, str)]
        for entry in named
        if isinstance(entry.get("derived_from"), list)
    }
    try:
        TopologicalSorter(upstreams).prepare()
    except CycleError as error:
        return [f"derived_from runs in a circle: {' -> '.join(reversed(error.args[1]))}"]
    return []
