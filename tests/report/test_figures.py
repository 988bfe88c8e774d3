"""Bars and timeline: all rows are in them, and colours do not run out."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rlvr_atlas.report.figures import PALETTE, bar, composition, timeline

counts = st.dictionaries(
    st.sampled_from([f"s{place}" for place in range(30)] + [None]), st.integers(1, 10**6)
)


def fact(name, rows, role="train", released=None):
    parts = [{"source": source, "rows": count} for source, count in rows.items()]
    total = sum(rows.values())
    return {"dataset": name, "role": role, "rows": total, "composition": parts, "released": released}


@given(st.lists(counts.filter(bool), min_size=1, max_size=6))
def test_a_bar_holds_every_row_and_is_full(rows):
    facts = [fact(f"d{place}", rows_of_one) for place, rows_of_one in enumerate(rows)]
    drawn = composition(facts)
    for (_, total, segments), one in zip(drawn.groups["Train datasets"], facts, strict=True):
        assert sum(segment.rows for segment in segments) == total == one["rows"]
        assert sum(segment.width for segment in segments) == pytest.approx(100, abs=0.1)
        ends = [0, *(segment.start + segment.width for segment in segments)]
        assert [segment.start for segment in segments] == pytest.approx(ends[:-1], abs=0.1)
    sources = {source for one in rows for source in one if source is not None}
    assert len(drawn.colours) == min(len(sources), len(PALETTE))
    assert len(drawn.colours) + drawn.others == len(sources)


def test_other_says_what_it_stands_for_and_the_unknown_comes_last():
    parts = [{"source": source, "rows": 1} for source in ("a", "b", "c", None)]
    last_two = bar(parts, {"a": "0"})[-2:]
    assert [segment.label for segment in last_two] == ["other", "unknown"]
    assert last_two[0].members == "b 1, c 1"


def test_a_source_that_is_one_source_needs_no_bar_but_a_train_set_does():
    drawn = composition(
        [fact("s", {"s": 3}, role="source"), fact("t", {"s": 3}), fact("x", {"s": 1}, role="?")]
    )
    assert drawn.plain == [("s", "s")]
    assert list(drawn.groups) == ["Train datasets", "Other datasets"]


@given(st.lists(st.dates().map(str) | st.none(), max_size=60))
@example(["9999-12-31", "0001-01-01"])
def test_the_timeline_shows_every_date_and_no_two_dots_in_one_place(dates):
    facts = [fact(f"d{place}", {"s": 1}, released=date) for place, date in enumerate(dates)]
    drawn = timeline(facts)
    assert len(drawn.dots) + drawn.undated == len(dates)
    places = [(dot.x, dot.level) for dot in drawn.dots]
    assert len(set(places)) == len(places)
    assert all(0 <= dot.x <= 100 and 0 <= dot.level < drawn.levels for dot in drawn.dots)
    assert [dot.x for dot in drawn.dots] == sorted(dot.x for dot in drawn.dots)
    assert len(drawn.ticks) <= 13
