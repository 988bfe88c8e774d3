"""The workspace: Parquet tables and `manifest.json`, and the only module that writes them.

A stage is done when the manifest says so. Its entry is taken out before the first of its tables is replaced,
together with the entries of all stages downstream, and put back after the last one, each step by an atomic
rename. A process killed at any moment leaves a workspace that knows which tables it can trust. A table is
read only if it is the one that its finished stage wrote, by its SHA-256, and if the stages that it was made
from are still the same. Not covered: two machines writing one workspace over a network file system without
locks.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from rlvr_atlas import __version__
from rlvr_atlas.errors import WorkspaceError
from rlvr_atlas.files import POLARS_ERRORS, guard, pass_interrupt, replace_file
from rlvr_atlas.workspace.files import (
    hash_of,
    lock,
    replace_hashed,
    sweep,
    write_export,
)
from rlvr_atlas.workspace.graph import downstream, find_stage, fingerprint, givers
from rlvr_atlas.workspace.manifest import (
    FORMAT,
    MANIFEST,
    claim,
    is_workspace,
    outdated_by,
    read_manifest,
    write_manifest,
)

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FORMAT", "MANIFEST", "Workspace", "fingerprint", "write_export"]


class Workspace:
    """A folder of tables. Reading is free of side effects; writing needs `locked()`.

    Args:
        folder: The workspace folder.
        create: Make it a workspace where it is empty or does not exist. One of an older format is then built
            anew, with a warning.

    Raises:
        WorkspaceError: If it is missing, is not a workspace, holds files of others, or was written by another
            version.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        if "\0" in str(folder):
            raise WorkspaceError("a path cannot hold a NUL character", where=repr(str(folder)))
        if create:
            claim(folder)
        elif not is_workspace(folder):
            fix = "run a recipe first: rlvr-atlas run RECIPE.toml"
            raise WorkspaceError("this is no workspace (no manifest.json)", where=str(folder), fix=fix)
        self.manifest: dict[str, Any] = read_manifest(folder, rebuild=create)
        #: Files whose hash was compared: path -> what told this state of the file from others, and its hash.
        self._compared: dict[Path, tuple[object, ...]] = {}
        #: Hashes of arrays that were written for a stage which is not finished yet.
        self._arrays: dict[str, dict[str, str]] = {}

    # --- reading ---------------------------------------------------------------------------------------

    def done(self, stage: str, fingerprint: str) -> bool:
        """Whether `stage` was completed for exactly these inputs and settings, and its files are intact."""
        entry = self.manifest["stages"].get(stage)
        if entry is None or entry["fingerprint"] != fingerprint or self.fingerprint_of(stage) is None:
            return False
        files = [(self._table_path(name), digest) for name, digest in entry["tables"].items()]
        files += [(self._array_path(stage, name), digest) for name, digest in entry["arrays"].items()]
        return all(self._is_intact(path, digest) for path, digest in files)

    def fingerprint_of(self, stage: str) -> str | None:
        """What a stage was made from; None where it is not done, or no longer current."""
        stages = self.manifest["stages"]
        if stage not in stages or outdated_by(stages, stage):
            return None
        return str(stages[stage]["fingerprint"])

    def has(self, table: str) -> bool:
        """Whether a completed stage wrote this table, and is current."""
        writer = self._writer(table)
        return writer is not None and self.fingerprint_of(writer) is not None

    def scan(self, table: str) -> pl.LazyFrame:
        """A table, lazily. Its hash is compared when it is first read.

        Raises:
            WorkspaceError: If no completed stage wrote it, what it was made from has changed, or the file is
                gone or damaged.
        """
        path, writer = self._table_path(table), self._writer(table)
        if writer is None:
            raise self._refuse(f"the table '{table}' is not complete", table)
        if older := outdated_by(self.manifest["stages"], writer):
            what = f"the table '{table}' is not complete: '{older}', which it was made from, has changed"
            raise self._refuse(what, table)
        try:
            # What is read later is the file that was compared, also where a run replaces it meanwhile.
            with path.open("rb") as handle:
                self._check(path, writer, self.manifest["stages"][writer]["tables"][table], handle)
                frame = pl.scan_parquet(handle)
                frame.collect_schema()
        except FileNotFoundError:
            raise self._refuse(f"the table '{table}' is not complete: its file is gone", table) from None
        except (*POLARS_ERRORS, OSError) as error:
            pass_interrupt(error)
            raise self._damaged(path, writer, str(error)) from None
        return frame

    def read(self, table: str) -> pl.DataFrame:
        """A table, in memory. Raises as `scan` does."""
        return self.scan(table).collect()

    def tables(self) -> dict[str, pl.LazyFrame]:
        """Every table of every completed stage that is current, lazily, by name. Raises as `scan` does."""
        names = (name for entry in self.manifest["stages"].values() for name in entry["tables"])
        return {name: self.scan(name) for name in names if self.has(name)}

    # --- writing ---------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def locked(self) -> Iterator[Workspace]:
        """Hold the workspace, which is yielded, for writing.

        Raises:
            WorkspaceError: If another process holds it.
        """
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(lock(self.folder))
            except BlockingIOError:
                fix = "wait for it to end, or use another [workspace] path"
                what = "another process is writing this workspace"
                raise WorkspaceError(what, where=str(self.folder), fix=fix) from None
            self.manifest = read_manifest(self.folder, rebuild=True, warn=True)
            sweep([self.folder, self.folder / "sca", *(self.folder / "cache").glob("*/")])
            yield self

    def finish(
        self,
        stage: str,
        fingerprint: str,
        tables: Mapping[str, pl.DataFrame],
        *,
        seconds: float,
        limits: Sequence[str] = (),
    ) -> None:
        """Write the tables of a stage, then say in the manifest that it is done.

        All that was made from its tables before, and a stage that wrote one of them under another name, is
        dropped first.

        Args:
            stage: Name of the stage.
            fingerprint: What the tables were made from (see `graph.made_from`).
            tables: Frames by table name.
            seconds: How long the stage took.
            limits: What the stage left out, as sentences for a person.

        Raises:
            ValueError: If a declared stage gives a table that it does not declare.
        """
        declared = find_stage(stage).gives
        if declared and (unknown := set(tables) - set(declared)):
            raise ValueError(f"the stage '{stage}' does not declare {sorted(unknown)} in workspace/graph.py")
        stages = self.manifest["stages"]
        self._drop(stage, *(name for name, entry in stages.items() if set(tables) & set(entry["tables"])))
        hashes = {
            name: self._write(self._table_path(name), frame.write_parquet) for name, frame in tables.items()
        }
        stages[stage] = {
            "fingerprint": fingerprint,
            "seconds": round(seconds, 3),
            "limits": list(limits),
            "rows": {name: frame.height for name, frame in tables.items()},
            "tables": hashes,
            "arrays": self._arrays.pop(stage, {}),
            "made_from": {read: self.fingerprint_of(read) for read in find_stage(stage).reads},
        }
        self._write_manifest()

    def write_array(self, stage: str, name: str, array: np.ndarray[Any, Any]) -> None:
        """Keep an array of a stage, which is not done until `finish`; `read_array` reads it."""
        import numpy as np  # a slow import that only arrays need

        def write(path: Path) -> None:
            with path.open("wb") as handle:
                np.save(handle, array, allow_pickle=False)

        self._drop(stage)
        digest = self._write(self.cache_path(stage, f"{name}.npy"), write)
        self._arrays.setdefault(stage, {})[name] = digest

    def forget(self, stage: str) -> None:
        """Mark a stage, and all that was made from its tables, as not done; nothing where it was not done."""
        if stage in self.manifest["stages"]:
            self._drop(stage)

    def holds(self, name: str, digest: str | None) -> bool:
        """Whether a file of the workspace, such as the report, is there and has this SHA-256."""
        return digest is not None and self._is_intact(self.folder / name, digest)

    def note(self, **facts: object) -> None:
        """Record facts about the run (the recipe, versions) in the manifest."""
        self.manifest.update(facts)
        self._write_manifest()

    def write_text(self, name: str, text: str) -> str:
        """Write a file of the workspace such as the report, atomically; its SHA-256."""
        return self._write(self.folder / name, lambda temporary: temporary.write_text(text, encoding="utf-8"))

    def append_lines(self, name: str, lines: Sequence[str]) -> None:
        """Add lines to a file that runs only ever read, such as people's decisions.

        All lines go in with one synced write under a lock of the file's own, so that several people may write
        while a run goes on; a line torn off by a crash is ended first, and costs no other line.
        """
        path = self.folder / name

        def append() -> None:
            with path.open("a+b") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX)
                end = handle.seek(0, os.SEEK_END)
                handle.seek(max(end - 1, 0))
                torn = b"\n" if handle.read(1) not in (b"", b"\n") else b""
                handle.write(torn + "".join(f"{line}\n" for line in lines).encode("utf-8"))
                handle.flush()
                os.fsync(handle.fileno())

        guard(path, append)

    def read_bytes(self, name: str) -> bytes:
        """A file of the workspace; empty where there is none.

        Raises:
            WorkspaceError: If it cannot be read.
        """
        path = self.folder / name
        try:
            return path.read_bytes() if path.exists() else b""
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            raise WorkspaceError(what, where=str(path), fix="see who may read it") from None

    # --- caches: what is dear to compute and named by what it was computed from --------------------------

    def cache_path(self, kind: str, name: str) -> Path:
        """Where a cache entry lives; the folder is made."""
        folder = self.folder / "cache" / kind
        guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True))
        return folder / name

    def write_cached_frame(self, kind: str, name: str, frame: pl.DataFrame) -> None:
        """Keep a frame for a later run, and its hash beside it."""
        path = self.cache_path(kind, f"{name}.parquet")
        digest = self._write(path, frame.write_parquet)
        replace_file(_beside(path), lambda temporary: temporary.write_text(digest, encoding="ascii"))

    def has_cached_frame(self, kind: str, name: str) -> bool:
        """Whether an earlier run has kept a frame; nothing is read of it."""
        try:
            return (self.folder / "cache" / kind / f"{name}.parquet").is_file()
        except OSError:  # it may not be looked at
            return False

    def read_cached_frame(self, kind: str, name: str) -> pl.DataFrame | None:
        """A frame kept by an earlier run; None where there is none (a damaged one counts as none)."""
        path = self.folder / "cache" / kind / f"{name}.parquet"
        try:
            digest = _beside(path).read_bytes().decode("ascii")
            with path.open("rb") as handle:
                return pl.read_parquet(handle) if self._intact(path, digest, handle) else None
        except (*POLARS_ERRORS, OSError, UnicodeDecodeError) as error:
            pass_interrupt(error)
            return None

    def read_array(self, stage: str, name: str) -> np.ndarray[Any, Any] | None:
        """An array that a finished stage kept, memory-mapped; None where there is none.

        Raises:
            WorkspaceError: If it is damaged.
        """
        import numpy as np

        path = self._array_path(stage, name)
        digest = self.manifest["stages"].get(stage, {}).get("arrays", {}).get(name)
        if digest is None or self.fingerprint_of(stage) is None:
            return None
        try:
            with path.open("rb") as handle:
                self._check(path, stage, digest, handle)
                mapped: np.ndarray[Any, Any] = np.load(path, mmap_mode="r", allow_pickle=False)
            with path.open("rb") as handle:  # a run may have replaced it just before it was mapped
                self._check(path, stage, digest, handle)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError, SyntaxError, OverflowError) as error:
            raise self._damaged(path, stage, str(error)) from None
        return mapped

    # --- inside ----------------------------------------------------------------------------------------

    def _table_path(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"

    def _array_path(self, stage: str, name: str) -> Path:
        return self.folder / "cache" / stage / f"{name}.npy"

    def _writer(self, table: str) -> str | None:
        """The completed stage that wrote a table."""
        stages = self.manifest["stages"].items()
        return next((name for name, entry in stages if table in entry["tables"]), None)

    def _drop(self, *names: str) -> None:
        """Take stages and everything downstream out of the manifest, in one write."""
        gone = {name for stage in names for name in (stage, *downstream(stage))}
        if gone & set(self.manifest["stages"]):
            for name in gone:
                self.manifest["stages"].pop(name, None)
            self._write_manifest()

    def _write(self, path: Path, write: Callable[[Path], object]) -> str:
        digest = replace_hashed(path, write)
        self._compared[path] = _state(path.stat(), digest)
        return digest

    def _intact(self, path: Path, digest: str, handle: BufferedReader) -> bool:
        """Whether an open file is the one of this hash. A file that was not touched is hashed once."""
        state = _state(os.fstat(handle.fileno()), digest)
        if self._compared.get(path) != state:
            if hash_of(handle) != digest:
                return False
            handle.seek(0)
            self._compared[path] = state
        return True

    def _is_intact(self, path: Path, digest: str) -> bool:
        try:
            with path.open("rb") as handle:
                return self._intact(path, digest, handle)
        except OSError:
            return False

    def _check(self, path: Path, stage: str, digest: str, handle: BufferedReader) -> None:
        if self._intact(path, digest, handle):
            return
        now = read_manifest(self.folder, rebuild=True)["stages"].get(stage)
        if now != self.manifest["stages"][stage]:
            what = f"'{stage}' was run again since this workspace was opened"
            raise WorkspaceError(what, where=str(self.folder), fix="open it again")
        raise self._damaged(path, stage, "its SHA-256 is not the one in manifest.json")

    def _damaged(self, path: Path, stage: str, why: str) -> WorkspaceError:
        fix = f"make it again: rlvr-atlas {find_stage(stage).command} {self.folder}"
        return WorkspaceError(f"damaged file ({why})", where=str(path), fix=fix)

    def _refuse(self, what: str, table: str) -> WorkspaceError:
        commands = dict.fromkeys(stage.command for stage in givers(table))
        how = " or ".join(f"rlvr-atlas {command} {self.folder}" for command in commands)
        fix = f"make it: {how}" if how else "run the recipe again; finished stages are not repeated"
        return WorkspaceError(what, where=str(self.folder), fix=fix)

    def _write_manifest(self) -> None:
        self.manifest.update(format=FORMAT, version=__version__)
        write_manifest(self.folder, self.manifest)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _state(told: os.stat_result, digest: str) -> tuple[object, ...]:
    """What tells one state of a file from another without reading it."""
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, digest
