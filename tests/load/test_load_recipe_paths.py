"""Field paths as a recipe writes them, and what a recipe can set against detection."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load import DatasetReader, open_dataset
from rlvr_atlas.load.paths import Where, get, parse, write

ROW = {
    "a": {"b": [1, 2, 3]},
    "turns": [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "reply"},
        {"role": "user", "content": "last"},
    ],
    "as_text": '[{"role": "user", "content": "inside"}]',
    "a.b": "dotted",
    "0": {"value": "zero"},
    "Short Answer": "short",
}
FOUND = [
    ("a.b", [1, 2, 3]),
    ("a.b[0]", 1),
    ("a.b[-1]", 3),
    ("a.b[3]", None),
    ("a.b[-4]", None),
    ("a.b.c", None),
    ("a[0]", None),
    ("turns[role=user].content", "last"),
    ("turns[role=assistant].content", "reply"),
    ("turns[role=nobody].content", None),
    ("turns[1].content", "reply"),
    ("as_text[role=user].content", "inside"),
    ("a\\.b", "dotted"),
    ("0.value", "zero"),
    ("Short Answer", "short"),
    ("missing.x", None),
]


@pytest.mark.parametrize(("text", "value"), FOUND)
def test_a_path_leads_to_its_value(text: str, value: object) -> None:
    assert get(ROW, parse(text)) == value


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a]b", "[=x]", "a[0]b"])
def test_what_is_no_path_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InputError, match=r"^dataset d, adapter\.prompt: .* is not a field path"):
        parse(text, "dataset d, adapter.prompt")


_NAME = st.text(min_size=1, max_size=6)
_WHERE = st.builds(
    Where, st.from_regex(r"[a-z_]{1,5}", fullmatch=True), st.from_regex(r"[\w.-]{0,5}", fullmatch=True)
)


@given(_NAME, st.lists(_NAME | st.integers(-9, 9) | _WHERE, max_size=4))
def test_a_written_path_reads_back(first: str, rest: list[str | int | Where]) -> None:
    assert parse(write((first, *rest))) == (first, *rest)


# --- recipes ------------------------------------------------------------------------------------------

ROWS = [
    {
        "question": f"How many are {i} and {i}?",
        "hard": {"text": f"How many is twice {i}, and once more {i}?"},
        "answer": str(2 * i),
        "key": f"{3 * i}",
        "notes": f"Add them up. #### {3 * i}",
        "from_where": f"book {i % 2}",
        "part": "held-out",
        "picks": ["1", "2"],
    }
    for i in range(30)
]


def reader(folder: Path, adapter: dict[str, object], **files: list[dict[str, object]]) -> DatasetReader:
    for name, rows in (files or {"rows": ROWS}).items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return open_dataset(
        DatasetSpec.model_validate({"id": "d", "path": "*.jsonl", "adapter": adapter}), folder
    )


def test_every_part_can_be_set(tmp_path: Path) -> None:
    adapter = {
        "prompt": ["hard.text", "question"],
        "answer": "key",
        "source": "from_where",
        "split": "part",
        "options": "picks",
    }
    opened = reader(tmp_path, adapter)
    frame = pl.concat(opened.batches())
    assert frame["question"][1] == "How many is twice 1, and once more 1?\nHow many are 1 and 1?"
    assert frame.select("answer", "answer_kind", "declared_source", "split").row(1) == (
        "3",
        "final",
        "book 1",
        "held-out",
    )
    assert frame["options"][1].to_list() == ["1", "2"]
    decided = {
        (part, path): by for part, path, by in opened.schemas.select("part", "path", "decided_by").iter_rows()
    }
    assert (
        decided["prompt", "hard.text"] == decided["answer", "key"] == decided["options", "picks"] == "recipe"
    )


def test_each_setting_alone_changes_its_part_and_no_other(tmp_path: Path) -> None:
    plain = pl.concat(reader(tmp_path, {}).batches())
    changes = {
        "prompt": ("hard.text", {"question"}),
        "answer": ("key", {"answer"}),
        "solution": ("notes", {"answer", "answer_kind"}),
        "source": ("from_where", {"declared_source"}),
        "split": ("part", {"split"}),
        "options": ("picks", {"options"}),
    }
    for part, (path, expected) in changes.items():
        frame = pl.concat(reader(tmp_path, {part: path}).batches())
        assert {name for name in plain.columns if not frame[name].equals(plain[name])} == expected, part


def test_what_a_recipe_calls_an_answer_may_be_a_worked_solution(tmp_path: Path) -> None:
    frame = pl.concat(reader(tmp_path, {"answer": "notes"}).batches())
    assert set(frame["answer_kind"]) == {"solution"}


def test_an_unknown_path_names_the_dataset_and_the_closest_paths(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        list(reader(tmp_path, {"prompt": "hard.txt"}).batches())
    message = str(caught.value)
    assert message.startswith("dataset d, adapter.prompt: no row has a field at 'hard.txt'")
    assert "these are there: hard.text, " in message[:160].lower()
    assert "question" in message


def test_a_path_need_not_be_in_every_file(tmp_path: Path) -> None:
    other = [{"problem": row["question"], "answer": row["answer"]} for row in ROWS]
    opened = reader(tmp_path, {"prompt": "hard.text"}, a=ROWS, b=other)
    frame = pl.concat(opened.batches())
    assert frame["question"][0].startswith("How many is twice")
    assert frame["question"][30] == "How many are 0 and 0?"
    prompts = opened.schemas.filter(pl.col("part") == "prompt").select("path", "decided_by").rows()
    assert prompts == [("hard.text", "recipe"), ("problem", "detected")]


def test_a_path_to_a_field_that_is_always_null_is_known(tmp_path: Path) -> None:
    rows = [{**row, "nothing": None} for row in ROWS]
    frame = pl.concat(reader(tmp_path, {"source": "nothing"}, rows=rows).batches())
    assert frame["declared_source"].null_count() == 30


def test_a_path_is_meant_inside_a_wrapped_row(tmp_path: Path) -> None:
    rows = [{f"Item_{i}": row} for i, row in enumerate(ROWS)]
    assert pl.concat(reader(tmp_path, {"prompt": "hard.text"}, rows=rows).batches())["question"][0] == (
        "How many is twice 0, and once more 0?"
    )


def test_a_prompt_can_be_set_where_none_is_detected(tmp_path: Path) -> None:
    rows = [{"n": i, "z": f"{i} + {i}", "answer": str(2 * i)} for i in range(20)]
    with pytest.raises(InputError, match="no prompt found"):
        list(reader(tmp_path, {}, rows=rows).batches())
    frame = pl.concat(reader(tmp_path, {"prompt": "z"}, rows=rows).batches())
    assert frame.select("question", "answer").row(3) == ("3 + 3", "6")


def test_the_schema_counts_the_rows_that_held_something(tmp_path: Path) -> None:
    rows = [{"question": f"How many are {i}?", "answer": None if i < 5 else "1"} for i in range(20)]
    opened = reader(tmp_path, {}, rows=rows)
    list(opened.batches())
    assert opened.schemas.select("part", "path", "rows").rows() == [
        ("prompt", "question", 20),
        ("answer", "answer", 15),
    ]
