"""The lexical tier: MinHash and edge candidates, verified by numbers, operators and words.

Templated problems (ten thousand countdown puzzles) share every word. They are told apart before any pair is
formed: texts that are equal once their numbers are masked are one *family*, whose members are variants of
each other by construction, and same-problem candidates are only formed between texts with equal numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.answer import compare
from rlvr_atlas.match import minhash
from rlvr_atlas.match.decide import Verdict, by_wording
from rlvr_atlas.match.evidence import Evidence, measure
from rlvr_atlas.schema import EVIDENCE
from rlvr_atlas.text.tokens import Parts, tokenise

if TYPE_CHECKING:
    from rlvr_atlas.config import MatchSettings

Text = tuple[str, ...]

#: Tokens at the beginning and end of a text that must agree before it is looked for inside another.
_EDGE = 8
#: A text with this many near neighbours with equal numbers in its own dataset is one of a template's.
_CROWD = 8
#: Every member of a family this small is paired with every other; larger ones only with the earliest.
_SMALL_FAMILY = 12


@dataclass(frozen=True)
class _Texts:
    """What is known of each text, by position in order of release."""

    tokens: Sequence[Text]
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
        texts: Tokens of the texts.
    """

    pairs: list[Pair]
    compared: int
    cut: int
    signatures: minhash.Signatures
    texts: Sequence[Text]


def find(
    skeletons: Sequence[str],
    answers: Sequence[str | None],
    datasets: Sequence[str],
    settings: MatchSettings,
) -> Lexical:
    """Find pairs of texts that are the same problem or variants of each other.

    Args:
        skeletons: Distinct skeletons, ordered by release.
        answers: Their answers, None where unknown.
        datasets: Where each was first seen.
        settings: Thresholds and seed.
    """
    texts = [tuple(tokenise(skeleton)) for skeleton in skeletons]
    families, family_of = _families(texts)
    signs = minhash.signatures([Parts(texts[first]).shingles for first, *_ in families], seed=settings.seed)
    of_text = signs[family_of]
    same = minhash.candidates(
        of_text,
        rows_per_band=4,
        threshold=settings.candidate_similarity,
        blocks=_hashes("|".join(sorted(Parts(text).values)) for text in texts),
    )
    pairs = [_array(_edge_pairs(texts)), same.pairs]
    if settings.variants:
        variants = [*_family_pairs(families), *_near_families(signs, families)]
        # A dataset's own templated neighbours are not derived from each other.
        pairs.append(_array((a, b) for a, b in variants if datasets[a] != datasets[b]))
    everything = _unique(len(texts), pairs)
    crowded = _crowded(same.pairs, datasets)
    known = _Texts(texts, answers, datasets, crowded)
    found = list(_verified(everything, known, settings))
    return Lexical(found, len(everything), same.cut, of_text, texts)


def judge(
    parent: Parts, child: Parts, answers: tuple[str | None, str | None], *, crowded: bool = False
) -> tuple[Verdict | None, Evidence]:
    """Measure one pair and decide what it is.

    Args:
        parent: Parts of the earlier text.
        child: Parts of the later text.
        answers: Their answers, in the same order.
        crowded: Whether either text is one of many alike in its own dataset.
    """
    verdict = compare(*answers)
    agree = None if verdict == "unknown" else verdict == "same"
    evidence = measure(parent, child, agree, crowded=crowded)
    return by_wording(evidence), evidence


def _verified(pairs: minhash.Pairs, known: _Texts, settings: MatchSettings) -> Iterator[Pair]:
    # Bounded, because the bags of every text at once would not fit a laptop.
    parts = lru_cache(maxsize=20_000)(lambda position: Parts(known.tokens[position]))
    for parent, child in pairs.tolist():
        answers = known.answers[parent], known.answers[child]
        crowded = bool(known.crowded[parent] or known.crowded[child])
        verdict, evidence = judge(parts(parent), parts(child), answers, crowded=crowded)
        if verdict is None:
            continue
        inside = known.datasets[parent] == known.datasets[child]
        if verdict.relation == "variant" and (inside or not settings.variants):
            continue
        yield Pair(parent, child, verdict, evidence)


def _crowded(pairs: minhash.Pairs, datasets: Sequence[str]) -> NDArray[np.bool_]:
    """Texts with many near neighbours of their own dataset among the candidates."""
    _, codes = np.unique(np.array(datasets, dtype=str), return_inverse=True)
    inside = pairs[codes[pairs[:, 0]] == codes[pairs[:, 1]]]
    crowded: NDArray[np.bool_] = np.bincount(inside.ravel(), minlength=len(datasets)) >= _CROWD
    return crowded


def _families(texts: Sequence[Text]) -> tuple[list[list[int]], NDArray[np.int64]]:
    """Texts that are equal with numbers masked: members by family, and the family of each text."""
    by_mask: dict[Text, int] = {}
    members: list[list[int]] = []
    family_of = np.empty(len(texts), np.int64)
    for position, text in enumerate(texts):
        family = by_mask.setdefault(Parts(text).masked, len(members))
        if family == len(members):
            members.append([])
        members[family].append(position)
        family_of[position] = family
    return members, family_of


def _family_pairs(families: Iterable[list[int]]) -> Iterator[tuple[int, int]]:
    for members in families:
        parents = members if len(members) <= _SMALL_FAMILY else members[:1]
        yield from ((parent, child) for parent in parents for child in members if parent < child)


def _near_families(signs: minhash.Signatures, families: Sequence[list[int]]) -> Iterator[tuple[int, int]]:
    """Earliest members of families whose wording is nearly the same: flipped asks, changed operators."""
    near = minhash.candidates(signs, rows_per_band=8, threshold=0.7)
    for left, right in near.pairs.tolist():
        if max(len(families[left]), len(families[right])) <= _SMALL_FAMILY:
            yield from ((min(a, b), max(a, b)) for a in families[left] for b in families[right])
        else:
            a, b = families[left][0], families[right][0]
            yield min(a, b), max(a, b)


def _edge_pairs(texts: Sequence[Text]) -> Iterator[tuple[int, int]]:
    """Pairs in which one whole text is the beginning or the end of the other, token for token."""
    whole = {text: position for position, text in enumerate(texts) if len(text) >= _EDGE}
    for cut in (_beginning, _end):
        # Only lengths of texts with the same first (or last) tokens can fit.
        lengths: dict[Text, set[int]] = {}
        for text in whole:
            lengths.setdefault(cut(text, _EDGE), set()).add(len(text))
        for text, position in whole.items():
            for n in sorted(lengths[cut(text, _EDGE)]):
                other = whole.get(cut(text, n)) if n < len(text) else None
                if other is not None:
                    yield min(position, other), max(position, other)


def _beginning(text: Text, n: int) -> Text:
    return text[:n]


def _end(text: Text, n: int) -> Text:
    return text[len(text) - n :]


def _array(pairs: Iterable[tuple[int, int]]) -> minhash.Pairs:
    return np.array([*pairs], dtype=np.int64).reshape(-1, 2)


def _unique(n: int, pairs: Sequence[minhash.Pairs]) -> minhash.Pairs:
    packed = np.unique(np.concatenate([p[:, 0] * n + p[:, 1] for p in pairs]))
    return np.stack([packed // n, packed % n], axis=1) if n else _array([])


def _hashes(texts: Iterable[str]) -> NDArray[np.uint64]:
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype=np.uint64)


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
