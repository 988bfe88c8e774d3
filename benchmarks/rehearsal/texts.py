"""Problems made of the sentences of phrases.toml: the same number gives the same problem, whatever its look.

A problem is an integer: which pool it is of, whether it was derived from the pool's problem (other numbers,
or asked backwards), and its number in the pool. A look says how one dataset tells it: in other words, in
other notation, with a wrong answer. Texts are made when they are written, so that a million need no memory.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

#: Parts of a problem's integer: pool, derivation, number in the pool.
POOL_BITS, KIND_BITS = 40, 36
RENUMBERED, BACKWARD = 1, 2
#: Bits of a look.
REWORDED, REFORMATTED, WRONG, PROOF = 1, 2, 4, 8

_SLOT = re.compile(r"\{([nkxepqm]\d+|who2?|thing\d|place|job|adj2?|T)\}")
_MATH = re.compile(r"\$([^$]+)\$")
Piece = tuple[str, ...]
Sentence = tuple[Piece, Piece]


@dataclass(frozen=True)
class Pool:
    """Problems of one origin.

    Attributes:
        index: Place among the pools.
        origin: The atomic source; "" where nobody in view knows it.
        groups: Kinds of problems in phrases.toml, each as often as it stands here.
        options: Share of problems that offer answers to choose from.
    """

    index: int
    origin: str
    groups: tuple[str, ...]
    options: float = 0.0


@cache
def phrases() -> dict[str, Any]:
    """The sentences, cut at their slots: odd pieces are slots."""
    told = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text(encoding="utf-8"))
    cut: dict[str, Any] = {"words": told.pop("words")}
    for group, parts in told.items():
        cut[group] = {
            part: [tuple(tuple(_SLOT.split(text)) for text in pair) for pair in pairs]
            for part, pairs in parts.items()
        }
    return cut


@dataclass
class _Drawn:
    """The slots of one problem: words from one generator, numbers from another, so that these can change."""

    words: Random
    numbers: Random
    slots: dict[str, str] = field(default_factory=dict)

    def fill(self, piece: Piece) -> str:
        return "".join(self.slots[part] if at % 2 else part for at, part in enumerate(piece))

    def draw(self, piece: Piece) -> None:
        for name in piece[1::2]:
            if name not in self.slots:
                self.slots[name] = _DRAW[name.rstrip("0123456789")](self)

    def pick(self, kind: str) -> str:
        choices: list[str] = phrases()["words"][kind]
        return choices[int(self.words.random() * len(choices))]

    def letter(self) -> str:
        return "xyzabcmnpqrstuvwkj"[int(self.words.random() * 18)]

    def number(self) -> str:
        size = self.numbers.random()
        if size < 0.06:
            return f"{self.numbers.randrange(1, 1000) / 10:g}"
        return str(self.numbers.randrange(2, 100 if size < 0.6 else 1000 if size < 0.9 else 90_000))

    def polynomial(self) -> str:
        letter, degree = self.letter(), 1 + int(self.words.random() * 4)
        terms = []
        for power in range(degree, -1, -1):
            if power in (degree, 0) or self.words.random() < 0.6:
                body = "" if power == 0 else letter if power == 1 else f"{letter}^{power}"
                terms.append(f"{self.numbers.randrange(2, 60)}{body}")
        return "".join(
            term if at == 0 else f" {'-' if self.words.random() < 0.4 else '+'} {term}"
            for at, term in enumerate(terms)
        )

    def expression(self, depth: int = 2) -> str:
        if depth == 0:
            return self.letter() if self.words.random() < 0.6 else str(self.numbers.randrange(2, 50))
        shape = _SHAPES[int(self.words.random() * len(_SHAPES))]
        parts = [self.expression(depth - 1 if self.words.random() < 0.5 else 0) for _ in range(2)]
        return shape.replace("A", parts[0]).replace("B", parts[1])


_SHAPES = (
    r"\frac{A}{B}", r"\sqrt{A + B}", "A + B", "A - B", "A B^2", r"\sin A \cos B", r"\log(A + B)", r"A^{B}",
    r"\binom{A}{B}", r"\lfloor A \rfloor + B", r"|A - B|", r"e^{A} B", r"\frac{A + 1}{B - 1}", r"(A + B)^3",
    r"\tan A - B", r"\sqrt[3]{A} B", r"A \cdot B",
)  # fmt: skip

_DRAW: dict[str, Callable[[_Drawn], str]] = {
    "n": _Drawn.number,
    "k": lambda d: str(d.numbers.randrange(2, 16)),
    "x": _Drawn.letter,
    "e": _Drawn.expression,
    "p": _Drawn.polynomial,
    "q": lambda d: d.pick("quantity"),
    "m": lambda d: d.pick("term"),
    "who": lambda d: (d.pick("syllables") + d.pick("syllables") + d.pick("syllables")).capitalize(),
    "thing": lambda d: f"{d.pick('colour')} {d.pick('material')} {d.pick('object')}",
    "place": lambda d: d.pick("place"),
    "job": lambda d: d.pick("job"),
    "adj": lambda d: d.pick("adj"),
    "T": lambda d: "".join(d.words.sample("ABCDEFGHKLMNPQRS", 3)),
}


def problem_of(pool: Pool, number: int, kind: int = 0) -> int:
    """The integer of a problem."""
    return pool.index << POOL_BITS | kind << KIND_BITS | number


def tell(problem: int, look: int, pools: list[Pool]) -> tuple[str, str]:
    """A problem as one dataset tells it.

    Args:
        problem: Its integer.
        look: Bits REWORDED, REFORMATTED, WRONG, PROOF.
        pools: All pools, by index.

    Returns:
        The text, and the final answer.
    """
    pool, kind = pools[problem >> POOL_BITS], problem >> KIND_BITS & 15
    base = problem & ~(15 << KIND_BITS)
    drawn = _Drawn(Random(2 * base), Random(2 * base + 1 + (kind << 60)))
    text = _body(drawn, pool, bool(look & REWORDED))
    answer = _answer(drawn)
    if drawn.words.random() < pool.options:
        text, answer = _with_options(text, answer, drawn)
    if kind == BACKWARD:
        text, answer = _backward(text, answer, drawn)
    if look & REFORMATTED:
        text = _reformatted(text, Random(problem))
    if look & PROOF:
        return text, "proof"
    return text, _other(answer) if look & WRONG else answer


def _body(drawn: _Drawn, pool: Pool, reworded: bool) -> str:
    group = phrases()[pool.groups[int(drawn.words.random() * len(pool.groups))]]
    chosen: list[Sentence] = [drawn.words.choice(group["openings"])]
    if group["conditions"]:
        few = len(group["conditions"]) < 5
        told = drawn.words.sample(group["conditions"], drawn.words.randrange(*((0, 2) if few else (2, 4))))
        chosen += told
        chosen.append(drawn.words.choice(group["asks"]))
    for sentence in chosen:
        drawn.draw(sentence[0])
    if reworded and len(chosen) > 3:
        chosen[1], chosen[2] = chosen[2], chosen[1]
    return " ".join(drawn.fill(sentence[reworded]) for sentence in chosen)


def _answer(drawn: _Drawn) -> str:
    kind, numbers = drawn.words.random(), drawn.numbers
    if kind < 0.68:
        return str(numbers.randrange(0, 1000 if numbers.random() < 0.8 else 100_000))
    if kind < 0.8:
        return rf"\frac{{{numbers.randrange(1, 60)}}}{{{numbers.randrange(61, 99)}}}"
    if kind < 0.86:
        return f"{numbers.randrange(1, 10_000) / 100:g}"
    if kind < 0.92:
        return rf"{numbers.randrange(2, 40)}\sqrt{{{numbers.choice([2, 3, 5, 6, 7, 11, 13])}}}"
    return f"{drawn.polynomial()}"


def _with_options(text: str, answer: str, drawn: _Drawn) -> tuple[str, str]:
    wrong = [_answer(drawn) for _ in range(3)]
    at = int(drawn.words.random() * 4)
    listed = [*wrong[:at], answer, *wrong[at:]]
    lines = [f"{letter}. ${value}$" for letter, value in zip("ABCD", listed, strict=True)]
    return "\n".join([text, *lines]), "ABCD"[at]


def _backward(text: str, answer: str, drawn: _Drawn) -> tuple[str, str]:
    """As MetaMath asks: one number becomes X, the answer is given."""
    numbers = list(re.finditer(r"(?<![\w.])\d+(?![\w.])", text))
    if not numbers:
        return f"{text} The answer is {answer}. Which quantity was asked for?", answer
    hidden = numbers[int(drawn.words.random() * len(numbers))]
    asked = text[: hidden.start()] + "X" + text[hidden.end() :]
    known = f"If we know the answer to the above question is {answer},"
    return f"{asked} {known} what is the value of unknown variable X?", hidden.group()


def _other(answer: str) -> str:
    return {"A": "B", "B": "C", "C": "D", "D": "A"}.get(answer, f"{len(answer)}{answer}")


def _reformatted(text: str, rng: Random) -> str:
    """The same words in other notation and spacing."""
    if "$" in text:
        changes: list[Callable[[str], str]] = [
            lambda told: _MATH.sub(r"\\(\1\\)", told),
            lambda told: told.replace(r"\frac", r"\dfrac"),
            lambda told: _MATH.sub(lambda found: "$" + re.sub(r" ([+=-]) ", r"\1", found[1]) + "$", told),
            lambda told: told.replace(". ", ".\n"),
        ]
    else:
        changes = [
            lambda told: re.sub(r"\b(\d{1,3})(\d{3})\b", r"\1,\2", told),
            lambda told: told.replace("?", " ?"),
            lambda told: told.replace(". ", ".  "),
            lambda told: told[0].lower() + told[1:],
        ]
    for change in rng.sample(changes, 2):
        text = change(text)
    return text.rstrip(".") if rng.random() < 0.5 else text + " "
