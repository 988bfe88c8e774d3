"""One hostile row never ends a run: whatever a row holds, it is read or skipped with a reason."""

import gzip
import json
import random
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rlvr_atlas import explain, pipeline
from rlvr_atlas.check import check
from rlvr_atlas.cli import app
from rlvr_atlas.config import DatasetSpec, parse_recipe
from rlvr_atlas.errors import InputError
from rlvr_atlas.ingest import read_partition
from rlvr_atlas.load import open_dataset

GOOD = [
    {
        "question": f"Ada buys {7 * i + 13} lamps and sells {i + 5} of them on day {i}. How many are left?",
        "answer": str(6 * i + 8),
    }
    for i in range(40)
]


def deep(opening, closing, times):
    return opening * times + "1" + closing * times


#: What stands in an answer, a question, an option or a note.
HOSTILE = {
    "brackets": deep("(", ")", 300), "square": deep("[", "]", 300), "curly": deep("{", "}", 300),
    "thousands of brackets": deep("(", ")", 20_000), "list in text": deep("[", "]", 900),
    "struct in text": deep('{"a":', "}", 900), "fractions": deep("\\frac{", "}{2}", 300),
    "roots": deep("\\sqrt{", "}", 900), "left right": deep("\\left(", "\\right)", 300),
    "unclosed": "(" * 9000,
    "tower": "2^" * 400 + "2", "braced tower": deep("2^{", "}", 400), "minuses": "-" * 5000 + "1",
    "bangs": "5" + "!" * 2000,
    "bars": "|" * 1000, "digits": "9" * 5000, "exponent": "1e99999999", "huge power": "9^{9^{9^{9}}}",
    "half a pair": "\ud800", "half a pair in text": '{"answer": "\\ud800"}',
    "in a list": '["\\udfff", "1"]',
    "in Python": "{'answer': '\\ud800'}", "null": "\x00", "controls": "\x1b[31m\x07",
    "direction": "\u202e",
    "combining": "e" + "\u0301" * 3000, "nothing": "", "a number as text": "NaN", "no end": "Infinity",
    "backticks": "`" * 3000, "stubs": "def f(" * 500, "dollars": "$" * 999, "boxes": "\\boxed{" * 99,
}  # fmt: skip
VALUES = {
    "900 objects": deep('{"a": ', "}", 900), "900 lists": deep("[", "]", 900),
    "99 objects": deep('{"a": ', "}", 99),
    "99 lists": deep("[", "]", 99), "5000 digits": "9" * 5000, "too large": "1e999", "not a number": "NaN",
    "lone escape": '"\\ud800"', "lone key": '{"\\udfff": "1"}', "null": "null", "true": "true",
    "wide": json.dumps(dict.fromkeys(map(str, range(5000)), 1)),
}  # fmt: skip


def lines():
    made = [json.dumps(row) for row in GOOD]
    for number, text in enumerate(HOSTILE.values()):
        question = f"How many kites does Bo fly on pier {number} if he has {number + 90} of them?"
        made.append(json.dumps({"question": question, "answer": text}))
        made.append(json.dumps({"question": f"{question} {text}", "answer": "1"}))
        made.append(json.dumps({"question": f"{text} {question} And why?", "options": [text, "1", "2"]}))
    for number, value in enumerate(VALUES.values()):
        question = f"How many ropes does Cem tie on mast {number} if he has {number + 90} of them?"
        made.append(f'{{"question": "{question}", "answer": {value}}}')
        made.append(f'{{"question": {value}, "answer": "1"}}')
        made.append(f'{{"question": "{question} Why?", "notes": {value}, "extra_info": {{"a": {value}}}}}')
    return made


def test_a_run_over_every_hostile_row_ends_and_accounts_for_each(tmp_path):
    made = lines()
    (tmp_path / "mine.jsonl").write_text("\n".join(made) + "\n")
    (tmp_path / "bench.jsonl").write_text("\n".join(made[20:]) + "\n")
    recipe = parse_recipe(
        {
            "workspace": {"path": "ws"},
            "datasets": [
                {"id": "bench", "role": "benchmark", "path": "bench.jsonl"},
                {"id": "mine", "path": "mine.jsonl"},
            ],
            "curate": {"datasets": ["mine"]},
            "match": {"semantic": False},
        },
        base=tmp_path,
    )
    workspace = pipeline.run(recipe)
    rows = workspace.read("occurrences").filter(dataset="mine")["row"].to_list()
    skipped = workspace.read("skipped_rows").filter(dataset="mine")
    assert sorted([*rows, *skipped["row"]]) == list(range(len(made)))
    assert set(range(40)) <= set(rows)
    assert skipped["reason"].null_count() == 0
    for text in list(HOSTILE.values())[::4]:
        if text.strip():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", ["x"])
                try:
                    explain(workspace, text)
                except InputError:
                    continue


def test_a_hostile_row_costs_its_own_row_only(tmp_path, monkeypatch):
    from rlvr_atlas import ingest

    def fail_on_seven(text, kind):
        if "50" in text.to_list():
            raise RecursionError("maximum recursion depth exceeded")
        return text

    monkeypatch.setattr(ingest, "extract_column", fail_on_seven)
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in GOOD))
    part = read_partition(open_dataset(DatasetSpec(id="d", path="a.jsonl"), tmp_path))
    assert part.rows["row"].to_list() == [row for row in range(40) if row != 7]
    assert part.skipped.select("row", "reason").rows() == [(7, "row unreadable")]


def read(folder, name):
    return read_partition(open_dataset(DatasetSpec(id="d", path=name), folder))


@pytest.mark.parametrize("depth", [50, 150, 900, 20_000])
@pytest.mark.parametrize("inside", ["question", "note"])
def test_a_deep_element_of_xml_costs_its_row(depth, inside, tmp_path):
    records = [f"<p><question>{row['question']}</question><answer>1</answer></p>" for row in GOOD]
    more = "" if inside == "question" else "<question>How many are here?</question>"
    records[7] = f"<p>{more}<{inside}>{deep('<a>', '</a>', depth)}</{inside}><answer>1</answer></p>"
    (tmp_path / "a.xml").write_text(f"<all>{''.join(records)}</all>")
    part = read(tmp_path, "a.xml")
    assert sorted([*part.rows["row"], *part.skipped["row"]]) == list(range(40))
    assert part.rows.height >= 39


def limited(folder, code):
    """Run code in a process that may take 3 GB; its output."""
    limit = 3 << 30
    command = [sys.executable, "-c", f"import sys; from pathlib import Path; {code}", str(folder)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
        env={"PYTHONPATH": str(Path(pipeline.__file__).parents[1]), "POLARS_MAX_THREADS": "2"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


READ = """
from rlvr_atlas.ingest import read_partition; from rlvr_atlas.load import open_dataset
from rlvr_atlas.config import DatasetSpec; from rlvr_atlas.errors import AtlasError
try:
    part = read_partition(open_dataset(DatasetSpec(id="d", path={name!r}), Path(sys.argv[1])))
    print(part.rows.height, *map(tuple, part.skipped.select("row", "reason").rows()))
except AtlasError as error:
    print("error:", str(error)[:300])
"""


def told(folder, name):
    """What is read of a file and what is skipped, by a process with little memory."""
    return limited(folder, "\n" + READ.format(name=name))


def rows_of(kind):
    if kind == "json":
        return json.dumps(GOOD[:3])[:-1] + ", ", ", " + json.dumps(GOOD[3:])[1:]
    if kind == "csv":
        text = "".join(f'"{row["question"]}",{row["answer"]}\n' for row in GOOD)
        at = text.index(GOOD[3]["question"]) - 1
        return "question,answer\n" + text[:at], text[at:]
    text = [json.dumps(row) + "\n" for row in GOOD]
    return "".join(text[:3]), "".join(text[3:])


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv"])
@pytest.mark.parametrize("where", ["middle", "first"])
def test_a_line_of_hundreds_of_megabytes_costs_its_row(kind, where, tmp_path):
    before, after = rows_of(kind)
    if where == "first" and kind != "jsonl":
        return
    filler = "a" * (1 << 20)
    with (tmp_path / f"a.{kind}").open("w") as file:
        file.write(before if where == "middle" else "")
        file.write('{"question": "' if kind != "csv" else '"')
        for _ in range(300 if kind == "jsonl" else 80):
            file.write(filler)
        file.write({"jsonl": '"}\n', "json": '"}', "csv": '",1\n'}[kind])
        file.write(after)
    row, count = (3, 40) if where == "middle" else (0, 37)
    assert told(tmp_path, f"a.{kind}").strip() == f"{count} ({row}, 'row too long')"


def bomb(size):
    """Rows of zeros, a thousand times smaller when compressed."""
    line = json.dumps({"question": "0" * 20_000, "answer": "1"}) + "\n"
    return line * (size // len(line))


@pytest.mark.parametrize("kind", ["gz", "zip", "twice.gz"])
def test_a_file_that_grows_without_end_is_reported(kind, tmp_path):
    path = tmp_path / f"a.jsonl.{kind}"
    if kind == "zip":
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("a.jsonl", "w") as file,
        ):
            for _ in range(15):
                file.write(bomb(10_000_000).encode())
    else:
        content = gzip.compress(bomb(150_000_000).encode(), 6)
        path.write_bytes(gzip.compress(content) if kind == "twice.gz" else content)
    said = told(tmp_path, path.name)
    assert "file truncated" in said or "200 times its size" in said


def test_a_parquet_file_that_grows_without_end_is_reported(tmp_path):
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), pa.array(["0" * 500_000]))
    table = pa.table({"question": long, "answer": ["1"] * 20_000})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 1 << 20
    assert "file truncated" in told(tmp_path, "a.parquet")


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv"])
def test_a_hundred_thousand_columns(kind, tmp_path):
    names = [f"c{n}" for n in range(100_000 if kind != "parquet" else 20_000)]
    if kind == "parquet":
        columns = {name: [n] * 40 for n, name in enumerate(names)}
        pq.write_table(
            pa.table({"question": [row["question"] for row in GOOD], **columns}), tmp_path / "a.parquet"
        )
    elif kind == "csv":
        head = ",".join(["question", *names])
        (tmp_path / "a.csv").write_text(
            "\n".join([head, *(row["question"] + "," * len(names) for row in GOOD)])
        )
    else:
        more = dict.fromkeys(names, 1)
        (tmp_path / "a.jsonl").write_text("".join(json.dumps({**row, **more}) + "\n" for row in GOOD))
    assert told(tmp_path, f"a.{kind}").startswith("40")


def test_five_thousand_files_behind_a_glob(tmp_path):
    order = list(range(5000))
    random.Random(1).shuffle(order)
    for number in order:
        row = {"problem": f"How many are {number} lamps and {number * 7}?", "answer": str(number * 8)}
        (tmp_path / f"{number:05}.json").write_text(json.dumps(row))
    assert told(tmp_path, "*.json").strip() == "5000"


def test_a_gate_over_hostile_rows_ends(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(lines()))
    found = check(tmp_path / "a.jsonl", [str(tmp_path / "a.jsonl")])
    assert found.leaked > 40
    result = CliRunner().invoke(
        app, ["check", str(tmp_path / "a.jsonl"), "--against", str(tmp_path / "a.jsonl")]
    )
    assert result.exit_code == 1
    assert not {c for c in result.stdout if not c.isprintable()} - {"\n"}
