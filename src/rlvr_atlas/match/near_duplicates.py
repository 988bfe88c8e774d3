"""The lexical tier: MinHash and edge candidates, verified by numbers, operators and words.

Templated problems (ten thousand countdown puzzles) share every word. They are told apart before any pair is
formed: texts that are equal once their numbers are masked are one *family*, whose members are variants of
each other by construction, and same-problem candidates are only formed between texts with equal numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.answer import compare
from rlvr_atlas.engine import each_block
from rlvr_atlas.match import minhash
from rlvr_atlas.match.calibrations import NO_ENCODER
from rlvr_atlas.match.classifier import classifier
from rlvr_atlas.match.decide import Verdict, alike, by_wording, same_by_words
from rlvr_atlas.match.evidence import Evidence
from rlvr_atlas.match.features import without_search
from rlvr_atlas.match.measure import PAIRS, measure
from rlvr_atlas.schema import EVIDENCE
from rlvr_atlas.text.token_table import Hashes, TokenTable, mask

if TYPE_CHECKING:
    from rlvr_atlas.config import MatchSettings

_log = logging.getLogger(__name__)

Ints = NDArray[np.int64]

#: Tokens at the beginning and end of a text that must agree before it is looked for inside another.
_EDGE = 8
#: A text with this many near neighbours with equal numbers in its own dataset is one of a template's.
_CROWD = 8
#: Every member of a family this small may be a variant of every other; of larger ones only of the earliest.
_SMALL_FAMILY = 12
#: So many earlier texts are tried as a possible variant, the nearest first. Each with each, pairs
#: would grow with the square of the corpus.
_NEAREST = 8


@dataclass(frozen=True)
class _Texts:
    """What is known of each text, by position in order of release."""

    tokens: TokenTable
    answers: Sequence[str | None]
    datasets: Sequence[str]
    crowded: NDArray[np.bool_]


@dataclass(frozen=True)
class Pair:
    """Two texts, by position in order of release, and what they are."""

    parent: int
    child: int
    verdict: Verdict
    evidence: Evidence


@dataclass(frozen=True)
class Lexical:
    """Result of the tier.

    Attributes:
        pairs: Verified pairs, ordered by parent and child.
        compared: How many candidate pairs were verified.
        cut: How many were left out because too many texts looked alike.
        signatures: (n, permutations) MinHash signatures, for later look-ups.
    """

    pairs: list[Pair]
    compared: int
    cut: int
    signatures: minhash.Signatures


def find(
    texts: TokenTable,
    answers: Sequence[str | None],
    datasets: Sequence[str],
    settings: MatchSettings,
) -> Lexical:
    """Find pairs of texts that are the same problem or variants of each other.

    Args:
        texts: Distinct skeletons, ordered by release.
        answers: Their answers, None where unknown.
        datasets: Where each was first seen.
        settings: Thresholds and seed.
    """
    family_of, members = _families(texts)
    signs = signatures(texts, members.first(), seed=settings.seed)
    of_text = signs[family_of]
    same = minhash.candidates(
        of_text,
        rows_per_band=4,
        threshold=settings.candidate_similarity,
        blocks=texts.sets(texts.vocabulary.value_hashes),
    )
    pairs = [_edge_pairs(texts), same.pairs]
    if settings.variants:
        codes = np.unique(np.array(datasets, dtype=str), return_inverse=True)[1]
        pairs.append(_variants(members, signs, codes))
    everything = _unique(len(texts), pairs)
    crowded = _crowded(same.pairs, datasets)
    known = _Texts(texts, answers, datasets, crowded)
    blocks = [everything[start : start + PAIRS] for start in range(0, len(everything), PAIRS)]
    verified = each_block(partial(_verified, known, settings), blocks, [texts, known])
    found = [pair for block in verified for pair in block]
    return Lexical(found, len(everything), same.cut, of_text)


def signatures(texts: TokenTable, chosen: Ints, *, seed: int) -> minhash.Signatures:
    """MinHash signatures of some texts: of their words and neighbouring words, every number one mark.

    Args:
        texts: Tokens.
        chosen: (m,) positions, ascending.
        seed: Of the permutations.

    Returns:
        (m, PERMUTATIONS).
    """
    words = texts.vocabulary
    masked = [*dict.fromkeys(map(mask, words))]
    place = {token: nth for nth, token in enumerate(masked)}
    to_mask = np.array([place[mask(token)] for token in words], np.int64)
    wanted = np.zeros(len(texts), bool)
    wanted[chosen] = True
    ids = to_mask[texts.ids]
    beside = (texts.text_of_each[1:] == texts.text_of_each[:-1]) & wanted[texts.text_of_each[1:]]
    pairs, pair = np.unique((ids[:-1] * len(masked) + ids[1:])[beside], return_inverse=True)
    sides = (side.tolist() for side in np.divmod(pairs, max(len(masked), 1)))
    named = [f"{masked[left]} {masked[right]}" for left, right in zip(*sides, strict=True)]
    # Each token, and after it the token with its neighbour.
    hashes, kept = np.zeros(2 * len(ids), np.uint64), np.zeros(2 * len(ids), bool)
    hashes[::2] = minhash.hashes(masked)[ids]
    kept[::2] = ~words.is_function_word[texts.ids] & wanted[texts.text_of_each]
    at = 2 * np.flatnonzero(beside) + 1
    hashes[at], kept[at] = minhash.hashes(named)[pair], True
    counts = np.bincount(np.repeat(texts.text_of_each, 2)[kept], minlength=len(texts))[wanted]
    starts = np.concatenate([[0], np.cumsum(counts)])
    return minhash.signatures_of_hashes(hashes[kept], starts, seed=seed)


def judge(
    texts: TokenTable,
    pairs: minhash.Pairs,
    answers: Sequence[str | None],
    crowded: NDArray[np.bool_] | None = None,
) -> Iterator[tuple[Verdict | None, Evidence]]:
    """Measure pairs of texts, and decide what each is.

    Args:
        texts: Tokens.
        pairs: (n, 2) positions, the earlier text first.
        answers: Of all texts.
        crowded: (m,) which texts are among many alike in their own dataset; none by default.
    """
    measured = measure(texts, pairs[:, 0], pairs[:, 1])
    found = []
    for n, (parent, child) in enumerate(pairs.tolist()):
        among_many = crowded is not None and bool(crowded[parent] or crowded[child])
        told = answers_agree(answers[parent], answers[child])
        found.append(measured.evidence(n, told, crowded=among_many))
    close = np.flatnonzero([alike(evidence) and not evidence.equal for evidence in found])
    p_same: list[float | None] = [None] * len(found)
    if len(close):
        agree = np.array([np.nan if found[n].answers_agree is None else 1.0 for n in close.tolist()])
        features = without_search(measured.take(close), agree, answers)
        for n, p in zip(
            close.tolist(), same_by_words(features, classifier(NO_ENCODER)).tolist(), strict=True
        ):
            p_same[n] = p
    for evidence, p in zip(found, p_same, strict=True):
        yield by_wording(evidence, p), evidence


def answers_agree(one: str | None, other: str | None) -> bool | None:
    """Whether two answers are the same; None where that is unknown, or where comparing them fails."""
    try:
        verdict = compare(one, other)
    except Exception:  # a run has thousands of others to compare
        _log.exception("answers that cannot be compared: %r and %r", one, other)
        return None
    return None if verdict == "unknown" else verdict == "same"


def _verified(known: _Texts, settings: MatchSettings, pairs: minhash.Pairs) -> list[Pair]:
    """Those of a block of pairs that are something."""
    judged = judge(known.tokens, pairs, known.answers, known.crowded)
    found = []
    for (parent, child), (verdict, evidence) in zip(pairs.tolist(), judged, strict=True):
        if verdict is None:
            continue
        inside = known.datasets[parent] == known.datasets[child]
        if verdict.relation != "variant" or (settings.variants and not inside):
            found.append(Pair(parent, child, verdict, evidence))
    return found


def _crowded(pairs: minhash.Pairs, datasets: Sequence[str]) -> NDArray[np.bool_]:
    """Texts with many near neighbours of their own dataset among the candidates."""
    _, codes = np.unique(np.array(datasets, dtype=str), return_inverse=True)
    inside = pairs[codes[pairs[:, 0]] == codes[pairs[:, 1]]]
    crowded: NDArray[np.bool_] = np.bincount(inside.ravel(), minlength=len(datasets)) >= _CROWD
    return crowded


@dataclass(frozen=True)
class _Members:
    """The texts of each family.

    Attributes:
        texts: (n,) positions of texts, family after family, in order of release inside each.
        starts: (families + 1,) where each begins.
    """

    texts: Ints
    starts: Ints

    def first(self) -> Ints:
        """(families,) the earliest text of each."""
        return self.texts[self.starts[:-1]]


def _families(texts: TokenTable) -> tuple[Ints, _Members]:
    """Texts that are equal with numbers masked: the family of each text, and the members of each."""
    _, first, family_of = np.unique(
        texts.sequence(texts.vocabulary.masked), return_index=True, return_inverse=True
    )
    place = np.empty(len(first), np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    family_of = place[family_of]
    starts = np.concatenate([[0], np.cumsum(np.bincount(family_of, minlength=len(first)))])
    return family_of, _Members(np.argsort(family_of, kind="stable"), starts)


def _variants(members: _Members, signs: minhash.Signatures, datasets: Ints) -> minhash.Pairs:
    """Pairs that may be variants: each text with the nearest earlier ones of its family and of near ones.

    Near families have nearly the same wording: flipped asks, changed operators.

    Args:
        members: Of each family.
        signs: (families, PERMUTATIONS) signatures.
        datasets: (n,) each text's dataset. Templated neighbours of one are not derived from each other.
    """
    sizes = np.diff(members.starts)
    itself = np.arange(len(sizes))
    near = minhash.candidates(signs, rows_per_band=8, threshold=0.7)
    left, right = np.concatenate([np.stack([itself, itself], axis=1), near.pairs, near.pairs[:, ::-1]]).T
    similarity = np.concatenate([np.ones(len(itself)), near.similarity, near.similarity])
    small = (sizes[left] <= _SMALL_FAMILY) & (sizes[right] <= _SMALL_FAMILY)
    parents = np.where(small, sizes[left], 1)
    children = np.where(small | (left == right), sizes[right], 1)
    # Each chosen text of the left family with each of the right one.
    counts = parents * children
    block = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    parent_nth, child_nth = np.divmod(nth, children[block])
    parent = members.texts[members.starts[left[block]] + parent_nth]
    child = members.texts[members.starts[right[block]] + child_nth]
    kept = np.flatnonzero((parent < child) & (datasets[parent] != datasets[child]))
    kept = kept[np.lexsort([parent[kept], -similarity[block[kept]], child[kept]])]
    of_child = child[kept]
    rank = np.arange(len(kept)) - np.searchsorted(of_child, of_child)
    kept = kept[rank < _NEAREST]
    return np.stack([parent[kept], child[kept]], axis=1)


def _edge_pairs(texts: TokenTable) -> minhash.Pairs:
    """Pairs in which one whole text is the beginning or the end of the other, token for token."""
    long_enough = np.flatnonzero(texts.lengths >= _EDGE)
    return np.concatenate([_held(texts, long_enough, texts.runs(at_end=end)) for end in (False, True)])


def _held(texts: TokenTable, among: Ints, cut: Callable[[Ints, Ints | int], Hashes]) -> minhash.Pairs:
    """Pairs of a text and a longer one that begins (or ends) with it.

    Args:
        texts: Tokens.
        among: Positions of texts of at least _EDGE tokens.
        cut: Hash of the first (or last) tokens, see `TokenTable.runs`.
    """
    lengths = texts.lengths[among]
    # Only lengths of texts with the same first (or last) tokens can fit.
    _, group = np.unique(cut(among, _EDGE), return_inverse=True)
    known = np.unique(np.stack([group, lengths], axis=1), axis=0)
    begins, ends = (np.searchsorted(known[:, 0], group, side=side) for side in ("left", "right"))
    asked = np.repeat(np.arange(len(among)), ends - begins)
    nth = np.arange(len(asked)) - np.repeat(np.cumsum(ends - begins) - (ends - begins), ends - begins)
    n = known[begins[asked] + nth, 1]
    asked, n = asked[n < lengths[asked]], n[n < lengths[asked]]
    whole = cut(among, lengths)
    order = np.argsort(whole)
    wanted = cut(among[asked], n)
    place = np.minimum(np.searchsorted(whole[order], wanted), len(order) - 1)
    hit = whole[order][place] == wanted
    pairs = np.stack([among[asked[hit]], among[order[place[hit]]]], axis=1)
    return np.sort(pairs, axis=1)


def _unique(n: int, pairs: Sequence[minhash.Pairs]) -> minhash.Pairs:
    packed = np.unique(np.concatenate([p[:, 0] * n + p[:, 1] for p in pairs]))
    return np.stack([packed // n, packed % n], axis=1) if n else np.zeros((0, 2), np.int64)


def as_frame(pairs: Sequence[Pair], units: pl.DataFrame) -> pl.DataFrame:
    """Pairs as a frame: parent_skeleton, child_skeleton, relation, probability, evidence.

    Args:
        pairs: Pairs of positions.
        units: The texts they are positions in, with a column `skeleton`.
    """
    skeletons = units["skeleton"]
    return pl.DataFrame(
        {
            "parent_skeleton": skeletons.gather([pair.parent for pair in pairs]),
            "child_skeleton": skeletons.gather([pair.child for pair in pairs]),
            "relation": pl.Series([pair.verdict.relation for pair in pairs], dtype=pl.String),
            "probability": pl.Series([pair.verdict.probability for pair in pairs], dtype=pl.Float64),
            "evidence": pl.Series([pair.evidence.row() for pair in pairs], dtype=EVIDENCE),
        }
    )
