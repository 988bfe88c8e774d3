"""The registry as a page in Markdown: what is known of each entry, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rlvr_atlas.registry.entries import Entry, Source
from rlvr_atlas.registry.known import Registry

#: Facts that have evidence or lack it, in the order of the page.
_FACTS = ("released", "license", "hub", "revision")
_LABELS = {"released": "date", "license": "licence", "hub": "Hub id", "revision": "revision"}


def markdown(known: Registry) -> str:
    """The page.

    Args:
        known: The packaged registry, or that with a file of the user over it.

    Returns:
        Markdown that ends in a line break; the same for the same entries.
    """
    lines = [
        "# Entries of the registry",
        "",
        "Written by `rlvr-atlas registry page`; [the registry](registry.md) says what the keys mean "
        "and how to add to it.",
        "",
        *_counts(known),
    ]
    for title, entries in (("Datasets", known.datasets), ("Benchmarks", known.benchmarks)):
        lines += [
            "",
            f"## {title}",
            "",
            "| id | released | licence | where | from |",
            "|---|---|---|---|---|",
        ]
        lines += [_line(entry) for entry in entries.values()]
    lines += ["", "## Atomic sources", "", "| id | title | released | licence |", "|---|---|---|---|"]
    lines += [_source_line(source) for source in known.sources.values()]
    lines += ["", "## Evidence", "", "What is not listed here has none.", ""]
    lines += [line for entry in _all(known) for line in _evidence(entry)]
    return "\n".join(lines) + "\n"


def _all(known: Registry) -> Iterator[Entry | Source]:
    yield from known.datasets.values()
    yield from known.benchmarks.values()
    yield from (source for source in known.sources.values() if source.evidence)


def _counts(known: Registry) -> list[str]:
    """How many facts are there, and how many of them have evidence."""
    entries = [*known.datasets.values(), *known.benchmarks.values()]
    lines = ["| of datasets and benchmarks | known | with evidence |", "|---|---|---|"]
    for fact in _FACTS:
        there = [entry for entry in entries if getattr(entry, fact) is not None]
        proven = sum(fact in entry.evidence for entry in there)
        lines.append(f"| {_LABELS[fact]} | {len(there)} of {len(entries)} | {proven} |")
    mark = "`?` marks a date or a licence that has no evidence: check it before you rely on it."
    return [*lines, "", mark]


def _line(entry: Entry) -> str:
    where = f"`{entry.hub}`" if entry.hub else entry.url or ", ".join(entry.paths)
    upstreams = ", ".join(f"`{name}`" for name in entry.derived_from) or _cell(entry.atomic_source)
    cells = (f"`{entry.id}`", _fact(entry, "released"), _fact(entry, "license"), where, upstreams)
    return f"| {' | '.join(map(_cell, cells))} |"


def _source_line(source: Source) -> str:
    cells = (f"`{source.id}`", source.title, _fact(source, "released"), _fact(source, "license"))
    return f"| {' | '.join(map(_cell, cells))} |"


def _fact(entry: Entry | Source, key: str) -> str:
    value = getattr(entry, key)
    return "" if value is None else f"{value}{'' if key in entry.evidence else ' ?'}"


def _evidence(entry: Entry | Source) -> list[str]:
    evidence: Mapping[str, str] = entry.evidence
    if not evidence:
        return []
    return [f"- `{entry.id}`: " + "; ".join(f"{key}: {_cell(why)}" for key, why in sorted(evidence.items()))]


def _cell(value: str | None) -> str:
    """A text inside a table: in one line, without the sign that ends a cell."""
    return " ".join((value or "").split()).replace("|", "\\|").replace("<", "&lt;")
