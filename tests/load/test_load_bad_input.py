"""Bad input: good rows are kept, bad ones are counted with a reason, and the hopeless is a clear error."""

import gzip
import json
import os
import re
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rlvr_atlas.load
from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load import DatasetReader, open_dataset
from rlvr_atlas.schema import ROWS, SCHEMAS, SKIPPED_ROWS


def rows(count: int) -> list[dict[str, str]]:
    return [{"question": f"How many are {i} and {i}?", "answer": str(2 * i)} for i in range(count)]


def lines(count: int) -> list[bytes]:
    return [json.dumps(row).encode() for row in rows(count)]


def load(folder: Path, content: bytes | dict[str, bytes]) -> tuple[pl.DataFrame, DatasetReader]:
    files = content if isinstance(content, dict) else {"rows.jsonl": content}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    reader = open_dataset(DatasetSpec(id="d", path=list(files)), folder)
    return pl.concat(reader.batches()), reader


def skipped(reader: DatasetReader) -> list[tuple[int, str]]:
    return reader.skipped_rows.select("row", "reason").rows()


def error_of(folder: Path, content: bytes | dict[str, bytes]) -> str:
    with pytest.raises(InputError) as caught:
        load(folder, content)
    return str(caught.value)


BAD_LINES = {
    "invalid JSON": b'{"question": "How many',
    "invalid UTF-8": b'{"question": "How many caf\xe9s?"}',
    "no prompt": b'{"answer": "4"}',
    "not a record": b"17",
    "prompt too long": json.dumps({"question": "How many? " * 1_000_000, "answer": "1"}).encode(),
}


@pytest.mark.parametrize("reason", BAD_LINES)
@pytest.mark.parametrize("position", [0, 7, 20])
def test_a_bad_line_costs_its_row_and_keeps_its_number(reason: str, position: int, tmp_path: Path) -> None:
    content = lines(20)
    content.insert(position, BAD_LINES[reason])
    frame, reader = load(tmp_path, b"\n".join(content) + b"\n")
    assert skipped(reader) == [(position, reason)]
    assert frame["row"].to_list() == [row for row in range(21) if row != position]
    assert frame["answer"].to_list() == [row["answer"] for row in rows(20)]
    assert reader.skipped_rows["file"].to_list() == ["rows.jsonl"]


def test_the_place_of_a_bad_byte_is_told(tmp_path: Path) -> None:
    content = [*lines(3), BAD_LINES["invalid UTF-8"]]
    whole = b"\n".join(content)
    _, reader = load(tmp_path, whole)
    assert reader.skipped_rows["detail"][0] == f"line 4, byte {whole.index(0xE9)} of the file"


NO_PROMPT = [None, "", "  \n", 5, [], {}, [{"role": "system", "content": "Be brief."}]]


@pytest.mark.parametrize("value", NO_PROMPT)
def test_a_prompt_that_is_no_text_is_no_prompt(value: object, tmp_path: Path) -> None:
    content = [*rows(10), {"question": value, "answer": "1"}]
    frame, reader = load(tmp_path, "\n".join(map(json.dumps, content)).encode())
    assert (frame.height, skipped(reader)) == (10, [(10, "no prompt")])


def test_frames_have_the_agreed_columns(tmp_path: Path) -> None:
    frame, reader = load(tmp_path, b"\n".join([*lines(3), b"{"]))
    assert dict(frame.schema) == ROWS
    assert dict(reader.skipped_rows.schema) == SKIPPED_ROWS
    assert dict(reader.schemas.schema) == SCHEMAS


def test_half_a_character_is_replaced_and_the_row_is_kept(tmp_path: Path) -> None:
    frame, _ = load(tmp_path, b"\n".join([*lines(3), b'{"question": "How many \\ud83d?", "answer": NaN}']))
    assert frame["question"][3] == "How many \ufffd?"
    assert frame["answer"][3] is None


def test_a_broken_element_of_an_array_costs_its_row(tmp_path: Path) -> None:
    content = lines(9)
    content[4] = b'{"question": "How "many"?", "answer": "1", "steps": [{"a": 1}, {"a": 2}]}'
    for text in (b"[" + b", ".join(content) + b"]", b"[\n" + b",\n  ".join(content) + b"\n]"):
        frame, reader = load(tmp_path, {"rows.json": text})
        assert skipped(reader) == [(4, "invalid JSON")]
        assert frame["row"].to_list() == [0, 1, 2, 3, 5, 6, 7, 8]


def test_a_bad_byte_in_an_array_costs_its_row(tmp_path: Path) -> None:
    content = lines(5)
    content[2] = BAD_LINES["invalid UTF-8"]
    frame, reader = load(tmp_path, {"rows.json": b"[\n" + b",\n".join(content) + b"\n]"})
    assert (skipped(reader), frame.height) == ([(2, "invalid UTF-8")], 4)


@pytest.mark.parametrize("cut", [200, 1000, 4000])
@pytest.mark.parametrize("indent", [None, 1])
def test_of_a_cut_array_the_rows_before_the_cut_are_kept(
    cut: int, indent: int | None, tmp_path: Path
) -> None:
    whole = json.dumps(rows(200), indent=indent).encode()
    frame, reader = load(tmp_path, {"rows.json": whole[:cut]})
    assert frame["question"].to_list() == [row["question"] for row in rows(frame.height)]
    assert frame.height == whole[:cut].count(b"}")
    assert skipped(reader)[0][0] == frame.height


def test_of_a_cut_gzip_the_rows_before_the_cut_are_kept(tmp_path: Path) -> None:
    noisy = [{"question": f"How many is {os.urandom(20).hex()}?"} for _ in range(5000)]
    whole = gzip.compress("".join(json.dumps(row) + "\n" for row in noisy).encode())
    frame, reader = load(tmp_path, {"rows.jsonl.gz": whole[: len(whole) // 2]})
    assert 2000 < frame.height < 3000
    assert frame["question"].to_list() == [row["question"] for row in noisy[: frame.height]]
    assert skipped(reader)[-1] == (-1, "file truncated")


def test_of_a_corrupt_gzip_the_rows_before_the_damage_are_kept(tmp_path: Path) -> None:
    noisy = "".join(
        json.dumps({"question": f"How many is {os.urandom(20).hex()}?"}) + "\n" for _ in range(5000)
    )
    whole = bytearray(gzip.compress(noisy.encode()))
    whole[len(whole) // 2 : len(whole) // 2 + 40] = bytes(40)
    frame, reader = load(tmp_path, {"rows.jsonl.gz": bytes(whole), "good.jsonl": b"\n".join(lines(5))})
    assert frame.height > 2000
    assert "file truncated" in reader.skipped_rows["reason"]
    assert frame.filter(pl.col("row") < 5)["question"].to_list() == [row["question"] for row in rows(5)]


def parquet(count: int) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows(count)), sink, row_group_size=100, compression="zstd")
    return sink.getvalue().to_pybytes()


def test_a_cut_parquet_file_does_not_cost_the_others(tmp_path: Path) -> None:
    frame, reader = load(tmp_path, {"a.parquet": parquet(50)[:-20], "b.jsonl": b"\n".join(lines(5))})
    assert frame["row"].to_list() == [0, 1, 2, 3, 4]
    assert skipped(reader) == [(-1, "file unreadable")]
    assert reader.skipped_rows["file"][0] == "a.parquet"


def test_a_damaged_row_group_costs_its_own_rows_and_every_one_is_counted(tmp_path: Path) -> None:
    data = bytearray(parquet(500))
    place = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(2).column(0)
    start = place.dictionary_page_offset or place.data_page_offset
    data[start + 20 : start + 200] = b"\xff" * 180
    frame, reader = load(tmp_path, {"a.parquet": bytes(data)})
    assert frame["row"].to_list() == [row for row in range(500) if row // 100 != 2]
    assert reader.skipped_rows["row"].to_list() == list(range(200, 300))
    assert set(reader.skipped_rows["reason"]) == {"row group unreadable"}


@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream])
def test_of_a_cut_arrow_file_the_batches_before_the_cut_are_kept(new: object, tmp_path: Path) -> None:
    table = pa.Table.from_pylist(rows(500))
    sink = pa.BufferOutputStream()
    with new(sink, table.schema) as writer:  # type: ignore[operator]
        writer.write_table(table, max_chunksize=100)
    whole = sink.getvalue().to_pybytes()
    frame, reader = load(tmp_path, {"a.arrow": whole[: int(len(whole) * 0.7)]})
    assert frame.height in (200, 300, 400)
    assert frame["answer"].to_list() == [row["answer"] for row in rows(frame.height)]
    assert skipped(reader) == [(-1, "file truncated")]


def test_invalid_utf8_in_a_table_costs_its_row(tmp_path: Path) -> None:
    texts = [b"How many are there?"] * 4 + [b"How many caf\xe9s?"] + [b"How many are left?"] * 4
    column = pa.array(texts, pa.binary()).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"question": column}), tmp_path / "a.parquet")
    reader = open_dataset(DatasetSpec(id="d", path="a.parquet"), tmp_path)
    frame = pl.concat(reader.batches())
    assert (frame.height, skipped(reader)) == (8, [(4, "invalid UTF-8")])


def test_csv_rows_that_do_not_fit_the_header_are_counted(tmp_path: Path) -> None:
    text = (
        'question,answer\nHow many are 2?,2\nHow many, then, are 3?,3\nHow many are 4?\n"How many \xe9?",5\n'
    )
    frame, reader = load(tmp_path, {"a.csv": text.encode("latin-1")})
    assert frame.select("row", "answer").rows() == [(0, "2"), (2, None)]
    assert skipped(reader) == [(1, "wrong number of columns"), (3, "invalid UTF-8")]


def test_of_a_cut_xml_file_the_records_before_the_cut_are_kept(tmp_path: Path) -> None:
    items = "".join(f"<p><q>a</q><question>{r['question']}</question></p>" for r in rows(30))
    frame, reader = load(tmp_path, {"a.xml": f"<all>{items}</all>".encode()[:700]})
    assert frame["question"].to_list() == [row["question"] for row in rows(frame.height)]
    assert frame.height > 8
    assert skipped(reader) == [(frame.height, "file truncated")]


def test_xml_entities_are_refused_and_nothing_outside_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("How many secrets are there?")
    for entity in ('<!ENTITY e SYSTEM "secret.txt">', '<!ENTITY e "How many?">'):
        item = "<p><q>1</q><question>&e;</question></p>"
        text = f"<!DOCTYPE all [{entity}]><all>{item}{item}</all>"
        assert "entity declarations" in error_of(tmp_path, {"a.xml": text.encode()})


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "rows.parquet", "rows.json", "rows.xml"])
@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_is_an_error_that_says_so(name: str, content: bytes, tmp_path: Path) -> None:
    message = error_of(tmp_path, {name: content})
    assert message.startswith(f"dataset d: the file is empty ({name})")


@pytest.mark.parametrize("content", [b"[]", b"question,answer\n"])
def test_a_file_without_rows_is_empty_too(content: bytes, tmp_path: Path) -> None:
    assert "the file is empty" in error_of(tmp_path, {"rows.csv": content})


def test_an_empty_file_beside_others_is_told(tmp_path: Path) -> None:
    frame, reader = load(tmp_path, {"a.jsonl": b"", "b.jsonl": b"\n".join(lines(2))})
    assert frame["row"].to_list() == [0, 1]
    assert skipped(reader) == [(-1, "empty file")]


def test_a_lost_permission_costs_the_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"a.jsonl": b"\n".join(lines(2)), "b.jsonl": b"\n".join(lines(3))}
    for name, data in good.items():
        (tmp_path / name).write_bytes(data)
    opened = Path.open

    def refuse(path: Path, *args: object, **more: object) -> object:
        if path.name == "a.jsonl":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    reader = open_dataset(DatasetSpec(id="d", path=list(good)), tmp_path)
    assert pl.concat(reader.batches()).height == 3
    assert reader.skipped_rows.select("row", "reason", "detail").rows() == [
        (-1, "file unreadable", "Permission denied")
    ]


def test_where_nothing_can_be_read_the_reasons_are_told(tmp_path: Path) -> None:
    message = error_of(tmp_path, {"a.parquet": parquet(5)[:-9], "b.jsonl": b'{"a\n{"b\n'})
    assert "1 x file unreadable, 2 x invalid JSON" in message
    assert "a.parquet" in message


def test_where_no_field_is_a_prompt_the_fields_are_named(tmp_path: Path) -> None:
    content = "\n".join(json.dumps({"alpha": i, "meta": {"beta": "x"}}) for i in range(5)).encode()
    message = error_of(tmp_path, content)
    assert message.startswith("dataset d: no prompt found in any row")
    assert "[datasets.adapter] prompt" in message
    assert "meta.beta" in message


@pytest.mark.parametrize("path", ["nowhere.jsonl", "*.parquet", "../*/nowhere", "folder/**/*.json"])
def test_a_path_that_matches_nothing_is_named(path: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file matches"):
        open_dataset(DatasetSpec(id="d", path=path), tmp_path)


def test_a_dataset_without_a_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a path nor a Hub id"):
        open_dataset(DatasetSpec(id="d"), tmp_path)


def test_every_reason_is_explained_to_users() -> None:
    package = Path(rlvr_atlas.load.__file__).parent
    source = "".join(file.read_text() for file in sorted(package.glob("*.py")))
    reasons = re.findall(r'(?:BadRow\(|_skip\(source, number, )\s*"([^"]+)"', source)
    page = (Path(__file__).parents[2] / "docs" / "loading.md").read_text()
    assert len(set(reasons)) > 8
    assert [reason for reason in reasons if reason not in page] == []


def test_deep_nesting_is_a_bad_row_and_not_a_crash(tmp_path: Path) -> None:
    deep = b'{"question": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    frame, reader = load(tmp_path, b"\n".join([*lines(3), deep]))
    assert (frame.height, skipped(reader)) == (3, [(3, "invalid JSON")])


def test_every_row_is_either_read_or_skipped(tmp_path: Path) -> None:
    content = [
        line
        for i, line in enumerate(lines(5000))
        for line in (line, *list(BAD_LINES.values())[i % 7 : i % 7 + 1])
    ]
    content = [line for line in content if len(line) < 10_000]
    frame, reader = load(tmp_path, b"\n".join(content))
    assert sorted([*frame["row"], *reader.skipped_rows["row"]]) == list(range(len(content)))


@pytest.mark.parametrize("name", ["rows.tsv", "rows.jsonl", "rows.csv.zst"])
def test_a_broken_zstd_file_ends(name: str, tmp_path: Path) -> None:
    magic = bytes.fromhex("28b52ffd")
    content = magic + b"question\tanswer\r\n" + b'"How many ""doors""?"\t0\r\n' * 9
    assert "Dictionary mismatch" in error_of(tmp_path, {name: content})


def test_a_lone_quote_in_a_csv_file_costs_its_own_line_only(tmp_path: Path) -> None:
    lines = ["question,answer", *(f"{row['question']},{row['answer']}" for row in rows(12))]
    lines[4] = '"' + lines[4]
    frame, reader = load(tmp_path, {"a.csv": "\n".join(lines).encode()})
    assert frame["row"].to_list() == [row for row in range(12) if row != 3]
    assert skipped(reader) == [(3, "invalid CSV")]
    assert "line 5" in reader.skipped_rows["detail"][0]


def test_two_columns_of_one_name_are_two_columns_and_the_first_counts(tmp_path: Path) -> None:
    texts = [row["question"] for row in rows(9)]
    table = pa.table(
        [pa.array(texts), pa.array(["1"] * 9), pa.array(["2"] * 9)], names=["question", "answer", "answer"]
    )
    pq.write_table(table, tmp_path / "b.parquet")
    frame, _ = load(tmp_path, {"a.parquet": (tmp_path / "b.parquet").read_bytes()})
    assert frame["answer"].to_list() == ["1"] * 9


def test_values_that_python_has_none_for_cost_no_row(tmp_path: Path) -> None:
    texts = [row["question"] for row in rows(9)]
    times = pa.array([1_700_000_000_000_000_001] * 9, pa.timestamp("ns"))
    notes = pa.StructArray.from_arrays([times, pa.array(["7"] * 9)], names=["made", "answer"])
    # Old writers leave text without the mark that says so.
    columns = {"question": pa.array([text.encode() for text in texts]), "made": times, "extra_info": notes}
    pq.write_table(pa.table(columns), tmp_path / "b.parquet")
    frame, reader = load(tmp_path, {"a.parquet": (tmp_path / "b.parquet").read_bytes()})
    assert frame["question"].to_list() == texts
    assert frame["answer"].to_list() == ["7"] * 9
    assert skipped(reader) == []


def test_a_file_name_that_is_no_utf8_is_a_file_like_any_other(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jsonl")
    frame, reader = load(tmp_path, {name: b"".join(json.dumps(row).encode() + b"\n" for row in rows(9))})
    assert frame.height == 9
    assert len(reader.content_sha256) == 64
    reader.schemas.write_parquet(tmp_path / "schemas.parquet")


def test_a_csv_file_in_another_encoding_is_a_clear_error(tmp_path: Path) -> None:
    text = "question,answer\n" + "".join(f"{row['question']},{row['answer']}\n" for row in rows(9))
    assert "another encoding" in error_of(
        tmp_path, {"a.csv": text.replace("question", "Frage für").encode("latin-1")}
    )


@pytest.mark.parametrize("path", ["", "x" * 5000, "~nobody-at-all/x", "a\0b"])
def test_a_path_that_cannot_be_one_is_a_clear_error(tmp_path: Path, path: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines(9)))
    with pytest.raises(InputError):
        open_dataset(DatasetSpec(id="d", path=path), tmp_path)


def test_a_compressed_file_cut_before_its_first_line_is_not_called_empty(tmp_path: Path) -> None:
    assert "unreadable" in error_of(tmp_path, {"a.jsonl.gz": gzip.compress(b"\n".join(lines(9)))[:12]})
