"""A row as its file has it, images too, read again from the files that the recipe names and no others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rlvr_atlas.errors import AtlasError, InputError
from rlvr_atlas.explorer.held import HeldWorkspace
from rlvr_atlas.export.images import images_of, with_content
from rlvr_atlas.export.original_rows import places_of_images
from rlvr_atlas.load import DatasetReader, open_again
from rlvr_atlas.pipeline import stored_recipe

#: Characters of a column that are shown, and images of a row.
LONGEST, IMAGES = 4000, 16
#: What images begin with, and what they are served as; no other kind is, SVG (it may hold scripts) neither.
_KINDS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
}


def original(held: HeldWorkspace, dataset: str, row: int) -> dict[str, Any]:
    """The columns and images of a row.

    Args:
        held: A workspace.
        dataset: The id of a dataset of its recipe.
        row: The row's number.

    Returns:
        columns (name, text, cut: characters that are not shown), images (kind, content; or why it is not
        shown), why (the row cannot be read; None where it can).

    Raises:
        InputError: If there is no such dataset or row.
    """
    recipe = stored_recipe(held)
    spec = next((one for one in recipe.datasets if one.id == dataset), None)
    if spec is None or not 0 <= row < 2**40:
        raise InputError("no such row in this workspace", where=f"{dataset[:80]}:{row}")
    try:
        readers = open_again(spec, recipe.base)
        ingested = held.scan("datasets").filter(dataset=dataset).collect()["content_sha256"].to_list()
        reader = next((one for one in readers if _digest(held, one) in ingested), None)
        if reader is None:
            return _nothing("the files of this dataset are not those that were ingested")
        found = next(iter(reader.whole_rows({row})), None)
    except AtlasError as error:
        return _nothing(str(error))
    if found is None:
        raise InputError("no such row in this workspace", where=f"{dataset}:{row}")
    _, whole, piece = found
    fields = places_of_images(held.read("schemas").filter(part="image"), recipe)
    told = fields.get((dataset, None), fields.get((dataset, piece.name)))
    shown = []
    for image in images_of(whole, told)[:IMAGES]:
        try:
            shown.append(_served(with_content(image, piece.path, f"{dataset}:{row}").content))
        except InputError as error:
            shown.append({"kind": None, "why": error.what})
    return {"why": None, "columns": _columns(whole), "images": shown}


def _digest(held: HeldWorkspace, reader: DatasetReader) -> str:
    """The hash of the files, taken once while the explorer runs."""
    return held.once(f"hash {reader.spec.id} {reader.files[0]}", lambda: reader.content_sha256)


def _nothing(why: str) -> dict[str, Any]:
    return {"why": why, "columns": [], "images": []}


def _served(content: bytes | None) -> dict[str, Any]:
    head = content or b""
    kind = next((kind for start, kind in _KINDS.items() if head.startswith(start)), None)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        kind = "image/webp"
    why = "it is in a format that is not shown here" if content else "it is named by an address"
    return {"kind": kind, "content": content, "why": None if kind else why}


def _columns(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    columns = []
    for name, value in row.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_told)
        columns.append({"name": name, "text": text[:LONGEST], "cut": max(len(text) - LONGEST, 0)})
    return columns


def _told(value: object) -> str:
    return f"({len(value):,} bytes)" if isinstance(value, bytes | bytearray) else str(value)
