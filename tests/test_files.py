"""A file is the old one or the new one, whatever happens while it is written."""

import errno
import os

import polars as pl
import pytest

from rlvr_atlas.errors import AtlasError, InputError, WorkspaceError
from rlvr_atlas.files import guard, replace_file
from rlvr_atlas.fingerprints import sketch


def fails(code):
    def write(path):
        path.write_text("half")
        raise OSError(code, os.strerror(code))

    return write


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a.txt"
    for text in ("old", "new"):
        replace_file(path, lambda temporary, text=text: temporary.write_text(text))
        assert path.read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_content_is_on_disk_before_the_name_is_taken(tmp_path, monkeypatch):
    path, synced = tmp_path / "a.txt", []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append((os.fstat(number).st_size, path.exists())))
    replace_file(path, lambda temporary: temporary.write_text("whole"))
    assert synced == [(5, False)]


@pytest.mark.parametrize(
    ("code", "fix"), [(errno.ENOSPC, "Free some space"), (errno.EROFS, "Choose a path"), (errno.EIO, "Check")]
)
def test_a_write_that_fails_leaves_the_old_file_and_says_what_to_do(tmp_path, code, fix):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(WorkspaceError, match=f"a.txt: cannot write .*{fix}"):
        replace_file(path, fails(code))
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    def write(path):
        path.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(tmp_path / "a.txt", write)
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_folder_in_the_way_is_an_error_of_the_kind_asked_for(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(InputError, match="cannot write"):
        replace_file(tmp_path / "a.txt", lambda path: path.write_text("x"), error=InputError)
    with pytest.raises(AtlasError, match="cannot write"):
        replace_file(tmp_path / "none" / "a.txt", lambda path: path.write_text("x"))


def test_what_polars_says_of_the_disk_is_understood_and_its_other_errors_are_bugs(tmp_path):
    def raises(error):
        raise error

    for kind in (pl.exceptions.ComputeError, pl.exceptions.PanicException, OSError):
        with pytest.raises(WorkspaceError, match=r"\(No space left on device\). Free some space"):
            guard(tmp_path, lambda kind=kind: raises(kind("parquet: (os error 28): /x")))
    with pytest.raises(WorkspaceError, match="cannot write .odd.. Check the path"):
        guard(tmp_path, lambda: raises(OSError("odd")))
    with pytest.raises(pl.exceptions.ComputeError):
        guard(tmp_path, lambda: raises(pl.exceptions.ComputeError("something else")))


def test_a_sketch_that_cannot_be_written_leaves_the_one_that_was_there(tmp_path, monkeypatch):
    made = sketch.build(pl.DataFrame({"skeleton": ["1 and 2"], "answer": ["3"]}), made_by="v")
    path = tmp_path / "folder" / "s.parquet"
    sketch.write(path, made, "d")

    def torn(frame, target, **_):
        fails(errno.ENOSPC)(target)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", torn)
    with pytest.raises(InputError, match="No space left"):
        sketch.write(path, made, "d")
    monkeypatch.undo()
    assert sketch.read(path, made_by="v").texts.hashes.tolist() == made.texts.hashes.tolist()


@pytest.mark.parametrize(
    "told",
    [
        pl.exceptions.ComputeError("parquet: File out of specification: transport error"),
        OSError("26368 requested and 16352 written"),
    ],
)
def test_a_part_that_does_not_fit_the_disk_cannot_be_written(tmp_path, told):
    def write(path):
        raise told

    with pytest.raises(WorkspaceError, match=r"cannot write.*disk is not full"):
        replace_file(tmp_path / "t.parquet", write)
