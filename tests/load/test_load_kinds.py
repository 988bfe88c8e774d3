"""More files of the kinds that people bring: containers, encodings, and tables that are there twice."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from .problems import check, load, problems
from .test_load_containers import jsonl, parquet, refused, table, tar, zipped


def lines(rows: list[Any]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def test_a_member_of_an_archive_may_be_named_from_the_folder_above(tmp_path: Path) -> None:
    halves = {"../a.jsonl": lines(problems()[:12]), "/b/b.jsonl": lines(problems()[12:])}
    for name, pack in (("a.tar", tar), ("a.zip", zipped)):
        (tmp_path / name).write_bytes(pack(halves))
        check(load(tmp_path, name)[0])


@pytest.mark.parametrize(
    ("question", "answer"),
    [("question.txt", "answer.txt"), ("problem", "answer"), ("question.json", "answer.json"), ("txt", "cls")],
)
def test_a_sample_has_a_field_for_each_member(question: str, answer: str, tmp_path: Path) -> None:
    as_text = json.dumps if question.endswith("json") else str
    members = {}
    for number, row in enumerate(problems()):
        members[f"{number:04}.{question}"] = as_text(row["question"]).encode()
        members[f"{number:04}.{answer}"] = as_text(row["answer"]).encode()
    if answer == "cls":
        members |= {f"{number:04}.answer": row["answer"].encode() for number, row in enumerate(problems())}
    (tmp_path / "a.tgz").write_bytes(gzip.compress(tar(dict(sorted(members.items())))))
    check(load(tmp_path, "a.tgz")[0])


def test_the_key_of_a_sample_is_no_answer(tmp_path: Path) -> None:
    members = {}
    for number, row in enumerate(problems()):
        members[f"{number:04}.png"] = b"\x89PNG\r\n\x1a\n" + bytes([number])
        members[f"{number:04}.txt"] = row["question"].encode()
    (tmp_path / "a.tar").write_bytes(tar(members))
    frame, _ = load(tmp_path, "a.tar")
    assert frame["answer"].null_count() == 24
    assert frame["attachments"].n_unique() == 24


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("first", ["sep={}\n", '"sep={}"\r\n', "SEP={}\n"])
def test_a_first_line_that_tells_the_separator_is_no_header(mark: str, first: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(first.format(mark).encode() + table(mark))
    check(load(tmp_path, "a.csv")[0])


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso-8859-1", "utf-8", "gb18030", "utf-7"]
)
def test_xml_in_the_encoding_that_it_declares(encoding: str, tmp_path: Path) -> None:
    declared = encoding.removesuffix("-le").removesuffix("-be").upper()
    body = "".join(
        f"<p><question>{row['question']}</question><answer>{row['answer']}</answer><by>Zoë</by></p>"
        for row in problems()
    )
    text = f'<?xml version="1.0" encoding="{declared}"?>\n<all>{body}</all>'
    (tmp_path / "a.xml").write_bytes(text.encode(encoding))
    check(load(tmp_path, "a.xml")[0])


@pytest.mark.parametrize("encoding", ["GBK", "Shift_JIS", "EUC-KR", "klingon", "ascii", "hex", "utf-16"])
def test_xml_that_is_not_in_the_encoding_that_it_declares_is_refused(encoding: str, tmp_path: Path) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><all><p><question>How? é'.encode("latin-1")
    assert "encoding" in refused(tmp_path, "a.xml", text) or encoding == "utf-16"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"\n<HTML><head></head>\n<body>404, not found</body></HTML>", "web page"),
        ("a.tsv", b"<!DOCTYPE html>\n<html><body>\nHow many, then?\t1\n</body></html>", "web page"),
        ("a.toml", b"[problem]\nquestion = 'How many, then?'\n", "TOML"),
        ("a.yaml", b"{question: How many are there, answer: 2}\n", "YAML"),
    ],
)
def test_more_that_is_refused_by_its_name(name: str, content: bytes, told: str, tmp_path: Path) -> None:
    assert told in refused(tmp_path, name, content)


def test_records_in_a_list_on_one_line_are_rows_each(tmp_path: Path) -> None:
    rows = problems()
    batches = [rows[:5], rows[5:6], rows[6:20], rows[20:]]
    stored = {
        "a.jsonl": lines([batch if len(batch) > 1 else batch[0] for batch in batches]),
        "b.json": json.dumps([*batches[:1], rows[5], *batches[2:]]).encode(),
        "c.json": b"// exported on Monday\n" + json.dumps(rows).encode(),
    }
    for name, content in stored.items():
        (tmp_path / name).write_bytes(content)
        frame, _ = load(tmp_path, name)
        assert frame["question"].to_list() == [row["question"] for row in rows]
        assert frame["answer"].to_list() == [row["answer"] for row in rows]


def test_a_list_of_messages_on_one_line_is_one_row(tmp_path: Path) -> None:
    talks = [[{"role": "system", "content": "Be kind."}, {"role": "user", "content": row["question"]}]
             for row in problems()]  # fmt: skip
    (tmp_path / "a.jsonl").write_bytes(lines(talks))
    assert load(tmp_path, "a.jsonl")[0].height == 24


_HALF = (problems()[:12], problems()[12:])
SHARDS = {
    "shards beside the whole": {
        "train-00000-of-00002.jsonl": lines(_HALF[0]), "train-00001-of-00002.jsonl": lines(_HALF[1]),
        "train.parquet": parquet(),
    },
    "shards in their folder": {
        "data/train-0-of-2.jsonl": lines(_HALF[0]), "data/train-1-of-2.jsonl": lines(_HALF[1]),
        "train.json": json.dumps(problems()).encode(),
    },
    "one shard": {"data/test-00000-of-00001.parquet": parquet(), "test.csv": table()},
    "other numbers of shards": {
        "a-1-of-2.jsonl": lines(_HALF[0]), "a-2-of-2.jsonl": lines(_HALF[1]), "a-0-of-1.csv": table(),
    },
    "compressed beside plain": {"a.jsonl": jsonl(), "a.jsonl.gz": gzip.compress(jsonl())},
    "a copy in the folder of its format": {"json/a.json": json.dumps(problems()).encode(),
                                           "a.json": json.dumps(problems(), indent=1).encode()},
}  # fmt: skip


@pytest.mark.parametrize("kind", SHARDS)
def test_a_table_that_is_there_twice_is_read_once(kind: str, tmp_path: Path) -> None:
    for name, content in SHARDS[kind].items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    frame, reader = load(tmp_path, ".")
    check(frame)
    assert set(reader.skipped_rows["reason"]) == {"same table"}


def test_a_table_that_goes_on_is_another_one(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(problems(100)))
    (tmp_path / "a.csv").write_bytes(b"question,answer\n" + b"".join(
        f'"{row["question"]}",{row["answer"]}\n'.encode() for row in problems(130)
    ))  # fmt: skip
    assert load(tmp_path, ".")[0].height == 230


def test_shards_of_which_some_are_missing_are_no_copy(tmp_path: Path) -> None:
    (tmp_path / "train-00000-of-00003.jsonl").write_bytes(lines(problems()))
    (tmp_path / "train.parquet").write_bytes(parquet())
    assert load(tmp_path, ".")[0].height == 48
