"""The card of an atlas: its edition, size and SHA-256 of each of its files; which atlas is the newer one."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from rlvr_atlas.errors import InputError
from rlvr_atlas.files import replace_file
from rlvr_atlas.workspace.files import hash_of

CARD = "atlas.json"
BENCHMARKS, ORIGINS = "benchmarks.index", "origins.parquet"
NAMES = (BENCHMARKS, ORIGINS)
#: Of a card; one is less than 1 kB.
CARD_BYTES = 1 << 16
_FILE_BYTES = 1 << 36
_SIGNATURE = r"^(-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]+\n-----END SSH SIGNATURE-----\n)?$"

#: A name in the card's own folder: no separator, no dot in front.
PlainName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")]


class AtlasFile(BaseModel):
    """One file of an atlas: its name beside the card, its size, and the SHA-256 of its content."""

    model_config = ConfigDict(frozen=True, strict=True)

    path: PlainName
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=1, le=_FILE_BYTES)]


class Card(BaseModel):
    """What an atlas is made of.

    Attributes:
        format: Of the card.
        version: Of the software that made the atlas.
        edition: How recent it is; the last release among its datasets, unless it was given.
        files: benchmarks.index and origins.parquet, by these names.
        pulled_from: Where `atlas pull` had it from; empty for one that was built here.
        signature: By an SSH key, see `signatures`; empty where nobody signed it.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    format: Literal["1"] = "1"
    version: Annotated[str, StringConstraints(pattern=r"^[0-9][0-9A-Za-z.+-]{0,63}$")]
    edition: dt.date
    files: dict[str, AtlasFile]
    pulled_from: str = ""
    signature: Annotated[str, StringConstraints(pattern=_SIGNATURE)] = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if set(self.files) != set(NAMES):
            raise ValueError(f"files must be {' and '.join(NAMES)}")
        paths = {file.path for file in self.files.values()}
        if len(paths) < len(NAMES) or CARD in paths:
            raise ValueError("two files have one path")
        return self

    @property
    def order(self) -> tuple[dt.date, list[int]]:
        """Greater for the newer atlas."""
        release = re.match(r"[0-9.]*", self.version)
        return self.edition, [int(part) for part in release[0].split(".") if part] if release else []


def parse(content: bytes, where: str) -> Card:
    """A card from the bytes of its file.

    Args:
        content: JSON.
        where: What errors name.

    Raises:
        InputError: If it is none, or of another version.
    """
    try:
        return Card.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        what = f"this is no card of an atlas, or of another version ({place}: {first['msg']})"
    raise InputError(what, where=where, fix="get it again; a newer rlvr-atlas may be needed")


def read(folder: Path) -> Card:
    """The card of a folder.

    Raises:
        InputError: If it is missing, damaged or of another version.
    """
    path = folder / CARD
    try:
        with path.open("rb") as handle:
            content = handle.read(CARD_BYTES)
    except OSError as error:
        fix = "name a folder made by `atlas build` or `atlas pull`"
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), fix=fix) from None
    return parse(content, str(path))


def write(card: Card, folder: Path) -> None:
    """Replace the card of a folder.

    Raises:
        InputError: If it cannot be written.
    """
    text = f"{card.model_dump_json(indent=1)}\n".encode()
    replace_file(folder / CARD, lambda temporary: temporary.write_bytes(text), error=InputError)


def describe(folder: Path, *, version: str, edition: dt.date) -> Card:
    """The card of the files in a folder, under their own names."""
    return Card(
        version=version,
        edition=edition,
        files={
            name: AtlasFile(path=name, sha256=sha256(folder / name), bytes=(folder / name).stat().st_size)
            for name in NAMES
        },
    )


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as handle:
        return hash_of(handle)


def cache_folder() -> Path:
    """Where a pulled atlas is kept: below RLVR_ATLAS_CACHE, or below the user's cache.

    Raises:
        InputError: If the user has no home.
    """
    if named := os.environ.get("RLVR_ATLAS_CACHE"):
        return Path(named) / "atlas"
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named) / "rlvr-atlas" / "atlas"
    try:
        return Path.home() / ".cache" / "rlvr-atlas" / "atlas"
    except RuntimeError:
        raise InputError("there is no home folder for a cache", fix="set RLVR_ATLAS_CACHE") from None


def newest(packaged: Path) -> Path:
    """The folder of the pulled atlas where it is newer than the packaged one, else that of the packaged.

    Raises:
        InputError: If the card of one of them is damaged.
    """
    pulled = cache_folder()
    if (pulled / CARD).exists() and read(pulled).order > read(packaged).order:
        return pulled
    return packaged
