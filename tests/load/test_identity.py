"""Problems are told apart by what they are asked of too: copies are found, other content is no leak.

Every set asks the same few questions again and again, each of another image, database or environment.
"""

import hashlib
from pathlib import Path

import polars as pl
import pytest

from rlvr_atlas import fingerprints
from rlvr_atlas.check import Checked, check
from rlvr_atlas.config import DatasetSpec, MatchSettings, Recipe
from rlvr_atlas.config.curate import CurateSettings
from rlvr_atlas.curate import curate
from rlvr_atlas.explain import explain
from rlvr_atlas.pipeline import run
from rlvr_atlas.report import render
from rlvr_atlas.schema import MATCHES, conform, is_same_problem
from rlvr_atlas.workspace.store import Workspace

from .attached_rows import SETS, Row, image, rows
from .test_load_attachments import store

#: What is asked about a plain problem set beside it, so that rarity has something to count.
_PLAIN: list[Row] = [
    {
        "question": f"Ada buys {7 * n + 13} lamps and sells {n + 5}. How many are left?",
        "answer": str(6 * n + 8),
    }
    for n in range(24)
]

#: Problems that no other problem shares its words with.
_TOLD: list[Row] = [
    {"question": f"{text} Give the result as a whole number between {n + 3} and {91 * n + 417}.",
     "answer": str(37 * n + 60)}
    for n, text in enumerate((
        "A gardener plants tulips in circular beds of growing radius until the seed box is empty.",
        "Seven couriers leave the harbour at dawn and meet again where two railways cross.",
        "The clockmaker files a brass wheel so that its teeth mesh with the smaller pinion.",
        "Every drawer of an old pharmacy holds jars whose labels are permutations of one word.",
        "Rainwater runs from a slanted roof into barrels that leak at different speeds.",
        "On a hexagonal board two players colour edges, never closing a triangle of one colour.",
        "An archivist numbers the pages of an atlas while skipping squares and cubes.",
        "Among the polynomials that vanish at three primes, pick one with the least norm.",
    ))
]  # fmt: skip


def _answered(found: list[Row], start: int = 100) -> list[Row]:
    return [row if "answer" in row else {**row, "answer": str(start + n)} for n, row in enumerate(found)]


def _checked(train: list[Row], bench: list[Row], folder: Path, **options: bool) -> Checked:
    file = store(_answered(train), folder / "train.jsonl" if _is_plain(train) else folder / "train.parquet")
    items = store(_answered(bench, 900), folder / "bench.parquet")
    return check(file, [str(items)], **options)


def _is_plain(some: list[Row]) -> bool:
    return not any(
        isinstance(value, bytes) or "bytes" in str(value) for row in some for value in row.values()
    )


def _leaking(checked: Checked) -> pl.DataFrame:
    return checked.leaks.filter(is_same_problem()).select("row", "benchmark_row")


@pytest.mark.parametrize("name", SETS)
def test_copies_are_found_and_nothing_else(name: str, tmp_path: Path) -> None:
    train, bench = rows(name, "a"), rows(name, "b", 12)
    mixed = [*train, *bench[:6]]
    checked = _checked(mixed, bench, tmp_path)
    assert _leaking(checked).rows() == [(24 + nth, nth) for nth in range(6)]
    assert checked.variants == 0


@pytest.mark.parametrize("name", ["feature", "paths", "database"])
def test_copies_are_found_among_a_thousand_of_the_same_words(name: str, tmp_path: Path) -> None:
    train, bench = rows(name, "a", 1000), rows(name, "b", 40)
    checked = _checked([*train, *bench[:30]], bench, tmp_path)
    assert _leaking(checked).rows() == [(1000 + nth, nth) for nth in range(30)]


@pytest.mark.parametrize("name", ["feature", "part image", "database", "environment", "stub"])
def test_the_search_for_other_wordings_needs_them_too(name: str, tmp_path: Path) -> None:
    checked = _checked(rows(name, "a"), rows(name, "b", 12), tmp_path, rewordings=True)
    assert checked.leaks.is_empty()


@pytest.mark.parametrize("name", [name for name, (_, kind, _) in SETS.items() if kind != "code"])
def test_what_only_one_of_them_has_is_not_known_and_no_leak(name: str, tmp_path: Path) -> None:
    bare = [{"question": text} for text in SETS[name][2]]
    for train, bench in ((rows(name, "a"), bare), (bare, rows(name, "a"))):
        checked = _checked(train, bench, tmp_path)
        assert checked.leaked == 0
        assert checked.unjudged["probability"].max() <= 0.3


def test_an_image_and_its_path_are_not_known_to_be_one(tmp_path: Path) -> None:
    checked = _checked(rows("feature", "a"), rows("paths", "a"), tmp_path)
    assert checked.leaked == 0


def test_starter_code_is_no_condition(tmp_path: Path) -> None:
    told = "Write a function that returns the lamps that are left when {} of {} are sold on the first day."
    plain = [{"question": told.format(n + 3, 7 * n + 40)} for n in range(8)]
    stubs = [row | {"starter_code": f"def left_{n}(a, b):\n    pass"} for n, row in enumerate(plain)]
    typed = [row | {"starter_code": f"def left{n}(a: int, b: int): ..."} for n, row in enumerate(plain)]
    for train, bench in ((plain, stubs), (stubs, plain), (stubs, typed)):
        assert _leaking(_checked(train, bench, tmp_path)).rows() == [(n, n) for n in range(8)]


@pytest.mark.parametrize("on_both", [False, True])
@pytest.mark.parametrize(
    "field",
    [
        {"tools": [{"name": "python"}]},
        {"repo": "openai/gsm8k"},
        {"environment": "math-env"},
        {"website": "artofproblemsolving.com"},
    ],
    ids=lambda field: next(iter(field)),
)
def test_a_column_about_the_file_hides_no_leak(field: Row, on_both: bool, tmp_path: Path) -> None:
    marked = [row | field for row in _TOLD]
    other = [row | {name: f"{value}2" if isinstance(value, str) else [{"name": "search"}]} for row in _TOLD
             for name, value in field.items()]  # fmt: skip
    for train, bench in ((marked, other if on_both else _TOLD), (_TOLD, marked)):
        assert _leaking(_checked(train, bench, tmp_path)).rows() == [(n, n) for n in range(8)]


def test_a_run_finds_leaks_beside_columns_about_the_file(tmp_path: Path) -> None:
    about: Row = {"tools": [{"name": "python"}], "repo": "a/b", "environment": "m", "website": "c.org"}
    for train, bench in ((about, {}), ({}, about)):
        folder = tmp_path / ("train" if train else "bench")
        folder.mkdir()
        specs = [
            DatasetSpec(
                id=role, role=role, path=str(store([row | more for row in _TOLD], folder / f"{role}.jsonl"))
            )
            for role, more in (("train", train), ("benchmark", bench))
        ]
        done = run(Recipe(workspace={"path": str(folder / "ws")}, datasets=specs, base=folder))
        leaks = done.read("leaks").filter(is_same_problem()).sort("row")
        assert leaks.select("row", "benchmark_row").rows() == [(n, n) for n in range(8)]


_ASKED_OF: dict[str, list[object]] = {
    "db_id": [f"shop_{n}" for n in range(6)],
    "environment": [f"kitchen-{n}" for n in range(6)],
    "tools": [[{"name": f"tool{n}"}] for n in range(6)],
    "image": [{"bytes": image(str(n)), "path": None} for n in range(6)],
    "table": [f"| a | {n} |" for n in range(6)],
}


def _of_one(field: str, nth: int) -> list[Row]:
    """Questions that are all asked of one thing."""
    asked = [f"How many lamps cost more than {7 * n + 30}?" for n in range(8)]
    return [{"question": text, field: _ASKED_OF[field][nth]} for text in asked]


@pytest.mark.parametrize("field", _ASKED_OF)
def test_what_a_whole_file_has_is_known_where_another_has_it_too(field: str, tmp_path: Path) -> None:
    one, many = _of_one(field, 2), [row for nth in range(6) for row in _of_one(field, nth)]
    assert _leaking(_checked(one, many, tmp_path)).rows() == [(n, 16 + n) for n in range(8)]
    assert _leaking(_checked(many, one, tmp_path)).rows() == [(16 + n, n) for n in range(8)]


@pytest.mark.parametrize("field", _ASKED_OF)
def test_what_is_the_same_for_a_whole_file_and_no_other_is_no_leak(field: str, tmp_path: Path) -> None:
    one, many = _of_one(field, 2), [row for nth in (0, 1, 3, 4, 5) for row in _of_one(field, nth)]
    checked = _checked(one, many, tmp_path)
    assert (checked.leaked, checked.variants) == (0, 0)
    assert checked.unjudged["probability"].max() <= 0.3


def test_one_text_in_two_files_of_two_databases_is_asked_of_neither_for_sure(tmp_path: Path) -> None:
    for name, nth in (("first", 2), ("second", 3)):
        store(_answered(_of_one("db_id", nth)), tmp_path / f"{name}.jsonl")
    store(_answered([row for nth in range(3) for row in _of_one("db_id", nth)]), tmp_path / "bench.jsonl")
    specs = [
        DatasetSpec(id=name, role=role, path=str(tmp_path / f"{name}.jsonl"))
        for name, role in (("bench", "benchmark"), ("first", "train"), ("second", "train"))
    ]
    done = run(Recipe(workspace={"path": str(tmp_path / "ws")}, datasets=specs, base=tmp_path))
    assert done.read("leaks").is_empty()
    assert done.read("unjudged")["probability"].max() <= 0.3


def test_the_case_of_images(cases: Path) -> None:
    folder = cases / "trace_images_bytes"
    checked = check(folder / "train.parquet", [str(folder / "bench.parquet")])
    assert (checked.rows, checked.leaked, checked.variants) == (40, 0, 0)
    again = check(folder / "train.parquet", [str(folder / "train.parquet")])
    assert _leaking(again).rows() == [(n, n) for n in range(40)]


def test_the_case_of_points(cases: Path) -> None:
    folder = cases / "trace_point_declarations"
    checked = check(folder / "train.jsonl", [str(folder / "bench.jsonl")])
    assert _leaking(checked).rows() == [(0, 0), (1, 1)]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace of images: 24 of a source, 12 of a benchmark, and a training set with 6 of these."""
    folder = tmp_path_factory.mktemp("traced")
    source, bench = rows("feature", "a"), rows("feature", "b", 12)
    files = {
        "source": _answered(source) + _PLAIN,
        "bench": _answered(bench, 900),
        "train": _answered(source)[:10] + _answered(bench, 900)[:6] + _answered(rows("feature", "c", 8), 500),
    }
    roles = {"source": "source", "bench": "benchmark", "train": "train"}
    specs = [
        DatasetSpec(
            id=name, role=roles[name], path=str(store(some, folder / f"{name}.parquet")), released=day
        )
        for (name, some), day in zip(files.items(), ("2023-01-01", "2023-02-01", "2024-01-01"), strict=True)
    ]
    recipe = Recipe(workspace={"path": str(folder / "ws")}, datasets=specs, base=folder)
    return run(recipe)


def test_a_run_traces_by_what_is_attached(traced: Workspace) -> None:
    instances = traced.read("instances")
    assert instances["attachments"].null_count() == 24
    assert instances["attachments"].drop_nulls().n_unique() == 24 + 12 + 8
    lineage = traced.read("lineage").filter(dataset="train").sort("row")
    assert lineage["parent_row"].to_list() == [*range(10), *range(6), *[None] * 8]
    assert lineage["parent_dataset"].to_list() == ["source"] * 10 + ["bench"] * 6 + [None] * 8
    leaks = traced.read("leaks").filter(dataset="train").sort("row")
    assert leaks.select("row", "benchmark_row").rows() == [(10 + n, n) for n in range(6)]


def test_a_text_alone_is_not_surely_one_of_many_images(traced: Workspace) -> None:
    found = explain(traced, "Find x.")
    assert found.probability is not None
    assert found.probability <= 0.3
    row = explain(traced, "train:0")
    assert (row.relation, row.probability, row.attachments) == ("identical", 1.0, "image")
    plain = explain(traced, _PLAIN[3]["question"])
    assert (plain.relation, plain.probability, plain.attachments) == ("identical", 1.0, "")


def test_an_index_without_text_knows_what_is_attached(traced: Workspace, tmp_path: Path) -> None:
    tables = (traced.read(name) for name in ("occurrences", "instances", "datasets"))
    fingerprints.write(fingerprints.build(*tables), tmp_path / "bench.index")
    train = store(
        _answered(rows("feature", "c")) + _answered(rows("feature", "b", 4)), tmp_path / "a.parquet"
    )
    checked = check(train, indexes=[tmp_path / "bench.index"])
    assert _leaking(checked).rows() == [(24 + nth, nth) for nth in range(4)]
    assert checked.variants == 0
    bare = store([{"question": text} for text in SETS["feature"][2]], tmp_path / "b.jsonl")
    unsure = check(bare, indexes=[tmp_path / "bench.index"])
    assert unsure.leaked == 0
    assert unsure.unjudged["probability"].max() <= 0.3


def test_a_mix_loses_the_leaks_and_keeps_other_images(traced: Workspace) -> None:
    needed = (
        "datasets",
        "occurrences",
        "instances",
        "skipped_rows",
        "matches",
        "lineage",
        "leaks",
        "unjudged",
    )
    view = {name: traced.read(name) for name in needed}
    settings = CurateSettings.model_validate({"datasets": ["train"]})
    decided = curate(view, settings, None, matching=MatchSettings(rewordings=False)).decisions
    assert decided.filter(action="drop")["row"].to_list() == list(range(10, 16))


def test_the_report_says_what_a_pair_is_asked_of(traced: Workspace) -> None:
    tables = {name: frame.collect() for name, frame in traced.tables().items()}
    first, second, *_ = tables["instances"].filter(pl.col("attachments").is_not_null())["key"]
    match = {
        "child": second,
        "parent": first,
        "relation": "reformatted",
        "tier": "normalised",
        "probability": 0.9,
    }
    tables["matches"] = conform(pl.DataFrame([match]), MATCHES)
    assert "Asked of: image" in render(tables, traced.manifest)


def test_keys_of_texts_alone_are_what_they_were(traced: Workspace) -> None:
    plain = traced.read("instances").filter(pl.col("attachments").is_null())
    assert plain["key"].to_list() == [hashlib.sha1(text.encode()).hexdigest() for text in plain["prompt"]]
