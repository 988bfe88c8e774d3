"""From whatever a caller has to datasets of a recipe."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Collection, Mapping
from pathlib import Path, PurePath
from typing import Any

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load.frames import in_memory, serialise
from rlvr_atlas.load.resolve import plain_id, resolve
from rlvr_atlas.schema import Role
from rlvr_atlas.workspace.store import Workspace, write_export

#: Rows, or where they are: a path, a glob, a registry id, a Hub id, a frame of any library, a list of dicts.
Data = Any
#: Several of them, each perhaps with a name: one, a list, or a mapping from names.
DataList = Any
#: Where data that was in memory is kept, inside the workspace.
INPUTS = "inputs"


class TemporaryFolder:
    """A folder that is deleted when nothing refers to this object any more, or when the process ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="rlvr-atlas-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def dataset_of(data: Data, role: Role, folder: Path, *, name: str | None = None) -> DatasetSpec:
    """One dataset.

    Args:
        data: Rows or where they are. A list of paths is one dataset of several files.
        role: What it is.
        folder: Rows in memory are written into its folder `inputs`.
        name: Its id; otherwise the file's name or `data`.

    Raises:
        InputError: If nothing can be read from it, or the name cannot be an id.
    """
    if name is not None and plain_id(name, "") != name:
        fix = "begin with a letter or digit, and use only these and '.', '_', '-'"
        raise InputError(f"{name!r} cannot be the name of a dataset", where="name", fix=fix)
    if isinstance(data, DatasetSpec):
        return data.model_copy(update={"role": role, "id": name or data.id})
    if in_memory(data):
        return _kept(data, name or "data", role, folder)
    if isinstance(data, str | PurePath):
        (spec,) = resolve([str(data)], role)
        return spec.model_copy(update={"id": name or spec.id})
    paths = [str(Path(path).expanduser().resolve()) for path in data]
    return DatasetSpec(id=name or "data", role=role, path=paths)


def datasets_of(items: DataList, role: Role, folder: Path, taken: Collection[str]) -> list[DatasetSpec]:
    """Several datasets of one role.

    Args:
        items: One dataset, a list of datasets, or a mapping from ids to datasets.
        role: What they are.
        folder: As in `dataset_of`.
        taken: Ids that are in use.

    Raises:
        InputError: As `dataset_of`, and for a name that is used twice.
    """
    if isinstance(items, Mapping):
        for name in items:
            if not isinstance(name, str):
                raise InputError(f"{name!r} cannot be the name of a dataset", fix="use a text")
            if name.lower() in {other.lower() for other in taken}:
                raise InputError(f"two datasets are called {name!r}", fix="give one of them another name")
        return [dataset_of(data, role, folder, name=name) for name, data in items.items()]
    specs: list[str | DatasetSpec] = []
    used = list(taken)
    for item in _listed(items):
        if not isinstance(item, DatasetSpec) and in_memory(item):
            number = sum(name == role or name.startswith(f"{role}-") for name in used) + 1
            used.append(role if number == 1 else f"{role}-{number}")
            specs.append(_kept(item, used[-1], role, folder))
        elif isinstance(item, DatasetSpec):
            specs.append(item.model_copy(update={"role": role}))
        elif isinstance(item, str | PurePath):
            specs.append(str(item))
        else:
            fix = "name such a dataset: {'name': [path, ...]}"
            raise InputError("a list of paths inside a list", where=role, fix=fix)
    return resolve(specs, role, taken=used)


def _listed(items: DataList) -> list[Data]:
    """The datasets of an argument that may also be a single one."""
    if isinstance(items, str | PurePath | DatasetSpec):
        return [items]
    if not isinstance(items, list | tuple):
        return [items]
    # A list of dicts is one dataset, a list of anything else is several.
    return [items] if items and all(isinstance(item, Mapping) for item in items) else list(items)


def _kept(data: Data, name: str, role: Role, folder: Path) -> DatasetSpec:
    file = serialise(data, name)
    Workspace(folder, create=True)  # before files are in it: a folder with others' files is refused
    path = folder / INPUTS / f"{name}{file.ending}"
    write_export(path, file.content)
    return DatasetSpec(id=name, role=role, path=str(path.resolve()))
