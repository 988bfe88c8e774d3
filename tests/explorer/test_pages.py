"""What the pages say, on a small traced workspace."""

import re
import threading
from html.parser import HTMLParser

import polars as pl
import pytest

from rlvr_atlas.errors import InputError, WorkspaceError
from rlvr_atlas.explorer import pages, reviewing, rows
from rlvr_atlas.explorer.held import HeldWorkspace, Newest
from rlvr_atlas.explorer.links import LiveLinks, StaticLinks
from rlvr_atlas.explorer.rendering import asset, render
from rlvr_atlas.explorer.static import MARK, write_bundle
from rlvr_atlas.lineage import review
from rlvr_atlas.report.formulas import _ELEMENTS
from rlvr_atlas.workspace import query
from rlvr_atlas.workspace.query import RowFilter
from rlvr_atlas.workspace.store import Workspace

from .conftest import HOSTILE, problem

#: Everything that a page may be made of.
TAGS = {
    *("html", "head", "meta", "title", "link", "body", "main", "nav", "section", "article", "h1", "h2", "h3"),
    *("p", "a", "span", "div", "small", "bdi", "em", "strong", "code", "q", "ins", "del", "kbd", "br", "img"),
    *("ol", "ul", "li", "dl", "dt", "dd", "details", "summary", "script"),
    *("form", "label", "textarea", "button", "input", "select", "option"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "defs", "pattern", "rect", "circle", "g", "text"),
    *_ELEMENTS,
}


class Page(HTMLParser):
    """A page taken apart: elements, attributes, headings, ids, and what is wrong with it."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.ids, self.headings, self.addresses, self.labels = (
            set(),
            set(),
            [],
            [],
            [],
            [],
        )
        self.fields, self.scripts, self.words = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(told)
        self.ids += [told["id"]] if "id" in told else []
        self.addresses += [told[name] for name in ("href", "src", "action") if told.get(name)]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "script":
            self.scripts.append(told)
        if tag == "label":
            self.labels.append(told.get("for"))
        if tag in ("input", "select", "textarea") and told.get("type") not in ("hidden", "checkbox"):
            self.fields.append(told["id"])

    def handle_data(self, data):
        self.words += data


def checked(html):
    """A page that nothing hostile has changed and that is made as it should be."""
    page = Page(html)
    assert page.tags <= TAGS, page.tags - TAGS
    assert not any(name.startswith("on") or name == "style" for name in page.attributes)
    assert all(
        re.match(r"/|#|data:(,|image/png;base64)|[a-z]+[\w.-]*\.(html|css)", one) for one in page.addresses
    )
    assert all(one.get("src", "").startswith("/assets/") for one in page.scripts)
    assert len(page.ids) == len(set(page.ids))
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert set(page.fields) <= set(page.labels)
    assert "\u202e" not in html and page.words.strip() != "49"
    return page


@pytest.fixture(scope="module")
def held(traced):
    return HeldWorkspace(traced).load()


def shown(name, facts):
    return checked(render(name, LiveLinks(), token="t", behind=False, **facts))


def key_of(held, place):
    return query.named(held, place)[0]


def test_the_first_page_lists_every_dataset_with_what_it_leaks(held):
    page = shown("home", pages.overview(held))
    assert {"/dataset/source", "/dataset/train", "/dataset/bench", "/explain"} <= set(page.addresses)


@pytest.mark.parametrize("asked", ["train:3", "as text", "as key"])
def test_a_problem_is_explained_by_place_text_and_key(held, asked):
    text = problem(3)[0]
    asked = {"as text": text, "as key": key_of(held, "source:3")}.get(asked, asked)
    facts = pages.explained(held, asked, False)
    page = shown("explain", facts)
    assert facts["found"].relation == "identical" and facts["chain"][-1]["dataset"] == "source"
    assert {line["benchmark"] for line in facts["leaks"].rows.to_dicts()} == {"bench"}
    assert f"/problem/{key_of(held, 'source:3')}" in page.addresses


def test_of_a_row_its_own_way_up_is_shown(held):
    assert pages.explained(held, "train:3", False)["chain"][0]["dataset"] == "train"


def test_an_unknown_text_names_the_most_similar_ones(held):
    facts = pages.explained(
        held, "Mira packs quinces for the winter and forgets the number of her jars.", False
    )
    assert facts["found"].relation is None and facts["nearest"]
    page = shown("explain", facts)
    assert f"/problem/{facts['nearest'][0]['key']}" in page.addresses


def test_a_changed_text_is_compared_with_what_it_was_recognised_as(held):
    facts = pages.explained(held, problem(4)[0].replace("How many", "Count how many"), False)
    assert facts["found"].relation not in (None, "identical")
    assert {"ins", "del"} & shown("explain", facts).tags


def test_the_graph_is_walked_up_and_down(held):
    above = pages.problem(held, key_of(held, "source:40"))
    (row,) = above["below"].rows.to_dicts()
    assert (row["dataset"], row["row"]) == ("train", 40)
    below = pages.problem(held, row["key"])
    assert [step["dataset"] for step in below["chain"]] == ["train", "source"]
    page = shown("problem", below)
    assert {f"/problem/{above['key']}", f"/pair/{row['key']}/{above['key']}"} <= set(page.addresses)


def test_formulas_are_typeset_and_hostile_ones_are_only_shown(held):
    assert {"math", "mfrac"} <= shown("problem", pages.problem(held, key_of(held, "source:61"))).tags
    page = shown("problem", pages.problem(held, key_of(held, "source:60")))
    assert "<script>alert('h')</script>" in page.words


def test_search_finds_texts_and_answers_page_by_page(held):
    first = pages.searched(held, "MIRA PACKS", False, 0)
    second = pages.searched(held, "MIRA PACKS", False, pages.RESULTS)
    assert first["page"].total == second["page"].total > pages.RESULTS
    assert not {line["key"] for line in first["lines"]} & {line["key"] for line in second["lines"]}
    assert "/search?q=MIRA+PACKS&offset=20" in shown("search", first).addresses
    assert pages.searched(held, "<u>5", False, 0)["page"].total == 0
    assert pages.searched(held, "<u>5", True, 0)["page"].total >= 1


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RowFilter(), 47),
        (RowFilter(leaked=True), 2),
        (RowFilter(leaked=False), 45),
        (RowFilter(relation="identical"), 30),
        (RowFilter(text="lot 7)"), 1),
        (RowFilter(source="lots", text="LOT 7)"), 1),
        (RowFilter(source="nowhere"), 0),
    ],
)
def test_rows_of_a_dataset_are_filtered(held, wanted, found):
    facts = pages.dataset(held, "train", wanted)
    assert facts["page"].total == found
    shown("dataset", facts)


def test_rows_without_a_source_and_without_a_parent_can_be_asked_for(held):
    lineage = held.read("lineage").filter(dataset="train")
    for wanted, column in ((RowFilter(source=""), "atomic_source"), (RowFilter(relation=""), "relation")):
        assert pages.dataset(held, "train", wanted)["page"].total == lineage[column].null_count()


def test_filters_stay_on_the_next_page(held):
    facts = pages.dataset(held, "source", RowFilter(text="Mira", relation=""))
    assert "/dataset/source?q=Mira&relation=none&offset=50#rows-title" in shown("dataset", facts).addresses


def test_a_row_is_shown_as_its_file_has_it_with_its_image(held):
    found = rows.original(held, "train", 46)
    assert [image["kind"] for image in found["images"]] == ["image/png"]
    assert {column["name"] for column in found["columns"]} == {"question", "answer", "data_source", "image"}
    hostile = rows.original(held, "train", 45)
    page = shown("row", {"dataset_id": "train", "row": 45, **hostile})
    assert HOSTILE.split("\u202e")[0] in page.words


@pytest.mark.parametrize("place", [("train", 47), ("train", -1), ("../train", 0), ("nothing", 0)])
def test_no_row_of_anything_else_is_read(held, place):
    with pytest.raises(InputError):
        rows.original(held, *place)


def test_a_row_of_other_files_is_not_taken_for_the_one_that_was_traced(own, tmp_path):
    held = HeldWorkspace(own)
    base = tmp_path / "elsewhere"
    base.mkdir()
    (base / "train.jsonl").write_text('{"question": "another", "answer": "1"}\n')
    held.manifest["base"] = str(base)
    assert "not those that were ingested" in rows.original(held, "train", 0)["why"]


def test_two_texts_are_compared_and_two_datasets(held):
    pair = pages.pair(held, key_of(held, "source:40"), key_of(held, "train:40"))
    assert pair["child"]["at"]["dataset"] == "train" and pair["match"]["relation"]
    assert {"ins", "del"} & shown("pair", pair).tags
    facts = pages.compared(held, "train", "bench")
    assert facts["overlaps"][0].found == 2
    assert [line["relation"] for line in facts["lines"]] == ["identical"] * 2 + ["variant"] * 2
    shown("compare", {**facts, "names": ["train", "bench"], "left": "train", "right": "bench"})
    with pytest.raises(InputError):
        pages.compared(held, "train", "../bench")


def test_what_is_no_match_for_the_overlap_is_not_listed_as_shared(traced, monkeypatch):
    held = HeldWorkspace(traced)
    strict = pages.stored_recipe(held).model_copy(deep=True)
    strict.match.__dict__["min_probability"] = 0.95
    monkeypatch.setattr(pages, "stored_recipe", lambda _: strict)
    assert {line["relation"] for line in pages.compared(held, "train", "bench")["lines"]} == {"identical"}


def test_leaks_are_listed_by_dataset_and_benchmark(held):
    facts = pages.leaks(held, "train", "bench", 0)
    assert {line["row"] for line in facts["lines"]} >= {3, 5}
    shown("leak_list", facts)
    assert pages.leaks(held, "train", "source", 0)["page"].total == 0


def test_template_leaks_are_not_counted_as_leaks(held):
    leaks = held.read("leaks")
    variant = pl.col("relation") == "variant"
    proper, templates = leaks.filter(~variant).height, leaks.filter(variant).height
    assert proper and templates
    told = shown("leak_list", pages.leaks(held, None, None, 0)).words
    assert f"{proper} leaks and {templates} of a template alone" in told
    item = leaks.filter(variant)["benchmark_key"][0]
    mine = leaks.filter((pl.col("key") == item) | (pl.col("benchmark_key") == item))
    proper, templates = mine.filter(~variant).height, mine.filter(variant).height
    told = shown("problem", pages.problem(held, item)).words
    assert f"Leaks {proper} and {templates} of a template alone" in told


def test_what_was_not_measured_is_said_and_what_was_is_shown(held):
    assert "Not measured" in shown("worth", pages.worth(held)).words
    moved = pl.DataFrame(
        {"source": ["<a>"] * 3, "split": "train", "transition": ["01", "01", "11"], "key": ["a"] * 3}
    )

    class Measured:
        def has(self, name):
            return name == "transitions"

        def scan(self, _name):
            return moved.lazy()

    (line,) = pages.worth(Measured())["moved"]
    assert line["counts"] == {"01": 2, "11": 1}
    shown("worth", pages.worth(Measured()))


@pytest.mark.parametrize("key", ["0" * 40, "../../manifest.json", HOSTILE])
def test_a_key_that_is_not_there_is_an_error_in_words(held, key):
    for look in (lambda: pages.problem(held, key), lambda: pages.pair(held, key, key)):
        with pytest.raises(InputError):
            look()


def test_the_last_questions_are_answered_from_memory_and_no_more(traced):
    held = HeldWorkspace(traced)
    made = []
    for number in [0, 0, *range(1100), 1099, 0]:
        assert held.recent(("n", number), lambda number=number: made.append(number) or number) == number
    assert made == [0, *range(1, 1100), 0]


# --- review -------------------------------------------------------------------------------------------


def test_the_queue_without_what_was_decided_is_the_queue_made_again(own):
    held = HeldWorkspace(own).load()
    waiting = reviewing.queue(held)
    assert waiting.height >= 2
    pair = waiting.row(1, named=True)
    reviewing.decide(held, (pair["child"], pair["parent"]), "reject", "Ada", "")
    decisions, _ = review.read(held)
    tables = {name: held.read(name) for name in ("datasets", "occurrences", "instances")}
    settings = reviewing.pipeline.stored_recipe(held).match
    again = review.queue(held.read("verdicts"), decisions, tables, settings)
    assert reviewing.queue(held).equals(again) and again.height == waiting.height - 1


def test_decisions_of_many_at_once_are_all_kept(own):
    held = HeldWorkspace(own).load()
    pairs = [(row["child"], row["parent"]) for row in reviewing.queue(held).to_dicts()]
    people = [f"person {number}" for number in range(4)]

    def go(name):
        for pair in pairs:
            reviewing.decide(held, pair, "variant", name, "")

    threads = [threading.Thread(target=go, args=[name]) for name in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    decisions, bad = review.read(held)
    assert not bad and {(one.by, one.pair) for one in decisions} == {
        (name, tuple(sorted(pair))) for name in people for pair in pairs
    }


def test_a_decision_is_applied_and_the_new_tables_are_shown(own):
    newest = Newest(own)
    held = newest.get()
    pair = reviewing.queue(held).row(0, named=True)
    reviewing.decide(held, (pair["child"], pair["parent"]), "embedded", "Ada", HOSTILE.replace("\u202e", ""))
    facts = reviewing.shown(held, 0, "Ada")
    assert facts["unapplied"] == 1 and facts["decided"] == 1
    checked(render("review", LiveLinks(), token="t", behind=False, done="", **facts))
    assert reviewing.apply(held) >= 1
    after = newest.get()
    assert after is not held and not newest.behind
    assert reviewing.shown(after, 0, "Ada")["unapplied"] == 0
    match = query.between(after.read("matches"), (pair["child"], pair["parent"]))
    assert (match["relation"], match["decided_by"]) == ("embedded", "review")


@pytest.mark.parametrize(
    ("verdict", "by"),
    [("nonsense", "Ada"), ("", "Ada"), ("accept", " "), ("accept", "a\nb"), ("accept", "x" * 3000)],
)
def test_what_is_no_decision_is_not_written(own, verdict, by):
    held = HeldWorkspace(own)
    pair = reviewing.queue(held).row(0, named=True)
    with pytest.raises(InputError):
        reviewing.decide(held, (pair["child"], pair["parent"]), verdict, by, "")
    with pytest.raises(InputError):
        reviewing.decide(held, ("0" * 40, pair["parent"]), "accept", "Ada", "")
    assert review.read(held)[0] == []


def test_while_a_run_is_writing_the_tables_from_before_are_shown(own):
    newest = Newest(own)
    before = newest.get()
    Workspace(own, create=True).forget("attribute")
    assert newest.get() is before and newest.behind
    assert before.read("lineage").height


def test_a_workspace_that_was_not_traced_is_refused(own):
    Workspace(own, create=True).forget("attribute")
    with pytest.raises(WorkspaceError):
        Newest(own)


# --- the bundle ---------------------------------------------------------------------------------------


def test_a_bundle_is_whole_and_says_its_limit(own, tmp_path):
    target = tmp_path / "bundle"
    count = write_bundle(own, target, most_problems=10)
    files = {path.name for path in target.iterdir()}
    assert count == len([name for name in files if name.endswith(".html")]) and MARK in files
    for path in target.glob("*.html"):
        page = checked(path.read_text())
        links = [one.split("#")[0] for one in page.addresses if not one.startswith(("#", "data:"))]
        assert set(links) <= files and not page.scripts
    home = Page((target / "index.html").read_text())
    total = HeldWorkspace(own).read("instances").height
    assert f"10 of {total} problems have a page here" in home.words
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    write_bundle(own, target, most_problems=10)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before


def test_a_bundle_replaces_nothing_else(own, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "index.html").write_text("mine")
    for target in (tmp_path / "mine", own):
        with pytest.raises(InputError):
            write_bundle(own, target)
    assert (tmp_path / "mine" / "index.html").read_text() == "mine"


def test_a_bundle_links_only_to_what_is_in_it():
    links = StaticLinks({"a": "dataset-1.html"}, ["k"], ["leaks"])
    assert (
        links.problem("k") and not links.problem("x") and not links.dataset("b") and not links.page("review")
    )


def test_the_style_is_the_reports_and_nothing_else_is_served():
    assert ".tiles" in asset("style.css") and ".p-0{" in asset("style.css")
    for name in ("app.py", "../report/style.css", "templates/base.html.jinja"):
        with pytest.raises(KeyError):
            asset(name)


def test_unknown_texts_are_explained_a_few_at_a_time_and_keys_at_once(held, monkeypatch):
    inside, most, gate = [0], [0], threading.Barrier(3, timeout=60)

    def explain(_held, text, rewordings):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        if text.startswith("train:"):
            gate.wait()  # three at once, or a timeout
        inside[0] -= 1
        return text

    monkeypatch.setattr(pages, "explain", explain)
    monkeypatch.setattr(pages, "_TEXTS", threading.BoundedSemaphore(1))

    def all_of(texts):
        threads = [threading.Thread(target=pages._explained, args=(held, text, False)) for text in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)

    all_of([f"an unknown text {number}" for number in range(20)])
    assert most == [1]
    all_of([f"train:{number}" for number in range(3)])
    assert most == [3] and not gate.broken
