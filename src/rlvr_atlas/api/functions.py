"""What the Python API can do; each function is a skin over the stage behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlvr_atlas import pipeline
from rlvr_atlas.api.inputs import Data, DataList, TemporaryFolder, dataset_of, datasets_of
from rlvr_atlas.api.results import Audit, Check, Mix, Trace
from rlvr_atlas.check import check as check_rows
from rlvr_atlas.compare import Overlap
from rlvr_atlas.config import DatasetSpec, Recipe, parse_recipe
from rlvr_atlas.errors import InputError
from rlvr_atlas.explain import Explanation
from rlvr_atlas.workspace.store import MANIFEST, Workspace

#: A traced workspace: the result of `trace`, a workspace, or its folder.
Traced = Trace | Workspace | Path | str


def trace(  # noqa: PLR0913  each is one thing to choose
    data: Data,
    against: DataList = (),
    *,
    sources: DataList = (),
    name: str | None = None,
    workspace: str | Path | None = None,
    match: dict[str, Any] | None = None,
    network: bool = False,
    on_progress: pipeline.OnProgress | None = None,
) -> Trace:
    """Find out where each row comes from and what it leaks.

    Args:
        data: The rows: a path, a glob, a list of paths, an id of the registry, a Hub id (`owner/name` or
            `owner/name@revision`), a `datasets.Dataset`, a Polars, pandas or Arrow table, or a list of dicts.
        against: Benchmarks, in the same forms: one, a list, or a mapping from names to them.
        sources: Datasets that the rows may come from, in the same forms. Each counts as an atomic source
            of its name, unless the registry knows better. Without release dates they count as older.
        name: Id of `data` in the tables; otherwise the name of its file, or `data`.
        workspace: A folder to keep the tables in, so that a later call repeats nothing that is up to date;
            where left out, one that lives as long as the result. Rows in memory go to its folder `inputs`.
        match: Settings of `[match]` in a recipe, such as `{"semantic": False}`.
        network: Whether the Hub may be asked.
        on_progress: Called with (stage, what, done, total).

    Raises:
        AtlasError: For data that cannot be read, settings that mean nothing, or an unusable workspace.

    Example:
        >>> rows = [{"problem": "A boat has 7 sails and 52 oars. How many more oars than sails?"}]
        >>> traced = trace(rows, against={"boats": rows}, match={"semantic": False})
        >>> traced.leaks.select("row", "benchmark", "relation").rows()
        [(0, 'boats', 'identical')]
    """
    temporary = TemporaryFolder() if workspace is None else None
    folder = temporary.path if temporary else Path(str(workspace)).expanduser()
    mine = dataset_of(data, "train", folder, name=name)
    older = [_as_source(spec) for spec in datasets_of(sources, "source", folder, [mine.id])]
    benchmarks = datasets_of(against, "benchmark", folder, [mine.id, *(spec.id for spec in older)])
    recipe = parse_recipe(
        {
            "workspace": {"path": str(folder.resolve())},
            # Undated datasets are ordered as they are listed: what is traced comes last.
            "datasets": [spec.model_dump(exclude_unset=True) for spec in (*benchmarks, *older, mine)],
            "match": match or {},
        },
        where="trace",
    )
    done = _run(recipe, ("ingest", "trace", "audit"), network=network, on_progress=on_progress)
    return Trace(done, mine.id, temporary)


def open_workspace(folder: str | Path) -> Trace:
    """The tables of a workspace that `trace` or `rlvr-atlas run` made.

    Args:
        folder: The workspace.

    Raises:
        WorkspaceError: If it is none.
    """
    return Trace(Workspace(Path(folder).expanduser()), None)


def audit(
    data: Traced | Data,
    against: DataList = (),
    *,
    min_probability: float | None = None,
    **options: Any,  # noqa: ANN401
) -> Audit:
    """Find benchmark items in a traced workspace, or in rows that are traced for it.

    Args:
        data: A result of `trace`, a workspace (or its folder), or rows in any form that `trace` takes.
        against: Benchmarks, where `data` is rows.
        min_probability: Overlaps below it are listed as unjudged; as in the recipe where left out.
        options: Of `trace`, where `data` is rows.

    Raises:
        AtlasError: As `trace`, and if a traced workspace is audited against something that is not in it.
    """
    if not _is_traced(data):
        traced = trace(data, against, **options)
    elif options or not _is_nothing(against):
        fix = "trace the rows against it: trace(data, against=[...])"
        raise InputError("a traced workspace is audited against the benchmarks in it", where="audit", fix=fix)
    else:
        traced = _traced(data)
        recipe = pipeline.stored_recipe(traced.workspace)
        traced = Trace(_run(recipe, ("audit",)), traced.dataset, traced._folder)
    if min_probability is not None:
        traced = traced._changed({"audit": {"min_probability": min_probability}})
    return Audit(traced)


def check(  # noqa: PLR0913
    data: Data,
    against: DataList = (),
    *,
    indexes: Sequence[str | Path] = (),
    min_probability: float = 0.5,
    rewordings: bool = False,
    network: bool = False,
) -> Check:
    """Look for benchmark items in one dataset, without a workspace: the gate for a script.

    Args:
        data: The rows, in any form that `trace` takes.
        against: Benchmarks, in any form that `trace` takes.
        indexes: Files made by `rlvr-atlas audit --write-index`. With neither, the public atlas.
        min_probability: Overlaps below it are listed as unjudged, 0 to 1.
        rewordings: Whether heavy rewordings are searched for too, which takes longer.
        network: Whether the Hub may be asked.

    Raises:
        InputError: If something cannot be read.

    Example:
        >>> rows = [{"problem": "A boat has 7 sails and 52 oars. How many more oars than sails?"}]
        >>> check(rows, against=rows).leaked
        1
    """
    if not 0.0 <= min_probability <= 1.0:
        what = f"min_probability is {min_probability}"
        raise InputError(what, where="check", fix="give a probability, 0 to 1")
    temporary = TemporaryFolder()
    mine = dataset_of(data, "train", temporary.path)
    benchmarks = datasets_of(against, "benchmark", temporary.path, [mine.id])
    return Check(
        check_rows(
            mine,
            benchmarks,
            [Path(index).expanduser() for index in indexes],
            min_probability=min_probability,
            rewordings=rewordings,
            allow_network=network,
        )
    )


def explain(workspace: Traced, query: str | int, *, rewordings: bool = False) -> Explanation:
    """Where one problem comes from, with evidence.

    Args:
        workspace: A result of `trace`, a workspace, or its folder.
        query: A problem text, a key, `DATASET:ROW`, or the number of a row of the dataset that was traced.
        rewordings: Whether a text that is like none is searched for in other words too.

    Raises:
        AtlasError: If there is no such row, or the workspace was not traced.
    """
    return _traced(workspace).explain(query, rewordings=rewordings)


def compare(workspace: Traced, left: str, right: str) -> tuple[Overlap, Overlap]:
    """How much of one dataset is in another, and the other way round.

    Args:
        workspace: A result of `trace`, a workspace, or its folder.
        left: Id of a dataset in it.
        right: Id of another one.

    Raises:
        AtlasError: If a dataset is not there, or the workspace was not traced.
    """
    return _traced(workspace).compare(left, right)


def curate(
    workspace: Traced,
    *,
    on_progress: pipeline.OnProgress | None = None,
    **settings: Any,  # noqa: ANN401
) -> Mix:
    """Make a mix without leaks, copies and conflicting answers, and its ledger.

    The tables `decisions` and `mix` and the settings are kept in the workspace.

    Args:
        workspace: A result of `trace`, a workspace, or its folder.
        on_progress: Called with (stage, what, done, total).
        settings: Of `[curate]` in a recipe (docs/recipes.md). Where `datasets` is left out, it is the dataset
            that was traced; without any setting, a workspace's own recipe counts if it describes a mix.

    Raises:
        AtlasError: If a setting means nothing, or no row is left.
    """
    traced = _traced(workspace)
    recipe = pipeline.stored_recipe(traced.workspace)
    if settings or recipe.curate is None:
        if "datasets" not in settings:
            trained = [spec.id for spec in recipe.datasets if spec.role == "train"]
            settings = {"datasets": trained if traced.dataset is None else [traced.dataset], **settings}
        asked = {**recipe.model_dump(mode="json"), "curate": settings}
        recipe = parse_recipe(asked, base=recipe.base, where="curate")
    made = _run(recipe, ("curate",), on_progress=on_progress)
    return Mix(Trace(made, traced.dataset, traced._folder))


def _run(
    recipe: Recipe,
    stages: tuple[str, ...],
    *,
    network: bool = False,
    on_progress: pipeline.OnProgress | None = None,
) -> Workspace:
    shown = {} if on_progress is None else {"on_progress": on_progress}
    return pipeline.run(recipe, stages=stages, allow_network=network, **shown)


def _as_source(spec: DatasetSpec) -> DatasetSpec:
    """A dataset that rows may come from; where nothing names its atomic source, it is one itself."""
    if spec.atomic_source is not None or spec.trust_labels or spec.derived_from:
        return spec
    return spec.model_copy(update={"atomic_source": spec.id})


def _is_traced(data: object) -> bool:
    if isinstance(data, str | Path):
        try:
            return (Path(data).expanduser() / MANIFEST).exists()
        except (OSError, RuntimeError):
            return False
    return isinstance(data, Trace | Workspace)


def _is_nothing(items: DataList) -> bool:
    return items is None or (isinstance(items, tuple | list | dict) and not items)


def _traced(workspace: Traced) -> Trace:
    if isinstance(workspace, Trace):
        return workspace
    if isinstance(workspace, Workspace):
        return Trace(workspace, None)
    if isinstance(workspace, str | Path):
        return open_workspace(workspace)
    fix = "give the result of trace, or the folder of a workspace"
    raise InputError(f"a {type(workspace).__name__} is no traced workspace", where="workspace", fix=fix)
