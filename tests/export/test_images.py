"""Which images go with a row: those that its problem is asked of, each once, and never the answer's."""

import base64

import polars as pl
import pyarrow.parquet as pq
import pytest
from tests.export.test_original_rows import PNG, base, exported, lines, made, original, place, question, table

from rlvr_atlas.config import parse_recipe
from rlvr_atlas.errors import InputError
from rlvr_atlas.export import export
from rlvr_atlas.export.images import Image, images_of

OTHER = PNG + b"other"
BASE64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{BASE64}"
URLS = [f"data:image/png;base64,{base64.b64encode(PNG + bytes([n])).decode()}" for n in range(8)]
HELD = {"bytes": PNG, "path": "a.png"}
SECRET = {"bytes": OTHER, "path": "s.png"}


def turns(role, part):
    return [{"role": role, "content": [part, {"type": "text", "text": "So?"}]}]


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ({"image": {"bytes": PNG, "path": None}}, [(None, PNG)]),
        ({"png": PNG}, [(None, PNG)]),
        ({"images": ["a.png", "b/c.JPG"]}, [("a.png", None), ("b/c.JPG", None)]),
        ({"image_path": "x.webp", "answer": "y.png"}, [("x.webp", None)]),
        ({"messages": turns("user", {"type": "image", "image": "q.png"})}, [("q.png", None)]),
        ({"image": {"bytes": BASE64, "path": "a.png"}}, [("a.png", PNG)]),
        ({"image": URL}, [(None, PNG)]),
        ({"image": BASE64}, [(None, PNG)]),
        ({"images": [BASE64, base64.b64encode(OTHER).decode()]}, [(None, PNG), (None, OTHER)]),
        ({"images": '["a.png", "b.png"]'}, [("a.png", None), ("b.png", None)]),
        (
            {"messages": turns("user", {"type": "image_url", "image_url": {"url": URL}})},
            [(None, PNG)],
        ),
        ({"question": "see a.png", "blob": b"\x00\x01"}, []),
        ({"image": None, "images": []}, []),
        ({"image": list(range(64))}, []),
        ({"image": "a picture of two lamps and a boat, taken from the side of the road by the sea"}, []),
    ],
)  # fmt: skip
def test_images_are_found_wherever_a_row_keeps_them(row, shown):
    assert images_of(row) == [Image(*one) for one in shown]


@pytest.mark.parametrize(
    "more",
    [
        {"solution_image": SECRET},
        {"solution_images": [SECRET]},
        {"answerImage": OTHER},
        {"response": [{"type": "image", "image": SECRET}]},
        {"output": {"image": SECRET}},
        {"target_image": SECRET},
        {"generated": {"picture": SECRET}},
        {"explanation_figure": SECRET},
        {"rationale": [SECRET]},
        {"ground_truth_image": SECRET},
        {"solution": OTHER},
        {"sample": {"solution": {"image": SECRET}}},
        {"messages": turns("assistant", {"type": "image", "image": SECRET})},
        {"conversations": [{"from": "gpt", "value": [{"type": "image", "image": SECRET}]}]},
        {"messages": {"role": ["assistant"], "content": [[{"type": "image", "image": SECRET}]]}},
        {"image_caption": "s.png"},
    ],
)
def test_what_holds_the_answer_is_not_shown(more):
    assert images_of({"image": HELD} | more) == [Image("a.png", PNG)]
    assert images_of(more) == []


@pytest.mark.parametrize(
    "row",
    [
        {"image": "images/0.png", "decoded_image": HELD},
        {"image": HELD, "image_path": "a.png"},
        {"image": HELD, "decoded_image": {"bytes": PNG, "path": None}},
        {"images": [HELD], "messages": turns("user", {"type": "image", "image": "pics/0.png"})},
        {"image": HELD, "figure_name": "fig1.png"},
        {"image": HELD, "image_base64": BASE64},
    ],
)
def test_an_image_that_a_row_has_twice_is_shown_once(row):
    assert images_of(row) == [Image("a.png", PNG)]


def test_one_field_may_show_an_image_twice_and_mix_bytes_with_paths():
    twice = {"images": [HELD, {"bytes": None, "path": "b.png"}, HELD]}
    assert images_of(twice) == [Image("a.png", PNG), Image("b.png"), Image("a.png", PNG)]


@pytest.mark.parametrize(
    "address",
    [
        "https://example.invalid/a.png", "HTTPS://X/a.png", "//cdn/a.png", "s3a://b/a.png", "file://host/x/a.png",
        "hf://datasets/x/a.png",
    ],
)  # fmt: skip
def test_an_address_is_no_local_path(address):
    assert images_of({"image": address, "images": [{"bytes": None, "path": address}]}) == []


def test_a_windows_path_is_no_address():
    assert images_of({"image": "C:/pictures/a.png"}) == [Image("C:/pictures/a.png")]


def test_a_recipe_says_where_the_images_are(tmp_path):
    rows = [base(n) | {"image": HELD, "scan": {"of_solution": OTHER}} for n in range(6)]
    table(tmp_path / "a.parquet", rows)
    for paths, shown in ((["scan.of_solution"], [OTHER]), ([], None)):
        tables, recipe = made(tmp_path)
        spec = {"id": "a", "path": "a.parquet", "adapter": {"attachments": paths}}
        told = parse_recipe({"datasets": [spec], "curate": {"datasets": ["a"]}}, base=tmp_path)
        recipe = recipe.model_copy(update={"datasets": told.datasets})
        for row in exported((tables, recipe), "verl", tmp_path):
            assert ([image["bytes"] for image in row["images"]] if "images" in row else None) == shown


@pytest.mark.parametrize("form", ["verl", "trl"])
def test_a_picture_of_the_solution_stays_in_the_original_row(tmp_path, form):
    table(tmp_path / "a.parquet", [base(n) | {"image": HELD, "solution_image": SECRET} for n in range(6)])
    for row in exported(made(tmp_path), form, tmp_path):
        assert row["images"] == [HELD]
        assert row["prompt"][0]["content"].count("<image>") == (form == "verl")
        assert original(row)["solution_image"] == SECRET


def test_a_path_beside_the_bytes_needs_no_file(tmp_path):
    table(
        tmp_path / "a.parquet",
        [base(n) | {"image": f"images/{n}.png", "decoded_image": HELD} for n in range(6)],
    )
    assert all(row["images"] == [HELD] for row in exported(made(tmp_path), "verl", tmp_path))


def test_base64_is_decoded_for_trainers_and_refused_where_no_image_can_be(tmp_path):
    lines(tmp_path / "a.jsonl", [base(n) | {"image": BASE64} for n in range(6)])
    world = made(tmp_path)
    for row in exported(world, "verl", tmp_path):
        assert row["images"] == [{"bytes": PNG, "path": None}]
        assert original(row)["image"] == BASE64
    with pytest.raises(InputError, match="it has an image"):
        export(*world, "flat", tmp_path / "refused")


@pytest.mark.parametrize("form", ["openrlhf", "flat"])
def test_json_lines_have_bytes_as_base64(tmp_path, form):
    sound = b"RIFF\x10\x00\x00\x00WAVEfmt " + bytes(range(16))
    rows = [base(n) | {"sound": sound, "solution_image": SECRET} for n in range(6)]
    table(tmp_path / "a.parquet", rows)
    for row in exported(made(tmp_path), form, tmp_path):
        assert base64.b64decode(original(row)["sound"], validate=True) == sound
        assert base64.b64decode(original(row)["solution_image"]["bytes"], validate=True) == OTHER


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical])
def test_rows_of_a_file_that_polars_wrote_name_their_own_source(tmp_path, dtype):
    rows = pl.DataFrame([base(n) | {"source": "web", "data_source": f"lab/set{n % 2}"} for n in range(6)])
    rows.with_columns(pl.col("data_source").cast(dtype)).write_parquet(tmp_path / "a.parquet")
    stored = pq.read_schema(tmp_path / "a.parquet").field("data_source").type
    assert str(stored) != "string"
    for row in exported(made(tmp_path), "verl", tmp_path):
        assert row["data_source"] == f"lab/set{place(row, 'verl')[1] % 2}"


def test_a_mark_in_a_text_is_taken_out_only_where_the_mix_shows_images(tmp_path):
    rows = [base(n) | {"image": HELD if n else None} for n in range(6)]
    rows[0]["question"] = "Which tag stands for a picture, <image> or <img>? " + rows[0]["question"]
    table(tmp_path / "a.parquet", rows)
    world = made(tmp_path)
    texts = {place(row, "verl")[1]: row["prompt"][0]["content"] for row in exported(world, "verl", tmp_path)}
    assert texts[0] == rows[0]["question"].replace("<image>", "")
    plain = exported(world, "verl", tmp_path, originals=False)
    assert rows[0]["question"] in [row["prompt"][0]["content"] for row in plain]


def test_images_are_where_they_were_found_when_the_dataset_was_read(tmp_path):
    """A scan that only its content tells is shown; a logo that all rows have is not, whatever its name."""
    logo = {"bytes": OTHER, "path": "logo.png"}
    rows = [base(n) | {"leaf": {"bytes": PNG + bytes([n]), "path": None}, "image": logo} for n in range(8)]
    table(tmp_path / "a.parquet", rows)
    world = made(tmp_path)
    assert world[0]["schemas"].filter(part="image").collect()["path"].to_list() == ["leaf"]
    for row in exported(world, "verl", tmp_path):
        assert [image["bytes"] for image in row["images"]] == [PNG + bytes([place(row, "verl")[1]])]


def test_each_file_has_its_own_fields(tmp_path):
    table(
        tmp_path / "a.parquet",
        [base(n) | {"leaf": {"bytes": PNG + bytes([n]), "path": None}} for n in range(8)],
    )
    table(tmp_path / "b.parquet", [base(n + 20) | {"leaf": None, "image": HELD} for n in range(8)])
    for row in exported(made(tmp_path, ("a", "b")), "verl", tmp_path):
        dataset, number = place(row, "verl")
        assert row["images"] == [{"bytes": PNG + bytes([number]), "path": None} if dataset == "a" else HELD]


def test_of_messages_only_the_parts_that_are_images_are_shown(tmp_path):
    def asked(n):
        text = {"type": "text", "text": question(n)}
        note = {"type": "text", "text": "See scan.png"}
        part = {"type": "image_url", "image_url": {"url": URLS[n]}}
        return {"messages": [{"role": "user", "content": [note, part, text]}], "answer": str(n)}

    lines(tmp_path / "a.jsonl", [asked(n) for n in range(8)])
    world = made(tmp_path)
    assert world[0]["schemas"].filter(part="image").collect()["path"].to_list() == ["messages"]
    for row in exported(world, "verl", tmp_path):
        assert len(row["images"]) == 1
        assert row["images"][0]["bytes"].startswith(PNG[:8])
