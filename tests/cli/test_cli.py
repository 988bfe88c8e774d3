"""The command line: JSON everywhere, exit codes, no tracebacks, nothing hostile on the terminal."""

import importlib
import json
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from rlvr_atlas import __version__
from rlvr_atlas.cli import app, main
from rlvr_atlas.cli.show import print_json
from rlvr_atlas.errors import AtlasError

HOSTILE = (
    "Count \x1b[31mred\x07 lamps [bold]and[/bold] 5 <script>alert(1)</script> ropes \u202e on the quay today?"
)


@pytest.fixture
def workspace(tmp_path):
    rows = [{"question": f"{HOSTILE} Lamp {i} of {2 * i}.", "answer": i} for i in range(30)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[10:]))
    (tmp_path / "recipe.toml").write_text(
        '[workspace]\npath = "ws"\n'
        '[[datasets]]\nid = "a"\npath = "a.jsonl"\nreleased = 2023-01-01\natomic_source = "quay"\n'
        '[[datasets]]\nid = "b"\npath = "b.jsonl"\nreleased = 2024-01-01\n'
    )
    result = CliRunner().invoke(app, ["run", str(tmp_path / "recipe.toml"), "--json"])
    assert result.exit_code == 0, result.output
    json.loads(result.stdout)
    return tmp_path / "ws"


@pytest.mark.parametrize(
    "command",
    [
        ["explain", "{ws}", "b:3"],
        ["compare", "{ws}", "a", "b"],
        ["ingest", "{ws}"],
        ["match", "{ws}"],
        ["report", "{ws}"],
        ["registry", "list"],
        ["registry", "list", "benchmarks"],
        ["registry", "list", "sources"],
        ["registry", "show", "gsm8k"],
    ],
)
def test_every_listing_speaks_json_and_text(workspace, command):
    command = [part.format(ws=workspace) for part in command]
    as_json = CliRunner().invoke(app, [*command, "--json"])
    assert as_json.exit_code == 0, as_json.output
    assert json.loads(as_json.stdout)
    as_text = CliRunner().invoke(app, command)
    assert as_text.exit_code == 0
    assert as_text.stdout.strip()
    assert "\x1b[31m" not in as_text.stdout
    assert "\x07" not in as_text.stdout
    assert "\u202e" not in as_text.stdout


@pytest.mark.parametrize(
    ("query", "unused"),
    [
        ("How many kettles whistle when nine of them are full?", {"rich"}),
        (f"{HOSTILE} Lamp 4 of 8.", {"numpy", "orjson", "rlvr_atlas.match", "rlvr_atlas.answer"}),
        ("b:3", {"numpy", "orjson", "rlvr_atlas.match", "rlvr_atlas.answer"}),
    ],
)
def test_explain_loads_no_more_than_a_query_needs(workspace, query, unused):
    # Loading is most of what explain takes; typer loads pydantic, but our settings need not be built.
    unused = unused | {
        "rlvr_atlas.config",
        "rlvr_atlas.pipeline",
        "pyarrow",
        "scipy",
        "jinja2",
        "huggingface_hub",
    }
    code = "import sys; from rlvr_atlas.cli import app; app(standalone_mode=False); print(*sys.modules)"
    command = [sys.executable, "-c", code, "explain", str(workspace), query]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not unused & set(run.stdout.splitlines()[-1].split())


def test_explain_searches_for_a_heavy_rewording_when_asked_to(tmp_path):
    told = (
        "A farmer named Olga fills 14 crates with 36 pumpkins each and sells 95 of the pumpkins at the "
        "harvest fair. How many pumpkins does she have left?"
    )
    retold = (
        "At the harvest fair, Olga the farmer sold 95 pumpkins; before that she had packed 14 crates holding "
        "36 pumpkins apiece. Determine the number of pumpkins that remain."
    )
    rows = [told, *(f"House {n * n} has {n % 7 + 2} doors: how many in street {n}?" for n in range(40))]
    lines = "".join(json.dumps({"question": row, "answer": n}) + "\n" for n, row in enumerate(rows))
    (tmp_path / "a.jsonl").write_text(lines)
    recipe = '[workspace]\npath = "ws"\n[[datasets]]\nid = "a"\npath = "a.jsonl"\natomic_source = "fair"\n'
    (tmp_path / "recipe.toml").write_text(recipe)
    ran = CliRunner().invoke(app, ["run", str(tmp_path / "recipe.toml")])
    assert ran.exit_code == 0
    first = ran.stdout.splitlines()  # the answer, then the tables
    assert "of them have a known source" in " ".join(first[:2]) and "time: ingest" in " ".join(first[:4])
    asked = ["explain", str(tmp_path / "ws"), retold]
    assert "--rewordings" in CliRunner().invoke(app, asked).stdout
    found = json.loads(CliRunner().invoke(app, [*asked, "--rewordings", "--json"]).stdout)
    assert found["relation"] in ("reworded", "embedded")
    assert found["matched"] == told
    assert found["atomic_source"] == "fair"
    nothing = CliRunner().invoke(app, ["explain", str(tmp_path / "ws"), "Name a colour.", "--rewordings"])
    assert "unknown" in nothing.stdout
    assert "--rewordings" not in nothing.stdout


def test_explain_reads_standard_input(workspace):
    result = CliRunner().invoke(
        app, ["explain", str(workspace), "-", "--json"], input=f"{HOSTILE} Lamp 4 of 8."
    )
    assert json.loads(result.stdout)["atomic_source"] == "quay"


@pytest.mark.parametrize(
    "command",
    [
        ["explain", "{ws}/nowhere", "x"],
        ["compare", "{ws}", "a", "zzz"],
        ["registry", "show", "no-such-thing"],
        ["registry", "list", "nonsense"],
        ["run", "{ws}/no.toml"],
    ],
)
def test_what_cannot_be_done_is_an_error_of_ours(workspace, command):
    result = CliRunner().invoke(app, [part.format(ws=workspace) for part in command])
    assert isinstance(result.exception, AtlasError)


def test_errors_are_one_line_and_exit_code_2(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.argv", ["rlvr-atlas", "run", str(tmp_path / "no.toml")])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_copied_workspace_is_meant_itself(workspace, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(workspace, copy)
    (copy / "report.html").unlink()
    (workspace / "report.html").unlink()
    assert CliRunner().invoke(app, ["report", str(copy)]).exit_code == 0
    assert (copy / "report.html").exists()
    assert not (workspace / "report.html").exists()


@pytest.mark.parametrize("manifest", ["{", "[1]", '{"format": 1}', '{"format": 1, "stages": 3}', "\udcff"])
def test_a_manifest_that_is_none_is_an_error_of_ours(workspace, manifest):
    (workspace / "manifest.json").write_bytes(manifest.encode("utf-8", "surrogateescape"))
    result = CliRunner().invoke(app, ["explain", str(workspace), "b:3"])
    assert isinstance(result.exception, AtlasError)


def test_a_table_with_damaged_pages_is_one_line_and_exit_code_2(workspace, monkeypatch, capsys):
    path = workspace / "instances.parquet"
    data = bytearray(path.read_bytes())
    data[40 : len(data) // 2] = bytes(byte ^ 0x5A for byte in data[40 : len(data) // 2])
    path.write_bytes(data)
    monkeypatch.setattr("sys.argv", ["rlvr-atlas", "explain", str(workspace), "How many lamps are there?"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "damaged" in capsys.readouterr().err


def test_text_that_is_no_utf8_is_an_error_of_ours_or_replaced(workspace):
    result = CliRunner().invoke(app, ["explain", str(workspace), "red \udcff lamps"])
    assert isinstance(result.exception, AtlasError)
    result = CliRunner().invoke(app, ["explain", str(workspace), "-", "--json"], input=b"red \xff lamps")
    assert json.loads(result.stdout)["prompt"] == "red \ufffd lamps"


def test_the_former_name_of_match_says_so(workspace):
    result = CliRunner().invoke(app, ["trace", str(workspace)])
    assert isinstance(result.exception, AtlasError)
    assert "rlvr-atlas match" in str(result.exception)


def run(*arguments, **more):
    """The command as a process of its own."""
    command = [sys.executable, "-m", "rlvr_atlas", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=120, **more)


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "run"], ["--version", "--help"]])
def test_the_version_needs_no_command(arguments):
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stdout) == (0, f"rlvr-atlas {__version__}\n")


MISTYPED = {
    "c:3": "a:3", "B1:0": "b:0", "a1:7": "a:7", "nowhere:0": "a, b", "bb:12": "b:12", "a_:0": "a:0",
    "gsm8k:5": "a, b", "a.b:1": "a:1", "x:00": "a, b", "b2:999999999999999": "b:999999999999999",
    "b:3:4": "b:3", "b;3": "b:3", "b#3": "b:3", "b/3": "b:3", "b 3": "b:3", "b@3": "b:3",
    "b：3": "b:3", "b|3": "b:3",
    "b:x": "b:0", "b:-1": "b:0", "a:1.5": "a:0", "b:": "b:0",
}  # fmt: skip


@pytest.mark.parametrize("query", MISTYPED)
def test_a_mistyped_row_is_an_error_with_suggestions(workspace, query):
    result = CliRunner().invoke(app, ["explain", str(workspace), query])
    if query in ("c:3", "x:00"):  # too short for the id of anything
        assert result.exit_code == 0
        return
    assert isinstance(result.exception, AtlasError), result.output
    assert MISTYPED[query] in str(result.exception)


TEXTS = ["Find x: 3", "3:4", "a : 3", "What is 12:30?", "ratio:", "1:2:3", "b :1", "b: 1"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_with_a_colon_is_a_text(workspace, text):
    assert CliRunner().invoke(app, ["explain", str(workspace), text]).exit_code == 0


def test_a_row_that_is_beyond_every_dataset_is_an_error(workspace):
    result = CliRunner().invoke(app, ["explain", str(workspace), f"b:{'9' * 40}"])
    assert "shorter" in str(result.exception)


EVIL = "\x1b[31mred\x07\x9b2J\u202e"


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", f"{EVIL}.toml"], [EVIL], [f"--{EVIL}"], ["check", f"{EVIL}.jsonl", "--against", EVIL],
        ["check", "{file}", "--against", EVIL], ["check", "{file}", f"--tolerance={EVIL}"],
        ["run", "{recipe}"],
        ["explain", EVIL, "x"], ["registry", "show", EVIL], ["registry", "list", EVIL],
        ["compare", ".", EVIL, "x"],
        ["check", "{file}", "--against", "{evil}"], ["check", "{evil}", "--against", "{file}", "--json"],
    ],
)  # fmt: skip
def test_nothing_a_terminal_acts_on_is_in_a_message(arguments, tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"question": f"How many {EVIL} lamps are there?", "answer": "1"}) + "\n")
    evil = tmp_path / f"{EVIL}.jsonl"
    evil.write_text(json.dumps({"question": f"How many {EVIL} lamps are there?", EVIL: "1"}) + "\n{\n")
    (tmp_path / "recipe.toml").write_text(f'[workspace]\npath = "ws"\n["{json.dumps(EVIL)[1:-1]}"]\na = 1\n')
    names = {"{file}": file, "{evil}": evil, "{recipe}": tmp_path / "recipe.toml"}
    result = run(*(names.get(part, part) for part in arguments), cwd=tmp_path)
    said = (result.stdout + result.stderr).decode()
    assert said.strip()
    assert not {c for c in said if not c.isprintable()} - {"\n"}
    assert b"Traceback" not in result.stderr


def test_an_unforeseen_error_shows_nothing_a_terminal_acts_on_either(monkeypatch, capsys, tmp_path):
    def fail(*_, **__):
        raise RuntimeError(f"on {EVIL}")

    monkeypatch.setattr(importlib.import_module("rlvr_atlas.check"), "check_all", fail)
    monkeypatch.setattr("sys.argv", ["rlvr-atlas", "check", str(tmp_path), "--against", "x"])
    with pytest.raises(SystemExit) as stopped:
        main()
    said = capsys.readouterr().err
    assert stopped.value.code == 1
    assert "RuntimeError: on \\u001b[31mred" in said
    assert not {c for c in said if not c.isprintable()} - {"\n"}


def test_json_holds_the_text_and_nothing_a_terminal_acts_on(tmp_path, capsys):
    print_json({"text": f"{EVIL}\u2066ж"})
    said = capsys.readouterr().out
    assert json.loads(said) == {"text": f"{EVIL}\u2066ж"}
    assert "ж" in said
    assert not {c for c in said if not c.isprintable()} - {"\n"}


@pytest.mark.parametrize("at", ["rlvr_atlas.cli", "rlvr_atlas.errors", "typer", "rlvr_atlas.check"])
def test_ctrl_c_at_start_up_is_quiet(at, tmp_path):
    code = (
        "import importlib.abc, os, signal, sys\n"
        "from rlvr_atlas.__main__ import start\n"
        "class Interrupt(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == {at!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        f"sys.argv[1:] = ['check', {str(tmp_path)!r}, '--against', 'x']\n"
        "start()\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=120)
    assert (result.returncode, result.stderr) == (130, b"")


def test_files_of_one_name_and_the_folder_here_are_told_apart(tmp_path):
    line = '{"question": "How many lamps are there in %s rooms of 7 lamps?", "answer": "%s"}\n'
    for place in ("x/a.jsonl", "y/a.jsonl", "z/b.jsonl"):
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_text("".join(line % (n + 3, 7 * n + 21) for n in range(4)))
    twice = run("check", "x/a.jsonl", "y/a.jsonl", "--against", "z/b.jsonl", cwd=tmp_path)
    assert b"FAILED: x/a.jsonl: " in twice.stdout
    assert b"FAILED: y/a.jsonl: " in twice.stdout
    here = run("check", ".", "--against", "b.jsonl", cwd=tmp_path / "z")
    assert here.stdout.startswith(b"FAILED: .: ")
