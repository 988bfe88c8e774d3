"""The reader: links in both directions, lineage, places, texts, names of problems, pages of them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.errors import InputError
from rlvr_atlas.schema import (
    INSTANCES,
    LINEAGE,
    MATCHES,
    OCCURRENCES,
    RELATION_TABLE,
    RELATIONS,
    SAME_PROBLEM,
    conform,
    is_same_problem,
    strength,
)
from rlvr_atlas.workspace import query

A, B, C, D = (letter * 40 for letter in "abcd")


class Tables:
    """Stands in for a workspace: the reader only scans."""

    def __init__(self, **tables):
        self.tables = tables

    def scan(self, name):
        return self.tables[name].lazy()


def frame(schema, *rows):
    return conform(pl.from_dicts(list(rows), schema={name: schema[name] for name in rows[0]}), schema)


@pytest.fixture(scope="module")
def held():
    places = [(A, "old", 0), (A, "old", 7), (B, "mid", 0), (A, "new", 1), (C, "new", 0), (D, "new", 2)]
    texts = {A: "Find X + 1.", B: "What is x + 1 (50%)?", C: "ΣΟΦΟΣ counts x", D: "Another\nproblem"}
    links = [(B, A, "reworded", 0.9), (C, B, "variant", 0.6), (D, B, "embedded", 0.9)]
    way = [("old", 0, None, None), ("mid", 0, "old", 0), ("new", 0, "mid", 0)]
    names = ("dataset", "row", "parent_dataset", "parent_row")
    return Tables(
        datasets=pl.DataFrame({"dataset": ["old", "mid", "new", "a:b"]}),
        skipped_rows=pl.DataFrame({"dataset": ["new"], "row": [3], "reason": ["no prompt"]}),
        occurrences=frame(OCCURRENCES, *({"key": k, "dataset": d, "row": r} for k, d, r in places)),
        instances=frame(
            INSTANCES,
            *(
                {"key": key, "prompt": text, "answer": key[0], "occurrences": 1}
                for key, text in texts.items()
            ),
        ),
        matches=frame(
            MATCHES,
            *(
                {"child": child, "parent": parent, "relation": relation, "tier": "lexical", "probability": p}
                for child, parent, relation, p in links
            ),
        ),
        lineage=frame(LINEAGE, *(dict(zip(names, step, strict=True)) for step in way)),
    )


KEYS = st.sampled_from("pqrst")


@given(st.lists(st.tuples(KEYS, KEYS, st.floats(0, 1)), max_size=12))
def test_every_match_is_a_link_in_both_directions(pairs):
    matches = pl.DataFrame(
        pairs, {"child": pl.String, "parent": pl.String, "probability": pl.Float64}, orient="row"
    )
    links = query.both_ways(matches, "probability")
    assert links.columns == ["key", "other", "probability"]
    assert links.rows() == pairs + [(parent, child, p) for child, parent, p in pairs]
    assert query.both_ways(matches.lazy()).collect().equals(links.select("key", "other"))


def test_the_line_of_two_keys_is_found_in_either_order(held):
    matches = held.scan("matches").collect()
    assert query.between(matches, (A, B)) == query.between(matches, (B, A))
    assert query.between(matches, (A, B))["relation"] == "reworded"
    assert query.between(matches, (A, C)) is None
    assert query.between(matches, (A, A)) is None


def test_links_of_a_workspace_start_at_a_probability(held):
    sure = query.links(held, "relation", min_probability=0.9).collect()
    assert set(sure.rows()) == {
        (B, A, "reworded"), (A, B, "reworded"), (D, B, "embedded"), (B, D, "embedded"),
    }  # fmt: skip
    assert query.links(held).collect().height == 6


def test_related_texts_are_later_and_earlier_ones_the_surest_first(held):
    found = query.related(held, B)
    assert found.columns == ["key", "relation", "tier", "probability", "prompt", "evidence"]
    assert found["key"].to_list() == [A, D, C]
    assert found["prompt"].to_list() == ["Find X + 1.", "Another\nproblem", "ΣΟΦΟΣ counts x"]
    assert query.related(held, "e" * 40).is_empty()


def test_prompts_are_those_of_the_keys_in_the_order_of_the_table(held):
    assert query.prompts(held, [C, A, "e" * 40, A])["key"].to_list() == [A, C]
    assert query.prompts(held, {A}, "answer").rows() == [(A, "Find X + 1.", "a")]
    assert query.prompts(held, []).rows() == []


def test_places_are_all_rows_of_a_key_and_the_first_is_the_earliest(held):
    assert query.places(held, A).select("dataset", "row").rows() == [("old", 0), ("old", 7), ("new", 1)]
    assert query.first_places(held, [C, A]).rows() == [(A, "old", 0), (C, "new", 0)]


def test_the_chain_ends_at_the_root(held):
    way = [(step["dataset"], step["row"]) for step in query.chain(held, ("new", 0))]
    assert way == [("new", 0), ("mid", 0), ("old", 0)]
    assert len(query.chain(held, ("old", 0))) == 1
    with pytest.raises(InputError, match="no row 99"):
        query.chain(held, ("new", 99))


@pytest.mark.parametrize(
    ("text", "key", "place"),
    [
        (A, A, None),
        ("new:0", C, ("new", 0)),
        ("old:007", A, ("old", 7)),
        ("Find the ratio 3:4", None, None),
        ("a ratio new:-1", None, None),
        (A.upper(), None, None),
        ("", None, None),
    ],
)
def test_a_query_names_a_key_or_a_row_or_is_a_text(held, text, key, place):
    assert query.named(held, text) == (key, place)


@pytest.mark.parametrize(
    ("text", "why"),
    [("new:3", "it was skipped: no prompt"), ("new:4", "shorter"), (f"new:{10**30}", "shorter")],
)
def test_a_row_that_is_not_there_is_an_error_that_says_why(held, text, why):
    with pytest.raises(InputError, match=why):
        query.named(held, text)


def test_whether_a_key_is_there(held):
    assert query.has_key(held, A)
    assert not query.has_key(held, "e" * 40)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("X + 1", [A, B]),
        ("x + 1", [A, B]),
        ("(50%)?", [B]),
        ("^Find", []),
        ("find.", []),
        ("σοφος", [C]),
        ("σοφοσ", [C]),
        ("ANOTHER\nP", [D]),
        ("", [A, B, C, D]),
    ],
)
def test_search_takes_a_text_word_for_word_in_upper_or_lower_case(held, text, keys):
    page = query.search(held, text)
    assert (page.rows["key"].to_list(), page.total) == (keys, len(keys))


def test_answers_are_searched_where_that_is_asked_for(held):
    assert query.search(held, "d").rows["key"].to_list() == [A]
    assert query.search(held, "d", answers=True).rows["key"].to_list() == [A, D]


@given(st.sampled_from(["", "x", "problem", "nothing"]), st.integers(1, 5))
def test_pages_laid_end_to_end_are_all_that_was_found(text, limit):
    texts = {A: "x", B: "the problem x", C: "problem", D: "X", "e" * 40: "x x"}
    instances = frame(INSTANCES, *({"key": key, "prompt": prompt} for key, prompt in texts.items()))
    held = Tables(instances=instances)
    whole = query.search(held, text, limit=100)
    keys, offset = [], 0
    while offset is not None:
        page = query.search(held, text, limit=limit, offset=offset)
        assert page.rows.height <= limit
        assert page.total == whole.total == whole.rows.height
        keys += page.rows["key"].to_list()
        offset = page.next_offset
    assert keys == whole.rows["key"].to_list()
    beyond = query.search(held, text, offset=100)
    assert (beyond.rows.height, beyond.total, beyond.next_offset) == (0, whole.total, None)


@pytest.mark.parametrize(
    "asked", [{"limit": 0}, {"offset": -1}, {"limit": 2**70}, {"text": "x" * 1001}, {"text": "\ud800"}]
)
def test_a_search_that_makes_no_sense_is_an_error(held, asked):
    with pytest.raises(InputError):
        query.search(held, **asked)


def test_the_longest_search_is_answered(held):
    assert query.search(held, "é" * 1000).total == 0


def test_strength_and_sameness_follow_the_table_of_relations():
    names = [kind.name for kind in RELATION_TABLE]
    told = pl.DataFrame({"relation": names[::-1]}).sort(strength()).with_columns(same=is_same_problem())
    assert tuple(told["relation"]) == RELATIONS == tuple(names)
    assert tuple(told.filter("same")["relation"]) == SAME_PROBLEM
    assert all(kind.label and kind.meaning.endswith(".") for kind in RELATION_TABLE)
