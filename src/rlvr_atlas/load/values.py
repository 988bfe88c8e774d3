"""Values of a row as text: prompts, answers, options."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection

from rlvr_atlas.load.names import NAMES, normal
from rlvr_atlas.load.opened import literal, opened
from rlvr_atlas.load.rows import Value

_LABEL = re.compile(r"(?:^|(?<=[\s,;(]))\(?([A-Ha-h])\s*[).:]\s*")


def prompt_text(value: Value) -> str | None:
    """A prompt: a text that is not blank, also the only element of a list."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) and value.strip() else None


def plain_text(value: Value) -> str | None:
    """A label: a text, number or single element as text; null for blanks, NaN and anything nested."""
    if isinstance(value, str):
        return value if value.strip() else None
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or isinstance(value, (list, dict, bytes)):
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    return text if (text := str(value)).strip() else None


def answer_text(value: Value, *, nested: bool = True) -> str | None:
    """An answer as text.

    Args:
        value: Anything. A single element stands for its list; a struct stands for its answer field.
        nested: Whether other lists and structs become JSON; otherwise they are no answer.

    Returns:
        The text, untouched where it was one; null for nothing, blank and NaN.
    """
    if isinstance(value, str) and value.startswith(("['", '["')) and value.endswith(("']", '"]')):
        value = _listed(value)
    elif isinstance(value, str) and value.startswith("{'") and (struct := opened(value)) is not None:
        value = struct
    if isinstance(value, list) and len(value) == 1:
        return answer_text(value[0], nested=nested)
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (list, dict)):
        return plain_text(value)
    if isinstance(value, dict):
        inside = {normal(name): part for name, part in value.items()}
        if places := [name for name in NAMES.answer_inside if name in inside]:
            texts = (answer_text(inside[name], nested=nested) for name in places)
            return next((text for text in texts if text is not None), None)
        value = {name: part for name, part in value.items() if part is not None}
    if not value or not nested:
        return None
    return json.dumps(value, ensure_ascii=False, default=str)


def _listed(text: str) -> Value:
    """The only element of a list that was stored as text; the text itself where it is something else."""
    values = literal(text)
    return values[0] if isinstance(values, list) and len(values) == 1 else text


def option_texts(value: Value) -> list[str] | None:
    """Answer options: a list of texts or structs, a struct by letter, or one text with lettered parts."""
    if isinstance(value, str):
        return _lettered(value)
    if isinstance(value, dict):
        inside = {normal(name): part for name, part in value.items()}
        lists = [inside[name] for name in NAMES.option_inside if isinstance(inside.get(name), list)]
        value = lists[0] if lists else list(value.values())
    if not isinstance(value, list):
        return None
    texts = [text for item in value if (text := _option(item)) is not None]
    return texts if len(texts) >= 2 else None


def _option(item: Value) -> str | None:
    while isinstance(item, list) and len(item) == 1:
        item = item[0]
    if isinstance(item, dict):
        inside = {normal(name): part for name, part in item.items()}
        return next((plain_text(inside[name]) for name in NAMES.option_inside if name in inside), None)
    return plain_text(item)


def _lettered(text: str) -> list[str] | None:
    """Split "a ) 38 , b ) 27" where the letters run on from the first."""
    found = list(_LABEL.finditer(text))
    letters = "".join(match[1] for match in found).lower()
    if len(found) < 2 or letters != "abcdefgh"[: len(letters)]:
        return None
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [text[match.end() : end].strip(" ,;\n") for match, end in zip(found, ends, strict=True)]


def fill(text: str, placeholder: re.Pattern[str], numbers: Value) -> str:
    """Put masked numbers back: `number0` becomes the first of them.

    The text stays as it is where the placeholders and the numbers are not equally many.
    """
    values = number_texts(numbers)
    places = {int(match[1]) for match in placeholder.finditer(text)}
    first = min(places, default=0)
    if not is_run(places) or max(places) - first + 1 != len(values):
        return text
    return placeholder.sub(lambda match: values[int(match[1]) - first], text)


def is_run(places: Collection[int]) -> bool:
    """Whether the indices are 0, 1, ... or 1, 2, ... without a gap."""
    return bool(places) and min(places) in (0, 1) and max(places) - min(places) + 1 == len(places)


def number_texts(value: Value) -> list[str]:
    """Numbers of a list, or of a text that holds nothing else; a float without fraction as an integer."""
    if isinstance(value, str):
        value = value.strip("[]() ").replace(",", " ").split()
    if not isinstance(value, list):
        return []
    try:
        numbers = [float(item) for item in value]
    except (TypeError, ValueError):
        return []
    return [
        str(int(number)) if number.is_integer() else str(item)
        for number, item in zip(numbers, value, strict=True)
    ]
