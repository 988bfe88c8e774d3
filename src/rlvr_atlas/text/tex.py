"""TeX commands, Unicode signs and other spellings of mathematics: one table for prompts and answers.

The table is data (`tex.toml`) with a column for each side; where the sides differ it says why. What is done
with the spellings, and in which order, is in `canonical/skeleton.py` and `answer/tex.py`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Side = Literal["prompts", "answers"]


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("rlvr_atlas.text").joinpath("tex.toml").read_text("utf-8"))


def group(name: str, side: Side) -> tuple[str, ...]:
    """Names of commands that do one thing, without the backslash.

    Args:
        name: `fonts`, `functions`, `words`, `letters`, `accents`, `others`, `gaps` or `layout`.
        side: Who asks.

    Returns:
        Names in the order of the table; none where the side has no such group.

    Raises:
        KeyError: For another name.
    """
    columns = _table()["groups"][name]
    return tuple(f"{columns.get('both', '')} {columns.get(side, '')}".split())


def commands(side: Side) -> dict[str, str]:
    """What replaces each command (its name without the backslash), fonts and words included."""
    found = {name: kept for row, kept in _rows("commands", side) for name in row["names"].split()}
    if side == "answers":
        return found | dict.fromkeys(group("fonts", side), "\\text")
    words = (*group("functions", side), *group("words", side))
    return found | dict.fromkeys(group("fonts", side), " ") | {word: f" {word} " for word in words}


def signs(side: Side) -> dict[str, str]:
    """What replaces each Unicode character."""
    return {sign: kept for row, kept in _rows("signs", side) for sign in row["signs"]}


def spellings(side: Side) -> dict[str, str]:
    """What replaces each escape or group of signs, the longest first."""
    found = {text: kept for row, kept in _rows("spellings", side) for text in row["texts"]}
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[0]), pair[0])))


def scripts() -> tuple[dict[str, str], dict[str, str]]:
    """Raised and lowered characters, each with the plain character it stands for."""
    table = _table()["scripts"]
    raised, lowered = (dict(zip(row["signs"], row["plain"], strict=True)) for row in table.values())
    return raised, lowered


def markup() -> str:
    """Pattern (for Polars) of TeX that says nothing about a value: fonts, kinds of fraction, braces, spaces.

    For keys of a value where a normal form would cost too much; a longer name may begin with a listed one.
    """
    fractions = [name for name, kept in commands("answers").items() if kept == "\\frac "]
    names = sorted(("frac", *fractions, *group("fonts", "answers")), key=lambda name: (-len(name), name))
    return rf"\\(?:{'|'.join(names)})|[\s$\\{{}}]"


def _rows(table: str, side: Side) -> list[tuple[dict[str, Any], str]]:
    """The rows of a table that a side has a column in, each with what that column says."""
    rows = _table()[table]["table"]
    return [(row, row.get("both", row.get(side))) for row in rows if "both" in row or side in row]
