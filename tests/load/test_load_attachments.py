"""What a problem is asked of beside its text is found, whatever it is called and however it is kept."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr_atlas.config import Adapter, DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load import open_dataset
from rlvr_atlas.load.frames import serialise

from .attached_rows import SETS, Row, base64_of, data_url, image, rows
from .problems import load, problems


def store(rows: list[Row], path: Path) -> Path:
    """Rows as a file: Parquet, or JSON lines."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def attached(folder: Path, rows: list[Row], name: str = "a.parquet") -> list[str | None]:
    """The column `attachments` of some rows."""
    store(rows, folder / name)
    return load(folder, name)[0]["attachments"].to_list()


@pytest.mark.parametrize("name", SETS)
def test_every_kind_is_found(name: str, tmp_path: Path) -> None:
    found = attached(tmp_path, rows(name, "a"))
    kind = SETS[name][1]
    assert len(set(found)) == 24
    assert all(value and value.startswith(f"{kind}.") for value in found)
    assert attached(tmp_path, rows(name, "a"), "again.parquet") == found
    assert not {*found} & {*attached(tmp_path, rows(name, "b"), "other.parquet")}


def test_nothing_is_attached_to_plain_problems(tmp_path: Path) -> None:
    about: Row = {
        "image_count": 0, "has_image": False, "image_caption": "a square", "file_name": "train/part.json",
        "images": [], "url": "https://example.org/1", "repo": "gsm8k", "environment": None, "db_id": "",
        "website": "example.org",
        "tools": [],
    }  # fmt: skip
    assert attached(tmp_path, [row | about for row in problems()]) == [None] * 24
    assert attached(tmp_path, [row | about for row in problems()], "a.jsonl") == [None] * 24


def test_one_image_has_one_digest_however_it_is_kept(tmp_path: Path) -> None:
    kept: list[Any] = [
        {"image": image("x")},
        {"images": [{"bytes": image("x"), "path": "x.png"}]},
        {"image": {"bytes": image("x"), "path": None}},
        {"image": data_url("x")},
        {"image_b64": base64_of("x")},
        {"image_url": {"url": data_url("x")}},
        {"extra_info": {"image": {"bytes": image("x"), "path": "y.png"}}},
        {"image": "images/x.png", "decoded_image": {"bytes": image("x"), "path": None}},
    ]
    found = [
        attached(tmp_path, [row | more for row in problems(2)], f"{nth}.parquet")
        for nth, more in enumerate(kept)
    ]
    assert len({value for values in found for value in values}) == 1
    assert found[0][0] is not None
    assert found[0][0].startswith("image.content:")


def test_a_struct_and_its_json_are_one(tmp_path: Path) -> None:
    table = {"header": ["a", "b"], "rows": [["1", "2"]]}
    turned = {"rows": table["rows"], "header": table["header"], "title": None}
    found = [
        attached(tmp_path, [row | {"table": value} for row in problems(2)], f"{nth}.jsonl")[0]
        for nth, value in enumerate((table, turned, json.dumps(table)))
    ]
    assert len(set(found)) == 1


def test_what_the_text_holds_is_not_attached_to_it(tmp_path: Path) -> None:
    code = "def f(x):\n    return x"
    shown = [row | {"question": f"{row['question']}\n\n{code}", "starter_code": code} for row in problems()]
    assert attached(tmp_path, shown) == [None] * 24
    schema = "CREATE TABLE shop (id INT)"
    shown = [row | {"question": f"{schema}\n{row['question']}", "db_id": "shop"} for row in problems()]
    assert attached(tmp_path, shown) == [None] * 24
    # A name may stand in a text by chance.
    named = [
        row | {"question": f"At the shop: {row['question']}", "db_id": f"shop{nth}"}
        for nth, row in enumerate(problems())
    ]
    assert all(attached(tmp_path, named))


def test_images_of_an_answer_are_no_part_of_the_problem(tmp_path: Path) -> None:
    row = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Draw a square of side 4 in red ink."}]},
            {"role": "assistant", "content": [{"type": "image_url", "image_url": {"url": data_url("x")}}]},
        ]
    }
    assert attached(tmp_path, [row] * 4, "a.jsonl") == [None] * 4


def test_rows_without_an_image_have_none(tmp_path: Path) -> None:
    mixed = [row | {"images": [f"{nth}.png"] if nth % 2 else []} for nth, row in enumerate(problems())]
    assert [value is None for value in attached(tmp_path, mixed)] == [True, False] * 12


def test_they_are_told_among_the_parts_of_a_file(tmp_path: Path) -> None:
    store(rows("feature", "a"), tmp_path / "a.parquet")
    schemas = load(tmp_path, "a.parquet")[1]
    told = schemas.schemas.filter(part="image").row(0, named=True)
    assert (told["path"], told["rows"]) == ("images", 24)


def test_images_in_memory_are_kept(tmp_path: Path) -> None:
    records = [{"question": f"What is shown on card {nth}?", "image": image(str(nth))} for nth in range(6)]
    for nth, data in enumerate((records, pl.DataFrame(records))):
        made = serialise(data, "here")
        (tmp_path / f"{nth}{made.ending}").write_bytes(made.content)
    in_lines, in_columns = (
        load(tmp_path, name)[0]["attachments"].to_list() for name in ("0.jsonl", "1.parquet")
    )
    assert in_lines == in_columns
    assert len({*in_lines}) == 6


def test_a_recipe_says_what_counts(tmp_path: Path) -> None:
    made = [row | {"image": "a.png", "ctx": f"of {nth}"} for nth, row in enumerate(problems())]
    store(made, tmp_path / "a.jsonl")

    def found(*paths: str) -> pl.Series:
        spec = DatasetSpec(id="d", path="a.jsonl", adapter=Adapter(attachments=list(paths)))
        return pl.concat(open_dataset(spec, tmp_path).batches())["attachments"]

    assert found().null_count() == 24
    assert found("image").n_unique() == 1
    assert found("ctx").str.starts_with("file.").all()
    assert found("image", "ctx").n_unique() == 24
    with pytest.raises(InputError, match="adapter.attachments"):
        found("picture")


@pytest.mark.parametrize(
    "field",
    [
        {"speech": "Ladies and gentlemen, the lamps are on sale today."},
        {"figure": "3"},
        {"figure": 3},
        {"figure": "Fig. 2"},
        {"figure": "3.5"},
        {"image": "left"},
        {"picture": "no picture here at all"},
        {"image": "no image available"},
        {"images": ["none given here", "two"]},
        {"video": "A man walks. Then he runs"},
    ],
)
def test_words_and_labels_are_no_media(field: Row, tmp_path: Path) -> None:
    made = [
        row | {name: f"{value} {nth}" if isinstance(value, str) and " " in value else value}
        for nth, row in enumerate(problems())
        for name, value in field.items()
    ]
    assert attached(tmp_path, made, "a.jsonl") == [None] * 24
    assert attached(tmp_path, made[:1], "b.jsonl") == [None]


def test_words_among_images_are_none(tmp_path: Path) -> None:
    told = ["no image available", "there was none to be seen"]
    made = [row | {"image": f"{nth}.png" if nth % 3 else told[nth % 2]} for nth, row in enumerate(problems())]
    assert [value is None for value in attached(tmp_path, made)] == [True, False, False] * 8


@pytest.mark.parametrize(
    "drawn",
    [
        '<svg width="4"><circle r="{}"/></svg>', "[asy] draw((0,0)--({},1)); [/asy]", "my pictures/a {}.png",
        r"\begin{{tikzpicture}} \draw (0,0) -- ({},1); \end{{tikzpicture}}", "https://example.org/i?n={}",
        "COCO_val_00012{}", "scans/{}.jxl",
    ],
)  # fmt: skip
def test_drawings_and_places_are_media(drawn: str, tmp_path: Path) -> None:
    made = [row | {"figure": drawn.format(nth)} for nth, row in enumerate(problems())]
    found = attached(tmp_path, made, "a.jsonl")
    assert len({*found}) == 24
    assert all(value and value.startswith("image.") for value in found)


_CONSTANT: list[Row] = [
    {"tools": [{"name": "python"}]}, {"repo": "openai/gsm8k"}, {"environment": "math-env"},
    {"website": "artofproblemsolving.com"}, {"db_id": "main"}, {"starter_code": "def f(n):\n    pass"},
    {"image": "logo.png"}, {"files": ["notes.txt"]},
]  # fmt: skip


@pytest.mark.parametrize("field", _CONSTANT, ids=lambda field: next(iter(field)))
def test_what_all_problems_of_a_file_share_is_attached_to_none(field: Row, tmp_path: Path) -> None:
    assert attached(tmp_path, [row | field for row in problems()]) == [None] * 24


def test_a_setting_that_nearly_all_rows_share_is_attached_to_none(tmp_path: Path) -> None:
    made = [row | {"environment": "maths" if nth else "other"} for nth, row in enumerate(problems())]
    assert attached(tmp_path, made) == [None] * 24
    # But where it alone tells two rows apart.
    again = [row | {"environment": "maths"} for row in problems()]
    assert all(attached(tmp_path, [*again, again[0] | {"environment": "other"}], "b.parquet"))


def test_a_repository_counts_beside_a_commit_or_a_container(tmp_path: Path) -> None:
    made = [row | {"repo": f"some/thing{nth % 5}"} for nth, row in enumerate(problems())]
    assert attached(tmp_path, made) == [None] * 24
    more = [row | {"base_commit": f"{nth:040x}"} for nth, row in enumerate(made)]
    assert all("environment.repository" in str(value) for value in attached(tmp_path, more, "b.parquet"))
    one = attached(tmp_path, more[:1], "c.parquet")[0]
    assert one is not None
    assert "environment.commit" in one
    assert "environment.repository" in one


def test_in_a_small_file_content_and_databases_are_kept(tmp_path: Path) -> None:
    for count in (1, 3):
        few = problems(count)
        kept: list[Row] = [{"image": image("x")}, {"db_id": "shop"}, {"table": {"a": ["mugs"]}}]
        for nth, field in enumerate(kept):
            assert all(attached(tmp_path, [row | field for row in few], f"{count}-{nth}.parquet"))
        for nth, field in enumerate(_CONSTANT[:4]):
            found = attached(tmp_path, [row | field for row in few], f"{count}-{nth}-same.parquet")
            assert found == [None] * count


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("db_path", "dbs/{0}/{0}.sqlite"),
        ("database_file", "/data/bird/{0}.db"),
        ("sqlite_file", "{0}.SQLITE3"),
        ("document", "docs/{0}.pdf"),
        ("pdf_path", "reports/2020/{0}.pdf"),
        ("chart", "charts/{0}.png"),
        ("plot_path", "plots/{0}.webp"),
        ("structure", "molecules/{0}.pdb"),
        ("workbook", "books/{0}.xlsx"),
        ("drawing", "https://example.org/{0}.svg"),
    ],
)
def test_what_is_named_by_its_file_is_attached(field: str, value: str, tmp_path: Path) -> None:
    """Also where one file is asked several questions."""
    given = [row | {field: value.format(f"n{nth // 3}")} for nth, row in enumerate(problems())]
    found = attached(tmp_path, given)
    assert None not in found
    assert len(set(found)) == 8


def test_a_database_is_one_whatever_names_it(tmp_path: Path) -> None:
    ways = {
        "db_id": "shop{0}",
        "db_path": "a/shop{0}/shop{0}.sqlite",
        "database_file": "D:\\data\\Shop{0}.db",
    }
    found = [
        attached(
            tmp_path, [row | {field: value.format(n)} for n, row in enumerate(problems())], f"{field}.parquet"
        )
        for field, value in ways.items()
    ]
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == 24


@pytest.mark.parametrize("field", ["document", "plot", "chart", "structure", "drawing"])
def test_the_text_of_a_document_is_no_file(field: str, tmp_path: Path) -> None:
    given = [row | {field: f"The {n}th of many stories tells of a town."} for n, row in enumerate(problems())]
    assert attached(tmp_path, given) == [None] * 24
