"""What the fields of attachments are called: the part `attachments` of `names.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from rlvr_atlas.load.names import normal


@dataclass(frozen=True)
class Medium:
    """A kind of attachment that is a file of its own.

    Args:
        words: One of them is in the name of its field.
        endings: Of file names.
    """

    words: frozenset[str]
    endings: frozenset[str]


@dataclass(frozen=True)
class Named:
    """A field that is an attachment by its whole name.

    Args:
        kind: Of `schema.attachments.KINDS`.
        form: What the digest is of.
        names: Normal names, the preferred first.
        looks_like: What each value must be; anything where None.
        nested: Whether each value must be a list or a struct.
    """

    kind: str
    form: str
    names: tuple[str, ...]
    looks_like: re.Pattern[str] | None
    nested: bool


@dataclass(frozen=True)
class AttachmentNames:
    """All of it."""

    media: dict[str, Medium]
    named: tuple[Named, ...]
    about: frozenset[str]
    kept: frozenset[str]
    id: frozenset[str]
    content: tuple[str, ...]
    place: tuple[str, ...]
    ignored: frozenset[str]
    nothing: frozenset[str]
    loose: frozenset[str]
    files: frozenset[str]
    documents: frozenset[str]
    settings: frozenset[str]
    surely: frozenset[str]


def _named(table: dict[str, Any]) -> Named:
    looks = table.get("looks_like")
    return Named(
        table["kind"],
        table["form"],
        tuple(map(normal, table["names"])),
        re.compile(looks) if looks else None,
        table.get("nested", False),
    )


def _read() -> AttachmentNames:
    text = files(__package__).joinpath("names.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)["attachments"]
    return AttachmentNames(
        media={
            kind: Medium(frozenset(entry["words"]), frozenset(entry["endings"]))
            for kind, entry in table["media"].items()
        },
        named=tuple(map(_named, table["named"])),
        about=frozenset(table["about"]),
        kept=frozenset(table["kept"]),
        id=frozenset(table["id"]),
        content=tuple(table["content"]),
        place=tuple(table["place"]),
        ignored=frozenset(table["ignored"]),
        nothing=frozenset(table["nothing"]),
        loose=frozenset(map(normal, table["media"]["file"]["loose"])),
        files=frozenset(map(normal, table["media"]["file"]["files"])),
        documents=frozenset(table["media"]["file"]["documents"]),
        settings=frozenset(table["settings"]),
        surely=frozenset(table["surely"]),
    )


ATTACHMENT_NAMES = _read()
