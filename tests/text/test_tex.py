"""One table of TeX for prompts and answers: each spelling once, both sides explicit where they differ."""

import tomllib
from collections import Counter
from importlib.resources import files
from itertools import chain

import polars as pl
import pytest

from rlvr_atlas.answer.tex import clean
from rlvr_atlas.canonical import skeleton
from rlvr_atlas.text import tex

TABLE = tomllib.loads(files("rlvr_atlas.text").joinpath("tex.toml").read_text("utf-8"))
SIDES = ("prompts", "answers")


def named(table, side):
    """Everything that the rows of a table say for one side, repeats included."""
    rows = [row for row in TABLE[table]["table"] if "both" in row or side in row]
    if table == "commands":
        return list(chain.from_iterable(row["names"].split() for row in rows))
    return list(chain.from_iterable(row["signs" if table == "signs" else "texts"] for row in rows))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("table", ["commands", "signs", "spellings"])
def test_no_spelling_stands_twice(table, side):
    assert [name for name, times in Counter(named(table, side)).items() if times > 1] == []


@pytest.mark.parametrize("side", SIDES)
def test_no_command_is_said_by_a_group_and_by_a_row(side):
    derived = {*tex.group("fonts", side)}
    derived |= (
        {*tex.group("functions", "prompts"), *tex.group("words", "prompts")} if side == "prompts" else set()
    )
    assert derived & set(named("commands", side)) == set()


def test_a_row_speaks_for_both_sides_or_for_each():
    rows = [row for table in ("commands", "signs", "spellings") for row in TABLE[table]["table"]]
    assert all(("both" in row) != bool(row.keys() & set(SIDES)) for row in rows)
    assert all(row["prompts"] != row["answers"] for row in rows if row.keys() >= set(SIDES)), "that is `both`"


def test_sides_agree_or_differ_as_the_table_says():
    prompts, answers = (tex.commands(side) for side in SIDES)
    assert prompts["leqslant"] == answers["leqslant"] == "≤"
    assert (prompts["times"], answers["times"]) == ("×", "*")
    assert (prompts["in"], answers["in"]) == (" in ", "∈")
    assert (prompts["textbf"], answers["textbf"]) == (" ", r"\text")
    assert tex.signs("prompts")["⋅"] == "·"
    assert tex.signs("answers")["⋅"] == "*"
    assert list(map(len, tex.spellings("prompts"))) == sorted(
        map(len, tex.spellings("prompts")), reverse=True
    )
    with pytest.raises(KeyError):
        tex.group("units", "answers")


@pytest.mark.parametrize("name", sorted(tex.commands("answers")))
def test_answers_write_each_command_as_the_table_says(name):
    kept = tex.commands("answers")[name]
    assert clean(f"1 \\{name}{{2}} 3") == clean(f"1 {kept}{{2}} 3")


def test_prompts_write_each_command_as_the_table_says():
    """A command that stays, or has arguments, has rules of its own in `skeleton.py`."""
    arguments = {*tex.group("gaps", "prompts"), *tex.group("fonts", "prompts"), "mod"}
    plain = {
        name: kept
        for name, kept in tex.commands("prompts").items()
        if name not in arguments and not kept.startswith(("\\", "\x05"))
    }
    found = skeleton(pl.Series([f"1 \\{name} 3" for name in plain]))
    as_typed = skeleton(pl.Series([f"1 {kept} 3{{}}" for kept in plain.values()]))
    differ = {name for name, left, right in zip(plain, found, as_typed, strict=True) if left != right}
    assert differ == set()
    assert len(plain) > 150


def test_markup_says_nothing_about_a_value():
    texts = pl.Series(
        [r"\dfrac{1}{2}", r"\frac12", r"$\nicefrac{1} {2}$", r"\text{12}", "context", r"\textbf{a}"]
    )
    bare = texts.str.replace_all(tex.markup(), "")
    assert bare.to_list() == ["12", "12", "12", "12", "context", "a"]
