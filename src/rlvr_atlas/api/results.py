"""What the functions of the Python API give: text for a person, frames for a program, HTML for a notebook."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas import pipeline
from rlvr_atlas.api import show
from rlvr_atlas.api.inputs import TemporaryFolder
from rlvr_atlas.check import Checked
from rlvr_atlas.compare import Overlap
from rlvr_atlas.compare import compare as compare_datasets
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.errors import InputError
from rlvr_atlas.explain import Explanation
from rlvr_atlas.explain import explain as explain_problem
from rlvr_atlas.report import render
from rlvr_atlas.workspace.store import Workspace


@dataclass(frozen=True, eq=False)
class Trace:
    """A traced workspace; each frame is read when it is first asked for, and kept.

    Attributes:
        workspace: Where the tables are (docs/workspace.md).
        dataset: Id of the dataset that was traced; None where a workspace was opened. The frames `lineage`,
            `leaks` and `unjudged` hold the lines of this dataset, or of all.
    """

    workspace: Workspace
    dataset: str | None
    _folder: TemporaryFolder | None = field(default=None, repr=False)

    def table(self, name: str) -> pl.DataFrame:
        """Any table of the workspace, whole.

        Raises:
            WorkspaceError: If no stage wrote it, or it is damaged.
        """
        return self.workspace.read(name)

    @cached_property
    def lineage(self) -> pl.DataFrame:
        """Where each row comes from: one line per usable row."""
        return self._mine("lineage")

    @cached_property
    def leaks(self) -> pl.DataFrame:
        """Rows that are benchmark items, or use the template of one (`variant`)."""
        return self._mine("leaks")

    @cached_property
    def unjudged(self) -> pl.DataFrame:
        """Overlaps with benchmarks that are not called leaks, and why."""
        return self._mine("unjudged")

    @cached_property
    def matches(self) -> pl.DataFrame:
        """Pairs of texts that are the same problem or variants, with probability and evidence."""
        return self.table("matches")

    @cached_property
    def leak_rates(self) -> pl.DataFrame:
        """Leaks counted, by dataset, benchmark, family and atomic source."""
        return self.table("leak_rates")

    @cached_property
    def datasets(self) -> pl.DataFrame:
        """What is in view, in order of release."""
        return self.table("datasets")

    @property
    def limits(self) -> list[str]:
        """What was left out or cut short, as sentences."""
        stages = self.workspace.manifest["stages"].values()
        return [limit for stage in stages for limit in stage.get("limits", [])]

    @cached_property
    def summary(self) -> str:
        """What was found, as a few lines of text."""
        return show.trace_summary(self._mine("datasets"), self.lineage, self.leak_rates, self.limits)

    def explain(self, row: int | str, *, rewordings: bool = False) -> Explanation:
        """Where one problem comes from, with evidence.

        Args:
            row: Number of a row of the traced dataset; or `DATASET:ROW`, a key, or a problem text.
            rewordings: Whether a text that is like none is searched for in other words too.

        Raises:
            InputError: If there is no such row.
        """
        if isinstance(row, str):
            return explain_problem(self.workspace, row, rewordings=rewordings)
        if self.dataset is None:
            raise InputError(f"row {row} of which dataset?", where="explain", fix="write 'DATASET:ROW'")
        if row < 0:
            raise InputError(f"no row {row}", where=self.dataset, fix="rows are numbered from 0")
        return explain_problem(self.workspace, f"{self.dataset}:{int(row)}")

    def compare(self, left: str, right: str) -> tuple[Overlap, Overlap]:
        """Overlap of two datasets in view, in both directions.

        Raises:
            InputError: If a dataset is not in view.
        """
        return compare_datasets(self.workspace, left, right)

    def rethreshold(self, min_probability: float) -> Trace:
        """The same matches judged by another threshold; nothing is matched again, and this result stays.

        Args:
            min_probability: Least probability of a match that carries lineage, and of a leak; 0 to 1.

        Raises:
            RecipeError: If it is no probability.
        """
        threshold = {"min_probability": min_probability}
        return self._changed({"match": threshold, "audit": threshold})

    def to_html(self, path: str | Path | None = None) -> str:
        """The report, as one page that needs no network.

        Args:
            path: A file to write it to as well.

        Raises:
            WorkspaceError: If it cannot be written.
        """
        # Opened anew: a mix may have been made since, which this result knows nothing of.
        workspace = Workspace(self.workspace.folder)
        tables = {name: frame.collect() for name, frame in workspace.tables().items()}
        return show.written(render(tables, workspace.manifest), path)

    def _repr_html_(self) -> str:
        return show.html(self.summary, self.leaks if self.leaks.height else self.lineage)

    def __str__(self) -> str:
        return self.summary

    def _mine(self, table: str) -> pl.DataFrame:
        whole = self.table(table)
        return whole if self.dataset is None else whole.filter(pl.col("dataset") == self.dataset)

    def _changed(self, settings: Mapping[str, Mapping[str, Any]]) -> Trace:
        """The finished matching in a folder of its own, attributed and audited with other settings."""
        folder = TemporaryFolder()
        recipe = pipeline.stored_recipe(self.workspace).model_dump(mode="json")
        for table, changes in settings.items():
            recipe[table] = {**recipe[table], **changes}
        recipe["workspace"] = {"path": str(folder.path / "workspace")}
        base = Path(self.workspace.manifest["base"])
        changed = parse_recipe(recipe, base=base, where="rethreshold")
        shutil.copytree(self.workspace.folder, changed.workspace_path, copy_function=_link)
        copy = Workspace(changed.workspace_path)
        with copy.locked():
            copy.forget("curate")  # a mix that was made with the old threshold is none of this result
        return Trace(pipeline.run(changed, stages=("attribute", "audit")), self.dataset, folder)


def _link(source: str, target: str) -> None:
    """Share a table instead of copying it: tables are replaced as a whole, never changed in place."""
    if source.endswith((".parquet", ".npy")):
        try:
            os.link(source, target)
        except OSError:  # another disk, or one without links
            shutil.copyfile(source, target)
    else:
        shutil.copyfile(source, target)


@dataclass(frozen=True, eq=False)
class Audit:
    """What leaks: the tables of an audit.

    Attributes:
        trace: The traced workspace behind it.
    """

    trace: Trace

    @property
    def leaks(self) -> pl.DataFrame:
        """Rows that are benchmark items, or use the template of one (`variant`)."""
        return self.trace.leaks

    @property
    def unjudged(self) -> pl.DataFrame:
        """Overlaps that are not called leaks, and why."""
        return self.trace.unjudged

    @property
    def rates(self) -> pl.DataFrame:
        """Leaks counted, by dataset, benchmark, family and atomic source."""
        return self.trace.leak_rates

    @cached_property
    def paths(self) -> pl.DataFrame:
        """Who brought each leaked problem in, and who inherited it."""
        return self.trace.table("leak_paths")

    @cached_property
    def families(self) -> pl.DataFrame:
        """Which benchmarks are copies of one, or lie inside a larger one."""
        return self.trace.table("benchmark_families")

    @property
    def limits(self) -> list[str]:
        """What was left out, as sentences."""
        return list(self.trace.workspace.manifest["stages"]["audit"]["limits"])

    @cached_property
    def summary(self) -> str:
        """Leaks per dataset, as text."""
        return show.audit_summary(self.trace._mine("datasets"), self.rates, self.limits)

    def to_html(self, path: str | Path | None = None) -> str:
        """The report, as `Trace.to_html`."""
        return self.trace.to_html(path)

    def _repr_html_(self) -> str:
        return show.html(self.summary, self.leaks)

    def __str__(self) -> str:
        return self.summary


@dataclass(frozen=True, eq=False)
class Check:
    """Result of a check.

    Attributes:
        found: All of it: counts, share with its interval, `leaks`, `unjudged`, `limits`.
    """

    found: Checked

    @property
    def leaked(self) -> int:
        """Rows that are the same problem as a benchmark item."""
        return self.found.leaked

    @property
    def leaks(self) -> pl.DataFrame:
        """One line per row, benchmark and item, variants included."""
        return self.found.leaks

    @property
    def unjudged(self) -> pl.DataFrame:
        """Overlaps that are too common or too improbable to be called leaks."""
        return self.found.unjudged

    @property
    def limits(self) -> list[str]:
        """What was not judged, as sentences."""
        return self.found.limits

    def passed(self, tolerance: float = 0.0) -> bool:
        """Whether at most this share of the rows leaks, 0 to 1."""
        return self.found.share <= tolerance

    @cached_property
    def summary(self) -> str:
        """What was found, as a few lines of text."""
        return show.check_summary(self.found)

    def to_html(self, path: str | Path | None = None) -> str:
        """Summary and leaking rows as a small page, also written to `path` where one is given."""
        return show.written(show.page("Check", self._repr_html_()), path)

    def _repr_html_(self) -> str:
        return show.html(self.summary, self.leaks)

    def __str__(self) -> str:
        return self.summary


@dataclass(frozen=True, eq=False)
class Mix:
    """A mix to train on, and what became of every row.

    Attributes:
        trace: The traced workspace behind it.
    """

    trace: Trace

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The rows of the mix in its order (table `mix`)."""
        return self.trace.table("mix")

    @cached_property
    def decisions(self) -> pl.DataFrame:
        """The ledger: a line for every row of every dataset that was considered."""
        return self.trace.table("decisions")

    @property
    def limits(self) -> list[str]:
        """What a person should know of it, as sentences."""
        return list(self.trace.workspace.manifest["stages"]["curate"]["limits"])

    @cached_property
    def summary(self) -> str:
        """What became of the rows, as text."""
        return show.mix_summary(self.rows, self.decisions, self.limits)

    def to_html(self, path: str | Path | None = None) -> str:
        """The report, as `Trace.to_html`."""
        return self.trace.to_html(path)

    def _repr_html_(self) -> str:
        return show.html(self.summary, self.rows)

    def __str__(self) -> str:
        return self.summary
