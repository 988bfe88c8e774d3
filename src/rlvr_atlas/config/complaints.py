"""What is wrong with a recipe, in sentences that name datasets and keys."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

#: What a value must be, by the kind of pydantic's complaint; other complaints are passed on as they are.
_MUST_BE = {
    "string_type": "text",
    "list_type": "a list of texts",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "date_type": "a date such as 2025-03-17",
    "date_parsing": "a date such as 2025-03-17",
    "date_from_datetime_parsing": "a date such as 2025-03-17",
    "date_from_datetime_inexact": "a date such as 2025-03-17",
}


def sentences(error: ValidationError, data: Mapping[str, Any], model: type[BaseModel]) -> list[str]:
    """Pydantic's complaints as sentences that name datasets, not positions; one sentence for each place.

    Args:
        error: What pydantic said of a recipe.
        data: The recipe, as it was read.
        model: Of a whole recipe.
    """
    must_be: dict[str, list[str]] = {}
    told = []
    for problem in error.errors():
        kind, loc = problem["type"], problem["loc"]
        if kind == "extra_forbidden":
            told.append(unknown_key(loc[:-1], str(loc[-1]), model, _place(loc[:-1], data)))
            continue
        # After the key of a dataset come the arms of a union and positions: ("path", "list[str]", 0).
        in_list = len(loc) > 2 and isinstance(loc[-1], int)
        place = _place([*loc[:2], *(part for part in loc[2:] if not _is_arm(part))], data)
        if loc == ("datasets",):
            told.append("there are no datasets: each one is a table under a [[datasets]] of its own")
        elif kind in _MUST_BE:
            must_be.setdefault(place, []).append("a list of texts" if in_list else _MUST_BE[kind])
        elif kind == "missing":
            told.append(f"{place} is missing")
        elif kind == "string_pattern_mismatch":
            told.append(
                f"{place}: {problem['input']!r} is no id: it becomes a file name, so it begins with a letter"
                " or digit and has only these and '.', '_', '-'"
            )
        else:
            message = re.sub("^Value error, ", "", problem["msg"])
            told.append(f"{place}: {message}" if place else message)
    told += [f"{place} must be {' or '.join(dict.fromkeys(kinds))}" for place, kinds in must_be.items()]
    return told


def _is_arm(part: int | str) -> bool:
    return isinstance(part, int) or part == "str" or "[" in part


def _place(loc: Sequence[int | str], data: Mapping[str, Any]) -> str:
    """`dataset gsm8k, adapter.prompt` for ("datasets", 0, "adapter", "prompt"); `match.seed`."""
    if len(loc) > 1 and loc[0] in ("datasets", "candidates") and isinstance(loc[1], int):
        entry, kind = data[str(loc[0])][loc[1]], str(loc[0])[:-1]
        name = entry["id"] if isinstance(entry, dict) and "id" in entry else f"number {loc[1] + 1}"
        inside = ".".join(str(part) for part in loc[2:])
        return f"{kind} {name}, {inside}" if inside else f"{kind} {name}"
    return ".".join(str(part) for part in loc)


def unknown_key(loc: Sequence[int | str], key: str, model: type[BaseModel], place: str = "") -> str:
    """A sentence that names the nearest key of the same table, or the table that has this key.

    Args:
        loc: Where the key stands, as pydantic says it.
        key: The key.
        model: Of a whole recipe.
        place: The same for people; the recipe where left out.
    """
    tables = _tables(model)
    table = ".".join(part for part in loc if isinstance(part, str))
    near = difflib.get_close_matches(key, tables[table], n=1)
    homes = [f"[{name}]" if name else "the top of the file" for name, keys in tables.items() if key in keys]
    hint = f" (did you mean '{near[0]}'?)" if near else f" (it belongs in {homes[0]})" if homes else ""
    return f"unknown key '{key}' in {place or 'the recipe'}{hint}"


def _tables(model: type[BaseModel], name: str = "") -> dict[str, list[str]]:
    """Every table of a recipe by its dotted name, with the keys it may have."""
    keys = [key for key, field in model.model_fields.items() if not field.exclude]
    tables = {name: keys}
    for key in keys:
        annotation = model.model_fields[key].annotation
        for part in (annotation, *get_args(annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                tables |= _tables(part, f"{name}.{key}".removeprefix("."))
    return tables
