"""The registry: published datasets, benchmarks and atomic sources, and the many names they go by.

Everything known about a single dataset is data in the three TOML files beside this page; the code only looks
names up. A label that the registry does not know stays unknown: it is never guessed.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.schema import Role

__all__ = [
    "Entry",
    "Source",
    "benchmarks",
    "datasets",
    "find",
    "map_label",
    "map_upstream",
    "sources",
    "suggest",
]


class Entry(DatasetSpec):
    """A published dataset or benchmark: all that a recipe may say of it, and what else is known."""

    #: Other names by which documents and recipes call it; its Hub id and that id's last part need no mention.
    aliases: list[str] = Field(default_factory=list)
    #: math, code, logic or other.
    domain: str = "math"
    url: str | None = None
    notes: str = ""
    #: What labels mean in this dataset alone, before the general rules: label -> atomic source.
    labels: dict[str, str] = Field(default_factory=dict)
    #: Set where the field that looks like a source label says nothing of the source.
    labels_say_nothing: bool = False


class Source(BaseModel):
    """An atomic source: an origin of problems that is not derived from another one here."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: str
    title: str
    description: str = ""
    domain: str = "math"
    url: str | None = None
    released: dt.date | None = None
    license: str | None = None
    #: Labels and upstream names that mean this source, in any case and punctuation.
    aliases: list[str] = []
    #: The same with wildcards, in normal form (`amps_*`): what a star stands for is a problem type or a year.
    patterns: list[str] = []


class _LabelRules(BaseModel):
    """`[labels]` of sources.toml: noise around labels (regular expressions), and labels that mean nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    prefixes: list[str]
    suffixes: list[str]
    silent: list[str]


@cache
def datasets() -> dict[str, Entry]:
    """Training sets and the sources they draw on, by id, in the order of datasets.toml."""
    return _entries("datasets.toml", "train")


@cache
def benchmarks() -> dict[str, Entry]:
    """Benchmarks by id, in the order of benchmarks.toml."""
    return _entries("benchmarks.toml", "benchmark")


@cache
def sources() -> dict[str, Source]:
    """Atomic sources by id, in the order of sources.toml."""
    table = _toml("sources.toml")["sources"]
    return {name: Source.model_validate({"id": name, **facts}) for name, facts in table.items()}


def find(name: str) -> Entry | None:
    """The dataset or benchmark that goes by a name.

    Args:
        name: Id, alias or Hub id, in any case and punctuation. A Hub id that several entries share (the train
            and test halves of one repository) means the first of them, datasets before benchmarks.
    """
    return _names().get(_normal(name))


def suggest(name: str) -> list[str]:
    """Ids of at most three entries with a name like this one, the closest first."""
    close = difflib.get_close_matches(_normal(name), _names(), n=9, cutoff=0.6)
    return list(dict.fromkeys(_names()[other].id for other in close))[:3]


def map_label(label: str | None, dataset: str | None = None) -> str | None:
    """What a row's own source label means.

    Args:
        label: The label as published; None or blank where a row has none.
        dataset: Id of the row's dataset, for labels that mean something only there.

    Returns:
        An atomic source id, or None where the label says nothing or is not known. A missing label means the
        one source that the registry gives for the dataset, if it gives one.
    """
    entry = find(dataset) if dataset else None
    if label is None or not _normal(label):
        return entry.atomic_source if entry else None
    if entry and entry.labels_say_nothing:
        return None
    # A mix's own name says of a row only that it is in the mix.
    if entry and not entry.trust_labels and find(label) is entry:
        return entry.atomic_source
    return _label_source(label, entry.id if entry else None)


def map_upstream(name: str) -> str | None:
    """The atomic source that a free-text upstream names, if it names exactly one.

    Args:
        name: Such as `hendrycks/math (train)`, `MAWPS (sroy9/mawps)` or `AIME 2024 (contest)`.

    Returns:
        An atomic source id, or None for collections of several sources and for unknown names.
    """
    parts = [re.sub(r"\([^()]*\)", " ", name), *re.findall(r"\(([^()]*)\)", name)]
    bare = (_QUALIFIERS.sub(" ", part).strip() for part in parts)
    found = {source for part in bare if (source := _upstream_source(part))}
    return found.pop() if len(found) == 1 else None


#: Words that say which part of an upstream was taken, not which upstream.
_QUALIFIERS = re.compile(
    r"\b(?:(?:19|20)\d\d|train(?:ing)?|test|dev|validation|splits?|sets?|and|before|until|contests?|archives?)\b",
    flags=re.IGNORECASE,
)


def _toml(file: str) -> dict[str, Any]:
    return tomllib.loads(files(__name__).joinpath(file).read_text(encoding="utf-8"))


def _entries(file: str, role: Role) -> dict[str, Entry]:
    return {
        name: Entry.model_validate({"id": name, "role": role, **facts}) for name, facts in _toml(file).items()
    }


def _normal(name: str) -> str:
    """Lower case, runs of punctuation and space an underscore: `GSM-8K`, `gsm_8k` and `gsm 8k` are one."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+", "_", folded).strip("_")


@cache
def _names() -> dict[str, Entry]:
    """Every normal name -> its entry; where names collide, ids win over aliases, and those over Hub ids."""
    entries = [*datasets().values(), *benchmarks().values()]
    names: dict[str, Entry] = {}
    for kind in (
        lambda entry: [entry.id],
        lambda entry: entry.aliases,
        lambda entry: [entry.hub, entry.hub.rpartition("/")[2]] if entry.hub else [],
    ):
        for entry in entries:
            for name in kind(entry):
                names.setdefault(_normal(name), entry)
    return names


@cache
def _label_rules() -> _LabelRules:
    return _LabelRules.model_validate(_toml("sources.toml")["labels"])


@cache
def _source_names() -> dict[str, str]:
    """Every normal label -> atomic source id."""
    return {
        _normal(name): source.id for source in sources().values() for name in [source.id, *source.aliases]
    }


@lru_cache(maxsize=65536)  # a label may be a web address of its own in every row
def _label_source(label: str, dataset: str | None) -> str | None:
    """`map_label` for a label that is there, in a registered dataset or anywhere."""
    entry = find(dataset) if dataset else None
    own = {_normal(name): source for name, source in entry.labels.items()} if entry else {}
    silent = {_normal(name) for name in _label_rules().silent}
    for form in _forms(label):
        if form in own:
            return own[form]
        if form in silent:
            return None
        if form in _source_names():
            return _source_names()[form]
        for source in sources().values():
            if any(fnmatchcase(form, pattern) for pattern in source.patterns):
                return source.id
    return None


def _forms(label: str) -> Iterator[str]:
    """The label, then without its organisation, then with noise taken off, the least changed first."""
    forms = [_normal(label)]
    organisation, slash, rest = label.partition("/")
    if slash and "/" not in rest and " " not in label.strip() and organisation:
        forms.append(_normal(rest))
    noise = [f"^(?:{prefix})" for prefix in _label_rules().prefixes]
    noise += [f"(?:{suffix})$" for suffix in _label_rules().suffixes]
    for form in forms:  # grows as it goes
        yield form
        stripped = (re.sub(pattern, "", form) for pattern in noise)
        forms += [rest for rest in dict.fromkeys(stripped) if rest and rest not in forms]


def _upstream_source(name: str) -> str | None:
    """The source of a name without qualifiers: as a label, or as a dataset that introduces one source."""
    source = map_label(name) if _normal(name) else None
    entry = find(name)
    if source is None and entry and not entry.trust_labels and not entry.derived_from:
        return entry.atomic_source
    return source
