"""The public atlas: what is known of published datasets, without a word of their text, in the package itself.

`benchmarks.index` holds the prints of benchmark items (see `fingerprints`), `origins.parquet` a hash of every
problem with its source and the datasets that hold it, `atlas.json` the hashes of both. `trace FILE` and
`check FILE` need nothing else. `rlvr-atlas atlas build` makes them from a traced workspace, `atlas pull` gets
newer ones. What hashes give away is in docs/atlas.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rlvr_atlas import fingerprints
from rlvr_atlas.errors import InputError
from rlvr_atlas.files import guard
from rlvr_atlas.public_atlas import card as cards
from rlvr_atlas.public_atlas import origins, signatures
from rlvr_atlas.public_atlas.card import BENCHMARKS, CARD, NAMES, ORIGINS
from rlvr_atlas.public_atlas.origins import Origins
from rlvr_atlas.workspace.store import Workspace

__all__ = [
    "BENCHMARKS",
    "CARD",
    "ORIGINS",
    "PublicAtlas",
    "build",
    "open_atlas",
    "open_files",
    "packaged",
    "sign",
    "signed_by",
    "verify",
]


@dataclass(frozen=True)
class PublicAtlas:
    """What is known of published datasets.

    Attributes:
        benchmarks: Prints of benchmark items.
        origins: Of every problem: its source, and the datasets that hold it.
        folder: Where it was read from.
    """

    benchmarks: fingerprints.Index
    origins: Origins
    folder: Path

    @property
    def edition(self) -> dt.date | None:
        """How recent it is; None for a folder without a card."""
        return cards.read(self.folder).edition if (self.folder / CARD).exists() else None


def open_atlas(folder: Path | None = None) -> PublicAtlas:
    """Read an atlas; by default the one of the package, or the one that was pulled where it is newer.

    Raises:
        InputError: If it is missing or damaged, or its files were not made together.
    """
    if folder is None:
        folder = cards.newest(packaged())
    return open_files(_places(folder), folder)


def packaged() -> Path:
    """The folder of the atlas in the package."""
    return Path(__file__).parent / "data"


def open_files(places: Mapping[str, Path], folder: Path) -> PublicAtlas:
    """Read an atlas from its files.

    Args:
        places: Where benchmarks.index and origins.parquet are.
        folder: What errors name.

    Raises:
        InputError: If one is missing or damaged, or they were not made together.
    """
    found = PublicAtlas(fingerprints.read(places[BENCHMARKS]), origins.read(places[ORIGINS]), folder)
    if found.origins.card.get("benchmarks_sha256") != cards.sha256(places[BENCHMARKS]):
        fix = "get the whole folder again, or make it anew: rlvr-atlas atlas build WORKSPACE DIR"
        raise InputError(f"{BENCHMARKS} and {ORIGINS} were not made together", where=str(folder), fix=fix)
    return found


def verify(folder: Path | None = None) -> PublicAtlas:
    """Read an atlas as `open_atlas`, and compare its files with the hashes in its card.

    Raises:
        InputError: As `open_atlas`, and for a file that is not the one of the card.
    """
    found = open_atlas(folder)
    if (found.folder / CARD).exists():
        for entry in cards.read(found.folder).files.values():
            if cards.sha256(found.folder / entry.path) != entry.sha256:
                where = str(found.folder / entry.path)
                raise InputError(f"not the file that {CARD} names", where=where, fix="get the folder again")
    return found


def sign(folder: Path, key: Path) -> signatures.Signer:
    """Put a signature into the card of an atlas whose files are those of the card.

    Args:
        folder: Made by `build`.
        key: As `signatures.sign`.

    Raises:
        InputError: As `verify` and `signatures.sign`, and if the card cannot be written.
    """
    verify(folder)
    card = signatures.sign(cards.read(folder), key)
    by = signatures.signer(card, None, str(folder))
    if by is None:
        raise InputError("this key signs nothing", where=str(key))
    cards.write(card, folder)
    return by


def signed_by(folder: Path, signers: Path | None = None) -> signatures.Signer | None:
    """Who signed the atlas of a folder; as `signatures.signer`, a folder without a card is not signed."""
    path = folder / CARD
    if path.exists() or signers is not None:
        return signatures.signer(cards.read(folder), signers, str(path))
    return None


def build(workspace: Workspace, folder: Path, *, edition: dt.date | None = None) -> PublicAtlas:
    """Write the atlas of a traced workspace into a folder; the same tables give the same bytes.

    Args:
        workspace: Traced.
        folder: Made where it is not there.
        edition: How recent the atlas is; the last release among the datasets by default.

    Raises:
        InputError: If no dataset is a benchmark, none has a date and no edition is given, or the folder
            cannot be written.
        WorkspaceError: If the workspace was not traced.
    """
    guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True), error=InputError)
    occurrences, instances, datasets, lineage = (
        workspace.read(name) for name in ("occurrences", "instances", "datasets", "lineage")
    )
    last = edition or datasets["released"].max()
    if not isinstance(last, dt.date):
        fix = "say how recent the atlas is: --edition 2026-01-31"
        raise InputError("no dataset has a date", where=str(workspace.folder), fix=fix)
    fingerprints.write(fingerprints.build(occurrences, instances, datasets), folder / BENCHMARKS)
    made = origins.build(instances, datasets, lineage)
    made.card["benchmarks_sha256"] = cards.sha256(folder / BENCHMARKS)
    origins.write(made, folder / ORIGINS)
    cards.write(cards.describe(folder, version=made.card["version"], edition=last), folder)
    return open_atlas(folder)


def _places(folder: Path) -> dict[str, Path]:
    """Where the files of a folder are: where its card says, or under their own names where it has none."""
    if not (folder / CARD).exists():
        return {name: folder / name for name in NAMES}
    return {name: folder / entry.path for name, entry in cards.read(folder).files.items()}
