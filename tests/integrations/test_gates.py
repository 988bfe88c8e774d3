"""The GitHub action, the pre-commit hook and the Docker image, as far as they can be run here."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from .conftest import clean, item

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder with a benchmark, and the command `rlvr-atlas` in `bin`."""
    folder = tmp_path_factory.mktemp("gates")
    parts = {"leaky.jsonl": [item(0), *map(clean, range(9))], "clean set.jsonl": list(map(clean, range(9)))}
    parts["bench.json"] = list(map(item, range(12)))
    for name, problems in parts.items():
        rows = [{"problem": text, "answer": str(at)} for at, text in enumerate(problems)]
        lines = json.dumps(rows) if name.endswith(".json") else "\n".join(map(json.dumps, rows))
        (folder / name).write_text(lines + "\n")
    (folder / "bin").mkdir()
    command = folder / "bin" / "rlvr-atlas"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rlvr_atlas "$@"\n')
    command.chmod(0o755)
    return folder


def environment(folder: Path, **more: str) -> dict[str, str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "src")} | more


# --- the action ---------------------------------------------------------------------------------------

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
LOOK = ACTION["runs"]["steps"][-1]


def acted(folder, **inputs):
    """What the last step does; inputs that are not given have the action's defaults."""
    filled = {
        variable: re.sub(
            r"\$\{\{ inputs\.(\w+) \}\}",
            lambda name: inputs.get(name[1], ACTION["inputs"][name[1]].get("default", "")),
            text,
        )
        for variable, text in LOOK["env"].items()
    }
    summary = folder / "summary.md"
    summary.write_text("")
    run = subprocess.run(
        ["bash", "-c", LOOK["run"]],
        cwd=folder,
        env=environment(folder, GITHUB_STEP_SUMMARY=str(summary), **filled),
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr, summary.read_text()


def test_the_action_fails_where_a_file_leaks_and_says_so_in_the_summary(folder):
    code, _, summary = acted(folder, files="*.jsonl", against="bench.json")
    assert code == 1
    assert "FAILED" in summary and "leaky.jsonl" in summary and "bench" in summary


def test_the_action_passes_what_is_clean_or_tolerated(folder):
    files = "clean set.jsonl\nleaky*\n"
    assert acted(folder, files=files, against="bench.json", tolerance="0.2")[0] == 0


def test_the_action_traces_too_and_runs_nothing_of_its_inputs(folder):
    assert acted(folder, files="clean set.jsonl", command="trace", against="bench.json")[0] == 0
    code, said, _ = acted(folder, files="$(touch evil)\n; touch evil", command="check; touch evil")
    assert (code, (folder / "evil").exists()) == (2, False)
    assert "must be check or trace" in said
    assert acted(folder, files="$(touch evil)")[0] == 2
    assert not (folder / "evil").exists()


def test_no_input_stands_in_the_text_of_a_script():
    assert not [step for step in ACTION["runs"]["steps"] if "${{" in step.get("run", "")]
    used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(ACTION["runs"])))
    assert used == set(ACTION["inputs"])  # and each is used


def test_the_action_installs_itself():
    install = ACTION["runs"]["steps"][1]["run"]
    assert install.endswith('"$GITHUB_ACTION_PATH"')
    assert (ROOT / "pyproject.toml").exists()


# --- the hook -----------------------------------------------------------------------------------------


def git(folder, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(("name", "code"), [("leaky.jsonl", 1), ("clean set.jsonl", 0)])
def test_pre_commit_runs_the_hook_on_data_files(folder, tmp_path, name, code):
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    args = ["--against", str(folder / "bench.json")]
    # As it is but for the environment, which would be fetched.
    config = {"repos": [{"repo": "local", "hooks": [hook | {"language": "system", "args": args}]}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "settings.json").write_text("{}")  # no data
    shutil.copy(folder / name, tmp_path)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--verbose"]
    home = {"PRE_COMMIT_HOME": str(tmp_path / ".git" / "cache")}
    run = subprocess.run(
        command, cwd=tmp_path, env=environment(folder, **home), capture_output=True, text=True, check=False
    )
    assert run.returncode == code, run.stdout + run.stderr
    assert ("FAILED" if code else "passed: ") in run.stdout


def test_pre_commit_takes_the_list_of_hooks():
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    subprocess.run(command, check=True, capture_output=True)


# --- the image ----------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def copied() -> list[str]:
    """What is copied from the clone."""
    copies = [rest.split() for name, rest in instructions() if name == "COPY"]
    return [source for words in copies if not words[0].startswith("--from") for source in words[:-1]]


def test_the_package_can_be_built_from_what_the_image_copies(tmp_path):
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {f"!{name}" for name in copied()} <= set(ignored)
    for name in copied():
        source = ROOT / name
        skip = shutil.ignore_patterns("__pycache__")
        (shutil.copytree if source.is_dir() else shutil.copy)(
            source, tmp_path / name, **({"ignore": skip} if source.is_dir() else {})
        )
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert list((tmp_path / "dist").glob("rlvr_atlas-*.whl"))


def test_the_image_runs_the_command_and_not_as_root():
    last = dict(instructions())
    assert last["USER"] != "root"
    assert (
        json.loads(last["ENTRYPOINT"])[0].rpartition("/")[2]
        in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    )
