"""Whatever a file is wrapped in: compressions, archives, encodings; and what is refused, by its name."""

import bz2
import csv
import gzip
import io
import json
import lzma
import pickle
import random
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr_atlas.errors import InputError

from .problems import check, load, problems


def jsonl() -> bytes:
    return "".join(json.dumps(row) + "\n" for row in problems()).encode()


def table(mark: str = ",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["question", "answer"], delimiter=mark)
    writer.writeheader()
    writer.writerows(problems())
    return text.getvalue().encode()


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(problems()), sink)
    return sink.getvalue()


def arrow() -> bytes:
    sink = io.BytesIO()
    data = pa.Table.from_pylist(problems())
    with pa.ipc.new_file(sink, data.schema) as writer:
        writer.write_table(data)
    return sink.getvalue()


FORMATS: dict[str, Callable[[], bytes]] = {
    "rows.jsonl": jsonl,
    "rows.json": lambda: json.dumps(problems(), indent=1).encode(),
    "rows.csv": table,
    "rows.tsv": lambda: table("\t"),
    "rows.parquet": parquet,
    "rows.arrow": arrow,
}


def lz4(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "lz4") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
    ".lz4": lz4,
}


def tar(members: dict[str, bytes], mode: str = "w", style: int = tarfile.PAX_FORMAT) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode, format=style) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # takes "" for a name too
    return sink.getvalue()


def refused(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(folder, name)
    return str(caught.value)


@pytest.mark.parametrize("ending", COMPRESS)
@pytest.mark.parametrize("name", FORMATS)
def test_a_compressed_file_is_read_whatever_it_is_called(name: str, ending: str, tmp_path: Path) -> None:
    data = COMPRESS[ending](FORMATS[name]())
    for called in (name + ending, "rows", "rows.json"):
        (tmp_path / called).write_bytes(data)
        if name.endswith((".csv", ".tsv")) and called == "rows.json":
            continue  # text in columns under a name that says otherwise
        check(load(tmp_path, called)[0])


@pytest.mark.parametrize("outer", COMPRESS)
@pytest.mark.parametrize("inner", COMPRESS)
def test_a_file_compressed_twice_is_read(inner: str, outer: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl.gz").write_bytes(COMPRESS[outer](COMPRESS[inner](jsonl())))
    check(load(tmp_path, "rows.jsonl.gz")[0])


def test_a_file_compressed_too_often_is_refused(tmp_path: Path) -> None:
    data = jsonl()
    for _ in range(5):
        data = gzip.compress(data)
    assert "compressed more than 4 times" in refused(tmp_path, "rows.jsonl.gz", data)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv", "rows.tsv"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-8-sig"])
def test_text_in_a_wide_encoding_is_read(name: str, encoding: str, tmp_path: Path) -> None:
    text = FORMATS[name]().decode()
    (tmp_path / name).write_bytes(text.encode(encoding))
    check(load(tmp_path, name)[0])
    (tmp_path / "packed.gz").write_bytes(gzip.compress(text.encode(encoding)))
    if "csv" not in name and "tsv" not in name:
        check(load(tmp_path, "packed.gz")[0])


def test_characters_outside_latin_survive_utf_16(tmp_path: Path) -> None:
    rows = [{"question": f"有多少 😀 是 {i} 的倍数,小于一百?", "answer": str(i)} for i in range(50)]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "a.jsonl").write_bytes(text.encode("utf-16"))
    frame, _ = load(tmp_path, "a.jsonl")
    assert frame["question"].to_list() == [row["question"] for row in rows]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("style", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["a.tar.gz", "a.tgz", "a.jsonl.gz", "a"])
def test_a_tar_is_opened_whatever_it_is_called(mode: str, style: int, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(tar({"set/train.jsonl": jsonl()}, mode, style))
    frame, reader = load(tmp_path, name)
    check(frame)
    assert reader.schemas["file"][0] == f"{name}/set/train.jsonl"
    assert set(frame["split"]) == {"train"}


@pytest.mark.parametrize("pack", [tar, zipped])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_from_an_archive(pack: object, name: str, tmp_path: Path) -> None:
    members = {"README.md": b"Notes.", f"data/{name}": FORMATS[name](), "__MACOSX/._rows": b"\0\0"}
    (tmp_path / "all.bin").write_bytes(pack(members))  # type: ignore[operator]
    check(load(tmp_path, "all.bin")[0])


def test_members_are_read_in_name_order_with_their_splits(tmp_path: Path) -> None:
    rows = jsonl().splitlines(keepends=True)
    members = {"test/a.jsonl": b"".join(rows[16:]), "notes.txt": b"x", "a/train-1.jsonl": b"".join(rows[:16])}
    for name, content in (("a.zip", zipped(members)), ("a.tar", tar(members))):
        (tmp_path / name).write_bytes(content)
        frame, _ = load(tmp_path, name)
        check(frame)
        assert frame["split"].to_list() == ["train"] * 16 + ["test"] * 8


def test_an_archive_inside_an_archive_is_opened(tmp_path: Path) -> None:
    inner = zipped({"rows.parquet": parquet()})
    (tmp_path / "a.tar.xz").write_bytes(lzma.compress(tar({"inner.zip": inner})))
    check(load(tmp_path, "a.tar.xz")[0])


def test_nothing_in_an_archive_is_written_outside(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.tar").write_bytes(tar({"../../evil.jsonl": jsonl(), "/evil2.jsonl": jsonl()}))
    load(folder, "a.tar")
    assert not list(tmp_path.rglob("evil*"))
    assert not Path("/evil2.jsonl").exists()


def test_a_cut_tar_is_reported(tmp_path: Path) -> None:
    whole = tar({"a.jsonl": jsonl(), "b.jsonl": jsonl() * 50})
    assert "a.tar" in refused(tmp_path, "a.tar", whole[: len(whole) // 2])


@pytest.mark.parametrize("image", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"\xff\xd8\xff" + b"x" * 40])
@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress])
def test_a_webdataset_is_one_row_for_each_stem(image: bytes, pack: object, tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for i, row in enumerate(problems()):
        members[f"{i:05}.jpg"] = image + bytes([i])
        members[f"{i:05}.json"] = json.dumps(row).encode()
    (tmp_path / "shard-0000.tar").write_bytes(pack(tar(members)))  # type: ignore[operator]
    frame, reader = load(tmp_path, "shard-0000.tar")
    check(frame)
    assert set(reader.schemas["format"]) == {"webdataset"}


def test_a_webdataset_of_text_files(tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for i, row in enumerate(problems()):
        members[f"a/{i:05}.question.txt"] = row["question"].encode()
        members[f"a/{i:05}.answer.txt"] = row["answer"].encode()
    (tmp_path / "a.tar").write_bytes(tar(members))
    frame, _ = load(tmp_path, "a.tar")
    assert frame["question"].to_list() == [row["question"] for row in problems()]


def test_a_broken_sample_costs_its_row(tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for i, row in enumerate(problems()):
        members[f"{i:05}.cls"] = b"1"
        members[f"{i:05}.json"] = b"{" if i == 5 else json.dumps(row).encode()
    (tmp_path / "a.tar").write_bytes(tar(members))
    frame, reader = load(tmp_path, "a.tar")
    assert frame["row"].to_list() == [i for i in range(24) if i != 5]
    assert reader.skipped_rows.select("row", "reason").rows() == [(5, "invalid JSON")]


def sqlite() -> bytes:
    with sqlite3.connect(":memory:") as base:
        base.execute("CREATE TABLE rows (question TEXT, answer TEXT)")
        base.executemany("INSERT INTO rows VALUES (:question, :answer)", problems())
        return base.serialize()


def array() -> bytes:
    sink = io.BytesIO()
    np.save(sink, np.arange(100))
    return sink.getvalue()


OFFICE = {"[Content_Types].xml": b"<Types/>", "xl/sheet1.xml": b"<a><q>How many, then?</q><b>1</b></a>"}
REFUSED: dict[str, tuple[bytes, str]] = {
    "a.pkl": (pickle.dumps(problems()), "pickle"),
    "a.sqlite": (sqlite(), "SQLite"),
    "a.npy": (array(), "NumPy"),
    "a.h5": (b"\x89HDF\r\n\x1a\n" + bytes(200), "HDF5"),
    "a.avro": (b"Obj\x01\x04\x14avro.codec", "Avro"),
    "a.orc": (b"ORC\x0a\x0b, and, so, on", "ORC"),
    "a.pdf": (b"%PDF-1.7\nHow, many, are\n1, 2, 3\n", "PDF"),
    "a.png": (b"\x89PNG\r\n\x1a\n,,,\n,,,", "image"),
    "a.jpg": (b"\xff\xd8\xff\xe0,a,b\n,c,d", "image"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c,,,", "7z"),
    "a.rar": (b"Rar!\x1a\x07\x00,,,", "RAR"),
    "a.xlsx": (zipped(OFFICE), "office program"),
    "a.jsonl": (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 12\n", "git lfs pull"),
    "a.csv": (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 12\n", "git lfs pull"),
    "a.json": (b"<!DOCTYPE html><html><body>404, not found</body></html>", "web page"),
    "a.html": (b"<html>\n<body>a, b</body></html>", "web page"),
    "a.yaml": (b"- question: How many, then?\n  answer: 1\n", "YAML"),
    "b.yml": (b"---\nquestion: How many, then, are 2?\n", "YAML"),
    "a.bin": (bytes(range(256)) * 8, "binary"),
    "b.csv": (b"a,b\n" + bytes(200) + b"1,2\n", "binary"),
    "a.txt": (b"Once upon a time, there was a problem.\nIt had no rows\n", "neither JSON, CSV nor XML"),
    "a.zip": (zipped({"a.png": b"\x89PNG", "b.txt": b"hello, world"}), "without a data file"),
    "b.zip": (zipped({}), "without a data file"),
    "a.tar": (tar({"a.py": b"print(1, 2)\n"}), "without a data file"),
    "a.gz": (gzip.compress(pickle.dumps(problems())), "pickle"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_by_its_name(name: str, tmp_path: Path) -> None:
    content, told = REFUSED[name]
    assert told in refused(tmp_path, name, content)


def test_what_is_refused_does_not_cost_the_other_files(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl())
    for name, (content, _) in REFUSED.items():
        (tmp_path / f"z{name}").write_bytes(content)
    frame, reader = load(tmp_path, "*.*")
    check(frame)
    assert set(reader.skipped_rows["row"]) == {-1}


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.jsonl": jsonl()}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + offset] |= 1
    assert "password" in refused(tmp_path, "a.zip", bytes(data))


@pytest.mark.parametrize("pack", [zipped, tar, lambda members: gzip.compress(tar(members))])
@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_archive_is_read_or_reported(pack: object, seed: int, tmp_path: Path) -> None:
    data = bytearray(pack({"a.jsonl": jsonl(), "b.csv": table()}))  # type: ignore[operator]
    rng = random.Random(seed)
    for _ in range(3):
        at = rng.randrange(40, len(data) - 20)
        data[at : at + 8] = rng.randbytes(8)
    (tmp_path / "a.zip").write_bytes(data)
    (tmp_path / "b.jsonl").write_bytes(jsonl())
    frame, reader = load(tmp_path, "a.zip", "b.jsonl")
    numbers = [*frame["row"], *(row for row in reader.skipped_rows["row"] if row >= 0)]
    assert sorted(numbers) == list(range(len(numbers)))
    assert frame.height >= 24


def test_archives_beside_tables_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(parquet())
    (tmp_path / "images.zip").write_bytes(zipped({"captions.json": b'[{"question": "How many are here?"}]'}))
    check(load(tmp_path, ".")[0])
    (tmp_path / "rows.parquet").unlink()
    assert load(tmp_path, ".")[0].height == 1
    assert load(tmp_path, "*.zip")[0].height == 1


def test_members_may_be_named_from_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar({"./data/train.jsonl": jsonl(), "./README.md": b"Notes."}))
    check(load(tmp_path, "a.tar")[0])


def test_a_member_without_a_name_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"rows.jsonl": jsonl(), "": b"nothing"}))
    check(load(tmp_path, "a.zip")[0])
