"""Labelled candidate pairs: known derivations, changes made to texts, neighbours and puzzles that stay apart.

Every pair is a candidate that the search of the semantic tier really returns in the whole corpus, with the
evidence that it has there. Labels: same, embedded (the same too), variant, unrelated. Doubtful pairs (another
copy of the problem may be in the corpus) count in the figures of links, and are not used in training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
from changes import CHANGES
from edits import EDITED, HELD_OUT, edited
from gold import COPY, fold_of, gold, split_of
from natural import HIDDEN_ONLY, KNOWN_ONLY, look_alike, natural, of_others
from numpy.typing import NDArray

from rlvr_atlas.answer import normal_column
from rlvr_atlas.canonical import skeleton
from rlvr_atlas.demo import SOURCES, problems
from rlvr_atlas.demo.transform import CHANGES as GENERATED
from rlvr_atlas.demo.transform import item_of
from rlvr_atlas.encoder.cache import EmbeddingCache
from rlvr_atlas.encoder.embed import in_metric
from rlvr_atlas.encoder.model import DEFAULT_ENCODER
from rlvr_atlas.match import calibrations
from rlvr_atlas.match.decide import by_wording
from rlvr_atlas.match.evidence import Evidence
from rlvr_atlas.match.features import FEATURES
from rlvr_atlas.match.measure import measure
from rlvr_atlas.match.near_duplicates import answers_agree
from rlvr_atlas.match.retrieval import Candidates, Texts
from rlvr_atlas.match.rewordings import nearest, read
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.text.token_table import TokenTable

#: Every text of these is another problem.
PUZZLES = ("countdown10k_datacentric", "kk5_logicrl", "zebra_datacentric")
#: Written anew for the dataset, as its authors say: nothing in it has an original in an earlier dataset.
NEW = ("gsm8k_train", "tal_scq5k_en_train")
#: Wording as alike as this is a copy all the same.
NEW_COPY = 0.6
SEED = 20
#: How many texts of each kind are searched for, over all splits.
SIZES = {
    "math7500_corewarding_rewrite": 7500,
    "benbench_gsm8k_train_rewritten": 2000,
    "gsm8k_rephrased_llmdecontaminator": 1200,
    "benbench_gsm8k_test_rewritten": 1200,
    "gsm_hard": 1200,
    "changes": 6000,
    "neighbours": 3500,
    "new": 3000,
    "puzzles": 200,
    "generated": 250,
    "strangers": 4000,
}


@dataclass
class Corpus:
    """Texts of the corpus in order of release, and those that were made and stand behind them."""

    units: pl.DataFrame
    datasets: pl.DataFrame
    texts: list[str]
    answers: list[str | None]
    groups: list[str]

    @classmethod
    def of(cls, workspace: Path) -> Corpus:
        """The distinct skeletons of an ingested workspace."""
        units = (
            pl.read_parquet(workspace / "instances.parquet")
            .group_by("skeleton", maintain_order=True)
            .agg(
                pl.col("key", "prompt", "domain", "first_dataset").first(),
                pl.col("answer").drop_nulls().first(),
            )
        )
        datasets = pl.read_parquet(workspace / "datasets.parquet")
        columns = (units[name].to_list() for name in ("prompt", "answer", "first_dataset"))
        return cls(units, datasets, *columns)

    def add(self, text: str, answer: str | None, group: str) -> int:
        """Put a made text behind the others; its position."""
        self.texts.append(text)
        self.answers.append(answer)
        self.groups.append(group)
        return len(self.texts) - 1

    @property
    def of_training(self) -> set[str]:
        """Datasets that are no benchmarks: only of these are texts made for training."""
        return set(self.datasets.filter(role="train")["dataset"])


Query = dict[str, Any]
Halves = tuple[NDArray[np.floating], NDArray[np.floating]]


def queries_of(corpus: Corpus, workspace: Path, folder: Path, *, encoded: bool = False) -> pl.DataFrame:
    """kind, split, relation, child, original (position, -1 where there is none), limit; one per child."""
    rng = Random(SEED)
    rows = [*_aligned_queries(corpus, workspace, folder)]
    # The originals of others stand before all other made texts, so that these are no candidates for them.
    place = {text: n for n, text in enumerate(corpus.units["skeleton"])}
    rows += of_others(corpus, place, folder.parent / "pairs")
    rows += _changed(corpus, rows, rng)
    rows += _new(corpus, rng)
    rows += _neighbours(corpus, rng)
    rows += _generated(corpus, rng)
    rows += _strangers(corpus, {row["child"] for row in rows}, rng)
    rows += _more(corpus, rows, encoded=encoded)
    return pl.DataFrame(rows, infer_schema_length=None).unique("child", keep="first").sort("child")


def _more(corpus: Corpus, rows: Sequence[Query], *, encoded: bool) -> list[Query]:
    """Controlled edits, look-alikes and answers that mislead, of texts of training sets that hold no code."""
    training = corpus.of_training
    of = corpus.units["domain"].to_list()
    originals = [
        n for n, domain in enumerate(of)
        if corpus.groups[n] in training and corpus.groups[n] not in PUZZLES and domain != "code"
    ]  # fmt: skip
    known = [
        row for row in rows
        if row["relation"] == "same" and 0 <= row["original"] < len(of) and row["child"] < len(of)
        and {corpus.groups[row[side]] for side in ("child", "original")} <= training
    ]  # fmt: skip
    wordings = {row["original"]: row["child"] for row in known}
    asked = {row["child"] for row in rows}
    free = [n for n in originals if n not in asked]
    edits = edited(corpus, originals, wordings, len(of), encoded=encoded)
    return [*edits, *natural(corpus, free, known)]


def _aligned_queries(corpus: Corpus, workspace: Path, folder: Path) -> list[Query]:
    position = {text: n for n, text in enumerate(corpus.units["skeleton"])}
    start = {name: n for n, name in reversed(list(enumerate(corpus.groups)))}
    taken: dict[str, int] = {}
    rows = []
    for row in gold(workspace, folder).iter_rows(named=True):
        child, original = position[row["skeleton"]], position[row["skeleton_original"]]
        limit = start[corpus.groups[child]]
        if original < limit and taken.get(row["kind"], 0) < SIZES[row["kind"]]:
            taken[row["kind"]] = taken.get(row["kind"], 0) + 1
            facts = {name: row[name] for name in ("kind", "split", "relation")}
            rows.append({**facts, "child": child, "original": original, "limit": limit})
    return rows


def _changed(corpus: Corpus, known: Sequence[Query], rng: Random) -> list[Query]:
    """Texts of many datasets, changed; flips and other numbers twice as often as the rest."""
    training = corpus.of_training
    by_dataset: dict[str, list[int]] = {}
    for n, name in enumerate(corpus.groups):
        if name in training and name not in PUZZLES and len(corpus.texts[n]) < 2000:
            by_dataset.setdefault(name, []).append(n)
    wordings = {
        row["original"]: row["child"]
        for row in known
        if row["relation"] == "same"
        and {corpus.groups[row[side]] for side in ("child", "original")} <= training
    }
    # A third are originals of known rewordings, whose other wording is changed as often as not.
    chosen = rng.sample(sorted(wordings), min(len(wordings), SIZES["changes"] // 3))
    each = SIZES["changes"] // len(by_dataset)
    for members in by_dataset.values():
        chosen += rng.sample(members, min(len(members), each))
    changes = [*CHANGES, "renumbered", "ask flipped", "ask flipped"]
    rows = []
    limit = len(corpus.units)
    for original in dict.fromkeys(chosen):
        name = rng.choice(changes)
        change, relation = CHANGES[name]
        of = wordings[original] if original in wordings and rng.random() < 0.5 else original
        text = change(corpus.texts[of], rng, corpus.texts[rng.choice(chosen)])
        if text is None or text == corpus.texts[of]:
            continue
        answer = corpus.answers[original]
        if relation == "variant" and rng.random() > 0.15:  # sometimes the answer happens to be the same
            answer = rng.choice([None, str(rng.randint(1, 400)), str(rng.randint(1, 12))])
        if name == "one of two questions":
            answer = None
        child = corpus.add(text, answer, "changed")
        rows.append({"kind": name, "split": split_of(corpus.texts[original]), "relation": relation,
                     "child": child, "original": original, "limit": limit})  # fmt: skip
    return rows


def _neighbours(corpus: Corpus, rng: Random) -> list[Query]:
    """Texts whose likest neighbours in their own dataset are other problems."""
    training = sorted(corpus.of_training)
    rows = []
    for name in training:
        own = [n for n, group in enumerate(corpus.groups) if group == name]
        wanted = SIZES["puzzles" if name in PUZZLES else "neighbours"] // (
            1 if name in PUZZLES else len(training)
        )
        kind = name if name in PUZZLES else "neighbours"
        rows += [
            {"kind": kind, "split": split_of(corpus.texts[child]), "relation": "apart", "child": child,
             "original": -1, "limit": child}
            for child in _sampled(own, wanted, rng)
        ]  # fmt: skip
    return rows


def _sampled(members: list[int], wanted: int, rng: Random) -> list[int]:
    """So many of them, or all there are."""
    return rng.sample(members, min(len(members), wanted))


def _new(corpus: Corpus, rng: Random) -> list[Query]:
    """Texts that have no original, before which there are many of their kind."""
    start = {name: n for n, name in reversed(list(enumerate(corpus.groups)))}
    return [
        {"kind": "new", "split": split_of(corpus.texts[child]), "relation": "new", "child": child,
         "original": -1, "limit": start[name]}
        for name in NEW
        for child in _sampled([n for n, of in enumerate(corpus.groups) if of == name], SIZES["new"], rng)
    ]  # fmt: skip


def _generated(corpus: Corpus, rng: Random) -> list[Query]:
    """Problems of the generated world and what its derived datasets make of them."""
    taken: set[str] = set()
    items = [
        item_of(p) for source in SOURCES for p in problems(source, SIZES["generated"], "matching", taken)
    ]
    originals = [corpus.add(item.text, item.answer, "generated") for item in items]
    limit = len(corpus.texts)
    rows = []
    for item, original in zip(items, originals, strict=True):
        for name in rng.sample(
            ["light", "heavy", "context", "options", "cut", "part", "renumber", "flip"], 4
        ):
            changed = GENERATED[name].act(item, rng, taken)
            if changed is not None and changed.text != item.text:
                relation = GENERATED[name].relation
                told = {"reworded": "same"}.get(relation, relation)
                child = corpus.add(changed.text, changed.answer, "generated")
                rows.append({"kind": f"generated {name}", "split": split_of(item.text), "relation": told,
                             "child": child, "original": original, "limit": limit})  # fmt: skip
    return rows


def _strangers(corpus: Corpus, taken: set[int], rng: Random) -> list[Query]:
    """Real texts, to be compared with generated problems alone: what is alike there is so by chance."""
    training = corpus.of_training
    free = [n for n, name in enumerate(corpus.groups) if name in training and n not in taken]
    return [
        {"kind": "strangers", "split": split_of(corpus.texts[child]), "relation": "stranger", "child": child,
         "original": -1, "limit": 0}
        for child in rng.sample(free, SIZES["strangers"])
    ]  # fmt: skip


def labelled(
    workspace: Path, folder: Path, cache: EmbeddingCache | None, halves: Halves | None
) -> list[pl.DataFrame]:
    """All pairs with answers known and with answers hidden.

    Args:
        workspace: An ingested workspace of the corpus.
        folder: The corpus.
        cache: Of the encoder; None for what is found by words alone, without cosines.
        halves: Metrics fitted on one half of the train split each, for texts of the other half.

    Returns:
        Two frames: kind, split, relation, child, parent, label, doubtful, by_words (found without the
        encoder too), encoded (cosine as encoded, in no metric), and FEATURES.
    """
    corpus = Corpus.of(workspace)
    queries = queries_of(corpus, workspace, folder, encoded=cache is not None)
    made = corpus.texts[len(corpus.units) :]
    skeletons = [*corpus.units["skeleton"], *skeleton(pl.Series(made))]
    texts = TokenTable.of(skeletons)
    keys = [*corpus.units["key"], *(hashlib.sha1(text.encode()).hexdigest() for text in made)]
    encoded = None
    if cache is not None:
        places = cache.get_or_encode(keys, corpus.texts)  # first: it adds to the array that is mapped next
        encoded = cache.vectors[places]
    aligned = _aligned(workspace, folder, corpus)
    children, limits = (queries[name].to_numpy().astype(np.int64) for name in ("child", "limit"))
    searches = _searches(queries, corpus, encoded, halves)
    strangers = queries.filter(relation="stranger")["child"].to_numpy().astype(np.int64)
    problems = np.unique(queries.filter(pl.col("kind").str.starts_with("generated"))["original"].to_numpy())
    apart = np.concatenate([problems, strangers]).astype(np.int64)
    parts = []
    for answers in (corpus.answers, [None] * len(texts)):
        forms = normal_column(pl.Series(answers, dtype=pl.String)).to_list()
        index = Texts(texts, forms)
        shown = queries.filter(
            ~pl.col("kind").is_in(HIDDEN_ONLY if answers is corpus.answers else KNOWN_ONLY)
        )
        found = joined(block() for search in searches for block in index.blocks(*search))
        nothing = np.full((len(children), 1), -1)
        plain = (
            found if encoded is None else joined(block() for block in index.blocks(children, limits, nothing))
        )
        found, plain = (some[_worth_reading(some, shown, aligned)] for some in (found, plain))
        found, plain = (
            joined(both)
            for both in zip(
                (found, plain), _among(apart, len(problems), texts, forms, searches[-1][-1]), strict=True
            )
        )
        pairs = _labelled(queries, found, plain, texts, answers, corpus, aligned)
        pairs = pairs.with_columns(encoded=pl.Series(_cosines(found, encoded))).filter(
            pl.col("label") != "unknown"
        )
        print(pairs.group_by("kind", "label").len().sort("kind", "label").write_csv(), flush=True)
        parts.append(pairs)
    return parts


Search = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.floating] | None]


def _searches(
    queries: pl.DataFrame, corpus: Corpus, encoded: NDArray[np.floating] | None, halves: Halves | None
) -> list[Search]:
    """Children, limits, nearest, vectors of each search: one for each metric that has not seen its texts."""
    children, limits = (queries[name].to_numpy().astype(np.int64) for name in ("child", "limit"))
    if encoded is None or halves is None:
        return [(children, limits, np.full((len(children), 1), -1), None)]
    fold = np.array([_fold(row, corpus) for row in queries.iter_rows(named=True)])
    searches: list[Search] = []
    for half, metric in enumerate([*halves, calibrations.metric(DEFAULT_ENCODER)]):
        vectors = in_metric(encoded, metric)
        of = fold == half
        searches.append((children[of], limits[of], nearest(children[of], limits[of], vectors), vectors))
    return searches


def _cosines(found: Candidates, encoded: NDArray[np.floating] | None) -> NDArray[np.floating]:
    """Of each pair, in no metric; not a number without an encoder."""
    if encoded is None:
        return np.full(len(found.children), np.nan)
    return np.concatenate([
        np.vecdot(encoded[found.children[i : i + 8192]].astype(np.float32),
                  encoded[found.parents[i : i + 8192]].astype(np.float32))
        for i in range(0, len(found.children), 8192)
    ])  # fmt: skip


def _worth_reading(
    found: Candidates, shown: pl.DataFrame, aligned: dict[int, tuple[int, str]]
) -> NDArray[np.bool_]:
    """Pairs of texts that are shown; of edited ones those with the original, and one in four of the others.

    Args:
        found: Candidates.
        shown: Queries.
        aligned: Of every text whose original is known: the original and the relation.
    """
    last = int(max(found.children.max(initial=0), found.parents.max(initial=0), shown["child"].max()))
    known, edited, original = (np.zeros(last + 1, kind) for kind in (bool, bool, np.int64))
    source = np.arange(last + 1)
    source[list(aligned)] = [of for of, _ in aligned.values()]
    children = shown["child"].to_numpy()
    known[children], original[children] = True, shown["original"].to_numpy()
    edited[children] = shown["kind"].is_in(EDITED).to_numpy()
    own = source[found.parents] == original[found.children]
    fourth = (7 * found.children + 13 * found.parents) % 4 == 0
    return known[found.children] & (~edited[found.children] | own | fourth)


def _among(
    world: NDArray[np.int64],
    first: int,
    texts: TokenTable,
    forms: Sequence[str | None],
    vectors: NDArray[np.floating] | None,
) -> tuple[Candidates, Candidates]:
    """Candidates in a world of its own, with the encoder and without: of its first texts for all others."""
    index = Texts(texts.take(world), [forms[n] for n in world])
    children = np.arange(first, len(world))
    limits, nothing = np.full(len(children), first), np.full((len(children), 1), -1)
    near = nothing if vectors is None else nearest(children, limits, vectors[world])
    found = (
        index.blocks(children, limits, near, None if vectors is None else vectors[world]),
        index.blocks(children, limits, nothing),
    )
    both = [joined(block() for block in blocks) for blocks in found]
    one, other = (Candidates(world[part.children], world[part.parents], part.searched) for part in both)
    return one, other


def _fold(query: Query, corpus: Corpus) -> int:
    """Which metric has not seen the text: 0 or 1 in the train split, 2 elsewhere."""
    original = query["child"] if query["original"] < 0 else query["original"]
    return fold_of(corpus.texts[original]) if query["split"] == "train" else 2


def joined(found: Iterable[Candidates]) -> Candidates:
    """Blocks of candidates as one."""
    blocks = list(found)
    columns = ("children", "parents", "searched")
    return Candidates(*(np.concatenate([getattr(block, name) for block in blocks]) for name in columns))


def _aligned(workspace: Path, folder: Path, corpus: Corpus) -> dict[int, tuple[int, str]]:
    """Of every text whose original is known, sampled or not: the original and the relation."""
    position = {text: n for n, text in enumerate(corpus.units["skeleton"])}
    known = gold(workspace, folder).select("skeleton", "skeleton_original", "relation")
    return {
        position[child]: (position[original], relation) for child, original, relation in known.iter_rows()
    }


def _labelled(  # noqa: PLR0913, PLR0917  where everything meets
    queries: pl.DataFrame,
    found: Candidates,
    plain: Candidates,
    texts: TokenTable,
    answers: Sequence[str | None],
    corpus: Corpus,
    aligned: dict[int, tuple[int, str]],
) -> pl.DataFrame:
    n = len(texts)
    by_words = np.isin(found.children * n + found.parents, plain.children * n + plain.parents)
    measured, agree, features = read(found, texts, answers)
    facts = {row["child"]: row for row in queries.iter_rows(named=True)}
    sources = np.array([aligned.get(parent, (parent, ""))[0] for parent in found.parents.tolist()], np.int64)
    originals = np.array([max(facts[child]["original"], 0) for child in found.children.tolist()], np.int64)
    to_original = measure(texts, originals, sources)
    labels = []
    for n, (child, parent) in enumerate(zip(found.children.tolist(), found.parents.tolist(), strict=True)):
        seen = measured.evidence(n, None if np.isnan(agree[n]) else bool(agree[n]))
        shown = answers_agree(corpus.answers[int(originals[n])], corpus.answers[int(sources[n])])
        labels.append(_label(facts[child], parent, aligned, corpus, (seen, to_original.evidence(n, shown))))
    told = pl.DataFrame({"child": found.children, "parent": found.parents, "by_words": by_words})
    told = told.with_columns(
        label=pl.Series([label for label, _ in labels]), doubtful=pl.Series([doubt for _, doubt in labels])
    ).join(queries.select("child", "kind", "split", "relation"), on="child", maintain_order="left")
    return told.hstack([pl.Series(name, features[:, n]) for n, name in enumerate(FEATURES)])


def _label(  # noqa: PLR0911  one case after the other
    fact: Query,
    parent: int,
    aligned: dict[int, tuple[int, str]],
    corpus: Corpus,
    evidence: tuple[Evidence, Evidence],
) -> tuple[str, bool]:
    """Label of a candidate, and whether it is doubtful.

    Args:
        fact: The query.
        parent: Position of the candidate.
        aligned: Of every text whose original is known: the original and the relation.
        corpus: Texts.
        evidence: Between the two, and between the originals of the two.
    """
    seen, to_original = evidence
    child = fact["child"]
    if seen.equal and fact["kind"] in EDITED and fact["kind"] not in HELD_OUT:
        return "unknown", True  # the edit is in signs that are no tokens: nothing to learn from
    if fact["relation"] in ("look-alike", "few-valued"):
        return _by_answers(fact, parent, corpus, seen)
    if fact["relation"] in ("new", "stranger"):
        copy = fact["relation"] == "new" and seen.lexical > NEW_COPY
        return "variant" if seen.masked >= 0.8 else "unrelated", copy
    if fact["relation"] == "apart":
        return _apart(fact, corpus.groups[child] == corpus.groups[parent], seen)
    original, relation = aligned.get(parent, (parent, "same"))
    if original == fact["original"]:
        return ("variant", True) if relation == "variant" else (fact["relation"], False)
    if fact["relation"] == "embedded" and seen.containment > 0.7:
        return "embedded", True  # the other question of two, or where the added sentence comes from
    if fact["kind"].startswith("generated") and corpus.groups[parent] == "generated":
        return "variant" if seen.masked >= 0.8 else "unrelated", False
    return _by_original(fact, seen, to_original)


def _by_answers(fact: Query, parent: int, corpus: Corpus, seen: Evidence) -> tuple[str, bool]:
    """Label of a pair of which the true answers, or the dataset, show that they are other problems."""
    if fact["kind"] in KNOWN_ONLY and seen.answers_agree is not True:
        return "unknown", True
    if fact["relation"] == "few-valued":
        return _apart(fact, corpus.groups[fact["child"]] == corpus.groups[parent], seen)
    own = fact["child"] if fact["original"] < 0 else fact["original"]
    sides = ((corpus.texts[n], corpus.answers[n]) for n in (own, parent))
    return look_alike(*sides, seen) or "unknown", False


def _by_original(fact: Query, seen: Evidence, found: Evidence) -> tuple[str, bool]:
    """Label of a candidate by what it is to the child's original, of which the corpus holds other copies."""
    if found.answers_agree and found.number_set_agrees and found.lexical >= COPY:
        return fact["relation"], True
    verdict = by_wording(found)
    if verdict is None:
        return "unrelated", found.lexical > 0.5 or (
            seen.answers_agree is True and found.number_set_agrees and found.lexical > 0.3
        )
    if verdict.relation in SAME_PROBLEM:
        return fact["relation"], verdict.relation == "embedded"
    return "variant", True


def _apart(fact: Query, together: bool, seen: Evidence) -> tuple[str, bool]:
    """Two texts that one dataset holds: other problems, unless they are so alike that it repeats itself."""
    if fact["kind"] in PUZZLES:
        repeated = seen.numbers_agree and seen.lexical == 1
        return ("same", True) if repeated else ("variant", not together)
    told = "variant" if seen.masked >= 0.8 else "unrelated"
    if seen.answers_agree is False:
        return told, not together or (seen.numbers_agree and seen.lexical > 0.85)
    return told, not together or seen.lexical > 0.4 or (seen.number_set_agrees and seen.lexical > 0.25)
