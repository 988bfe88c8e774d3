"""Marked texts: what differs is marked, formulas are typeset, and nothing of the text becomes markup."""

import re

from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.report.examples import Piece, compare
from rlvr_atlas.report.marked import LONG, marked

texts = st.text(alphabet='ab1 $\\\\<>&"+^{}\u202e', max_size=60)


def test_a_formula_that_differs_is_typeset_and_marked_as_a_whole():
    child, parent = compare("Find $x^2 + 31$ now.", "Find $x^2 + 32$ now.")
    for pieces, tag, number in ((child, "ins", 31), (parent, "del", 32)):
        html = marked(pieces, tag)
        assert re.fullmatch(rf"Find <{tag}><math.*<mn>{number}</mn>.*</math></{tag}> now\.", html)


def test_a_formula_that_is_the_same_is_typeset_and_not_marked():
    child, _ = compare("Find $x^2$ now.", "Find $x^2$ then.")
    html = marked(child, "ins")
    assert "<msup>" in html
    assert re.findall(r"<ins>(.*?)</ins>", html) == ["now"]


def test_behind_a_long_formula_its_tex_is_shown_with_the_part_that_differs():
    same = "+".join(f"x_{{{place}}}" for place in range(LONG // 4))
    child, _ = compare(f"Find ${same} + 31$.", f"Find ${same} + 32$.")
    html = marked(child, "ins")
    tex = html.split('<code class="tex">')[1].split("</code>")[0]
    assert re.findall(r"<ins>(.*?)</ins>", tex) == ["31"]
    assert same in re.sub("<.*?>", "", tex)


def test_a_gap_is_said_between_the_texts_around_it():
    html = marked([Piece("same", "a "), Piece("gap", "9 words"), Piece("changed", "b")], "ins")
    assert html == 'a <span class="gap">[… 9 words …]</span> <ins>b</ins>'


def test_a_formula_that_cannot_be_typeset_stays_as_it_was_with_its_marks():
    child, _ = compare(r"$\def\a{1} x$", r"$\def\a{2} x$")
    html = marked(child, "ins")
    assert "<math" not in html
    assert "<ins>1</ins>" in html


@given(texts, texts)
def test_no_text_becomes_markup(child, parent):
    for pieces in compare(child, parent):
        html = marked(pieces, "ins")
        bare = re.sub(r"<math .*?</math>", "", html, flags=re.DOTALL)
        bare = re.sub(r'</?(ins|code|span)( class="(tex|gap)")?>', "", bare)
        assert not re.search(r"[<>\"\u202e]", bare)
