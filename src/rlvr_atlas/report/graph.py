"""Where the nodes and edges of the timeline of releases go. Positions only; the page's template draws them.

Datasets stand in columns from left to right by period of release. No two columns overlap in time: every
dataset of a column was released after all of the columns to its left. An edge inside a column is an arc on
its left side. Within a column, datasets and passing edges stand near the mean height of their neighbours (the
barycentre method of Sugiyama et al. 1981), at the nearest heights that keep a distance, so that no line is
hidden behind a dataset.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

NODE_WIDTH, NODE_HEIGHT = 164, 24
_COLUMN_GAP, _TOP, _MARGIN = 70, 34, 4
#: How far an arc stands out of its column, and the room for it before the first one.
_ARC, _LEFT = 32, 38
#: Height that a dataset takes up, and an edge on its way through a column.
_STEP, _TRACK = 34, 9
_SWEEPS = 12
#: Columns for n datasets: this times the square root of n. 82 datasets fill a screen of 1920 pixels.
_COLUMNS = 0.75
#: From the bottom of the picture to its top.
_KINDS = ("documented", "measured", "both")

#: Undocumented edges are hidden if they carry a smaller part of the child's rows or are not its largest.
LEAST_SHARE, PER_CHILD = 0.02, 3
#: Minor edges that are kept for when they are asked for, largest first.
MOST_MINOR = 500


@dataclass(frozen=True)
class Node:
    """A dataset of the graph; `x`, `y` is its upper left corner in pixels."""

    dataset: str
    role: str | None
    rows: int | None
    released: str | None
    x: int
    y: float
    sources: list[str]  # atomic sources of its rows


@dataclass(frozen=True)
class Edge:
    """An edge of the graph; `path` is SVG path data, `share` the part of the child's rows it carries.

    A `minor` one is left out of the picture until its dataset or one of its `sources` is asked for.
    """

    child: str
    parent: str
    kind: str  # "both": documented and measured; "measured"; "documented": no row was traced there
    rows: int
    variant_rows: int
    share: float
    width: float
    path: str
    sources: list[str]
    minor: bool


@dataclass(frozen=True)
class Graph:
    """A laid-out graph, and what was left out of it."""

    nodes: list[Node]  # column by column from the top, which is also the order of the Tab key
    edges: list[Edge]
    columns: list[tuple[int, str]]  # x and the dates of the column
    width: int
    height: float
    hidden_edges: int
    hidden_rows: int
    sources: list[str]  # all that some edge carries, by name


Facts = dict[str, Any]
#: Atomic sources of the rows that an edge (child, parent) carries.
Flows = Mapping[tuple[str, str], Sequence[str]]
#: A dataset in its own column, or an edge of that dataset in a later column that it passes.
Item = tuple[str, int]


def lay_out(datasets: Sequence[Facts], edges: Sequence[Facts], carried: Flows) -> Graph:
    """Place the datasets, the edges worth drawing, and the minor ones that are shown when asked for.

    Args:
        datasets: In order of release: dataset, role, rows, released (ISO text or null), derived_from and
            composition.
        edges: child, parent, rows, variant_rows, documented.
        carried: What the edges carry (see `flows`).
    """
    facts = {fact["dataset"]: fact for fact in datasets}
    drawn, minor = _choose(facts, edges)
    column = _columns(datasets)
    chains = [_chain(edge, column) for edge in drawn]
    middle = _heights(column, chains)
    shown = [*zip(drawn, chains, strict=True)]
    lines = [_edge(edge, _path(chain, middle), carried, minor=False) for edge, chain in shown]
    straight = [(edge, _path(_ends(edge, column), middle)) for edge in minor[:MOST_MINOR]]
    lines += [_edge(edge, path, carried, minor=True) for edge, path in straight]
    return Graph(
        nodes=sorted(
            (_node(facts[name], place, middle[name, place]) for name, place in column.items()),
            key=lambda node: (node.x, node.y),
        ),
        edges=sorted(lines, key=lambda edge: (not edge.minor, _KINDS.index(edge.kind), edge.share)),
        columns=[
            (_left(place), _dates([facts[name]["released"] for name in column if column[name] == place]))
            for place in range(_count(column))
        ],
        width=_left(_count(column)) - _COLUMN_GAP + _MARGIN if column else 0,
        height=max(middle.values(), default=0.0) + NODE_HEIGHT / 2 + _MARGIN,
        hidden_edges=len(minor),
        hidden_rows=sum(edge["rows"] + edge["variant_rows"] for edge in minor),
        sources=sorted({source for line in lines for source in line.sources}),
    )


def flows(lineage: pl.DataFrame) -> dict[tuple[str, str], list[str]]:
    """The atomic sources of the rows that every edge (child, parent) carries, most rows first."""
    counted = (
        lineage.filter(pl.col("parent_dataset").is_not_null() & pl.col("atomic_source").is_not_null())
        .group_by("dataset", "parent_dataset", "atomic_source")
        .len()
        .sort("len", "atomic_source", descending=[True, False])
    )
    found: dict[tuple[str, str], list[str]] = {}
    for child, parent, source, _ in counted.iter_rows():
        found.setdefault((child, parent), []).append(source)
    return found


def _node(fact: Facts, column: int, middle: float) -> Node:
    return Node(
        dataset=fact["dataset"],
        role=fact["role"],
        rows=fact["rows"],
        released=fact["released"],
        x=_left(column),
        y=round(middle - NODE_HEIGHT / 2, 1),
        sources=[part["source"] for part in fact.get("composition") or [] if part["source"] is not None],
    )


def _choose(facts: dict[str, Facts], edges: Sequence[Facts]) -> tuple[list[Facts], list[Facts]]:
    """Edges to draw and edges to hide; documented upstreams in view are drawn even without a row."""
    known = [
        {**edge, "share": (edge["rows"] + edge["variant_rows"]) / max(facts[edge["child"]]["rows"] or 1, 1)}
        for edge in edges
        if edge["child"] in facts and edge["parent"] in facts and edge["child"] != edge["parent"]
    ]
    seen = {(edge["child"], edge["parent"]) for edge in known}
    nothing = {"rows": 0, "variant_rows": 0, "documented": True, "share": 0.0}
    known += [
        {"child": child, "parent": parent, **nothing}
        for child, fact in facts.items()
        for parent in dict.fromkeys(fact["derived_from"])
        if parent in facts and parent != child and (child, parent) not in seen
    ]
    known.sort(key=lambda edge: (-edge["share"], edge["child"], edge["parent"]))
    drawn, hidden, undocumented = [], [], dict.fromkeys(facts, 0)
    for edge in known:
        if not edge["documented"]:
            undocumented[edge["child"]] += 1
            if edge["share"] < LEAST_SHARE or undocumented[edge["child"]] > PER_CHILD:
                hidden.append(edge)
                continue
        drawn.append(edge)
    return drawn, hidden


def _columns(datasets: Sequence[Facts]) -> dict[str, int]:
    """The column of every dataset: a period of release; those without a date stand in the last one.

    Datasets of one month are never parted, and the periods hold as many datasets as that allows.
    """
    months = Counter(fact["released"][:7] for fact in datasets if fact["released"])
    left = sum(months.values())
    columns = max(round(_COLUMNS * left**0.5), 1)
    column, held = 0, 0
    place: dict[str | None, int] = {}
    for month in sorted(months):
        if held and column + 1 < columns and held + months[month] / 2 > left / (columns - column):
            left, column, held = left - held, column + 1, 0
        place[month] = column
        held += months[month]
    place[None] = column + 1 if months else 0
    return {fact["dataset"]: place[(fact["released"] or "")[:7] or None] for fact in datasets}


def _count(column: dict[str, int]) -> int:
    return max(column.values(), default=-1) + 1


def _ends(edge: Facts, column: dict[str, int]) -> list[Item]:
    """Both ends of an edge, the left one first; of two in one column, the parent."""
    left, right = sorted((edge["parent"], edge["child"]), key=column.__getitem__)
    return [(left, column[left]), (right, column[right])]


def _chain(edge: Facts, column: dict[str, int]) -> list[Item]:
    """The items an edge passes: the left dataset, one item per column in between, the right one.

    Edges that leave one dataset share the items in between and run as one trunk until they part.
    """
    (left, first), end = _ends(edge, column)
    return [*((left, place) for place in range(first, max(end[1], first + 1))), end]


def _heights(column: dict[str, int], chains: list[list[Item]]) -> dict[Item, float]:
    """The middle of every item, in pixels: sweeping to and fro, each column near all that it touches.

    Datasets that touch nothing stand below the others of their column.
    """
    near: dict[Item, set[Item]] = {}
    for chain in chains:
        for left, right in pairwise(chain):
            near.setdefault(left, set()).add(right)
            near.setdefault(right, set()).add(left)
    neighbours = {item: sorted(items) for item, items in near.items()}
    stacks = [sorted(item for item in neighbours if item[1] == place) for place in range(_count(column))]
    sizes = {item: _STEP if column[item[0]] == item[1] else _TRACK for item in neighbours}
    middle = dict.fromkeys(neighbours, 0.0)
    for stack in stacks:
        middle |= _apart([(0.0, item) for item in stack], sizes)
    for sweep in range(_SWEEPS):
        for stack in stacks if sweep % 2 else stacks[::-1]:
            wishes = [(float(np.mean([middle[other] for other in neighbours[item]])), item) for item in stack]
            middle |= _apart(sorted(wishes), sizes)
    top = min(middle.values(), default=0.0)
    below = [max((middle[item] for item in stack), default=top - _STEP) for stack in stacks]
    for name, place in column.items():
        if (name, place) not in middle:
            below[place] += _STEP
            middle[name, place] = below[place]
    least = top - _TOP - NODE_HEIGHT / 2
    return {item: round(height - least, 1) for item, height in middle.items()}


def _apart(wishes: list[tuple[float, Item]], sizes: dict[Item, int]) -> dict[Item, float]:
    """The heights nearest to ascending wishes at which no two items overlap (pool adjacent violators)."""
    blocks: list[tuple[float, int]] = []  # sum and number of (wish - offset) in a run of items that touch
    offsets: list[float] = []
    for place, (wish, item) in enumerate(wishes):
        before = wishes[place - 1][1] if place else item
        offsets.append((offsets[-1] + (sizes[before] + sizes[item]) / 2) if place else 0.0)
        blocks.append((wish - offsets[-1], 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            (total, count), (more, further) = blocks[-2:]
            blocks[-2:] = [(total + more, count + further)]
    starts = [total / count for total, count in blocks for _ in range(count)]
    return {item: start + offset for (_, item), start, offset in zip(wishes, starts, offsets, strict=True)}


def _path(chain: list[Item], middle: dict[Item, float]) -> str:
    """A smooth curve, level through the columns in between; inside a column, an arc with an arrow."""
    (_, first), (_, last) = chain[0], chain[-1]
    if first == last:
        x, start, stop = _left(first), middle[chain[0]], middle[chain[-1]]
        out = x - min(_ARC, 12 + abs(stop - start) / 8)
        return f"M{x} {start:g}C{out:g} {start:g} {out:g} {stop:g} {x} {stop:g}m-5 -4l5 4l-5 4"
    path = f"M{_left(first) + NODE_WIDTH} {middle[chain[0]]:g}"
    for before, item in pairwise(chain):
        left, bend = _left(item[1]), _COLUMN_GAP // 2
        path += f"C{left - bend} {middle[before]:g} {left - bend} {middle[item]:g} {left} {middle[item]:g}"
        path += f"h{NODE_WIDTH}" if item != chain[-1] else ""
    return path


def _left(column: int) -> int:
    return _LEFT + column * (NODE_WIDTH + _COLUMN_GAP)


def _edge(edge: Facts, path: str, carried: Flows, *, minor: bool) -> Edge:
    measured = edge["rows"] + edge["variant_rows"] > 0
    return Edge(
        child=edge["child"],
        parent=edge["parent"],
        kind=("both" if measured else "documented") if edge["documented"] else "measured",
        rows=edge["rows"],
        variant_rows=edge["variant_rows"],
        share=edge["share"],
        width=round(1 + (2 if path.endswith("l-5 4") else 5) * min(edge["share"], 1.0) ** 0.5, 2),
        path=path,
        sources=list(carried.get((edge["child"], edge["parent"]), ())),
        minor=minor,
    )


def _dates(released: list[str | None]) -> str:
    """The months that a column spans."""
    months = sorted(date[:7] for date in released if date)
    if not months:
        return "no date"
    return months[0] if months[0] == months[-1] else f"{months[0]} to {months[-1]}"
