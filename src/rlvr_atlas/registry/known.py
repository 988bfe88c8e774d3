"""What is known of a name: the packaged entries with those of the user over them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache, cached_property, lru_cache

from rlvr_atlas.registry.entries import Entry, LabelRules, Source
from rlvr_atlas.registry.tables import Facts, label_rules, over, packaged
from rlvr_atlas.schema import Role


class Registry:
    """Entries by their names, and labels by what they mean.

    Args:
        own: Entries of the user, kind -> id -> facts; they go over the packaged ones (`tables.over`).
        digest: A name for the content of the user's file; None where there is none.
    """

    def __init__(self, own: dict[str, dict[str, Facts]] | None = None, digest: str | None = None) -> None:
        self._own = own or {}
        self.digest = digest
        # A label may be a web address of its own in every row.
        self._label_source = lru_cache(maxsize=65536)(self._read_label)

    @cached_property
    def datasets(self) -> dict[str, Entry]:
        """Training sets and the sources they draw on, by id: the user's, then those of datasets.toml."""
        return self._entries("datasets", "train")

    @cached_property
    def benchmarks(self) -> dict[str, Entry]:
        """Benchmarks by id: the user's, then those of benchmarks.toml."""
        return self._entries("benchmarks", "benchmark")

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Atomic sources by id: the user's, then those of sources.toml."""
        facts = self.facts("sources")
        return {name: Source.model_validate({"id": name, **told}) for name, told in facts.items()}

    def facts(self, kind: str) -> dict[str, Facts]:
        """The entries of a kind as their files say, by id, unchecked."""
        return over(packaged(kind), self._own.get(kind, {}))

    def _entries(self, kind: str, role: Role) -> dict[str, Entry]:
        facts = self.facts(kind)
        return {
            name: Entry.model_validate({"id": name, "role": role, **told}) for name, told in facts.items()
        }

    def find(self, name: str) -> Entry | None:
        """The dataset or benchmark that goes by a name.

        Args:
            name: Id, alias or Hub id, in any case and punctuation. A Hub id that several entries share (the
                train and test halves of one repository) means the first of them, datasets before benchmarks.
        """
        return self._names.get(normal(name))

    def suggest(self, name: str) -> list[str]:
        """Ids of at most three entries with a name like this one, the closest first."""
        close = difflib.get_close_matches(normal(name), self._names, n=9, cutoff=0.6)
        return list(dict.fromkeys(self._names[other].id for other in close))[:3]

    def map_label(self, label: str | None, dataset: str | None = None) -> str | None:
        """What a row's own source label means.

        Args:
            label: The label as published; None or blank where a row has none.
            dataset: Id of the row's dataset, for labels that mean something only there.

        Returns:
            An atomic source id, or None where the label says nothing or is not known. A missing label means
            the one source that the registry gives for the dataset, if it gives one.
        """
        entry = self.find(dataset) if dataset else None
        if label is None or not normal(label):
            return entry.atomic_source if entry else None
        if entry and entry.labels_say_nothing:
            return None
        # A mix's own name says of a row only that it is in the mix.
        if entry and not entry.trust_labels and self.find(label) is entry:
            return entry.atomic_source
        return self._label_source(label, entry.id if entry else None)

    def map_upstream(self, name: str) -> str | None:
        """The atomic source that a free-text upstream names, if it names exactly one.

        Args:
            name: Such as `hendrycks/math (train)`, `MAWPS (sroy9/mawps)` or `AIME 2024 (contest)`.

        Returns:
            An atomic source id, or None for collections of several sources and for unknown names.
        """
        parts = [re.sub(r"\([^()]*\)", " ", name), *re.findall(r"\(([^()]*)\)", name)]
        bare = (_QUALIFIERS.sub(" ", part).strip() for part in parts)
        found = {source for part in bare if (source := self._upstream_source(part))}
        return found.pop() if len(found) == 1 else None

    @cached_property
    def _names(self) -> dict[str, Entry]:
        """Every normal name -> its entry; ids win over aliases, and those over Hub ids."""
        entries = [*self.datasets.values(), *self.benchmarks.values()]
        names: dict[str, Entry] = {}
        for kind in (
            lambda entry: [entry.id],
            lambda entry: entry.aliases,
            lambda entry: [entry.hub, entry.hub.rpartition("/")[2]] if entry.hub else [],
        ):
            for entry in entries:
                for name in kind(entry):
                    names.setdefault(normal(name), entry)
        return names

    @cached_property
    def _source_names(self) -> dict[str, str]:
        """Every normal label -> atomic source id."""
        return {
            normal(name): source.id
            for source in self.sources.values()
            for name in [source.id, *source.aliases]
        }

    def _read_label(self, label: str, dataset: str | None) -> str | None:
        """`map_label` for a label that is there, in a registered dataset or anywhere."""
        entry = self.find(dataset) if dataset else None
        own = {normal(name): source for name, source in entry.labels.items()} if entry else {}
        silent = {normal(name) for name in _label_rules().silent}
        for form in _forms(label):
            if form in own:
                return own[form]
            if form in silent:
                return None
            if form in self._source_names:
                return self._source_names[form]
            for source in self.sources.values():
                if any(fnmatchcase(form, pattern) for pattern in source.patterns):
                    return source.id
        return None

    def _upstream_source(self, name: str) -> str | None:
        """The source of a name without qualifiers: as a label, or as a dataset that introduces one source."""
        source = self.map_label(name) if normal(name) else None
        entry = self.find(name)
        if source is None and entry and not entry.trust_labels and not entry.derived_from:
            return entry.atomic_source
        return source


# --- names ---------------------------------------------------------------------------------------------

#: Words that say which part of an upstream was taken, not which upstream.
_QUALIFIERS = re.compile(
    r"\b(?:(?:19|20)\d\d|train(?:ing)?|test|dev|validation|splits?|sets?|and|before|until|contests?|archives?)\b",
    flags=re.IGNORECASE,
)


def normal(name: str) -> str:
    """Lower case, runs of punctuation and space an underscore: `GSM-8K`, `gsm_8k` and `gsm 8k` are one."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+", "_", folded).strip("_")


@cache
def _label_rules() -> LabelRules:
    return LabelRules.model_validate(label_rules())


def _forms(label: str) -> Iterator[str]:
    """The label, then without its organisation, then with noise taken off, the least changed first."""
    forms = [normal(label)]
    organisation, slash, rest = label.partition("/")
    if slash and "/" not in rest and " " not in label.strip() and organisation:
        forms.append(normal(rest))
    noise = [f"^(?:{prefix})" for prefix in _label_rules().prefixes]
    noise += [f"(?:{suffix})$" for suffix in _label_rules().suffixes]
    for form in forms:  # grows as it goes
        yield form
        stripped = (re.sub(pattern, "", form) for pattern in noise)
        forms += [rest for rest in dict.fromkeys(stripped) if rest and rest not in forms]
