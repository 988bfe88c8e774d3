"""Formulas: what is typeset, what stays as it is, and that no TeX brings markup onto a page."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr_atlas.report import formulas
from rlvr_atlas.report.formulas import typeset

TAGS = {*formulas._ELEMENTS}
ATTRIBUTES = {*formulas._ATTRIBUTES, "alttext", "display", "width"}


class Seen(HTMLParser):
    """The elements and attributes of a piece of HTML, its text, and whether all elements are closed."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = set(), {}, "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.open.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("Find $x^2$.", "x^2"),
        ("Find \\(x^2\\).", "x^2"),
        ("Find \\[x^2\\]", "x^2"),
        ("Find $$x^2$$", "x^2"),
        ("So \\begin{align*} x &= 2 \\end{align*}", "\\begin{align*} x &= 2 \\end{align*}"),
        ("pays \\$5 for $\\frac{1}{2}$ kg", "\\frac{1}{2}"),
    ],
)
def test_a_formula_becomes_mathml_between_its_words(text, formula):
    html = typeset(text)
    seen = Seen(html)
    assert seen.attributes["alttext"] == [formula]
    before, after = text.split(formula)
    assert html.startswith(before.rstrip("$\\([")) and html.endswith(after.lstrip("$\\)]"))


def test_displayed_formulas_stand_alone_and_others_in_the_line():
    assert 'display="block"' in typeset("\\[x\\]") and 'display="block"' in typeset("$$x$$")
    assert "display=" not in typeset("$x$") + typeset("\\(x\\)")


@pytest.mark.parametrize(
    "text",
    [
        "He has $5 and spends $6.",
        "costs $5-$6",
        "\\$5 and \\$6",
        "a $ b $ c",
        "$ x$",
        "between $a\n\nand b$",
        "$\\unheardof{x}$",
        "$x^$",
        "$\\frac{1$",
        "$\\phantom{secret}$",
        "$\\def\\a{\\a\\a}\\a$",
        "$\\newcommand{\\a}{x}\\a$",
        "$" + "{" * 1000 + "}" * 1000 + "$",
        "$" + "x" * (formulas.LONGEST_FORMULA + 1) + "$",
        "",
        "$",
        "$$",
        "\\[ \\]",
    ],
)
def test_what_is_no_formula_or_cannot_be_shown_in_full_stays_as_written(text):
    assert Seen(typeset(text)).tags == set()
    assert Seen(typeset(text)).words == text


def test_a_dollar_sign_does_not_hide_the_formula_behind_it():
    assert Seen(typeset("$5 is paid for $x$ pens")).attributes["alttext"] == ["x"]


@pytest.mark.parametrize(
    "tex",
    [
        "<script>alert(1)</script>",
        "\\text{<img src=x onerror=alert(1)>}",
        "\\text{&lt;b&gt; <b>}",
        '\\text{"><svg onload=alert(1)>}',
        "\\href{javascript:alert(1)}{x}",
        "\\class{x}{y}\\style{color:red;position:fixed}{z}",
        '\\color{red" onload=alert(1)}x',
        "\\textcolor{white}{x}",
        "\\mbox{</math><b>}",
        "\\verb|<b>|",
        "\\operatorname{x}<b>",
        "\\rule{100cm}{100cm}x\\hspace{999em}y\\hspace{-9em}z",
        "\\rlap{x}y\\smash{z}",
    ],
)
def test_hostile_tex_brings_no_markup_no_link_and_no_style(tex):
    for text in (f"${tex}$", f"\\[{tex}\\]", f"\\({tex}\\)", tex):
        seen = Seen(typeset(text, bare=True))
        assert seen.tags <= TAGS and set(seen.attributes) <= ATTRIBUTES
        assert seen.open == []
        widths = seen.attributes.get("width", [])
        assert all(re.fullmatch(r"\d?(\.\d+)?(em|ex|pt|px)|0", width) for width in widths)


def test_marks_that_hide_or_turn_text_are_written_out():
    assert "\u202e" not in typeset("a\u202eb $x\u202ey$ \\text{&#x0202E;}", bare=True)
    assert "⟨U+202E⟩" in typeset("$\\text{a&#x0202E;b}$")


@given(st.text(st.sampled_from("$\\{}[]()^_&<>\"'ab1 \n#%") | st.characters(), max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_text_and_formulas_only(text):
    for bare in (False, True):
        seen = Seen(typeset(text, bare=bare))
        assert seen.tags <= TAGS and set(seen.attributes) <= ATTRIBUTES and seen.open == []


@pytest.mark.parametrize("part", ["\\[", "\\(", "$a", "$", "\\begin{align}", "\\verb|", "$x^{", "\\frac"])
def test_no_text_takes_long(part):
    start = time.process_time()
    typeset(part * (200_000 // len(part)))
    typeset(f"${part * 300}$")
    assert time.process_time() - start < 5


def test_an_answer_without_signs_is_one_formula_and_a_sentence_is_none():
    assert Seen(typeset("\\frac{1}{2}", bare=True)).attributes["alttext"] == ["\\frac{1}{2}"]
    assert Seen(typeset("5 \\text{ miles per hour}", bare=True)).tags >= {"mtext"}
    for text in ("12", "x", "The answer is \\frac{1}{2}", "C:\\new folder here"):
        assert Seen(typeset(text, bare=True)).words == text
    assert Seen(typeset("\\frac{1}{2}")).tags == set()


def test_fractions_roots_sums_and_tables_have_their_elements():
    text = "$\\frac{1}{2} + \\sqrt[3]{x}$ \\[\\sum_{i=1}^n = \\begin{cases} a & b \\\\ c & d \\end{cases}\\]"
    assert Seen(typeset(text)).tags >= {"mfrac", "mroot", "munderover", "mtable", "mtr", "mtd"}
