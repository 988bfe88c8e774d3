"""The command group `registry`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rlvr_atlas.cli.app import AsJson, app
from rlvr_atlas.cli.show import one_line, out, print_json, print_table
from rlvr_atlas.errors import AtlasError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

registry_app = typer.Typer(no_args_is_help=True, help="Known datasets, benchmarks and atomic sources.")
app.add_typer(registry_app, name="registry")


@registry_app.command("list")
def registry_list(
    kind: Annotated[str, typer.Argument(help="datasets, benchmarks or sources.")] = "datasets",
    as_json: AsJson = False,
) -> None:
    """List what is known."""
    from rlvr_atlas import registry

    kinds: dict[str, Callable[[], Mapping[str, BaseModel]]] = {
        "datasets": registry.datasets,
        "benchmarks": registry.benchmarks,
        "sources": registry.sources,
    }
    if kind not in kinds:
        raise AtlasError(f"unknown kind '{kind}'", fix=f"choose one of: {', '.join(kinds)}")
    rows = [entry.model_dump(mode="json", exclude_defaults=True) for entry in kinds[kind]().values()]
    if as_json:
        print_json(rows)
        return
    columns = ("id", "hub", "title", "released", "license")
    print_table(kind, [{column: row.get(column, "") for column in columns} for row in rows])


@registry_app.command("show")
def registry_show(
    name: Annotated[str, typer.Argument(help="Id, alias or Hub id.")], as_json: AsJson = False
) -> None:
    """Show one entry: where its parts are, its licence, its upstreams."""
    from rlvr_atlas import registry

    entry = registry.find(name) or registry.sources().get(name)
    if entry is None:
        close = registry.suggest(name)
        raise AtlasError(
            f"'{name}' is not in the registry", fix=f"closest: {', '.join(close)}" if close else ""
        )
    facts = entry.model_dump(mode="json", exclude_defaults=True)
    if as_json:
        print_json(facts)
        return
    for field, value in facts.items():
        out.print(f"{field:14} {one_line(value)}", markup=False)
