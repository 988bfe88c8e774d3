"""Source recovery: estimates that hold, the right sources first, decoys left out, nothing done twice."""

import dataclasses
import json
import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rlvr_atlas import pipeline, recover
from rlvr_atlas.cli import app
from rlvr_atlas.config import DatasetSpec, Recipe, parse_recipe
from rlvr_atlas.errors import AtlasError, InputError, RecipeError
from rlvr_atlas.fingerprints import sketch
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.workspace.store import Workspace

THINGS = [
    "amber",
    "basin",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbour",
    "island",
    "jungle",
    "kettle",
]
DEEDS = [
    "lifts",
    "moves",
    "paints",
    "mends",
    "counts",
    "hides",
    "sorts",
    "weighs",
    "throws",
    "stacks",
    "melts",
]


def problem(world, number):
    """A problem that no other has: its words and numbers are drawn for it alone."""
    draw = random.Random(f"{world}/{number}")
    one, two, three = draw.sample(THINGS, 3)
    a, b, c = (draw.randint(11, 9_999) for _ in range(3))
    text = (
        f"The {one} {draw.choice(DEEDS)} {a} {two} discs, then {b} {three} rings in {c} days; find the sum."
    )
    return text, str(a + b + c)


def retold(world, number):
    """The same problem in other words."""
    (text, answer), draw = problem(world, number), random.Random(f"{world}/{number}/words")
    a, b, c = (word for word in text.replace(";", " ").split() if word.isdigit())
    opening = draw.choice(["Within", "Over", "During", "In the course of"])
    return (
        f"{opening} {c} mornings someone gathers {a} shells and, later on, {b} more. Find them all.",
        answer,
    )


def write(path, rows):
    path.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in rows))


def entry(kind, name, year, source=None, **more):
    facts = {"id": name, "path": more.pop("path", f"{name}.jsonl"), **more}
    facts |= {"atomic_source": source} if source else {}
    lines = [f"{key} = {json.dumps(value)}" for key, value in facts.items()]
    return "\n".join([f"[[{kind}]]", *lines, f"released = {year}-01-01", ""])


@pytest.fixture
def world(tmp_path):
    """A mix of two hidden sources and new rows; a decoy, a later copy and an absent file as candidates."""
    big = [problem("big", i) for i in range(400)]
    small = [problem("small", i) for i in range(150)]
    write(tmp_path / "big.jsonl", big)
    write(tmp_path / "small.jsonl", small)
    write(tmp_path / "decoy.jsonl", [problem("decoy", i) for i in range(300)])
    write(tmp_path / "mix.jsonl", big[:300] + small[:100] + [problem("new", i) for i in range(30)])
    (tmp_path / "recipe.toml").write_text(
        '[workspace]\npath = "ws"\n'
        + entry("datasets", "mix", 2024)
        + entry("candidates", "decoy", 2021, "decoys")
        + entry("candidates", "small", 2023, "smalls")
        + entry("candidates", "big", 2022, "bigs")
        + entry("candidates", "later", 2025, "lates", path="big.jsonl")
        + entry("candidates", "twin", 2022, "twins", path="big.jsonl")
        + entry("candidates", "absent", 2020, "nothing")
    )
    return tmp_path


def run(world, **options):
    recipe = read_recipe(world / "recipe.toml")
    result = recover.recover(recipe, on_progress=lambda *_: None, **options)
    return result, Workspace(world / "ws")


# --- sketches -----------------------------------------------------------------------------------------

small_sets = st.sets(st.integers(0, 400), max_size=120)


@given(small_sets, small_sets)
def test_a_small_source_is_known_exactly(source, asked):
    sample = sketch.Sample.of([str(n) for n in source])
    hashes = np.unique(sketch.hash_texts(str(n) for n in asked))
    found = sample.contained(hashes, np.ones(len(hashes)))
    assert found.low == pytest.approx(found.weight) == found.high
    assert found.weight == pytest.approx(len(source & asked))


@pytest.mark.parametrize(("share", "heavy"), [(0.02, False), (0.3, False), (0.3, True), (0.97, False)])
def test_the_interval_holds_the_truth_as_often_as_it_says(share, heavy):
    inside = 0
    for trial in range(200):
        draw = np.random.default_rng(trial)
        source = [f"{trial}/{i}" for i in range(3_000)]
        held = int(800 * share)
        asked = source[:held] + [f"{trial}/other/{i}" for i in range(800 - held)]
        weights = draw.integers(1, 30 if heavy else 2, 800).astype(np.float64)
        found = sketch.Sample.of(source, size=400).contained(sketch.hash_texts(asked), weights)
        assert 0 < found.sampled < 800
        inside += found.low <= weights[:held].sum() <= found.high
    assert inside >= 0.92 * 200


def test_a_sample_does_not_depend_on_order_or_repeats():
    texts = [str(n) for n in range(500)]
    one, other = sketch.Sample.of(texts, size=50), sketch.Sample.of([*texts[::-1], *texts[:9]], size=50)
    assert one.distinct == other.distinct == 500
    assert np.array_equal(one.hashes, other.hashes)
    assert 0.05 < one.rate < 0.2


def test_numbers_that_say_little_are_no_signature():
    frame = pl.DataFrame(
        {
            "skeleton": ["add 3 to 40", "40 and 3 are added", "add 3", "add 3 to 40", "add 3 to 40"],
            "answer": ["$43$", "43", "4", None, "44"],
        }
    )
    first, second, *rest = frame.select(sketch.numbers_of()).to_series()
    assert first == second
    assert rest[:2] == [None, None]
    assert rest[2] != first


def test_a_sketch_survives_its_file_and_holds_no_text(tmp_path):
    rows = [problem("secret", i) for i in range(50)]
    frame = pl.DataFrame(rows, schema=["skeleton", "answer"], orient="row")
    made, path = sketch.build(frame, made_by="x"), tmp_path / "sketches" / "s.parquet"
    sketch.write(path, made, "secret")
    again = sketch.read(path, made_by="x")
    assert np.array_equal(again.texts.hashes, made.texts.hashes)
    assert np.array_equal(again.numbers.hashes, made.numbers.hashes)
    assert (again.texts.distinct, again.numbers.distinct) == (50, 50)
    data = path.read_bytes()
    assert not any(word.encode() in data for word in [*THINGS, *DEEDS])
    with pytest.raises(InputError, match="another version"):
        sketch.read(path, made_by="y")


@pytest.mark.parametrize("spoil", [lambda data: b"", lambda data: data[:-40], lambda data: b"PAR1" + data])
def test_a_damaged_sketch_is_an_error_of_ours(tmp_path, spoil):
    path = tmp_path / "s.parquet"
    sketch.write(path, sketch.Sketch(sketch.Sample.of("abc"), sketch.Sample.of(""), "x"), "s")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match=r"s\.parquet"):
        sketch.read(path, made_by="x")
    with pytest.raises(InputError, match="no such sketch"):
        sketch.read(tmp_path / "nowhere.parquet", made_by="x")


def test_no_flipped_bit_of_a_sketch_is_read(tmp_path):
    path = tmp_path / "s.parquet"
    sample = sketch.Sample.of(str(n) for n in range(40))
    sketch.write(path, sketch.Sketch(sample, sketch.Sample.of("1"), "x"), "s")
    good, read, drawn = path.read_bytes(), 0, random.Random(0)
    for _ in range(200):
        at = drawn.randrange(len(good) * 8)
        path.write_bytes(good[: at // 8] + bytes([good[at // 8] ^ 1 << at % 8]) + good[at // 8 + 1 :])
        try:
            again = sketch.read(path, made_by="x")
        except InputError:
            continue
        read += 1  # a bit of a part of the file that nothing reads
        assert (again.texts.hashes.tolist(), again.texts.distinct) == (sample.hashes.tolist(), 40)
    assert read < 100


# --- recovery -----------------------------------------------------------------------------------------


def test_hidden_sources_come_back_largest_first_and_decoys_stay_out(world):
    recipe, workspace = run(world)
    curve = workspace.read("recovery")
    assert curve["candidate"].to_list() == [None, "big", "small"]
    assert curve["estimated"].to_list() == [None, 300, 100]
    assert curve["found"].to_list() == [None, 300, 100]
    assert curve["residue_rows"].to_list() == [430, 130, 30]
    assert [spec.id for spec in recipe.datasets] == ["mix", "big", "small"]
    sources = workspace.read("lineage").filter(dataset="mix")["atomic_source"].to_list()
    assert sources == ["bigs"] * 300 + ["smalls"] * 100 + [None] * 30
    limits = workspace.manifest["stages"]["recover"]["limits"]
    assert len(limits) == 1
    assert "absent" in limits[0]


def test_a_damaged_sketch_that_was_kept_is_made_again(world):
    recipe, workspace = run(world)
    spec = next(one for one in read_recipe(world / "recipe.toml").candidates if one.id == "big")
    spec = spec.model_copy(update={"sketch": None})
    made = recover.sketch_of(spec, recipe, workspace)
    (path,) = (workspace.folder / "cache" / "sketches").glob("big-*")
    good = path.read_bytes()
    path.write_bytes(good[:200] + bytes([good[200] ^ 1]) + good[201:])
    with pytest.raises(InputError, match="sketch"):
        sketch.read(path, made_by=made.made_by)
    again = recover.sketch_of(spec, recipe, workspace)
    assert again.texts.hashes.tolist() == made.texts.hashes.tolist()
    assert path.read_bytes() == good


def test_a_rival_that_traces_meanwhile_is_noticed(world, monkeypatch):
    """A curve over tables of somebody else's recipe would be filed as that of this one."""
    real = recover.residue

    def rival(workspace):
        left = real(workspace)
        recipe = read_recipe(world / "recipe.toml")
        looser = recipe.match.model_copy(update={"min_probability": 0.9})
        pipeline.run(recipe.model_copy(update={"match": looser}), stages=("ingest", "trace"))
        return left

    (world / "recipe.toml").write_text((world / "recipe.toml").read_text() + "[recover]\nresidue = 1.0\n")
    monkeypatch.setattr(recover, "residue", rival)
    with pytest.raises(AtlasError, match="another process traced"):
        run(world)
    monkeypatch.undo()
    assert run(world)[1].read("recovery").height == 1


def test_it_stops_at_the_residue_and_at_the_least_gain(world):
    recipe = world / "recipe.toml"
    plain = recipe.read_text()
    recipe.write_text(plain + "[recover]\nresidue = 0.4\n")
    assert run(world)[1].read("recovery")["candidate"].to_list() == [None, "big"]
    recipe.write_text(plain + "[recover]\nmin_gain = 0.5\n")
    assert run(world)[1].read("recovery")["candidate"].to_list() == [None, "big"]
    recipe.write_text(plain + "[recover]\nresidue = 1.0\n")
    assert run(world)[1].read("recovery")["candidate"].to_list() == [None]


def test_what_is_found_once_is_not_searched_again(world, monkeypatch):
    _, workspace = run(world)
    before = {path: path.stat().st_mtime_ns for path in workspace.folder.glob("*.parquet")}
    monkeypatch.setattr(recover, "_search", lambda *_: pytest.fail("searched again"))
    recipe, _ = run(world)
    assert [spec.id for spec in recipe.datasets] == ["mix", "big", "small"]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    # The workspace's own recipe holds what was taken in; recovering it again starts from the same point.
    monkeypatch.undo()
    result = CliRunner().invoke(app, ["recover", str(workspace.folder), "--json"])
    assert [point["candidate"] for point in json.loads(result.stdout)] == [None, "big", "small"]


def test_a_source_told_in_other_words_is_proposed_by_its_numbers(world):
    write(world / "mix.jsonl", [retold("big", i) for i in range(300)])
    _, workspace = run(world)
    point = workspace.read("recovery").row(1, named=True)
    assert (point["candidate"], point["estimated_by"], point["estimated"]) == ("big", "numbers", 300)
    # Once it is in view, another dataset with the same numbers explains nothing new.
    assert workspace.read("recovery").height == 2


def test_sketches_stand_in_for_data_that_is_elsewhere(world):
    runner = CliRunner()
    recipe = world / "recipe.toml"
    recipe.write_text(recipe.read_text().replace(entry("candidates", "absent", 2020, "nothing"), ""))
    result = runner.invoke(app, ["sketch", str(recipe), "--to", str(world / "sketches"), "--json"])
    assert result.exit_code == 0, result.output
    assert [line["problems"] for line in json.loads(result.stdout)] == [300, 150, 400, 400, 400]
    for name in ("big", "decoy"):
        (world / f"{name}.jsonl").unlink()
    recipe.write_text(
        '[workspace]\npath = "elsewhere"\n'
        + entry("datasets", "mix", 2024)
        + entry("candidates", "small", 2023, "smalls", sketch="sketches/small.sketch.parquet")
        + entry("candidates", "big", 2022, "bigs", sketch="sketches/big.sketch.parquet")
        + entry("candidates", "decoy", 2021, "decoys", sketch="sketches/decoy.sketch.parquet")
    )
    result = runner.invoke(app, ["run", str(recipe)])
    assert result.exit_code == 0, result.output
    workspace = Workspace(world / "elsewhere")
    assert workspace.read("recovery")["candidate"].to_list() == [None, "small"]
    (limit,) = workspace.manifest["stages"]["recover"]["limits"]
    assert "big may account for 300 rows" in limit
    assert "Source recovery" in result.stdout


def test_candidates_must_be_sources(world):
    recipe = world / "recipe.toml"
    plain = recipe.read_text()
    recipe.write_text(plain.replace('atomic_source = "decoys"', ""))
    with pytest.raises(RecipeError, match="candidate decoy: a candidate needs 'atomic_source'"):
        read_recipe(recipe)
    recipe.write_text(plain + entry("candidates", "BIG", 2020, "x"))
    with pytest.raises(RecipeError, match="two datasets have the id 'BIG'"):
        read_recipe(recipe)
    recipe.write_text(plain.replace("[[candidates]]", "[[candidates]]\nskecth = 1", 1))
    with pytest.raises(RecipeError, match="did you mean 'sketch'"):
        read_recipe(recipe)


def test_without_the_network_the_registry_offers_nothing(world):
    recipe = read_recipe(world / "recipe.toml")
    assert len(recover.candidates(recipe, allow_network=False)) == 6
    offered = recover.candidates(recipe, allow_network=True)
    assert len(offered) > 6
    assert all(spec.atomic_source for spec in offered)
    quiet = recipe.model_copy(update={"recover": recipe.recover.model_copy(update={"registry": False})})
    assert len(recover.candidates(quiet, allow_network=True)) == 6


# --- real data ----------------------------------------------------------------------------------------

DERIVED = ("gsm8k_verl", "limr", "math_lead_8521")
SOURCES = ("gsm8k_train", "simplerl_math8k_limr")
DECOYS = ("asdiv_xml", "aqua", "kk5_logicrl", "carp_en", "mawps")


def test_gsm8k_and_math_come_back_from_candidates_with_decoys(real_data, tmp_path):
    manifest = {entry["id"]: entry for entry in json.loads((real_data / "manifest.json").read_text())}

    def spec(name, **more):
        found = manifest[name]
        paths = [str(real_data / file) for file in found["files"]]
        return {"id": name, "path": paths, "released": found["release_date"], **more}

    recipe = parse_recipe(
        {
            "workspace": {"path": str(tmp_path / "ws")},
            "datasets": [spec(name) for name in DERIVED],
            "candidates": [spec(name, role="source", atomic_source=name) for name in (*DECOYS, *SOURCES)],
        }
    )
    traced = pipeline.run(recipe, stages=["ingest", "trace"])
    left = recover.residue(traced)
    assert left.share == 1.0
    for candidate in recipe.candidates:
        full = recover.sketch_of(candidate, recipe, traced)
        exact = recover.estimate(left, full, candidate, recipe.datasets).rows
        kept = full.texts.hashes[:1_000]
        part = dataclasses.replace(full, texts=sketch.Sample(kept, full.texts.distinct))
        guessed = recover.estimate(left, part, candidate, recipe.datasets).rows
        assert guessed.low - 1 <= exact.weight <= guessed.high + 1, candidate.id
    recover.recover(recipe, on_progress=lambda *_: None)
    curve = Workspace(tmp_path / "ws").read("recovery")
    assert set(curve["candidate"].drop_nulls()) == set(SOURCES)
    assert curve["residue_share"][-1] <= 0.01
    for point in curve.drop_nulls("candidate").iter_rows(named=True):
        assert 0.98 * point["estimated_low"] <= point["found"] <= 1.1 * point["estimated_high"]


def test_the_registry_offers_only_what_is_of_the_recipes_domains():
    def offered(*ids):
        recipe = Recipe(datasets=[DatasetSpec(id=name, path="x.jsonl") for name in ids])
        return {spec.id for spec in recover.candidates(recipe, allow_network=True)}

    assert "dapo_math_17k" in offered("gsm8k") and not {"spider", "apps", "synlogic"} & offered("gsm8k")
    assert {"apps", "dapo_math_17k"} <= offered("gsm8k", "taco")
    assert {"apps", "synlogic", "dapo_math_17k"} <= offered("a_set_of_mine")
