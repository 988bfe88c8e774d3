"""Every file format gives the same rows, whatever its name says, with and without compression."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load import DatasetReader, open_dataset
from rlvr_atlas.load.read_json import read_json
from rlvr_atlas.load.rows import as_row

Rows = list[dict[str, Any]]
# Quotes, separators, line breaks, another script and a pair of UTF-16 halves, all of which formats trip over.
ROWS: Rows = [
    {"question": f'How many "doors", seen from\nroom {i}; are open? 门 😀\tNow.', "answer": str(i)}
    for i in range(50)
]


def _sink(write: Callable[[Any], object]) -> bytes:
    sink = io.BytesIO()
    write(sink)
    return sink.getvalue()


def _csv(rows: Rows, separator: str = ",", bom: str = "") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return (bom + text.getvalue()).encode()


def _arrow(rows: Rows, new: Callable[..., Any]) -> bytes:
    table = pa.Table.from_pylist(rows)

    def write(sink: io.BytesIO) -> None:
        with new(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=7)

    return _sink(write)


def _parquet(rows: Rows) -> bytes:
    return _sink(lambda sink: pq.write_table(pa.Table.from_pylist(rows), sink, row_group_size=7))


def _xml(rows: Rows) -> bytes:
    def escaped(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;")

    items = "".join(
        f'<item id="{i}"><question>{escaped(row["question"])}</question><answer>{i}</answer></item>\n'
        for i, row in enumerate(rows)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<all><part>{items}</part></all>'.encode()


def _jsonl(rows: Rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _columns(rows: Rows) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


WRITERS: dict[str, Callable[[Rows], bytes]] = {
    "rows.parquet": _parquet,
    "file.arrow": lambda rows: _arrow(rows, pa.ipc.new_file),
    "stream.arrow": lambda rows: _arrow(rows, pa.ipc.new_stream),
    "rows.jsonl": _jsonl,
    "unicode.jsonl": lambda rows: "".join(
        json.dumps(row, ensure_ascii=False) + "\n" for row in rows
    ).encode(),
    "bom.jsonl": lambda rows: b"\xef\xbb\xbf" + _jsonl(rows),
    "commas.jsonl": lambda rows: _jsonl(rows).replace(b"}\n", b"},\n"),
    "blank_lines.jsonl": lambda rows: b"\n" + _jsonl(rows).replace(b"\n", b"\r\n\r\n"),
    "lines.json": _jsonl,
    "array.json": lambda rows: json.dumps(rows).encode(),
    "indented.json": lambda rows: json.dumps(rows, indent=2, ensure_ascii=False).encode(),
    "array.jsonl": lambda rows: json.dumps(rows, indent=4).encode(),
    "one_a_line.json": lambda rows: b"[\n" + b",\n".join(_jsonl([row]).strip() for row in rows) + b"\n]\n",
    "indented_lines.json": lambda rows: "\n".join(json.dumps(row, indent=2) for row in rows).encode(),
    "columns.json": lambda rows: json.dumps(_columns(rows)).encode(),
    "columns_of_objects.json": lambda rows: json.dumps(
        {name: {str(i): row[name] for i, row in enumerate(rows)} for name in rows[0]}, indent=1
    ).encode(),
    "split.json": lambda rows: json.dumps(
        {
            "columns": list(rows[0]),
            "index": list(range(len(rows))),
            "data": [list(row.values()) for row in rows],
        }
    ).encode(),
    "by_id.json": lambda rows: json.dumps({f"p{i}": row for i, row in enumerate(rows)}).encode(),
    "by_number.json": lambda rows: json.dumps({str(i): row for i, row in enumerate(rows)}).encode(),
    "under_data.json": lambda rows: json.dumps({"version": "1.0", "data": rows}).encode(),
    "by_split.json": lambda rows: json.dumps({"train": rows[:30], "test": rows[30:]}).encode(),
    "rows.csv": _csv,
    "bom.csv": lambda rows: _csv(rows, bom="\ufeff"),
    "semicolons.csv": lambda rows: _csv(rows, ";"),
    "rows.tsv": lambda rows: _csv(rows, "\t"),
    "rows.xml": _xml,
    "name_without_ending": _jsonl,
    "parquet_called.json": _parquet,
    "json_called.csv": _jsonl,
    "xml_called.json": _xml,
}


def reader(folder: Path, *names: str, **spec: object) -> DatasetReader:
    return open_dataset(DatasetSpec.model_validate({"id": "d", "path": list(names), **spec}), folder)


def read(folder: Path, *names: str) -> pl.DataFrame:
    return pl.concat(reader(folder, *names).batches())


@pytest.mark.parametrize("name", WRITERS)
def test_a_format_gives_its_rows_in_order(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(WRITERS[name](ROWS))
    frame = read(tmp_path, name)
    assert frame["question"].to_list() == [row["question"] for row in ROWS]
    assert frame["answer"].to_list() == [row["answer"] for row in ROWS]
    assert frame["row"].to_list() == list(range(50))


@pytest.mark.parametrize("name", ["rows.jsonl", "array.json", "rows.csv", "rows.xml", "columns.json"])
@pytest.mark.parametrize("compress", [gzip.compress, lambda data: pa.compress(data, "zstd", asbytes=True)])
def test_compression_changes_nothing(name: str, compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(compress(WRITERS[name](ROWS)))  # the name need not say so
    assert read(tmp_path, name)["question"].to_list() == [row["question"] for row in ROWS]


def test_the_split_of_a_nested_list_is_kept(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_bytes(WRITERS["by_split.json"](ROWS))
    assert read(tmp_path, "all.json")["split"].to_list() == ["train"] * 30 + ["test"] * 20


def test_a_column_of_structs_is_a_column(tmp_path: Path) -> None:
    columns = {**_columns(ROWS), "notes": [{"id": i} for i in range(50)]}
    (tmp_path / "all.json").write_text(json.dumps(columns))
    assert read(tmp_path, "all.json").height == 50


def test_one_row_with_messages_is_not_taken_for_a_table(tmp_path: Path) -> None:
    row = {
        "messages": [{"role": "user", "content": "How many doors?"}, {"role": "assistant", "content": "Two."}]
    }
    (tmp_path / "one.json").write_text(json.dumps(row))
    assert read(tmp_path, "one.json")["question"].to_list() == ["How many doors?"]


def test_wide_columns_are_not_read_where_they_are_not_needed(tmp_path: Path) -> None:
    rows = [{**ROWS[i % 50], "generations": ["long"] * 5} for i in range(5000)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    opened = reader(tmp_path, "rows.parquet")
    assert pl.concat(opened.batches()).height == 5000
    assert opened.schemas.select("part", "path", "rows").rows() == [
        ("prompt", "question", 5000),
        ("answer", "answer", 5000),
    ]


def test_files_are_read_in_name_order_and_rows_numbered_through(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_bytes(_jsonl(ROWS[:3]))
    (tmp_path / "a.csv").write_bytes(_csv(ROWS[3:5]))
    for paths in (["b.jsonl", "a.csv"], ["*"], ["."], ["a.csv", "*.jsonl", "b.*"]):
        frame = read(tmp_path, *paths)
        assert frame["row"].to_list() == [0, 1, 2, 3, 4]
        assert frame["answer"].to_list() == ["3", "4", "0", "1", "2"]


def test_files_of_one_dataset_may_differ_in_layout(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(_jsonl(ROWS))
    other = [
        {"prompt": [{"role": "user", "content": row["question"]}], "target": row["answer"]} for row in ROWS
    ]
    pq.write_table(pa.Table.from_pylist(other), tmp_path / "b.parquet")
    opened = reader(tmp_path, "*")
    frame = pl.concat(opened.batches())
    assert frame["question"][:50].to_list() == frame["question"][50:].to_list()
    assert frame["answer"][:50].to_list() == frame["answer"][50:].to_list()
    assert opened.schemas.select("file", "format", "part", "path", "decided_by").rows() == [
        ("a.jsonl", "jsonl", "prompt", "question", "detected"),
        ("a.jsonl", "jsonl", "answer", "answer", "detected"),
        ("b.parquet", "parquet", "prompt", "prompt[role=user].content", "detected"),
        ("b.parquet", "parquet", "answer", "target", "detected"),
    ]


def test_a_folder_gives_its_data_files_only(tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "x.jsonl").write_bytes(_jsonl(ROWS[:2]))
    for name in ("README.md", "dataset_info.json", ".hidden.jsonl", "LICENSE"):
        (tmp_path / "data" / name).write_text('{"question": "Is this a row?"}\n')
    assert [file.name for file in reader(tmp_path, "data").files] == ["x.jsonl"]
    assert [file.name for file in reader(tmp_path, "data/**/*").files] == ["x.jsonl"]


def test_a_link_and_a_name_with_brackets_are_files_too(tmp_path: Path) -> None:
    (tmp_path / "set[1].jsonl").write_bytes(_jsonl(ROWS[:2]))
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "set[1].jsonl")
    assert read(tmp_path, "set[1].jsonl", "link.jsonl").height == 4


def test_the_digest_changes_with_names_and_bytes_and_not_with_folders(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jsonl").write_bytes(_jsonl(ROWS))
    x, y = reader(tmp_path, "x").content_sha256, reader(tmp_path, "y").content_sha256
    assert x == y
    (tmp_path / "y" / "a.jsonl").rename(tmp_path / "y" / "b.jsonl")
    assert reader(tmp_path, "y").content_sha256 != x
    (tmp_path / "x" / "a.jsonl").write_bytes(_jsonl(ROWS[1:]))
    assert reader(tmp_path, "x").content_sha256 != x


def test_progress_counts_every_row_once(tmp_path: Path) -> None:
    rows = [{"question": None if i % 10 == 0 else f"How many are {i}?"} for i in range(9000)]
    (tmp_path / "rows.jsonl").write_bytes(_jsonl(rows))
    opened = reader(tmp_path, "rows.jsonl")
    seen: list[int] = []
    kept = sum(batch.height for batch in opened.batches(seen.append))
    assert (sum(seen), kept, len(seen)) == (9000, 8100, 3)
    assert opened.total_bytes == (tmp_path / "rows.jsonl").stat().st_size


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(_jsonl([*ROWS, {"answer": "1"}]))
    opened = reader(tmp_path, "rows.jsonl")
    first, skipped = pl.concat(opened.batches()), opened.skipped_rows
    assert first.equals(pl.concat(opened.batches()))
    assert skipped.equals(opened.skipped_rows)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=4), _JSON, min_size=1, max_size=3), max_size=6),
    st.sampled_from([None, 0, 2]),
    st.integers(1, 9),
)
def test_an_array_is_read_alike_in_pieces_of_any_size(rows: Rows, indent: int | None, chunk: int) -> None:
    from rlvr_atlas.load import read_json as module
    from rlvr_atlas.load.formats import ByteStream

    data = json.dumps(rows, indent=indent).encode()
    before, module._CHUNK = module._CHUNK, chunk
    try:
        assert list(read_json(ByteStream(io.BytesIO(data)))) == [as_row(row) for row in rows]
    finally:
        module._CHUNK = before


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    name=st.sampled_from(sorted(WRITERS)),
    place=st.integers(0, 2**32),
    patch=st.binary(max_size=20),
    removed=st.integers(0, 20),
)
def test_no_damage_loses_a_row_unseen_or_ends_in_a_traceback(
    name: str, place: int, patch: bytes, removed: int, tmp_path: Path
) -> None:
    data = WRITERS[name](ROWS)
    start = place % len(data)
    (tmp_path / name).write_bytes(data[:start] + patch + data[start + removed :] if patch else data[:start])
    opened = reader(tmp_path, name)
    try:
        numbers = [row for batch in opened.batches() for row in batch["row"]]
    except InputError:
        return
    numbers += [row for row in opened.skipped_rows["row"] if row >= 0]
    assert sorted(numbers) == list(range(len(numbers)))
