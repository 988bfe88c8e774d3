"""A registry file of the user: read and checked, and added to."""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rlvr_atlas.errors import InputError
from rlvr_atlas.registry.entries import Entry, Source
from rlvr_atlas.registry.known import Registry, normal
from rlvr_atlas.registry.tables import KINDS, Facts, over, packaged, read_own

_MODELS: dict[str, type[Entry] | type[Source]] = {
    "datasets": Entry,
    "benchmarks": Entry,
    "sources": Source,
}


def load(path: Path) -> Registry:
    """The registry with a file of the user over the packaged entries.

    Args:
        path: The file. A `path` of an entry starts from its folder.

    Raises:
        InputError: Where it cannot be read, or something in it is wrong; all at once.
    """
    own, content = read_own(path)
    _check(own, path)
    for facts in (*own["datasets"].values(), *own["benchmarks"].values()):
        if "path" in facts:
            facts["path"] = _from_folder(facts["path"], path.resolve().parent)
    return Registry(own, digest=hashlib.sha256(content).hexdigest()[:16])


def add(path: Path, kind: str, name: str, facts: Mapping[str, Any]) -> Registry:
    """Write an entry at the end of a file of the user, which is made where it is not there.

    Args:
        path: The file.
        kind: One of `KINDS`.
        name: The id.
        facts: The keys of the entry; those that are None, empty or False are left out.

    Returns:
        The registry with it.

    Raises:
        InputError: Where the file holds the id already, or the entry is wrong. The file is as it was.
    """
    from rlvr_atlas.files import replace_file  # loads Polars, which nothing else here needs

    before = path.read_text(encoding="utf-8") if path.exists() else ""
    own = read_own(path)[0] if before else {kind: {} for kind in KINDS}
    if name in own[kind]:
        fix = f"change its table [{kind}.{name}] there"
        raise InputError(f"'{name}' is in it already", where=str(path), fix=fix)
    given = {key: value for key, value in facts.items() if value not in (None, "", [], {}, False)}
    own[kind][name] = given
    _check(own, path)
    entry = _as_toml(f"{kind}.{_toml_key(name)}", given)
    text = f"{before.rstrip()}\n\n{entry}" if before.strip() else entry
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"), error=InputError)
    return load(path)


def _check(own: dict[str, dict[str, Facts]], path: Path) -> None:
    """Raise where an entry is wrong by itself, or does not go with the others."""
    problems = [problem for kind in KINDS for problem in _wrong_alone(kind, own[kind])]
    problems = problems or list(_wrong_together(Registry(own), own))
    if problems:
        fix = "see docs/registry.md for the keys of an entry"
        raise InputError("; ".join(problems), where=str(path), fix=fix)


def _wrong_alone(kind: str, own: dict[str, Facts]) -> Iterator[str]:
    model = _MODELS[kind]
    merged = over(packaged(kind), own)
    for name in own:
        try:
            model.model_validate({"id": name, **merged[name]})
        except ValidationError as error:
            for problem in error.errors():
                yield f"[{kind}.{name}] {_sentence(problem, list(model.model_fields))}"


def _sentence(problem: Any, keys: list[str]) -> str:  # noqa: ANN401  pydantic's own dictionary
    """One complaint of pydantic."""
    place, message = ".".join(str(part) for part in problem["loc"]), str(problem["msg"])
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(place, keys, n=1)
        return f"unknown key '{place}'{f' (did you mean {near[0]!r}?)' if near else ''}"
    if problem["type"] == "missing":
        return f"'{place}' is missing"
    if problem["type"].startswith("date"):
        return f"'{place}' must be a date such as 2025-03-17"
    told = message.removeprefix("Value error, ")
    return f"'{place}': {told}" if place else told


def _wrong_together(merged: Registry, own: dict[str, dict[str, Facts]]) -> Iterator[str]:
    """Sources that are not known, upstreams that are younger, names that mean another entry already."""
    for kind, held in (("datasets", merged.datasets), ("benchmarks", merged.benchmarks)):
        for name in own[kind]:
            entry, place = held[name], f"[{kind}.{name}]"
            if not (entry.path or entry.hub or entry.url):
                yield f"{place} has no 'path', 'hub' or 'url': nobody could find it"
            named = [*entry.labels.values(), *([entry.atomic_source] if entry.atomic_source else [])]
            for source in dict.fromkeys(named):
                if source not in merged.sources:
                    near = difflib.get_close_matches(source, list(merged.sources), n=1)
                    hint = f" (did you mean '{near[0]}'?)" if near else f"; add it as [sources.{source}]"
                    yield f"{place} names the source '{source}', which is not known{hint}"
            for up in filter(None, map(merged.find, entry.derived_from)):
                if up.released and entry.released and up.released > entry.released:
                    dates = f"{entry.released}, before its upstream {up.id} ({up.released})"
                    yield f"{place} was released on {dates}"
    yield from _taken(own, merged)


def _taken(own: dict[str, dict[str, Facts]], merged: Registry) -> Iterator[str]:
    """A name that the user's entry and another one go by would mean two things."""
    for kinds in (("datasets", "benchmarks"), ("sources",)):
        # Packaged entries first: theirs is the name that was there.
        known = [(kind, name) for kind in kinds for name in packaged(kind)]
        known += [(kind, name) for kind in kinds for name in own[kind] if (kind, name) not in known]
        names: dict[str, tuple[str, str]] = {}
        for kind, name in known:
            for other in dict.fromkeys([name, *merged.facts(kind)[name].get("aliases", [])]):
                first = names.setdefault(normal(other), (kind, name))
                mine = name in own[kind] or first[1] in own[first[0]]
                if first != (kind, name) and mine:
                    yield f"'{other}' of [{kind}.{name}] is a name of [{first[0]}.{first[1]}] too"


def _from_folder(path: str | list[str], folder: Path) -> str | list[str]:
    if isinstance(path, list):
        return [str(folder / Path(one).expanduser()) for one in path]
    return str(folder / Path(path).expanduser())


# --- TOML ----------------------------------------------------------------------------------------------


def _as_toml(title: str, facts: Mapping[str, Any]) -> str:
    """A table; tables in it stand below it, each under its own title."""
    plain = [
        f"{_toml_key(key)} = {_toml_value(value)}" for key, value in facts.items() if not _is_table(value)
    ]
    below = [_as_toml(f"{title}.{_toml_key(key)}", value) for key, value in facts.items() if _is_table(value)]
    return "\n".join([f"[{title}]", *plain, *below]).rstrip() + "\n"


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _toml_key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "a").replace("-", "a").isalnum()
    return key if bare else _toml_value(key)


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date | int | float):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_toml_value(one) for one in value)}]"
    # JSON's escapes are TOML's too, but for DEL, which JSON may hold as it is.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
