"""CSV as people write it: without a header, with backslashes before quotes, with too many of both."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from rlvr_atlas.errors import InputError

from .problems import answers, check, load, problems, questions

TEX = r"""Let $\frac{1}{2}$ be "half" of \textbf{one}, said \\ Ada; how many "halves", then, are in """


def written(rows: list[list[Any]], **style: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, **style).writerows(rows)
    return text.getvalue()


def quoted() -> list[list[str]]:
    """Rows whose cells hold quotes, separators, line breaks and TeX."""
    return [[f'{TEX}{i}?\nHe said "go", twice; then\t|left.', str(i)] for i in range(24)]


PLAIN = [[row["question"], row["answer"]] for row in problems()]
WITHOUT: dict[str, list[list[str]]] = {
    "question, answer": PLAIN,
    "answer, question": [row[::-1] for row in PLAIN],
    "id, question, answer": [[str(i), *row] for i, row in enumerate(PLAIN)],
    "name, question, answer": [[f"p{i:03}", *row] for i, row in enumerate(PLAIN)],
    "question, letters": [[row[0], "12", "7", "boats", row[1], "ABCD"[i % 4]] for i, row in enumerate(PLAIN)],
    "question, split, answer": [[row[0], "train", row[1]] for row in PLAIN],
    "Chinese": [[f"小明有 {i} 支铅笔，又买了 2 支，现在一共有多少支铅笔?", str(i + 2)] for i in range(24)],
    "Spanish": [
        [f"Ana tiene {i} peras y compra {i + 3} peras. ¿Cuántas peras tiene?", str(2 * i + 3)]
        for i in range(24)
    ],
    "question, solution": [[row[0], f"First we count the things one by one. {row[1]} " * 8] for row in PLAIN],
    "one column": [[row[0]] for row in PLAIN],
}


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("kind", WITHOUT)
def test_without_a_header_the_first_row_is_a_row(kind: str, separator: str, tmp_path: Path) -> None:
    rows = WITHOUT[kind]
    (tmp_path / "a.csv").write_text(written(rows, delimiter=separator), encoding="utf-8")
    frame, _ = load(tmp_path, "a.csv")
    place = 1 if kind in ("answer, question", "id, question, answer", "name, question, answer") else 0
    assert frame["question"].to_list() == [row[place] for row in rows]
    if kind == "one column":
        return
    wanted = 0 if kind == "answer, question" else -1
    assert frame["answer"].to_list() == [row[wanted] for row in rows]
    if kind == "question, letters":
        assert frame["options"].to_list() == [row[1:5] for row in rows]


HEADERS = [
    ["question", "answer"], ["Problem", "Final Answer"], ["prompt", "gt"], ["query", "response"],
    ["pregunta", "respuesta"], ["题目", "答案"], ["input", "target"], ["Question Text", "Correct"],
    ["q", "label"], ["problem_statement", "x"], ["alpha", "beta"], ["text", "0"],
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS, ids=" ".join)
def test_a_header_is_no_row(header: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(written([header, *PLAIN]), encoding="utf-8")
    frame, _ = load(tmp_path, "a.csv")
    assert frame["question"].to_list() == questions()


def test_a_header_alone_is_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,answer\n")
    with pytest.raises(InputError, match="empty"):
        load(tmp_path, "a.csv")


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("doubled", [True, False])
@pytest.mark.parametrize("header", [True, False])
def test_text_comes_back_as_it_was_written(
    separator: str, quoting: int, doubled: bool, header: bool, tmp_path: Path
) -> None:
    rows = quoted()
    style = {"delimiter": separator, "quoting": quoting, "doublequote": doubled}
    style |= {} if doubled else {"escapechar": "\\"}
    text = written([["question", "answer"]] * header + rows, **style)
    (tmp_path / "a.csv").write_text(text, encoding="utf-8", newline="")
    frame, reader = load(tmp_path, "a.csv")
    assert frame["question"].to_list() == [row[0] for row in rows]
    assert frame["answer"].to_list() == [row[1] for row in rows]
    assert reader.skipped_rows.is_empty()


def test_where_only_quotes_are_escaped_tex_stays(tmp_path: Path) -> None:
    texts = [rf"Let \frac12 be \"half\" \\ of {i} \nabla. How many?" for i in range(24)]
    (tmp_path / "a.csv").write_text("problem,answer\n" + "".join(f'"{t}",{i}\n' for i, t in enumerate(texts)))
    frame, _ = load(tmp_path, "a.csv")
    assert frame["question"].to_list() == [text.replace('\\"', '"') for text in texts]


def test_a_row_that_is_escaped_in_another_way_is_skipped_and_not_changed(tmp_path: Path) -> None:
    lines = [rf'"How many are {i}? He said \"go\" \\ ran.",{i}' for i in range(400)]
    lines[300] = r'"How many \frac are there? He said \"go\" \\ ran.",300'
    (tmp_path / "a.csv").write_text("\n".join(["problem,answer", *lines]))
    frame, reader = load(tmp_path, "a.csv")
    assert reader.skipped_rows.select("row", "reason").rows() == [(300, "invalid CSV")]
    assert frame["question"][0] == r'How many are 0? He said "go" \ ran.'


def test_a_plain_file_with_backslashes_is_not_taken_for_an_escaped_one(tmp_path: Path) -> None:
    rows = [[rf'What is \{i}\ and \"{i}\" in \LaTeX\ "now"?', f"\\{i}\\"] for i in range(24)]
    (tmp_path / "a.csv").write_text(written([["question", "answer"], *rows]), newline="")
    frame, _ = load(tmp_path, "a.csv")
    assert frame["question"].to_list() == [row[0] for row in rows]
    assert frame["answer"].to_list() == [row[1] for row in rows]


def test_messages_and_structs_in_cells_are_opened(tmp_path: Path) -> None:
    rows = [
        [json.dumps([{"role": "user", "content": row["question"]}]), str({"ground_truth": row["answer"]})]
        for row in problems()
    ]
    (tmp_path / "a.csv").write_text(written([["prompt", "reward_model"], *rows]))
    check(load(tmp_path, "a.csv")[0])


@pytest.mark.parametrize("line", ['x","y', '"""', '"a', 'x,"y', '""x",""'])
def test_lines_that_never_close_a_quote_end_in_time(line: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,answer\n" + f"{line}\n" * 60_000)
    try:
        _, reader = load(tmp_path, "a.csv")
    except InputError:
        return
    assert reader.skipped_rows.height <= 60_001


def test_a_hundred_thousand_columns(tmp_path: Path) -> None:
    names = ["question", "answer", *(f"c{i}" for i in range(100_000))]
    filler = "," * 100_000
    lines = [",".join(names), *(f"{q},{a}{filler}" for q, a in zip(questions(), answers(), strict=True))]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    check(load(tmp_path, "a.csv")[0])
