"""`trace`: where the rows of files come from and what leaks, by the public atlas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlvr_atlas.cli.app import AsJson, AtlasFolder, Network, app
from rlvr_atlas.cli.show import hint, one_line, out, print_json, print_table
from rlvr_atlas.errors import AtlasError, InputError

if TYPE_CHECKING:
    from rlvr_atlas.trace_files import Traced

_SHOWN = 10


@app.command()
def trace(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Files, globs, or ids on the Hub (with --network)."),
    ],
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="BENCHMARK", help="A further benchmark: a path or an id. Repeatable."),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of rows that may leak, 0 to 1.")
    ] = 0.0,
    html: Annotated[Path | None, typer.Option(help="Write the same as a page, too.")] = None,
    atlas: AtlasFolder = None,
    network: Network = False,
    as_json: AsJson = False,
) -> None:
    """Say where the rows of files come from and what leaks, offline, without a recipe.

    What published datasets hold is known from the public atlas in the package, or from a newer one that was
    pulled. Exit code 1 where more rows of a file leak than is tolerated, 2 where one cannot be read.
    """
    from rlvr_atlas.check import Against, public_benchmarks, read_benchmarks, read_file
    from rlvr_atlas.load.resolve import resolve
    from rlvr_atlas.public_atlas import open_atlas, packaged
    from rlvr_atlas.trace_files import trace_file
    from rlvr_atlas.workspace.manifest import is_workspace

    for name in files:
        if is_workspace(Path(name)):
            fix = f"run: rlvr-atlas match {name}"
            raise InputError("'trace' of a workspace is called 'match' now", where=name, fix=fix)
    specs = resolve(files, "train")
    known = open_atlas(atlas)
    further = read_benchmarks(against or [], allow_network=network)
    wanted = Against(further, [public_benchmarks(known)])
    results: list[tuple[str, Traced | AtlasError]] = []
    for spec in specs:
        name = spec.hub or str(spec.paths[0])
        try:
            results.append((name, trace_file(read_file(spec, allow_network=network), known, wanted)))
        except AtlasError as error:
            results.append((name, error))
    if len(results) == 1 and isinstance(results[0][1], AtlasError):
        raise results[0][1]
    if html is not None:
        _write_page(html, results)
    if as_json:
        print_json([_as_dict(name, one, tolerance) for name, one in results])
    else:
        for name, one in results:
            _show(name, one, tolerance)
        pulled = [] if known.folder == packaged() else [f"note: by the atlas in {known.folder}"]
        for line in [*pulled, *([f"page: {html}"] if html is not None else [])]:
            out.print(line, markup=False)
    if any(isinstance(one, AtlasError) for _, one in results):
        raise typer.Exit(2)
    if not all(_passes(one, tolerance) for _, one in results):
        raise typer.Exit(1)


def _passes(one: Traced | AtlasError, tolerance: float) -> bool:
    return not isinstance(one, AtlasError) and one.checked.share <= tolerance


def _as_dict(name: str, one: Traced | AtlasError, tolerance: float) -> dict[str, Any]:
    if isinstance(one, AtlasError):
        return {"file": name, "error": {"what": one.what, "where": one.where, "fix": one.fix}}
    return {
        "file": name,
        "passed": _passes(one, tolerance),
        "tolerance": tolerance,
        "rows": one.rows.height,
        "skipped_rows": one.checked.skipped,
        "leaked_rows": one.checked.leaked,
        "unknown_rows": one.unknown,
        "answer": one.answer,
        "leaks": one.leaks_by_benchmark.to_dicts(),
        "sources": one.sources.to_dicts(),
        "datasets": one.datasets.to_dicts(),
        "labels": one.labels.to_dicts(),
        "limits": _limits(one),
        "row_origins": one.rows.drop("prompt").to_dicts(),
    }


def _limits(one: Traced) -> list[str]:
    how = "rows are known by their text, or by telling numbers and the answer; other rewordings stay unknown"
    return [how, *one.checked.limits]


def _show(name: str, one: Traced | AtlasError, tolerance: float) -> None:
    from rlvr_atlas.trace_files import next_steps

    if isinstance(one, AtlasError):
        out.print(f"UNREADABLE: {one_line(str(one))}", markup=False)
        return
    verdict = "passed" if _passes(one, tolerance) else "FAILED"
    out.print(f"{verdict}: {one_line(Path(name).name)}: {' '.join(one.answer)}", markup=False)
    for title, lines in _tables(one):
        if lines:
            print_table(title, lines[:_SHOWN], more=len(lines) - _SHOWN)
    for limit in _limits(one):
        out.print(f"note: {limit}", markup=False)
    for step in next_steps(one, name):
        hint(f"next: {one_line(step)}")


def _tables(one: Traced) -> list[tuple[str, list[dict[str, Any]]]]:
    """Title and lines of each table."""
    leaks = [
        {
            **{k: line[k] for k in ("benchmark", "rows", "relations")},
            "for example": f"row {line['example_row']} = {line['benchmark']}:{line['example_item']}",
        }
        for line in one.leaks_by_benchmark.to_dicts()
    ]
    sources = [
        {
            **{k: line[k] for k in ("source", "rows", "by_text", "by_numbers")},
            "share": f"{line['share']:.1%}",
            "95%": f"{line['low']:.1%} to {line['high']:.1%}",
        }
        for line in one.sources.to_dicts()
    ]
    datasets = [
        {k: line[k] for k in ("dataset", "role", "released", "rows", "adds")}
        for line in one.datasets.to_dicts()
    ]
    return [
        ("Leaks", leaks),
        ("Where the rows come from", sources),
        ("Published datasets that hold them", datasets),
        ("Labels that name another source", one.labels.to_dicts()),
    ]


def _write_page(path: Path, results: list[tuple[str, Traced | AtlasError]]) -> None:
    from rlvr_atlas.files import replace_file
    from rlvr_atlas.report.page import render_trace
    from rlvr_atlas.trace_files import next_steps

    told: list[dict[str, Any]] = []
    for name, one in results:
        told.append(dict.fromkeys(("answer", "tables", "examples", "limits", "steps"), ()))
        told[-1] |= {"name": Path(name).name, "error": str(one) if isinstance(one, AtlasError) else None}
        if not isinstance(one, AtlasError):
            told[-1] |= {
                "answer": one.answer,
                "tables": _tables(one),
                "examples": one.leaks_by_benchmark.head(_SHOWN).to_dicts(),
                "limits": _limits(one),
                "steps": next_steps(one, name),
            }
    text = render_trace(told).encode()
    replace_file(path, lambda temporary: temporary.write_bytes(text), error=InputError)
