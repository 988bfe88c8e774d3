"""Explain: where one problem comes from, with the evidence, in under a second.

A problem is named by its text (in any wrapping), by its key, or by DATASET:ROW. A text that was never seen in
exactly that form is looked up by its skeleton, then by wording, with the same judgement as the lexical tier.
Heavy rewordings are searched for where that is asked for; this takes longer, because all texts are read.

Most of the time goes into imports and into decoding columns: what only an unknown text needs is imported
where it is used, and the texts of a workspace are read once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from rlvr_atlas.canonical import canonicalise
from rlvr_atlas.errors import InputError
from rlvr_atlas.schema import ROWS
from rlvr_atlas.schema.attachments import agree, content, named, needed
from rlvr_atlas.workspace import leaks as leak_reader
from rlvr_atlas.workspace import query as reader
from rlvr_atlas.workspace.few_rows import rows_where
from rlvr_atlas.workspace.paging import LARGEST_PAGE
from rlvr_atlas.workspace.store import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rlvr_atlas.match.decide import Verdict
    from rlvr_atlas.match.programs import Program

#: How many of the most similar texts are judged for a text that was never seen, and how many are named where
#: none of them is the same problem or a variant.
_LOOKED_AT, _NAMED = 50, 5
#: Characters at the beginning of a text by which it is found in a longer one.
_BEGINNING = 6


@dataclass(frozen=True)
class Explanation:
    """What is known about one problem.

    Attributes:
        query: What was asked.
        prompt: Its canonical prompt.
        key: Its key.
        relation: How the text asked for relates to `matched`; None where nothing like it is known.
        probability: How sure that is.
        evidence: What was measured, for texts that are not in the workspace word for word.
        matched: Canonical prompt that it was recognised as.
        atomic_source: Where the problem comes from; None is unknown.
        chain: From the row asked for (or its earliest occurrence) to the root, one step per item.
        occurrences: Every place where the problem stands, by release.
        related: Other texts in the workspace that are the same problem or a variant.
        attachments: What `matched` is asked of beside its text, in words such as "image"; empty for nothing.
        leaks: Lines of schema.LEAKS in which the problem is the row or the item; none without an audit.
        decisions: What became of the rows that hold it (dataset, row, action, reason, evidence), first that
            asked for; none where no mix was made.
        nearest: Where nothing matched: the most similar texts (dataset, row, prompt, evidence) and where each
            stands first, most similar first.
    """

    query: str
    prompt: str
    key: str
    relation: str | None = None
    probability: float | None = None
    evidence: dict[str, Any] | None = None
    matched: str | None = None
    atomic_source: str | None = None
    chain: list[dict[str, Any]] = field(default_factory=list)
    occurrences: list[dict[str, Any]] = field(default_factory=list)
    related: list[dict[str, Any]] = field(default_factory=list)
    attachments: str = ""
    leaks: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    nearest: list[dict[str, Any]] = field(default_factory=list)


def explain(workspace: Workspace, query: str, *, rewordings: bool = False) -> Explanation:
    """Say where a problem comes from.

    Args:
        workspace: A traced workspace.
        query: Text, key, or DATASET:ROW.
        rewordings: Whether a text that is like none is searched for in other words too, without an encoder.

    Raises:
        InputError: If the query is empty, or names a row or key that is not there.
        WorkspaceError: If the workspace was not traced.
    """
    if not query.strip():
        raise InputError("nothing to explain", fix="give a problem text, a key, or DATASET:ROW")
    try:
        query.encode()
    except UnicodeEncodeError:
        raise InputError("the text is not UTF-8", fix="convert it, or read it from a file with '-'") from None
    key, row = reader.named(workspace, query.strip())
    if key is not None:
        found = _known(workspace, Explanation(query, "", key, "identical", 1.0), key, row)
        return replace(found, prompt=found.matched or "")
    # Polars decodes the texts on its own threads while the question is brought into canonical form.
    wanted_columns = ("key", "skeleton", "answer", "attachments")
    reading = workspace.scan("instances").select(wanted_columns).collect(background=True)
    wanted = {name: ROWS[name] for name in ("question", "options", "hint")}
    question = pl.DataFrame([{"question": query, "options": None, "hint": None}], schema=wanted)
    asked = canonicalise(question, workspace.read("templates"), kinds=False).row(0, named=True)
    found = Explanation(query, asked["prompt"], asked["key"])
    texts = reading.fetch_blocking()
    hit = _same_text(texts, asked["key"], asked["skeleton"])
    if hit is not None:
        relation = "identical" if hit == asked["key"] else "reformatted"
        sure = _same_text_alone(texts, hit)
        return _known(workspace, replace(found, relation=relation, probability=sure), hit, None)
    looked_at = _alike(workspace, texts, asked)
    judged = [(verdict, evidence, key) for verdict, evidence, key in looked_at if verdict is not None]
    if rewordings and not any(verdict.is_same for verdict, _, _ in judged):
        judged = _with_rewordings(judged, texts, asked, workspace)
    judged = _by_text_alone(judged, texts)
    if not judged:
        return replace(found, nearest=_most_similar(workspace, looked_at))
    verdict, evidence, key = min(
        judged, key=lambda j: (j[0].relation == "variant", -j[0].probability, -j[1]["lexical"])
    )
    best = replace(found, relation=verdict.relation, probability=verdict.probability, evidence=evidence)
    return _known(workspace, best, key, None)


def _same_text(texts: pl.DataFrame, key: str, skeleton: str) -> str | None:
    """The key itself where it is known, else the earliest of its skeleton, best with nothing attached."""
    same = texts.filter((pl.col("key") == key) | (pl.col("skeleton") == skeleton))
    asked_of = pl.Series([content(one) is not None for one in same["attachments"]], dtype=pl.Boolean)
    keys = same.sort(asked_of, maintain_order=True)["key"].to_list()
    return key if key in keys else next(iter(keys), None)


def _same_text_alone(texts: pl.DataFrame, key: str) -> float:
    """How sure it is that a text alone is a problem with the same text."""
    agreed = agree(None, texts.filter(key=key)["attachments"].item())
    if agreed:
        return 1.0
    from rlvr_atlas.match.decide import Verdict, with_attachment

    verdict = with_attachment(Verdict("reformatted", 1.0), agreed)
    return verdict.probability if verdict else 0.0


#: What a text is to the one asked for, the evidence as a row, and the key of the text.
_Judged = tuple["Verdict", dict[str, Any], str]
#: The same of a text that may be nothing to the one asked for.
_LookedAt = tuple["Verdict | None", dict[str, Any], str]


def _by_text_alone(judged: list[_Judged], texts: pl.DataFrame) -> list[_Judged]:
    """The verdicts, in so far as a text without anything attached can be one that something is attached to.

    Of texts in the same words the one that nothing is attached to is meant.
    """
    skeletons = texts.filter(pl.col("key").is_in([key for *_, key in judged]))["skeleton"]
    meant_by = texts.filter(pl.col("skeleton").is_in(skeletons.to_list()))
    attached = dict(meant_by.select("key", "attachments").iter_rows())
    if not any(map(needed, attached.values())):
        return judged
    from rlvr_atlas.match.decide import with_attachment

    words = dict(meant_by.select("key", "skeleton").iter_rows())
    bare = {words[key]: key for key in reversed(attached) if needed(attached[key]) is None}
    meant = [(verdict, evidence, bare.get(words[key], key)) for verdict, evidence, key in judged]
    return [
        (kept, evidence, key)
        for verdict, evidence, key in meant
        if (kept := with_attachment(verdict, agree(None, attached[key]))) is not None
    ]


def _most_similar(workspace: Workspace, looked_at: list[_LookedAt]) -> list[dict[str, Any]]:
    nearest = sorted(looked_at, key=lambda one: (-(one[1]["lexical"] or 0.0), one[2]))[:_NAMED]
    keys = [key for *_, key in nearest]
    texts = dict(reader.prompts(workspace, keys).iter_rows())
    first = {key: (dataset, row) for key, dataset, row in reader.first_places(workspace, keys).iter_rows()}
    return [
        {"dataset": first[key][0], "row": first[key][1], "prompt": texts[key], "evidence": evidence}
        for _, evidence, key in nearest
    ]


def _alike(workspace: Workspace, texts: pl.DataFrame, asked: dict[str, Any]) -> list[_LookedAt]:
    """Judge the most similar texts as the lexical tier does; a verdict is None for another problem."""
    import numpy as np

    from rlvr_atlas.match import code_problems
    from rlvr_atlas.match import near_duplicates as lexical
    from rlvr_atlas.text.token_table import TokenTable
    from rlvr_atlas.text.tokens import tokenise

    tokens = tuple(tokenise(asked["skeleton"]))
    near = _nearest(workspace, texts, tokens, asked["skeleton"])
    keys, last = near["key"].to_list(), near.height
    table = TokenTable.of_tokens([*map(tokenise, near["skeleton"]), tokens])
    pairs = np.array([(nth, last) for nth in range(last)], np.int64).reshape(-1, 2)
    judged = [*lexical.judge(table, pairs, [*near["answer"], None])]
    if asked["domain"] == "code":
        taken_apart = _programs(workspace, keys, asked)
        places = [*taken_apart]
        both = pairs[np.isin(pairs[:, 0], places)]
        told = {(nth, last): verdict for nth, (verdict, _) in enumerate(judged)}
        for (nth, _), found in zip(
            both.tolist(), code_problems.judge(table, taken_apart, both, told), strict=True
        ):
            judged[nth] = found
    return [(verdict, evidence.row(), key) for key, (verdict, evidence) in zip(keys, judged, strict=True)]


def _programs(workspace: Workspace, keys: list[str], asked: dict[str, Any]) -> dict[int, Program]:
    """The parts of the programming problems among some, by place, and of the one asked for."""
    from rlvr_atlas.match.programs import programs

    columns = workspace.scan("instances").select("key", "prompt", "answer", "domain")
    code = columns.filter((pl.col("domain") == "code") & pl.col("key").is_in(keys)).collect()
    known = {key: (prompt, answer) for key, prompt, answer, _ in code.iter_rows()}
    places = [nth for nth, key in enumerate(keys) if key in known]
    told = [*(known[keys[nth]] for nth in places), (asked["prompt"], None)]
    parts = programs([prompt for prompt, _ in told], [answer for _, answer in told])
    return dict(zip([*places, len(keys)], parts, strict=True))


def _with_rewordings(
    judged: list[_Judged], texts: pl.DataFrame, asked: dict[str, Any], workspace: Workspace
) -> list[_Judged]:
    """Search all texts in other words too; of a text that both found, `settle` says which verdict holds."""
    from rlvr_atlas.match import code_rewordings, rewordings
    from rlvr_atlas.match.decide import settle
    from rlvr_atlas.text.token_table import TokenTable

    distinct = texts.unique("skeleton", keep="first", maintain_order=True)
    if asked["domain"] == "code":
        taken_apart = _programs(workspace, distinct["key"].to_list(), asked)
        distinct = distinct[[*taken_apart][:-1]]  # programs are compared with programs alone
        table = TokenTable.of([*distinct["skeleton"], asked["skeleton"]])
        found = code_rewordings.look_up(table, dict(enumerate(taken_apart.values())))
    else:
        table = TokenTable.of([*distinct["skeleton"], asked["skeleton"]])
        found = rewordings.look_up(table, distinct["answer"].to_list())
    decided = {key: (verdict, evidence) for verdict, evidence, key in judged}
    for pair in found:
        key = distinct["key"][pair.parent]
        wording = decided[key][0] if key in decided else None
        if settle(wording, pair.verdict, pair.evidence) is pair.verdict:
            decided[key] = (pair.verdict, pair.evidence.row())
    return [(verdict, evidence, key) for key, (verdict, evidence) in decided.items()]


def _nearest(
    workspace: Workspace, texts: pl.DataFrame, asked: tuple[str, ...], skeleton: str
) -> pl.DataFrame:
    """Texts worth judging: the most similar, and those that hold or are in the one asked for."""
    import numpy as np

    from rlvr_atlas.match import minhash
    from rlvr_atlas.match.near_duplicates import signatures as signatures_of
    from rlvr_atlas.text.token_table import TokenTable

    signatures, units = (workspace.read_array("match", name) for name in ("signatures", "units"))
    if signatures is None or units is None or len(signatures) != len(units):
        fix = "run the recipe again"
        raise InputError("the look-up index is missing", where=str(workspace.folder), fix=fix)
    seed = workspace.manifest["recipe"]["match"]["seed"]
    signs = signatures_of(TokenTable.of_tokens([asked]), np.zeros(1, np.int64), seed=seed)
    closeness = minhash.similarity(signs[0], signatures)
    near = units[_largest(closeness, _LOOKED_AT)]
    inside = np.union1d(_holding(texts["skeleton"], skeleton), _held_in(texts["skeleton"], skeleton))
    places = np.union1d(near, inside[:_LOOKED_AT])
    return texts[places]


def _largest(values: NDArray[np.float64], number: int) -> NDArray[np.int64]:
    """Places of the largest values, of equal ones the first."""
    import numpy as np

    if len(values) <= number:
        return np.arange(len(values))
    least = np.partition(values, len(values) - number)[len(values) - number]
    above = np.flatnonzero(values > least)
    return np.concatenate([above, np.flatnonzero(values == least)[: number - len(above)]])


def _holding(texts: pl.Series, wanted: str) -> NDArray[np.uint32]:
    """Places of the longer texts that a text stands in."""
    longer = (texts.str.len_bytes() > len(wanted.encode())).arg_true()
    found = texts.gather(longer).str.contains(wanted, literal=True).arg_true()
    return longer.gather(found).to_numpy()


def _held_in(texts: pl.Series, wanted: str) -> NDArray[np.uint32]:
    """Places of the texts, not longer, that stand in a text."""
    # A text that stands in it begins as some part of it does: few do, and only these are searched for.
    sizes = range(1, _BEGINNING + 1)
    parts = {"", *(wanted[at : at + size] for size in sizes for at in range(len(wanted)))}
    short = (texts.str.len_bytes() <= len(wanted.encode())).arg_true()
    beginning = texts.gather(short).str.head(_BEGINNING)
    likely = short.filter(beginning.is_in(pl.Series(sorted(parts), dtype=pl.String).implode()))
    held = [text in wanted for text in texts.gather(likely)]
    return likely.filter(pl.Series(held, dtype=pl.Boolean)).to_numpy()


def _known(workspace: Workspace, found: Explanation, key: str, row: reader.Place | None) -> Explanation:
    """Fill in the text, lineage, occurrences and related texts of a key."""
    prompts = reader.prompts(workspace, [key])
    if prompts.is_empty():
        raise InputError("no problem with this key in the workspace", where=key)
    asked_of = rows_where(workspace, "instances", ("key",), [(key,)], ["attachments"])
    places = reader.places(workspace, key)
    chain = reader.chain(workspace, row or (places["dataset"][0], places["row"][0]))
    return replace(
        found,
        matched=prompts["prompt"].item(),
        attachments=named(asked_of["attachments"].item()),
        atomic_source=chain[0]["atomic_source"],
        chain=chain,
        occurrences=places.to_dicts(),
        related=reader.related(workspace, key).to_dicts(),
        leaks=_leaks(workspace, key),
        decisions=reader.decisions(workspace, key, row),
    )


def _leaks(workspace: Workspace, key: str) -> list[dict[str, Any]]:
    """Rows of `leaks` that a problem is in, on either side, the surest first."""
    if not workspace.has("leaks"):
        return []
    told = ("dataset", "row", "benchmark", "benchmark_row", "relation", "tier", "probability")
    return leak_reader.of_workspace(workspace, {"key": key}, limit=LARGEST_PAGE).rows.select(told).to_dicts()
