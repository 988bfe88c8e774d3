"""What the place of a file says about its rows: the split they are of, and columns that folders hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from os.path import commonpath
from pathlib import Path, PurePath
from urllib.parse import unquote

_SPLITS = {
    "train": "train", "training": "train", "test": "test", "testing": "test", "dev": "dev",
    "validation": "validation", "valid": "validation", "val": "validation",
}  # fmt: skip
_SPLIT_WORD = re.compile(rf"(?<![a-z])({'|'.join(_SPLITS)})(?:set)?(?![a-z])")
#: What `DatasetDict.save_to_disk` writes beside the folders of its splits.
_SPLITS_BESIDE = "dataset_dict.json"
#: A folder of a partitioned table, as Hive, Spark and Arrow name it.
_PARTITION = re.compile(r"([A-Za-z_][\w.-]*)=(.*)")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def places(files: Sequence[Path]) -> list[PurePath]:
    """Each file with the folders that tell it from the other files of its dataset."""
    if not files:
        return []
    top = Path(commonpath([file.parent for file in files]))
    if (top.parent / _SPLITS_BESIDE).is_file():
        top = top.parent
    while _PARTITION.fullmatch(top.name):
        top = top.parent
    return [file.relative_to(top) for file in files]


def split_of(place: PurePath) -> str | None:
    """The split that a file is of by its name, else by the nearest folder that names one."""
    for part in reversed(place.parts):
        if found := _SPLIT_WORD.search(part.lower()):
            return _SPLITS[found[1]]
    return None


def partition_of(place: PurePath) -> dict[str, str | None]:
    """The columns that the names of folders hold: `lang=en/` is the column `lang` with the value `en`."""
    found = [match for part in place.parts[:-1] if (match := _PARTITION.fullmatch(part))]
    return {match[1]: None if match[2] == _NO_VALUE else unquote(match[2]) for match in found}


def telling_name(place: PurePath) -> str:
    """The name of a file, with its folders where these say something about its rows."""
    by_folder = split_of(PurePath(place.name)) is None and split_of(place) is not None
    return place.as_posix() if by_folder or partition_of(place) else place.name
