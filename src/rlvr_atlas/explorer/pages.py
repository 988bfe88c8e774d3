"""What is on each page, as plain values for its template; every number is read, none is counted here."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import Any

import polars as pl

from rlvr_atlas.compare import compare
from rlvr_atlas.errors import InputError
from rlvr_atlas.explain import Explanation, explain
from rlvr_atlas.explorer.held import HeldWorkspace
from rlvr_atlas.parallel import processors
from rlvr_atlas.pipeline import stored_recipe
from rlvr_atlas.report import figures
from rlvr_atlas.report.examples import compare as differences
from rlvr_atlas.report.summarise import summary
from rlvr_atlas.schema import RELATIONS, is_same_problem
from rlvr_atlas.schema.attachments import named
from rlvr_atlas.workspace import leaks as leak_reader
from rlvr_atlas.workspace import query
from rlvr_atlas.workspace.few_rows import rows_where
from rlvr_atlas.workspace.paging import Page
from rlvr_atlas.workspace.query import RowFilter

Facts = dict[str, Any]

#: Lines on a page of results, of rows, and of the parts of a problem's page.
RESULTS, ROWS, PARTS = 20, 50, 30
#: Characters of a text that are compared word by word.
COMPARED = 6000
#: No more unknown texts are looked for at once than there are processors: each would take the longer, and all
#: other pages with them.
_TEXTS = threading.BoundedSemaphore(processors())


def facts_of(held: HeldWorkspace) -> Facts:
    """The numbers of the report."""
    return held.once(
        "summary", lambda: summary({name: frame.collect() for name, frame in held.tables().items()})
    )


def overview(held: HeldWorkspace) -> Facts:
    """All datasets, with what each is made of and what it leaks."""
    facts = facts_of(held)
    return {**facts, "bars": _bars(held), "segments": _segments(held)}


def _bars(held: HeldWorkspace) -> figures.Composition:
    return held.once("composition", lambda: figures.composition(facts_of(held)["datasets"]))


def _segments(held: HeldWorkspace) -> Facts:
    """The bar of each dataset that has one."""
    return {name: parts for group in _bars(held).groups.values() for name, _, parts in group}


def explained(held: HeldWorkspace, text: str, rewordings: bool) -> Facts:
    """What is known of a text, a key or DATASET:ROW.

    Raises:
        InputError: If it names what is not there.
    """
    found = held.recent(("explain", text, rewordings), lambda: _explained(held, text, rewordings))
    known: Facts = {}
    if found.relation is not None:
        key = found.chain[0]["key"]  # that of the row asked for, or of the earliest that holds the problem
        known = {**problem(held, key), "chain": found.chain, "decisions": found.decisions[:PARTS]}
    nearest = [
        {**line, "key": query.named(held, f"{line['dataset']}:{line['row']}")[0]} for line in found.nearest
    ]
    asked = found.prompt if found.relation not in (None, "identical") else ""
    sides = differences(asked[:COMPARED], (found.matched or "")[:COMPARED]) if asked else None
    facts = {"asked": text, "rewordings": rewordings, "found": found, "nearest": nearest, "sides": sides}
    return facts | known


def _explained(held: HeldWorkspace, text: str, rewordings: bool) -> Explanation:
    with nullcontext() if query.named(held, text.strip())[0] else _TEXTS:
        return explain(held, text, rewordings=rewordings)


def problem(held: HeldWorkspace, key: str, offset: int = 0) -> Facts:
    """One problem: its text, its way up to the root and down to the rows that come from it, and its leaks.

    Raises:
        InputError: If there is no such problem.
    """
    lines = query.prompts(held, [key], "answer", "language", "domain", "subject", "is_mcq", "attachments")
    if lines.is_empty():
        raise InputError("no problem with this key in the workspace", where=key[:80])
    text = lines.row(0, named=True)
    places = query.places(held, key)
    chain = query.chain(held, (places["dataset"][0], places["row"][0]))
    answers = places["answer"].drop_nulls().unique(maintain_order=True)
    return {
        "key": key,
        "text": {**text, "attached": named(text["attachments"])},
        "places": places.head(PARTS).to_dicts(),
        "places_total": places.height,
        "answers": answers.head(10).to_list(),
        "chain": chain,
        "related": query.related(held, key).head(PARTS).to_dicts(),
        "below": query.descendants(held, key, limit=PARTS, offset=offset),
        "leaks": leak_reader.of_workspace(held, {"key": key}, limit=PARTS) if held.has("leaks") else None,
        "learned": _learned(held, key),
        "decisions": query.decisions(held, key)[:PARTS],
    }


def _learned(held: HeldWorkspace, key: str) -> list[Facts]:
    if not held.has("transitions"):
        return []
    return rows_where(held, "transitions", ("key",), [(key,)]).to_dicts()


def pair(held: HeldWorkspace, child: str, parent: str) -> Facts:
    """Two texts side by side, what differs marked, and the match between them if there is one.

    Raises:
        InputError: If one of them is not there.
    """
    texts = {row["key"]: row for row in query.prompts(held, [child, parent], "answer").to_dicts()}
    first = {row["key"]: row for row in query.first_places(held, [child, parent]).to_dicts()}
    for key in (child, parent):
        if key not in texts:
            raise InputError("no problem with this key in the workspace", where=key[:80])
    wanted = [(child,), (parent,)]
    match = query.between(rows_where(held, "verdicts", ("child",), wanted), (child, parent))
    if match is not None:
        child, parent = match["child"], match["parent"]
    pieces = differences(*(texts[key]["prompt"][:COMPARED] for key in (child, parent)))
    sides = [
        {
            **texts[key],
            "at": first[key],
            "pieces": parts,
            "cut": max(len(texts[key]["prompt"]) - COMPARED, 0),
        }
        for key, parts in zip((child, parent), pieces, strict=True)
    ]
    return {"match": match, "child": sides[0], "parent": sides[1]}


def searched(held: HeldWorkspace, text: str, answers: bool, offset: int) -> Facts:
    """Problems that hold a text, one page of them.

    Raises:
        InputError: As `query.search` does.
    """
    page = held.recent(
        ("search", text, answers, offset),
        lambda: query.search(held, text, limit=RESULTS, offset=offset, answers=answers),
    )
    first = {row["key"]: row for row in query.first_places(held, page.rows["key"]).to_dicts()}
    lines = [{**row, "at": first.get(row["key"])} for row in page.rows.to_dicts()]
    return {"text": text, "answers": answers, "page": page, "lines": lines}


def dataset(held: HeldWorkspace, name: str, wanted: RowFilter, offset: int = 0) -> Facts:
    """A dataset: what it is made of, how it was read, and its rows, one page of them.

    Args:
        held: A traced workspace.
        name: Its id.
        wanted: Which rows.
        offset: How many rows to pass over.

    Raises:
        InputError: If there is no such dataset.
    """
    fact = next((one for one in facts_of(held)["datasets"] if one["dataset"] == name), None)
    if fact is None:
        raise InputError("no such dataset in this workspace", where=name[:80])
    page = query.rows_of(held, name, wanted, limit=ROWS, offset=offset)
    columns = held.scan("schemas").filter(dataset=name).select("part", "path", "decided_by", "rows")
    pairs = facts_of(held)["leak_pairs"]
    if pairs is not None:
        pairs = [one for one in pairs if name in (one["dataset"], one["benchmark"])]
    return {
        "fact": fact,
        "segments": _segments(held),
        "page": page,
        "lines": page.rows.to_dicts(),
        "wanted": wanted,
        "relations": RELATIONS,
        "columns": columns.unique(maintain_order=True).collect().to_dicts(),
        "pairs": pairs,
    }


def compared(held: HeldWorkspace, left: str, right: str, offset: int = 0) -> Facts:
    """Two datasets against each other, and the problems that they share, one page of them.

    Raises:
        InputError: If a dataset is not there.
    """
    names = {fact["dataset"] for fact in facts_of(held)["datasets"]}
    if not names.issuperset((left, right)):
        raise InputError("no such dataset in this workspace", where=f"{left[:80]}, {right[:80]}")
    both = held.once(f"compare {left}\0{right}", lambda: compare(held, left, right))
    shared = held.recent(("shared", left, right), lambda: _shared(held, left, right))
    rows = shared.slice(offset, RESULTS)
    texts = dict(query.prompts(held, rows["key"]).iter_rows())
    lines = [{**row, "prompt": texts[row["key"]]} for row in rows.to_dicts()]
    return {"overlaps": both, "lines": lines, "page": Page(rows, shared.height, offset)}


def _shared(held: HeldWorkspace, left: str, right: str) -> pl.DataFrame:
    """Key (of `left`), other (of `right`), relation, probability; the surest first, one line per key."""
    occurrences = held.scan("occurrences")
    mine, theirs = (
        occurrences.filter(dataset=name).select("key").unique(maintain_order=True) for name in (left, right)
    )
    itself = mine.join(theirs, on="key").select(
        "key", other="key", relation=pl.lit("identical"), probability=pl.lit(1.0)
    )
    least = stored_recipe(held).match.min_probability
    linked = (
        query.links(held, "relation", "probability", min_probability=least)
        .join(mine, on="key", how="semi")
        .join(theirs, left_on="other", right_on="key", how="semi")
    )
    every = pl.concat([itself, linked.select("key", "other", "relation", "probability")])
    order = every.sort(~is_same_problem(), -pl.col("probability"), "key", "other")
    return order.unique("key", keep="first", maintain_order=True).collect()


def leaks(held: HeldWorkspace, dataset_id: str | None, benchmark: str | None, offset: int) -> Facts:
    """Leaks, the surest first, with both texts; None as page where no audit was run."""
    facts = facts_of(held)
    chosen: Facts = {"dataset_id": dataset_id, "benchmark": benchmark, **facts, "page": None, "lines": []}
    if not held.has("leaks"):
        return chosen
    given = {"dataset": dataset_id, "benchmark": benchmark}
    wanted = {name: value for name, value in given.items() if value}
    ordered = held.once("surest leaks", lambda: leak_reader.surest(held.scan("leaks")).collect())
    page = leak_reader.of_workspace(held, wanted, limit=RESULTS, offset=offset, ordered=ordered.lazy())
    keys = [*page.rows["key"], *page.rows["benchmark_key"]]
    texts = dict(query.prompts(held, keys).iter_rows())
    lines = [
        {**row, "prompt": texts.get(row["key"]), "item": texts.get(row["benchmark_key"])}
        for row in page.rows.to_dicts()
    ]
    return {**chosen, "page": page, "lines": lines}


def worth(held: HeldWorkspace) -> Facts:
    """SCA and Q: the tables that are there, and how many problems moved how."""
    there = {name: held.read(name) for name in ("gains", "scores", "correlations") if held.has(name)}
    moved: list[Facts] = []
    if held.has("transitions"):
        groups = held.scan("transitions").group_by("source", "split", "transition").agg(problems=pl.len())
        for line in groups.sort("source", "split", "transition").collect().to_dicts():
            if not moved or (moved[-1]["source"], moved[-1]["split"]) != (line["source"], line["split"]):
                moved.append({"source": line["source"], "split": line["split"], "counts": {}})
            moved[-1]["counts"][line["transition"]] = line["problems"]
    return {
        "gains": there["gains"].to_dicts() if "gains" in there else None,
        "scores": there["scores"].to_dicts() if "scores" in there else None,
        "correlations": there["correlations"].to_dicts() if "correlations" in there else None,
        "moved": moved if held.has("transitions") else None,
    }
