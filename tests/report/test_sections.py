"""Sections of the page: clean items, sources of leaks, licences, answers, worth, how it was made."""

import datetime as dt
import re

import polars as pl
import pytest

from rlvr_atlas import schema as record
from rlvr_atlas.match import calibrations
from rlvr_atlas.report import render, summary
from rlvr_atlas.report.made import regime, stage_rows
from rlvr_atlas.report.near import BANDS, NONE, nearest
from rlvr_atlas.report.origins import by_source, disagreements, licences
from rlvr_atlas.report.page import render_trace
from rlvr_atlas.report.tables import complete
from rlvr_atlas.report.worth import worth


def section(html, anchor):
    return html.split(f'<section id="{anchor}"')[1].split("</section>")[0]


def frame(lines, schema):
    return pl.DataFrame(lines, schema=schema)


# --- near rows of clean items -------------------------------------------------------------------------


def near_world():
    """A benchmark of five items: a leaks, b has a variant, c two overlaps, d is too common, e has nothing."""
    dataset = {"dataset": "train", "row": 0, "benchmark": "bench", "benchmark_row": 0}
    pairs = [("a", "reworded"), ("b", "variant")]
    leaks = [
        {**dataset, "key": f"row-{item}", "benchmark_key": item, "relation": relation}
        for item, relation in pairs
    ]
    unjudged = [
        {**dataset, "key": "row-a2", "benchmark_key": "a", "relation": "reworded"},
        {**dataset, "key": "row-c", "benchmark_key": "c", "relation": "reworded"},
        {**dataset, "key": "row-c2", "benchmark_key": "c", "relation": "reworded"},
        {**dataset, "key": "d", "benchmark_key": "d", "relation": "identical"},
    ]
    likeness = {("row-b", "b"): 0.7, ("row-c", "c"): 0.3, ("c", "row-c2"): 0.45}  # the item may be the child
    matches = [
        {"child": child, "parent": parent, "evidence": {"lexical": lexical}}
        for (child, parent), lexical in likeness.items()
    ]
    rate = {"group": "benchmark", "name": "bench", "unit": "problems", "total": 5, "leaked": 1}
    return complete(
        {
            "leaks": frame(leaks, record.LEAKS),
            "unjudged": frame(unjudged, record.UNJUDGED),
            "matches": frame(matches, record.MATCHES),
            "leak_rates": frame([rate], record.LEAK_RATES),
        }
    )


def test_every_clean_item_stands_in_the_band_of_its_nearest_row():
    (line,) = nearest(near_world())
    bands = {part.paint: part.rows for part in line["bar"]}
    assert bands == {"near-1": 1, "near-2": 1, "near-3": 1, "near-none": 1}  # d, b, c, e
    assert (line["clean"], line["near"], line["variant"]) == (4, 3, 1)
    assert sum(part.width for part in line["bar"]) == pytest.approx(100)


def test_near_rows_and_rows_that_were_not_looked_at_are_all_clean_items(sparse):
    lines = nearest(complete(sparse))
    assert sum(line["clean"] for line in lines) >= sum(line["near"] for line in lines) > 0
    rates = {line["name"]: line for line in sparse["leak_rates"].filter(group="benchmark").to_dicts()}
    for line in lines:
        rate = rates[line["benchmark"]]
        assert sum(part.rows for part in line["bar"]) == line["clean"] == rate["total"] - rate["leaked"]
        assert line["near"] == rate["variant"] + rate["unjudged"]
        assert {part.paint for part in line["bar"]} <= {paint for _, paint, _ in BANDS} | {NONE[0]}


# --- sources, licences, answers -----------------------------------------------------------------------


def test_leaked_problems_by_source_add_up_to_the_audits_count(small):
    matrix = by_source(complete(small))
    rates = small["leak_rates"].filter(pl.col("leaked") > 0, group="family")
    assert dict(matrix.families) == dict(rates.select("name", "leaked").iter_rows())
    for family, problems in matrix.families:
        assert sum(matrix.cells.get((family, source), 0) for source in matrix.sources) == problems


def test_licences_of_a_set_and_of_where_its_rows_come_from():
    datasets = [
        {"dataset": "mix", "role": "train", "license": "MIT", "rows": 4, "rank": 2},
        {"dataset": "up", "role": "source", "license": "CC BY-NC 4.0", "rows": 2, "rank": 0},
        {"dataset": "other", "role": "source", "license": None, "rows": 1, "rank": 1},
    ]
    roots = ["up", "up", "other", "mix"]
    lineage = [{"dataset": "mix", "row": row, "root_dataset": root} for row, root in enumerate(roots)]
    tables = {"datasets": frame(datasets, record.DATASETS), "lineage": frame(lineage, record.LINEAGE)}
    (line,) = licences(complete(tables))
    assert line == {
        "dataset": "mix",
        "license": "MIT",
        "rows": 4,
        "upstream": [
            {"license": "CC BY-NC 4.0", "rows": 2, "datasets": ["up"]},
            {"license": None, "rows": 1, "datasets": ["other"]},
        ],
    }
    shown = section(render(tables, {}), "licences")
    assert "CC BY-NC 4.0" in shown
    assert "not stated" in shown


def test_a_pair_with_two_answers_counts_for_the_datasets_that_hold_its_texts_first():
    day = dt.date(2024, 1, 1)
    places = [("new", "late", 3), ("new", "later", 9), ("old", "early", 1)]
    occurrences = [
        {"key": key, "dataset": dataset, "row": 0, "released": day + dt.timedelta(days=days)}
        for key, dataset, days in places
    ]
    pair = {"child": "new", "parent": "old", "relation": "reworded", "tier": "lexical"}
    differ = {"answers_agree": False}
    matches = [
        {**pair, "probability": 0.9, "evidence": differ},
        {**pair, "parent": "doubtful", "probability": 0.2, "evidence": differ},
        {**pair, "parent": "agrees", "probability": 0.9, "evidence": {"answers_agree": True}},
        {**pair, "parent": "unread", "probability": 0.9, "evidence": {"answers_agree": None}},
        {**pair, "parent": "another", "relation": "variant", "probability": 0.9, "evidence": differ},
    ]
    tables = {
        "occurrences": frame(occurrences, record.OCCURRENCES),
        "matches": frame(matches, record.MATCHES),
    }
    assert disagreements(complete(tables)) == [{"later": "late", "earlier": "early", "pairs": 1}]
    assert summary(tables)["totals"]["answers_disagree"] == 1


def test_the_section_of_answers_has_the_table_and_pairs_to_read(small, manifest):
    shown = section(render(small, manifest), "answers")
    total = sum(line["pairs"] for line in disagreements(complete(small)))
    assert total == summary(small)["totals"]["answers_disagree"] > 0
    assert f"{total:,} pair" in shown
    assert '<div class="pair">' in shown


# --- worth --------------------------------------------------------------------------------------------


def measured():
    kinds = ["01"] * 3 + ["11"] * 2 + ["10", "00", None]
    transitions = [
        {
            "source": "alpha",
            "key": str(place),
            "base_correct": 0.25,
            "trained_correct": 0.5,
            "rollouts": 4,
            "transition": kind,
            "split": "train",
        }
        for place, kind in enumerate(kinds)
    ]
    gain = {"source": "beta", "problems": 40, "base_mean": 0.2, "trained_mean": 0.3, "gain": 0.1}
    gains = [
        {**gain, "trained_on": "alpha", "gain_low": 0.04, "gain_high": 0.16},
        {**gain, "trained_on": "beta", "gain_low": -0.02, "gain_high": 0.22},
    ]
    score = {"dataset": "mix", "model": "small", "q": 0.61234, "q_low": 0.5, "q_high": 0.7, "q_before": 0.3}
    finding = {"source": "alpha", "finding": "too few problems", "detail": "12 of 64"}
    return {
        "transitions": frame(transitions, record.TRANSITIONS),
        "gains": frame(gains, record.GAINS),
        "scores": frame([{**score, "missing": ["S3"]}], record.SCORES),
        "findings": frame([finding], record.FINDINGS),
    }


def test_transitions_are_counted_of_the_problems_that_could_be_judged():
    (line,) = worth(complete(measured())).transitions
    assert (line["problems"], line["01"], line["11"], line["10"], line["00"]) == (7, 3, 2, 1, 1)
    assert (line["base"], line["trained"]) == (0.25, 0.5)


def test_scores_and_gains_are_shown_with_their_intervals():
    shown = section(render(measured(), {}), "worth")
    assert re.search(r"0\.612<small[^>]*>0\.500 to 0\.700</small>", shown)
    assert "<strong>+0.100</strong><small" in shown  # its interval leaves out zero
    assert shown.count("<strong>+0.100</strong>") == 1
    assert "+0.040 to +0.160" in shown
    assert "too few problems" in shown
    assert "S3" in shown


def test_without_any_of_it_the_page_says_how_to_measure():
    shown = section(render({}, {}), "worth")
    assert "Not measured yet" in shown
    assert "<table" not in shown


# --- how it was made ----------------------------------------------------------------------------------


def searched(cosine):
    match = {"child": "a", "parent": "b", "relation": "reworded", "tier": "semantic", "probability": 0.9}
    return complete({"matches": frame([{**match, "evidence": {"cosine": cosine}}], record.MATCHES)})


@pytest.mark.parametrize(("cosine", "folder"), [(None, "none"), (0.8, "all-MiniLM-L6-v2")])
def test_the_card_is_that_of_the_calibration_that_decided(cosine, folder):
    manifest = {"recipe": {"match": {"encoder": "all-MiniLM-L6-v2"}}}
    found = regime(searched(cosine), manifest)
    card = calibrations.card(folder)
    assert found.encoder == (None if cosine is None else folder)
    assert {name.replace(" ", "_"): recall for name, _, recall in found.measured} == card["measured"][
        "recall"
    ]
    assert ("date", str(card["date"])) in found.card


def test_where_nothing_was_searched_no_card_is_shown(small):
    assert regime(complete(small), {}) is None
    assert "How sure the search" not in render(small, {})


def test_stages_are_told_with_hashes_and_without_their_times():
    stage = {"fingerprint": "f00", "seconds": 1.5, "tables": {"b": "2" * 64, "a": "1" * 64}}
    manifest = {"stages": {"match": stage, "report": stage}}
    assert stage_rows(manifest) == [
        {"stage": "match", "fingerprint": "f00", "tables": [("a", "1" * 64), ("b", "2" * 64)]}
    ]
    assert "1" * 64 in render({}, manifest)


# --- the page of trace --------------------------------------------------------------------------------


def test_the_page_of_trace_has_formulas_typeset_and_hostile_text_as_text(hostile_text):
    line = {
        "benchmark": "bench",
        "example_row": 3,
        "example_item": 7,
        "prompt": "Solve $x^2 = 4$. " + hostile_text,
    }
    told = {"name": "a" + hostile_text, "error": None, "answer": [hostile_text], "tables": [], "steps": []}
    html = render_trace([{**told, "examples": [line], "limits": []}])
    assert "<msup>" in html
    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
