"""One table stored in two formats: which file of such a pair is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rlvr_atlas.load.archives import Piece
from rlvr_atlas.load.compression import plain_name
from rlvr_atlas.load.formats import ENDINGS, READERS
from rlvr_atlas.load.rows import BadRow
from rlvr_atlas.load.source import SourceFile

#: So many rows at the beginning of both files are compared, and so many of them must be the same.
_COMPARED, _SAME = 64, 0.9
#: Folders that say no more than how the files in them are stored.
_FOLDERS = {reader.name for reader in READERS} | {ending.lstrip(".") for ending in ENDINGS}


def find_twins(pieces: Sequence[tuple[Piece, PurePath]]) -> dict[Piece, Piece]:
    """Files that hold the rows of another file again, each with that one, which is in a better format."""
    groups: dict[str, list[tuple[int, Piece, PurePath]]] = {}
    for piece, place in pieces:
        plain = PurePath(plain_name(place.name))
        if plain.suffix in ENDINGS and piece.problem is None:
            folders = [part for part in place.parts[:-1] if part.lower() not in _FOLDERS]
            key = "/".join([*folders, plain.stem])
            groups.setdefault(key, []).append((ENDINGS.index(plain.suffix), piece, place))
    found: dict[Piece, Piece] = {}
    for group in groups.values():
        ordered = sorted(group, key=lambda entry: (entry[0], entry[1].name))
        rank, best, place = ordered[0]
        for other_rank, other, other_place in ordered[1:]:
            if other_rank != rank and _same_rows(SourceFile(best, place), SourceFile(other, other_place)):
                found[other] = best
    return found


def _same_rows(one: SourceFile, other: SourceFile) -> bool:
    ours, theirs = _questions(one), _questions(other)
    same = len(set(ours) & set(theirs))
    return 0 < len(ours) == len(theirs) and same >= _SAME * max(len(set(ours)), len(set(theirs)))


def _questions(source: SourceFile) -> list[str]:
    """The questions at the beginning of a file."""
    source.decide({})
    rows = [row for row in source.ahead[:_COMPARED] if not isinstance(row, BadRow)]
    if source.extractor is None:
        return []
    return [" ".join(text.split()) for text in source.extractor.parts(rows).question if text]
