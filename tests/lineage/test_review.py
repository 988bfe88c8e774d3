"""Review: the order of the queue, decisions that win and last, and no matching done again."""

import datetime as dt
import json
import re

import polars as pl
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from rlvr_atlas import pipeline
from rlvr_atlas.cli import app
from rlvr_atlas.cli.review import session, show_pair
from rlvr_atlas.compare import compare
from rlvr_atlas.config import MatchSettings
from rlvr_atlas.errors import AtlasError, InputError, WorkspaceError
from rlvr_atlas.lineage import review
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.schema import INSTANCES, MATCHES, OCCURRENCES, RELATIONS, VERDICTS, conform
from rlvr_atlas.workspace.store import Workspace

NOON = dt.datetime(2025, 1, 1, 12, tzinfo=dt.UTC)


def key(name):
    return f"{ord(name):040x}"


def decision(child, parent, relation, *, minute=0, by="Ada", why=""):
    at = NOON + dt.timedelta(minutes=minute)
    return review.Decision(child=key(child), parent=key(parent), relation=relation, by=by, at=at, why=why)


def instances(*rows):
    """(name, skeleton, occurrences), by release."""
    frame = pl.DataFrame(
        [(key(name), skeleton, count) for name, skeleton, count in rows],
        schema=["key", "skeleton", "occurrences"],
        orient="row",
    )
    return conform(frame, INSTANCES)


def verdicts(*rows):
    """(child, parent, relation, probability)."""
    frame = pl.DataFrame(
        [(key(child), key(parent), relation, p, "lexical") for child, parent, relation, p in rows],
        schema=["child", "parent", "relation", "probability", "tier"],
        orient="row",
    )
    return conform(frame, VERDICTS)


def pairs(applied):
    columns = ("child", "parent", "relation", "probability", "decided_by")
    return {
        (chr(int(child, 16)), chr(int(parent, 16))): rest
        for child, parent, *rest in applied.matches.select(columns).iter_rows()
    }


#: b and c are one text in two notations; so are a and d.
FOUR = instances(("a", "s1", 1), ("b", "s2", 1), ("c", "s2", 1), ("d", "s1", 1), ("e", "s3", 1))
SEEN = verdicts(
    ("b", "a", "reworded", 0.6),
    ("c", "a", "reworded", 0.6),
    ("d", "b", "reworded", 0.6),
    ("d", "c", "reworded", 0.6),
    ("c", "b", "reformatted", 0.9),
    ("d", "a", "reformatted", 0.9),
    ("e", "a", "variant", 0.7),
)


def test_without_decisions_every_verdict_is_a_match():
    applied = review.apply(SEEN, [], FOUR)
    assert_frame_equal(applied.matches.select(*VERDICTS), SEEN.sort("child", "parent"))
    assert set(applied.matches["decided_by"]) == {"auto"}
    assert list(applied.matches.columns) == list(MATCHES)


@pytest.mark.parametrize("order", [("b", "a"), ("a", "b")])
def test_a_rejection_holds_for_texts_that_differ_in_notation_only(order):
    applied = review.apply(SEEN, [decision(*order, None)], FOUR)
    assert set(pairs(applied)) == {("c", "b"), ("d", "a"), ("e", "a")}
    assert applied.parted.to_list() == [key("b"), key("c"), key("d")]


def test_a_decision_inside_one_skeleton_is_about_that_pair_alone():
    applied = review.apply(SEEN, [decision("c", "b", None)], FOUR)
    assert set(pairs(applied)) == set(pairs(review.apply(SEEN, [], FOUR))) - {("c", "b")}


def test_a_decision_on_two_images_is_about_these_two():
    attached = ["image.content:1", "image.content:2", "image.content:2", "image.content:1", None]
    asked = FOUR.with_columns(attachments=pl.Series(attached))
    accepted = pairs(review.apply(SEEN, [decision("b", "a", "variant")], asked))
    assert accepted["b", "a"][0] == "variant"
    assert accepted["c", "a"][0] == "variant"  # in another notation, of the same image
    assert accepted["d", "b"][0] == accepted["d", "c"][0] == "variant"
    other = asked.with_columns(
        attachments=pl.Series(["image.content:1", "image.content:2", None, None, None])
    )
    accepted = pairs(review.apply(SEEN, [decision("b", "a", "variant")], other))
    assert accepted["b", "a"][0] == "variant"
    assert accepted["c", "a"][0] == accepted["d", "b"][0] == accepted["d", "c"][0] == "reworded"


def test_another_relation_and_a_pair_that_was_never_proposed():
    applied = review.apply(SEEN, [decision("e", "a", "embedded"), decision("b", "e", "reworded")], FOUR)
    found = pairs(applied)
    assert found["e", "a"] == ["embedded", 1.0, "review"]
    # The earlier text of two is the parent, however the decision names them.
    assert found["e", "b"] == found["e", "c"] == ["reworded", 1.0, "review"]
    assert (
        applied.matches.filter(decided_by="review", child=key("e"), parent=key("a"))["tier"].item()
        == "lexical"
    )
    assert applied.matches.filter(child=key("e"), parent=key("b"))["tier"].item() is None


def test_a_decision_on_texts_out_of_view_is_counted_and_harmless():
    applied = review.apply(SEEN, [decision("x", "a", None), decision("y", "z", "reworded")], FOUR)
    assert applied.idle == 2
    assert pairs(applied) == pairs(review.apply(SEEN, [], FOUR))


decisions = st.lists(
    st.tuples(
        st.sampled_from([("b", "a"), ("a", "b"), ("e", "a"), ("e", "b"), ("c", "d")]),
        st.sampled_from([None, *RELATIONS]),
        st.integers(0, 3),
    ).map(lambda drawn: decision(*drawn[0], drawn[1], minute=drawn[2])),
    max_size=8,
)


@settings(max_examples=40)
@given(decisions)
def test_the_latest_decision_on_a_pair_holds(taken):
    found = pairs(review.apply(SEEN, taken, FOUR))
    # The four pairs between {a, d} and {b, c} are one question.
    asked = [one for one in taken if {one.child, one.parent} != {key("e"), key("a")}]
    asked = [one for one in asked if key("e") not in one.pair]
    if asked:
        latest = sorted(asked, key=lambda one: one.at)[-1]
        for pair in [("b", "a"), ("c", "a"), ("d", "b"), ("d", "c")]:
            assert found.get(pair, [None])[0] == latest.relation


@settings(max_examples=40)
@given(decisions, st.randoms())
def test_what_holds_does_not_depend_on_the_order_of_lines_of_different_times(taken, random):
    distinct = list({one.at: one for one in taken}.values())
    shuffled = random.sample(distinct, len(distinct))
    assert pairs(review.apply(SEEN, distinct, FOUR)) == pairs(review.apply(SEEN, shuffled, FOUR))


# --- the queue ----------------------------------------------------------------------------------------


def tables(*placed):
    """(name, skeleton, [datasets]) by release; datasets beginning with "bench" are benchmarks."""
    occurrences = pl.DataFrame(
        [(key(name), dataset, number) for name, _, held in placed for number, dataset in enumerate(held)],
        schema=["key", "dataset", "row"],
        orient="row",
    )
    names = sorted({dataset for *_, held in placed for dataset in held})
    roles = ["benchmark" if name.startswith("bench") else "train" for name in names]
    return {
        "instances": instances(*((name, skeleton, len(held)) for name, skeleton, held in placed)),
        "occurrences": conform(occurrences, OCCURRENCES),
        "datasets": pl.DataFrame({"dataset": names, "role": roles}),
    }


def queued(seen, held, taken=(), **settings):
    frame = review.queue(seen, list(taken), held, MatchSettings(**settings))
    return [chr(int(child, 16)) for child in frame["child"]], frame


def test_doubt_and_weight_decide_what_comes_first():
    held = tables(
        ("a", "s1", ["t1"]),
        ("b", "s2", ["bench1"]),
        ("m", "s3", ["t2"]),  # doubtful, one row
        ("n", "s4", ["t2"] * 40),  # less doubtful, many rows
        ("o", "s5", ["t2"]),  # as doubtful as m, but a leak
        ("p", "s6", ["t2"]),  # outside the thresholds
    )
    seen = verdicts(
        ("m", "a", "reworded", 0.5),
        ("n", "a", "reworded", 0.8),
        ("o", "b", "reworded", 0.5),
        ("p", "a", "reworded", 0.95),
    )
    order, frame = queued(seen, held)
    assert order == ["n", "o", "m"]
    assert frame["at_stake"].to_list() == pytest.approx([8.0, 1.0, 0.5])
    assert frame["leaks"].to_list() == [0, 1, 0]
    assert queued(seen, held, review_high=1.0)[0] == ["n", "o", "m", "p"]
    # Where a link needs 0.9, a pair of 0.8 is none, and likely wrongly so.
    assert queued(seen, held, min_probability=0.9)[1]["at_stake"][0] == pytest.approx(0.8 * 40)


def test_what_is_decided_leaves_the_queue_with_its_kin():
    held = tables(("a", "s1", ["t1"]), ("b", "s2", ["t2"]), ("c", "s2", ["t3"]), ("e", "s3", ["t3"]))
    seen = verdicts(("b", "a", "reworded", 0.6), ("c", "a", "reworded", 0.6), ("e", "a", "variant", 0.7))
    order, frame = queued(seen, held)
    assert order == ["b", "e"]  # b stands for c too
    assert frame["rows"].to_list() == [2, 1]
    assert queued(seen, held, [decision("c", "a", None)])[0] == ["e"]


# --- decisions on disk --------------------------------------------------------------------------------


def test_a_line_that_is_none_costs_no_other():
    fields = json.loads(decision("b", "a", None, why="other numbers").line())
    del fields["sha256"]  # without it every line is looked at for what it says
    good = json.dumps(fields)
    bad = [
        "{",
        "[]",
        "null",
        good.replace('"relation": null', '"relation": "alike"'),
        good.replace('"relation": null, ', ""),
        good.replace(key("b"), "B" * 40),
        good.replace(key("b"), key("a")),
        good.replace("Z", ""),
        good.replace("Ada", "  "),
        good.replace("other", "\\u001b[31m"),
        good.replace("{", '{"mood": 1, '),
        "caf\udce9",
    ]
    lines = [good, "", *bad, decision("c", "a", "reworded").line()]
    found, complaints = review.parse("\n".join(lines).encode("utf-8", "surrogateescape"))
    assert [one.relation for one in found] == [None, "reworded"]
    assert [complaint.split(":")[0] for complaint in complaints] == [
        f"line {n}" for n in range(3, 3 + len(bad))
    ]


@given(st.text(max_size=60), st.sampled_from([None, *RELATIONS]))
def test_a_decision_survives_its_line(why, relation):
    try:
        one = decision("b", "a", relation, why=why)
    except ValueError:
        return
    assert review.parse(one.line().encode())[0] == [one]
    assert "\n" not in one.line()


def test_no_flipped_bit_of_a_decision_is_another_decision():
    line = decision("b", "a", "reworded", why="the same jars").line().encode()
    for bit in range(0, len(line) * 8, 3):
        damaged = bytearray(line)
        damaged[bit // 8] ^= 1 << bit % 8
        decisions, bad = review.parse(bytes(damaged))
        assert not decisions
        assert bad


def test_a_line_written_by_hand_needs_no_hash():
    one = decision("b", "a", "reworded")
    fields = json.loads(one.line())
    assert len(fields.pop("sha256")) == 64
    assert review.parse(json.dumps(fields).encode())[0] == [one]
    _, bad = review.parse(json.dumps({**json.loads(one.line()), "relation": "variant"}).encode())
    assert "changed or damaged" in bad[0]


def test_a_torn_line_is_ended_and_nothing_is_added_twice(tmp_path):
    workspace = Workspace(tmp_path, create=True)
    first, second = decision("b", "a", None), decision("c", "a", "reworded", minute=1)
    assert review.add(workspace, [first, first]) == [first]
    with (tmp_path / review.FILE).open("ab") as handle:
        handle.write(b'{"child": "torn')
    assert review.add(workspace, [first, second]) == [second]
    found, bad = review.read(workspace)
    assert found == [first, second]
    assert [complaint.split(":")[0] for complaint in bad] == ["line 2"]


def test_contradictions_are_named_with_the_one_that_holds_last():
    early, late = decision("b", "a", None), decision("a", "b", "reworded", minute=5, by="Bo")
    agreeing = [decision("c", "a", None), decision("c", "a", None, minute=1, by="Bo")]
    assert review.conflicts([late, *agreeing, early]) == [[early, late]]
    assert review.standing([late, early]) == [late]


# --- a workspace --------------------------------------------------------------------------------------


WORDS = re.findall(
    r"\w+",
    """amber basin cedar delta ember fjord grove harbour island jungle kettle lagoon meadow nectar orchard
    pebble quarry ribbon saddle timber umbrella valley willow yarrow zephyr anchor barrel candle dagger
    easel fiddle gable hammer inkwell jacket kernel ladder mantle needle oyster parcel quiver rudder""",
)


def problem(i):
    """Twenty problems that share few words."""
    a, b, c, d, e, f, g, h = (WORDS[(7 * i + 11 * j * (i + 1)) % len(WORDS)] for j in range(8))
    text = (
        f"A {a} beside the {b} holds {3 * i + 17} {c} cups and every {d} takes {i + 2} {e} leaves towards "
        f"the {f} in one {g}; what is the {h} total?"
    )
    return text, str(4 * i + 19)


@pytest.fixture
def world(tmp_path):
    """Dataset `other` rewords ten problems of `origin` a little."""

    def write(name, rows):
        (tmp_path / name).write_text(
            "".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in rows)
        )

    write("origin.jsonl", [problem(i) for i in range(20)])
    changed = [(q.replace("A ", "One old ", 1), a) for q, a in map(problem, range(10))]
    write("other.jsonl", changed)
    (tmp_path / "recipe.toml").write_text(
        '[workspace]\npath = "ws"\n[match]\nreview_high = 1.0\n'
        '[[datasets]]\nid = "origin"\npath = "origin.jsonl"\nreleased = 2023-01-01\natomic_source = "attic"\n'
        '[[datasets]]\nid = "other"\npath = "other.jsonl"\nreleased = 2024-01-01\n'
    )
    return tmp_path


@pytest.fixture
def workspace(world):
    return pipeline.run(read_recipe(world / "recipe.toml"))


def cli(*args):
    return CliRunner().invoke(app, ["review", *map(str, args)])


def row(workspace, number):
    return Workspace(workspace.folder).read("lineage").filter(dataset="other", row=number).row(0, named=True)


def test_decisions_win_last_and_repeat_no_matching(world, workspace, monkeypatch):
    assert row(workspace, 3)["atomic_source"] == "attic"
    matched = (workspace.folder / "verdicts.parquet").stat().st_mtime_ns
    monkeypatch.setattr(pipeline, "match", lambda *_: pytest.fail("matched again"))

    result = cli(workspace.folder, "--decide", "other:3", "origin:3", "reject", "--by", "Ada", "--why", "no")
    assert result.exit_code == 0, result.output
    after = row(workspace, 3)
    assert (after["parent_dataset"], after["atomic_source"], after["decided_by"]) == (None, None, "review")

    cli(workspace.folder, "--decide", "origin:3", "other:3", "reworded", "--by", "Bo")
    after = row(workspace, 3)
    assert (after["parent_row"], after["relation"], after["probability"]) == (3, "reworded", 1.0)
    assert (after["atomic_source"], after["decided_by"]) == ("attic", "review")
    assert row(workspace, 4)["decided_by"] == "auto"

    # A pair that the matcher never proposed.
    assert cli(workspace.folder, "--decide", "other:5", "origin:19", "embedded", "--by", "Bo").exit_code == 0
    pair = Workspace(workspace.folder).read("matches").filter(decided_by="review")
    assert set(pair["relation"]) == {"reworded", "embedded"}

    recipe = world / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("[match]", "[match]\nmin_probability = 0.999"))
    pipeline.run(read_recipe(recipe))
    assert row(workspace, 4)["atomic_source"] is None
    # Of what lies below the threshold nothing counts; what people decided does.
    assert compare(Workspace(workspace.folder), "other", "origin")[0].found == 2
    assert row(workspace, 3)["atomic_source"] == "attic"
    assert (workspace.folder / "verdicts.parquet").stat().st_mtime_ns == matched


def test_decisions_outlast_a_new_ingest_and_a_rebuilt_workspace(world, workspace):
    cli(workspace.folder, "--decide", "other:3", "origin:3", "reject", "--by", "Ada")
    (world / "origin.jsonl").write_text(
        (world / "origin.jsonl").read_text() + '{"question": "Say 4 + 4 aloud?"}\n'
    )
    pipeline.run(read_recipe(world / "recipe.toml"))
    assert row(workspace, 3)["decided_by"] == "review"
    (workspace.folder / "manifest.json").write_text(json.dumps({"format": 0, "stages": {}}))
    pipeline.run(read_recipe(world / "recipe.toml"))
    assert row(workspace, 3)["decided_by"] == "review"


def test_a_queue_is_listed_in_one_order_and_safely(workspace):
    listed = [cli(workspace.folder, "--list", "--json").stdout for _ in range(2)]
    assert listed[0] == listed[1]
    lines = json.loads(listed[0])
    assert [line["at_stake"] for line in lines] == sorted((line["at_stake"] for line in lines), reverse=True)
    assert {"child_at", "parent_at", "child_prompt", "evidence", "rows", "leaks"} <= set(lines[0])
    shown = cli(workspace.folder, "--list", "--limit", "2").stdout
    assert f"and {len(lines) - 2} more" in shown


def test_both_texts_are_shown_with_the_difference_marked(workspace, capsys):
    for pair in json.loads(cli(workspace.folder, "--list", "--json").stdout):
        show_pair(pair)
    show_pair(
        {**pair, "child_prompt": "Red \x1b[31m\x07\u202e [bold]lamps[/bold]", "child_answer": "\x1b[0m"}
    )
    shown = capsys.readouterr().out
    assert "⟦One old⟧" in shown
    assert "other:3" in shown
    assert "answer: 31" in shown
    assert "[bold]" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_a_session_keeps_each_decision_at_once(workspace):
    replies = iter(["a", "sure", "nonsense", "s", "3", "", "r", "numbers differ", "q"])
    assert session(workspace, "Ada", lambda *_, **__: next(replies)) == 3
    taken, _ = review.read(workspace)
    assert [(one.relation, one.why) for one in taken][1:] == [("reworded", ""), (None, "numbers differ")]
    assert taken[0].relation == taken[0].automatic_relation
    assert {one.by for one in taken} == {"Ada"}


def test_a_session_that_is_broken_off_keeps_what_was_decided(workspace):
    replies = iter(["r", "not alike"])

    def ask(*_, **__):
        for reply in replies:
            return reply
        raise typer.Abort

    assert session(workspace, "Ada", ask) == 1
    assert len(review.read(workspace)[0]) == 1


def test_decisions_travel(world, workspace, tmp_path):
    cli(workspace.folder, "--decide", "other:3", "origin:3", "reject", "--by", "Ada")
    file = tmp_path / "decisions.jsonl"
    assert cli(workspace.folder, "--export", file).exit_code == 0
    recipe = world / "recipe.toml"
    recipe.write_text(recipe.read_text().replace('"ws"', '"ws2"'))
    elsewhere = pipeline.run(read_recipe(recipe))
    file.write_text("no decision\n" + file.read_text())
    first = json.loads(cli(elsewhere.folder, "--import", file, "--json").stdout)
    assert (first["read"], first["added"], len(first["skipped"])) == (1, 1, 1)
    elsewhere = Workspace(elsewhere.folder)
    assert row(elsewhere, 3)["decided_by"] == "review"
    assert_frame_equal(elsewhere.read("lineage"), Workspace(workspace.folder).read("lineage"))
    assert json.loads(cli(elsewhere.folder, "--import", file, "--json").stdout)["added"] == 0
    cli(elsewhere.folder, "--decide", "other:3", "origin:3", "reworded", "--by", "Bo")
    again = json.loads(cli(elsewhere.folder, "--import", file, "--json").stdout)
    assert "reworded by Bo" in again["conflicts"][0]["holds"]
    assert len(json.loads(cli(elsewhere.folder, "--decided", "--json").stdout)) == 2


@pytest.mark.parametrize(
    "args",
    [
        ["--decide", "other:3", "origin:3", "reject"],
        ["--decide", "other:3", "origin:3", "maybe", "--by", "Ada"],
        ["--decide", "other:3", "other:3", "reworded", "--by", "Ada"],
        ["--decide", "other:99", "origin:3", "reject", "--by", "Ada"],
        ["--decide", "f" * 40, "origin:3", "reject", "--by", "Ada"],
        ["--decide", "other:1", "origin:19", "accept", "--by", "Ada"],
        ["--decide", "other:3", "origin:3", "reject", "--by", "A\x1b"],
        ["--import", "nowhere.jsonl"],
        ["--export", "nowhere/decisions.jsonl"],
    ],
)
def test_what_cannot_be_decided_is_an_error_and_leaves_no_trace(workspace, args):
    assert isinstance(cli(workspace.folder, *args).exception, InputError)
    assert review.read(workspace) == ([], [])


def test_a_decision_taken_while_a_run_holds_the_workspace_is_kept(workspace):
    with Workspace(workspace.folder).locked():
        result = cli(workspace.folder, "--decide", "other:3", "origin:3", "reject", "--by", "Ada")
    assert isinstance(result.exception, WorkspaceError)
    assert isinstance(result.exception, AtlasError)
    assert "kept" in str(result.exception)
    assert len(review.read(workspace)[0]) == 1
