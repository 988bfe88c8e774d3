"""The page: complete, self-contained, harmless whatever the data says, and always the same."""

import base64
import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.report import render
from rlvr_atlas.report.page import percent, short
from rlvr_atlas.report.tables import SCHEMAS
from rlvr_atlas.report.visible import visible

VOID = {"meta", "input", "col", "br", "img", "link"}


class Page(HTMLParser):
    """Tags, attributes, ids and text of a page; fails on a tag that is closed in the wrong place."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = Counter(), [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def values(self, name):
        return [value for _, found, value in self.attributes if found == name]

    @property
    def text(self):
        return "".join(self.texts)


@pytest.fixture(scope="module")
def html(small, manifest):
    return render(small, manifest)


@pytest.fixture(scope="module")
def hostile_html(hostile, manifest):
    return render(hostile, manifest)


# --- structure ----------------------------------------------------------------------------------------


def test_every_link_inside_the_page_leads_somewhere(html):
    page = Page(html)
    ids = page.values("id")
    assert max(Counter(ids).values()) == 1
    inside = {value[1:] for value in page.values("href") if value.startswith("#")}
    assert inside <= set(ids)
    assert set(page.values("aria-labelledby")) <= set(ids)


def test_every_dataset_is_in_the_table_and_every_number_of_the_headline_is_on_the_page(html, small):
    page = Page(html)
    for name in small["datasets"]["dataset"]:
        assert name in page.text
    assert f"{small['occurrences'].height:,}" in page.text
    assert f"{small['occurrences']['key'].n_unique():,}" in page.text


def test_tables_have_headers_and_figures_have_names(html):
    tables = re.findall(r"<table.*?</table>", html, re.DOTALL)
    assert len(tables) > 8
    assert all("<thead" in table and 'scope="col"' in table for table in tables)
    figures = re.findall(r"<svg[^>]*>", html)
    assert all(re.search(r"aria-hidden|aria-label|<svg x=", figure) for figure in figures)


def test_settings_and_limits_are_told_but_not_times_and_folders(html):
    assert "match.min_probability" in html
    assert "3 long prompts were not compared" in html
    assert "/somewhere" not in html
    assert "98.7654" not in html


def test_a_renumbered_problem_is_shown_as_a_variant_with_the_number_marked(html):
    section = html.split('id="examples"')[1].split("<section")[0]
    variants = section.split("<summary>variant")[1].split("<summary>")[0]
    assert re.search(r"<del>\d+</del>", variants)
    assert re.search(r"<ins>\d+</ins>", variants)


def test_a_long_prompt_is_clipped_and_the_page_says_so(small, manifest):
    long = small["instances"].with_columns(prompt=pl.col("prompt") + " x" * 50_000)
    page = render({**small, "instances": long}, manifest)
    assert "further characters]" in page
    assert len(page) < 500_000


# --- self-contained -----------------------------------------------------------------------------------


def test_nothing_is_loaded_from_anywhere(html):
    page = Page(html)
    assert not page.tags.keys() & {"link", "img", "iframe", "object", "embed", "base", "form", "source"}
    assert not {"src", "srcset", "xlink:href", "action", "background", "poster"} & {
        n for _, n, _ in page.attributes
    }
    outside = [(tag, value) for tag, name, value in page.attributes if name == "href" and value[0] != "#"]
    assert {tag for tag, _ in outside} == {"a"}
    style = html.split("<style>")[1].split("</style>")[0]
    assert "@import" not in style
    assert set(re.findall(r"url\((.*?)\)", style)) == {"#hatch"}


def test_the_policy_allows_this_script_and_no_other(html):
    script = html.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html
    assert "default-src 'none'" in html
    assert html.count("<script") == 1


# --- harmless -----------------------------------------------------------------------------------------


def test_hostile_texts_add_no_tag_and_no_attribute(html, hostile_html):
    harmless, page = Page(html), Page(hostile_html)
    assert page.tags.keys() == harmless.tags.keys()
    assert page.tags["script"] == 1
    names = {name for _, name, _ in page.attributes}
    assert names == {name for _, name, _ in harmless.attributes}
    assert not [name for name in names if name.startswith("on")]
    assert "alert(" in page.text  # it is there, as text
    assert "{{ 7*7 }}" in page.text


def test_hostile_formulas_add_elements_of_mathml_and_nothing_else(small, manifest, html):
    formulas = (
        r" $x^2$ $\href{javascript:alert(3)}{x}$ $\text{<img src=x onerror=alert(4)>}$"
        r" $\style{background:url(//evil.example)}{y}$ $\class{skip}{z}$ $\unicode{x202e}$"
    )
    instances = small["instances"].with_columns(pl.col("prompt", "answer") + formulas)
    harmless, page = Page(html), Page(render({**small, "instances": instances}, manifest))
    added = page.tags.keys() - harmless.tags.keys()
    assert "math" in added
    assert all(tag.startswith("m") for tag in added)
    assert set(page.values("href")) == set(harmless.values("href"))
    assert set(page.values("class")) <= set(harmless.values("class")) | {"tex", "gap"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert not [value for tag, name, value in page.attributes if name == "style" and tag.startswith("m")]


def test_hostile_marks_are_shown_instead_of_obeyed(hostile_html):
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", hostile_html)
    assert "⟨U+202E⟩" in hostile_html
    assert "⟨U+0000⟩" in hostile_html


def test_a_hub_id_cannot_lead_elsewhere(small, manifest):
    datasets = small["datasets"].with_columns(hub_id=pl.lit('javascript:alert(1)"//evil.example/?'))
    page = Page(render({**small, "datasets": datasets}, manifest))
    outside = {value.split("/")[2] for value in page.values("href") if value[0] != "#"}
    assert outside == {"huggingface.co", "arxiv.org"}


def test_texts_that_are_no_valid_unicode_do_not_stop_the_page(small):
    page = render(small, {"recipe": {"match": {"note": "\ud800 half a character"}}, "versions": {"x": None}})
    assert "⟨U+D800⟩ half a character" in page
    page.encode("utf-8")


@given(st.text())
def test_visible_leaves_no_control_and_changes_nothing_twice(text):
    shown = visible(text)
    assert visible(shown) == shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    if text.isascii() and text.isprintable():
        assert shown == text


@given(st.floats(0, 1))
def test_a_percentage_is_none_or_all_only_if_it_is(share):
    shown = percent(share)
    assert (shown in ("0%", "0.0%")) == (share == 0)
    assert (shown in ("100%", "100.0%")) == (share == 1)


@given(st.text(max_size=50), st.integers(1, 40))
def test_a_shortened_text_says_how_much_is_missing(text, longest):
    shown = short(text, longest)
    assert shown.startswith(text[:longest])
    assert (shown == text) == (len(text) <= longest)
    assert len(text) <= longest or f"+{len(text) - longest:,} " in shown


# --- always the same ----------------------------------------------------------------------------------


def test_the_order_of_lines_in_the_tables_does_not_matter(small, manifest, html):
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=7) for name, frame in small.items()}
    assert render(shuffled, manifest) == html


def test_the_same_tables_give_the_same_bytes_in_another_process(small, tmp_path):
    for name, frame in small.items():
        frame.write_parquet(tmp_path / f"{name}.parquet")
    code = (
        "import hashlib, pathlib, sys, polars as pl; from rlvr_atlas.report import render; "
        "tables = {path.stem: pl.read_parquet(path) for path in pathlib.Path(sys.argv[1]).iterdir()}; "
        "print(hashlib.sha256(render(tables, {}).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env=os.environ | {"PYTHONHASHSEED": seed, "POLARS_MAX_THREADS": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {hashlib.sha256(render(small, {}).encode()).hexdigest()}


# --- whatever is there --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_an_absent_table_is_named_and_the_rest_is_shown(small, manifest, name):
    html = render({other: frame for other, frame in small.items() if other != name}, manifest)
    absent = re.findall(r'<p class="absent">(.*?)</p>', html)
    assert absent
    assert all(name in line for line in absent)
    Page(html)


@pytest.mark.parametrize(
    "tables", [{}, {name: pl.DataFrame(schema=schema) for name, schema in SCHEMAS.items()}]
)
def test_an_empty_workspace_is_a_page_that_says_so(tables):
    html = render(tables, {})
    Page(html)
    assert "The workspace is empty" in html


def test_tables_of_another_version_are_read_as_far_as_they_go(small, manifest):
    older = {name: frame.drop(frame.columns[-1]) for name, frame in small.items()}
    newer = {name: frame.with_columns(later=pl.lit("new")) for name, frame in small.items()}
    Page(render(older, manifest))
    assert render(newer, manifest) == render(small, manifest)


def test_the_real_size_stays_a_page(large, manifest):
    html = render(large, manifest)
    Page(html)
    assert len(html.encode()) < 3_000_000
    assert sum(name in html for name in large["datasets"]["dataset"]) == 82
