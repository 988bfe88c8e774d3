"""The world: reproducible, readable, and its truth true."""

import csv
import gzip
import json
import tomllib

import polars as pl
import pytest

from rlvr_atlas.config import parse_recipe, read_toml
from rlvr_atlas.demo import build
from rlvr_atlas.demo.plan import PLANS
from rlvr_atlas.demo.world import TRUTH
from rlvr_atlas.schema import RELATIONS, SAME_PROBLEM


def _files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _rows(path):
    """All rows of a data file; a broken line is None."""
    if path.name.endswith((".jsonl", ".jsonl.gz", "_lines.json")):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for line in data.decode().splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                yield None
    elif path.suffix == ".json":
        data = json.loads(path.read_text(encoding="utf-8"))
        yield from (
            data
            if isinstance(data, list)
            else (dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True))
        )
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    else:
        read = {".parquet": pl.read_parquet, ".arrow": pl.read_ipc_stream, ".feather": pl.read_ipc}[
            path.suffix
        ]
        yield from read(path).iter_rows(named=True)


def _dataset(world, name):
    plan = next(plan for plan in PLANS if plan.id == name)
    return [row for file in plan.files for row in _rows(world.folder / "data" / file)]


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        build(tmp_path / name, seed=seed, scale=0.05)
    a, b, c = (_files(tmp_path / name) for name in "abc")
    assert len(a) == len(b) == len(c) > 20
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(a, b, strict=True))
    differ = [one.name for one, two in zip(a, c, strict=True) if one.read_bytes() != two.read_bytes()]
    assert set(differ) == {path.name for path in a} - {"recipe.toml", "manifest.json", ".lock"}


def test_the_recipe_is_valid_and_every_path_is_there(world):
    recipe = parse_recipe(read_toml(world.recipe), base=world.folder)
    assert recipe.workspace_path.resolve() == world.folder.resolve()
    assert [spec.id for spec in recipe.datasets] == [plan.id for plan in PLANS]
    dates = [spec.released for spec in recipe.datasets]
    assert dates == sorted(set(dates))
    for spec in recipe.datasets:
        assert all((world.folder / path).is_file() for path in spec.paths)
        assert set(spec.derived_from) <= {plan.id for plan in PLANS}
    assert "rlvr" not in tomllib.loads(world.recipe.read_text()).get("workspace", {})["path"]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_files_hold_exactly_the_rows_of_the_truth_and_the_skipped(world, plan):
    rows = _dataset(world, plan.id)
    usable = world.truth.filter(dataset=plan.id)["row"].to_list()
    skipped = world.skipped.filter(dataset=plan.id)
    assert sorted(usable + skipped["row"].to_list()) == list(range(len(rows)))
    broken = skipped.filter(reason="broken line")["row"].to_list()
    assert [n for n, row in enumerate(rows) if row is None] == sorted(broken)


def test_the_truth_has_its_columns_and_points_at_earlier_rows(world):
    truth = world.truth
    assert dict(truth.schema) == {
        name: dtype() if isinstance(dtype, type) else dtype for name, dtype in TRUTH.items()
    }
    assert pl.read_parquet(world.folder / "truth.parquet").equals(truth)
    order = {plan.id: n for n, plan in enumerate(PLANS)}
    derived = truth.filter(pl.col("origin_dataset").is_not_null())
    assert derived["relation"].null_count() == 0
    assert truth.filter(pl.col("origin_dataset").is_null())["relation"].drop_nulls().is_empty()
    assert all(order[o] < order[d] for o, d in derived.select("origin_dataset", "dataset").iter_rows())
    rows = truth.select("dataset", "row")
    for end in ("origin", "root"):
        ends = derived.select(dataset=f"{end}_dataset", row=f"{end}_row")
        assert ends.join(rows, on=["dataset", "row"], how="anti").is_empty()


def test_same_problem_rows_have_one_answer_and_variants_mostly_another(world):
    truth = world.truth
    origins = truth.select(
        origin_dataset="dataset", origin_row="row", of="answer", stem_of="stem", problem_of="problem"
    )
    pairs = truth.join(origins, on=["origin_dataset", "origin_row"])
    same = pairs.filter(pl.col("relation").is_in(SAME_PROBLEM))
    assert (same["problem"] == same["problem_of"]).all()
    other_form = pl.col("form").is_in(["options", "part"])
    assert same.filter(~other_form & (pl.col("answer") != pl.col("of"))).is_empty()
    varied = pairs.filter(relation="variant")
    assert (varied["problem"] != varied["problem_of"]).all()
    assert (pairs["stem"] == pairs["stem_of"]).all()
    agree = (varied["answer"] == varied["of"]).mean()
    assert agree < 0.1
    # Whatever the way it came, one problem has one answer (or a letter, or one of two parts).
    plain = truth.filter(~pl.col("form").is_in(["options", "part"]) | pl.col("form").is_null())
    plain = plain.filter(
        ~pl.col("answer").str.contains(r"^[A-E]$"), ~pl.col("problem").str.contains(r"^(farm|rectangle)/")
    )
    answers = plain.group_by("problem").agg(pl.col("answer").n_unique().alias("answers"))
    assert answers.filter(pl.col("answers") > 2).is_empty()


def test_one_text_is_one_problem(world):
    seen: dict[str, str] = {}
    keys = {(d, r): p for d, r, p in world.truth.select("dataset", "row", "problem").iter_rows()}
    for plan in PLANS:
        for row, record in enumerate(_dataset(world, plan.id)):
            if (plan.id, row) in keys and plan.layout in ("hashes", "plain", "query", "labelled", "titled"):
                field = {
                    "hashes": "question",
                    "plain": "problem",
                    "query": "query",
                    "labelled": "prompt",
                    "titled": "Problem",
                }
                text = " ".join(record[field[plan.layout]].split()).lower()
                assert seen.setdefault(text, keys[plan.id, row]) == keys[plan.id, row]


def test_leaks_are_the_rows_that_share_a_problem_with_a_benchmark(world):
    truth = world.truth
    tests = {plan.id for plan in PLANS if plan.role == "benchmark"}
    tested = truth.filter(pl.col("dataset").is_in(sorted(tests)))
    assert tested.group_by("problem").agg(pl.col("dataset").n_unique())["dataset"].max() == 1
    expected = truth.filter(
        ~pl.col("dataset").is_in(sorted(tests)), pl.col("problem").is_in(tested["problem"].implode())
    )
    leaks = truth.filter("is_leak")
    assert leaks.equals(expected)
    assert set(leaks["relation"].drop_nulls()) >= {"identical", "reformatted", "reworded", "embedded"}
    of = leaks.join(truth, left_on=["benchmark", "benchmark_row"], right_on=["dataset", "row"])
    assert of.height == leaks.height
    assert (of["problem"] == of["problem_right"]).all()
    assert "bench_islands" not in set(truth["benchmark"])
    assert not truth.filter(~pl.col("is_leak") & pl.col("benchmark").is_not_null()).is_empty()


def test_every_relation_form_and_kind_of_noise_is_there(world):
    counts = dict(world.truth["relation"].drop_nulls().value_counts().iter_rows())
    assert set(counts) == set(RELATIONS)
    assert min(counts.values()) > 100
    assert set(world.truth["strength"].drop_nulls()) == {"light", "heavy"}
    assert set(world.skipped["reason"]) == {"no prompt", "broken line"}
    assert (
        0.02
        < world.truth.filter(pl.col("dataset").is_in(["hidden_pool", "leaky_mix"]))["mislabelled"].mean()
        < 0.12
    )
    unknown = world.truth.filter(pl.col("atomic_source").is_null())["root_dataset"].unique().sort().to_list()
    assert unknown == ["hidden_pool", "logic_gym"]
    assert world.truth.filter(dataset="two_tongues", atomic_source="bamboo_cn").height > 50
    hops = world.truth.filter(dataset="small_select")
    assert (hops["root_dataset"] != hops["origin_dataset"]).all()
