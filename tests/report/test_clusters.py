"""The largest clusters of one problem, as the report shows them."""

import polars as pl
import pytest

from rlvr_atlas import schema as record
from rlvr_atlas.report import render
from rlvr_atlas.report.clusters import LARGEST, largest
from rlvr_atlas.report.tables import complete


def row(dataset, number, key, parent=None, *link):
    """A row of the lineage; `link`: relation, probability and root, where it has a parent."""
    above, (relation, probability, top) = (
        parent or (None, None, None),
        link or (None, None, (dataset, number)),
    )
    return {
        "dataset": dataset,
        "row": number,
        "key": key,
        "parent_dataset": above[0],
        "parent_row": above[1],
        "parent_key": above[2],
        "relation": relation,
        "tier": "lexical" if relation else None,
        "probability": probability,
        "root_dataset": top[0],
        "root_row": top[1],
    }


def world(lineage):
    keys = sorted({line["key"] for line in lineage})
    instances = [{"key": key, "prompt": f"What is the {key}?", "answer": "4"} for key in keys]
    occurrences = [{"key": line["key"], "dataset": line["dataset"], "row": line["row"]} for line in lineage]
    return complete(
        {
            "lineage": record.conform(pl.DataFrame(lineage, schema=record.LINEAGE), record.LINEAGE),
            "instances": record.conform(pl.DataFrame(instances), record.INSTANCES),
            "occurrences": record.conform(pl.DataFrame(occurrences), record.OCCURRENCES),
        }
    )


A0 = row("a", 0, "first")
B0 = row("b", 0, "again", ("a", 0, "first"), "reworded", 0.9, ("a", 0))
C0 = row("c", 0, "once more", ("b", 0, "again"), "reworded", 0.6, ("a", 0))
D0 = row("d", 0, "first", ("a", 0, "first"), "identical", 1.0, ("a", 0))


def test_a_cluster_has_its_first_row_and_its_least_sure_member():
    (cluster,) = largest(world([A0, B0, C0, D0]))
    assert (cluster.texts, cluster.rows, cluster.datasets) == (3, 4, 4)
    assert (cluster.relation, cluster.probability) == ("reworded", 0.6)
    assert (cluster.read.parent.dataset, cluster.read.child.dataset) == ("a", "c")
    assert "once more" in "".join(piece.text for piece in cluster.read.child.pieces)


def test_a_variant_ends_a_cluster():
    """Its root is that of the problem it was varied from, which is another problem."""
    varied = row("e", 0, "other", ("a", 0, "first"), "variant", 0.9, ("a", 0))
    its_copy = row("f", 0, "other again", ("e", 0, "other"), "reworded", 0.8, ("a", 0))
    clusters = largest(world([A0, B0, varied, its_copy]))
    assert [(cluster.texts, cluster.read.parent.dataset) for cluster in clusters] == [(2, "a"), (2, "e")]


def test_a_broken_chain_ends_a_cluster():
    """Its row has the link before as its root, and that link another one."""
    broken = row("g", 0, "far away", ("b", 0, "again"), "reworded", 0.7, ("b", 0))
    (cluster,) = largest(world([A0, B0, broken]))
    assert (cluster.texts, cluster.rows) == (2, 2)


def test_copies_of_one_text_are_no_cluster_and_only_the_largest_are_shown():
    assert largest(world([A0, D0])) == []
    lines = []
    for n in range(LARGEST + 3):
        lines.append(row("a", n, f"first {n}"))
        for m in range(n + 1):
            place = ("a", n, f"first {n}")
            lines.append(row("b", 100 * n + m, f"copy {n} {m}", place, "reworded", 0.9, place[:2]))
    sizes = [cluster.texts for cluster in largest(world(lines))]
    assert sizes == sorted(sizes, reverse=True) == [n + 2 for n in range(LARGEST + 2, 2, -1)]


@pytest.mark.parametrize(
    ("lines", "said"), [([A0, B0, C0, D0], "3 distinct texts"), ([A0], "No problem stands")]
)
def test_the_page_shows_them(lines, said):
    html = render({name: frame for name, frame in world(lines).items() if frame.height}, {})
    section = html.split('<section id="clusters"')[1].split("</section>")[0]
    assert said in section
    assert ("The least sure member" in section) == ("3 distinct" in said)
