"""Labelled candidate pairs: known derivations, changes made to texts, and puzzles that stay apart.

Every pair is a candidate that the search of the semantic tier really returns, with the evidence that it has
there. Labels: same, embedded (the same too), variant, unrelated; doubtful pairs are not used in training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
from changes import CHANGES
from gold import gold, split_of

from rlvr_atlas.answer import compare, normal_column
from rlvr_atlas.canonicalise import skeleton
from rlvr_atlas.match.candidates import Texts
from rlvr_atlas.match.embeddings import EmbeddingCache, top_k
from rlvr_atlas.match.evidence import measure
from rlvr_atlas.match.signals import FEATURES, Context, signals
from rlvr_atlas.match.tokens import Parts, tokenise
from rlvr_atlas.match.verify import verify
from rlvr_atlas.record import SAME_PROBLEM

PUZZLES = ("countdown10k_datacentric", "kk5_logicrl")
SEED = 20


@dataclass(frozen=True)
class Setting:
    """How many texts of a kind are used (over all splits), whether answers are hidden, and the encoder."""

    sizes: dict[str, int]
    answers: bool
    encoder: Any = None
    cache: Path | None = None


def labelled(workspace: Path, corpus: Path, setting: Setting) -> pl.DataFrame:
    """All pairs with features; columns kind, split, child, parent, label, doubtful, and FEATURES."""
    instances = pl.read_parquet(workspace / "instances.parquet")
    units = instances.group_by("skeleton", maintain_order=True).agg(
        pl.col("key", "prompt", "first_dataset").first(), pl.col("answer").drop_nulls().first()
    )
    position = {text: n for n, text in enumerate(units["skeleton"])}
    queries = _queries(workspace, corpus, units, position, setting)
    made = queries.filter(pl.col("text").is_not_null())
    texts = [tuple(tokenise(text)) for text in [*units["skeleton"], *skeleton(made["text"])]]
    new = np.full(queries.height, -1)
    new[queries["text"].is_not_null().to_numpy()] = np.arange(len(units), len(texts))
    children = np.where(new >= 0, new, queries["child"].to_numpy())
    queries = (
        queries.with_columns(child=pl.Series(children, dtype=pl.Int64))
        .unique("child", keep="first")
        .sort("child")
    )
    answers = [*units["answer"], *made["answer"]] if setting.answers else [None] * len(texts)
    prompts = [*units["prompt"], *made["text"]]
    keys = [*units["key"], *(hashlib.sha1(text.encode()).hexdigest() for text in made["text"])]
    return _pairs(queries, texts, answers, keys, prompts, setting, _aligned(workspace, corpus, position))


def _queries(
    workspace: Path, corpus: Path, units: pl.DataFrame, position: dict[str, int], setting: Setting
) -> pl.DataFrame:
    """kind, split, relation, child, original, limit, text (None where the child is in the corpus), answer."""
    start = dict(units.with_row_index("n").group_by("first_dataset").agg(pl.col("n").min()).iter_rows())
    known = gold(workspace, corpus)
    rows: list[dict[str, Any]] = []
    per_kind: dict[str, int] = {}
    for row in known.iter_rows(named=True):
        child, original = position[row["skeleton"]], position[row["skeleton_original"]]
        limit = start[units["first_dataset"][child]]
        if original >= limit or per_kind.get(row["kind"], 0) >= setting.sizes[row["kind"]]:
            continue
        per_kind[row["kind"]] = per_kind.get(row["kind"], 0) + 1
        rows.append({**{k: row[k] for k in ("kind", "split", "relation")}, "child": child,
                     "original": original, "limit": limit, "text": None, "answer": None})  # fmt: skip
    rng, last = Random(SEED), len(units)
    originals = sorted({row["original"] for row in rows})
    rng.shuffle(originals)
    prompts, solved = units["prompt"].to_list(), units["answer"].to_list()
    wordings = {row["original"]: row["child"] for row in rows if row["relation"] == "same"}
    for number, original in enumerate(originals[: setting.sizes["changes"]]):
        name = list(CHANGES)[number % len(CHANGES)]
        change, relation = CHANGES[name]
        of = wordings.get(original, original) if rng.random() < 0.3 else original
        text = change(prompts[of], rng, prompts[rng.choice(originals)])
        if text is None or text == prompts[of]:
            continue
        answer = solved[original] if relation == "embedded" and name != "one of two questions" else None
        if relation == "variant" and rng.random() < 0.6:
            answer = str(rng.randint(1, 400))
        rows.append({"kind": name, "split": split_of(prompts[original]), "relation": relation, "child": -1,
                     "original": original, "limit": min(last, start["math7500_corewarding_rewrite"]),
                     "text": text, "answer": answer})  # fmt: skip
    for dataset in PUZZLES:
        own = units.with_row_index("n").filter(pl.col("first_dataset") == dataset)["n"].to_list()
        for child in rng.sample(own, min(len(own), setting.sizes["puzzles"])):
            apart = {"relation": "apart", "original": -1, "text": None, "answer": None}
            split = split_of(prompts[child])
            rows += [{"kind": dataset, "split": split, "child": child, "limit": child, **apart}]
    return pl.DataFrame(
        rows, infer_schema_length=None, schema_overrides={"text": pl.String, "answer": pl.String}
    )


def _aligned(workspace: Path, corpus: Path, position: dict[str, int]) -> dict[int, tuple[int, str]]:
    """Of every text whose original is known, sampled or not: the original and the relation."""
    known = gold(workspace, corpus).select("skeleton", "skeleton_original", "relation")
    return {
        position[child]: (position[original], relation) for child, original, relation in known.iter_rows()
    }


def _pairs(  # noqa: PLR0913, PLR0917  where everything meets
    queries: pl.DataFrame,
    texts: list[Any],
    answers: list[Any],
    keys: list[str],
    prompts: list[str],
    setting: Setting,
    aligned: dict[int, tuple[int, str]],
) -> pl.DataFrame:
    forms = normal_column(pl.Series(answers, dtype=pl.String)).to_list()
    children, limits = (
        queries["child"].to_numpy().astype(np.int64),
        queries["limit"].to_numpy().astype(np.int64),
    )
    extra = np.full((len(children), 1), -1)
    vectors = None
    if setting.encoder is not None and setting.cache is not None:
        cache = EmbeddingCache(setting.cache, setting.encoder)
        rows = cache.find(keys)
        missing = [c for c in children.tolist() if rows[c] < 0]
        print(len(missing), "texts to encode", flush=True)
        cache.get_or_encode([keys[c] for c in missing], [prompts[c] for c in missing])
        rows = cache.find(keys)
        have = np.flatnonzero(rows >= 0)
        vectors = cache.vectors
        inside = have[have < limits.max()]
        near, _ = top_k(
            vectors[rows[children]], vectors[rows[inside]], 20, query_order=limits, corpus_order=inside
        )
        extra = np.where(near >= 0, inside[near], -1)
    found = Texts(texts, forms).search(children, limits, extra)
    if vectors is None:
        cosine = np.full(len(found.children), np.nan)
        keep = np.ones(len(cosine), bool)
    else:
        keep = rows[found.parents] >= 0
        left, right = (
            vectors[rows[side]].astype(np.float32)
            for side in (found.children, np.where(keep, found.parents, found.children))
        )
        cosine = np.einsum("ij,ij->i", left, right).astype(float)
    best = np.full(len(texts), -1.0)
    if vectors is not None:
        np.maximum.at(best, found.children[keep], cosine[keep])
    facts = {row["child"]: row for row in queries.iter_rows(named=True)}
    parts: dict[int, Parts] = {}

    def of(n: int) -> Parts:
        if n not in parts:
            if len(parts) > 40_000:
                parts.clear()
            parts[n] = Parts(texts[n])
        return parts[n]

    out: dict[str, list[Any]] = {
        name: [] for name in ("kind", "split", "relation", "child", "parent", "label", "doubtful")
    }
    features = []
    for n in np.flatnonzero(keep):
        child, parent = int(found.children[n]), int(found.parents[n])
        fact = facts[child]
        verdict = compare(answers[parent], answers[child])
        seen = Context(cosine[n], best[child] - cosine[n] if vectors is not None else np.nan,
                       found.bm25[n], found.bm25_gap[n], found.crowding[n])  # fmt: skip
        agree = None if verdict == "unknown" else verdict == "same"
        between = measure(of(parent), of(child), agree)
        features.append(signals(of(parent), of(child), between, answers[child], seen))
        values = dict(zip(FEATURES, features[-1], strict=True))
        label, doubtful = _label(fact, parent, aligned, of, values)
        for name, value in zip(
            out, (fact["kind"], fact["split"], fact["relation"], child, parent, label, doubtful), strict=True
        ):
            out[name].append(value)
    matrix = np.array(features)
    return pl.DataFrame(out).hstack([pl.Series(name, matrix[:, n]) for n, name in enumerate(FEATURES)])


def _label(
    fact: dict[str, Any],
    parent: int,
    aligned: dict[int, tuple[int, str]],
    of: Callable[[int], Parts],
    seen: dict[str, float],
) -> tuple[str, bool]:
    """Label of a candidate, and whether it is doubtful."""
    if fact["relation"] == "apart":
        same = seen["numbers"] == 1 and of(parent).bag == of(fact["child"]).bag
        return ("same", True) if same else ("variant", False)
    original, relation = aligned.get(parent, (parent, "same"))
    if original == fact["original"]:
        return ("variant", True) if relation == "variant" else (fact["relation"], False)
    if fact["relation"] == "embedded" and seen["parent_in_child"] > 0.7:
        return "embedded", True  # the other question of two, or where the added sentence comes from
    between = measure(of(fact["original"]), of(original))
    verdict = verify(between)
    if verdict is None:
        return "unrelated", between.lexical > 0.5 or (
            seen["answers"] == 1 and between.number_set_agrees and between.lexical > 0.3
        )
    if verdict.relation in SAME_PROBLEM:
        return fact["relation"], verdict.relation == "embedded"
    return "variant", True
