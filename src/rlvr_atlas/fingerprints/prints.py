"""What is kept of a problem instead of its text: hashes of its parts, and a sketch of its wording."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.match import minhash
from rlvr_atlas.schema.attachments import content, needed
from rlvr_atlas.text.tokens import Parts, is_number, lexicon

#: Answers that are numbers; whether other ones are the same cannot be told without seeing them.
_NUMBER = re.compile(r"-?\d+(?:/\d+)?")
#: So many classes of answers are told apart: enough to notice most that differ, too few to read one.
_CLASSES = 15
#: Tokens at the beginning and at the end by which a text is looked for inside another.
EDGE = 8
#: With fewer different numbers and variables than this, two texts of one template may differ in words alone.
_TELLING = 2
#: A number that another sign stands before is another number: 5 - 3 + 2 is not 5 + 3 - 2.
_SIGNS = frozenset("+-*/^×÷·")
#: Operators with a name, which tokens do not tell from words.
_FUNCTIONS = frozenset(("sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp", "gcd", "lcm", "det"))

PRINTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "key": pl.UInt64,  # of the canonical prompt
    "skeleton": pl.UInt64,
    "stem": pl.UInt64,  # the skeleton without options
    "tokens": pl.UInt64,  # all tokens in order
    "stem_tokens": pl.UInt64,
    "head": pl.UInt64,  # the first EDGE tokens
    "tail": pl.UInt64,
    "length": pl.UInt32,  # tokens
    "attachments": pl.UInt64,  # what is needed beside the text; 0 where that is nothing
}


@dataclass(frozen=True)
class Prints:
    """Prints of n texts.

    Attributes:
        frame: (n,) the columns of PRINTS.
        sketch: (n, PERMUTATIONS) the low 8 bits of MinHash values over the words, numbers masked. So few bits
            estimate the same similarity (Li and Koenig 2010) and cannot be turned back into words one by one.
    """

    frame: pl.DataFrame
    sketch: NDArray[np.uint8]

    def take(self, at: pl.Series) -> Prints:
        """The prints at these positions."""
        return Prints(self.frame[at], self.sketch[at.to_numpy()])

    def with_more(self, other: Prints) -> Prints:
        """These prints and others after them."""
        return Prints(pl.concat([self.frame, other.frame]), np.concatenate([self.sketch, other.sketch]))


class Printer:
    """Takes prints.

    Args:
        salt: Enters every hash, so that a table of hashes made for one index is of no use for another.

    Attributes:
        seed: Of the MinHash permutations, made from the salt.
    """

    def __init__(self, salt: bytes = b"") -> None:
        self._salt = salt
        self.seed = int.from_bytes(hashlib.blake2b(salt, digest_size=4).digest(), "big")

    def hash(self, text: str) -> int:
        """64 bits of BLAKE2b."""
        digest = hashlib.blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=8, key=self._salt
        ).digest()
        return int.from_bytes(digest, "big")

    def of_tokens(self, tokens: Iterable[str]) -> int:
        """The hash of tokens in order."""
        return self.hash("\x1f".join(tokens))

    def prints(self, texts: pl.DataFrame, parts: Sequence[Parts] | None = None) -> Prints:
        """Prints of texts.

        Args:
            texts: key, skeleton, stem, attachments.
            parts: Parts of the skeletons, in the same order, where they are at hand.
        """
        parts = [Parts.of(skeleton) for skeleton in texts["skeleton"]] if parts is None else parts
        stem = pl.col("stem").fill_null(pl.col("skeleton"))
        told = texts.select("key", "skeleton", stem, "attachments")
        lines = [
            (*self._line(key, skeleton, stem, part), self.attached(attached))
            for (key, skeleton, stem, attached), part in zip(told.iter_rows(), parts, strict=True)
        ]
        return Prints(pl.DataFrame(lines, schema=PRINTS, orient="row"), self.sketch(parts))

    def sketch(self, parts: Iterable[Parts]) -> NDArray[np.uint8]:
        """Sketches, shape (n, PERMUTATIONS)."""
        signatures = minhash.signatures([_words(part) for part in parts], seed=self.seed)
        return (signatures & np.uint32(0xFF)).astype(np.uint8)

    def _line(self, key: str, skeleton: str, stem: str, parts: Parts) -> tuple[int, ...]:
        tokens = parts.tokens
        whole, shown = self.of_tokens(tokens), self.hash(skeleton)
        return (
            self.hash(key),
            shown,
            shown if stem == skeleton else self.hash(stem),
            whole,
            whole if stem == skeleton else self.of_tokens(Parts.of(stem).tokens),
            self.of_tokens(tokens[:EDGE]),
            self.of_tokens(tokens[-EDGE:]),
            len(tokens),
        )

    def attached(self, attachments: str | None) -> int:
        """The hash of what a problem is asked of beside its text; 0 where that is nothing.

        Images are known by their bytes: which others look like them depends on what is in view.
        """
        told = needed(content(attachments))
        return 0 if told is None else max(1, self.hash(told))

    def content(self, parts: Parts) -> int:
        """The hash of numbers, operators, variables, asks and what is negated: all that decides the problem.

        It must be equal in two tellings of one problem, which is stricter than the classifier, who sees both.
        """
        return self.hash("\x1e".join("\x1f".join(kind) for kind in _content(parts)))

    def answer(self, content: int, answer: str | None) -> int:
        """Class of an answer among those of this content, from 1 to 15; 0 where it is no number or unknown.

        Four bits of a hash that content and answer enter together: who does not know the content learns
        nothing, who does can rule out 14 of 15 wrong answers.

        Args:
            content: See `content`.
            answer: The answer in normal form.
        """
        if answer is None or not _NUMBER.fullmatch(answer):
            return 0
        return 1 + self.hash(f"{content}\x1d{answer}") % _CLASSES


def is_told_by_words(parts: Parts) -> bool:
    """Whether a text has so few numbers and variables that its content tells it from no other of its kind."""
    values, _, _, variables, *_ = _content(parts)
    return len({*values, *variables}) < _TELLING


def _content(parts: Parts) -> tuple[list[str], ...]:
    """Numbers in order with the sign before them, operators, functions, variables, asks, what is negated."""
    words = lexicon()
    values = [
        (before if before in _SIGNS else "") + words.numbers.get(token, token)
        for before, token in pairwise(("", *parts.tokens))
        if is_number(token) or token in words.numbers
    ]
    # "alike, but not in a row" and "not alike, but in a row" have the same words.
    negated = [f"{word} {after}" for word, after in pairwise(parts.tokens) if words.asks.get(word) == "not"]
    return (
        values,
        [f"{sign} {count}" for sign, count in sorted(parts.operators.items())],
        sorted(token for token in parts.tokens if token in _FUNCTIONS),
        sorted(parts.variables),
        sorted(parts.asks),
        sorted(negated),
    )


def _words(parts: Parts) -> list[str]:
    """The bag of content words as a set: a word that stands twice is two members."""
    bag = Counter(map(_sketched, parts.tokens))
    del bag[""]
    return [f"{word} {number}" for word, count in bag.items() for number in range(count)]


@cache
def _sketched(token: str) -> str:
    """A token as it enters the sketch: numbers masked, function words left out ("")."""
    words = lexicon()
    if is_number(token) or token in words.numbers:
        return "#"
    return "" if token in words.function_words else token
