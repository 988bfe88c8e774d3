"""Every column of the original row arrives in every format, images too, or the export is refused."""

import csv
import datetime as dt
import io
import json
import math

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rlvr_atlas import pipeline
from rlvr_atlas.cli import app
from rlvr_atlas.config import DatasetSpec, parse_recipe
from rlvr_atlas.errors import InputError
from rlvr_atlas.export import export
from rlvr_atlas.export import original_rows as module
from rlvr_atlas.export.columns import as_array, common, fitted, stated
from rlvr_atlas.export.verifier import stated_verifier
from rlvr_atlas.load import open_dataset

THINGS = ("lamps", "boats", "stones", "chairs", "horses", "apples", "letters", "bridges", "coins", "towers")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(40))


def question(n):
    thing, other = THINGS[n % 10], THINGS[(n // 10 + 3 * n + 1) % 10]
    return (
        f"A town keeps {n + 2} {thing} and buys {3 * n + 5} {other} every week. How many after {n + 1} weeks?"
    )


def base(n):
    return {"question": question(n), "answer": str((3 * n + 5) * (n + 1) + n + 2)}


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def table(path, rows, schema=None):
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, row_group_size=7)


def made(folder, names=("a",), **curate):
    """A workspace with a mix of the files of a folder."""
    files = {name: next(folder.glob(f"{name}.*")).name for name in names}
    recipe = parse_recipe(
        {
            "workspace": {"path": "made"},
            "datasets": [{"id": name, "path": file} for name, file in files.items()],
            "match": {"semantic": False},
            "curate": {"datasets": list(names), **curate},
        },
        base=folder,
    )
    stages = ("ingest", "match", "attribute", "audit", "curate")
    return pipeline.run(recipe, stages=stages).tables(), recipe


def exported(world, form, folder, **options):
    (file,) = export(*world, form, folder / f"out-{form}", **options).files
    if file.suffix == ".parquet":
        return pq.read_table(file).to_pylist()
    return [json.loads(line) for line in file.read_text().splitlines()]


def original(row):
    return row["extra_info"]["original"]


def place(row, form):
    origin = {"verl": row.get("extra_info"), "openrlhf": row.get("origin")}.get(form, row)
    return origin["dataset"], origin["row"]


def rows_of_lines():
    """JSON rows whose fields appear late, are nested, are null, and are missing."""
    rows = []
    for n in range(30):
        row = base(n) | {
            "level": n,
            "tags": ["sum", f"t{n}"] if n % 2 else [],
            "meta": {"id": f"x{n}", "n": n},
        }
        row |= {"late": "here"} if n > 20 else {}
        rows.append(row | {"nothing": None, "share": n / 7})
    return rows


FORMS = ("verl", "trl", "openrlhf", "flat")


@pytest.fixture(scope="module")
def of_lines(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    rows = rows_of_lines()
    lines(folder / "a.jsonl", rows)
    return made(folder), rows, folder


@pytest.mark.parametrize("form", FORMS)
def test_every_column_of_json_lines_is_there_and_equal(of_lines, form):
    world, rows, folder = of_lines
    out = exported(world, form, folder)
    assert len(out) == len(rows)
    names = {name for row in rows for name in row}
    for row in out:
        source = rows[place(row, form)[1]]
        assert original(row) == {name: source.get(name) for name in names}


def on_hub(recipe, monkeypatch, cache):
    """The recipe as if its dataset were on the Hub, downloaded to this cache."""
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    (spec,) = recipe.datasets
    hub = spec.model_copy(update={"path": None, "hub": "acme/a"})
    return recipe.model_copy(update={"datasets": [hub]}), cache / "datasets--acme--a" / "snapshots"


def test_rows_of_the_hub_are_read_again_from_the_cache_of_downloads(of_lines, tmp_path, monkeypatch):
    (tables, recipe), rows, _ = of_lines
    recipe, snapshots = on_hub(recipe, monkeypatch, tmp_path)
    for commit, there in {"0": rows[1:], "1": rows, "2": []}.items():
        (snapshots / commit).mkdir(parents=True)
        lines(snapshots / commit / ("a.jsonl" if there else "README.md"), there)
    out = exported((tables, recipe), "verl", tmp_path)
    assert sorted(original(row)["level"] for row in out) == list(range(30))


def test_rows_of_the_hub_that_are_not_in_the_cache_are_an_error_that_says_what_to_do(
    of_lines, tmp_path, monkeypatch
):
    (tables, recipe), rows, _ = of_lines
    recipe, snapshots = on_hub(recipe, monkeypatch, tmp_path)
    told = (
        "dataset a: its rows cannot be read again.*acme/a is on the Hub, and its files are not in the cache"
    )
    with pytest.raises(InputError, match=told):
        exported((tables, recipe), "verl", tmp_path)
    (snapshots / "0").mkdir(parents=True)
    lines(snapshots / "0" / "a.jsonl", rows[1:])
    with pytest.raises(InputError, match="dataset a: its files are not those that the mix was made from"):
        exported((tables, recipe), "verl", tmp_path)


def test_a_csv_arrives_as_its_cells(tmp_path):
    rows = [base(n) | {"id": f"0{n}", "note": f'"{n}", with a comma\nand a line'} for n in range(12)]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    out = exported(made(tmp_path), "verl", tmp_path)
    assert [original(row) for row in out] == [rows[place(row, "verl")[1]] for row in out]


IMAGES = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def rows_with_images():
    shown = [{"bytes": PNG + bytes([n]), "path": f"{n}.png"} for n in range(20)]
    return [
        base(n)
        | {
            "image": shown[n],
            "more": [shown[n], shown[0]],
            "blob": bytes([n, 255]),
            "day": dt.date(2024, 1, n + 1),
        }
        for n in range(20)
    ]


@pytest.fixture(scope="module")
def of_images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    rows = rows_with_images()
    schema = pa.schema(
        [
            ("question", pa.string()), ("answer", pa.string()), ("image", IMAGES), ("more", pa.list_(IMAGES)),
            ("blob", pa.binary()), ("day", pa.date32()),
        ]
    )  # fmt: skip
    table(folder / "a.parquet", rows, schema)
    return made(folder), rows, folder


@pytest.mark.parametrize("form", ["verl", "trl"])
def test_images_arrive_byte_for_byte_and_where_a_trainer_looks_for_them(of_images, form):
    world, rows, folder = of_images
    out = exported(world, form, folder)
    assert len(out) == len(rows)
    for row in out:
        source = rows[place(row, form)[1]]
        assert original(row) == source
        shown = [source["image"], *(image for image in source["more"] if image != source["image"])]
        assert row["images"] == shown
        text = row["prompt"][0]["content"]
        assert text.count("<image>") == (len(shown) if form == "verl" else 0)


@pytest.mark.parametrize("form", ["openrlhf", "flat", "croissant"])
def test_a_format_that_would_lose_images_is_refused(of_images, form):
    world, _, folder = of_images
    with pytest.raises(InputError, match=r"a:\d+: it has an image.*verl or trl.*--without-original"):
        export(*world, form, folder / "refused")
    assert not list((folder / "refused").iterdir())


def test_image_files_beside_the_data_travel_and_missing_ones_are_refused(tmp_path):
    rows = [base(n) | {"image": f"shown/{n}.png"} for n in range(6)]
    lines(tmp_path / "a.jsonl", rows)
    (tmp_path / "shown").mkdir()
    for n in range(6):
        (tmp_path / f"shown/{n}.png").write_bytes(PNG + bytes([n]))
    world = made(tmp_path)
    for row in exported(world, "verl", tmp_path):
        n = place(row, "verl")[1]
        assert row["images"] == [{"bytes": PNG + bytes([n]), "path": f"shown/{n}.png"}]
        assert original(row)["image"] == f"shown/{n}.png"
    (tmp_path / "shown/4.png").unlink()
    with pytest.raises(InputError, match=r"a:4: its image 'shown/4.png' is not beside the data"):
        exported(world, "verl", tmp_path)


def test_a_row_cannot_choose_a_file_outside_its_folder(tmp_path):
    (tmp_path / "secret.png").write_bytes(PNG)
    inner = tmp_path / "x" / "y"
    inner.mkdir(parents=True)
    lines(inner / "a.jsonl", [base(n) | {"image": "../../secret.png"} for n in range(5)])
    with pytest.raises(InputError, match="not beside the data"):
        exported(made(inner), "trl", inner)


def test_values_without_a_common_type_are_json_text_and_said(tmp_path):
    odd = [1, "two", [3], {"four": 4}, None, True, 2**70, math.pi, {}, "\ud800"]
    lines(
        tmp_path / "a.jsonl",
        [base(n) | {"odd": odd[n], "ids": {f"id{n}-{m}": m for m in range(40)}} for n in range(10)],
    )
    world = made(tmp_path)
    result = export(*world, "verl", tmp_path / "out")
    assert result.limits == ["original columns that no one type holds are JSON text: ids, odd"]
    for row in pq.read_table(result.files[0]).to_pylist():
        n, text = row["extra_info"]["row"], original(row)["odd"]
        assert (text and json.loads(text)) == (odd[n] if n < 9 else "\ufffd")


def test_datasets_with_unlike_columns_share_a_file(tmp_path):
    lines(tmp_path / "a.jsonl", [base(n) | {"score": n, "only_a": "x", "mixed": n} for n in range(8)])
    table(
        tmp_path / "b.parquet",
        [base(n + 40) | {"score": n / 2, "only_b": [n], "mixed": f"m{n}"} for n in range(8)],
    )
    for row in exported(made(tmp_path, ("a", "b")), "verl", tmp_path):
        n, whole = row["extra_info"]["row"], original(row)
        mine = row["extra_info"]["dataset"] == "a"
        assert whole["score"] == (n if mine else n / 2)
        assert whole["only_a"] == ("x" if mine else None)
        assert whole["only_b"] == (None if mine else [n])
        assert json.loads(whole["mixed"]) == (n if mine else f"m{n}")


def test_changed_files_and_lost_files_are_errors_that_say_what_to_do(of_lines, tmp_path):
    rows = rows_of_lines()
    lines(tmp_path / "a.jsonl", rows)
    world = made(tmp_path)
    lines(tmp_path / "a.jsonl", rows[1:])
    with pytest.raises(InputError, match=r"dataset a: its files are not those.*Run the recipe again"):
        exported(world, "verl", tmp_path)
    (tmp_path / "a.jsonl").unlink()
    with pytest.raises(InputError, match=r"dataset a: its rows cannot be read again.*--without-original"):
        exported(world, "verl", tmp_path)
    out = exported(world, "verl", tmp_path, originals=False)
    assert len(out) == len(rows)
    assert "original" not in out[0]["extra_info"]


def test_rows_name_their_own_source_and_verifier_where_no_atomic_source_is_known(tmp_path):
    own = [
        base(n)
        | {
            "data_source": f"lab/set{n % 2}",
            "reward_model": {"style": "rule", "verifier": "numeric", "verifier_version": 2},
        }
        for n in range(6)
    ]
    lines(tmp_path / "a.jsonl", own)
    lines(tmp_path / "b.jsonl", [base(n + 30) for n in range(6)])
    out = exported(made(tmp_path, ("a", "b")), "verl", tmp_path)
    for row in out:
        extra = row["extra_info"]
        assert extra["atomic_source"] is None
        if extra["dataset"] == "a":
            assert row["data_source"] == f"lab/set{extra['row'] % 2}"
            assert extra["verifier"] == {"name": "numeric", "version": "2", "known_from": "row"}
        else:
            assert row["data_source"] == "b"
            assert extra["verifier"]["name"] == "math-verify"
            assert extra["verifier"]["known_from"] == "answer"
            assert extra["verifier"]["version"]


def test_a_file_of_many_small_lots_holds_the_same_rows_in_the_same_order(of_images, tmp_path, monkeypatch):
    whole = exported(of_images[0], "verl", tmp_path)
    monkeypatch.setattr(module, "_ROWS", 3)
    assert exported(of_images[0], "verl", tmp_path) == whole
    monkeypatch.setattr(module, "_BYTES", 1)
    assert exported(of_images[0], "verl", tmp_path) == whole
    assert pq.ParquetFile(tmp_path / "out-verl/mix.parquet").num_row_groups == len(whole)


def test_the_same_bytes_every_time_and_no_temporary_file_left(of_images, tmp_path):
    world = of_images[0]
    first, second = (export(*world, "verl", tmp_path / name).files[0] for name in ("x", "y"))
    assert first.read_bytes() == second.read_bytes()
    assert [file.name for file in (tmp_path / "x").iterdir()] == ["mix.parquet"]


def test_polars_reads_what_is_written(of_images, tmp_path):
    file = export(*of_images[0], "verl", tmp_path).files[0]
    frame = pl.read_parquet(io.BytesIO(file.read_bytes()))
    assert frame["extra_info"].struct.field("original").struct.field("blob").to_list()[0].endswith(b"\xff")


@pytest.mark.parametrize(
    ("one", "other", "as_read"),
    [
        ([1], [None], [1, None]),
        ([1], [0.5], [1, 0.5]),
        ([[]], [["x"]], [[], ["x"]]),
        ([{"a": 1}], [{"b": "x"}], [{"a": 1, "b": None}, {"a": None, "b": "x"}]),
        ([[{"a": 1}]], [[]], [[{"a": 1}], []]),
        ([dt.date(2024, 1, 2)], [None], [dt.date(2024, 1, 2), None]),
    ],
)
def test_a_common_type_holds_the_values_of_both(one, other, as_read):
    arrays = as_array(one), as_array(other)
    type_ = stated(common(*types(arrays)))
    assert [value for array in arrays for value in fitted(array, type_).to_pylist()] == as_read
    assert common(*types(arrays[::-1])) is not None


@pytest.mark.parametrize(
    ("one", "other"), [(["x"], [b"x"]), (["x"], [1]), ([True], [1]), ([[1]], [["x"]]), ([{"a": 1}], [[1]])]
)
def test_values_of_two_kinds_have_no_common_type(one, other):
    arrays = as_array(one), as_array(other)
    assert common(*types(arrays)) is None
    assert common(*types(arrays[::-1])) is None


def types(arrays):
    return [array.type for array in arrays]


def test_an_integer_that_no_float_is_equal_to_stays_what_it_is():
    with pytest.raises(ValueError, match="float|range|represent"):
        fitted(as_array([2**60 + 1]), pa.float64())


@pytest.mark.parametrize(
    ("row", "name", "version"),
    [
        ({"verifier": "ifeval"}, "ifeval", None),
        ({"verifier": {"name": "prime", "version": "1.2"}}, "prime", "1.2"),
        ({"extra_info": {"reward_fn": "f1"}}, "f1", None),
    ],
)
def test_a_verifier_is_what_the_row_says(row, name, version):
    assert stated_verifier(row) == {"name": name, "version": version, "known_from": "row"}


@pytest.mark.parametrize("row", [{"answer": "5"}, {"verifier": "def check(x):\n" * 50}, {"verifier": 3}])
def test_what_names_no_verifier_has_none(row):
    assert stated_verifier(row) is None


def test_the_command_writes_notes_and_takes_both_ways(tmp_path):
    lines(tmp_path / "a.jsonl", [base(n) | {"odd": n if n % 2 else str(n)} for n in range(6)])
    made(tmp_path)
    command = ["export", str(tmp_path / "made"), "--format", "flat"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "note: original columns that no one type holds are JSON text: odd" in result.stdout
    file = tmp_path / "made/export/flat/mix.jsonl"
    assert all("extra_info" in json.loads(line) for line in file.read_text().splitlines())
    (tmp_path / "a.jsonl").unlink()
    assert isinstance(CliRunner().invoke(app, command).exception, InputError)
    assert CliRunner().invoke(app, [*command, "--without-original"]).exit_code == 0
    assert not any("extra_info" in json.loads(line) for line in file.read_text().splitlines())


@pytest.mark.parametrize("form", FORMS)
def test_an_export_that_is_read_again_has_the_prompts_and_answers_of_the_mix(of_lines, tmp_path, form):
    world, _, _ = of_lines
    template = world[1].curate.model_copy(update={"template": "Think first. {prompt}"})
    recipe = world[1].model_copy(update={"curate": template})
    (file,) = export(world[0], recipe, form, tmp_path).files
    read = pl.concat(open_dataset(DatasetSpec(id="x", path=str(file)), tmp_path).batches())
    mix = world[0]["mix"].collect()
    assert read["question"].to_list() == [f"Think first. {text}" for text in mix["prompt"]]
    assert read["answer"].to_list() == mix["answer"].to_list()
