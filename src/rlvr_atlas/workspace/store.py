"""The workspace: Parquet tables and `manifest.json`, and the only module that writes them.

A stage is done when the manifest says so. Its entry is taken out before the first of its tables is replaced
and put back after the last one, each step by an atomic rename, so that a process killed at any moment leaves
a workspace that knows which tables it can trust. Not covered: two machines writing one workspace over a
network file system without locks.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from rlvr_atlas import __version__
from rlvr_atlas.errors import WorkspaceError

if TYPE_CHECKING:
    import numpy as np

#: Raised whenever the meaning of a table changes; an older workspace is then rebuilt, never misread.
FORMAT = 1
MANIFEST = "manifest.json"


class Workspace:
    """A folder of tables. Reading is free of side effects; writing needs `locked()`.

    Args:
        folder: The workspace folder.
        create: Make it where it does not exist.

    Raises:
        WorkspaceError: If it is missing, is not a workspace, or was written by a newer version.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        if "\0" in str(folder):
            raise WorkspaceError("a path cannot hold a NUL character", where=repr(str(folder)))
        if create:
            _guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True))
        elif not (folder / MANIFEST).exists():
            fix = "run a recipe first: rlvr-atlas run RECIPE.toml"
            raise WorkspaceError("this is no workspace (no manifest.json)", where=str(folder), fix=fix)
        self.manifest: dict[str, Any] = self._read_manifest()

    # --- reading ---------------------------------------------------------------------------------------

    def done(self, stage: str, fingerprint: str) -> bool:
        """Whether `stage` was completed for exactly these inputs and settings, and its tables are there."""
        entry = self.manifest["stages"].get(stage)
        if entry is None or entry["fingerprint"] != fingerprint:
            return False
        return all(self._table_path(name).exists() for name in entry["tables"])

    def has(self, table: str) -> bool:
        """Whether a completed stage wrote this table."""
        return any(table in entry["tables"] for entry in self.manifest["stages"].values())

    def scan(self, table: str) -> pl.LazyFrame:
        """A table, lazily.

        Raises:
            WorkspaceError: If no completed stage wrote it, or the file is gone or damaged.
        """
        path = self._table_path(table)
        if not self.has(table) or not path.exists():
            fix = "run the recipe again; finished stages are not repeated"
            raise WorkspaceError(f"the table '{table}' is not complete", where=str(self.folder), fix=fix)
        try:
            frame = pl.scan_parquet(path)
            frame.collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            fix = f"delete {path.name} and run the recipe again"
            raise WorkspaceError(f"damaged table ({error})", where=str(path), fix=fix) from None
        return frame

    def read(self, table: str) -> pl.DataFrame:
        """A table, in memory. Raises as `scan` does."""
        return self.scan(table).collect()

    def tables(self) -> dict[str, pl.LazyFrame]:
        """Every table of every completed stage, lazily, by name."""
        return {
            name: self.scan(name) for entry in self.manifest["stages"].values() for name in entry["tables"]
        }

    # --- writing ---------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the workspace for writing.

        Raises:
            WorkspaceError: If another process holds it.
        """
        with _open_lock(self.folder) as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                fix = "wait for it to end, or use another [workspace] path"
                raise WorkspaceError(
                    "another process is writing this workspace", where=str(self.folder), fix=fix
                ) from None
            self.manifest = self._read_manifest()
            yield

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

        Args:
            stage: Name of the stage.
            fingerprint: What the tables were made from (see `fingerprint`).
            tables: Frames by table name.
            seconds: How long the stage took.
            limits: What the stage left out, as sentences for a person.
        """
        self.forget(stage)
        hashes = {name: self._write_table(name, frame) for name, frame in tables.items()}
        self.manifest["stages"][stage] = {
            "fingerprint": fingerprint,
            "seconds": round(seconds, 3),
            "limits": list(limits),
            "rows": {name: frame.height for name, frame in tables.items()},
            "tables": hashes,
        }
        self._write_manifest()

    def forget(self, stage: str) -> None:
        """Mark a stage as not done, before its tables change."""
        if self.manifest["stages"].pop(stage, None) is not None:
            self._write_manifest()

    def note(self, **facts: object) -> None:
        """Record facts about the run (the recipe, versions) in the manifest."""
        self.manifest.update(facts)
        self._write_manifest()

    def write_text(self, name: str, text: str) -> Path:
        """Write a file of the workspace such as the report, atomically."""
        path = self.folder / name
        _replace(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
        return path

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

        _guard(path, append)

    def read_bytes(self, name: str) -> bytes:
        """A file of the workspace; empty where there is none."""
        path = self.folder / name
        return path.read_bytes() if path.exists() else b""

    # --- caches: what is dear to compute and named by what it was computed from --------------------------

    def cache_path(self, kind: str, name: str) -> Path:
        """Where a cache entry lives; the folder is made."""
        folder = self.folder / "cache" / kind
        _guard(folder, lambda: folder.mkdir(parents=True, exist_ok=True))
        return folder / name

    def write_cached_frame(self, kind: str, name: str, frame: pl.DataFrame) -> None:
        """Keep a frame for a later run."""
        _replace(self.cache_path(kind, f"{name}.parquet"), frame.write_parquet)

    def read_cached_frame(self, kind: str, name: str) -> pl.DataFrame | None:
        """A frame kept by an earlier run; None where there is none (a damaged one counts as none)."""
        try:
            return pl.read_parquet(self.folder / "cache" / kind / f"{name}.parquet")
        except (FileNotFoundError, pl.exceptions.PolarsError):
            return None

    def write_array(self, kind: str, name: str, array: np.ndarray[Any, Any]) -> None:
        """Keep an array; it is read back memory-mapped."""
        import numpy as np  # a slow import that only arrays need

        def write(path: Path) -> None:
            with path.open("wb") as handle:
                np.save(handle, array, allow_pickle=False)

        _replace(self.cache_path(kind, f"{name}.npy"), write)

    def read_array(self, kind: str, name: str) -> np.ndarray[Any, Any] | None:
        """An array kept by an earlier run, memory-mapped; None where there is none."""
        import numpy as np

        try:
            mapped: np.ndarray[Any, Any] = np.load(
                self.folder / "cache" / kind / f"{name}.npy", mmap_mode="r", allow_pickle=False
            )
        except (FileNotFoundError, ValueError, EOFError):
            return None
        return mapped

    # --- inside ----------------------------------------------------------------------------------------

    def _table_path(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"

    def _write_table(self, name: str, frame: pl.DataFrame) -> str:
        path = self._table_path(name)
        _replace(path, frame.write_parquet)
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()

    def _read_manifest(self) -> dict[str, Any]:
        path = self.folder / MANIFEST
        if not path.exists():
            return {"format": FORMAT, "version": __version__, "stages": {}}
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            written_as = int(manifest["format"])
            if not isinstance(manifest["stages"], dict):
                raise TypeError("stages")
        except (ValueError, KeyError, TypeError):
            fix = "move it away to rebuild the workspace"
            raise WorkspaceError("this manifest is not one of ours", where=str(path), fix=fix) from None
        if written_as > FORMAT:
            raise WorkspaceError("written by a newer version", where=str(path), fix="upgrade rlvr-atlas")
        if written_as < FORMAT:
            return {"format": FORMAT, "version": __version__, "stages": {}}
        return manifest

    def _write_manifest(self) -> None:
        self.manifest.update(format=FORMAT, version=__version__)
        self.write_text(MANIFEST, json.dumps(self.manifest, indent=1, sort_keys=True, default=str) + "\n")


def write_export(path: Path, content: bytes) -> None:
    """Write a file that is no table of a workspace, atomically; its folder is made.

    Raises:
        WorkspaceError: If the operating system does not allow it.
    """
    _guard(path.parent, lambda: path.parent.mkdir(parents=True, exist_ok=True))
    _replace(path, lambda temporary: temporary.write_bytes(content))


def fingerprint(*parts: object) -> str:
    """A short name for "made from exactly this": SHA-256 over the JSON of the parts.

    Args:
        parts: JSON-like values; anything else is taken by its text.

    Returns:
        16 hexadecimal digits.
    """
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@contextlib.contextmanager
def _open_lock(folder: Path) -> Iterator[Any]:
    try:
        handle = (folder / ".lock").open("w")
    except OSError as error:
        raise _explain(error, folder) from None
    with handle:
        yield handle


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside `path`, sync, rename: readers see the old file or the new one, never a half."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _guard(path, lambda: write(temporary))
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _guard(path: Path, action: Callable[[], object]) -> None:
    """Do `action`; an operating system's complaint becomes an error a user can act on."""
    try:
        action()
    except OSError as error:
        raise _explain(error, path) from None
    except pl.exceptions.PolarsError as error:
        # Polars wraps what the operating system says into an error of its own, with the number in the text.
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number is None:
            raise
        code = int(number[1])
        raise _explain(OSError(code, os.strerror(code)), path) from None


def _explain(error: OSError, path: Path) -> WorkspaceError:
    fixes = {
        errno.ENOSPC: "free some space and run again; what is finished stays finished",
        errno.EFBIG: "raise the limit on the size of files, or use another disk",
        errno.EDQUOT: "free some of your quota and run again; what is finished stays finished",
        errno.EACCES: "choose a [workspace] path that you may write to",
        errno.EROFS: "choose a [workspace] path that you may write to",
    }
    what = f"cannot write ({error.strerror or error})"
    return WorkspaceError(what, where=str(path), fix=fixes.get(error.errno or 0, "check the path"))
