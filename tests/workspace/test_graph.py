"""The graph of stages: declared once, and what is downstream of a stage is dropped with it."""

import json
from importlib.metadata import version

import polars as pl
import pytest

from rlvr_atlas.errors import InputError, WorkspaceError
from rlvr_atlas.workspace import graph
from rlvr_atlas.workspace.files import SEAL, write_sealed
from rlvr_atlas.workspace.store import Workspace

FRAME = pl.DataFrame({"a": [1]})


@pytest.fixture
def workspace(tmp_path):
    """Every stage of a run is done, and people scored it."""
    place = Workspace(tmp_path / "ws", create=True)
    with place.locked():
        for name in ("ingest", "match", "attribute", "audit", "curate", "score"):
            tables = dict.fromkeys(graph.find_stage(name).gives, FRAME)
            place.finish(name, graph.made_from(place, name), tables, seconds=0.0)
    return place


def test_every_stage_stands_after_those_it_reads():
    seen = set()
    for stage in graph.STAGES:
        assert set(stage.reads) <= seen, stage.name
        seen.add(stage.name)


def test_every_declared_part_is_there_and_every_kind_of_file_counts(monkeypatch, tmp_path):
    for stage in graph.STAGES:
        assert graph.code_of(stage.name)
    with pytest.raises(ValueError, match="no such part"):
        graph.code_digest("nowhere.py")
    (tmp_path / "part").mkdir()
    monkeypatch.setattr(graph, "files", lambda _: tmp_path)
    seen = set()
    for name in ("a.py", "a.toml", "a.json", "a.npy", "a.npz", "a"):
        (tmp_path / "part" / name).write_bytes(b"1")
        graph.code_digest.cache_clear()
        seen.add(graph.code_digest("part"))
        (tmp_path / "part" / name).write_bytes(b"2")
        graph.code_digest.cache_clear()
        seen.add(graph.code_digest("part"))
    graph.code_digest.cache_clear()
    assert len(seen) == 12


def test_a_new_version_of_a_library_is_another_fingerprint(workspace, monkeypatch):
    before = {name: graph.made_from(workspace, name) for name in ("ingest", "match", "audit")}
    encoded = graph.made_from(workspace, "match", extras=True)
    for library, changed in (("polars", set(before)), ("rensa", {"match"}), ("torch", set())):
        newer = lambda name, library=library: "999" if name == library else version(name)  # noqa: E731
        monkeypatch.setattr(graph, "version", newer)
        now = {name: graph.made_from(workspace, name) for name in before}
        assert {name for name in before if now[name] != before[name]} == changed
        if library == "torch":
            assert graph.made_from(workspace, "match", extras=True) != encoded


def test_finishing_a_stage_drops_all_downstream_in_one_write(workspace):
    written = []
    real = workspace._write_manifest
    workspace._write_manifest = lambda: (written.append(set(workspace.manifest["stages"])), real())
    with workspace.locked():
        workspace.finish("match", "new", {"verdicts": FRAME}, seconds=0.0)
    assert written == [{"ingest"}, {"ingest", "match"}]
    again = Workspace(workspace.folder)
    assert set(again.tables()) == {*graph.find_stage("ingest").gives, "verdicts"}
    for table in ("lineage", "leaks", "mix", "scores"):
        assert not again.has(table)
        with pytest.raises(WorkspaceError, match=r"not complete.*rlvr-atlas \w+"):
            again.read(table)


def test_forgetting_a_stage_drops_only_what_lies_downstream(workspace):
    with workspace.locked():
        workspace.forget("audit")
    # A score reads leaks where there are any.
    assert set(Workspace(workspace.folder).manifest["stages"]) == {"ingest", "match", "attribute"}


def test_a_table_made_from_an_older_stage_is_not_read(workspace):
    """Also where the manifest was not written by this store."""
    path = workspace.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["stages"]["ingest"]["fingerprint"] = "another"
    write_sealed(path, {name: value for name, value in manifest.items() if name != SEAL})
    held = Workspace(workspace.folder)
    assert held.read("instances").equals(FRAME)
    for table in ("verdicts", "lineage", "leaks", "mix"):
        assert not held.has(table)
        with pytest.raises(WorkspaceError, match="'ingest', which it was made from, has changed"):
            held.scan(table)
    with pytest.raises(InputError, match="rlvr-atlas match"):
        graph.made_from(held, "audit")


def test_a_table_belongs_to_the_stage_that_wrote_it_last(tmp_path):
    place = Workspace(tmp_path, create=True)
    with place.locked():
        place.finish("sca_demo", "f", {"transitions": FRAME, "gains": FRAME}, seconds=0.0)
        place.finish("sca_attribute", "f", {"transitions": FRAME}, seconds=0.0)
    assert set(place.manifest["stages"]) == {"sca_attribute"}
    assert place.has("transitions") and not place.has("gains")


def test_a_table_that_is_not_declared_is_refused(tmp_path):
    place = Workspace(tmp_path, create=True)
    with place.locked(), pytest.raises(ValueError, match="does not declare"):
        place.finish("audit", "f", {"leeks": FRAME}, seconds=0.0)
