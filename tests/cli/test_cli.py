"""The command line: JSON everywhere, exit codes, no tracebacks, nothing hostile on the terminal."""

import json
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from rlvr_atlas.cli import app, main
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
    assert CliRunner().invoke(app, ["run", str(tmp_path / "recipe.toml")]).exit_code == 0
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
