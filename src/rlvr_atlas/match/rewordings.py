"""The semantic tier: the same problem in other words, searched for the texts that the earlier tiers left.

Candidates come from earlier datasets: by words, numbers and answers (see `candidates`) and, where there is an
encoder, the nearest by cosine. A first model, which sees only what the search knows, drops most of them; the
texts of the rest are read, and a second one weighs each pair. What is then found of a dataset as a whole
counts for each of its texts (see `dataset_prior`): where most of them have an original, the others are
searched for once more, where these originals are. Members of large families of templated problems are told
apart by their numbers, and searched for only among texts that have the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.encoder.cache import top_k
from rlvr_atlas.encoder.embed import Encoded
from rlvr_atlas.engine import each_block
from rlvr_atlas.match import dataset_prior
from rlvr_atlas.match.calibrations import NO_ENCODER
from rlvr_atlas.match.classifier import classifier
from rlvr_atlas.match.decide import (
    POSSIBLE,
    by_classifier,
    by_wording,
    estimate,
    with_vetoes,
    worth_comparing,
)
from rlvr_atlas.match.evidence import Evidence
from rlvr_atlas.match.features import agree_by_chance, signals
from rlvr_atlas.match.measure import Measured, measure
from rlvr_atlas.match.near_duplicates import Pair, answers_agree
from rlvr_atlas.match.retrieval import Block, Candidates, Floats, Texts
from rlvr_atlas.match.search_texts import SearchTexts
from rlvr_atlas.match.searched import SEARCHED
from rlvr_atlas.text.token_table import Ints, TokenTable

#: More texts than this that are equal with numbers masked are searched by their numbers alone.
_FAMILY = 64
_NEAREST = 12
#: Where the originals of a dataset are known to be: so many of the best by words are read of those texts,
_AMONG = 30
#: and a pair may be so many times less likely by the search alone.
_IN_DERIVED = 5.0
#: A text whose terms the other holds to this share may be one of its questions, and is read in any case.
_INSIDE = 0.9
_TERMS = [SEARCHED.index("child_terms"), SEARCHED.index("parent_terms")]
_FORMS = SEARCHED.index("forms")
_COSINE, _COSINE_GAP = SEARCHED.index("cosine"), SEARCHED.index("cosine_gap")


@dataclass(frozen=True)
class Found:
    """Result of the tier.

    Attributes:
        pairs: Pairs that are the same problem or variants, ordered by child and parent.
        templated: How many texts were searched by their numbers alone because they belong to a large family.
    """

    pairs: list[Pair]
    templated: int


def find(
    index: Texts,
    told: SearchTexts,
    datasets: dataset_prior.Datasets,
    encoded: Encoded | None = None,
) -> Found:
    """Find earlier texts that are the same problem in other words, or the one it was varied from.

    Args:
        index: All texts, ready to be searched.
        told: Their tokens and answers, and which of them an encoder can read.
        datasets: Which text is of which dataset, and which are to be searched for; only texts of earlier
            datasets may be parents.
        encoded: The texts as vectors, where there is an encoder.
    """
    wanted = datasets.searched
    templated = _templated(told.table)[: len(wanted)] & wanted
    search = _Search(index, told, datasets.begins, encoded)
    found = search.run(np.flatnonzero(wanted & ~templated))
    found = _joined([found, search.run(np.flatnonzero(templated), by_numbers=True)])
    origins = dataset_prior.origins(found.claims, datasets)
    for children, among in dataset_prior.without_original(found.claims, datasets, origins):
        found = _joined([found, search.run(children[~templated[children]], among)])
    origins = dataset_prior.confirmed(found.claims, datasets, origins)
    factors = dataset_prior.factors(found.claims, datasets, origins)
    evidence = [
        replace(seen, dataset_odds=factor)
        for seen, factor in zip(found.evidence, factors.round(4).tolist(), strict=True)
    ]
    return Found(_pairs(found, evidence, factors, len(wanted)), int(templated.sum()))


def _pairs(found: _Read, evidence: Sequence[Evidence], factors: Floats, texts: int) -> list[Pair]:
    """Those of the pairs that are something; `texts` is how many are no stems."""
    pairs = []
    verdicts = by_classifier(found.estimated, factors)
    places = zip(found.parents.tolist(), found.children.tolist(), strict=True)
    for (parent, child), seen, likely in zip(places, evidence, verdicts, strict=True):
        verdict = with_vetoes(likely, seen)
        if max(seen.parent, seen.child) >= texts and not seen.equal:
            # The classifier relies on the lexical tier for texts that are nearly equal, and that saw no stem.
            wording = by_wording(seen)
            verdict = wording if wording and wording.is_same else verdict
        if verdict is not None:
            pairs.append(Pair(parent, child, verdict, seen))
    return pairs


def look_up(texts: TokenTable, answers: Sequence[str | None]) -> list[Pair]:
    """What the last text, without an answer and of no dataset, is to the others.

    Args:
        texts: Tokens.
        answers: Of all texts but the last.
    """
    n = len(texts) - 1
    told = SearchTexts.plain(texts, [*answers, None])
    search = _Search(Texts(texts, [None] * (n + 1)), told, np.full(n + 1, n), None)
    found = search.run(np.array([n]))
    odds = np.full(len(found.parents), dataset_prior.NOT_DERIVED)
    return _pairs(found, found.evidence.tolist(), odds, len(texts))


@dataclass(frozen=True)
class _Read:
    """Pairs that were read and are not out of the question.

    Attributes:
        children: (n,) positions.
        parents: (n,) positions.
        estimated: (n, 3), see `decide.estimate`.
        evidence: (n,) Evidence of each.
    """

    children: Ints
    parents: Ints
    estimated: Floats
    evidence: NDArray[np.object_]

    @property
    def claims(self) -> dataset_prior.Claims:
        """The pairs with the odds that they are the same problem."""
        same = self.estimated[:, 0]
        return dataset_prior.Claims(self.children, self.parents, same / (1 - same))


def _joined(parts: Sequence[_Read]) -> _Read:
    """All pairs, each once, ordered by child and parent."""
    children, parents, weighed, evidence = (
        np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(_Read)
    )
    # Of a pair that was found twice, with options and without, the likelier reading counts.
    order = np.lexsort((-weighed[:, 0], parents, children))
    repeated = (np.diff(children[order]) == 0) & (np.diff(parents[order]) == 0)
    order = np.delete(order, np.flatnonzero(repeated) + 1)
    return _Read(children[order], parents[order], weighed[order], evidence[order])


class _Search:
    """Searches for texts, compares the pairs that it finds."""

    def __init__(self, index: Texts, told: SearchTexts, limits: Ints, encoded: Encoded | None) -> None:
        self._index, self._told, self._limits = index, told, limits
        self._vectors = encoded.vectors if encoded else None
        self._calibration = encoded.calibration if encoded else NO_ENCODER

    def run(self, children: Ints, among: Ints | None = None, *, by_numbers: bool = False) -> _Read:
        """What is found for each child, and for its stem where it has options.

        Args:
            children: Positions, ascending.
            among: Positions of the texts that are to be looked at too, the best of them for each child.
            by_numbers: Whether only texts with the same numbers are looked at.
        """
        children = self._told.with_stems(children)
        limits = self._limits[self._told.owners[children]]
        among = None if among is None else self._told.with_stems(among)
        vectors = None if by_numbers else self._vectors
        extra = nearest(children, limits, vectors, among, self._told.owners)
        if among is not None:
            extra = np.hstack([extra, self._index.closest(children, among, _AMONG)])
        blocks = self._index.blocks(children, limits, extra, self._vectors, by_numbers=by_numbers)
        ease = 1.0 if among is None else _IN_DERIVED
        large = [part for part in (self._told, self._index, self._vectors, self) if part is not None]
        return _joined([_NOTHING, *each_block(partial(self._read, ease), blocks, large)])

    def _read(self, ease: float, block: Block) -> _Read:
        found = block()
        if self._calibration == NO_ENCODER:
            return self._judged(found, ease, NO_ENCODER)
        # The encoders are of English: to them texts of another language are like each other, or like none.
        readable = self._told.both_readable(found.children, found.parents)
        parts = ((found[readable], self._calibration), (found[~readable], NO_ENCODER))
        return _joined([self._judged(part, ease, calibration) for part, calibration in parts])

    def _judged(self, found: Candidates, ease: float, calibration: str) -> _Read:
        model = classifier(calibration)
        searched = self._visible(found.searched, calibration)
        worth = worth_comparing(searched, model, in_derived_dataset=ease)
        likely = found[worth | (searched[:, _TERMS].max(axis=1, initial=0.0) >= _INSIDE)]
        measured, agree, features = read(likely, self._told.table, self._told.answers)
        estimated = estimate(self._visible(features, calibration), model)
        kept = np.flatnonzero(
            measured.columns["edge"] | measured.columns["part"] | (estimated[:, :2] >= POSSIBLE).any(axis=1)
        )
        cosines = likely.searched[:, _COSINE].round(4)
        evidence = [None] + [
            measured.evidence(
                n,
                None if np.isnan(agree[n]) else bool(agree[n]),
                cosine=None if np.isnan(cosines[n]) else float(cosines[n]),
            )
            for n in kept.tolist()
        ]
        seen = np.array(evidence, dtype=object)[1:]
        children, parents = (self._told.owners[side[kept]] for side in (likely.children, likely.parents))
        return _Read(children, parents, estimated[kept], seen)

    def _visible(self, features: Floats, calibration: str) -> Floats:
        """The features (n, m) without cosines, where verdicts may not use them."""
        if calibration == NO_ENCODER and self._vectors is not None:
            features = features.copy()
            features[:, [_COSINE, _COSINE_GAP]] = np.nan
        return features


_NOTHING = _Read(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros(0, object))


def nearest(
    children: Ints,
    limits: Ints,
    vectors: NDArray[np.floating] | None,
    among: Ints | None = None,
    order: Ints | None = None,
) -> Ints:
    """The nearest earlier texts of each child by cosine, (n, k); -1 for none, as without an encoder.

    Args:
        children: (n,) positions of texts.
        limits: (n,) only texts whose place is below may be found.
        vectors: (m, d) unit vectors of all texts.
        among: Positions of the texts that may be found; all by default.
        order: (m,) place of each text in order of release; by default they are given in it.
    """
    if vectors is None or not len(children):
        return np.full((len(children), 1), -1)
    order = np.arange(len(vectors)) if order is None else order
    among = np.flatnonzero(order < limits.max()) if among is None else among
    near, _ = top_k(
        vectors[children], vectors[among], _NEAREST, query_order=limits, corpus_order=order[among]
    )
    return np.where(near >= 0, among[near], -1)


def read(
    found: Candidates, texts: TokenTable, answers: Sequence[str | None]
) -> tuple[Measured, Floats, Floats]:
    """Measure the texts of each pair.

    Args:
        found: Candidate pairs.
        texts: Tokens of all texts.
        answers: Their answers, None where unknown.

    Returns:
        What was measured; whether the answers agree (1, 0, or not a number, also where that they do says
        nothing), shape (n,); all features of the classifier, shape (n, len(FEATURES)).
    """
    measured = measure(texts, found.parents, found.children)
    places = zip(found.parents.tolist(), found.children.tolist(), strict=True)
    judged = [answers_agree(answers[one], answers[other]) for one, other in places]
    agree = np.array([np.nan if told is None else float(told) for told in judged], np.float64)
    by_chance = agree_by_chance(texts, found.parents, found.children, answers) & (agree == 1)
    agree[by_chance] = np.nan
    searched = found.searched.copy()
    searched[by_chance, _FORMS] = np.nan
    between = signals(measured, agree, [answers[child] for child in found.children.tolist()])
    return measured, agree, np.hstack([searched, between])


def _templated(texts: TokenTable) -> NDArray[np.bool_]:
    """Texts of large families: those that are equal with their numbers masked."""
    families = texts.sequence(texts.vocabulary.masked)
    _, family, members = np.unique(families, return_inverse=True, return_counts=True)
    return np.asarray(members[family] > _FAMILY)
