"""Commands about leaks: audit a workspace, check files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rlvr_atlas.cli.app import AsJson, Network, WorkspacePath, app
from rlvr_atlas.cli.show import one_line, out, print_json, print_table, progress
from rlvr_atlas.errors import AtlasError

if TYPE_CHECKING:
    from rlvr_atlas.check import Checked
    from rlvr_atlas.workspace.store import Workspace

#: How many leaking rows are listed without --json.
_SHOWN = 20


@app.command()
def audit(
    workspace: WorkspacePath,
    write_index: Annotated[
        Path | None, typer.Option(help="Also write an index of the benchmarks, without their text.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find benchmark items in the other datasets, where something changed; say who brought them in."""
    from rlvr_atlas import fingerprints, pipeline
    from rlvr_atlas.workspace.store import Workspace

    recipe = pipeline.stored_recipe(Workspace(workspace))
    with progress() as on_progress:
        audited = pipeline.run(recipe, stages=["audit"], on_progress=on_progress)
    if write_index is not None:
        tables = (audited.read(name) for name in ("occurrences", "instances", "datasets"))
        fingerprints.write(fingerprints.build(*tables), write_index)
    limits = audited.manifest["stages"]["audit"]["limits"]
    tables_shown = _audit_tables(audited)
    if as_json:
        print_json({**tables_shown, "limits": limits, "index": write_index})
        return
    for title, rows in tables_shown.items():
        print_table(title, [{name: _percent(name, value) for name, value in row.items()} for row in rows])
    for limit in limits:
        out.print(f"note: {limit}", markup=False)
    if write_index is not None:
        out.print(f"index: {write_index} ({write_index.stat().st_size / 1e6:.1f} MB)", markup=False)


def _audit_tables(workspace: Workspace) -> dict[str, list[dict[str, object]]]:
    """What is worth reading first: rates, families, who brought the leaks in."""
    import polars as pl

    rates = workspace.read("leak_rates")
    paths = workspace.read("leak_paths")
    brought = paths.group_by("benchmark", "brought_by").agg(
        problems=pl.len(),
        inherited_by=pl.col("heirs").explode().drop_nulls().unique().sort(),
    )
    by_problems = brought.sort("problems", "benchmark", "brought_by", descending=[True, False, False])
    titles = {
        "dataset": "Datasets, by rows",
        "family": "Benchmarks (copies count once), by problems",
        "atomic_source": "Atomic sources, by rows",
    }
    return {
        **{
            title: rates.filter(group=group).drop("group", "benchmark", "unit").to_dicts()
            for group, title in titles.items()
        },
        "Who brought the problems in": by_problems.to_dicts(),
    }


def _percent(name: str, value: object) -> object:
    return f"{value:.2%}" if name in ("share", "low", "high") and isinstance(value, float) else value


@app.command()
def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="The rows to check, in any format that `run` reads; each by itself."
        ),
    ],
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="BENCHMARK", help="A path, a glob, or an id of the registry. Repeatable."),
    ] = None,
    index: Annotated[
        list[Path] | None, typer.Option(help="An index made by `audit --write-index`. Repeatable.")
    ] = None,
    atlas: Annotated[
        Path | None, typer.Option(help="A folder made by `atlas build` or `atlas pull`.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of rows that may leak, 0 to 1.")
    ] = 0.0,
    min_probability: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Overlaps below it are no leaks.")
    ] = 0.5,
    rewordings: Annotated[
        bool, typer.Option("--rewordings", help="Search for heavy rewordings too, which takes longer.")
    ] = False,
    network: Network = False,
    as_json: AsJson = False,
) -> None:
    """Look for benchmark items in files; exit code 1 where more rows of one leak than is tolerated.

    Without --against, --index and --atlas they are compared with the benchmarks of the public atlas in the
    package, or of the one that was pulled where it is newer.
    Where a file cannot be read the others are checked all the same, and the exit code is 2; one that is not
    there stops it before anything is read.
    """
    from rlvr_atlas.check import check_all

    found = check_all(
        files,
        against or [],
        index or [],
        min_probability=min_probability,
        rewordings=rewordings,
        allow_network=network,
        atlas=atlas,
    )
    if len(found) == 1 and isinstance(found[0], AtlasError):
        raise found[0]
    results = list(zip(files, found, strict=True))
    unread = sum(isinstance(one, AtlasError) for one in found)
    failed = sum(not _passes(one, tolerance) for one in found) - unread
    passed = not (unread or failed)
    if as_json:
        told = [_as_dict(one, file, tolerance) for file, one in results]
        print_json(told[0] if len(told) == 1 else {"passed": passed, "tolerance": tolerance, "files": told})
    else:
        if len(results) > 1:
            total = f"{failed} of {len(results)} files leak more than the tolerance allows"
            total += f", {unread} cannot be read" if unread else ""
            out.print(f"{'passed' if passed else 'FAILED'}: {total}", markup=False)
        named = list(zip(_names(files), found, strict=True))
        for name, one in named:
            out.print(_verdict(one, name, tolerance), markup=False)
        for name, one in named:
            if not isinstance(one, AtlasError):
                _show(one, name if len(named) > 1 else "")
    if not passed:
        raise typer.Exit(2 if unread else 1)


def _names(files: list[Path]) -> list[str]:
    """The names of files, as they were given where one has none (`.`) or several have the same."""
    names = [file.name for file in files]
    return [
        name if name and names.count(name) == 1 else str(file)
        for name, file in zip(names, files, strict=True)
    ]


def _passes(found: Checked | AtlasError, tolerance: float) -> bool:
    """Whether a file was read and leaks no more than is tolerated."""
    return not isinstance(found, AtlasError) and found.share <= tolerance


def _as_dict(found: Checked | AtlasError, file: Path, tolerance: float) -> dict[str, object]:
    told: dict[str, object] = {
        "file": str(file),
        "passed": _passes(found, tolerance),
        "tolerance": tolerance,
    }
    if isinstance(found, AtlasError):
        return told | {"error": {"what": found.what, "where": found.where, "fix": found.fix}}
    return told | {
        "rows": found.rows,
        "skipped_rows": found.skipped,
        "leaked_rows": found.leaked,
        "share": found.share,
        "interval": list(found.interval),
        "template_rows": found.variants,
        "leaks": found.leaks.to_dicts(),
        "unjudged": found.unjudged.to_dicts(),
        "limits": found.limits,
    }


def _verdict(found: Checked | AtlasError, name: str, tolerance: float) -> str:
    """Whether a file passes, and the counts behind it or why it could not be read, in one line."""
    if isinstance(found, AtlasError):
        return f"UNREADABLE: {one_line(str(found))}"
    low, high = found.interval
    told = f"{found.leaked} of {found.rows} rows leak ({found.share:.3%}, 95% {low:.3%} to {high:.3%})"
    more = f"{found.variants} more use a template; tolerance {tolerance:.3%}"
    return f"{'passed' if found.share <= tolerance else 'FAILED'}: {name}: {told}, {more}"


def _show(found: Checked, name: str) -> None:
    """The leaking rows and what was not judged; `name` where there are several files."""
    columns = ("row", "benchmark", "benchmark_row", "relation", "tier", "probability", "prompt")
    lines = found.leaks.select(columns).to_dicts()
    if lines:
        print_table(
            f"Leaks of {one_line(name)}" if name else "Leaks", lines[:_SHOWN], more=len(lines) - _SHOWN
        )
    for limit in found.limits:
        out.print(f"note: {f'{name}: ' if name else ''}{limit}", markup=False)
