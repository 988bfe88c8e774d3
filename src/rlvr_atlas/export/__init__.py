"""Export: a curated mix as files that trainers and catalogues read.

Formats that a library writes are written by that library. What a file says is in the workspace's tables, and
in the original rows, which are read again from their files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from rlvr_atlas.config import Recipe
from rlvr_atlas.errors import InputError, WorkspaceError
from rlvr_atlas.export.card import card
from rlvr_atlas.export.croissant import croissant
from rlvr_atlas.export.facts import Facts, facts
from rlvr_atlas.export.original_rows import OriginalRows, places_of_images, read_again
from rlvr_atlas.export.provenance import prov
from rlvr_atlas.export.sidecar import sidecars
from rlvr_atlas.export.training import FORMATS as TRAINING
from rlvr_atlas.export.training import check_answers, lots, with_template, write
from rlvr_atlas.files import guard, replace_file

__all__ = ["FORMATS", "Exported", "export"]

_DESCRIPTIONS: dict[str, Callable[[Facts], dict[str, bytes]]] = {
    "card": card,
    "croissant": croissant,
    "prov": prov,
}
FORMATS = (*TRAINING, *_DESCRIPTIONS, "sidecar")


@dataclass(frozen=True)
class Exported:
    """Result of an export.

    Attributes:
        files: What was written.
        limits: What a person should know of it, as sentences.
    """

    files: list[Path]
    limits: list[str] = field(default_factory=list)


def export(  # noqa: PLR0913  each is one thing to choose
    tables: Mapping[str, pl.LazyFrame],
    recipe: Recipe,
    form: str,
    folder: Path,
    *,
    originals: bool = True,
    datasets: Sequence[str] = (),
) -> Exported:
    """Write the files of one format; the same for the same workspace and data.

    Args:
        tables: Of a workspace.
        recipe: It was made with; its `[curate]` names the mix and the template.
        form: One of `FORMATS`.
        folder: Where to; it is made.
        originals: Whether every row carries its original row, for which the files of the datasets are read
            again.
        datasets: Of `sidecar` alone: ids; all training sets where there are none.

    Raises:
        WorkspaceError: If there is no mix, or a file cannot be written.
        InputError: If the format is unknown, or cannot hold this mix; if files of a dataset are gone or are
            not those that were ingested.
        MissingExtraError: If the format needs a library that is not installed.
    """
    if form not in FORMATS:
        raise InputError(f"unknown format '{form}'", fix=f"choose one of: {', '.join(FORMATS)}")
    if datasets and form != "sidecar":
        raise InputError("only sidecars are of a dataset", where="--dataset", fix="leave it out")
    if form == "sidecar":
        return _written(sidecars(tables, datasets), folder)
    if recipe.curate is None or "mix" not in tables:
        fix = "add a [curate] table to the recipe (docs/curate.md) and run it"
        raise WorkspaceError("there is no mix to export", fix=fix)
    if form in TRAINING:
        guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True))
        return _for_training(tables, recipe, form, folder, originals=originals)
    if originals and form == "croissant":  # the one description with rows of its own, which are text
        guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True))
        with _originals(tables, recipe, folder, images=False):
            pass
    return _written(_DESCRIPTIONS[form](facts(tables, recipe.curate)), folder)


def _written(files: Mapping[str, bytes], folder: Path) -> Exported:
    guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True))
    for name, content in files.items():
        replace_file(folder / name, _writer(content))
    return Exported([folder / name for name in files])


def _writer(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _for_training(
    tables: Mapping[str, pl.LazyFrame], recipe: Recipe, form: str, folder: Path, *, originals: bool
) -> Exported:
    assert recipe.curate is not None
    kind, path = TRAINING[form], folder / f"{recipe.curate.name}{TRAINING[form].ending}"
    mix = with_template(tables["mix"].collect(), recipe.curate.template)
    if kind.needs_answers:
        check_answers(mix, form)
    taken = mix.select("dataset", "row").lazy()
    named = tables["occurrences"].select("dataset", "row", "declared_source")
    declared = named.join(taken, on=["dataset", "row"], how="semi").unique(["dataset", "row"]).collect()
    read = _originals(tables, recipe, folder, images=kind.holds_images) if originals else nullcontext(None)
    with read as rows:
        replace_file(path, lambda temporary: write(kind, lots(mix, declared, rows), temporary))
    as_json = sorted(rows.as_json) if rows else []
    told = f"original columns that no one type holds are JSON text: {', '.join(as_json)}"
    return Exported([path], [told] if as_json else [])


def _originals(
    tables: Mapping[str, pl.LazyFrame], recipe: Recipe, folder: Path, *, images: bool
) -> AbstractContextManager[OriginalRows]:
    hashes = dict(tables["datasets"].select("dataset", "content_sha256").collect().iter_rows())
    shown = places_of_images(tables["schemas"].filter(part="image").collect(), recipe)
    return read_again(tables["mix"].collect(), recipe, hashes, shown, folder, images=images)
