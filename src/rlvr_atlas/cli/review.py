"""The command `review`: uncertain matches before a person, and what people decided."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlvr_atlas.cli.app import AsJson, WorkspacePath, app
from rlvr_atlas.cli.show import err, one_line, out, print_json, print_table, progress
from rlvr_atlas.errors import InputError

if TYPE_CHECKING:
    import polars as pl
    from rich.text import Text

    from rlvr_atlas.lineage.review import Decision
    from rlvr_atlas.workspace.store import Workspace

#: Characters of a text that are compared word by word; what is left out is said.
_LONGEST = 6000
_KEYS = {"a": "accept", "r": "reject", "s": "skip", "q": "quit"}


@app.command()
def review(
    workspace: WorkspacePath,
    listing: Annotated[bool, typer.Option("--list", help="List the queue; decide nothing.")] = False,
    decided: Annotated[bool, typer.Option("--decided", help="List what was decided.")] = False,
    decide: Annotated[
        tuple[str, str, str] | None,
        typer.Option(metavar="CHILD PARENT VERDICT", help="accept, reject, or a relation. Needs --by."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    why: Annotated[str, typer.Option(help="Why.")] = "",
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all decisions as JSONL.")] = None,
    load: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Add decisions from JSONL.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Lines shown; --json shows all.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Decide uncertain matches, those first on which most rows hang; decisions outlast re-runs."""
    from rlvr_atlas.workspace.store import Workspace

    held = Workspace(workspace)
    if decide is not None:
        _decide(held, decide, by, why, as_json)
    elif load is not None:
        _import(held, load, as_json)
    elif export is not None:
        _export(held, export, as_json)
    elif decided:
        _print_decided(held, limit, as_json)
    elif listing or as_json or not sys.stdin.isatty():
        _print_queue(held, limit, as_json)
    else:
        taken = session(held, by or typer.prompt("Your name"), typer.prompt)
        if taken:
            out.print(_refresh(held), markup=False)


def session(workspace: Workspace, by: str, ask: Callable[..., str]) -> int:
    """Go through the queue with a person, keeping each decision at once.

    Args:
        workspace: A traced workspace.
        by: Who decides.
        ask: Called with a question and `default`; gives the answer.

    Returns:
        How many decisions were taken.
    """
    from rlvr_atlas.lineage import review as reviewing

    verdicts, waiting = workspace.read("verdicts"), _queue(workspace)
    taken = 0
    for number, pair in enumerate(_described(workspace, waiting), start=1):
        out.console.rule(f"{number} of {waiting.height}")
        show_pair(pair)
        try:
            verdict = _verdict(ask)
            why = ask("Why", default="", show_default=False) if verdict not in ("quit", "skip") else ""
        except typer.Abort:  # the end of input, or Ctrl-C: what was decided is kept and applied
            verdict = "quit"
        if verdict == "quit":
            break
        if verdict != "skip":
            keys = (pair["child"], pair["parent"])
            decision = reviewing.judge(verdicts, keys, verdict, by=by, why=why)
            reviewing.add(workspace, [decision])
            taken += 1
    out.print(f"{taken} decided, {waiting.height - taken} left", markup=False)
    return taken


def _verdict(ask: Callable[..., str]) -> str:
    from rlvr_atlas.schema import RELATIONS

    relations = {str(number): relation for number, relation in enumerate(RELATIONS, start=1)}
    asked = "  ".join(f"[{key}] {relation}" for key, relation in relations.items())
    keys: dict[str, str] = _KEYS | relations
    choice = ""
    while choice not in keys:
        choice = ask(f"[a]ccept  [r]eject  [s]kip  [q]uit  {asked}", default="s").strip().lower()
    return keys[choice]


def show_pair(pair: dict[str, Any]) -> None:
    """Both texts side by side, what differs marked, with answers, places and evidence."""
    from rich.table import Table
    from rich.text import Text

    from rlvr_atlas.report.examples import compare

    found = f"{pair['relation']}, probability {pair['probability']:.2f}, {pair['tier']} tier"
    out.print(f"{found}; rows that hang on it: {pair['rows']}, leaks: {pair['leaks']}", markup=False)
    texts = [pair[f"{side}_prompt"] for side in ("child", "parent")]
    table = Table(expand=True, show_lines=True)
    for side, name in (("child", "later"), ("parent", "earlier")):
        table.add_column(Text(f"{name}: {pair[f'{side}_at']}"), ratio=1, overflow="fold")
    pieces = compare(*(text[:_LONGEST] for text in texts))
    table.add_row(*(_marked(side, text) for side, text in zip(pieces, texts, strict=True)))
    answers = [one_line(pair[f"{side}_answer"], 400) or "(none)" for side in ("child", "parent")]
    table.add_row(*(Text(f"answer: {answer}") for answer in answers))
    out.console.print(table, soft_wrap=False)
    for name, value in (pair["evidence"] or {}).items():
        if value not in (None, ""):
            out.print(f"  {name:16} {one_line(value, 400)}", markup=False)


def _marked(pieces: list[Any], text: str) -> Text:
    """Pieces of a comparison; colour alone would be lost in a pipe and on some eyes, so brackets too."""
    from rich.text import Text

    shown = Text()
    for piece in pieces:
        plain = "".join(c if c.isprintable() or c == "\n" else " " for c in piece.text)
        if piece.kind == "changed":
            shown.append(f"⟦{plain}⟧", style="bold reverse")
        else:
            shown.append(
                f"… {plain} …" if piece.kind == "gap" else plain, style="dim" * (piece.kind == "gap")
            )
    if len(text) > _LONGEST:
        shown.append(f" … {len(text) - _LONGEST} characters are not shown", style="dim")
    return shown


def _decide(workspace: Workspace, wanted: tuple[str, str, str], by: str, why: str, as_json: bool) -> None:
    from rlvr_atlas.lineage import review as reviewing
    from rlvr_atlas.workspace import query

    *names, verdict = wanted
    keys = []
    for name in names:
        key, _ = query.named(workspace, name)
        if key is None or not query.has_key(workspace, key):
            raise InputError("no problem by this key or DATASET:ROW", where=one_line(name, 80))
        keys.append(key)
    pair = (keys[0], keys[1])
    decision = reviewing.judge(workspace.read("verdicts"), pair, verdict, by=by, why=why)
    reviewing.add(workspace, [decision])
    effect = _refresh(workspace)
    print_json(decision.model_dump(mode="json")) if as_json else out.print(effect, markup=False)


def _import(workspace: Workspace, path: Path, as_json: bool) -> None:
    from rlvr_atlas.lineage import review as reviewing

    try:
        decisions, bad = reviewing.parse(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read ({error.strerror})", where=str(path)) from None
    added = reviewing.add(workspace, decisions)
    if added:
        err.print(_refresh(workspace), markup=False)
    pairs = {decision.pair for decision in decisions}
    clashes = [c for c in reviewing.conflicts(reviewing.read(workspace)[0]) if c[-1].pair in pairs]
    facts = {"read": len(decisions), "added": len(added), "skipped": bad, "conflicts": _clashes(clashes)}
    if as_json:
        print_json(facts)
        return
    out.print(f"{len(added)} decisions added, {len(decisions) - len(added)} were there already", markup=False)
    for problem in bad:
        out.print(f"skipped: {path.name}, {one_line(problem, 300)}", markup=False)
    if bad:
        out.print(f"{len(bad)} lines skipped", markup=False)
    if clashes:
        print_table("Contradicting decisions: the latest holds", _clashes(clashes))


def _clashes(groups: list[list[Decision]]) -> list[dict[str, Any]]:
    def said(decision: Decision) -> str:
        return f"{decision.relation or 'reject'} by {decision.by} at {decision.at.isoformat()}"

    return [
        {
            "child": group[-1].child,
            "parent": group[-1].parent,
            "holds": said(group[-1]),
            "overruled": "; ".join(said(one) for one in group[:-1] if one.relation != group[-1].relation),
        }
        for group in groups
    ]


def _export(workspace: Workspace, path: Path, as_json: bool) -> None:
    from rlvr_atlas.lineage import review as reviewing

    decisions, _ = reviewing.read(workspace)
    try:
        path.write_text("".join(f"{decision.line()}\n" for decision in decisions), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write ({error.strerror})", where=str(path)) from None
    facts = {"decisions": len(decisions), "file": str(path)}
    print_json(facts) if as_json else out.print(f"{len(decisions)} decisions in {path}", markup=False)


def _print_decided(workspace: Workspace, limit: int, as_json: bool) -> None:
    from rlvr_atlas.lineage import review as reviewing

    decisions, bad = reviewing.read(workspace)
    holds = {decision.line() for decision in reviewing.standing(decisions)}
    rows = [{**one.model_dump(mode="json"), "holds": one.line() in holds} for one in reversed(decisions)]
    if as_json:
        print_json(rows)
        return
    print_table("Decisions, the latest first", rows[:limit], len(rows) - limit)
    for problem in bad:
        out.print(f"skipped: {reviewing.FILE}, {problem}", markup=False)


def _print_queue(workspace: Workspace, limit: int, as_json: bool) -> None:
    waiting = _queue(workspace)
    pairs = list(_described(workspace, waiting if as_json else waiting.head(limit)))
    if as_json:
        print_json(pairs)
        return
    columns = (
        "at_stake",
        "relation",
        "probability",
        "rows",
        "leaks",
        "child_at",
        "parent_at",
        "child_prompt",
    )
    print_table("To review", [{c: pair[c] for c in columns} for pair in pairs], waiting.height - len(pairs))


def _queue(workspace: Workspace) -> pl.DataFrame:
    from rlvr_atlas import pipeline
    from rlvr_atlas.lineage import review as reviewing

    tables = {name: workspace.read(name) for name in ("datasets", "occurrences", "instances")}
    decisions, _ = reviewing.read(workspace)
    settings = pipeline.stored_recipe(workspace).match
    return reviewing.queue(workspace.read("verdicts"), decisions, tables, settings)


def _described(workspace: Workspace, waiting: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Lines of the queue with texts, answers and first places (`DATASET:ROW`)."""
    from rlvr_atlas.workspace import query

    keys = {*waiting["child"], *waiting["parent"]}
    texts = query.prompts(workspace, keys, "answer")
    rows = texts.join(query.first_places(workspace, keys), on="key").iter_rows(named=True)
    known = {row["key"]: {**row, "at": f"{row['dataset']}:{row['row']}"} for row in rows}
    for pair in waiting.iter_rows(named=True):
        sides = {
            f"{side}_{part}": known[pair[side]][part]
            for side in ("child", "parent")
            for part in ("at", "prompt", "answer")
        }
        yield {**pair, **sides}


def _refresh(workspace: Workspace) -> str:
    from rlvr_atlas import pipeline

    with progress() as on_progress:
        rows = pipeline.apply_decisions(workspace, on_progress)
    return f"applied: the origin of {rows} rows is decided by review"
