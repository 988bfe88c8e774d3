"""Commands that need no recipe: trace a file by the public atlas, and the atlas itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlvr_atlas.cli.app import AsJson, Commands, Network, WorkspacePath, app
from rlvr_atlas.cli.show import hint, one_line, out, print_json, print_table
from rlvr_atlas.errors import AtlasError, InputError

if TYPE_CHECKING:
    from rlvr_atlas.public_atlas import PublicAtlas
    from rlvr_atlas.trace_files import Traced

_SHOWN = 10
_AtlasFolder = Annotated[
    Path | None, typer.Option("--atlas", help="A folder made by `atlas build` or `atlas pull`.")
]


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
    atlas: _AtlasFolder = None,
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


atlas_app = Commands(no_args_is_help=True, help="The public atlas: what is known of published datasets.")
app.add_typer(atlas_app, name="atlas")


@atlas_app.command("list")
def list_atlas(atlas: _AtlasFolder = None, as_json: AsJson = False) -> None:
    """The datasets in the atlas, with date, licence, and the hash of what they were read from."""
    from rlvr_atlas.public_atlas import open_atlas

    known = open_atlas(atlas)
    if as_json:
        facts = {"problems": known.origins.frame.height, "edition": known.edition, "folder": known.folder}
        print_json({**known.origins.card, **facts})
        return
    columns = ("dataset", "role", "released", "license", "rows")
    lines = [{name: entry[name] for name in columns} for entry in known.origins.card["datasets"]]
    print_table(f"{known.origins.frame.height:,} problems", lines)


@atlas_app.command("verify")
def verify_atlas(atlas: _AtlasFolder = None, as_json: AsJson = False) -> None:
    """Whether the files of an atlas are whole, those of its card, and were made together."""
    from rlvr_atlas.public_atlas import verify

    known = verify(atlas)
    if as_json:
        print_json({"whole": True, **_as_facts(known)})
        return
    out.print(f"whole: {known.folder}: {_size(known)}", markup=False)


@atlas_app.command("pull")
def pull_atlas(
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="HUB_REPO|URL|FOLDER",
            help="Where it is published; where it was pulled from before by default.",
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="Where to keep it; the cache by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Get a published atlas: only files that changed, each checked before it replaces the old one.

    From then on it is used wherever it is newer than the packaged one. If anything is wrong with it the exit
    code is 2, and what was there before stays.
    """
    from rlvr_atlas.public_atlas import packaged
    from rlvr_atlas.public_atlas.card import cache_folder, newest
    from rlvr_atlas.public_atlas.pull import pull

    pulled = pull(source, folder or cache_folder())
    used = newest(packaged()).resolve() == pulled.atlas.folder
    if as_json:
        facts = {"folder": pulled.atlas.folder, "edition": pulled.card.edition, "used": used}
        print_json({**facts, "fetched": pulled.fetched, "bytes": pulled.received})
        return
    out.print(f"atlas: {pulled.atlas.folder}: {_size(pulled.atlas)}", markup=False)
    told = f"{', '.join(pulled.fetched)} ({pulled.received / 1e6:.1f} MB)"
    out.print(f"fetched: {told if pulled.fetched else 'nothing new'}", markup=False)
    if not used:
        why = "" if folder else "the packaged one is as recent; "
        out.print(f"note: {why}to use it: --atlas {pulled.atlas.folder}", markup=False)


def _as_facts(known: PublicAtlas) -> dict[str, Any]:
    return {
        "folder": known.folder,
        "edition": known.edition,
        "problems": known.origins.frame.height,
        "datasets": len(known.origins.card["datasets"]),
        "benchmarks": len(known.benchmarks.benchmarks),
    }


def _size(known: PublicAtlas) -> str:
    counts = f"{known.origins.frame.height:,} problems of {len(known.origins.card['datasets'])} datasets"
    told = f"{counts}, {len(known.benchmarks.benchmarks)} benchmarks"
    return f"{told}, edition {known.edition}" if known.edition else told


@atlas_app.command("build")
def build_atlas(
    workspace: WorkspacePath,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it.")],
    edition: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="How recent it is, where not as recent as the last release among its datasets.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an atlas of a traced workspace: hashes of its problems, without their text."""
    from rlvr_atlas.public_atlas import build
    from rlvr_atlas.workspace.store import Workspace

    made = build(Workspace(workspace), folder, edition=edition.date() if edition else None)
    size = sum(file.stat().st_size for file in folder.iterdir())
    if as_json:
        print_json({**_as_facts(made), "folder": folder, "bytes": size})
        return
    told = f"{made.origins.frame.height:,} problems, {size / 1e6:.1f} MB"
    out.print(f"atlas: {folder} ({told})", markup=False)
