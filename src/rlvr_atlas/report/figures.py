"""Numbers turned into shapes: composition bars and the timeline. Positions only; templates draw them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Facts = dict[str, Any]

#: Colour and ink on it: Paul Tol's discrete rainbow for 12 classes, safe for colour-blind readers,
#: in an order that puts unlike colours side by side (https://personal.sron.nl/~pault/).
PALETTE = (
    ("#1965b0", "#fff"),
    ("#f4a736", "#000"),
    ("#4eb265", "#000"),
    ("#882e72", "#fff"),
    ("#7bafde", "#000"),
    ("#dc050c", "#fff"),
    ("#cae0ab", "#000"),
    ("#ae76a3", "#000"),
    ("#f7f056", "#000"),
    ("#5289c7", "#000"),
    ("#e8601c", "#000"),
    ("#d1bbd7", "#000"),
)
OTHER, UNKNOWN = "other", "unknown"
ROLES = ("source", "train", "benchmark")


@dataclass(frozen=True)
class Segment:
    """A part of a bar; `start` and `width` in percent of the bar."""

    label: str
    paint: str  # index into the palette, or "other" or "unknown": the end of a CSS class
    rows: int
    start: float
    width: float
    members: str = ""  # what "other" stands for

    @property
    def fit(self) -> str:
        """Where the label fits into the part: "wide" on any screen, "tight" on a large one, or nowhere."""
        needed = 2 + 1.15 * len(self.label)
        return "wide" if self.width >= 2.4 * needed else "tight" if self.width >= needed else ""


@dataclass(frozen=True)
class Dot:
    """A dataset on the timeline; `x` in percent of the axis, `level` its place in the pile, from 0."""

    dataset: str
    role: str | None
    released: str
    rows: int | None
    x: float
    level: int


@dataclass(frozen=True)
class Composition:
    """The bars by heading, and what is said in words instead of a bar."""

    colours: dict[str, str]  # palette index by atomic source, largest first
    others: int  # sources without a colour of their own
    groups: dict[str, list[tuple[str, int, list[Segment]]]]  # dataset, rows, segments
    plain: list[tuple[str, str | None]]  # source and benchmark sets that are one source throughout


def composition(datasets: Sequence[Facts]) -> Composition:
    """Bars for all train sets, and for those source and benchmark sets that mix sources.

    Args:
        datasets: dataset, role, composition (source, rows), in the order of the page.
    """
    ranked = _ranked_sources(datasets)
    colours = {source: str(index) for index, source in enumerate(ranked[: len(PALETTE)])}
    groups: dict[str, list[tuple[str, int, list[Segment]]]] = {}
    plain = []
    for role, heading in (
        ("train", "Train"),
        ("source", "Source"),
        ("benchmark", "Benchmark"),
        (None, "Other"),
    ):
        for fact in datasets:
            parts = fact["composition"]
            if not parts or (fact["role"] if fact["role"] in ROLES else None) != role:
                continue
            if len(parts) == 1 and role in ("source", "benchmark"):
                plain.append((fact["dataset"], parts[0]["source"]))
                continue
            rows = sum(part["rows"] for part in parts)
            groups.setdefault(f"{heading} datasets", []).append((fact["dataset"], rows, bar(parts, colours)))
    return Composition(colours, max(len(ranked) - len(PALETTE), 0), groups, plain)


def _ranked_sources(datasets: Sequence[Facts]) -> list[str]:
    """Atomic sources, those with the most rows first, where rows of train sets count before all others."""
    totals: dict[str, list[int]] = {}
    for fact in datasets:
        for part in fact["composition"] or []:
            if part["source"] is not None:
                totals.setdefault(part["source"], [0, 0])[fact["role"] != "train"] += part["rows"]
    return sorted(totals, key=lambda source: (-totals[source][0], -totals[source][1], source))


def bar(parts: Sequence[Facts], colours: dict[str, str]) -> list[Segment]:
    """One dataset's composition as segments: coloured sources in the order of the legend, other, unknown."""
    rows = {part["source"]: part["rows"] for part in parts}
    whole = sum(rows.values())
    other = [part for part in parts if part["source"] is not None and part["source"] not in colours]
    found = [(source, paint, rows[source], "") for source, paint in colours.items() if source in rows]
    if other:
        members = ", ".join(f"{part['source']} {part['rows']:,}" for part in other[:12])
        more = f", and {len(other) - 12} more" if len(other) > 12 else ""
        found.append((OTHER, OTHER, sum(part["rows"] for part in other), members + more))
    if None in rows:
        found.append((UNKNOWN, UNKNOWN, rows[None], ""))
    segments, start = [], 0.0
    for label, paint, count, members in found:
        width = 100 * count / whole
        segments.append(Segment(label, paint, count, round(start, 3), round(width, 3), members))
        start += width
    return segments


@dataclass(frozen=True)
class Timeline:
    """Dots over a time axis; `ticks` are (percent, label)."""

    dots: list[Dot]
    ticks: list[tuple[float, str]]
    levels: int
    undated: int


def timeline(datasets: Sequence[Facts], *, bins: int = 64) -> Timeline:
    """Pile the datasets up by release date.

    Args:
        datasets: dataset, role, rows, released (ISO text or null).
        bins: Piles that fit side by side.
    """
    dated = [(dt.date.fromisoformat(fact["released"]), fact) for fact in datasets if fact["released"]]
    if not dated:
        return Timeline([], [], 0, len(datasets))
    years = range(min(date.year for date, _ in dated), max(date.year for date, _ in dated) + 1)
    first, last = dt.date(years[0], 1, 1).toordinal(), dt.date(years[-1], 12, 31).toordinal() + 1
    piles: dict[int, int] = {}
    dots = []
    for date, fact in sorted(dated, key=lambda pair: (pair[0], pair[1]["dataset"])):
        pile = int((date.toordinal() - first) / (last - first) * bins)
        level = piles[pile] = piles.get(pile, -1) + 1
        x = round(100 * (pile + 0.5) / bins, 2)
        dots.append(Dot(fact["dataset"], fact["role"], fact["released"], fact["rows"], x, level))
    # A tick at the first of January of every year, or of every second, fifth ... where they are many.
    every = next(step for step in (1, 2, 5, 10, 50, 100, 1000) if len(years) <= 12 * step)
    ticks = [
        (round(100 * (dt.date(year, 1, 1).toordinal() - first) / (last - first), 2), str(year))
        for year in years
        if year % every == 0
    ]
    return Timeline(dots, ticks, max(piles.values()) + 1, len(datasets) - len(dated))
