"""Rows that are looked up are those that a search through the table finds; `explain` looks at the same."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.explain import _held_in, _holding, _largest
from rlvr_atlas.explorer.held import HeldWorkspace
from rlvr_atlas.explorer.positions import Positions, taken
from rlvr_atlas.workspace import leaks as leak_reader
from rlvr_atlas.workspace import query
from rlvr_atlas.workspace.few_rows import rows_where
from rlvr_atlas.workspace.store import Workspace

names = st.sampled_from(["a", "b", "c", "", "é", None])
rows = st.lists(st.tuples(names, st.integers(0, 3)), max_size=30)


@given(rows, st.lists(st.tuples(names.filter(lambda name: name is not None), st.integers(0, 4)), max_size=5))
def test_the_rows_of_values_are_all_of_them_in_order(lines, wanted):
    frame = pl.DataFrame(lines, schema={"name": pl.String, "row": pl.Int64}, orient="row")
    found = Positions(frame).of(wanted)
    assert found == [at for at, line in enumerate(lines) if line in wanted]
    assert taken(frame, found).rows() == [lines[at] for at in found]


def test_two_values_of_one_hash_are_told_apart(monkeypatch):
    import numpy as np

    from rlvr_atlas.explorer import positions

    monkeypatch.setattr(positions, "_hashes", lambda columns: np.zeros(len(columns[0]), np.uint64))
    positions._hash.cache_clear()
    frame = pl.DataFrame({"name": ["a", "b", "a", "c"]})
    assert Positions(frame).of([("a",)]) == [0, 2]
    positions._hash.cache_clear()


@pytest.mark.parametrize("table", ["instances", "occurrences", "matches", "leaks", "lineage"])
def test_a_held_workspace_gives_what_the_files_hold(traced, table):
    files, held = Workspace(traced), HeldWorkspace(traced)
    columns = {"instances": ("key",), "occurrences": ("dataset", "row"), "lineage": ("dataset", "row")}
    by = columns.get(table, ("child",) if table == "matches" else ("benchmark_key",))
    values = [*files.read(table).select(by).head(7).rows(), tuple("no" if c != "row" else 9**9 for c in by)]
    assert rows_where(held, table, by, values).equals(rows_where(files, table, by, values))
    assert rows_where(held, table, by, values[:1], by).equals(rows_where(files, table, by, values[:1], by))
    assert rows_where(held, table, by, []).height == rows_where(files, table, by, []).height == 0


def test_questions_have_the_same_answers_from_files_and_from_memory(traced):
    files, held = Workspace(traced), HeldWorkspace(traced)
    for key in files.read("leaks")["benchmark_key"].unique().sort().head(5):
        place = query.places(files, key).select("dataset", "row").row(0)
        assert query.chain(files, place) == query.chain(held, place)
        assert query.related(files, key).equals(query.related(held, key))
        assert query.descendants(files, key).rows.equals(query.descendants(held, key).rows)
        given = leak_reader.of_workspace(files, {"key": key})
        assert given.rows.equals(leak_reader.of_workspace(held, {"key": key}).rows) and given.total
        both = (pl.col("key") == key) | (pl.col("benchmark_key") == key)
        assert given.total == files.read("leaks").filter(both).height


def test_leaks_in_order_need_not_be_ordered_again(traced):
    files = Workspace(traced)
    ordered = leak_reader.surest(files.scan("leaks")).collect().lazy()
    for wanted in ({}, {"dataset": files.read("leaks")["dataset"][0]}):
        assert leak_reader.of_workspace(files, wanted).rows.equals(
            leak_reader.of_workspace(files, wanted, ordered=ordered).rows
        )


# --- what `explain` looks at ---------------------------------------------------------------------------

words = st.text(alphabet="abé ", max_size=12)


@given(st.lists(words, max_size=20), words)
def test_texts_in_each_other_are_found_by_their_beginnings(texts, wanted):
    series = pl.Series(texts, dtype=pl.String)
    size = len(wanted.encode())
    longer = [at for at, text in enumerate(texts) if wanted in text and len(text.encode()) > size]
    assert _holding(series, wanted).tolist() == longer
    assert _held_in(series, wanted).tolist() == [at for at, text in enumerate(texts) if text in wanted]


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(1, 10))
def test_the_largest_are_those_of_a_stable_sort(values, number):
    import numpy as np

    given_values = np.array(values, np.float64)
    wanted = np.argsort(-given_values, kind="stable")[:number]
    assert sorted(_largest(given_values, number).tolist()) == sorted(wanted.tolist())
