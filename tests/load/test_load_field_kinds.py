"""More fields of the kinds that people bring: weak names, long answers, verdicts, names in "
"other languages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from .problems import answers, load, questions


def read(folder: Path, **fields: Callable[[int], Any]) -> pl.DataFrame:
    rows = [
        {"question": text} | {name: value(number) for name, value in fields.items()}
        for number, text in enumerate(questions())
    ]
    return read_rows(folder, rows)


def read_rows(folder: Path, rows: list[dict[str, Any]]) -> pl.DataFrame:
    (folder / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return load(folder, "a.jsonl")[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", "math-{:04}"), ("key", "ab{:038x}"), ("label", "algebra"), ("result", "passed"),
        ("key", "q/{}"),
        ("value", "https://example.org/{}"), ("__key__", "{:05}"), ("label", "row_{:03}"),
        ("result", "0000{:04}-0000-4000-8000-000000000000"), ("label", "train_{:02}"),
        ("__index_level_0__", "{}"),
    ],
)  # fmt: skip
def test_an_id_or_one_word_for_all_is_no_answer(name: str, value: str, tmp_path: Path) -> None:
    assert read(tmp_path, **{name: value.format})["answer"].null_count() == 24


@pytest.mark.parametrize("name", ["key", "label", "result", "value"])
def test_a_weak_name_still_holds_the_answer_where_it_differs(name: str, tmp_path: Path) -> None:
    assert read(tmp_path, **{name: answers().__getitem__})["answer"].to_list() == answers()


LONG = {
    "option": "The contract is void because the seller of lamp {} did not deliver the goods "
    "within the time that "
              "the parties had agreed on, so the buyer may demand the price back.",
    "option that concludes": "Yes, since the tenant of room {} gave notice in writing and kept "
    "paying the rent to the "
                             "end of the month; therefore the deposit is due at once.",
    "program": "def solve(n):\n    # therefore we add, because the sum is asked for\n    total = {}\n"
               "    for k in range(n):\n        total += k\n    return total\n\nprint(solve(int(input())))\n",
    "query": "SELECT name FROM singer JOIN concert ON singer.id = concert.sid WHERE age > {} "
    "AND place = 'so the "
             "answer is' GROUP BY name HAVING count(*) > 3 ORDER BY count(*) DESC LIMIT 5",
    "grid": "[[1, 2, 3, {}], " + "[4, 5, 6, 7], " * 12 + "[8, 9, 1, 2]]",
}  # fmt: skip
SURE = ["ground_truth", "correct_answer", "correct_option", "gold_answer", "reference_answer", "final_answer"]


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("name", SURE)
def test_a_long_gold_is_an_answer_where_its_field_says_so(name: str, kind: str, tmp_path: Path) -> None:
    frame = read(tmp_path, **{name: lambda number: LONG[kind].replace("{}", str(number))})
    assert set(frame["answer_kind"]) == {"final"}
    assert frame["answer"].n_unique() == 24


@pytest.mark.parametrize("claim", ["claim", "statement", "hypothesis", "assertion"])
@pytest.mark.parametrize("told", ["label", "truth", "verdict", "veracity"])
def test_true_and_false_are_answers_to_a_claim(claim: str, told: str, tmp_path: Path) -> None:
    rows = [{claim: f"The number {7 * n + 3} is a prime.", told: n % 3 == 0} for n in range(24)]
    assert set(read_rows(tmp_path, rows)["answer"]) == {"true", "false"}


def test_a_flag_beside_a_question_is_no_answer(tmp_path: Path) -> None:
    assert (
        read(tmp_path, label=lambda n: n % 2 == 0, correct=lambda n: n % 3 == 0)["answer"].null_count() == 24
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("testo", "soluzione"), ("quesito", "risposta_corretta"), ("zadanie", "rozwiązanie"),
        ("soru", "doğru_cevap"),
        ("問題文", "正答"), ("السؤال", "الإجابة_الصحيحة"), ("условие", "правильный_ответ"),
        ("énoncé", "bonne_réponse"),
        ("Frage", "richtige_Antwort"), ("pregunta_texto", "respuesta_final"), ("fråga", "svar"),
        ("питання", "відповідь"),
        ("โจทย์", "คำตอบ"), ("ερώτηση", "απάντηση"), ("שאלה", "תשובה"), ("سوال", "پاسخ"),
        ("bài_toán", "đáp_án"),
    ],
)  # fmt: skip
def test_names_in_other_languages(first: str, second: str, tmp_path: Path) -> None:
    rows = [{first: text, second: answer} for text, answer in zip(questions(), answers(), strict=True)]
    frame = read_rows(tmp_path, rows)
    assert frame["question"].to_list() == questions()
    assert frame["answer"].to_list() == answers()


@pytest.mark.parametrize(
    "text", ["{:08}-1111-4000-8000-000000000000", "doc_{}", "7067{:03}", "Q{:04}", "https://example.org/{}"]
)
def test_candidates_that_are_ids_are_no_options(text: str, tmp_path: Path) -> None:
    frame = read(tmp_path, candidates=lambda n: [text.format(3 * n + k) for k in range(4)])
    assert frame["options"].null_count() == 24
