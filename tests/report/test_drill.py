"""Behind the cells of the heat map: the pairs that the audit calls leaks, and nothing else."""

import re

from rlvr_atlas.report import render, summary
from rlvr_atlas.report.drill import LONGEST, PER_CELL, behind_cells
from rlvr_atlas.report.layout import matrix
from rlvr_atlas.report.tables import complete


def cells_of(tables):
    return matrix(summary(tables)).shown


def test_every_cell_with_a_leak_has_pairs_of_the_audit(small):
    cells = cells_of(small)
    found = behind_cells(complete(small), cells)
    assert set(found) == set(cells)
    family = dict(small["benchmark_families"].select("benchmark", "family").iter_rows())
    leaks = {
        (line["dataset"], line["row"], line["benchmark"], line["benchmark_row"]): line["relation"]
        for line in small["leaks"].to_dicts()
    }
    for (dataset, benchmark), pairs in found.items():
        assert 1 <= len(pairs) <= PER_CELL
        assert "variant" not in {pair.relation for pair in pairs}
        assert len({pair.relation for pair in pairs}) == len(pairs)
        for pair in pairs:
            assert pair.child.dataset == dataset
            assert family[pair.parent.dataset] == benchmark
            place = (pair.child.dataset, pair.child.row, pair.parent.dataset, pair.parent.row)
            assert leaks[place] == pair.relation


def test_reworded_pairs_say_what_the_matcher_saw(small):
    found = behind_cells(complete(small), cells_of(small))
    reworded = [pair for pairs in found.values() for pair in pairs if pair.relation == "reworded"]
    assert reworded
    assert all("lexical" in dict(pair.evidence) for pair in reworded)


def test_without_cells_nothing_is_read():
    assert behind_cells({}, []) == {}


def test_long_prompts_are_cut_and_the_page_says_so(small):
    long = small["instances"].with_columns(prompt=small["instances"]["prompt"] + " x" * 5000)
    found = behind_cells(complete({**small, "instances": long}), cells_of(small))
    for pair in (pair for pairs in found.values() for pair in pairs):
        assert sum(len(piece.text) for piece in pair.child.pieces) <= LONGEST
        assert pair.child.cut > 0


def test_the_number_of_a_cell_leads_to_its_pairs(small, manifest):
    html = render(small, manifest)
    links = re.findall(r'<td [^>]*><a href="#(leak-[0-9-]+)">([0-9,]+)</a>', html)
    assert len(links) == len(cells_of(small))
    for anchor, count in links:
        article = html.split(f'<article id="{anchor}"')[1].split("</article>")[0]
        assert re.search(rf"<p>{count} rows?, ", article)
        assert "Benchmark item:" in article
