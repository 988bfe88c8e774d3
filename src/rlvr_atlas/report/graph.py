"""Where the nodes and edges of the lineage graph go. Positions only; the page's template draws them.

Datasets stand in columns from left to right by period of release, and always to the right of their drawn
parents, so that time runs forward along every edge. Within a column, datasets
and passing edges stand near the mean height of their neighbours (the barycentre method of Sugiyama et al.
1981), at the nearest heights that keep a distance, so that no line is hidden behind a dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

NODE_WIDTH, NODE_HEIGHT = 164, 24
_COLUMN_GAP, _TOP, _MARGIN = 70, 34, 4
#: Height that a dataset takes up, and an edge on its way through a column.
_STEP, _TRACK = 34, 9
_SWEEPS = 12
#: From the bottom of the picture to its top.
_KINDS = ("documented", "measured", "both")

#: Undocumented edges are hidden if they carry a smaller part of the child's rows or are not its largest.
LEAST_SHARE, PER_CHILD = 0.02, 3


@dataclass(frozen=True)
class Node:
    """A dataset of the graph; `x`, `y` is its upper left corner in pixels."""

    dataset: str
    role: str | None
    rows: int | None
    released: str | None
    x: int
    y: float


@dataclass(frozen=True)
class Edge:
    """An edge of the graph; `path` is SVG path data, `share` the part of the child's rows it carries."""

    child: str
    parent: str
    kind: str  # "both": documented and measured; "measured"; "documented": no row was traced there
    rows: int
    variant_rows: int
    share: float
    width: float
    path: str


@dataclass(frozen=True)
class Graph:
    """A laid-out graph, and what was left out of it."""

    nodes: list[Node]  # column by column from the top, which is also the order of the Tab key
    edges: list[Edge]
    columns: list[tuple[int, str]]  # x and the dates of the column
    width: int
    height: float
    alone: list[str]  # datasets without a drawn edge
    hidden_edges: int
    hidden_rows: int


Facts = dict[str, Any]
#: A dataset in its own column, or an edge of that dataset in a later column that it passes.
Item = tuple[str, int]


def lay_out(datasets: Sequence[Facts], edges: Sequence[Facts]) -> Graph:
    """Place the datasets and the edges worth drawing.

    Args:
        datasets: In order of release: dataset, role, rows, released, derived_from.
        edges: child, parent, rows, variant_rows, documented.
    """
    facts = {fact["dataset"]: fact for fact in datasets}
    drawn, hidden = _choose(facts, edges)
    touched = {name for edge in drawn for name in (edge["child"], edge["parent"])}
    column = _columns([name for name in facts if name in touched], drawn)
    chains = [_chain(edge, column) for edge in drawn]
    middle = _heights(column, chains)
    nodes = [
        Node(
            dataset=name,
            role=facts[name]["role"],
            rows=facts[name]["rows"],
            released=facts[name]["released"],
            x=_left(place),
            y=round(middle[name, place] - NODE_HEIGHT / 2, 1),
        )
        for name, place in column.items()
    ]
    return Graph(
        nodes=sorted(nodes, key=lambda node: (node.x, node.y)),
        edges=sorted(
            (_edge(edge, _path(chain, middle)) for edge, chain in zip(drawn, chains, strict=True)),
            key=lambda edge: (_KINDS.index(edge.kind), edge.share),
        ),
        columns=[
            (_left(place), _dates([facts[name]["released"] for name in column if column[name] == place]))
            for place in range(_count(column))
        ],
        width=_left(_count(column)) - _COLUMN_GAP + _MARGIN if column else 0,
        height=max(middle.values(), default=0.0) + NODE_HEIGHT / 2 + _MARGIN,
        alone=[name for name in facts if name not in touched],
        hidden_edges=len(hidden),
        hidden_rows=sum(edge["rows"] + edge["variant_rows"] for edge in hidden),
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


def _columns(names: list[str], edges: list[Facts]) -> dict[str, int]:
    """The column of every name: the one of its period, or further right where a drawn parent stands there.

    Args:
        names: In order of release. A period is an equal share of them.
        edges: Edges between them.
    """
    order = {name: place for place, name in enumerate(names)}
    earlier: dict[str, list[str]] = {name: [] for name in names}
    for edge in edges:
        # Without dates a child may stand before its parent; the line then runs from child to parent.
        left, right = sorted((edge["child"], edge["parent"]), key=order.__getitem__)
        earlier[right].append(left)
    periods = round(0.65 * len(names) ** 0.5)
    column: dict[str, int] = {}
    for name, place in order.items():
        behind = [column[other] + 1 for other in earlier[name]]
        column[name] = max([place * periods // len(names), *behind])
    used = {place: rank for rank, place in enumerate(sorted(set(column.values())))}
    return {name: used[place] for name, place in column.items()}


def _count(column: dict[str, int]) -> int:
    return max(column.values(), default=-1) + 1


def _chain(edge: Facts, column: dict[str, int]) -> list[Item]:
    """The items an edge passes: the left dataset, one item per column in between, the right one.

    Edges that leave one dataset share the items in between and run as one trunk until they part.
    """
    left, right = sorted((edge["child"], edge["parent"]), key=column.__getitem__)
    trunk = [(left, place) for place in range(column[left], column[right])]
    return [*trunk, (right, column[right])]


def _heights(column: dict[str, int], chains: list[list[Item]]) -> dict[Item, float]:
    """The middle of every item, in pixels: sweeping to and fro, each column near all that it touches."""
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
    least = min(middle.values(), default=0.0) - _TOP - NODE_HEIGHT / 2
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
    """A smooth curve to the right, level through the columns in between."""
    path = f"M{_left(chain[0][1]) + NODE_WIDTH} {middle[chain[0]]:g}"
    for before, item in pairwise(chain):
        left, bend = _left(item[1]), _COLUMN_GAP // 2
        path += f"C{left - bend} {middle[before]:g} {left - bend} {middle[item]:g} {left} {middle[item]:g}"
        path += f"h{NODE_WIDTH}" if item != chain[-1] else ""
    return path


def _left(column: int) -> int:
    return _MARGIN + column * (NODE_WIDTH + _COLUMN_GAP)


def _edge(edge: Facts, path: str) -> Edge:
    measured = edge["rows"] + edge["variant_rows"] > 0
    kind = ("both" if measured else "documented") if edge["documented"] else "measured"
    width = round(1 + 5 * min(edge["share"], 1.0) ** 0.5, 2)
    return Edge(
        edge["child"],
        edge["parent"],
        kind,
        edge["rows"],
        edge["variant_rows"],
        edge["share"],
        width,
        path,
    )


def _dates(released: list[str | None]) -> str:
    """The months that a column spans."""
    months = sorted(date[:7] for date in released if date)
    if not months:
        return "no date"
    return months[0] if months[0] == months[-1] else f"{months[0]} to {months[-1]}"
