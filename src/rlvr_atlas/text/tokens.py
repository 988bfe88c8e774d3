"""What a problem is made of, for comparing: words, numbers, operators, variables and asks.

Works on skeletons (see canonicalise): lower case, TeX spellings unified. Tokens are the unit of every tier
after the exact ones; the lists of deciding words are data in `lexicon.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from itertools import pairwise
from sys import intern

from rlvr_atlas.text.word_frequency import rarity

#: A TeX command, a number, a word, a Chinese/Japanese/Korean character, or any other sign.
_TOKEN = r"\\[a-z]+|\d+(?:\.\d+)?|[^\W\d_⺀-鿿가-힣]+|[⺀-鿿가-힣]|[^\w\s]"
#: Signs that carry no meaning of their own once spacing and grouping are unified.
_SILENT = frozenset(".,;:?'\"(){}[]&$`~，。、；：？（）“”‘’")


@dataclass(frozen=True)
class Lexicon:
    """The word lists of `lexicon.toml`, turned around: word -> meaning."""

    asks: dict[str, str]
    numbers: dict[str, str]
    function_words: frozenset[str]
    short_words: frozenset[str]
    questions: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """The lexicon, read once."""
    data = tomllib.loads(files("rlvr_atlas.text").joinpath("lexicon.toml").read_text(encoding="utf-8"))

    def turn(table: dict[str, list[str]]) -> dict[str, str]:
        return {word: meaning for meaning, words in table.items() for word in words}

    plain = (frozenset(data[table]["words"]) for table in ("function_words", "short_words", "questions"))
    return Lexicon(turn(data["asks"]), turn(data["numbers"]), *plain)


@cache
def _pattern() -> re.Pattern[str]:
    """Chinese is written without spaces: words of the lexicon come first, other characters stand alone."""
    words = lexicon()
    known = {*words.asks, *words.numbers, *words.function_words}
    unspaced = sorted(
        (word for word in known if len(word) > 1 and not word.isascii()), key=lambda w: (-len(w), w)
    )
    return re.compile("|".join([*map(re.escape, unspaced), _TOKEN]))


def tokenise(skeleton: str) -> list[str]:
    """Tokens of a skeleton in order, silent signs left out."""
    # Interned: a corpus repeats a small vocabulary millions of times.
    return [intern(_plain(token)) for token in _pattern().findall(skeleton) if token not in _SILENT]


def _plain(token: str) -> str:
    """Numbers without decimals that say nothing: 17.0 is 17."""
    return token.rstrip("0").rstrip(".") if "." in token else token


# Remembered: a corpus asks these of a small vocabulary millions of times.
@lru_cache(maxsize=1 << 18)
def is_number(token: str) -> bool:
    """Whether a token is a number in digits; only numbers begin with one."""
    return token[0].isdigit()


@lru_cache(maxsize=1 << 18)
def _is_word(token: str) -> bool:
    return len(token) > 1 and token.isalpha()


@lru_cache(maxsize=1 << 18)
def _is_sign(token: str) -> bool:
    return not token[0].isalnum()


@dataclass(frozen=True)
class Parts:
    """The parts of one problem text; everything the verifier compares is derived from `tokens`."""

    tokens: tuple[str, ...]

    @classmethod
    def of(cls, skeleton: str) -> Parts:
        """Parts of a skeleton."""
        return cls(tuple(tokenise(skeleton)))

    @cached_property
    def bag(self) -> Counter[str]:
        """How often each token occurs."""
        return Counter(self.tokens)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Numbers in digits, in order."""
        return tuple(token for token in self.tokens if is_number(token))

    @cached_property
    def values(self) -> Counter[str]:
        """Numbers in digits and in words, as values: "7 pears" and "seven pears" agree."""
        table = lexicon().numbers
        return Counter(
            [table.get(token, token) for token in self.tokens if is_number(token) or token in table]
        )

    @cached_property
    def number_contexts(self) -> Counter[str]:
        """Each number with the token before it and with the token after it."""
        padded = ("", *self.tokens, "")
        return Counter(
            [
                f"{left} {right}"
                for left, right in pairwise(padded)
                if (left and is_number(left)) or (right and is_number(right))
            ]
        )

    @cached_property
    def operators(self) -> Counter[str]:
        """Signs and TeX commands; a hyphen between two words is spelling, not subtraction."""
        padded = ("", *self.tokens, "")
        return Counter(
            [
                token
                for before, token, after in zip(padded, self.tokens, padded[2:], strict=False)
                if _is_sign(token) and not (token == "-" and _is_word(before) and _is_word(after))
            ]
        )

    @cached_property
    def formula_pairs(self) -> Counter[str]:
        """Each operator with the number, variable or operator beside it: "3 -" and "- 5" of 3 - 5."""
        return Counter(
            [
                f"{left} {right}"
                for left, right in pairwise(self.tokens)
                if (_is_sign(left) and not _is_word(right)) or (_is_sign(right) and not _is_word(left))
            ]
        )

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Variables and labels in order: one or two Latin letters that are no word, such as x and ab."""
        ignored = lexicon().short_words
        return tuple(
            t for t in self.tokens if len(t) <= 2 and t.isascii() and t.isalpha() and t not in ignored
        )

    @cached_property
    def variable_bag(self) -> Counter[str]:
        """How often each variable occurs."""
        return Counter(self.variables)

    @cached_property
    def asks(self) -> frozenset[str]:
        """Meanings of the deciding words."""
        table = lexicon().asks
        return frozenset(table[token] for token in self.tokens if token in table)

    @cached_property
    def ask_places(self) -> dict[tuple[str, str], str]:
        """The deciding word between two neighbours, by its meaning."""
        return self._places(lexicon().asks)

    @cached_property
    def number_places(self) -> dict[tuple[str, str], str]:
        """The number between two neighbours, by its value."""
        table = lexicon().numbers
        return self._places({t: table.get(t, t) for t in self.bag if t in table or is_number(t)})

    def _places(self, meanings: dict[str, str]) -> dict[tuple[str, str], str]:
        padded = ("", *self.tokens, "")
        return {
            (before, after): meanings[token]
            for before, token, after in zip(padded, self.tokens, padded[2:], strict=False)
            if token in meanings
        }

    @cached_property
    def content_words(self) -> tuple[str, ...]:
        """The tokens without function words, in order."""
        ignored = lexicon().function_words
        return tuple(token for token in self.tokens if token not in ignored)

    @cached_property
    def pairs(self) -> Counter[str]:
        """Neighbouring tokens."""
        return Counter([f"{left} {right}" for left, right in pairwise(self.tokens)])

    @cached_property
    def rare_words(self) -> dict[str, float]:
        """Each word that is no function word, with its rarity."""
        ignored = lexicon().function_words
        return {token: rarity(token) for token in self.bag if _is_word(token) and token not in ignored}

    @cached_property
    def rare_total(self) -> float:
        """Sum of `rare_words`."""
        return sum(self.rare_words.values())

    @cached_property
    def content(self) -> Counter[str]:
        """The bag without function words."""
        ignored = lexicon().function_words
        return Counter({token: count for token, count in self.bag.items() if token not in ignored})

    @cached_property
    def masked_content(self) -> Counter[str]:
        """The same with every number in digits counted as one token."""
        masked: Counter[str] = Counter()
        for token, count in self.content.items():
            masked["#" if is_number(token) else token] += count
        return masked

    @cached_property
    def masked(self) -> tuple[str, ...]:
        """Tokens with every number in digits replaced by one mark."""
        return tuple("#" if is_number(token) else token for token in self.tokens)

    @cached_property
    def shingles(self) -> list[str]:
        """Masked words and neighbouring pairs: the set that MinHash compares."""
        words = self.masked
        pairs = [f"{left} {right}" for left, right in pairwise(words)]
        return sorted({*words, *pairs} - lexicon().function_words)


def overlap(left: Counter[str], right: Counter[str]) -> int:
    """How many tokens two bags have in common, each as often as both have it."""
    if len(left) > len(right):
        left, right = right, left
    shared = 0
    often = right.get
    for token, count in left.items():
        other = often(token)
        if other is not None:
            shared += count if count < other else other
    return shared


def difference(left: Counter[str], right: Counter[str]) -> Counter[str]:
    """What the left bag has more of; as `left - right`, at a third of its time."""
    often = right.get
    return Counter({token: more for token, count in left.items() if (more := count - often(token, 0)) > 0})


def equal(left: Counter[str], right: Counter[str]) -> bool:
    """Whether two bags are the same; none of ours counts anything zero times, which `==` allows for."""
    return dict.__eq__(left, right)


def jaccard(left: Counter[str], right: Counter[str]) -> float:
    """Jaccard similarity of two bags; 1 for two empty ones."""
    shared = overlap(left, right)
    union = left.total() + right.total() - shared
    return shared / union if union else 1.0
