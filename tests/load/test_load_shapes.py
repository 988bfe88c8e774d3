"""Shapes of rows: text that is data, problems inside rows, splits and columns in folders, one table twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr_atlas.config import Adapter, DatasetSpec
from rlvr_atlas.load import open_dataset

from .problems import answers, check, load, problems, questions

Row = dict[str, Any]


def write(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    elif path.suffix == ".csv":
        pl.DataFrame(rows, infer_schema_length=None).write_csv(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def numpy(value: Any) -> str:
    return f"array([{str(value)[1:-1]}], dtype=object)"


def spaced(value: Any) -> str:
    return "[" + "\n ".join(map(str, value)) + "]"


TEXTS: dict[str, Callable[[Any], str]] = {
    "json": json.dumps, "indented": lambda v: json.dumps(v, indent=2), "python": str, "repr of a list": repr,
}  # fmt: skip
LISTS: dict[str, Callable[[Any], str]] = {**TEXTS, "numpy": numpy, "array without commas": spaced}


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.csv"])
@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("system", [True, False])
def test_messages_kept_as_text_are_opened(name: str, kind: str, system: bool, tmp_path: Path) -> None:
    first = [{"role": "system", "content": "You are 'helpful'.\nVery."}] * system
    rows = [
        {"prompt": LISTS[kind]([*first, {"role": "user", "content": p["question"]}]), "answer": p["answer"]}
        for p in problems()
    ]
    write(tmp_path / name, rows)
    check(load(tmp_path, name)[0])


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("field", ["reward_model", "verification_info", "reward_spec", "extra", "gold_info"])
def test_an_answer_inside_a_text_is_found(kind: str, field: str, tmp_path: Path) -> None:
    rows = [
        {"prompt": p["question"], field: TEXTS[kind]({"style": "rule", "ground_truth": p["answer"]})}
        for p in problems()
    ]
    write(tmp_path / "a.parquet", rows)
    check(load(tmp_path, "a.parquet")[0])


@pytest.mark.parametrize("kind", TEXTS)
def test_an_answer_two_texts_deep_is_found(kind: str, tmp_path: Path) -> None:
    pack = TEXTS[kind]
    rows = [{"prompt": p["question"], "info": pack({"v": pack({"answer": p["answer"]})})} for p in problems()]
    write(tmp_path / "a.jsonl", rows)
    check(load(tmp_path, "a.jsonl")[0])


@pytest.mark.parametrize("kind", TEXTS)
def test_a_whole_row_kept_as_text_is_opened(kind: str, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{"data": TEXTS[kind]({**p, "id": i})} for i, p in enumerate(problems())])
    check(load(tmp_path, "a.jsonl")[0])


@pytest.mark.parametrize("text", ["{}", "[]", "{", "{'a'", '{"a": }', "[{'a': 1}", "{'a': f()}", "{1}"])
def test_text_that_is_no_data_stays_text(text: str, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{**p, "answer": text} for p in problems()])
    frame, _ = load(tmp_path, "a.jsonl")
    assert set(frame["answer"]) == {text}


def test_a_question_about_data_stays_as_it_is(tmp_path: Path) -> None:
    rows = [{"question": f'{{"a": {i}}} is JSON. How many keys are there?', "answer": "1"} for i in range(24)]
    write(tmp_path / "a.jsonl", rows)
    assert load(tmp_path, "a.jsonl")[0]["question"].to_list() == [row["question"] for row in rows]


@pytest.mark.parametrize(("role", "said"), [("role", "content"), ("from", "value"), ("role", "text")])
@pytest.mark.parametrize("field", ["prompt", "messages", "conversations"])
@pytest.mark.parametrize("before", [0, 1])
def test_messages_as_one_list_for_each_part(
    role: str, said: str, field: str, before: int, tmp_path: Path
) -> None:
    rows = [
        {
            field: {
                role: [*["system"] * before, "user", "assistant"],
                said: [*["Be brief."] * before, p["question"], f"I say \\boxed{{{p['answer']}}}."],
            },
            "answer": p["answer"],
        }
        for p in problems()
    ]
    for name in ("a.parquet", "a.jsonl"):
        write(tmp_path / name, rows)
        check(load(tmp_path, name)[0])


def test_options_and_answers_as_structs_of_lists(tmp_path: Path) -> None:
    rows = [
        {
            "question": p["question"],
            "choices": {"label": ["A", "B", "C"], "text": ["many", p["answer"], "none"]},
            "answers": {"text": [p["answer"]], "answer_start": [3]},
        }
        for p in problems()
    ]
    write(tmp_path / "a.parquet", rows)
    frame, _ = load(tmp_path, "a.parquet")
    check(frame)
    assert frame["options"][0].to_list() == ["many", "8", "none"]


def squad(rows: list[Row]) -> Any:
    def entry(p: Row) -> Row:
        return {"question": p["question"], "id": "x", "answers": [{"text": p["answer"], "answer_start": 0}]}

    paragraphs = [{"qas": [entry(p) for p in rows[at : at + 4]]} for at in range(0, 24, 4)]
    return {
        "version": "1",
        "data": [{"title": "A", "paragraphs": paragraphs[:3]}, {"title": "B", "paragraphs": paragraphs[3:]}],
    }


def exam(rows: list[Row]) -> Any:
    return [{"exam": f"Exam {n}", "year": 2020, "problems": rows[n * 8 : n * 8 + 8]} for n in range(3)]


def sections(rows: list[Row]) -> Any:
    return {
        "name": "Book",
        "chapters": [{"name": "One", "sections": [{"exercises": rows[:10]}, {"exercises": rows[10:]}]}],
    }


def side_by_side(rows: list[Row]) -> Any:
    return [
        {"id": n, "questions": [p["question"] for p in part], "answers": [p["answer"] for p in part]}
        for n, part in ((n, rows[n * 6 : n * 6 + 6]) for n in range(4))
    ]


def columns_inside(rows: list[Row]) -> Any:
    return [
        {"topic": "A", "qas": {name: [p[name] for p in rows[n : n + 8]] for name in ("question", "answer")}}
        for n in range(0, 24, 8)
    ]


def as_text(rows: list[Row]) -> Any:
    return [{"topic": "A", "items": json.dumps(rows[n : n + 8])} for n in range(0, 24, 8)]


def chats(rows: list[Row]) -> Any:
    return [
        {
            "set": n,
            "samples": [
                {"messages": [{"role": "user", "content": p["question"]}], "answer": p["answer"]}
                for p in rows[n : n + 8]
            ],
        }
        for n in range(0, 24, 8)
    ]


def uneven(rows: list[Row]) -> Any:
    return [
        {"unit": "A", "tasks": rows[:1]},
        {"unit": "B", "tasks": rows[1:20]},
        {"unit": "C", "tasks": rows[20:]},
    ]


def other_names(rows: list[Row]) -> Any:
    return [
        {
            "title": "t",
            "items": [{"problem": p["question"], "final_answer": p["answer"]} for p in rows[n : n + 2]],
        }
        for n in range(0, 24, 2)
    ]


def alone(rows: list[Row]) -> Any:
    return {"meta": {"made": "today"}, "content": {"x": 1}, "questions": rows}


NESTED = [squad, exam, sections, side_by_side, columns_inside, as_text, chats, uneven, other_names, alone]


@pytest.mark.parametrize("shape", NESTED)
@pytest.mark.parametrize("indent", [None, 2])
def test_each_problem_inside_a_row_is_a_row(shape: Callable[..., Any], indent: int, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(shape(problems()), indent=indent))
    check(load(tmp_path, "a.json")[0])


@pytest.mark.parametrize("shape", [exam, side_by_side, columns_inside, uneven, other_names])
@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
def test_nested_problems_in_tables_and_lines(shape: Callable[..., Any], name: str, tmp_path: Path) -> None:
    write(tmp_path / name, shape(problems()))
    check(load(tmp_path, name)[0])


def test_a_passage_goes_with_each_of_its_questions(tmp_path: Path) -> None:
    rows = [
        {"context": f"The barn of farm {n} holds hay and oats.", "qas": problems()[n * 8 : n * 8 + 8]}
        for n in range(3)
    ]
    (tmp_path / "a.json").write_text(json.dumps({"data": rows}))
    frame, _ = load(tmp_path, "a.json")
    assert frame["question"][9] == f"The barn of farm 1 holds hay and oats. {questions()[9]}"
    assert frame["answer"].to_list() == answers()


OWN: list[Row] = [
    {"similar": [{"question": "How many are there now?", "answer": "1"}] * 3},
    {"tests": [{"input": "1 2 3 4 5 6 7 8", "output": "3"}] * 5},
    {"few_shot": [{"question": "How many are there?", "answer": "2"}] * 4},
    {"questions": ["How many are left?", "How many were there before?"]},
]


@pytest.mark.parametrize("more", OWN)
def test_a_row_with_a_problem_of_its_own_stays_one_row(more: Row, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{**p, **more} for p in problems()])
    check(load(tmp_path, "a.jsonl")[0])


FOLDERS = {
    "x/{}/data-00000-of-00001.arrow": "save_to_disk", "{}/0000.parquet": "converted",
    "{}/part-1.jsonl": "lines", "{}_set/a.csv": "words", "data/{}/more/a.jsonl": "deeper",
    "math-{}/a.parquet": "names",
    "split={}/part-0.parquet": "hive", "lang=en/split={}/a.jsonl": "hive, deeper",
}  # fmt: skip


@pytest.mark.parametrize("pattern", FOLDERS)
@pytest.mark.parametrize("names", [("test", "train"), ("dev", "validation"), ("testing", "training")])
def test_the_split_is_read_off_the_folder(pattern: str, names: tuple[str, str], tmp_path: Path) -> None:
    rows = problems()
    for name, part in zip(names, (rows[:8], rows[8:]), strict=True):
        path = tmp_path / pattern.format(name)
        if path.suffix == ".arrow":
            path.parent.mkdir(parents=True)
            data = pa.Table.from_pylist(part)
            with pa.ipc.new_stream(str(path), data.schema) as writer:
                writer.write_table(data)
        else:
            write(path, part)
    frame, _ = load(tmp_path, ".")
    wanted = [name if "split=" in pattern else name.removesuffix("ing") for name in names]
    assert frame["split"].to_list() == [wanted[0]] * 8 + [wanted[1]] * 16
    assert sorted(frame["question"]) == sorted(questions())


def test_one_split_of_a_saved_dict_knows_its_name(tmp_path: Path) -> None:
    write(tmp_path / "x" / "test" / "data-00000-of-00001.jsonl", problems())
    (tmp_path / "x" / "dataset_dict.json").write_text('{"splits": ["test"]}')
    assert set(load(tmp_path, "x/test")[0]["split"]) == {"test"}


def test_a_folder_above_all_files_says_nothing(tmp_path: Path) -> None:
    write(tmp_path / "train" / "a.jsonl", problems())
    assert load(tmp_path, "train")[0]["split"].null_count() == 24


def test_folders_of_a_partition_are_columns(tmp_path: Path) -> None:
    for number, source in enumerate(["gsm8k", "my%20set", "__HIVE_DEFAULT_PARTITION__"]):
        write(tmp_path / f"source={source}" / "a.parquet", problems()[number * 8 : number * 8 + 8])
    frame, _ = load(tmp_path, ".")
    assert set(frame["declared_source"]) == {"gsm8k", "my set", None}
    assert frame.filter(declared_source="my set").height == 8


def test_the_digest_changes_with_a_folder_that_tells_the_split(tmp_path: Path) -> None:
    digests = set()
    for names in (("a", "b"), ("train", "test"), ("test", "train")):
        folder = tmp_path / "-".join(names)
        for name, part in zip(names, (problems()[:8], problems()[8:]), strict=True):
            write(folder / name / "rows.jsonl", part)
        digests.add(load(folder, ".")[1].content_sha256)
    assert len(digests) == 3


TWICE = [
    ("a.jsonl", "a.parquet"), ("a.csv", "a.jsonl"), ("a.json", "a.csv"), ("json/a.json", "parquet/a.parquet"),
    ("csv/train.csv", "jsonl/train.jsonl"), ("x/a.csv", "x/a.json"), ("A.jsonl", "A.csv"),
    ("train-0.parquet", "train-0.jsonl"), ("a.b.jsonl", "a.b.csv"), ("data/csv/t.csv", "data/t.parquet"),
]  # fmt: skip


@pytest.mark.parametrize("names", TWICE, ids=" ".join)
def test_a_table_in_two_formats_is_read_once(names: tuple[str, str], tmp_path: Path) -> None:
    for name in names:
        write(tmp_path / name, problems())
    frame, reader = load(tmp_path, ".")
    check(frame)
    assert reader.skipped_rows.select("row", "reason").rows() == [(-1, "same table")]


def test_two_tables_of_one_name_are_both_read(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", problems()[:12])
    write(tmp_path / "a.csv", problems()[12:])
    assert load(tmp_path, ".")[0].height == 24
    write(tmp_path / "a.csv", problems()[:11])
    assert load(tmp_path, ".")[0].height == 23


def test_two_files_that_are_both_named_are_both_read(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.csv"):
        write(tmp_path / name, problems())
    assert load(tmp_path, "a.jsonl", "a.csv")[0].height == 48


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.parquet", "a.csv"])
@pytest.mark.parametrize("first", [1, 2100, 4500, 8990])
def test_a_field_that_appears_late_is_found(name: str, first: int, tmp_path: Path) -> None:
    rows: list[Row] = [{"question": p["question"]} for p in problems(9000)]
    for row, answer in zip(rows[first:], answers(9000)[first:], strict=True):
        row["answer"] = answer
    if name in ("a.parquet", "a.csv"):
        rows = [{"question": row["question"], "answer": row.get("answer")} for row in rows]
    write(tmp_path / name, rows)
    frame, _ = load(tmp_path, name)
    assert frame["answer"].count() == 9000 - first


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.parquet"])
def test_a_second_kind_of_row_in_the_middle_is_found(name: str, tmp_path: Path) -> None:
    rows: list[Row] = [{"question": p["question"], "problem": None} for p in problems(9000)]
    for row in rows[4000:5000]:
        row["problem"], row["question"] = row["question"], None
    write(tmp_path / name, rows)
    assert load(tmp_path, name)[0]["question"].to_list() == questions(9000)


def adapted(folder: Path, prompt: str) -> list[str]:
    spec = DatasetSpec(id="d", path="a.jsonl", adapter=Adapter(prompt=prompt))
    return pl.concat(open_dataset(spec, folder).batches())["question"].to_list()


def test_a_recipe_may_speak_of_the_rows_as_they_are_stored(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", exam(problems()))
    assert adapted(tmp_path, "question") == questions()
    assert adapted(tmp_path, "problems[1].question") == [questions()[at] for at in (1, 9, 17)]
    assert adapted(tmp_path, "exam") == [f"Exam {n // 8}" for n in range(24)]


_ASKED = "Which of these numbers is a prime?"
_LISTED = [{"label": "A", "text": "9"}, {"label": "B", "text": "11"}]


@pytest.mark.parametrize(
    "row",
    [
        {"question": _ASKED, "answer": "B", "options": _LISTED},
        {"question": _ASKED, "answer": "B", "choices": _LISTED},
        {"text": _ASKED, "answer": "B", "options": _LISTED},
        {"problem": _ASKED, "tests": [{"input": "1", "output": "2"}, {"input": "3", "output": "4"}]},
        {
            "prompt": _ASKED,
            "solutions": [{"text": "It is 11.", "language": "en"}],
            "hints": [{"text": "Try 3."}],
        },
        {"instruction": _ASKED, "sources": [{"title": "Primes", "url": "a"}], "answer": "B"},
        {"messages": [{"role": "user", "content": _ASKED}], "tools": [{"name": "python"}]},
        {"messages": [{"role": "user", "content": _ASKED}], "tests": [{"input": "1"}]},
        {"conversations": [{"from": "human", "value": _ASKED}], "images": [{"path": "a.png"}], "id": 1},
    ],
)
@pytest.mark.parametrize("name", ["one.jsonl", "one.json"])
def test_a_file_of_one_row_is_that_row(row: Row, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(json.dumps(row) + "\n")
    rows, _ = load(tmp_path, name)
    assert rows["question"].to_list() == [_ASKED]
    if "options" in row or "choices" in row:
        assert rows["options"].to_list() == [["9", "11"]]
        assert rows["answer"].to_list() == ["B"]


@pytest.mark.parametrize(
    "around",
    [
        {"version": "1.0", "description": "A set of sums for everybody."},
        {"text": "What is in this file, in a few words."},
        {"prompt": "Answer each of these with one number.", "license": "MIT"},
        {"question": "Answer each of these with one number."},
    ],
)
def test_an_object_around_a_list_of_problems_is_no_row(around: Row, tmp_path: Path) -> None:
    inside = [{"question": f"How much is {n} + {3 * n}?", "answer": str(4 * n)} for n in range(9)]
    (tmp_path / "a.json").write_text(json.dumps({**around, "data": inside}))
    assert load(tmp_path, "a.json")[0]["question"].to_list() == [row["question"] for row in inside]
