"""The public atlas: what is known of published datasets, without a word of their text, in the package itself.

`benchmarks.index` holds the prints of benchmark items (see `fingerprints`), `origins.parquet` a hash of every
problem with its source and the datasets that hold it. `trace FILE` and `check FILE` need nothing else.
`rlvr-atlas atlas build` makes both from a traced workspace. What hashes give away is in docs/atlas.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from rlvr_atlas import fingerprints
from rlvr_atlas.errors import InputError
from rlvr_atlas.files import guard
from rlvr_atlas.public_atlas import origins
from rlvr_atlas.public_atlas.origins import Origins
from rlvr_atlas.workspace.store import Workspace

BENCHMARKS, ORIGINS = "benchmarks.index", "origins.parquet"


@dataclass(frozen=True)
class PublicAtlas:
    """What is known of published datasets.

    Attributes:
        benchmarks: Prints of benchmark items.
        origins: Of every problem: its source, and the datasets that hold it.
    """

    benchmarks: fingerprints.Index
    origins: Origins


def open_atlas(folder: Path | None = None) -> PublicAtlas:
    """Read an atlas; the one of the package by default.

    Raises:
        InputError: If it is missing or damaged, or its two files were not made together.
    """
    if folder is None:
        with as_file(files("rlvr_atlas.public_atlas").joinpath("data")) as packaged:
            return open_atlas(packaged)
    found = PublicAtlas(fingerprints.read(folder / BENCHMARKS), origins.read(folder / ORIGINS))
    if found.origins.card.get("benchmarks_sha256") != _digest(folder / BENCHMARKS):
        fix = "get the whole folder again, or make it anew: rlvr-atlas atlas build WORKSPACE DIR"
        raise InputError(f"{BENCHMARKS} and {ORIGINS} were not made together", where=str(folder), fix=fix)
    return found


def build(workspace: Workspace, folder: Path) -> PublicAtlas:
    """Write the atlas of a traced workspace into a folder; the same tables give the same bytes.

    Raises:
        InputError: If no dataset is a benchmark, or the folder cannot be written.
        WorkspaceError: If the workspace was not traced.
    """
    guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True), error=InputError)
    occurrences, instances, datasets, lineage = (
        workspace.read(name) for name in ("occurrences", "instances", "datasets", "lineage")
    )
    fingerprints.write(fingerprints.build(occurrences, instances, datasets), folder / BENCHMARKS)
    made = origins.build(instances, datasets, lineage)
    made.card["benchmarks_sha256"] = _digest(folder / BENCHMARKS)
    origins.write(made, folder / ORIGINS)
    return open_atlas(folder)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
