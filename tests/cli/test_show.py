"""How results are shown: widths, cells, the order of help, progress."""

import io
import re
import subprocess
import sys
import time

import pytest
from rich.console import Console
from typer.testing import CliRunner

from rlvr_atlas.cli import app, show
from rlvr_atlas.cli.app import ORDER


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (["math", "gsm8k"], "math, gsm8k"),
        ({"lexical": 0.5, "images": None, "numbers": "same"}, "lexical 0.500, numbers same"),
        ([{"a": 1}], "a 1"),
        ([], ""),
        (True, "yes"),
        (0.25, "0.250"),
        (None, ""),
    ],
)
def test_a_cell_holds_words_and_no_json(value, cell):
    assert show.one_line(value) == cell


@pytest.mark.parametrize(("columns", "widest"), [("95", 95), ("120", 120)])
def test_a_pipe_is_as_wide_as_columns_says(columns, widest):
    command = [sys.executable, "-m", "rlvr_atlas", "atlas", "list"]
    environment = {"COLUMNS": columns, "PYTHONPATH": ":".join(sys.path)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    table = [line for line in run.stdout.splitlines() if line and line[0] in "┏┃┡│└"]
    assert table and max(map(len, table)) <= widest
    command[3:] = ["registry", "list"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "gsm8k" in run.stdout and max(map(len, run.stdout.splitlines())) <= widest


def test_a_source_or_a_licence_that_is_not_known_is_called_so(capsys):
    show.print_table("t", [{"atomic_source": None, "license": None, "title": None, "rows": 3}])
    assert capsys.readouterr().out.count("unknown") == 2


@pytest.mark.parametrize("width", [40, 160])
def test_words_stay_whole_where_a_table_has_no_room_for_them(width, monkeypatch, capsys):
    """At 160 it is a table with one line a row, at 40 lines of a name and a value."""
    monkeypatch.setattr(show, "out", show.Screen(width=width))
    rows = [
        {"dataset": f"trained_on_{n}", "same problem": 100 + n, "reformatted": n, "note": None}
        for n in (1, 2)
    ]
    show.print_table("Overlap", rows)
    said = capsys.readouterr().out
    for word in ("dataset", "problem", "reformatted", "trained_on_1", "trained_on_2", "101", "102"):
        assert word in said
    assert ("┃" in said) == (width == 160)
    assert ("note" in said) == (width == 160)  # an empty value is no line


def test_help_lists_the_commands_in_the_order_of_work():
    listed = CliRunner().invoke(app, ["--help"]).stdout.split("Commands:")[1].split("\n")
    names = [line.split()[0] for line in listed if line.startswith("  ") and line[2] != " "]
    assert names == list(ORDER)


def test_a_shell_is_helped_to_complete():
    assert "--install-completion" in CliRunner().invoke(app, ["--help"]).stdout


def test_progress_counts_each_stage_by_itself_and_says_what_is_left(monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=110)
    monkeypatch.setattr(show, "err", type("Err", (), {"console": console, "is_terminal": True})())
    with show.progress() as on_progress:
        for done in range(5):
            on_progress("load", "a dataset", done, 9)
            time.sleep(0.15)  # it is drawn ten times a second
        on_progress("match", "pairs", 0, 7)
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert re.search(r"load: a dataset .* 4/9 \d+(\.\d+)?/s .* left 0:00", said)
    assert re.search(r"match: pairs .* 0/7 +0:00:00 left", said)  # another stage's rate says nothing


@pytest.mark.parametrize("no_color", ["", "1"])
def test_no_color_is_respected(no_color):
    code = "from rlvr_atlas.cli.show import out; out.print('[red]x[/red]')"
    environment = {"PYTHONPATH": ":".join(sys.path), "FORCE_COLOR": "1", "TERM": "xterm"}
    environment |= {"NO_COLOR": no_color} if no_color else {}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert ("\x1b[31m" in run.stdout) == (not no_color)
