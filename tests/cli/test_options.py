"""Every command has `--quiet`, and `--json` where it tells facts: one test that goes over all of them."""

import json

import pytest
import typer.main
from typer.testing import CliRunner

from rlvr_atlas.cli import app, show

#: Commands without `--json`, and why.
WITHOUT_JSON = {"registry page": "its output is Markdown; `registry list --json` has the entries"}


def commands(group=None, path=()):
    """Every command by its words."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), {option for param in command.params for option in param.opts}


COMMANDS = dict(commands())


def test_all_commands_are_looked_at():
    assert {"run", "serve", "sca plan", "registry add", "atlas verify"} <= set(COMMANDS)
    assert set(WITHOUT_JSON) <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_quiet_and_json(name):
    assert "--quiet" in COMMANDS[name]
    assert ("--json" in COMMANDS[name]) == (name not in WITHOUT_JSON)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    rows = [{"question": f"How many of the {n} gates open?", "answer": n} for n in range(12)]
    lines = [json.dumps(row) + "\n" for row in rows]
    (folder / "bench.jsonl").write_text("".join(lines[:4]))
    (folder / "train.jsonl").write_text("".join(lines))
    (folder / "recipe.toml").write_text(
        '[workspace]\npath = "ws"\n'
        '[[datasets]]\nid = "bench"\nrole = "benchmark"\npath = "bench.jsonl"\nreleased = 2023-01-01\n'
        '[[datasets]]\nid = "train"\npath = "train.jsonl"\nreleased = 2024-01-01\n'
        '[curate]\ndatasets = ["train"]\n'
    )
    ran = CliRunner().invoke(app, ["run", str(folder / "recipe.toml"), "--json", "--quiet"])
    assert ran.exit_code == 0, ran.output
    assert (json.loads(ran.stdout)["totals"]["datasets"], ran.stderr) == (2, "")
    return folder


#: Arguments of commands that a small workspace without a network is enough for.
CALLS = {
    "trace": ["{train}"],
    "check": ["{train}", "--against", "{bench}"],
    "run": ["{recipe}"],
    "explain": ["{ws}", "train:3"],
    "compare": ["{ws}", "train", "bench"],
    "report": ["{ws}"],
    "serve": ["{ws}", "--static", "{new}"],
    "ingest": ["{ws}"],
    "match": ["{ws}"],
    "review": ["{ws}", "--list"],
    "audit": ["{ws}"],
    "labels": ["{ws}"],
    "curate": ["{ws}"],
    "export": ["{ws}", "--format", "flat"],
    "registry list": [],
    "registry show": ["gsm8k"],
    "registry add": ["{id}", "--hub", "a/b"],
    "atlas list": [],
    "atlas verify": [],
    "atlas build": ["{ws}", "{new}"],
    "atlas pull": ["--from", "{packaged}", "--to", "{new}"],
    "sketch": ["{recipe}"],
}


@pytest.mark.parametrize("name", CALLS)
def test_json_is_json_and_quiet_says_nothing_on_the_side(name, world, tmp_path, monkeypatch):
    from rlvr_atlas.public_atlas import packaged

    monkeypatch.chdir(tmp_path)
    places = {"train": world / "train.jsonl", "bench": world / "bench.jsonl", "ws": world / "ws"}
    places |= {"recipe": world / "recipe.toml", "packaged": packaged()}
    said = {}
    for number, options in enumerate((["--json", "--quiet"], ["--quiet"], [])):
        if name == "serve":
            pytest.importorskip("jinja2")
        fresh = {"new": tmp_path / f"new-{number}", "id": f"set_{number}"}
        call = [*name.split(), *(part.format(**places, **fresh) for part in CALLS[name]), *options]
        ran = CliRunner().invoke(app, call)
        assert ran.exit_code in (0, 1), (call, ran.output, ran.exception)
        assert "Traceback" not in ran.output
        said[tuple(options)] = ran
    assert json.loads(said["--json", "--quiet"].stdout) is not None
    assert said["--json", "--quiet"].stderr == ""
    quiet, told = said["--quiet",], said[()]
    assert quiet.stderr == ""
    hints = ("next: ", "write it with", "read by: ")
    assert not any(hint in quiet.stdout for hint in hints)
    assert len(quiet.output) <= len(told.output)


def test_quiet_is_of_one_command_only(world, capsys):
    quiet = CliRunner().invoke(app, ["curate", str(world / "ws"), "--quiet"])
    assert "write it with" not in quiet.stdout and "licence: " in quiet.stdout
    show.hint("next: look")
    assert capsys.readouterr().out == "next: look\n"
