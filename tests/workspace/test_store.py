"""The workspace survives kills, full disks and rivals, and never shows a half-written table."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rlvr_atlas.errors import WorkspaceError
from rlvr_atlas.workspace.store import Workspace, fingerprint

FULL = Path("/dev/full")
FRAME = pl.DataFrame({"a": [1, 2, 3]})


def _filled(folder, stage="trace", name="t"):
    workspace = Workspace(folder, create=True)
    with workspace.locked():
        workspace.finish(stage, "f1", {name: FRAME}, seconds=0.1)
    return workspace


def test_written_tables_come_back(tmp_path):
    _filled(tmp_path)
    again = Workspace(tmp_path)
    assert again.read("t").equals(FRAME)
    assert again.done("trace", "f1")
    assert not again.done("trace", "f2")


def test_a_folder_without_manifest_is_no_workspace(tmp_path):
    with pytest.raises(WorkspaceError, match="rlvr-atlas run"):
        Workspace(tmp_path)


def test_a_table_of_an_unfinished_stage_is_refused(tmp_path):
    workspace = _filled(tmp_path)
    with workspace.locked():
        workspace.forget("trace")
    with pytest.raises(WorkspaceError, match="not complete"):
        Workspace(tmp_path).read("t")


def test_a_deleted_or_damaged_table_is_noticed(tmp_path):
    _filled(tmp_path)
    (tmp_path / "t.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(WorkspaceError, match="damaged"):
        Workspace(tmp_path).read("t")
    (tmp_path / "t.parquet").unlink()
    assert not Workspace(tmp_path).done("trace", "f1")


def test_two_writers_exclude_each_other(tmp_path):
    workspace = _filled(tmp_path)
    rival = Workspace(tmp_path)
    with workspace.locked(), pytest.raises(WorkspaceError, match="another process"), rival.locked():
        pass


@pytest.mark.parametrize("step", range(1, 7))
def test_killed_at_any_step_a_stage_is_whole_or_not_done(tmp_path, step):
    """A process that dies at its n-th rename or removal leaves old tables or none, never a mixture."""
    _filled(tmp_path)
    script = f"""
        import os, pathlib, polars as pl
        from rlvr_atlas.workspace.store import Workspace
        calls, real = 0, pathlib.Path.replace
        def dying(self, target):
            global calls
            calls += 1
            if calls == {step}:
                os._exit(9)
            return real(self, target)
        pathlib.Path.replace = dying
        workspace = Workspace(pathlib.Path({str(tmp_path)!r}))
        with workspace.locked():
            tables = {{name: pl.DataFrame({{"a": [9]}}) for name in ("t", "u", "v")}}
            workspace.finish("trace", "f2", tables, seconds=0.0)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    after = Workspace(tmp_path)
    if after.done("trace", "f2"):
        assert all(after.read(name)["a"].to_list() == [9] for name in ("t", "u", "v"))
    elif after.has("t"):
        assert after.done("trace", "f1")
        assert after.read("t").equals(FRAME)


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_said_and_loses_nothing(tmp_path, monkeypatch):
    workspace = _filled(tmp_path)

    def full(self, target):
        with FULL.open("w") as handle:
            handle.write("x" * 100_000)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with workspace.locked(), pytest.raises(WorkspaceError, match="No space left.*Free some space"):
        workspace.finish("other", "f1", {"u": FRAME}, seconds=0.0)
    monkeypatch.undo()
    assert Workspace(tmp_path).read("t").equals(FRAME)
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_foreign_or_newer_manifest_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(WorkspaceError, match="not one of ours"):
        Workspace(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 999, "stages": {}}))
    with pytest.raises(WorkspaceError, match="newer version"):
        Workspace(tmp_path)


def test_caches_come_back_and_a_damaged_one_counts_as_none(tmp_path):
    workspace = _filled(tmp_path)
    workspace.write_cached_frame("rows", "x", FRAME)
    assert workspace.read_cached_frame("rows", "x").equals(FRAME)
    (tmp_path / "cache" / "rows" / "x.parquet").write_bytes(b"")
    assert workspace.read_cached_frame("rows", "x") is None
    with workspace.locked():
        workspace.write_array("match", "s", np.arange(6).reshape(2, 3))
        workspace.finish("match", "f1", {}, seconds=0.0)
    assert workspace.read_array("match", "s").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert workspace.read_array("match", "nothing") is None


def test_fingerprints_tell_inputs_apart():
    assert fingerprint("a", {"x": 1, "y": 2}) == fingerprint("a", {"y": 2, "x": 1})
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
