"""`manifest.json`: which stages are finished, what they were made from, and the hashes of their tables."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rlvr_atlas import __version__
from rlvr_atlas.errors import WorkspaceError
from rlvr_atlas.files import guard
from rlvr_atlas.workspace.files import LOCK, SEAL, is_leftover, lock, read_sealed, write_sealed
from rlvr_atlas.workspace.graph import all_tables, find_stage

#: Raised whenever the meaning of a table changes; an older workspace is then rebuilt, never misread.
FORMAT = 4
MANIFEST = "manifest.json"

_LOG = logging.getLogger(__name__)
_ENTRY: dict[str, type | tuple[type, ...]] = {
    "fingerprint": str, "seconds": (int, float), "limits": list, "rows": dict, "tables": dict, "arrays": dict,
    "made_from": dict,
}  # fmt: skip


def is_workspace(folder: Path) -> bool:
    """Whether a folder holds a manifest.

    Raises:
        WorkspaceError: If that cannot be told.
    """
    try:
        return (folder / MANIFEST).exists()
    except OSError as error:
        raise _unreadable(folder, error) from None


def claim(folder: Path) -> None:
    """Make a folder a workspace, unless it is one.

    Raises:
        WorkspaceError: If it holds files that are not ours, or cannot be written.
    """
    guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True))
    if is_workspace(folder):
        return
    foreign: list[str] = []
    guard(folder, lambda: foreign.extend(sorted(entry.name for entry in folder.iterdir())))
    foreign = [name for name in foreign if not is_leftover(name)]
    if foreign:
        what = f"this folder is no workspace and holds other files ({', '.join(foreign[:3])}"
        what += f" and {len(foreign) - 3} more)" if len(foreign) > 3 else ")"
        fix = "give an empty folder or a new one as [workspace] path, so that nothing of yours is overwritten"
        raise WorkspaceError(what, where=str(folder), fix=fix)
    try:
        with lock(folder):
            if not is_workspace(folder):
                write_manifest(folder, blank())
    except BlockingIOError:
        pass  # another process makes it a workspace just now


def refuse_inputs(folder: Path, inputs: Iterable[Path]) -> None:
    """Refuse inputs that lie where a file of the workspace is, or will be, written.

    Raises:
        WorkspaceError: For the first of them.
    """
    folder = folder.resolve()
    ours = {folder / f"{table}.parquet" for table in all_tables()}
    ours |= {folder / name for name in (MANIFEST, LOCK, "report.html", "review.jsonl")}
    for path in inputs:
        place = path.resolve()
        if place in ours or place.is_relative_to(folder / "cache"):
            what = f"this input lies where the workspace {folder} writes its own files"
            fix = "move it elsewhere, or give another [workspace] path"
            raise WorkspaceError(what, where=str(path), fix=fix)


def blank() -> dict[str, Any]:
    """The manifest of a workspace in which nothing is done."""
    return {"format": FORMAT, "version": __version__, "stages": {}}


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Put a manifest in place, atomically."""
    write_sealed(folder / MANIFEST, manifest)


def read_manifest(folder: Path, *, rebuild: bool, warn: bool = False) -> dict[str, Any]:
    """The manifest of a folder; a blank one where there is none.

    Args:
        folder: Of the workspace.
        rebuild: Whether one of an older format counts as blank.
        warn: Whether that is logged.

    Raises:
        WorkspaceError: If it is damaged, not ours, newer than this version, or older and not to be rebuilt.
    """
    path = folder / MANIFEST
    try:
        manifest = read_sealed(path)
    except FileNotFoundError:
        return blank()
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        if manifest is None:
            raise ValueError("not what was written")
        written_as = manifest["format"]
        if type(written_as) is not int or not isinstance(manifest["stages"], dict):
            raise TypeError("format or stages")
        if written_as == FORMAT:
            del manifest[SEAL]
            _check_stages(manifest["stages"])
    except (ValueError, KeyError, TypeError):
        what = "this manifest is damaged, or not one of ours"
        fix = f"move {folder} away and run the recipe again; its review.jsonl may be put into the new folder"
        raise WorkspaceError(what, where=str(path), fix=fix) from None
    if written_as > FORMAT:
        raise WorkspaceError("written by a newer version", where=str(path), fix="upgrade rlvr-atlas")
    if written_as < FORMAT:
        what = f"written by an older version (format {written_as}, now {FORMAT}), which is not read"
        if not rebuild:
            fix = "build it anew from its recipe: rlvr-atlas run RECIPE.toml"
            raise WorkspaceError(what, where=str(folder), fix=fix)
        if warn:
            _LOG.warning("%s: %s; it is built anew", folder, what)
        return blank()
    return manifest


def _unreadable(path: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(f"cannot be read ({error.strerror})", where=str(path), fix="see who may read it")


def _check_stages(stages: Mapping[str, Any]) -> None:
    for entry in stages.values():
        for part, kind in _ENTRY.items():
            if not isinstance(entry[part], kind):
                raise TypeError(part)
        # A name becomes part of a path.
        if not all(name.isidentifier() for name in (*entry["tables"], *entry["arrays"])):
            raise ValueError("a name of a table")


def outdated_by(stages: Mapping[str, Any], name: str) -> str | None:
    """The stage that a finished stage was made from an older version of; None where it is current.

    Args:
        stages: Of the manifest.
        name: Of a stage that is among them.
    """
    for read in find_stage(name).reads:
        now = stages.get(read)
        if stages[name]["made_from"].get(read) != (now and now["fingerprint"]):
            return read
        if now is not None and (deeper := outdated_by(stages, read)):
            return deeper
    return None
