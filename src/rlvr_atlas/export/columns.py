"""Values of original rows as Arrow columns: as the file stores them, and one type over all datasets of a mix.

Rows of a JSON file need not agree. A column for which no type holds every value becomes JSON text, so that
no value is lost. Times and durations are kept to the microsecond, as Python has them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

_NO_COLUMN = (pa.ArrowException, TypeError, ValueError, OverflowError)
#: A struct with more fields is a dictionary with ids as keys: as a struct it has a field for every id.
_MOST_FIELDS = 64


def as_array(values: Sequence[Any], known: Any = None) -> Any:  # noqa: ANN401  pyarrow is untyped
    """Values of one column.

    Args:
        values: As the loader gives them.
        known: Arrow type that the file states.

    Returns:
        Array of that type, else of the type that holds them all; None where there is none.
    """
    if known is not None and pa.types.is_dictionary(known):
        known = known.value_type
    for wanted in (known, None) if known is not None else (None,):
        try:
            made = pa.array(values, type=wanted)
        except _NO_COLUMN:
            continue
        if wanted is None and pa.types.is_binary(made.type) and any(isinstance(v, str) for v in values):
            return None  # Arrow would make bytes of texts that stand beside bytes
        if _is_storable(made.type):
            return made
    return None


def json_array(values: Sequence[Any]) -> Any:  # noqa: ANN401
    """Values as JSON texts; null stays null, bytes become base64, times ISO 8601."""
    return pa.array([None if value is None else _json(value) for value in values], pa.string())


def _json(value: Any) -> str:  # noqa: ANN401
    text = json.dumps(value, ensure_ascii=False, default=plain)
    # Half of a UTF-16 pair cannot be stored, but its escape means the same in JSON.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def plain(value: Any) -> Any:  # noqa: ANN401
    """What JSON lacks, as a text: bytes as base64, times as ISO 8601, else as Python prints it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def common(one: Any, other: Any) -> Any:  # noqa: ANN401
    """The type that holds the values of both; None where there is none."""
    kinds = pa.types
    if one == other or kinds.is_null(other):
        return one
    if kinds.is_null(one):
        return other
    if kinds.is_struct(one) and kinds.is_struct(other):
        return _common_struct(one, other)
    if _is_list(one) and _is_list(other):
        inside = common(one.value_type, other.value_type)
        return None if inside is None else pa.large_list(inside)
    return _common_plain(one, other)


def _common_plain(one: Any, other: Any) -> Any:  # noqa: ANN401
    """Of numbers, texts, bytes or times the type that holds both kinds; text and bytes have none."""
    kinds = pa.types
    groups = (
        (kinds.is_integer, kinds.is_floating, kinds.is_decimal),
        (kinds.is_string, kinds.is_large_string, kinds.is_string_view),
        (kinds.is_binary, kinds.is_large_binary, kinds.is_binary_view),
        (kinds.is_temporal,),
    )
    if any(any(is_(one) for is_ in group) and any(is_(other) for is_ in group) for group in groups):
        schemas = [pa.schema([("x", one)]), pa.schema([("x", other)])]
        try:
            return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
        except _NO_COLUMN:
            return None
    return None


def _common_struct(one: Any, other: Any) -> Any:  # noqa: ANN401
    fields = {field.name: field.type for field in one}
    for field in other:
        fields[field.name] = common(fields.get(field.name, pa.null()), field.type)
        if fields[field.name] is None:
            return None
    return pa.struct(list(fields.items())) if len(fields) <= _MOST_FIELDS else None


def stated(type_: Any) -> Any:  # noqa: ANN401
    """The type with text where only nulls were seen: many readers know no column of nulls."""
    if pa.types.is_null(type_):
        return pa.string()
    if _is_list(type_):
        return pa.large_list(stated(type_.value_type))
    if pa.types.is_struct(type_):
        return pa.struct([(field.name, stated(field.type)) for field in type_])
    return type_


def fitted(array: Any, type_: Any) -> Any:  # noqa: ANN401
    """An array in a type that `common` gave.

    Raises:
        ValueError: If a value is not the same in it, as an integer that no float is equal to.
    """
    if array.type == type_:
        return array
    try:
        return array.cast(type_)
    except _NO_COLUMN:
        pass
    try:
        return pa.array(array.to_pylist(), type=type_)  # structs with other fields, and lists of them
    except _NO_COLUMN as error:
        raise ValueError(str(error)) from None


def is_text(type_: Any) -> bool:  # noqa: ANN401
    """Whether a type is one of the three that Arrow has for texts."""
    kinds = pa.types
    return bool(kinds.is_string(type_) or kinds.is_large_string(type_) or kinds.is_string_view(type_))


def _is_list(type_: Any) -> bool:  # noqa: ANN401
    kinds = pa.types
    return bool(kinds.is_list(type_) or kinds.is_large_list(type_) or kinds.is_fixed_size_list(type_))


def _is_storable(type_: Any) -> bool:  # noqa: ANN401
    """Whether Parquet has the type, and it is one that readers of it expect."""
    kinds = pa.types
    if _is_list(type_):
        return _is_storable(type_.value_type)
    if kinds.is_struct(type_):
        fields = list(type_)
        return 0 < len(fields) <= _MOST_FIELDS and all(_is_storable(field.type) for field in fields)
    return not (kinds.is_dictionary(type_) or kinds.is_map(type_) or kinds.is_union(type_))
