"""Which field is what, by names of many languages and kinds of task; gold answers of any length."""

import json
from pathlib import Path
from typing import Any

import pytest

from .problems import answers, check, load, problems, questions

Row = dict[str, Any]


def write(path: Path, rows: list[Row]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


NAMES = [
    ("pregunta", "respuesta"), ("Problema", "Respuesta"), ("enunciado", "gabarito"), ("pergunta", "resposta"),
    ("énoncé", "réponse"), ("Frage", "Antwort"), ("domanda", "risposta"), ("вопрос", "ответ"),
    ("задача", "ответ"),
    ("题干", "正确答案"), ("問題", "正解"), ("질문", "정답"), ("câu_hỏi", "đáp_án"), ("السؤال", "الجواب"),
    ("soru", "cevap"), ("pertanyaan", "jawaban"), ("claim", "verdict"), ("hypothesis", "label"),
    ("nl_question", "answer"), ("Ejercicio", "answer"), ("vraag", "antwoord"), ("प्रश्न", "उत्तर"),
]  # fmt: skip


@pytest.mark.parametrize("names", NAMES, ids="-".join)
@pytest.mark.parametrize("distracting", [True, False])
def test_fields_are_known_in_many_languages(
    names: tuple[str, str], distracting: bool, tmp_path: Path
) -> None:
    more = {"id": "x17", "comment": "Checked by two people in the spring."} if distracting else {}
    write(
        tmp_path / "a.jsonl", [{names[0]: p["question"], names[1]: p["answer"], **more} for p in problems()]
    )
    check(load(tmp_path, "a.jsonl")[0])


@pytest.mark.parametrize(
    ("first", "second"), [("premise", "hypothesis"), ("evidence", "claim"), ("passage", "claim")]
)
def test_a_claim_comes_with_what_it_is_judged_by(first: str, second: str, tmp_path: Path) -> None:
    rows = [
        {first: f"In town {i} live {i + 40} people.", second: f"Town {i} has {i} people.", "label": "yes"}
        for i in range(24)
    ]
    write(tmp_path / "a.jsonl", rows)
    frame, _ = load(tmp_path, "a.jsonl")
    assert frame["question"].to_list() == [f"{row[first]} {row[second]}" for row in rows]


def query(i: int, long: bool) -> str:
    more = " AND id IN (SELECT max(id) FROM other WHERE year > 1990 GROUP BY kind HAVING count(*) > 3)" * 2
    return f"SELECT name, count(*) FROM t{i} WHERE x > {i}{more * long} ORDER BY name"


def program(i: int) -> str:
    lines = "\n".join(f"    total += value * {n}  # step {n}" for n in range(12))
    return f"def solve_{i}(value):\n    total = {i}\n{lines}\n    return total"


def option(i: int) -> str:
    return f"The {i}th holding, namely that a court may not look beyond the four corners of the deed, " * 2


SQL_NAMES = [
    "SQL",
    "sql",
    "gold_sql",
    "sql_query",
    "query",
    "answer",
    "ground_truth",
    "target",
    "output",
    "gold",
]


@pytest.mark.parametrize("name", SQL_NAMES)
@pytest.mark.parametrize("long", [True, False])
def test_a_query_is_the_answer_under_any_name(name: str, long: bool, tmp_path: Path) -> None:
    rows = [{"question": q, "db_id": f"db{i}", name: query(i, long)} for i, q in enumerate(questions())]
    write(tmp_path / "a.jsonl", rows)
    frame, _ = load(tmp_path, "a.jsonl")
    assert frame["question"].to_list() == questions()
    assert frame["answer"].to_list() == [query(i, long) for i in range(24)]
    assert set(frame["answer_kind"]) == {"final"}


@pytest.mark.parametrize("long", [True, False])
@pytest.mark.parametrize("place", ["reward_spec", "reward_model", "verification_info", "extra_info"])
def test_a_nested_gold_is_an_answer_however_long(long: bool, place: str, tmp_path: Path) -> None:
    for make in (lambda i: query(i, long), program, option):
        rows = [
            {"prompt": [{"role": "user", "content": q}], place: {"ground_truth": make(i), "method": "x"}}
            for i, q in enumerate(questions())
        ]
        write(tmp_path / "a.jsonl", rows)
        frame, _ = load(tmp_path, "a.jsonl")
        assert frame["answer"].to_list() == [make(i) for i in range(24)]
        assert set(frame["answer_kind"]) == {"final"}


@pytest.mark.parametrize("name", ["answer", "correct_answer", "target", "label", "gold", "correct_option"])
def test_the_long_text_of_an_option_is_an_answer(name: str, tmp_path: Path) -> None:
    rows = [
        {"question": q, "choices": [option(i), option(i + 1), option(i + 2)], name: option(i + 1)}
        for i, q in enumerate(questions())
    ]
    write(tmp_path / "a.jsonl", rows)
    frame, _ = load(tmp_path, "a.jsonl")
    assert frame["answer"].to_list() == [option(i + 1) for i in range(24)]
    assert set(frame["answer_kind"]) == {"final"}


def test_a_worked_solution_stays_one(tmp_path: Path) -> None:
    worked = "We count the things one after another and put them into bags. " * 4
    endings = ["#### {}", "The answer is {}.", "So \\boxed{{{}}} it is.", "答案是{}。"]
    for ending in endings:
        for name in ("answer", "ground_truth", "solution", "output"):
            rows = [
                {"question": p["question"], name: worked + ending.format(p["answer"])} for p in problems()
            ]
            write(tmp_path / "a.jsonl", rows)
            frame, _ = load(tmp_path, "a.jsonl")
            assert set(frame["answer_kind"]) == {"solution"}, (ending, name)


SPEAKERS = [
    ("User", "Assistant"), ("Question", "Answer"), ("Q", "A"), ("Human", "Assistant"),
    ("Problem", "Solution"),
    ("Instruction", "Response"), ("### Instruction", "### Response"), ("Input", "Output"), ("问题", "答案"),
    ("Query", "Answer"), ("USER", "ASSISTANT"),
]  # fmt: skip


@pytest.mark.parametrize("names", SPEAKERS, ids="-".join)
@pytest.mark.parametrize("between", ["\n", "\n\n", " \n \n"])
@pytest.mark.parametrize("field", ["text", "instruction,output"])
def test_a_short_answer_behind_its_question_is_an_answer(
    names: tuple[str, str], between: str, field: str, tmp_path: Path
) -> None:
    rows = [{field: f"{names[0]}: {p['question']}{between}{names[1]}: {p['answer']}"} for p in problems()]
    write(tmp_path / "a.jsonl", rows)
    frame, _ = load(tmp_path, "a.jsonl")
    check(frame)
    assert set(frame["answer_kind"]) == {"final"}


def test_a_long_answer_behind_its_question_is_a_solution(tmp_path: Path) -> None:
    worked = "We count the things one after another. " * 4
    rows = [{"text": f"User: {p['question']}\nAssistant: {worked} #### {p['answer']}"} for p in problems()]
    write(tmp_path / "a.jsonl", rows)
    frame, _ = load(tmp_path, "a.jsonl")
    assert frame["question"].to_list() == questions()
    assert set(frame["answer_kind"]) == {"solution"}


IDS: list[list[Any]] = [
    ["doc_1", "doc_22", "doc_333"], ["Q42", "Q1971", "Q5"], ["a3f9c0de11", "77bb01fa90", "0c0ffee123"],
    [10234, 20411, 99120], ["https://a.example/1", "https://a.example/2"], ["p-0012", "p-0013"],
    ["wiki/17", "wiki/18", "wiki/19"], ["550e8400-e29b-41d4-a716-446655440000"] * 3, ["10234", "20411"],
    [f"word {n}" for n in range(60)], ["item:12", "item:14"],
]  # fmt: skip


@pytest.mark.parametrize("ids", IDS, ids=lambda ids: str(ids[0]))
def test_candidates_that_hold_ids_are_no_options(ids: list[Any], tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{**p, "candidates": ids} for p in problems()])
    frame, _ = load(tmp_path, "a.jsonl")
    assert frame["options"].null_count() == 24


OPTIONS: list[list[Any]] = [
    ["8 lamps", "9 lamps", "none"], ["12", "15", "18"], [1, 2, 3], ["10000", "20000"], ["x = 2", "x"],
    ["A) one", "B) two"], ["$x^2$", "$x^3$"], ["yes", "no"], ["H2O", "CO2", "O2"], ["1990", "1991", "1992"],
]  # fmt: skip


@pytest.mark.parametrize("texts", OPTIONS, ids=lambda texts: str(texts[0]))
def test_options_are_options(texts: list[Any], tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{**p, "options": texts} for p in problems()])
    frame, _ = load(tmp_path, "a.jsonl")
    assert frame["options"][0].to_list() == [str(text) for text in texts]
    assert frame["answer"].to_list() == answers()
