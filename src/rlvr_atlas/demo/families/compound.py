"""Problems that combine two quantities, as contests like to; any two quantities make a family of their own.

With some dozen quantities a source gets a hundred families, so that its problems differ in more than numbers.
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from rlvr_atlas.demo.problem import Family, Numbers


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number that can be named in a noun phrase.

    Args:
        name: Unique within a source.
        draw: Draws its numbers.
        value: From the numbers to the quantity.
        say: Two ways to say it that differ in a word or two, and one that is quite different; with `$name`
            slots of `string.Template` written as `@name`.
        shows: Further slots, made from the numbers.
    """

    name: str
    draw: Callable[[Random], Numbers]
    value: Callable[..., int | Fraction]
    say: tuple[str, str, str]
    shows: Callable[[Numbers], Mapping[str, Any]] | None = None


class _Slots(string.Template):
    delimiter = "@"


_ASKS = {
    "sum": {"op": "+", "do": "Add these two numbers: @one2; @two2"},
    "difference": {"op": "-", "do": "From the first of these two numbers subtract the second: @one2; @two2"},
    "product": {"op": r"\cdot", "do": "Multiply these two numbers with each other: @one2; @two2"},
}
_WORDINGS = (
    r"""Let $@m$ be <@one0|@one1> and let $@k$ be <@two0|@two1>. <Find|Compute|Determine> $@m @op @k$.""",
    r"""<Suppose|Assume> that $@m$ is <@one0|@one1>, <and that|while> $@k$ is <@two0|@two1>. <What
    is|What is the value of> $@m @op @k$?""",
    r"""<Calculate|Evaluate> $@m @op @k$, where $@m$ <denotes|stands for> <@one0|@one1> and $@k$
    <denotes|stands for> <@two0|@two1>.""",
    r"""<Write|We write> $@m$ for <@one0|@one1>. <Also|Moreover>, $@k$ <shall be|is defined to be>
    <@two0|@two1>. <Give|State> the number $@m @op @k$.""",
    r"""@do. <What is the result?|Which number results?>""",
)


def compounds(quantities: Sequence[Quantity]) -> tuple[Family, ...]:
    """A family for every two different quantities."""
    return tuple(_compound(one, two) for one, two in itertools.combinations(quantities, 2))


def _compound(one: Quantity, two: Quantity) -> Family:
    def split(p: Mapping[str, Any], prefix: str) -> Numbers:
        return {name[4:]: value for name, value in p.items() if name.startswith(prefix)}

    def draw(rng: Random) -> Numbers:
        first = {f"one_{name}": value for name, value in one.draw(rng).items()}
        return first | {f"two_{name}": value for name, value in two.draw(rng).items()}

    def answer(ask: str, **p: int) -> int | Fraction:
        first, second = one.value(**split(p, "one_")), two.value(**split(p, "two_"))
        return {"sum": first + second, "difference": first - second, "product": first * second}[ask]

    def shows(p: Numbers) -> dict[str, str]:
        said: dict[str, str] = {}
        for prefix, quantity in (("one", one), ("two", two)):
            numbers = split({name: p[name] for name in family.given}, f"{prefix}_")
            slots = numbers | dict(quantity.shows(numbers) if quantity.shows else {})
            said |= {f"{prefix}{n}": _Slots(text).substitute(slots) for n, text in enumerate(quantity.say)}
        return said

    family = Family(
        name=f"{one.name}+{two.name}",
        tex=True,
        draw=draw,
        answer=answer,
        steps="Working out both numbers and then the result gives $\\boxed{@answer}$.",
        words={"m": "letter", "k": "letter"},
        asks=_ASKS,
        shows=shows,
        wordings=_WORDINGS,
    )
    return family
