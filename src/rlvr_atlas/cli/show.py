"""How the command line shows results: tables, progress, JSON. Nothing here computes.

Text goes to standard output, progress and errors to standard error, so that output can be piped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from rlvr_atlas.explain import Explanation
    from rlvr_atlas.pipeline import OnProgress
    from rlvr_atlas.workspace.store import Workspace

#: Characters that JSON may hold as they are and that a terminal acts on: controls, and marks of direction.
_UNSAFE = re.compile(
    r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
#: Characters of a word that a table keeps together.
_LONG_WORD = 20
#: Leaks of one problem that are listed.
_LEAKS = 5
#: Rows of a problem of which it is said what became of them in the mix.
_DECISIONS = 5
#: Directions that hang on an unverified date that are listed.
_DATES = 5
#: Piped output has no width of its own; tables are then wide enough to be read by line.
_PIPED = 160


class Screen:
    """A console that is made when something is printed: loading rich takes as long as looking a problem up.

    Args:
        stderr: Whether it prints to standard error.
        width: Characters in a line; None for the width of the terminal.
    """

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        self._settings: dict[str, Any] = {"stderr": stderr, "width": width}

    @cached_property
    def console(self) -> Console:
        """The console of rich; `:x:` in a problem is no emoji."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=True, emoji=False, **self._settings)

    @property
    def is_terminal(self) -> bool:
        """Whether a person is looking."""
        return self.console.is_terminal

    def print(self, what: object = "", *, markup: bool = True, end: str = "\n") -> None:
        """Print a line, without control characters, or anything that rich can render."""
        what = harmless(what) if isinstance(what, str) else what
        self.console.print(what, markup=markup, end=end)


out = Screen(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPED)
err = Screen(stderr=True)
#: Whether the command that runs was told to be quiet.
_quiet = [False]


def be_quiet(quiet: bool) -> None:
    """What `--quiet` says: whether `hint` and `progress` are silent from now on."""
    _quiet[0] = quiet


def hint(text: str, screen: Screen = out) -> None:
    """A line of what to do next, or of what is going on, unless it is quiet."""
    if not _quiet[0]:
        screen.print(text, markup=False)


def show_summary(workspace: Workspace, as_json: bool) -> None:
    """What a run found, per dataset, with everything that was left out."""
    from rlvr_atlas.report import summary

    tables = {name: frame.collect() for name, frame in workspace.tables().items()}
    facts = summary(tables, workspace.manifest)
    if as_json:
        print_json(facts)
        return
    rows = [
        {
            "dataset": d["dataset"],
            "role": d["role"],
            "rows": d["rows"],
            "skipped": d["skipped_rows"],
            "distinct": d["distinct_prompts"],
            "attributed": f"{d['attributed_share']:.1%}",
        }
        for d in facts["datasets"]
    ]
    for sentence in _answer(facts, workspace.manifest["stages"]):
        out.print(sentence, markup=False)
    print_table("Datasets", rows)
    _show_unverified(facts["unverified_dates"])
    for stage in workspace.manifest["stages"].values():
        for limit in stage.get("limits", []):
            out.print(f"note: {limit}", markup=False)
    if (workspace.folder / "report.html").exists():
        out.print(f"report: {workspace.folder / 'report.html'}", markup=False)


def _show_unverified(dates: list[dict[str, Any]]) -> None:
    """The arrows between datasets that a wrong date would turn round, those with most rows first."""
    if not dates:
        return
    rows = [
        {
            "dataset": line["child"],
            "after": line["parent"],
            "rows": line["rows"],
            "days apart": line["days"],
            "date without evidence": "both"
            if len(line["without_evidence"]) > 1
            else line["without_evidence"],
        }
        for line in dates[:_DATES]
    ]
    print_table("Directions that hang on an unverified date", rows, more=len(dates) - _DATES)


def _answer(facts: dict[str, Any], stages: dict[str, Any]) -> list[str]:
    """What a person wants to know first: leaks, sources, labels, time; only what was looked at."""
    from rlvr_atlas.pipeline import STAGES

    totals, said = facts["totals"], []
    if totals["train_leaked"] is not None and totals["train_rows"]:
        share = totals["train_leaked"] / totals["train_rows"]
        counted = (
            f"{totals['train_leaked']:,} of {totals['train_rows']:,} rows of training sets ({share:.1%})"
        )
        said.append(f"{counted} are problems of a benchmark.")
    if totals["train_attributed_rows"] is not None and totals["train_rows"]:
        unknown = totals["train_rows"] - totals["train_attributed_rows"]
        said.append(
            f"{totals['train_attributed_share']:.1%} of them have a known source; {unknown:,} have none."
        )
    if totals["conflict_rows"]:
        said.append(f"{totals['conflict_rows']:,} rows carry a label that names another source.")
    done = {name: stages[name]["seconds"] for name in STAGES if "seconds" in stages.get(name, ())}
    times = [f"{name} {seconds:.0f} s" for name, seconds in done.items()]
    return [*said, f"time: {', '.join(times)}"] if times else said


def show_explanation(found: Explanation, *, searched: bool = False) -> None:
    """One problem: what it is, where it comes from, where else it stands.

    Args:
        found: What is known of it.
        searched: Whether it was searched for in other words too.
    """
    # Only tables need rich, and what is not known has none.
    typer.echo(f"prompt         {one_line(found.prompt, 600)}")
    if found.relation is None:
        typer.echo("source         unknown: nothing in this workspace is known to be the same problem")
        if not searched:
            typer.echo("               (--rewordings searches for it in other words too, and takes longer)")
        for near in found.nearest:
            typer.echo(f"nearest        {near['dataset']}:{near['row']} {one_line(near['prompt'], 200)}")
            typer.echo(f"               another problem: {one_line(near['evidence'])}")
        return
    if found.relation != "identical":
        typer.echo(f"recognised as  {one_line(found.matched, 600)}")
    typer.echo(f"relation       {found.relation} (probability {found.probability:.2f})")
    if found.attachments:
        typer.echo(f"asked of       {found.attachments}")
    for name, value in (found.evidence or {}).items():
        if value not in (None, ""):
            typer.echo(f"  {name:16} {one_line(value)}")
    typer.echo(f"atomic source  {found.atomic_source or 'unknown'}")
    for leak in found.leaks[:_LEAKS]:
        item, row = (
            f"{leak[name]}:{leak[at]}" for name, at in (("benchmark", "benchmark_row"), ("dataset", "row"))
        )
        kind = "uses the template of" if leak["relation"] == "variant" else "is the problem of"
        typer.echo(f"leak           {row} {kind} {item} ({leak['relation']}, {leak['probability']:.2f})")
    if len(found.leaks) > _LEAKS:
        typer.echo(f"               … and {len(found.leaks) - _LEAKS} more (--json shows all)")
    for decided in _decided(found.decisions):
        typer.echo(decided)
    typer.echo("ancestry")
    for line in _ancestry(found.chain):
        typer.echo(f"  {one_line(line)}")
    print_table("Occurrences", found.occurrences[:30], more=len(found.occurrences) - 30)
    images = [(r["evidence"] or {}).get("images") for r in found.related]
    related = [
        {k: r[k] for k in ("relation", "tier", "probability", "prompt")}
        | ({"images": told} if any(images) else {})
        for r, told in zip(found.related, images, strict=True)
    ]
    if related:
        print_table("Related texts", related[:10], more=len(related) - 10)


def _decided(decisions: list[dict[str, Any]]) -> Iterator[str]:
    """What became of rows in the mix, and why, one line a row."""
    for line in decisions[:_DECISIONS]:
        because = {name: value for name, value in line["evidence"].items() if not name.endswith("_key")}
        why = f"{line['reason']} ({one_line(because, 200)})" if because else line["reason"]
        yield f"in the mix     {line['dataset']}:{line['row']} {line['action']}: {one_line(why)}"
    if len(decisions) > _DECISIONS:
        yield f"               … and {len(decisions) - _DECISIONS} more (--json shows all)"


def _ancestry(chain: list[dict[str, Any]]) -> Iterator[str]:
    """A chain as a tree, one line a step: from the row asked for down to the root."""
    relation = ""
    for depth, step in enumerate(chain):
        branch = f"{'   ' * (depth - 1)}└─ {relation} " if depth else ""
        root = "" if step["relation"] else "  (root)"
        yield f"{branch}{step['dataset']}:{step['row']}{root}"
        told = [step["tier"], f"{step['probability']:.2f}"] if step["probability"] is not None else []
        relation = f"{step['relation']} ({', '.join(filter(None, told))}) of"


def print_json(value: object) -> None:
    """A value as JSON, in the order of its keys; what a terminal may act on is written as an escape."""
    text = json.dumps(value, ensure_ascii=False, indent=1, default=str)
    typer.echo(_UNSAFE.sub(_escaped, text))


def harmless(text: str) -> str:
    r"""Lines of text without what a terminal acts on: an escape character becomes `\x1b`."""
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text)


def _escaped(sign: str | re.Match[str]) -> str:
    """A character as JSON and Python write it."""
    return json.dumps(sign if isinstance(sign, str) else sign[0])[1:-1]


def print_table(title: str, rows: list[dict[str, Any]], more: int = 0) -> None:
    """Rows as a table, or as lines where a table would break words; `more` says how many are not shown."""
    from rich.table import Table
    from rich.text import Text

    if not _fits(rows, out.console.width):
        _print_lines(title, rows, more)
        return
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in rows[0] if rows else []:
        number = all(isinstance(row[column], int | float) for row in rows)
        table.add_column(str(column), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(name, value)) for name, value in row.items()))
    out.print(table)
    _print_more(more)


def print_columns(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Rows as aligned lines without rich, for a list that is there at once; a terminal's width cuts them."""
    cells = [columns, *(tuple(one_line(row.get(column)) for column in columns) for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else None
    for line in cells:
        told = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        typer.echo(told if room is None or len(told) <= room else f"{told[: room - 1]}…")


def _fits(rows: list[dict[str, Any]], width: int) -> bool:
    """Whether a table of these rows has room for every word but for very long ones."""
    least = 1
    for column in rows[0] if rows else []:
        words = " ".join([column, *(_cell(column, row[column]) for row in rows)]).split()
        least += 3 + max(min(len(word), _LONG_WORD) for word in words)
    return least <= width


def _print_lines(title: str, rows: list[dict[str, Any]], more: int) -> None:
    """Each row as lines of a column's name and its value; empty values are left out."""
    from rich.text import Text

    out.print(Text(title, style="bold"))
    indent = max(len(column) for column in rows[0]) + 2
    for row in rows:
        out.print()
        for column, value in row.items():
            if told := _cell(column, value):
                out.print(Text(column.ljust(indent) + told))
    _print_more(more)


def _print_more(more: int) -> None:
    if more > 0:
        out.print(f"… and {more} more (--json shows all)", markup=False)


def _cell(column: str, value: object) -> str:
    """A value of a table; a source or licence that is not known is called so."""
    unknown = value is None and column in ("atomic_source", "source", "license", "root")
    return "unknown" if unknown else one_line(value, 160)


def one_line(value: object, limit: int = 2000) -> str:
    """Any value as one safe line: control characters of untrusted text never reach the terminal."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return one_line(", ".join(one_line(item, limit) for item in value), limit)
    if isinstance(value, Mapping):
        told = (f"{name} {one_line(item, limit)}" for name, item in value.items() if item is not None)
        return one_line(", ".join(told), limit)
    text = str(value)
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


@contextmanager
def progress() -> Iterator[OnProgress]:
    """A progress bar on standard error; where that is no terminal, one plain line per stage."""
    try:
        if _quiet[0]:
            yield lambda *_: None
            return
        with _bar() if err.is_terminal else nullcontext(_lines()) as on_progress:
            yield on_progress
    except KeyboardInterrupt:
        err.print("interrupted: run the same command again, what is finished is not repeated")
        raise


def _lines() -> OnProgress:
    seen: set[str] = set()

    def say(stage: str, what: str, _done: int, total: int) -> None:
        if stage not in seen:
            seen.add(stage)
            err.print(f"{stage}: {f'{total} datasets' if stage == 'load' else one_line(what)}", markup=False)

    return say


@contextmanager
def _bar() -> Iterator[OnProgress]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err.console, transient=True) as bar:
        task, shown = bar.add_task("", total=None, rate=""), ""

        def show(stage: str, what: str, done: int, total: int) -> None:
            nonlocal shown
            told = f"{stage}: {one_line(what, 40)}"
            if stage != shown:  # time is counted by stage, since one says nothing of the next
                bar.reset(task, total=total, description=told, rate="")
                shown = stage
            speed = bar.tasks[0].speed
            rate = f"{speed:.2g}/s" if speed else ""
            bar.update(task, description=told, completed=done, total=total, rate=rate)

        yield show
