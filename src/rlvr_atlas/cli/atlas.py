"""Commands on the public atlas itself: list, verify, pull, build, sign."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlvr_atlas.cli.app import AsJson, AtlasFolder, Commands, WorkspacePath, app
from rlvr_atlas.cli.show import out, print_json, print_table

if TYPE_CHECKING:
    from rlvr_atlas.public_atlas import PublicAtlas
    from rlvr_atlas.public_atlas.signatures import Signer

_Signers = Annotated[
    Path | None,
    typer.Option(
        "--signers",
        metavar="FILE",
        envvar="RLVR_ATLAS_SIGNERS",
        help="Accept what one of these has signed, nothing else: a file of names and SSH keys.",
    ),
]

atlas_app = Commands(no_args_is_help=True, help="The public atlas: what is known of published datasets.")
app.add_typer(atlas_app, name="atlas")


@atlas_app.command("list")
def list_atlas(atlas: AtlasFolder = None, as_json: AsJson = False) -> None:
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
def verify_atlas(atlas: AtlasFolder = None, signers: _Signers = None, as_json: AsJson = False) -> None:
    """Whether the files of an atlas are whole, those of its card, and were made together; who signed it."""
    from rlvr_atlas.public_atlas import signed_by, verify

    known = verify(atlas)
    by = signed_by(known.folder, signers)
    if as_json:
        print_json({"whole": True, **_as_facts(known), **_as_signer(by)})
        return
    out.print(f"whole: {known.folder}: {_size(known)}", markup=False)
    if by is None:
        out.print("not signed", markup=False)
    else:
        compared = "" if signers else "; whether you know that key: --signers FILE"
        out.print(f"signed: {by}{compared}", markup=False)


def _as_signer(by: Signer | None) -> dict[str, Any]:
    return {"signed_by": None if by is None else {"key": by.key, "name": by.name or None}}


@atlas_app.command("sign")
def sign_atlas(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made by `atlas build`.")],
    key: Annotated[
        Path,
        typer.Option(metavar="KEY", help="A private SSH key, or a public one that ssh-agent knows."),
    ],
    as_json: AsJson = False,
) -> None:
    """Sign an atlas with an SSH key: the signature stands in its card, and replaces an earlier one."""
    from rlvr_atlas.public_atlas import sign

    by = sign(folder, key)
    if as_json:
        print_json({"folder": folder, **_as_signer(by)})
        return
    out.print(f"signed: {folder}: {by}", markup=False)


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
    signers: _Signers = None,
    as_json: AsJson = False,
) -> None:
    """Get a published atlas: only files that changed, each checked before it replaces the old one.

    From then on it is used wherever it is newer than the packaged one. If anything is wrong with it the exit
    code is 2, and what was there before stays.
    """
    from rlvr_atlas.public_atlas import packaged
    from rlvr_atlas.public_atlas.card import cache_folder, newest
    from rlvr_atlas.public_atlas.pull import pull

    pulled = pull(source, folder or cache_folder(), signers)
    used = newest(packaged()).resolve() == pulled.atlas.folder
    if as_json:
        facts = {"folder": pulled.atlas.folder, "edition": pulled.card.edition, "used": used}
        sizes = {"fetched": pulled.fetched, "bytes": pulled.received, "signed": bool(pulled.card.signature)}
        print_json({**facts, **sizes, **_as_signer(pulled.signer)})
        return
    out.print(f"atlas: {pulled.atlas.folder}: {_size(pulled.atlas)}", markup=False)
    told = f"{', '.join(pulled.fetched)} ({pulled.received / 1e6:.1f} MB)"
    out.print(f"fetched: {told if pulled.fetched else 'nothing new'}", markup=False)
    if pulled.signer:
        out.print(f"signed: {pulled.signer}", markup=False)
    else:
        unchecked = "signed, by whom was not looked at: --signers FILE"
        out.print(unchecked if pulled.card.signature else "not signed", markup=False)
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
