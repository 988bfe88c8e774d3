"""One table stored in two formats: which files of such a pair are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from rlvr_atlas.load.archives import Piece
from rlvr_atlas.load.compression import plain_name
from rlvr_atlas.load.formats import ENDINGS, READERS
from rlvr_atlas.load.rows import BadRow
from rlvr_atlas.load.source import SourceFile

#: So many rows at the beginning of both tables are compared, and so many of them must be the same.
_COMPARED, _SAME = 64, 0.9
#: Folders that say no more than how the files in them are stored.
_FOLDERS = {"data"} | {reader.name for reader in READERS} | {ending.lstrip(".") for ending in ENDINGS}
#: One of several files that hold a table together: `train-00000-of-00002`.
_SHARD = re.compile(r"(.+?)[-_.](\d{1,6})[-_]of[-_](\d{1,6})")


@dataclass
class _Table:
    """The files that hold one table in one format.

    Args:
        rank: Place of the format among the others; lower is better.
        wanted: How many files there should be.
        pieces: The files, in name order, each with its place.
    """

    rank: int
    wanted: int
    pieces: list[tuple[Piece, PurePath]]


def find_twins(pieces: Sequence[tuple[Piece, PurePath]]) -> dict[Piece, Piece]:
    """Files that hold the rows of other files again, each with one of these, which are in a better format."""
    found: dict[Piece, Piece] = {}
    for tables in _tables(pieces).values():
        best, *others = sorted(tables, key=lambda table: (table.rank, table.pieces[0][0].name))
        for other in others:
            if _same_rows(best, other):
                found.update(dict.fromkeys((piece for piece, _ in other.pieces), best.pieces[0][0]))
    return found


def _tables(pieces: Sequence[tuple[Piece, PurePath]]) -> dict[str, list[_Table]]:
    """The tables of one name, in whatever format; of a table in several files only one that is complete."""
    groups: dict[tuple[str, str, str, int], _Table] = {}
    for piece, place in sorted(pieces, key=lambda entry: entry[0].name):
        plain = PurePath(plain_name(place.name))
        if plain.suffix not in ENDINGS or piece.problem is not None:
            continue
        shard = _SHARD.fullmatch(plain.stem)
        stem, wanted = (shard[1], int(shard[3])) if shard else (plain.stem, 1)
        folders = [part for part in place.parts[:-1] if part.lower() not in _FOLDERS]
        # Files of one format are one table only where their names say so.
        apart = (place.parent.as_posix(), place.name[len(plain.stem) :] if shard else place.name)
        table = groups.setdefault(
            ("/".join([*folders, stem]), *apart, wanted), _Table(ENDINGS.index(plain.suffix), wanted, [])
        )
        table.pieces.append((piece, place))
    found: dict[str, list[_Table]] = {}
    for (name, *_), table in groups.items():
        if len(table.pieces) == table.wanted:
            found.setdefault(name, []).append(table)
    return found


def _same_rows(one: _Table, other: _Table) -> bool:
    (ours, our_rows), (theirs, their_rows) = _questions(one), _questions(other)
    same = len(set(ours) & set(theirs))
    return (
        0 < len(ours) == len(theirs)
        and (our_rows is None or their_rows is None or our_rows == their_rows)
        and same >= _SAME * max(len(set(ours)), len(set(theirs)))
    )


def _questions(table: _Table) -> tuple[list[str], int | None]:
    """The questions at the beginning of a table, and its number of rows where that is known by now."""
    found: list[str] = []
    rows: int | None = 0
    for piece, place in table.pieces:
        source = SourceFile(piece, place)
        source.decide({})
        good = [row for row in source.ahead if not isinstance(row, BadRow)]
        rows = rows + len(good) if rows is not None and source.is_whole else None
        if source.extractor is not None and len(found) < _COMPARED:
            texts = source.extractor.parts(good[: _COMPARED - len(found)]).question
            found += [" ".join(text.split()) for text in texts if text]
        if rows is None and len(found) >= _COMPARED:
            break
    return found, rows
