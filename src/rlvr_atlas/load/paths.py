r"""Field paths: where in a row something is, as a recipe writes it.

Names joined by dots, with `[0]` or `[-1]` for an element of a list and `[role=user]` for the last element
whose field has that value. A dot or bracket that belongs to a name has a backslash before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rlvr_atlas.errors import InputError
from rlvr_atlas.load.opened import as_list, as_struct
from rlvr_atlas.load.rows import Value


@dataclass(frozen=True, slots=True)
class Where:
    """The last element of a list whose `field` has the text `value`."""

    field: str
    value: str


Step = str | int | Where
Path = tuple[Step, ...]

_STEP = re.compile(
    r"""(?:^|(?<=.)\.)(?P<name>(?:\\.|[^\\.\[\]]++)++)   # a name: at the beginning or behind a dot
      | \[(?P<index>-?\d+)\]                    # an element
      | \[(?P<field>[^\[\]=]+)=(?P<value>[^\[\]]*)\]  # the last element that is so
    """,
    re.VERBOSE,
)
_SPECIAL = re.compile(r"([\\.\[\]])")


def parse(text: str, where: str = "") -> Path:
    """Read a field path.

    Args:
        text: For example `prompt[role=user].content`.
        where: How the error names the place of the setting.

    Raises:
        InputError: Where it is not a path.
    """
    steps: list[Step] = []
    at = 0
    while at < len(text) and (found := _STEP.match(text, at)):
        if found["name"] is not None:
            steps.append(re.sub(r"\\(.)", r"\1", found["name"]))
        elif found["index"] is not None:
            steps.append(int(found["index"]))
        else:
            steps.append(Where(found["field"].strip(), found["value"].strip()))
        at = found.end()
    if at < len(text) or not steps:
        raise InputError(
            f"{text!r} is not a field path",
            where=where,
            fix="write names joined by dots, [0] for an element, [role=user] for the last such element",
        )
    return tuple(steps)


def write(path: Path) -> str:
    """The text of a path, such that `parse` gives the path back."""
    text = ""
    for step in path:
        if isinstance(step, str):
            text += ("." if text else "") + _SPECIAL.sub(r"\\\1", step)
        else:
            text += f"[{step}]" if isinstance(step, int) else f"[{step.field}={step.value}]"
    return text


def get(value: Value, path: Path) -> Value:
    """What is at a path; None where there is nothing."""
    for step in path:
        if isinstance(step, str):
            struct = as_struct(value)
            if struct is None:
                return None
            value = struct.get(step)
        else:
            elements = as_list(value)
            if elements is None:
                return None
            value = _element(elements, step)
    return value


def _element(elements: list[Value], step: int | Where) -> Value:
    if isinstance(step, int):
        return elements[step] if -len(elements) <= step < len(elements) else None
    for element in reversed(elements):
        if isinstance(element, dict) and str(element.get(step.field)) == step.value:
            return element
    return None
