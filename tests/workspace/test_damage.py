"""Damaged, foreign and changing files are clear errors, never other data."""

import ctypes
import errno
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rlvr_atlas import pipeline
from rlvr_atlas.cli import score
from rlvr_atlas.curate.scores import read_scores
from rlvr_atlas.errors import AtlasError, InputError, RecipeError, WorkspaceError
from rlvr_atlas.fingerprints import sketch
from rlvr_atlas.load import DatasetReader
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.workspace.files import write_sealed
from rlvr_atlas.workspace.store import Workspace

FRAME = pl.DataFrame({"a": [1, 2, 3]})
RECIPE = """
[workspace]
path = "{place}"
[match]
semantic = false
[[datasets]]
id = "one"
path = "{data}"
atomic_source = "shelf"
"""


@pytest.fixture
def recipe(tmp_path):
    """A recipe over 40 problems; its workspace is `ws`."""
    lines = [
        {"question": f"Add {n} and {n * n + 3} apples, how many are there?", "answer": str(n)}
        for n in range(40)
    ]
    (tmp_path / "one.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return write_recipe(tmp_path)


def write_recipe(folder, place="ws", data="one.jsonl"):
    (folder / "recipe.toml").write_text(RECIPE.format(place=place, data=data))
    return folder / "recipe.toml"


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at // 8] ^= 1 << at % 8
    path.write_bytes(content)


def test_no_flipped_bit_of_any_table_is_read_as_other_data(recipe, tmp_path):
    pipeline.run(read_recipe(recipe))
    drawn, tried = random.Random(0), 0
    for path in sorted((tmp_path / "ws").glob("*.parquet")):
        for _ in range(20):
            at = drawn.randrange(path.stat().st_size * 8)
            flip(path, at)
            held = Workspace(tmp_path / "ws")
            with pytest.raises(WorkspaceError, match=rf"{path.name}: damaged .*rlvr-atlas \w+"):
                held.read(path.stem)
            writer = next(n for n, e in held.manifest["stages"].items() if path.stem in e["tables"])
            assert not held.done(writer, held.manifest["stages"][writer]["fingerprint"])
            flip(path, at)
            tried += 1
    assert tried >= 20 * 14
    Workspace(tmp_path / "ws").tables()


def test_a_damaged_table_is_made_again_by_a_run(recipe, tmp_path):
    pipeline.run(read_recipe(recipe))
    path = tmp_path / "ws" / "verdicts.parquet"
    good = path.read_bytes()
    flip(path, 800)
    pipeline.run(read_recipe(recipe))
    assert path.read_bytes() == good


def test_a_table_damaged_after_it_was_read_once_is_noticed_too(tmp_path):
    place = Workspace(tmp_path, create=True)
    with place.locked():
        place.finish("other", "f", {"t": FRAME}, seconds=0.0)
    assert place.read("t").equals(FRAME)
    flip(tmp_path / "t.parquet", 100)
    with pytest.raises(WorkspaceError, match="damaged"):
        place.scan("t")


def test_a_table_that_another_process_replaced_is_not_called_damaged(tmp_path):
    place = Workspace(tmp_path, create=True)
    with place.locked():
        place.finish("other", "f", {"t": FRAME}, seconds=0.0)
    rival = Workspace(tmp_path)
    with rival.locked():
        rival.finish("other", "g", {"t": FRAME.head(1)}, seconds=0.0)
    with pytest.raises(WorkspaceError, match="run again since this workspace was opened"):
        place.read("t")


def test_a_scan_reads_the_file_that_was_compared_also_once_a_run_has_replaced_it(tmp_path):
    place = Workspace(tmp_path, create=True)
    with place.locked():
        place.finish("other", "f", {"t": FRAME}, seconds=0.0)
    scanned = Workspace(tmp_path).scan("t")
    with place.locked():
        place.finish("other", "g", {"t": pl.DataFrame({"a": ["x"] * 500})}, seconds=0.0)
    assert scanned.collect().equals(FRAME)
    assert scanned.filter(pl.col("a") > 2).select(pl.len()).collect().item() == 1


def test_no_flipped_bit_of_the_cache_is_used(recipe, tmp_path):
    place = pipeline.run(read_recipe(recipe), stages=["ingest"])
    drawn = random.Random(1)
    for path in sorted((tmp_path / "ws" / "cache").glob("*/*.parquet")):
        kind, name = path.parent.name, path.stem
        good = Workspace(tmp_path / "ws").read_cached_frame(kind, name)
        assert good is not None
        for _ in range(20):
            at = drawn.randrange(path.stat().st_size * 8)
            flip(path, at)
            assert Workspace(tmp_path / "ws").read_cached_frame(kind, name) is None
            flip(path, at)
        flip(path, 90)
    before = place.read("occurrences")
    with place.locked():
        place.forget("ingest")
    assert pipeline.run(read_recipe(recipe), stages=["ingest"]).read("occurrences").equals(before)


def test_no_flipped_bit_of_an_array_is_used(tmp_path):
    place = Workspace(tmp_path, create=True)
    with place.locked():
        place.write_array("match", "s", np.arange(6))
        place.finish("match", "f", {}, seconds=0.0)
    path = tmp_path / "cache" / "match" / "s.npy"
    for at in range(0, path.stat().st_size * 8, 37):
        flip(path, at)
        held = Workspace(tmp_path)
        assert not held.done("match", "f")
        with pytest.raises(WorkspaceError, match=r"s\.npy: damaged"):
            held.read_array("match", "s")
        flip(path, at)
    path.unlink()
    assert Workspace(tmp_path).read_array("match", "s") is None
    assert not Workspace(tmp_path).done("match", "f")


def test_a_panic_of_polars_is_an_error_of_ours(tmp_path, monkeypatch):
    place = Workspace(tmp_path, create=True)
    with place.locked():
        place.finish("other", "f", {"t": FRAME}, seconds=0.0)
    place.write_cached_frame("rows", "x", FRAME)

    def panic(*_):
        raise pl.exceptions.PanicException("no such page")

    monkeypatch.setattr(pl, "scan_parquet", panic)
    monkeypatch.setattr(pl, "read_parquet", panic)
    with pytest.raises(WorkspaceError, match="no such page"):
        place.scan("t")
    assert place.read_cached_frame("rows", "x") is None


@pytest.mark.parametrize("kind", [pl.exceptions.PanicException, pl.exceptions.ComputeError])
def test_an_interrupt_that_polars_wraps_is_no_damage(tmp_path, monkeypatch, kind):
    place = Workspace(tmp_path, create=True)
    with place.locked():
        place.finish("other", "f", {"t": FRAME}, seconds=0.0)
    place.write_cached_frame("rows", "x", FRAME)

    def interrupted(*_, **__):
        raise kind("called `Result::unwrap()` on an `Err` value: PyErr { type: <class 'KeyboardInterrupt'> }")

    for name in ("scan_parquet", "read_parquet", "read_parquet_metadata"):
        monkeypatch.setattr(pl, name, interrupted)
    monkeypatch.setattr(pl.DataFrame, "write_parquet", interrupted)
    for action in (
        lambda: place.scan("t"),
        lambda: place.read_cached_frame("rows", "x"),
        lambda: place.write_cached_frame("rows", "x", FRAME),
        lambda: sketch.read(tmp_path / "t.parquet", made_by="x"),
        lambda: read_scores(tmp_path / "t.parquet"),
    ):
        with pytest.raises(KeyboardInterrupt):
            action()


@pytest.mark.parametrize("moment", ["before", "gone"])
def test_a_dataset_that_changes_while_it_is_read_is_not_kept(recipe, tmp_path, monkeypatch, moment):
    real = DatasetReader.batches
    data = tmp_path / "one.jsonl"
    first = data.read_bytes()

    def changing(self, *args):
        if moment == "before":
            data.write_bytes(first.replace(b"apples", b"stones"))
        yield from real(self, *args)
        if moment == "gone":
            data.unlink()

    monkeypatch.setattr(DatasetReader, "batches", changing)
    with pytest.raises(InputError, match=r"dataset one: changed while it was read: .*one\.jsonl"):
        pipeline.run(read_recipe(recipe))
    monkeypatch.undo()
    data.write_bytes(first)
    prompts = pipeline.run(read_recipe(recipe), stages=["ingest"]).read("instances")["prompt"]
    assert prompts.str.contains("apples").all()


@pytest.mark.parametrize("name", ["mix.parquet", "report.html", "notes.txt", "one.jsonl"])
def test_a_folder_with_files_of_others_is_refused_and_left_alone(recipe, tmp_path, name):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("precious")
    with pytest.raises(WorkspaceError, match=f"no workspace and holds other files .{name}"):
        pipeline.run(read_recipe(write_recipe(tmp_path, "mine")))
    with pytest.raises(WorkspaceError, match="holds other files"):
        pipeline.run(read_recipe(write_recipe(tmp_path, ".")))
    assert [path.read_text() for path in (tmp_path / "mine").iterdir()] == ["precious"]
    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("path", ["", "  "])
def test_an_empty_path_is_refused(tmp_path, path):
    with pytest.raises(RecipeError, match="'path' is empty"):
        read_recipe(write_recipe(tmp_path, path))


def test_the_home_folder_is_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert read_recipe(write_recipe(tmp_path, "~/atlas")).workspace_path == tmp_path / "home" / "atlas"


@pytest.mark.parametrize("name", ["mix.parquet", "cache/rows/x.parquet", "report.html"])
def test_an_input_that_lies_where_the_workspace_writes_is_refused(recipe, tmp_path, name):
    pipeline.run(read_recipe(recipe), stages=["ingest"])
    place = tmp_path / "ws" / name
    content = (tmp_path / "one.jsonl").read_bytes()
    place.write_bytes(content)
    (tmp_path / "link.jsonl").symlink_to(place)
    for data in (f"ws/{name}", "link.jsonl"):
        with pytest.raises(WorkspaceError, match=r"lies where the workspace .*ws writes"):
            pipeline.run(read_recipe(write_recipe(tmp_path, data=data)))
    assert place.read_bytes() == content


def test_temporary_files_of_dead_processes_are_swept(tmp_path):
    place = Workspace(tmp_path, create=True)
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    folder = place.cache_path("rows", "x").parent
    left = [where / f".t.parquet.{int(dead.stdout)}.tmp" for where in (tmp_path, folder)]
    kept = [tmp_path / f".t.parquet.{os.getppid()}.tmp", tmp_path / ".mine.tmp"]
    for path in (*left, *kept):
        path.write_text("x")
    with place.locked():
        pass
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in kept)


DEEP = '{"format": 4, "stages": ' + "[" * 100_000 + "]" * 100_000 + "}"


def sealed(content):
    """A manifest whose hash is right, whatever is in it."""
    with tempfile.TemporaryDirectory() as folder:
        write_sealed(Path(folder) / "m.json", content)
        return (Path(folder) / "m.json").read_text()


ENTRY = {"fingerprint": "f", "seconds": 0, "limits": [], "rows": {}, "arrays": {}, "made_from": {}}


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[1]", "[" * 100_000, DEEP, '{"format": 1e999, "stages": {}}', "\x00"),
        '{"format": true, "stages": {}}',
        '{"format": 4, "stages": {}}',
        sealed({"format": 4, "stages": {"ingest": 3}}),
        sealed({"format": 4, "stages": {"ingest": {}}}),
        sealed({"format": 4, "stages": {"x": {**ENTRY, "tables": {"../../t": "0"}}}}),
        sealed({"format": 4, "stages": {}, "recipe": 1}).replace('"recipe": 1', '"recipe": 3'),
    ],
)
def test_a_damaged_manifest_is_an_error_of_ours(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    for create in (False, True):
        with pytest.raises(AtlasError, match="damaged, or not one of ours"):
            Workspace(tmp_path, create=create)


def test_decisions_that_may_not_be_read_are_an_error_of_ours(tmp_path):
    place = Workspace(tmp_path, create=True)
    assert place.read_bytes("review.jsonl") == b""
    (tmp_path / "review.jsonl").mkdir()
    with pytest.raises(WorkspaceError, match=r"review\.jsonl: cannot be read \(Is a directory\)"):
        place.read_bytes("review.jsonl")


@pytest.mark.parametrize("create", [False, True])
def test_a_manifest_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch, create):
    Workspace(tmp_path, create=True)

    def refused(path, **_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(WorkspaceError, match=r"manifest\.json: cannot be read \(Permission denied\)"):
        Workspace(tmp_path, create=create)
    monkeypatch.setattr(Path, "exists", refused)  # as in a folder that may not be searched
    with pytest.raises(WorkspaceError, match=r"cannot be read \(Permission denied\)"):
        Workspace(tmp_path, create=create)


def held_to_permissions():
    """Root may search everything, unless it gives these capabilities away (prctl, PR_CAPBSET_DROP)."""
    for capability in (1, 2, 3):
        assert os.geteuid() or ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="capabilities are Linux's")
@pytest.mark.parametrize("denied", ["", "cache", "cache/match"])
def test_a_folder_that_may_not_be_searched_is_an_error_of_ours(recipe, tmp_path, denied):
    pipeline.run(read_recipe(recipe))
    recipe.write_text(recipe.read_text().replace('id = "one"', 'id = "other"'))
    command = [sys.executable, "-m", "rlvr_atlas", "run", str(recipe)]
    (tmp_path / "ws" / denied).chmod(0)
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=held_to_permissions
    )
    (tmp_path / "ws" / denied).chmod(0o755)
    assert result.returncode == 2, result.stderr
    assert "Permission denied" in result.stderr
    assert "Traceback" not in result.stderr
    assert pipeline.run(read_recipe(recipe)).has("lineage")


def test_no_flipped_bit_of_the_manifest_is_read_as_another(recipe, tmp_path):
    """Also of what only people read: limits, counts, the stored recipe."""
    pipeline.run(read_recipe(recipe))
    path = tmp_path / "ws" / "manifest.json"
    good, drawn = path.read_bytes(), random.Random(3)
    for _ in range(200):
        flip(path, drawn.randrange(len(good) * 8))
        with pytest.raises(WorkspaceError, match="damaged, or not one of ours.*review.jsonl"):
            Workspace(tmp_path / "ws")
        path.write_bytes(good)


@pytest.mark.parametrize(
    ("reader", "ending", "read"),
    [
        ("read_parquet", "parquet", lambda path: sketch.read(path, made_by="x")),
        ("read_parquet", "parquet", read_scores),
        ("read_ndjson", "jsonl", read_scores),
        ("read_csv", "csv", score._read),
    ],
)
def test_a_panic_of_polars_over_a_file_of_the_user_is_an_error_of_ours(
    tmp_path, monkeypatch, reader, ending, read
):
    def panic(*_):
        raise pl.exceptions.PanicException("no such page")

    path = tmp_path / f"f.{ending}"
    sketch.write(path, sketch.Sketch(sketch.Sample.of("abc"), sketch.Sample.of(""), "x"), "s")
    monkeypatch.setattr(pl, reader, panic)
    with pytest.raises(InputError, match=path.name):
        read(path)


@pytest.mark.parametrize("older", [2, 3])
def test_an_older_workspace_is_built_anew_with_a_message(older, recipe, tmp_path, caplog):
    first = pipeline.run(read_recipe(recipe)).read("lineage")
    path = tmp_path / "ws" / "manifest.json"
    old = json.loads(path.read_text())
    if older == 2:
        del old["sha256"]  # which came with format 3
        path.write_text(json.dumps({**old, "format": older}))
    else:
        # As format 3 may have it: tables that know of no attachments.
        instances = pl.read_parquet(tmp_path / "ws" / "instances.parquet").drop("attachments")
        instances.write_parquet(tmp_path / "ws" / "instances.parquet")
        del old["sha256"]
        write_sealed(path, {**old, "format": older})
    with pytest.raises(WorkspaceError, match="older version.*rlvr-atlas run"):
        Workspace(tmp_path / "ws")
    again = pipeline.run(read_recipe(recipe))
    assert [record.message for record in caplog.records if "built anew" in record.message]
    assert again.read("lineage").equals(first)
    assert Workspace(tmp_path / "ws").has("lineage")
