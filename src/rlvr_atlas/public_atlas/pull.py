"""Get an atlas from a folder, a web address or the Hub: only files that changed, checked before they count.

Files are kept under their SHA-256, and the card that names them is replaced last and at once. So whoever
reads the folder has the old atlas or the new one, and a pull that fails leaves the old one as it was.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rlvr_atlas.errors import InputError
from rlvr_atlas.files import guard, replace_file
from rlvr_atlas.public_atlas import PublicAtlas, open_files, packaged, signatures
from rlvr_atlas.public_atlas import card as cards
from rlvr_atlas.public_atlas.card import CARD, CARD_BYTES, AtlasFile, Card
from rlvr_atlas.public_atlas.places import Folder, Place, place_of
from rlvr_atlas.public_atlas.signatures import Signer
from rlvr_atlas.workspace.files import hold, sweep

_KEPT = re.compile(r"[0-9a-f]{64}\.[a-z.]+")
_DAMAGED = "what was there before stays; try again, or ask whoever publishes it"


@dataclass(frozen=True)
class Pulled:
    """Result of a pull.

    Attributes:
        atlas: As it is now.
        card: Of it.
        fetched: Names of the files that had to be fetched.
        received: Bytes of these.
        signer: Of a signed one, where signers were given.
    """

    atlas: PublicAtlas
    card: Card
    fetched: list[str]
    received: int
    signer: Signer | None = None


def pull(source: str | None, folder: Path, signers: Path | None = None) -> Pulled:
    """Bring a folder to the state of a published atlas.

    Args:
        source: A folder, an address (http, https) of one, or `owner/name` or `owner/name@revision` of a
            dataset repository on the Hub. None for where the folder was pulled from before.
        folder: Where to keep it; made where it is not there.
        signers: Whose signature it must have, see `signatures.signer`; None where it needs none.

    Raises:
        InputError: If the source cannot be read, or is damaged, of another version, or not signed as
            asked for. The folder is as it was.
        BusyError: If another process pulls into the folder.
    """
    folder = folder.resolve()
    guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True), error=InputError)
    with hold(folder):
        sweep([folder])
        old = _card_of(folder)
        source = source or (old.pulled_from if old else "")
        if not source:
            fix = "say where from: --from FOLDER, --from https://..., or --from owner/name on the Hub"
            raise InputError("no atlas was pulled before", where=str(folder), fix=fix)
        place = place_of(source)
        where = f"{place.name}: {CARD}"
        published = cards.parse(_whole(place, CARD, CARD_BYTES), where)
        by = signatures.signer(published, signers, where) if signers else None
        return replace(_update(folder, old, published, place), signer=by)


def _update(folder: Path, old: Card | None, published: Card, place: Place) -> Pulled:
    """Bring the files that are missing, look whether they are an atlas, and let the card name them."""
    before = {path.name for path in folder.iterdir()}
    fetched = []
    card = published.model_copy(
        update={
            "pulled_from": place.name,
            "files": {
                name: file.model_copy(update={"path": f"{file.sha256}.{name}"})
                for name, file in published.files.items()
            },
        }
    )
    try:
        for name, file in published.files.items():
            target = folder / card.files[name].path
            if not _held(file, target, folder, old):
                _bring(place, file, target)
                fetched.append(name)
        atlas = open_files({name: folder / file.path for name, file in card.files.items()}, folder)
        cards.write(card, folder)
    except BaseException:
        _remove(folder, {file.path for file in card.files.values()} - before)
        raise
    # Those of the atlas before this one may still be open somewhere.
    named = {file.path for one in (card, old) if one for file in one.files.values()}
    _remove(folder, {name for name in before if _KEPT.fullmatch(name)} - named)
    return Pulled(atlas, card, fetched, sum(published.files[name].bytes for name in fetched))


def _card_of(folder: Path) -> Card | None:
    """The card that is there; None where there is none that can be read, for a pull mends it."""
    try:
        return cards.read(folder)
    except InputError:
        return None


def _held(file: AtlasFile, target: Path, folder: Path, old: Card | None) -> bool:
    """Whether the content is here already, in the folder or in the package; it is then put in place."""
    near = [target]
    for home, card in ((folder, old), (packaged(), _card_of(packaged()))):
        near += (
            [home / other.path for other in card.files.values() if other.sha256 == file.sha256]
            if card
            else []
        )
    for path in near:
        if not path.is_file() or cards.sha256(path) != file.sha256:
            continue
        if path != target:
            _bring(Folder(path.parent), file.model_copy(update={"path": path.name}), target)
        return True
    return False


def _bring(place: Place, file: AtlasFile, target: Path) -> None:
    """Copy a file; it gets its name when it has the size and the hash that its card says."""

    def write(temporary: Path) -> None:
        digest = hashlib.sha256()
        with temporary.open("wb") as handle:
            for chunk in _bounded(place, file.path, file.bytes):
                digest.update(chunk)
                handle.write(chunk)
            size = handle.tell()
        where = f"{place.name}: {file.path}"
        if size < file.bytes:
            what = f"ends after {size:,} of {file.bytes:,} bytes"
            raise InputError(what, where=where, fix=_DAMAGED)
        if digest.hexdigest() != file.sha256:
            raise InputError(f"is damaged: not the SHA-256 that {CARD} says", where=where, fix=_DAMAGED)

    replace_file(target, write, error=InputError)


def _bounded(place: Place, path: str, limit: int) -> Iterator[bytes]:
    """The content of a file, given up as soon as it is longer than it may be."""
    left = limit
    with closing(place.read(path, limit)) as chunks:
        for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                what = f"is longer than {limit:,} bytes"
                raise InputError(what, where=f"{place.name}: {path}", fix=_DAMAGED)
            yield chunk


def _whole(place: Place, path: str, limit: int) -> bytes:
    return b"".join(_bounded(place, path, limit))


def _remove(folder: Path, names: set[str]) -> None:
    for path in (folder / name for name in names):
        guard(path, partial(path.unlink, missing_ok=True), error=InputError)
