"""The lineage graph: nothing overlaps, time runs to the right, and what is left out is counted."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.report import summary
from rlvr_atlas.report.graph import LEAST_SHARE, NODE_HEIGHT, NODE_WIDTH, PER_CHILD, lay_out


def dataset(name, **more):
    return {"dataset": name, "role": "train", "rows": 100, "released": None, "derived_from": [], **more}


def edge(child, parent, rows, *, documented=False):
    return {"child": child, "parent": parent, "rows": rows, "variant_rows": 0, "documented": documented}


@st.composite
def worlds(draw):
    """Datasets in order of release, and edges that lead to earlier ones."""
    count = draw(st.integers(1, 40))
    names = [f"d{place}" for place in range(count)]
    pairs = [(child, parent) for child in range(count) for parent in range(child)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=80)) if pairs else []
    edges = [
        edge(names[child], names[parent], draw(st.integers(0, 100)), documented=draw(st.booleans()))
        for child, parent in chosen
    ]
    return [dataset(name) for name in names], edges


@given(worlds())
def test_time_runs_to_the_right_and_nothing_overlaps(world):
    datasets, edges = world
    graph = lay_out(datasets, edges)
    place = {node.dataset: node for node in graph.nodes}
    for line in graph.edges:
        assert place[line.parent].x < place[line.child].x
    roots = [fact["dataset"] for fact in datasets if fact["dataset"] in place]
    roots = [name for name in roots if name not in {line.child for line in graph.edges}]
    assert [place[name].x for name in roots] == sorted(place[name].x for name in roots)
    for column in {node.x for node in graph.nodes}:
        tops = sorted(node.y for node in graph.nodes if node.x == column)
        assert all(lower - upper >= NODE_HEIGHT for upper, lower in itertools.pairwise(tops))
    for node in graph.nodes:
        assert 0 <= node.x <= graph.width - NODE_WIDTH
        assert 0 <= node.y <= graph.height - NODE_HEIGHT


@given(worlds())
def test_no_line_runs_behind_a_dataset(world):
    graph = lay_out(*world)
    for line in graph.edges:
        # A level stretch is where a line passes a column: its height ends the curve before it.
        for x, y in re.findall(r" ([\d.]+) ([\d.]+)h", line.path):
            column = [node for node in graph.nodes if node.x == float(x)]
            assert column
            assert not [node for node in column if node.y <= float(y) <= node.y + NODE_HEIGHT]


@given(worlds())
def test_every_dataset_and_every_edge_is_drawn_or_counted(world):
    datasets, edges = world
    graph = lay_out(datasets, edges)
    drawn = {(line.child, line.parent) for line in graph.edges}
    assert len(drawn) + graph.hidden_edges == len(edges)
    assert drawn >= {(line["child"], line["parent"]) for line in edges if line["documented"]}
    assert sorted([node.dataset for node in graph.nodes] + graph.alone) == sorted(
        f["dataset"] for f in datasets
    )
    assert graph.hidden_rows == sum(line["rows"] for line in edges) - sum(line.rows for line in graph.edges)


def test_small_undocumented_edges_are_hidden_and_only_the_largest_are_kept():
    datasets = [dataset(f"p{place}") for place in range(8)] + [dataset("child")]
    edges = [edge("child", f"p{place}", 10 + place) for place in range(6)]
    edges += [edge("child", "p6", 100 * LEAST_SHARE - 1), edge("child", "p7", 1, documented=True)]
    graph = lay_out(datasets, edges)
    kept = {line.parent for line in graph.edges}
    assert kept == {"p7"} | {f"p{place}" for place in range(6 - PER_CHILD, 6)}
    assert graph.hidden_edges == 6 - PER_CHILD + 1


def test_a_documented_upstream_without_rows_is_drawn_as_such():
    datasets = [dataset("up"), dataset("down", derived_from=["up", "not in view"])]
    (line,) = lay_out(datasets, []).edges
    assert (line.parent, line.kind, line.rows) == ("up", "documented", 0)


def test_datasets_without_dates_may_stand_the_wrong_way_round():
    graph = lay_out([dataset("child"), dataset("parent")], [edge("child", "parent", 50)])
    assert len(graph.edges) == 1
    assert "C" in graph.edges[0].path


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_real_size_is_laid_out_in_a_readable_frame(size, request):
    facts = summary(request.getfixturevalue(size))
    graph = lay_out(facts["datasets"], facts["edges"])
    assert graph.width < 2500
    assert graph.height < 1800
