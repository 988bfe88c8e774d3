"""Datasets that are read side by side give the same tables, whatever happens to the processes."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from rlvr_atlas import executor, ingest, pipeline
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.errors import AtlasError

NAMES = ["one", "two", "three", "four"]
TABLES = ("datasets", "occurrences", "instances", "skipped_rows", "schemas", "templates")


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        rows = [
            {"problem": f"How many of {n} boats in port {name} sail?", "answer": str(n)} for n in range(40)
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def recipe(folder, workspace):
    datasets = [{"id": name, "path": str(folder / f"{name}.jsonl")} for name in NAMES]
    return parse_recipe({"workspace": {"path": str(folder / workspace)}, "datasets": datasets})


@pytest.fixture
def side_by_side(monkeypatch):
    monkeypatch.setattr(executor, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr(executor, "processors", lambda: 2)


def never(reader):
    raise AssertionError(f"{reader.spec.id} was read here")


def test_tables_are_the_same(folder, side_by_side, monkeypatch):
    alone = pipeline.run(recipe(folder, "alone"), stages=("ingest",))
    with monkeypatch.context() as patched:
        patched.setattr(ingest, "read_partition", never)
        told = []
        among = pipeline.run(
            recipe(folder, "among"), stages=("ingest",), on_progress=lambda *told_now: told.append(told_now)
        )
    assert {name for _, name, *_ in told} >= set(NAMES)
    for table in TABLES:
        assert among.read(table).equals(alone.read(table)), table


def test_large_datasets_are_read_here_one_after_another(folder, side_by_side, monkeypatch):
    monkeypatch.setattr(executor, "LARGEST", 10)
    monkeypatch.setattr(executor, "_start", lambda _: pytest.fail("a process was started"))
    assert pipeline.run(recipe(folder, "w"), stages=("ingest",)).read("occurrences").height == 160


def test_small_datasets_are_read_here(folder, monkeypatch):
    monkeypatch.setattr(executor, "_start", lambda _: pytest.fail("a process was started"))
    assert pipeline.run(recipe(folder, "w"), stages=("ingest",)).read("occurrences").height == 160


@pytest.mark.parametrize("start", ["dies at once", "answers nothing", "keeps nothing"])
def test_what_a_process_does_not_read_is_read_here(start, folder, side_by_side, monkeypatch):
    code = {
        "dies at once": "",
        "answers nothing": "import sys; sys.stdin.readline()",
        "keeps nothing": 'import sys\nfor line in sys.stdin: print("kept", flush=True)',
    }[start]
    monkeypatch.setattr(
        executor,
        "_start",
        lambda _: subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ),
    )
    assert pipeline.run(recipe(folder, "w"), stages=("ingest",)).read("occurrences").height == 160


def test_a_dataset_that_cannot_be_read_is_named_as_ever(folder, side_by_side):
    (folder / "three.jsonl").write_text('{"nothing": 1}\n')
    with pytest.raises(AtlasError) as told:
        pipeline.run(recipe(folder, "w"), stages=("ingest",))
    assert "three" in str(told.value)


def test_an_interrupt_ends_the_processes(folder, side_by_side, monkeypatch):
    started = []

    def hanging(_):
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        # In a session of its own it gets no signal that the terminal sends to all.
        new = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "start_new_session": True}
        started.append(subprocess.Popen(command, **new))
        if len(started) == 2:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        return started[-1]

    monkeypatch.setattr(executor, "_start", hanging)
    # A shell that started the tests in the background may have told them to ignore interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            pipeline.run(recipe(folder, "w"), stages=("ingest",))
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)
