"""The gate: one file against benchmarks or an index, without a workspace; what an index holds."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from rlvr_atlas import fingerprints, pipeline
from rlvr_atlas.check import check
from rlvr_atlas.cli import app
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.errors import InputError

HARBOUR = (
    "A ferry leaves the harbour of {} every {} minutes and carries {} barrels of salted herring. "
    "How many barrels has it carried after {} hours?"
)
TOWNS = ["Quillton", "Marrowby", "Osterfen", "Dunlisk", "Veldhaven", "Torrasund", "Pellworth", "Ashgrave"]


def item(number):
    town = f"{TOWNS[number % 8]} {TOWNS[number // 8 % 8]}"
    return HARBOUR.format(town, 5 + number, 113 + 7 * number, 3 + number % 9)


def write(path: Path, prompts, answers=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    answers = answers or [str(number) for number in range(len(prompts))]
    lines = [json.dumps({"problem": p, "answer": a}) for p, a in zip(prompts, answers, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A benchmark, its index, a file with five leaks and a variant, and clean ones."""
    folder = tmp_path_factory.mktemp("check")
    bench = [*map(item, range(24)), "Compute 2+3."]
    clean = [
        f"The lighthouse keeper of {TOWNS[n % 8]} paints {n + 31} shutters in {n + 3} days; "
        f"how long does she need for {17 * n + 11} of them, resting every {n % 6 + 2} days?"
        for n in range(40)
    ]
    rows = [
        item(0),
        item(1).replace("minutes and", "minutes  and").upper(),
        "Answer this for me. " + item(2),
        item(3) + " (A) 12 (B) 13 (C) 14 (D) 15",
        item(4).replace("carries", "takes").replace("salted herring", "salted fish"),
        item(5).replace("113", "9").replace(str(113 + 35), "9241"),
        *clean,
    ]
    write(folder / "bench.jsonl", bench)
    write(folder / "train.jsonl", rows, ["0", "1", "2", "3", "4", "x", *(["7"] * 40)])
    write(folder / "clean.jsonl", clean)
    write(folder / "common.jsonl", ["Compute 2+3.", *clean])
    recipe = parse_recipe(
        {
            "workspace": {"path": "ws"},
            "datasets": [
                {"id": "bench", "role": "benchmark", "path": "bench.jsonl"},
                {"id": "train", "path": "train.jsonl"},
            ],
        },
        base=folder,
    )
    workspace = pipeline.run(recipe, stages=["ingest", "trace", "audit"])
    tables = [workspace.read(name) for name in ("occurrences", "instances", "datasets")]
    fingerprints.write(fingerprints.build(*tables), folder / "bench.index")
    return folder


def told(row, answers, made, tmp_path):
    """Relations that an index tells of one row, under several answers."""
    files = [write(tmp_path / f"{n}.jsonl", [row], [answer]) for n, answer in enumerate(answers)]
    return [check(file, indexes=[made / "bench.index"]).leaks["relation"].to_list() for file in files]


def invoke(*arguments):
    result = CliRunner().invoke(app, ["check", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit | InputError), result.exception
    return result


def leaking(found):
    return set(found.leaks.filter(pl.col("relation") != "variant")["row"])


def test_every_planted_leak_is_found_and_nothing_else(made):
    found = check(made / "train.jsonl", [str(made / "bench.jsonl")])
    assert leaking(found) >= {0, 1, 2, 3}
    assert leaking(found) <= {0, 1, 2, 3, 4}
    assert found.leaks.filter(row=5)["relation"].to_list() in (["variant"], [])
    assert (found.rows, found.leaked) == (46, len(leaking(found)))
    assert found.leaks["evidence"].struct.field("lexical").drop_nulls().len() > 0


def test_a_common_problem_is_said_to_be_too_common(made):
    for against in ({"against": [str(made / "bench.jsonl")]}, {"indexes": [made / "bench.index"]}):
        found = check(made / "common.jsonl", **against)
        assert (found.leaked, found.unjudged["row"].to_list()) == (0, [0])
        assert any("too common" in limit for limit in found.limits)


def test_an_index_finds_what_the_text_finds(made):
    by_text = check(made / "train.jsonl", [str(made / "bench.jsonl")])
    by_index = check(made / "train.jsonl", indexes=[made / "bench.index"])
    assert leaking(by_index) >= {0, 1, 2, 3}
    assert by_index.leaked >= by_text.leaked - 1
    assert any("no text" in limit for limit in by_index.limits)


def test_by_an_index_like_wording_with_another_answer_is_another_problem(made, tmp_path):
    # The benchmark's row 6 has the answer "6".
    alike = item(6).replace("carried after", "landed after")
    assert told(alike, ["6", "6.0"], made, tmp_path) == [["reworded"]] * 2
    assert told(alike, ["many", None], made, tmp_path) == [["reworded"]] * 2  # no numbers, nothing to tell
    others = [answer for (answer,) in told(alike, [str(n) for n in range(100, 130)], made, tmp_path)]
    # Four bits: one of fifteen other answers passes for the right one, and no more can be read from them.
    assert 20 <= others.count("variant") < 30
    assert told(item(6), ["100"], made, tmp_path) == [["identical"]]  # a wrong answer does not hide a copy


BOATS = (
    "Three boats lie in the old harbour of {}: the {}, the {} and the {}. A green boat never tells the truth "
    "and a white boat always does. The {} says that the {} is green. The {} says that the {} is white. "
    "Which of the three boats is green?"
)
NAMES = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel"]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        # Statements of a puzzle: the same few words in other places, and no number tells them apart.
        (
            BOATS.format(TOWNS[0], *NAMES[:3], NAMES[0], NAMES[1], NAMES[2], NAMES[0]),
            BOATS.format(TOWNS[0], *NAMES[:3], NAMES[1], NAMES[2], NAMES[3], NAMES[4]),
        ),
        (
            "Work out $53 - 20 \\times 20 + 42$ and write the value on the blue line below the task.",
            "Work out $53 + 20 \\times 20 - 42$ and write the value on the blue line below the task.",
        ),
        (
            "In how many ways do 7 lamps hang on 4 hooks if lamps are not told apart and hooks are by size?",
            "In how many ways do 7 lamps hang on 4 hooks if lamps are told apart and hooks are not by size?",
        ),
        (
            "In a triangle $ABC$ the angle at $B$ is right and $2AB = 3BC$; what is the value of $\\sin A$?",
            "In a triangle $ABC$ the angle at $B$ is right and $2AB = 3BC$; what is the value of $\\tan A$?",
        ),
    ],
)
def test_an_index_does_not_take_a_near_problem_for_the_same(made, tmp_path, mine, theirs):
    clean = pl.read_ndjson(made / "clean.jsonl")["problem"].to_list()
    index = index_of(tmp_path, [theirs, *clean[:12]])
    assert leaking(check(write(tmp_path / "mine.jsonl", [mine, theirs]), indexes=[index])) == {1}


def index_of(folder, prompts):
    write(folder / "bench.jsonl", prompts)
    datasets = [{"id": "bench", "role": "benchmark", "path": "bench.jsonl"}]
    recipe = parse_recipe({"workspace": {"path": "ws"}, "datasets": datasets}, base=folder)
    workspace = pipeline.run(recipe, stages=["ingest"])
    tables = [workspace.read(name) for name in ("occurrences", "instances", "datasets")]
    fingerprints.write(fingerprints.build(*tables), folder / "bench.index")
    return folder / "bench.index"


@pytest.mark.parametrize("how", ["text", "index"])
def test_the_exit_code_is_the_gate(made, how):
    target = ["--against", made / "bench.jsonl"] if how == "text" else ["--index", made / "bench.index"]
    assert invoke(made / "clean.jsonl", *target).exit_code == 0
    assert invoke(made / "train.jsonl", *target).exit_code == 1
    assert invoke(made / "train.jsonl", *target, "--tolerance", "0.5").exit_code == 0


def test_json_names_each_leaking_row_with_its_evidence(made):
    result = invoke(made / "train.jsonl", "--against", made / "bench.jsonl", "--json")
    said = json.loads(result.stdout)
    assert said["passed"] is False and said["rows"] == 46
    first = said["leaks"][0]
    assert (first["row"], first["benchmark"], first["benchmark_row"]) == (0, "bench", 0)
    assert first["relation"] == "identical" and first["prompt"] == item(0)


def test_several_benchmarks_are_named_one_after_another(made, tmp_path):
    other = write(tmp_path / "other" / "bench.jsonl", [item(30), item(31)])
    found = check(made / "train.jsonl", [str(made / "bench.jsonl"), str(other)])
    assert found.leaked >= 4
    both = ["--against", made / "bench.jsonl", "--against", other]
    assert invoke(made / "clean.jsonl", *both).exit_code == 0
    copies = check(write(tmp_path / "mine.jsonl", [item(30)]), [str(made / "bench.jsonl"), str(other)])
    assert copies.leaks["benchmark"].to_list()[0] == "other-bench"


def test_every_file_is_checked_and_none_is_a_benchmark(made):
    target = ["--against", made / "bench.jsonl"]
    clean, leaky = made / "clean.jsonl", made / "train.jsonl"
    assert invoke(clean, clean, *target).exit_code == 0
    for files in ([clean, leaky], [leaky, clean], [leaky, leaky, clean]):
        for arguments in ([*files, *target], [*target, *files], [files[0], *target, *files[1:]]):
            assert invoke(*arguments).exit_code == 1
    without = invoke(clean, made / "bench.jsonl").stdout  # against the benchmarks of the public atlas
    assert "clean.jsonl: " in without and "bench.jsonl: " in without
    assert invoke(clean, made / "bench.jsonl", *target).exit_code == 1  # a benchmark leaks itself


def test_the_verdict_of_all_files_comes_first_and_then_that_of_each(made):
    target = ["--against", made / "bench.jsonl"]
    lines = invoke(made / "clean.jsonl", made / "train.jsonl", *target).stdout.splitlines()
    assert lines[0] == "FAILED: 1 of 2 files leak more than the tolerance allows"
    assert lines[1].startswith("passed: clean.jsonl: 0 of 40 rows leak")
    assert lines[2].startswith("FAILED: train.jsonl: ")
    assert invoke(made / "train.jsonl", *target).stdout.startswith("FAILED: train.jsonl: ")
    assert invoke(made / "clean.jsonl", *target).stdout.startswith("passed: clean.jsonl: ")


def test_several_files_are_told_one_by_one_in_json(made):
    files = [made / "clean.jsonl", made / "train.jsonl"]
    said = json.loads(invoke(*files, "--index", made / "bench.index", "--json").stdout)
    alone = [json.loads(invoke(file, "--index", made / "bench.index", "--json").stdout) for file in files]
    assert said == {"passed": False, "tolerance": 0.0, "files": alone}


@pytest.mark.parametrize("leaky", [False, True])
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_judged(made, tmp_path, leaky):
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"PAR1 and then nothing")
    good, target = made / ("train.jsonl" if leaky else "clean.jsonl"), ["--against", made / "bench.jsonl"]
    for files in ([good, bad], [bad, good]):
        result = invoke(*files, *target)
        assert result.exit_code == 2
        lines = result.stdout.splitlines()
        assert (
            lines[0]
            == f"FAILED: {int(leaky)} of 2 files leak more than the tolerance allows, 1 cannot be read"
        )
        assert any(line.startswith(f"{'FAILED' if leaky else 'passed'}: {good.name}: ") for line in lines)
        assert f"UNREADABLE: {bad}: " in result.stdout
        assert "dataset file" not in result.stdout
    said = json.loads(invoke(good, bad, *target, "--json").stdout)
    assert said["passed"] is False
    assert said["files"][0]["passed"] is not leaky
    assert said["files"][1]["passed"] is False
    assert said["files"][1]["error"]["where"] == str(bad)
    alone = invoke(bad, *target)
    assert alone.stdout == ""
    assert str(alone.exception).startswith(str(bad))


def test_a_file_that_is_missing_is_said_before_any_is_checked(made):
    result = invoke(made / "clean.jsonl", made / "missing.jsonl", "--against", made / "bench.jsonl")
    assert "missing.jsonl: no such file" in str(result.exception)
    assert result.stdout == ""


def test_unreadable_rows_are_counted_and_said(made, tmp_path):
    file = tmp_path / "broken.jsonl"
    file.write_text((made / "clean.jsonl").read_text() + '{"problem": "cut', encoding="utf-8")
    found = check(file, [str(made / "bench.jsonl")])
    assert (found.rows, found.skipped) == (40, 1)
    assert any("could not be read" in limit for limit in found.limits)


def test_what_to_check_against_must_be_there(made):
    with pytest.raises(InputError, match="neither a file nor a benchmark"):
        check(made / "clean.jsonl", ["no/such/benchmark"])


def test_a_file_that_is_not_there_is_said(made):
    with pytest.raises(InputError, match="no such file"):
        check(made / "missing.jsonl", [str(made / "bench.jsonl")])


@pytest.mark.parametrize("arguments", [["FILE", "--against", "FOLDER"], ["FOLDER"]])
def test_a_workspace_is_not_read_as_data(made, tmp_path, arguments):
    for name in ("manifest.json", "instances.parquet"):
        (tmp_path / name).write_bytes(b"{}")
    meant = {"FILE": str(__file__), "FOLDER": str(tmp_path)}
    ran = CliRunner().invoke(app, ["check", *(meant.get(word, word) for word in arguments)])
    assert isinstance(ran.exception, InputError) and "this is a workspace" in str(ran.exception)


def test_a_registry_id_needs_the_network(made):
    with pytest.raises(InputError, match="--network"):
        check(made / "clean.jsonl", ["HuggingFaceH4/MATH-500"])


# --- the index ----------------------------------------------------------------------------------------


def test_the_same_benchmarks_give_the_same_bytes(made, tmp_path):
    index = fingerprints.read(made / "bench.index")
    fingerprints.write(index, tmp_path / "again.index")
    assert (tmp_path / "again.index").read_bytes() == (made / "bench.index").read_bytes()


def test_a_path_that_cannot_be_looked_at_is_an_error_of_ours(tmp_path):
    with pytest.raises(InputError, match="cannot be read .File name too long"):
        check(tmp_path / ("x" * 5000), ["math500"])


@pytest.mark.parametrize("cut", [1, 10, 100, 1000])
def test_a_truncated_index_is_an_error(made, tmp_path, cut):
    path = tmp_path / "cut.index"
    path.write_bytes((made / "bench.index").read_bytes()[:-cut])
    with pytest.raises(InputError, match="damaged"):
        fingerprints.read(path)


def test_a_changed_byte_anywhere_is_an_error(made, tmp_path):
    whole = (made / "bench.index").read_bytes()
    path = tmp_path / "changed.index"
    for at in np.linspace(0, len(whole) - 1, 60).astype(int):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        with pytest.raises(InputError):
            fingerprints.read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1 something else",
        b"rlvr-atlas benchmark index 1\n{}\n",
        b"rlvr-atlas benchmark index 3\n{}\n",
    ],
)
def test_a_foreign_file_is_an_error(tmp_path, content):
    path = tmp_path / "foreign.index"
    path.write_bytes(content)
    with pytest.raises(InputError):
        fingerprints.read(path)


def test_an_index_needs_a_benchmark():
    with pytest.raises(InputError, match="benchmark"):
        fingerprints.build(
            pl.DataFrame(), pl.DataFrame(), pl.DataFrame({"dataset": ["t"], "role": ["train"], "rank": [0]})
        )


def test_an_index_holds_no_run_of_any_text(made):
    bench = pl.read_ndjson(made / "bench.jsonl")["problem"].to_list()
    assert shared_runs(made / "bench.index", bench) == []


def test_a_heavy_rewording_is_found_when_it_is_searched_for(made, tmp_path):
    retold = (
        "After nine hours, what number of barrels did the ferry bring away from the harbour of Pellworth "
        "Quillton, which it departs from every 11 minutes, with 155 barrels of salted herring on board?"
    )
    assert item(6).startswith("A ferry leaves the harbour of Pellworth Quillton every 11")
    file = write(
        tmp_path / "one.jsonl", [retold, "How many sides do seven hexagons have together?"], ["6", "42"]
    )
    assert check(file, [str(made / "bench.jsonl")]).leaked == 0
    found = check(file, [str(made / "bench.jsonl")], rewordings=True)
    assert found.leaks.select("row", "benchmark_row", "tier").rows() == [(0, 6, "semantic")]
    asked = ["check", str(file), "--against", str(made / "bench.jsonl")]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert CliRunner().invoke(app, [*asked, "--rewordings"]).exit_code == 1


def shared_runs(index: Path, texts, length=20):
    """Texts of which some run of characters stands in the file, as it is or unpacked."""
    header, payload = index.read_bytes().split(b"\n", 2)[1:]
    table = pl.read_parquet(payload)
    hashes = (column.to_numpy().tobytes() for column in table.select(pl.col(pl.UInt64)).iter_columns())
    plain = (header + payload + b"".join(table["sketch"]) + b"".join(hashes)).decode("latin-1")
    grams = {plain[at : at + length] for at in range(len(plain) - length + 1)}
    return [
        text for text in texts if any(text[at : at + length] in grams for at in range(len(text) - length + 1))
    ]


def test_the_real_benchmarks_fit_into_a_small_index_without_their_text(real_data, tmp_path):
    manifest = json.loads((real_data / "manifest.json").read_text())
    datasets = [
        {"id": entry["id"], "role": "benchmark", "path": [str(real_data / name) for name in entry["files"]]}
        for entry in manifest
        if entry["kind"] == "benchmark"
    ]
    recipe = parse_recipe({"workspace": {"path": "ws"}, "datasets": datasets}, base=tmp_path)
    workspace = pipeline.run(recipe, stages=["ingest"])
    path = tmp_path / "all.index"
    occurrences, instances, described = (
        workspace.read(name) for name in ("occurrences", "instances", "datasets")
    )
    fingerprints.write(fingerprints.build(occurrences, instances, described), path)
    assert path.stat().st_size < 25_000_000
    assert shared_runs(path, instances["prompt"]) == []
