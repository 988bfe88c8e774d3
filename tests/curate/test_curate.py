"""Mixes: every row considered has its line in the ledger, and each rule strikes what it says and no more."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import curated, key, row, tables

from rlvr_atlas.canonical import key_of
from rlvr_atlas.config.curate import CurateSettings
from rlvr_atlas.curate import read_scores
from rlvr_atlas.curate.ledger import with_mix_text
from rlvr_atlas.errors import InputError, RecipeError
from rlvr_atlas.schema import ACTIONS, DECISIONS, MIX


def evidence(result, dataset, at):
    return json.loads(result.decisions.filter(dataset=dataset, row=at)["evidence"].item())


def test_rows_that_nothing_speaks_against_are_kept_in_their_order():
    result, said = curated(tables({"a": [row("one?", "1"), row("two?", "2")]}))
    assert set(said.values()) == {("keep", "passed every rule")}
    assert result.mix["prompt"].to_list() == ["one?", "two?"]
    assert list(result.decisions.columns) == list(DECISIONS)
    assert list(result.mix.columns) == list(MIX)


def test_leaks_are_dropped_by_relation_and_probability():
    rows = [row(f"problem {i}?", str(i)) for i in range(5)]
    leaks = [
        ("a", 0, "identical", 1.0),
        ("a", 1, "reworded", 0.6),
        ("a", 2, "variant", 1.0),
        ("a", 3, "reworded", 0.95),
        ("a", 3, "embedded", 0.99),
    ]
    made = tables({"a": rows}, leaks=leaks)
    result, said = curated(made)
    assert [at for (_, at), what in said.items() if what == ("drop", "leak")] == [0, 1, 3]
    # The strongest relation is told, not the most probable one.
    assert evidence(result, "a", 3)["relation"] == "reworded"
    assert evidence(result, "a", 0)["benchmark_row"] == 3
    _, said = curated(made, leak_probability=0.9)
    assert said["a", 1] == ("keep", "passed every rule")
    _, said = curated(made, drop_leaks=["identical", "variant"])
    assert [at for (_, at), (action, _) in said.items() if action == "drop"] == [0, 2]


def test_what_the_audit_did_not_judge_counts_where_it_is_too_common_or_above_the_threshold():
    rows = [row(f"problem {i}?", str(i)) for i in range(3)]
    unjudged = [("a", 0, "identical", 0.3, "too common"), ("a", 1, "reworded", 0.3, "below the threshold")]
    made = tables({"a": rows}, unjudged=unjudged)
    _, said = curated(made)
    assert said["a", 0] == ("drop", "possible leak")
    assert said["a", 1][0] == "keep"
    _, said = curated(made, drop_possible_leaks=False)
    assert said["a", 0][0] == "keep"
    _, said = curated(made, leak_probability=0.2)
    assert (said["a", 0][1], said["a", 1][1]) == ("leak", "leak")


def test_of_copies_the_first_released_stays_and_the_ledger_names_it():
    made = tables(
        {"a": [row("x?"), row("x?"), row("y!?")], "b": [row("z?"), row("x?")]},
        matches=[("z?", "y!?", "reworded", 0.8)],
    )
    result, said = curated(made, datasets=["b", "a"])
    assert [place for place, what in said.items() if what[0] == "keep"] == [("a", 0), ("a", 2)]
    assert evidence(result, "b", 0) == {
        "kept_dataset": "a", "kept_row": 2, "relation": "reworded", "probability": 0.8,
    }  # fmt: skip
    _, said = curated(made, datasets=["a", "b"], drop_duplicates=["identical"])
    assert said["b", 0][0] == "keep"
    _, said = curated(made, datasets=["a", "b"], duplicate_probability=0.9)
    assert said["b", 0][0] == "keep"


def test_a_chain_of_likenesses_joins_no_strangers():
    chain = [("second?", "first?", "reworded", 0.9), ("third?", "second?", "reworded", 0.9)]
    made = tables({"a": [row("first?"), row("second?"), row("third?")]}, matches=chain)
    _, said = curated(made)
    assert [what[0] for what in said.values()] == ["keep", "drop", "keep"]


def test_a_copy_of_a_row_that_was_dropped_stays():
    made = tables({"a": [row("x?"), row("y?")]}, leaks=[("a", 0, "identical", 1.0)],
                  matches=[("y?", "x?", "reworded", 0.9)])  # fmt: skip
    _, said = curated(made)
    assert said["a", 1] == ("keep", "passed every rule")


def test_one_problem_with_two_answers_is_dropped_and_both_answers_are_told():
    made = tables({"a": [row("x?", "5"), row("x?", "6"), row("x?", "5.0"), row("y?", "1")]})
    result, said = curated(made)
    assert [what[1] for what in said.values()] == ["conflicting answers"] * 3 + ["passed every rule"]
    told = evidence(result, "a", 1)
    assert (told["answer"], told["against"]["other_answer"], told["against"]["other_row"]) == ("6", "5", 0)
    assert evidence(result, "a", 0)["against"]["other_answer"] == "6"
    _, said = curated(made, drop_conflicts=False)
    assert [what[0] for what in said.values()] == ["keep", "drop", "drop", "keep"]


def copied(*answers):
    """One problem in as many datasets, and another beside it."""
    made = tables({f"d{at}": [row("x?", text), row(f"y{at}?", "1")] for at, text in enumerate(answers)})
    places = made["lineage"].with_columns(
        parent_dataset=pl.when(pl.col("key") == key("x?"), pl.col("dataset") != "d0").then(pl.lit("d0")),
    )
    parents = pl.col("parent_dataset").is_not_null()
    made["lineage"] = places.with_columns(
        parent_row=pl.when(parents).then(0).cast(pl.Int64),
        relation=pl.when(parents).then(pl.lit("identical")),
    )
    return made


FIVE = ["72", "72", "72.0", "72", "27"]
ALL = {"datasets": [f"d{at}" for at in range(5)], "drop_duplicates": []}


def test_one_outlier_does_not_cost_the_rows_that_agree():
    _, said = curated(copied(*FIVE), **ALL)
    of_x = [said[f"d{at}", 0] for at in range(5)]
    assert of_x == [("keep", "passed every rule")] * 4 + [("drop", "conflicting answers")]
    _, said = curated(copied(*FIVE), **ALL, conflict_probability=0.01)
    assert {said[f"d{at}", 0] for at in range(5)} == {("drop", "conflicting answers")}
    _, said = curated(copied(*FIVE), **ALL, conflict_probability=1.0)
    assert {said[f"d{at}", 0][0] for at in range(5)} == {"keep"}
    _, said = curated(copied("72", "27"), datasets=["d0", "d1"], drop_duplicates=[])
    assert {said[f"d{at}", 0] for at in range(2)} == {("drop", "conflicting answers")}, "nobody knows which"


def test_rows_that_are_not_considered_bear_witness_to_a_gold():
    _, said = curated(copied(*FIVE), datasets=["d0", "d4"], drop_duplicates=[])
    assert (said["d0", 0][0], said["d4", 0][0]) == ("keep", "drop")


def test_a_gold_is_corrected_by_the_majority_of_sources_where_that_is_sure():
    result, said = curated(copied(*FIVE), **ALL, fix_conflicts=True)
    assert said["d4", 0] == ("replace", "gold answer corrected")
    assert said["d0", 0] == ("keep", "passed every rule")
    assert result.mix.filter(dataset="d4", row=0)["answer"].to_list() == ["72"]
    told = evidence(result, "d4", 0)
    assert (told["answer_was"], told["answer"]) == ("27", "72")
    _, said = curated(copied(*FIVE), **ALL, fix_conflicts=True, fix_probability=1.0)
    assert said["d4", 0] == ("drop", "conflicting answers")
    result, said = curated(copied(*FIVE), datasets=ALL["datasets"], fix_conflicts=True)
    assert result.mix.filter(pl.col("prompt") == "x?").height == 1, "a corrected copy is a copy"


@pytest.mark.parametrize(
    ("first", "second", "relation", "conflict"),
    [
        ("1/2", "0.5", "identical", False),
        ("1/2", "0.5", "reworded", False),
        ("3", "4", "reformatted", True),
        ("3", "4", "reworded", True),
        ("3", "4", "embedded", False),  # a part of a problem has another answer than the whole
        ("3", "4", "variant", False),
        ("B", "4", "reworded", False),  # cannot be compared
    ],
)
def test_answers_conflict_where_they_are_different_and_the_problem_is_one(first, second, relation, conflict):
    made = tables({"a": [row("x?", first), row("y?", second)]}, matches=[("y?", "x?", relation, 0.9)])
    rules = {"drop_duplicates": []}
    if not conflict:
        _, said = curated(made, **rules)
        assert {what[0] for what in said.values()} == {"keep"}
    else:
        with pytest.raises(RecipeError, match="no row is left of 2 .2 conflicting answers"):
            curated(made, **rules)


@pytest.mark.parametrize("answer", [None, "the proof is as in the lecture, by induction over all n"])
def test_answers_that_cannot_be_checked_are_dropped(answer):
    made = tables({"a": [row("x?", answer), row("y?", "7"), row("code?", answer or "{}", domain="code")]})
    _, said = curated(made)
    assert [what[0] for what in said.values()] == ["drop", "keep", "keep"]
    _, said = curated(made, drop_unverifiable=False)
    assert {what[0] for what in said.values()} == {"keep"}


def test_rows_are_chosen_by_source_language_licence_and_transition():
    rows = [
        row("a1?", atomic_source="gsm8k"),
        row("a2?", atomic_source=None),
        row("a3?", language="zh", atomic_source="gsm8k"),
    ]
    made = tables({"a": rows, "b": [row("b1?")]}, licenses={"a": "README: CC BY 4.0", "b": "who knows"},
                  transitions=[("gsm8k", "a1?", "01"), ("gsm8k", "a3?", "11")])  # fmt: skip
    both = {"datasets": ["a", "b"]}

    def kept(**settings):
        _, said = curated(made, **both, **settings)
        return [place for place, what in said.items() if what[0] == "keep"]

    assert kept(sources=["gsm8k"]) == [("a", 0), ("a", 2)]
    assert kept(sources=["unknown"]) == [("a", 1), ("b", 0)]
    assert kept(languages=["zh"]) == [("a", 2)]
    assert kept(licenses=["cc-by-4.0"]) == [("a", 0), ("a", 1), ("a", 2)]
    assert kept(transitions=["01"]) == [("a", 0)]
    assert kept(transitions=["01", "11"]) == [("a", 0), ("a", 2)]


LEARNED = [("gsm8k", f"b{i}?", "01" if i % 2 else "00", i / 20) for i in range(12)]


def learned_tables():
    """Twelve rows of gain 0, .05, ..., .55, every second one called 01; one that was not measured."""
    pool = [row(f"b{i}?", str(i), atomic_source="gsm8k") for i in range(12)]
    unmeasured = row("new?", "3", atomic_source="gsm8k")
    return tables({"a": [row("a0?")], "b": [unmeasured, *pool]}, transitions=LEARNED)


def test_rows_are_kept_by_expected_gain_from_a_least_one_on():
    _, said = curated(learned_tables(), datasets=["b"], min_gain=0.4)
    assert [place[1] for place, what in said.items() if what[0] == "keep"] == [9, 10, 11, 12]
    assert said["b", 0] == ("drop", "gain not measured")
    assert said["b", 8] == ("drop", "gain not wanted")


def test_a_refill_prefers_the_highest_expected_gain_where_the_recipe_says_so():
    refill = {"size": 5, "refill": {"datasets": ["b"]}}
    result, said = curated(learned_tables(), prefer="expected_gain", **refill)
    assert [place for place, what in said.items() if what[0] == "add"] == [("b", n) for n in (9, 10, 11, 12)]
    assert result.mix["row"].to_list() == [0, 12, 11, 10, 9]
    assert json.loads(result.decisions.filter(row=12)["evidence"][0])["expected_gain"] == 0.55
    # The paper's rule is a draw among the rows of 01, whatever they gained.
    paper = {"size": 5, "refill": {"datasets": ["b"], "transitions": ["01"]}}
    drawn = curated(learned_tables(), **paper)[0].mix["row"].to_list()
    assert drawn != sorted(drawn, reverse=True)
    assert all(number % 2 == 0 for number in drawn[1:])


def test_the_cap_and_the_size_drop_the_rows_of_least_gain_and_rows_without_one_first():
    _, said = curated(learned_tables(), datasets=["b"], prefer="expected_gain", size=3)
    assert [place[1] for place, what in said.items() if what[0] == "keep"] == [10, 11, 12]
    capped = curated(learned_tables(), datasets=["b"], prefer="expected_gain", max_per_source={"gsm8k": 2})[1]
    assert [place[1] for place, what in capped.items() if what[0] == "keep"] == [11, 12]


@pytest.mark.parametrize("choice", [{"min_gain": 0.1}, {"prefer": "expected_gain"}, {"transitions": ["01"]}])
def test_a_choice_by_training_without_any_training_is_refused(choice):
    with pytest.raises(RecipeError, match="nothing was trained"):
        curated(tables({"a": [row("x?")]}), **choice)


def test_a_licence_that_is_unknown_stays_unknown_and_is_said():
    made = tables({"a": [row("x?")], "b": [row("y?")]}, licenses={"b": "see the website"})
    result, _ = curated(made, datasets=["a", "b"])
    assert result.decisions["license"].to_list() == ["MIT", None]
    assert result.limits == ["the licence of 1 rows is unknown, and so is the mix's (b)"]


def test_sources_are_capped_and_who_stays_is_drawn():
    made = tables({"a": [row(f"p{i}?", str(i), atomic_source="gsm8k") for i in range(40)] + [row("q?")]})
    draws = []
    for seed in (0, 0, 1):
        result, said = curated(made, max_per_source={"gsm8k": 15}, seed=seed)
        stayed = [place for place, what in said.items() if what[0] == "keep"]
        assert len(stayed) == 16
        assert sum(what == ("drop", "over the cap of its source") for what in said.values()) == 25
        assert result.decisions["seed"].unique().to_list() == [seed]
        draws.append(stayed)
    assert draws[0] == draws[1] != draws[2]


REFILL = {"size": 10, "refill": {"datasets": ["b"], "mcq": "drop"}}


def refill_tables(pool=20):
    start = [row(f"a{i}?", str(i)) for i in range(6)]
    extra = [row(f"b{i}?", str(i), is_mcq=i == 0) for i in range(pool)]
    return tables({"a": start, "b": [*extra, row("a1?", "1")]})


def test_the_refill_brings_the_mix_to_its_size():
    result, said = curated(refill_tables(), **REFILL)
    actions = result.decisions["action"].value_counts()
    assert dict(actions.iter_rows()) == {"keep": 6, "add": 4, "pass": 15, "drop": 2}
    assert said["b", 0] == ("drop", "multiple choice")
    assert said["b", 20] == ("drop", "duplicate")
    assert result.mix["action"].to_list() == ["keep"] * 6 + ["add"] * 4
    again, _ = curated(refill_tables(), **REFILL)
    assert again.decisions.equals(result.decisions)
    assert again.mix.equals(result.mix)
    other, _ = curated(refill_tables(), **REFILL, seed=5)
    assert other.mix["row"].to_list() != result.mix["row"].to_list()


def test_a_larger_pool_does_not_change_the_order_of_those_who_were_in_it():
    few, _ = curated(refill_tables(12), **REFILL)
    many, _ = curated(refill_tables(20), **REFILL)

    def turn(result):
        adds = result.decisions.filter(pl.col("dataset") == "b", pl.col("action").is_in(["add", "pass"]))
        drawn = adds.with_columns(at=pl.col("evidence").str.json_path_match("$.drawn_at").cast(pl.Int64))
        return [at for at in drawn.sort("at")["row"] if at < 12]

    assert turn(few) == turn(many)


def test_a_refill_that_is_too_small_says_how_much_is_missing():
    with pytest.raises(RecipeError) as caught:
        curated(refill_tables(3), **REFILL)
    assert str(caught.value) == (
        "curate: 6 rows are left, and the refill has 2 of the 4 that are missing. "
        "Lower size to 8 at most, or give the refill more datasets or fewer conditions."
    )
    with pytest.raises(RecipeError, match="6 rows are left and size is 10"):
        curated(refill_tables(), size=10)


def test_caps_count_what_the_mix_starts_from():
    start = [row(f"a{i}?", str(i), atomic_source="gsm8k") for i in range(3)]
    pool = [row(f"b{i}?", str(i), atomic_source="gsm8k" if i % 2 else "math") for i in range(10)]
    result, said = curated(tables({"a": start, "b": pool}), max_per_source={"gsm8k": 5}, **REFILL)
    assert result.mix.filter(atomic_source="gsm8k").height == 5
    assert sum(what == ("pass", "over the cap of its source") for what in said.values()) == 3


def test_too_many_rows_are_drawn_down_to_the_size():
    made = tables({"a": [row(f"a{i}?", str(i)) for i in range(30)]})
    result, said = curated(made, size=12)
    assert result.mix.height == 12
    assert sum(what == ("drop", "over the size") for what in said.values()) == 18


def test_a_recipe_that_drops_everything_says_what_dropped_it():
    made = tables({"a": [row("x?", None), row("y?")]}, leaks=[("a", 1, "identical", 1.0)])
    with pytest.raises(RecipeError, match=r"no row is left of 2 \(1 leak, 1 no answer\)"):
        curated(made)
    with pytest.raises(RecipeError, match="the datasets have no rows"):
        curated(tables({"a": []}))


@pytest.mark.parametrize("settings", [{"sources": ["gsm8"]}, {"max_per_source": {"gsm8": 3}}])
def test_a_misspelled_source_is_no_silent_choice(settings):
    with pytest.raises(RecipeError, match=r"no atomic source 'gsm8'.*gsm8k"):
        curated(tables({"a": [row("x?")]}), **settings)


rows_of_any_kind = st.lists(
    st.tuples(
        st.sampled_from(["p?", "q?", "r?", "s? (A) 1 (B) 2 (C) 3", "t?"]),
        st.sampled_from([None, "1", "2", "B", "proof"]),
        st.sampled_from([None, "gsm8k"]),
    ),
    max_size=12,
)


@given(rows_of_any_kind, rows_of_any_kind, st.integers(0, 3), st.sampled_from(["keep", "drop", "convert"]))
def test_whatever_the_rows_each_has_one_line_and_the_counts_add_up(start, pool, lost, mcq):
    def rows(listed):
        return [row(p, a, atomic_source=s, is_mcq="(A)" in p) for p, a, s in listed]

    made = tables(
        {"a": rows(start), "b": rows(pool)},
        matches=[("q?", "p?", "reworded", 0.8), ("t?", "s? (A) 1 (B) 2 (C) 3", "embedded", 0.9)],
        leaks=[("a", lost, "reworded", 0.7)],
        skipped=[("b", at) for at in range(lost)],
    )
    try:
        result, said = curated(made, mcq=mcq, size=2, refill={"datasets": ["b"], "mcq": mcq})
    except RecipeError:
        return
    assert len(said) == result.decisions.height == len(start) + len(pool) + lost
    counts = dict(result.decisions["action"].value_counts().iter_rows())
    assert set(counts) <= set(ACTIONS)
    assert result.mix.height == sum(counts.get(action, 0) for action in ("keep", "add", "replace")) == 2
    assert (
        result.decisions.null_count().select("action", "reason", "evidence", "seed").sum_horizontal().item()
        == 0
    )
    assert all(isinstance(json.loads(text), dict) for text in result.decisions["evidence"])
    assert result.mix["prompt"].n_unique() == 2


# --- given scores -------------------------------------------------------------------------------------


def test_given_scores_choose_rows_by_key_or_by_place(tmp_path):
    made = tables({"a": [row("x?"), row("y?", "8"), row("z?", "9")]})
    by_key = made["occurrences"].select("key", score=pl.Series([0.1, 0.5, None]))
    by_key.drop_nulls().write_parquet(tmp_path / "s.parquet")
    (tmp_path / "s.jsonl").write_text(
        '{"dataset": "a", "row": 0, "score": 0.1}\n{"dataset": "a", "row": 1, "score": 0.5}\n'
    )
    for name in ("s.parquet", "s.jsonl"):
        scores = read_scores(tmp_path / name)
        _, said = curated(made, scores, scores=name, min_score=0.2, max_score=0.9)
        assert [what[1] for what in said.values()] == ["score not wanted", "passed every rule", "no score"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"key": "k", "score": 1}\n{"key": "k", "score": 2}\n', "two scores of one row"),
        ('{"key": "k"}\n', "has only the columns key"),
        ('{"key": "k", "score": "high"}\n', "a column has the wrong type"),
        ('{"key": "k", "score": null}\n', "1 scores are no numbers"),
        ("not json\n", "not readable as Parquet or JSONL"),
        (None, "no such file of scores"),
    ],
)
def test_bad_scores_are_errors(tmp_path, content, said):
    if content is not None:
        (tmp_path / "s.jsonl").write_text(content)
    with pytest.raises(InputError, match=said):
        read_scores(tmp_path / "s.jsonl")


def test_what_an_audit_of_the_mix_would_call_a_leak_is_dropped_and_made_up_for():
    exam = "A ferry to the old mill leaves every 14 minutes from 6:05 on; how many have left at 9:00?"
    told = exam.replace("leaves", "departs")
    made = tables(
        {
            "a": [row("Mine?"), row(told, "13")],
            "pool": [row("Other?"), row("Another?")],
            "exam": [row(exam, "13")],
        }
    )
    made["datasets"] = made["datasets"].with_columns(
        role=pl.when(pl.col("dataset") == "exam").then(pl.lit("benchmark")).otherwise("role"),
        distinct_prompts=pl.lit(2, pl.Int64),
    )
    # No match of the workspace says so, as where look-alikes in the row's dataset made it doubtful.
    assert made["matches"].is_empty()
    result, said = curated(made, size=3, refill={"datasets": ["pool"]})
    assert said["a", 1] == ("drop", "leak in the mix")
    assert '"benchmark":"exam"' in result.decisions.filter(dataset="a", row=1)["evidence"].item()
    assert said["pool", 0][0] == said["pool", 1][0] == "add"
    _, said = curated(made, drop_leaks=[])
    assert said["a", 1][0] == "keep"


def test_a_copy_of_a_leak_in_the_mix_does_not_take_its_place():
    exam = "A ferry to the old mill leaves every 14 minutes from 6:05 on; how many have left at 9:00?"
    told, again = exam.replace("leaves", "departs"), "Count the boats of one morning."
    made = tables(
        {"a": [row("Mine?"), row(told, "13"), row(again, "13")], "exam": [row(exam, "13")]},
        matches=[(again, told, "reworded", 0.95)],
    )
    made["datasets"] = made["datasets"].with_columns(
        role=pl.when(pl.col("dataset") == "exam").then(pl.lit("benchmark")).otherwise("role"),
        distinct_prompts=pl.lit(2, pl.Int64),
    )
    result, said = curated(made)
    assert said["a", 1] == said["a", 2] == ("drop", "leak in the mix")
    evidence = result.decisions.filter(dataset="a")["evidence"].to_list()
    assert evidence[1] == evidence[2] and '"benchmark":"exam"' in evidence[2]


@pytest.mark.parametrize(
    ("attached", "of_exam", "action"),
    [
        ("aa", "aa", "drop"),
        ("aa", "bb", "keep"),
        (None, "aa", "keep"),
        ("aa", None, "keep"),
        (None, None, "drop"),
    ],
)
def test_the_audit_of_the_mix_asks_what_is_attached(attached, of_exam, action):
    exam = "A ferry to the old mill leaves every 14 minutes from 6:05 on; how many have left at 9:00?"
    told = exam.replace("leaves", "departs")
    entry = {name: value and f"image.content:{value}" for name, value in (("a", attached), ("exam", of_exam))}
    made = tables(
        {
            "a": [row("Mine?", attachments=None), row(told, "13", attachments=entry["a"])],
            "exam": [row(exam, "13", attachments=entry["exam"])],
        }
    )
    made["datasets"] = made["datasets"].with_columns(
        role=pl.when(pl.col("dataset") == "exam").then(pl.lit("benchmark")).otherwise("role"),
        distinct_prompts=pl.lit(2, pl.Int64),
    )
    assert curated(made)[1]["a", 1][0] == action


def test_the_key_of_a_converted_problem_holds_what_is_attached():
    asked = "What is the area of the shaded square in the figure? (A) 12 (B) 16 (C) 20"
    rows = pl.DataFrame(
        {
            "at": [0, 1], "prompt": [asked] * 2, "answer": ["B"] * 2, "language": ["en"] * 2,
            "key": ["k", "l"], "is_mcq": [True] * 2, "is_refill": [False] * 2,
            "attachments": [None, "image.content:aa"],
        }
    )  # fmt: skip
    settings = CurateSettings.model_validate({"datasets": ["a"], "mcq": "convert"})
    mix = with_mix_text(rows, settings)
    assert mix["mix_answer"].to_list() == ["16", "16"]
    told = zip(mix["mix_prompt"], rows["attachments"], strict=True)
    assert mix["mix_key"].to_list() == [key_of(*both) for both in told]
    assert mix["mix_key"].n_unique() == 2
