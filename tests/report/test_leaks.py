"""Leaks on the page are the audit's: its counts, shares and intervals, and nothing where none was run."""

import re

import polars as pl
import pytest

from rlvr_atlas import schema as record
from rlvr_atlas.audit import audit
from rlvr_atlas.config import AuditSettings
from rlvr_atlas.report import render, summary
from rlvr_atlas.report.page import number, percent

RARE = "A quarry by Thornmere cuts 4137 slabs of veined basalt; 29 crack. How many reach the mason whole?"


def said(line, *, share=True):
    """How the page writes a line of `leak_rates`."""
    marks = "".join(
        f"{mark}{line[name]:,}" for mark, name in (("+", "variant"), ("?", "unjudged")) if line[name]
    )
    if not share:
        return (f"{line['leaked']:,}" if line["leaked"] else "") + marks
    return f"{line['leaked']:,}{marks}{interval(line)}"


def interval(line):
    return f"{percent(line['share'])} ({percent(line['low'])} to {percent(line['high'])})"


def cells(html, table):
    """The texts of a table's cells, a list for each line, headings first."""
    body = re.search(rf"<table[^>]*{table}.*?</table>", html, re.DOTALL).group()
    lines = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL) for line in lines]
    return [[re.sub(r"<[^>]*>", "", cell).strip() for cell in line] for line in found]


@pytest.fixture(scope="module")
def html(small, manifest):
    return render(small, manifest)


def rates(tables, group):
    return tables["leak_rates"].filter(group=group).to_dicts()


def test_the_world_has_leaks_variants_and_overlaps_that_are_not_judged(small):
    lines = rates(small, "dataset")
    assert all(sum(line[name] for line in lines) for name in ("leaked", "variant", "unjudged"))


def test_every_dataset_and_benchmark_has_the_audits_figures(small, html):
    wanted = {line["name"]: said(line) for line in rates(small, "dataset") + rates(small, "benchmark")}
    assert wanted.keys() == set(small["datasets"]["dataset"])
    heading, *lines = cells(html, 'id="datasets-table"')
    place = heading.index("Leaked")
    titles = {f"{name}Invented set {name}": name for name in wanted}
    assert {titles[line[0]]: line[place] for line in lines} == wanted


def test_every_cell_of_the_matrix_is_a_pair_of_the_audit(small, html):
    heading, *lines = cells(html, 'class="matrix')
    found = {
        (line[0], benchmark): text
        for line in lines
        for benchmark, text in zip(heading[2:], line[2:], strict=True)
        if text
    }
    pairs = rates(small, "pair")
    assert found == {(line["name"], line["benchmark"]): said(line, share=False) for line in pairs}
    leaked = {line["name"]: f"{line['leaked']:,}" for line in rates(small, "dataset")}
    assert {line[0]: line[1] for line in lines} == {name: leaked[name] for name, *_ in lines}


def test_a_cell_says_how_much_of_the_benchmark_the_dataset_holds(small, html):
    held = rates(small, "held")
    assert held
    for line in held:
        title = re.search(rf'title="{line["name"]} / {line["benchmark"]}: (.*?)"', html).group(1)
        assert f"hold {number(line['leaked'])} problem" in title
        assert f"{interval(line)} of the benchmark" in title


def test_every_family_of_benchmarks_has_the_audits_figures(small, html):
    _, *lines = cells(html, 'id="benchmarks-table"')
    wanted = {
        line["name"]: [number(line["total"]), number(line["leaked"]), interval(line)]
        for line in rates(small, "family")
    }
    assert {line[0]: line[3:6] for line in lines} == wanted


def test_the_headline_adds_the_train_sets_up(small):
    train = small["datasets"].filter(role="train")["dataset"].to_list()
    totals = summary(small)["totals"]
    for name in ("leaked", "variant", "unjudged"):
        lines = [line for line in rates(small, "dataset") if line["name"] in train]
        assert totals[f"train_{name}"] == sum(line[name] for line in lines)


def test_who_brought_a_problem_in_is_read_from_the_paths(small):
    found = summary(small)["brought_in"]
    assert sum(line["problems"] for line in found) == small["leak_paths"].height
    first = found[0]
    lines = small["leak_paths"].filter(benchmark=first["benchmark"], brought_by=first["brought_by"])
    assert first["problems"] == lines.height
    assert first["heirs"] == sorted(set(lines["heirs"].explode().drop_nulls()))


def test_without_an_audit_the_page_says_so_and_counts_nothing(small, manifest):
    tables = {name: frame for name, frame in small.items() if name not in LEFT_OUT}
    facts, html = summary(tables), render(tables, manifest)
    assert {fact["leaks"] for fact in facts["datasets"]} == {None}
    assert facts["totals"]["train_leaked"] is facts["leak_pairs"] is facts["leak_families"] is None
    assert "No audit was run" in html
    assert "no audit was run" in html
    assert 'class="matrix' not in html
    heading, *lines = cells(html, 'id="datasets-table"')
    assert {line[heading.index("Leaked")] for line in lines} == {"–"}


LEFT_OUT = ("leak_rates", "leak_paths", "benchmark_families")


def world(item, match):
    """One train set of one row and one benchmark of one item, audited.

    Args:
        item: The text of the item; the row has the same text, with a word more where there is a match.
        match: relation, tier and probability of the two, or null where they are the same text.
    """
    texts = {"row": item if match is None else f"{item} Why?", "item": item}
    keys = {"row": "b" * 40 if match else "a" * 40, "item": "a" * 40}
    frames = {
        "datasets": [
            {"dataset": "bench", "role": "benchmark", "rank": 0, "distinct_prompts": 1, "rows": 1},
            {"dataset": "train", "role": "train", "rank": 1, "distinct_prompts": 1, "rows": 1},
        ],
        "occurrences": [
            {"key": keys["item"], "dataset": "bench", "row": 0},
            {"key": keys["row"], "dataset": "train", "row": 0},
        ],
        "instances": [
            {"key": key, "skeleton": text, "prompt": text, "language": "en"}
            for key, text in {keys[end]: texts[end] for end in texts}.items()
        ],
        "matches": [],
        "lineage": [{"dataset": "train", "row": 0, "key": keys["row"]}],
        "skipped_rows": [],
    }
    if match is not None:
        how = dict(zip(("relation", "tier", "probability"), match, strict=True))
        frames["matches"] = [{"child": keys["row"], "parent": keys["item"], **how}]
    tables = {
        name: pl.DataFrame(lines, schema=getattr(record, name.upper())) for name, lines in frames.items()
    }
    instances = tables["instances"].with_columns(stem=pl.lit(None, pl.String))
    audited = audit({**tables, "instances": instances}, AuditSettings(min_probability=0.6))
    return tables | {name: getattr(audited, name) for name in LEFT_OUT}


@pytest.mark.parametrize(
    ("item", "match", "leaked"),
    [
        (RARE, None, 1),
        (RARE, ("reworded", "lexical", 0.9), 1),
        (RARE, ("reworded", "semantic", 0.9), 1),
        pytest.param(RARE, ("reworded", "lexical", 0.55), 0, id="below the audit's threshold"),
        pytest.param(RARE, ("reworded", "semantic", 0.7), 0, id="searched for, and not sure enough"),
        pytest.param("Find x", None, 0, id="too common"),
    ],
)
def test_what_the_audit_calls_no_leak_is_none_on_the_page(item, match, leaked):
    """The report once counted every match from `match.min_probability` on, 0.5, and so all six of these."""
    tables = world(item, match)
    facts = summary(tables)
    (pair,) = facts["leak_pairs"]
    (fact,) = (fact for fact in facts["datasets"] if fact["dataset"] == "train")
    assert pair["leaked"] == fact["leaks"]["leaked"] == facts["totals"]["train_leaked"] == leaked
    assert pair["unjudged"] == fact["leaks"]["unjudged"] == facts["totals"]["train_unjudged"] == 1 - leaked
    heading, *lines = cells(render(tables, {}), 'id="datasets-table"')
    (cell,) = (line[heading.index("Leaked")] for line in lines if line[0] == "train")
    assert cell.startswith("1" if leaked else "0?1")
