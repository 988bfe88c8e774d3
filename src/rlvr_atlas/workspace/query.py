"""The one reader: what a workspace knows of a key, a row or a text.

Functions that take a `Workspace` read its tables. The others work on frames, for stages that make tables.
Texts are costly to decode, so every look-up filters by key before it reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, TypeVar

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.schema import is_same_problem
from rlvr_atlas.workspace.store import Workspace

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
#: A row of a dataset: dataset id and row number.
Place = tuple[str, int]

_KEY = re.compile(r"[0-9a-f]{40}")
#: DATASET:ROW with any dataset: one word with a letter in it, and a number.
_DIGITS = 12
_LONGEST_PLACE = 300
#: Behind the id of a dataset: another sign than a colon, or more than one number.
_NEARLY = re.compile(r"(?:[:：;#@|,/]|\s)(\d{1,12})(?:[:：;#@|,/]\d{0,12})*")
_ROW_LIKE = re.compile(r"(?=[^:]*[A-Za-z])[\w.-]{2,128}:-?\d+")
#: Longest text that `search` takes, in characters.
_LONGEST_SEARCH = 1000
#: Most problems on a page.
LARGEST_PAGE = 10_000


# --- frames --------------------------------------------------------------------------------------------


def both_ways(matches: Frame, *columns: str) -> Frame:
    """Matches as links in both directions.

    A match points from the later text to the earlier one, but two texts are the same problem whichever was
    published first.

    Args:
        matches: schema.MATCHES, or any frame with `child` and `parent`.
        columns: Columns of it to keep.

    Returns:
        key, other, and the columns: all links from child to parent, then all links from parent to child.
    """
    up = matches.select("child", "parent", *columns).rename({"child": "key", "parent": "other"})
    down = up.rename({"key": "other", "other": "key"}).select("key", "other", *columns)
    return pl.concat([up, down])


def between(matches: pl.DataFrame, pair: tuple[str, str]) -> dict[str, Any] | None:
    """The line of two keys, in either order.

    Args:
        matches: schema.MATCHES or schema.VERDICTS.
        pair: The two keys.

    Returns:
        The line, by column; None where there is none.
    """
    found = matches.filter(pl.col("child").is_in(pair) & pl.col("parent").is_in(pair))
    return found.row(0, named=True) if found.height else None


# --- keys and rows -------------------------------------------------------------------------------------


def named(workspace: Workspace, query: str) -> tuple[str | None, Place | None]:
    """The key, and the row, that a query names.

    Args:
        workspace: A traced workspace.
        query: A key (40 hexadecimal digits), DATASET:ROW, or anything else.

    Returns:
        The key (not looked up) and None; or the key of the row and the row; or None twice: a text.

    Raises:
        InputError: If the dataset is there and the row is not, or the query names a row of no dataset.
    """
    if _KEY.fullmatch(query):
        return query, None
    dataset, _, number = query.rpartition(":")
    short = len(query) <= _LONGEST_PLACE
    ids = workspace.scan("datasets").select("dataset").collect()["dataset"].to_list() if short else []
    if not (number.isascii() and number.isdecimal() and dataset in ids):
        _refuse_mistyped(query, dataset, number, ids)
        return None, None
    number = number if len(number) <= _DIGITS else "9" * _DIGITS  # no dataset is as long as that
    row = workspace.scan("occurrences").filter(dataset=dataset, row=int(number)).select("key").collect()
    if row.is_empty():
        skipped = workspace.scan("skipped_rows").filter(dataset=dataset, row=int(number)).collect()
        why = f"it was skipped: {skipped['reason'][0]}" if skipped.height else "the dataset is shorter"
        raise InputError(f"no row {number} ({why})", where=dataset)
    return row["key"][0], (dataset, int(number))


def _refuse_mistyped(query: str, dataset: str, number: str, ids: list[str]) -> None:
    """Raise where a query is written like the name of a row and no text of a problem is."""
    if dataset in ids and len(query.split()) == 1:
        raise InputError(f"{number!r} is no row number", where=dataset, fix=f"write it as {dataset}:0")
    for name in ids:
        if query.startswith(name) and (found := _NEARLY.fullmatch(query, len(name))):
            what, fix = f"{query!r} names no row", f"write it as {name}:{found[1]}"
            raise InputError(what, where=name, fix=fix)
    if not _ROW_LIKE.fullmatch(query):
        return
    near = get_close_matches(dataset.lower(), [name.lower() for name in ids], n=3, cutoff=0.4)
    told = [f"{name}:{number}" for name in ids if name.lower() in near] or sorted(ids)[:10]
    fix = f"did you mean {' or '.join(told)}" if near else f"it holds {', '.join(told)}"
    raise InputError(f"no dataset {dataset!r} is in this workspace", where=query, fix=fix)


def has_key(workspace: Workspace, key: str) -> bool:
    """Whether a problem with this key is in the workspace."""
    return not workspace.scan("instances").filter(key=key).select("key").collect().is_empty()


def prompts(workspace: Workspace, keys: Iterable[str], *columns: str) -> pl.DataFrame:
    """The prompts of keys.

    Args:
        workspace: A workspace.
        keys: Keys; one that is not there has no line.
        columns: Further columns of schema.INSTANCES, such as `answer`.

    Returns:
        key, prompt, and the columns: one line per key, in the order of schema.INSTANCES.
    """
    # A filter decodes the few prompts that are wanted, a join would decode all.
    wanted = pl.col("key").is_in(sorted(set(keys)))
    return workspace.scan("instances").select("key", "prompt", *columns).filter(wanted).collect()


def places(workspace: Workspace, key: str) -> pl.DataFrame:
    """Every row that holds a key.

    Args:
        workspace: A workspace.
        key: A key.

    Returns:
        dataset, row, released, declared_source, answer, in the order of schema.OCCURRENCES (by release).
    """
    columns = ("dataset", "row", "released", "declared_source", "answer")
    return workspace.scan("occurrences").filter(key=key).select(columns).collect()


def first_places(workspace: Workspace, keys: Iterable[str]) -> pl.DataFrame:
    """The earliest row that holds each key.

    Args:
        workspace: A workspace.
        keys: Keys; one that is not there has no line.

    Returns:
        key, dataset, row: one line per key.
    """
    wanted = pl.col("key").is_in(sorted(set(keys)))
    rows = workspace.scan("occurrences").select("key", "dataset", "row").filter(wanted)
    return rows.unique("key", keep="first", maintain_order=True).collect()


# --- links and lineage ---------------------------------------------------------------------------------


def links(workspace: Workspace, *columns: str, min_probability: float = 0.0) -> pl.LazyFrame:
    """All matches of a workspace as links in both directions (see `both_ways`).

    Args:
        workspace: A traced workspace.
        columns: Columns of schema.MATCHES to keep.
        min_probability: Matches below it are left out.
    """
    sure = workspace.scan("matches").filter(pl.col("probability") >= min_probability)
    return both_ways(sure, *columns)


def related(workspace: Workspace, key: str) -> pl.DataFrame:
    """Texts that are matched to a key, whichever came first; the surest first.

    Args:
        workspace: A traced workspace.
        key: A key.

    Returns:
        key (of the other text), relation, tier, probability, prompt, evidence.
    """
    # The filter before both directions are made: only the evidence of a few lines is decoded.
    mine = workspace.scan("matches").filter((pl.col("child") == key) | (pl.col("parent") == key)).collect()
    others = both_ways(mine, "relation", "tier", "probability", "evidence").filter(key=key)
    texts = prompts(workspace, others["other"])
    return (
        others.select("relation", "tier", "probability", "evidence", key="other")
        .join(texts, on="key")
        .sort("probability", "key", descending=[True, False])
        .select("key", "relation", "tier", "probability", "prompt", "evidence")
    )


def chain(workspace: Workspace, place: Place) -> list[dict[str, Any]]:
    """The lineage of a row, back to its root.

    Args:
        workspace: A traced workspace.
        place: The row.

    Returns:
        Lines of schema.LINEAGE by column: the row, its parent, and so on; the last is the root.

    Raises:
        InputError: If the row is not in the workspace.
    """
    lineage = workspace.scan("lineage")
    # Whole rows are costly to decode: the columns that tell the way come first, then its rows, all at once.
    parents = lineage.select("dataset", "row", "parent_dataset", "parent_row").collect()
    way: list[Place] = []
    ahead: Place | None = place
    while ahead is not None:
        way.append(ahead)
        found = parents.filter(dataset=ahead[0], row=ahead[1])
        if found.is_empty():
            raise InputError(f"no row {ahead[1]}", where=ahead[0], fix="choose a row of a dataset in view")
        parent = found.row(0)[2:]
        ahead = None if parent[0] is None else (parent[0], parent[1])
    at = pl.any_horizontal((pl.col("dataset") == dataset) & (pl.col("row") == row) for dataset, row in way)
    steps = {(step["dataset"], step["row"]): step for step in lineage.filter(at).collect().to_dicts()}
    return [steps[step] for step in way]


# --- paging and search ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """Some of the lines that were asked for.

    Attributes:
        rows: At most `limit` lines, with the columns and in the order that the function says.
        total: How many lines there are on all pages.
        offset: How many of them stand before this page.
    """

    rows: pl.DataFrame
    total: int
    offset: int

    @property
    def next_offset(self) -> int | None:
        """Where the next page begins; None where this is the last."""
        end = self.offset + self.rows.height
        return end if self.rows.height and end < self.total else None


def search(
    workspace: Workspace, text: str = "", *, limit: int = 20, offset: int = 0, answers: bool = False
) -> Page:
    """Problems whose prompt holds a text, one page of them.

    Args:
        workspace: A workspace.
        text: What the prompt holds, upper or lower case; every prompt holds the empty text.
        limit: Most lines of the page, 1 to 10,000.
        offset: How many problems to pass over.
        answers: Whether a problem is found by its answer too.

    Returns:
        key, prompt, answer, language, domain, occurrences, in the order of schema.INSTANCES.

    Raises:
        InputError: If `limit` or `offset` is out of range, or the text is too long or not UTF-8.
    """
    columns = ("key", "prompt", "answer", "language", "domain", "occurrences")
    found = workspace.scan("instances").select(columns)
    if text:
        holds = pl.col("prompt").str.contains(_pattern(text))
        found = found.filter(holds | pl.col("answer").str.contains(_pattern(text)) if answers else holds)
    return _page(found, limit, offset)


@dataclass(frozen=True)
class RowFilter:
    """Which rows of a dataset are wanted; a filter that is None, or an empty `text`, asks for nothing.

    Attributes:
        text: What the prompt holds, upper or lower case.
        source: The atomic source; the empty text for rows whose source is unknown.
        relation: The relation to the parent; the empty text for rows without a parent.
        leaked: Whether it is a benchmark's problem; asks for nothing where no audit was run.
    """

    text: str = ""
    source: str | None = None
    relation: str | None = None
    leaked: bool | None = None


def rows_of(
    workspace: Workspace, dataset: str, wanted: RowFilter, *, limit: int = 50, offset: int = 0
) -> Page:
    """The rows of a dataset with where each comes from, one page of them (see `search`).

    Returns:
        row, key, relation, tier, probability, parent_dataset, parent_row, atomic_source, decided_by, prompt,
        answer, leaks (benchmarks that hold the problem; null where no audit was run), in the order of rows.
    """
    columns = ("row", "key", "relation", "tier", "probability", "parent_dataset", "parent_row")
    rows = workspace.scan("lineage").filter(dataset=dataset)
    for column, value in (("atomic_source", wanted.source), ("relation", wanted.relation)):
        if value is not None:
            rows = rows.filter(pl.col(column).is_null() if value == "" else pl.col(column) == value)
    rows = rows.select(*columns, "atomic_source", "decided_by").collect().lazy()
    if workspace.has("leaks"):
        real = workspace.scan("leaks").filter(is_same_problem(), dataset=dataset)
        held = real.group_by("row").agg(leaks=pl.col("benchmark").unique().sort())
        rows = rows.join(held, on="row", how="left", maintain_order="left")
        if wanted.leaked is not None:
            rows = rows.filter(pl.col("leaks").is_not_null() == wanted.leaked)
    else:
        rows = rows.with_columns(leaks=pl.lit(None, pl.List(pl.String)))
    if wanted.text:
        every = workspace.scan("instances").select("key", "prompt")
        mine = every.join(rows.select("key").unique(), on="key", how="semi")
        holding = mine.filter(pl.col("prompt").str.contains(_pattern(wanted.text)))
        rows = rows.join(holding.select("key"), on="key", how="semi", maintain_order="left")
    page = _page(rows.sort("row"), limit, offset)
    texts = prompts(workspace, page.rows["key"])
    answers = workspace.scan("occurrences").filter(dataset=dataset).select("row", "answer").collect()
    full = page.rows.join(texts, on="key", how="left", maintain_order="left")
    return replace(page, rows=full.join(answers, on="row", how="left", maintain_order="left"))


def descendants(workspace: Workspace, key: str, *, limit: int = 50, offset: int = 0) -> Page:
    """Rows that come from a key, one step down the lineage, one page of them (see `search`).

    Returns:
        dataset, row, key, relation, tier, probability, parent_dataset, parent_row.
    """
    columns = ("dataset", "row", "key", "relation", "tier", "probability", "parent_dataset", "parent_row")
    return _page(workspace.scan("lineage").filter(parent_key=key).select(columns), limit, offset)


def leaks(workspace: Workspace, wanted: Mapping[str, str], *, limit: int = 50, offset: int = 0) -> Page:
    """Leaks, the surest first, template leaks (`variant`) last; one page of them (see `search`).

    Args:
        workspace: An audited workspace.
        wanted: `dataset`, `benchmark` or `key` (the row's or the benchmark item's) and its value.
        limit: Most lines of the page.
        offset: How many leaks to pass over.

    Returns:
        The columns of schema.LEAKS.
    """
    found = workspace.scan("leaks")
    for column, value in wanted.items():
        same = pl.col(column) == value
        found = found.filter(same | (pl.col("benchmark_key") == value) if column == "key" else same)
    order = ("dataset", "row", "benchmark", "benchmark_row")
    surest = found.sort(~is_same_problem(), -pl.col("probability"), *order)
    return _page(surest, limit, offset)


def _pattern(text: str) -> str:
    """A pattern for Polars of a text in upper or lower case."""
    if len(text) > _LONGEST_SEARCH:
        fix = f"give at most {_LONGEST_SEARCH} characters, or explain the whole text"
        raise InputError(f"a text of {len(text)} characters is too long to search for", fix=fix)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError("the text is not UTF-8", fix="convert it") from None
    # Two texts in lower case would not do: a Greek sigma has another lower case at the end of a word.
    return f"(?i){pl.escape_regex(text)}"


def _page(lines: pl.LazyFrame, limit: int, offset: int) -> Page:
    if not (1 <= limit <= LARGEST_PAGE and 0 <= offset < 2**40):
        fix = f"give a limit of 1 to {LARGEST_PAGE}, and an offset of 0 or more"
        raise InputError(f"no page of {limit} from {offset}", fix=fix)
    total, rows = pl.collect_all([lines.select(pl.len()), lines.slice(offset, limit)])
    return Page(rows, int(total.item()), offset)
