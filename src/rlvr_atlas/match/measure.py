"""Measuring pairs of texts, many at once: what `Evidence` and the features of the classifier are made of.

Each text is a few sparse bags (tokens, values, operators, ...) and a few hashes (of its numbers in order, its
variables up to renaming, ...). A pair is then read with operations on whole arrays. What needs a look at the
two texts themselves is left to the pairs for which it can matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.match.bags import Bag, Difference, jaccard
from rlvr_atlas.match.evidence import Evidence, is_part
from rlvr_atlas.match.pieces import Pieces
from rlvr_atlas.text.token_table import Hashes, Ints, TokenTable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Column = NDArray[Any]

#: Pairs measured at a time.
PAIRS = 8192


@dataclass(frozen=True)
class Measured:
    """What was measured between n pairs of texts, before answers are looked at.

    Attributes:
        texts: The texts that the positions are of.
        parents: (n,) positions.
        children: (n,) positions.
        columns: (n,) arrays by the name of a field of `Evidence` or a feature of `match/features.py`.
    """

    texts: TokenTable
    parents: Ints
    children: Ints
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(self.parents)

    def take(self, chosen: Ints) -> Measured:
        """Some of the pairs, by number."""
        columns = {name: column[chosen] for name, column in self.columns.items()}
        return Measured(self.texts, self.parents[chosen], self.children[chosen], columns)

    def evidence(
        self, n: int, answers_agree: bool | None, *, crowded: bool = False, cosine: float | None = None
    ) -> Evidence:
        """Evidence of one pair.

        Args:
            n: Which pair.
            answers_agree: Verdict on the two answers, from `answer.compare`.
            crowded: Whether either text is one of many alike in its own dataset.
            cosine: Of their embeddings, where there are any.
        """
        told = {name: column[n] for name, column in self._told.items()}
        return Evidence(
            **told,
            answers_agree=answers_agree,
            texts=self.texts,
            parent=int(self.parents[n]),
            child=int(self.children[n]),
            crowded=crowded,
            cosine=cosine,
        )

    @cached_property
    def _told(self) -> dict[str, list[Any]]:
        return {name: self.columns[name].tolist() for name in EVIDENCE}


#: Fields of Evidence that are columns.
EVIDENCE = (
    *("lexical", "masked", "containment", "equal", "edge", "part", "length", "numbers_agree"),
    *("number_set_agrees", "operators_agree", "order_agree", "variables_agree", "names_agree"),
    *("asks_agree", "only_function_words"),
)


def measure(texts: TokenTable, parents: Ints, children: Ints) -> Measured:
    """Measure pairs of texts.

    Args:
        texts: Tokens of texts.
        parents: (n,) positions of the earlier texts.
        children: (n,) positions of the later ones.
    """
    blocks = []
    for start in range(0, max(len(parents), 1), PAIRS):
        part = slice(start, start + PAIRS)
        positions, place = np.unique(np.concatenate([parents[part], children[part]]), return_inverse=True)
        one, other = np.split(place, 2)
        blocks.append(dict(_columns(Pieces(texts.take(positions)), one, other)))
    columns = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    return Measured(texts, parents, children, columns)


def _columns(p: Pieces, one: Ints, other: Ints) -> Iterator[tuple[str, Column]]:
    """Name and values of every column, for a block of pairs."""
    yield from _words(p, one, other)
    yield from _numbers(p, one, other)
    yield from _formulas(p, one, other)
    yield from _edges(p, one, other)


def _words(p: Pieces, one: Ints, other: Ints) -> Iterator[tuple[str, Column]]:
    words, bag = p.texts.vocabulary, p.tokens
    function, number = words.is_function_word, words.is_masked
    apart, common = bag.difference(one, other), bag.common(one, bag, other)
    content_apart = apart.total(~function)
    content = p.content.lengths.astype(np.float64)
    sizes = content[one], content[other]
    shared = (sizes[0] + sizes[1] - content_apart) / 2
    masked_apart = apart.total(~function & ~number) + np.abs(apart.net(~function & number))
    shorter = np.minimum(*sizes)
    yield "lexical", jaccard(shared, *sizes)
    yield "masked", jaccard((sizes[0] + sizes[1] - masked_apart) / 2, *sizes)
    yield "containment", np.where(shorter > 0, shared / np.maximum(shorter, 1), 1.0)
    yield "only_function_words", p.whole_content[one] == p.whole_content[other]
    yield "nothing_else_changed", content_apart == 0
    yield "changed", apart.total()
    # Numbers in words are compared by what they mean.
    told = words.is_word & ~function & ~words.is_value
    for kind, among in (
        ("words", told),
        ("conditions", words.is_condition),
        ("first_names", words.is_first_name),
    ):
        gone, new = apart.sides(among)
        yield f"{kind}_gone", gone
        yield f"{kind}_new", new
    worded = apart.among(told)
    yield "respelled", (worded.total() - worded.regrouped(words.spelling).total()) / 2
    gone, new = apart.weights(*words.losses)
    yield "loss_gone", gone
    yield "loss_new", new
    yield "words_exchanged", _exchanged(p.word_places, one, other)
    yield "function_words_exchanged", _exchanged(p.function_word_places, one, other)
    echoed = apart.of_both(common).sides(told | words.is_variable)
    yield "echoed_gone", echoed[0]
    yield "echoed_new", echoed[1]
    yield "names_agree", _names_agree(p.texts, apart, one, other)
    rare = (words.is_word & ~function) * words.rarity
    both, weight = common.weights(rare), bag.distinct_weights(rare)
    yield "child_in_parent", _share(both, weight[other])
    yield "parent_in_child", _share(both, weight[one])
    yield "pairs", p.pairs.jaccard(one, other)
    for name, ours, theirs in (("child_ending", other, one), ("parent_ending", one, other)):
        yield name, _share(p.endings.common(ours, bag, theirs).total(), p.endings.sizes[ours])


def _numbers(p: Pieces, one: Ints, other: Ints) -> Iterator[tuple[str, Column]]:
    values = p.values
    sizes = values.sizes[one], values.sizes[other]
    shared = values.shared(one, other)
    common = values.common(one, values, other)
    kinds = common.distinct()
    yield "numbers", jaccard(shared, *sizes)
    yield "child_numbers", _share(shared, sizes[1])
    yield "parent_numbers", _share(shared, sizes[0])
    yield "numbers_gone", sizes[0] - shared
    yield "numbers_new", sizes[1] - shared
    yield "number_weight", common.weights(p.texts.vocabulary.rarity_of_value)
    yield "numbers_agree", (shared == sizes[0]) & (shared == sizes[1])
    yield "number_set_agrees", (kinds == values.kinds[one]) & (kinds == values.kinds[other])
    yield "numbers_exchanged", _exchanged(p.number_places, one, other)


def _formulas(p: Pieces, one: Ints, other: Ints) -> Iterator[tuple[str, Column]]:
    operators, formulas, contexts, variables, asks = (
        (bag, bag.sizes[one], bag.sizes[other], bag.shared(one, other))
        for bag in (p.operators, p.formula_pairs, p.number_contexts, p.variables, p.asks)
    )
    equal_operators, equal_formulas, equal_variables, equal_asks = (
        (shared == ours) & (shared == theirs)
        for _, ours, theirs, shared in (operators, formulas, variables, asks)
    )
    yield "operators_agree", equal_operators
    yield "operators", jaccard(operators[3], *operators[1:3])
    yield "operators_gone", operators[1] - operators[3]
    yield "operators_new", operators[2] - operators[3]
    yield "operators_exchanged", _exchanged(p.sign_places, one, other)
    yield "variables_exchanged", _exchanged(p.variable_places, one, other)
    yield "formulas", jaccard(formulas[3], *formulas[1:3])
    yield "formula_size", np.minimum(*operators[1:3])
    yield "variables_agree", equal_variables | (p.variable_pattern[one] == p.variable_pattern[other])
    moved = (p.numbers[one] == p.numbers[other]) | (2 * contexts[3] >= contexts[1])
    # Numbers and formulas may move with their clause, but not from one clause to another.
    yield "order_agree", moved & (equal_formulas | ~equal_variables)
    yield "asks_agree", equal_asks
    yield "asks_gone", asks[1] - asks[3]
    yield "asks_new", asks[2] - asks[3]
    yield "asks_exchanged", _exchanged(p.ask_places, one, other)


def _edges(p: Pieces, one: Ints, other: Ints) -> Iterator[tuple[str, Column]]:
    texts = p.texts
    n, m = texts.lengths[one], texts.lengths[other]
    short, long = np.where(n <= m, one, other), np.where(n <= m, other, one)
    length = np.minimum(n, m)
    begins = texts.runs(at_end=False)
    ends = texts.runs(at_end=True)
    edge = (begins(short, length) == begins(long, length)) | (ends(short, length) == ends(long, length))
    first = _longest(begins, one, other, length)
    last = _longest(ends, one, other, length - first)
    yield "between_gone", n - first - last
    yield "between_new", m - first - last
    yield "length", length
    yield "equal", p.whole[one] == p.whole[other]
    yield "edge", edge
    yield "part", _parts(p, one, other)


def _longest(run: Callable[[Ints, Ints], Hashes], one: Ints, other: Ints, most: Ints) -> Ints:
    """(n,) how many of the first, or last, tokens of two texts are the same, up to a number (n,)."""
    least, most = np.zeros(len(one), np.int64), most.copy()
    while (open_ := least < most).any():
        middle = (least + most + 1) // 2
        same = run(one, middle) == run(other, middle)
        least = np.where(open_ & same, middle, least)
        most = np.where(open_ & ~same, middle - 1, most)
    return least


def _parts(p: Pieces, one: Ints, other: Ints) -> Bools:
    """Whether one is the other without a stretch that asks something; read where its tokens are all there."""
    found = np.zeros(len(one), bool)
    bag, texts = p.tokens, p.texts
    told = ~p.texts.vocabulary.is_label
    sizes = bag.weights(told.astype(np.float64))
    apart = bag.difference(one, other).total(told)
    first = np.full(len(texts), -1)
    filled = np.flatnonzero(texts.lengths)
    first[filled] = texts.ids[texts.starts[filled]]
    inside = (apart > 0) & (apart == np.abs(sizes[one] - sizes[other]))
    possible = inside & (first[one] >= 0) & (first[one] == first[other])
    for at in np.flatnonzero(possible).tolist():
        found[at] = is_part(texts[int(one[at])], texts[int(other[at])])
    return found


def _names_agree(texts: TokenTable, apart: Difference, one: Ints, other: Ints) -> Bools:
    """Whether repeated words that differ, such as names, take the same places.

    Ann, Bo, Ann may have become Cy, Di, Cy, but not Cy, Di, Di. One repeated word on a side proves nothing;
    two tell a puzzle with other statements from a renamed one.
    """
    repeated = texts.vocabulary.is_letters[apart.item] & (np.abs(apart.more) > 1)
    agree = np.ones(len(one), bool)
    gone, new = (np.flatnonzero(repeated & side) for side in (apart.more > 0, apart.more < 0))
    bounds = np.arange(len(one) + 1)
    ours, theirs = (np.searchsorted(apart.pair[names], bounds) for names in (gone, new))
    for at in np.flatnonzero((np.diff(ours) >= 2) & (np.diff(theirs) >= 2)).tolist():
        mine = _pattern(texts.row(int(one[at])), apart.item[gone[ours[at] : ours[at + 1]]])
        yours = _pattern(texts.row(int(other[at])), apart.item[new[theirs[at] : theirs[at + 1]]])
        agree[at] = mine == yours
    return agree


def _pattern(tokens: NDArray[np.int32], names: Ints) -> list[int]:
    """Where names stand among themselves: each time which of them, in the order of their first places."""
    wanted, first = {*names.tolist()}, dict[int, int]()
    return [first.setdefault(token, len(first)) for token in tokens.tolist() if token in wanted]


def _exchanged(places: tuple[Bag, Bag], one: Ints, other: Ints) -> Floats:
    """Places that hold one thing here and another there."""
    where, what = places
    return where.shared(one, other) - what.shared(one, other)


def _share(shared: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, shared / np.where(whole > 0, whole, 1), 1.0)
