"""The lineage graph: nothing overlaps, time runs to the right, and what is left out is counted."""

import datetime as dt
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.report import summary
from rlvr_atlas.report.graph import LEAST_SHARE, NODE_HEIGHT, NODE_WIDTH, PER_CHILD, flows, lay_out


def dataset(name, **more):
    return {"dataset": name, "role": "train", "rows": 100, "released": None, "derived_from": [], **more}


def edge(child, parent, rows, *, documented=False):
    return {"child": child, "parent": parent, "rows": rows, "variant_rows": 0, "documented": documented}


@st.composite
def worlds(draw):
    """Datasets in order of release, some without a date at the end, and edges that lead to earlier ones."""
    count = draw(st.integers(1, 40))
    names = [f"d{place}" for place in range(count)]
    days = sorted(draw(st.lists(st.dates(dt.date(2015, 1, 1), dt.date(2027, 1, 1)), max_size=count)))
    dates = [day.isoformat() for day in days] + [None] * (count - len(days))
    pairs = [(child, parent) for child in range(count) for parent in range(child)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=80)) if pairs else []
    edges = [
        edge(names[child], names[parent], draw(st.integers(0, 100)), documented=draw(st.booleans()))
        for child, parent in chosen
    ]
    return [dataset(name, released=date) for name, date in zip(names, dates, strict=True)], edges


@given(worlds())
def test_columns_do_not_overlap_in_time_and_no_two_datasets_overlap(world):
    datasets, edges = world
    graph = lay_out(datasets, edges, {})
    place = {node.dataset: node for node in graph.nodes}
    by_column = {}
    for node in graph.nodes:
        by_column.setdefault(node.x, []).append(node.released or "no date")
    for (_, earlier), (_, later) in itertools.pairwise(sorted(by_column.items())):
        assert max(earlier)[:7] < min(later)[:7]
    for line in graph.edges:
        assert place[line.parent].x <= place[line.child].x
    for column in by_column:
        tops = sorted(node.y for node in graph.nodes if node.x == column)
        assert all(lower - upper >= NODE_HEIGHT for upper, lower in itertools.pairwise(tops))
    for node in graph.nodes:
        assert 0 <= node.x <= graph.width - NODE_WIDTH
        assert 0 <= node.y <= graph.height - NODE_HEIGHT


@given(worlds())
def test_no_line_runs_behind_a_dataset(world):
    graph = lay_out(*world, {})
    for line in graph.edges:
        # A level stretch is where a line passes a column: its height ends the curve before it.
        for x, y in re.findall(r" ([\d.]+) ([\d.]+)h", line.path):
            column = [node for node in graph.nodes if node.x == float(x)]
            assert column
            assert not [node for node in column if node.y <= float(y) <= node.y + NODE_HEIGHT]


@given(worlds())
def test_every_dataset_and_every_edge_is_there_and_minor_ones_are_counted(world):
    datasets, edges = world
    graph = lay_out(datasets, edges, {})
    drawn = {(line.child, line.parent) for line in graph.edges if not line.minor}
    assert {(line.child, line.parent) for line in graph.edges} == {(e["child"], e["parent"]) for e in edges}
    assert len(drawn) + graph.hidden_edges == len(edges)
    assert drawn >= {(line["child"], line["parent"]) for line in edges if line["documented"]}
    assert sorted(node.dataset for node in graph.nodes) == sorted(fact["dataset"] for fact in datasets)
    assert graph.hidden_rows == sum(line.rows for line in graph.edges if line.minor)


def test_an_edge_inside_a_period_is_an_arc_to_the_left_that_ends_in_an_arrow_at_the_child():
    datasets = [dataset("parent", released="2024-05-01"), dataset("child", released="2024-05-02")]
    graph = lay_out(datasets, [edge("child", "parent", 50)], {})
    (line,) = graph.edges
    heights = {node.dataset: node.y + NODE_HEIGHT / 2 for node in graph.nodes}
    x = graph.nodes[0].x
    assert line.path.startswith(f"M{x} {heights['parent']:g}C")
    assert line.path.endswith(f"{x} {heights['child']:g}m-5 -4l5 4l-5 4")
    places = re.findall(r"[\d.]+", line.path.split("m-5")[0])[::2]
    assert min(float(place) for place in places) < x == max(float(place) for place in places)


def test_edges_and_datasets_know_the_sources_they_carry(small):
    facts = summary(small)
    graph = lay_out(facts["datasets"], facts["edges"], flows(small["lineage"]))
    assert graph.sources
    lineage = small["lineage"]
    for line in graph.edges:
        rows = lineage.filter(dataset=line.child, parent_dataset=line.parent)
        assert set(line.sources) == set(rows["atomic_source"].drop_nulls())
    for node in graph.nodes:
        assert set(node.sources) == set(lineage.filter(dataset=node.dataset)["atomic_source"].drop_nulls())


def test_small_undocumented_edges_are_hidden_and_only_the_largest_are_kept():
    datasets = [dataset(f"p{place}") for place in range(8)] + [dataset("child")]
    edges = [edge("child", f"p{place}", 10 + place) for place in range(6)]
    edges += [edge("child", "p6", 100 * LEAST_SHARE - 1), edge("child", "p7", 1, documented=True)]
    graph = lay_out(datasets, edges, {})
    kept = {line.parent for line in graph.edges if not line.minor}
    assert kept == {"p7"} | {f"p{place}" for place in range(6 - PER_CHILD, 6)}
    assert graph.hidden_edges == 6 - PER_CHILD + 1


def test_a_documented_upstream_without_rows_is_drawn_as_such():
    datasets = [dataset("up"), dataset("down", derived_from=["up", "not in view"])]
    (line,) = lay_out(datasets, [], {}).edges
    assert (line.parent, line.kind, line.rows) == ("up", "documented", 0)


def test_datasets_without_dates_may_stand_the_wrong_way_round():
    graph = lay_out([dataset("child"), dataset("parent")], [edge("child", "parent", 50)], {})
    assert len(graph.edges) == 1
    assert "C" in graph.edges[0].path


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_real_size_is_laid_out_in_a_readable_frame(size, request):
    facts = summary(request.getfixturevalue(size))
    graph = lay_out(facts["datasets"], facts["edges"], {})
    assert graph.width < 2500
    assert graph.height < 1800
