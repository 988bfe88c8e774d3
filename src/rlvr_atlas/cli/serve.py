"""The command `serve`: a workspace in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlvr_atlas.cli.app import AsJson, WorkspacePath, app
from rlvr_atlas.cli.show import err, hint, out, print_json


@app.command()
def serve(
    workspace: WorkspacePath,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 for any that is free.", min=0, max=65535)] = 8765,
    static: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write static pages to a folder and end.")
    ] = None,
    problems: Annotated[
        int, typer.Option(help="With --static: most problems with a page of their own.", min=0)
    ] = 2000,
    beyond: Annotated[
        bool, typer.Option("--beyond-this-machine", help="Allow a --host that others can reach.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a workspace in a browser: explain, search, browse, compare, review."""
    if static is not None:
        from rlvr_atlas.explorer.static import write_bundle

        pages = write_bundle(workspace, static, most_problems=problems)
        if as_json:
            print_json({"pages": pages, "folder": static, "open": static / "index.html"})
        else:
            out.print(f"{pages} pages in {static}; open {static / 'index.html'}", markup=False)
        return
    from rlvr_atlas.explorer.server import serve as listen

    hint("Reading the workspace ...", err)
    listen(
        workspace,
        host=host,
        port=port,
        beyond=beyond,
        on_start=lambda address: _started(address, as_json),
    )


def _started(address: str, as_json: bool) -> None:
    print_json({"address": address}) if as_json else out.print(f"{address}  (Ctrl-C ends it)", markup=False)
