"""Tokens of many texts as flat arrays: one vocabulary, and for each text a row of positions in it.

Whatever is asked of every text (a hash of its tokens in order, of its numbers, its terms) is then a few
operations on whole arrays, not a loop in Python. A hash of a token is the same in every table, so that two
tables can be compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.text.tokens import (
    LABELS,
    is_letters,
    is_number,
    is_sign,
    is_variable,
    is_word,
    lexicon,
    pattern,
    plain,
    spelling,
)
from rlvr_atlas.text.word_frequency import rarity
from rlvr_atlas.text.word_loss import loss

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_MASK = "#"
#: So many texts are cut into tokens at once.
_TEXTS = 1 << 14


class Vocabulary(Sequence[str]):
    """Distinct tokens, and what is known of each: arrays of shape (tokens,)."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = list(tokens)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        return self._tokens[at]

    def __len__(self) -> int:
        return len(self._tokens)

    def _all(self, test: Callable[[str], bool]) -> Bools:
        return np.fromiter(map(test, self._tokens), bool, len(self._tokens))

    def marked(self, *tokens: str) -> Bools:
        """Which tokens are among some."""
        return self._all(frozenset(tokens).__contains__)

    @cached_property
    def hashes(self) -> Hashes:
        """64 bits of BLAKE2b of each token."""
        return hashes_of(self._tokens)

    @cached_property
    def is_number(self) -> Bools:
        """Numbers in digits."""
        return self._all(is_number)

    @cached_property
    def is_masked(self) -> Bools:
        """Tokens that are one mark where numbers are masked."""
        return self._all(lambda token: mask(token) == _MASK)

    @cached_property
    def masked(self) -> Hashes:
        """Hash of each token, of every number in digits that of one mark."""
        return hashes_of([mask(token) for token in self._tokens])

    @cached_property
    def is_value(self) -> Bools:
        """Numbers, in digits or words."""
        return self.is_number | self.marked(*lexicon().numbers)

    @cached_property
    def _values(self) -> tuple[list[str], Ints]:
        return _numbered([lexicon().numbers.get(token, token) for token in self._tokens])

    @property
    def value(self) -> Ints:
        """A number for each value: that of "7" and "seven" is one."""
        return self._values[1]

    @cached_property
    def rarity_of_value(self) -> Floats:
        """Rarity of each value, by its number."""
        return np.array([rarity(value) for value in self._values[0]], np.float64)

    @cached_property
    def value_hashes(self) -> Hashes:
        """Hash of the value of each number; 0 of what is none."""
        return np.where(self.is_value, hashes_of(self._values[0])[self.value], np.uint64(0))

    @cached_property
    def is_ask(self) -> Bools:
        """Deciding words: largest, sum, ..."""
        return self.marked(*lexicon().asks)

    @cached_property
    def ask(self) -> Ints:
        """A number for each meaning of deciding words."""
        return _numbered([lexicon().asks.get(token, "") for token in self._tokens])[1]

    @cached_property
    def is_word(self) -> Bools:
        """Words of two letters or more, of any script."""
        return self._all(is_word)

    @cached_property
    def is_plain_word(self) -> Bools:
        """Words of two Latin letters or more."""
        return self.is_word & self._all(str.isascii)

    @cached_property
    def is_letters(self) -> Bools:
        """Letters only, also a single one."""
        return self._all(is_letters)

    @cached_property
    def is_sign(self) -> Bools:
        """Signs and TeX commands."""
        return self._all(is_sign)

    @cached_property
    def is_variable(self) -> Bools:
        """Variables and labels: one or two Latin letters that are no word, such as x and ab."""
        return self._all(is_variable)

    @cached_property
    def is_function_word(self) -> Bools:
        """Words such as "the" or "please"."""
        return self.marked(*lexicon().function_words)

    @cached_property
    def is_condition(self) -> Bools:
        """Words that begin or mark a condition."""
        return self.marked(*lexicon().conditions)

    @cached_property
    def is_first_name(self) -> Bools:
        """Common first names of people."""
        return self.marked(*lexicon().first_names)

    @cached_property
    def spelling(self) -> Ints:
        """A number for each `tokens.spelling`: that of "labeled" and "labelled" is one."""
        return _numbered([spelling(token) for token in self._tokens])[1]

    @cached_property
    def is_label(self) -> Bools:
        """What several questions are numbered with."""
        return self.marked(*LABELS)

    @cached_property
    def rarity(self) -> Floats:
        """How rare each token is in problems at large, in bits."""
        return np.array([rarity(token) for token in self._tokens], np.float64)

    @cached_property
    def losses(self) -> tuple[Floats, Floats]:
        """Bits that a word tells which another wording lacks, or has alone; 0 of anything but words."""
        gone, new = (
            np.array([loss(token, side) for token in self._tokens], np.float64) for side in ("gone", "new")
        )
        told = self.is_word & ~self.is_value
        return gone * told, new * told


class _Known(dict[str, int]):
    """Number of the token that a raw one stands for; each raw token is looked at once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __missing__(self, raw: str) -> int:
        self[raw] = self._numbers.setdefault(plain(raw), len(self._numbers))
        return self[raw]

    @property
    def tokens(self) -> list[str]:
        """Distinct tokens by their number."""
        return [*self._numbers]


@dataclass(frozen=True)
class TokenTable:
    """Tokens of n texts.

    Attributes:
        vocabulary: Distinct tokens, some of which may be in no text.
        ids: Position in the vocabulary of every token of every text, text after text.
        starts: (n + 1,) where each text begins in `ids`.
    """

    vocabulary: Vocabulary
    ids: NDArray[np.int32]
    starts: Ints

    @classmethod
    def of(cls, skeletons: Iterable[str]) -> TokenTable:
        """Tokens of skeletons, as `tokens.tokenise` gives them."""
        texts = pl.Series(skeletons if isinstance(skeletons, pl.Series) else [*skeletons], dtype=pl.String)
        known, ids, lengths = _Known(), [np.zeros(0, np.int32)], [np.zeros(1, np.int64)]
        for part in texts.to_frame().iter_slices(_TEXTS):  # all at once would be a view of every token
            # Polars' own regular expressions find them in a fifth of the time that Python's take.
            found = part.to_series().str.extract_all(pattern(of_python=False))
            coded = found.explode().drop_nulls().to_arrow().dictionary_encode()
            raw = coded.dictionary.to_pylist()
            numbers = np.array([known[token] for token in raw], np.int32)
            ids.append(numbers[coded.indices.to_numpy()])
            lengths.append(found.list.len().to_numpy())
        return cls(Vocabulary(known.tokens), np.concatenate(ids), np.cumsum(np.concatenate(lengths)))

    @classmethod
    def of_tokens(cls, texts: Iterable[Sequence[str]]) -> TokenTable:
        """A table of texts that are tokens already."""
        known: dict[str, int] = {}
        rows = [[known.setdefault(token, len(known)) for token in text] for text in texts]
        ids = np.array([*chain.from_iterable(rows)], np.int32)
        return cls(Vocabulary([*known]), ids, np.cumsum([0, *map(len, rows)]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, position: int) -> tuple[str, ...]:
        """Tokens of one text."""
        return tuple([self.vocabulary[token] for token in self.row(position).tolist()])

    def row(self, position: int) -> NDArray[np.int32]:
        """The same as positions in the vocabulary."""
        return self.ids[self.starts[position] : self.starts[position + 1]]

    def take(self, positions: Ints) -> TokenTable:
        """Some of the texts, with the same vocabulary."""
        lengths = self.lengths[positions]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        at = np.arange(starts[-1]) + np.repeat(self.starts[positions] - starts[:-1], lengths)
        return TokenTable(self.vocabulary, self.ids[at], starts)

    def joined(self, other: TokenTable) -> TokenTable:
        """These texts and then those of another table."""
        known = {token: number for number, token in enumerate(self.vocabulary)}
        place = np.array([known.setdefault(token, len(known)) for token in other.vocabulary], np.int32)
        ids = np.concatenate([self.ids, place[other.ids]])
        starts = np.concatenate([self.starts, self.starts[-1] + other.starts[1:]])
        return TokenTable(Vocabulary([*known]), ids, starts)

    def only(self, kept: Bools) -> TokenTable:
        """All texts, of each only the tokens of a kind (vocabulary,)."""
        at = kept[self.ids]
        counts = np.bincount(self.text_of_each[at], minlength=len(self))
        return TokenTable(self.vocabulary, self.ids[at], np.concatenate([[0], np.cumsum(counts)]))

    @cached_property
    def lengths(self) -> Ints:
        """(n,) how many tokens each text has."""
        return np.diff(self.starts)

    @cached_property
    def text_of_each(self) -> Ints:
        """The text of every token."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def place_of_each(self) -> Ints:
        """How many tokens of its text stand before each."""
        return np.arange(len(self.ids)) - self.starts[:-1][self.text_of_each]

    def sequence(self, hashes: Hashes) -> Hashes:
        """(n,) hash of each text, whose tokens have these hashes (vocabulary,): of its tokens in order."""
        return self.sums(mixed(hashes[self.ids] ^ mixed(self.place_of_each.astype(np.uint64))))

    def sets(self, hashes: Hashes) -> Hashes:
        """(n,) hash of the set of hashes (vocabulary,) that the tokens of each text have, 0 left out."""
        distinct, number = np.unique(hashes, return_inverse=True)
        kept = (hashes > 0)[self.ids]
        size = max(len(distinct), 1)
        entries = np.unique(self.text_of_each[kept] * size + number[self.ids[kept]])
        text, nth = np.divmod(entries, size)
        sums = np.zeros(len(self), np.uint64)
        np.add.at(sums, text, mixed(distinct)[nth])
        return sums

    def sums(self, values: Hashes) -> Hashes:
        """(n,) sum over each text of a value of every token, as far as 64 bits hold it."""
        total = _running(values)
        return np.asarray(total[self.starts[1:]] - total[self.starts[:-1]])

    def runs(self, *, at_end: bool) -> Callable[[Ints, Ints | int], Hashes]:
        """A function that hashes so many (m,) of the first, or last, tokens of texts (m,)."""
        place = self.lengths[self.text_of_each] - 1 - self.place_of_each if at_end else self.place_of_each
        total = _running(mixed(self.vocabulary.hashes[self.ids] ^ mixed(place.astype(np.uint64))))

        def cut(positions: Ints, n: Ints | int) -> Hashes:
            first, last = self.starts[positions], self.starts[positions + 1]
            return np.asarray(total[last] - total[last - n] if at_end else total[first + n] - total[first])

        return cut


def _running(values: Hashes) -> Hashes:
    total = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values, out=total[1:])
    return total


def _numbered(names: Sequence[str]) -> tuple[list[str], Ints]:
    """Distinct names, and the number of each."""
    known: dict[str, int] = {}
    numbers = np.array([known.setdefault(name, len(known)) for name in names], np.int64)
    return [*known], numbers


def hashes_of(names: Sequence[str]) -> Hashes:
    """64 bits of BLAKE2b of each name."""
    digests = b"".join(
        hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in names
    )
    return np.frombuffer(digests, np.uint64)


def mixed(values: Hashes) -> Hashes:
    """Hashes of hashes: every bit depends on every bit given (SplitMix64, Steele et al. 2014)."""
    values = values + _ODD
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))


def mask(token: str) -> str:
    """The token, or one mark for every number in digits."""
    return _MASK if is_number(token) else token
