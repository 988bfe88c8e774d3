"""The command group `registry`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlvr_atlas.cli.app import AsJson, Commands, app
from rlvr_atlas.cli.show import err, harmless, hint, one_line, out, print_columns, print_json
from rlvr_atlas.errors import InputError

if TYPE_CHECKING:
    from rlvr_atlas.registry import Registry

registry_app = Commands(no_args_is_help=True, help="Known datasets, benchmarks and atomic sources.")
app.add_typer(registry_app, name="registry")


@registry_app.command("list")
def registry_list(
    kind: Annotated[str, typer.Argument(help="datasets, benchmarks or sources.")] = "datasets",
    as_json: AsJson = False,
) -> None:
    """List what is known."""
    from rlvr_atlas.registry.tables import packaged

    _refuse_kind(kind)
    own = _own_file()
    known = _opened(own).facts(kind) if own else packaged(kind)
    rows = [{"id": name, **facts} for name, facts in known.items()]
    if as_json:
        print_json(rows)
        return
    print_columns(rows, ("id", "released", "license", "title", *(["hub"] if kind != "sources" else [])))
    if own:
        err.print(f"note: with the entries of {own}", markup=False)


@registry_app.command("show")
def registry_show(
    name: Annotated[str, typer.Argument(help="Id, alias or Hub id.")], as_json: AsJson = False
) -> None:
    """Show one entry: where its parts are, its licence, its upstreams, what each fact rests on."""
    known = _opened(_own_file())
    entry = known.find(name) or known.sources.get(name)
    if entry is None:
        close = known.suggest(name)
        raise InputError(
            f"'{name}' is not in the registry", fix=f"closest: {', '.join(close)}" if close else ""
        )
    facts = entry.model_dump(mode="json", exclude_defaults=True)
    if as_json:
        print_json(facts)
        return
    for field, value in facts.items():
        out.print(f"{field:14} {one_line(value)}", markup=False)


@registry_app.command("add")
def registry_add(
    name: Annotated[str, typer.Argument(metavar="ID", help="Its id: letters, digits, '.', '_', '-'.")],
    kind: Annotated[str, typer.Option(help="datasets, benchmarks or sources.")] = "datasets",
    role: Annotated[str | None, typer.Option(help="Of a dataset: train or source.")] = None,
    path: Annotated[
        list[str] | None, typer.Option(help="A file or glob, from the registry file's folder. Repeatable.")
    ] = None,
    hub: Annotated[str | None, typer.Option(help="owner/name on the Hub, instead of --path.")] = None,
    revision: Annotated[str | None, typer.Option(help="Of --hub: a commit, tag or branch.")] = None,
    url: Annotated[str | None, typer.Option(help="Where it is published, if not on the Hub.")] = None,
    title: Annotated[str | None, typer.Option(help="Its name for people.")] = None,
    released: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Date of release; who was first depends on it."),
    ] = None,
    licence: Annotated[str | None, typer.Option("--license", help="As published, best as SPDX.")] = None,
    atomic_source: Annotated[
        str | None, typer.Option(help="Source of rows that are first seen in it.")
    ] = None,
    derived_from: Annotated[list[str] | None, typer.Option(help="An upstream's id. Repeatable.")] = None,
    alias: Annotated[list[str] | None, typer.Option(help="Another name of it. Repeatable.")] = None,
    trust_labels: Annotated[
        bool, typer.Option("--trust-labels", help="Its rows' own labels name their real source.")
    ] = False,
    evidence: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=WHERE", help="What a key rests on: released=https://... Repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an entry of your own into a registry file, checked; yours go over the packaged ones.

    The file is that of `rlvr-atlas --registry FILE`, else rlvr-atlas-registry.toml in this folder. A recipe
    in the folder of a file of this name reads it by itself, any other recipe names it: registry = "FILE".
    """
    from rlvr_atlas.registry import add
    from rlvr_atlas.registry.tables import FILE, named_by_user

    _refuse_kind(kind)
    own = named_by_user() or Path(FILE)
    facts: dict[str, Any] = {
        "role": role,
        "title": title or (name if kind == "sources" else None),
        "path": path[0] if path and len(path) == 1 else path,
        "hub": hub,
        "revision": revision,
        "url": url,
        "released": released.date() if released else None,
        "license": licence,
        "atomic_source": atomic_source,
        "derived_from": derived_from,
        "trust_labels": trust_labels,
        "aliases": alias,
        "evidence": dict(_pair(one) for one in evidence or []),
    }
    known = add(own, kind, name, facts)
    if as_json:
        print_json({"file": own, "kind": kind, "id": name, **known.facts(kind)[name]})
        return
    out.print(f"added: [{kind}.{name}] in {own}", markup=False)
    if own.name != FILE:
        hint(f'read by: a recipe with registry = "{own}", or rlvr-atlas --registry {own}')


@registry_app.command("page")
def registry_page(
    target: Annotated[Path | None, typer.Option("--out", help="Write it to this file.")] = None,
) -> None:
    """Print every entry with its evidence as a page in Markdown."""
    from rlvr_atlas.registry.page import markdown

    text = markdown(_opened(_own_file()))
    if target is None:
        typer.echo(harmless(text), nl=False)
        return
    from rlvr_atlas.files import replace_file

    replace_file(target, lambda temporary: temporary.write_text(text, encoding="utf-8"), error=InputError)
    out.print(f"page: {target}", markup=False)


def _pair(text: str) -> tuple[str, str]:
    key, sign, where = text.partition("=")
    if not (sign and key.strip() and where.strip()):
        raise InputError(
            f"--evidence {text!r} is no KEY=WHERE", fix="such as released=https://arxiv.org/abs/..."
        )
    return key.strip(), where.strip()


def _refuse_kind(kind: str) -> None:
    from rlvr_atlas.registry.tables import KINDS

    if kind not in KINDS:
        raise InputError(f"unknown kind '{kind}'", fix=f"choose one of: {', '.join(KINDS)}")


def _own_file() -> Path | None:
    """The user's file: the one that is named, else the one in this folder."""
    from rlvr_atlas.registry.tables import FILE, named_by_user

    return named_by_user() or (Path(FILE) if Path(FILE).is_file() else None)


def _opened(own: Path | None) -> Registry:
    from rlvr_atlas import registry

    return registry.of(own)
