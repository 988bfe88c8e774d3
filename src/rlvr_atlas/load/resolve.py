"""What a name means: a file, a glob, a folder, a dataset of the registry, or one on the Hub."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from rlvr_atlas import registry
from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load.files import is_data
from rlvr_atlas.schema import Role

#: `owner/name` on the Hub, with `@revision` behind it where one is wanted.
_HUB_ID = re.compile(r"(?P<hub>[\w-][\w.-]*/[\w-][\w.-]*)(?:@(?P<revision>[\w./-]+))?")


def resolve(names: Sequence[str | DatasetSpec], role: Role, taken: Collection[str] = ()) -> list[DatasetSpec]:
    """What to load for each name, under ids that tell them apart.

    Args:
        names: Paths, globs, folders, ids of the registry, or Hub ids (`owner/name`, `owner/name@revision`). A
            `DatasetSpec` stands for itself.
        role: Of everything that is named here.
        taken: Ids that are in use.

    Raises:
        InputError: For a name that means nothing.
    """
    specs: dict[str, DatasetSpec] = {}
    texts = list(dict.fromkeys(name for name in names if isinstance(name, str)))
    stems = [Path(name).stem for name in texts]
    for name in texts:
        path, known = Path(name), registry.find(name)
        if (name and _exists(path)) or any(sign in name for sign in "*?["):
            # Many benchmarks are a `test.jsonl` in a folder of their own.
            told = path.stem if stems.count(path.stem) == 1 else f"{path.resolve().parent.name}-{path.stem}"
            label = _free(plain_id(told, role), [*taken, *specs])
            specs[label] = DatasetSpec(id=label, role=role, path=str(path.expanduser().resolve()))
        elif known is not None and (known.hub or known.path):
            facts = known.model_dump(include=set(DatasetSpec.model_fields))
            specs[known.id] = DatasetSpec(**{**facts, "role": role})
        elif (on_hub := _HUB_ID.fullmatch(name)) and not is_data(path) and not _exists(path.parent):
            label = _free(plain_id(on_hub["hub"].partition("/")[2], role), [*taken, *specs])
            specs[label] = DatasetSpec(id=label, role=role, hub=on_hub["hub"], revision=on_hub["revision"])
        else:
            raise InputError(
                f"neither a file nor a {'benchmark' if role == 'benchmark' else 'dataset'} that the registry "
                "knows a place for",
                where=name,
                fix=" or ".join(["check the path", *registry.suggest(name)]),
            )
    return [*specs.values(), *(name for name in names if isinstance(name, DatasetSpec))]


def _exists(path: Path) -> bool:
    try:
        return path.expanduser().exists()
    except (OSError, RuntimeError):  # a name too long, a home that is nobody's
        return False


def plain_id(text: str, otherwise: str) -> str:
    """A dataset id like a text; `otherwise` where nothing of it can stay."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._-")[:100] or otherwise


def _free(label: str, taken: Collection[str]) -> str:
    """The id, with a number behind it where it is in use in any case of letters."""
    used = {other.lower() for other in taken}
    number, free = 1, label
    while free.lower() in used:
        number += 1
        free = f"{label}-{number}"
    return free
