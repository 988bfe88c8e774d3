"""A problem of the demo world: a family's numbers and words, put into one of its wordings.

A wording is a text with slots (`@name` or `@{name}`, filled from the parameters) and sites
(`<buys|purchases>`, alternatives that mean the same). Which wording and which alternative at every site were
taken is remembered, so that the same problem can be said again in slightly or entirely different words, with
other numbers, or with another ask, and the right answer is computed each time rather than copied.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from random import Random
from typing import Any

from rlvr_atlas.demo.words import draw_opening, draw_words, spell

Numbers = dict[str, Any]
Answer = int | str | Fraction | tuple[int | str | Fraction, ...]

_SITE = re.compile(r"<([^<>]*)>")
#: Between the two questions of a problem that asks twice.
_PARTS = " ## "


class _Slots(string.Template):
    delimiter = "@"


@dataclass(frozen=True, kw_only=True, eq=False)
class Family:
    """All problems of one kind.

    Args:
        name: Unique over all sources.
        draw: Draws the numbers of a problem; all conditions for a sensible problem are met here.
        answer: From the numbers (and `ask`, where there are several asks) to the answer.
        steps: The solution, with slots (`@answer` among them).
        wordings: At least two; the last is kept for rewordings, so that no source uses it.
        words: Word slots and their kinds, see `words.VOCABULARY`.
        asks: The possible asks or relations, each with the slots that say it.
        shows: Further slots made from all parameters, such as a polynomial in TeX.
        tex: Whether the wordings are in TeX.
        openings: How often a scene is set in a sentence of its own before the problem.
        varies: Whether another problem may be made of one by changing its numbers.
    """

    name: str
    draw: Callable[[Random], Numbers]
    answer: Callable[..., Answer]
    steps: str
    wordings: tuple[str, ...]
    words: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    shows: Callable[[Numbers], Mapping[str, Any]] | None = None
    tex: bool = False
    openings: float = 0.0
    varies: bool = True

    @cached_property
    def given(self) -> tuple[str, ...]:
        """The names of the numbers."""
        return tuple(self.draw(Random(0)))


@dataclass(frozen=True)
class Telling:
    """How a problem is told: which wording, which alternative at each of its sites, after which opening."""

    wording: int
    choices: tuple[int, ...]
    opening: str = ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem in one wording.

    `key` names the problem itself: it is equal for all wordings of it and for nothing else. `stem` names the
    problem that this one was varied from by new numbers or another ask, and is the key where it was not.
    """

    source: str
    parameters: Mapping[str, Any]
    text: str
    answer: str
    solution: str
    key: str
    stem: str
    family: Family = field(repr=False)
    telling: Telling
    parts: tuple[tuple[str, str], ...] = ()


def pose(family: Family, source: str, rng: Random, taken: set[str]) -> Problem:
    """Draw a problem whose numbers no other problem of the family has.

    Args:
        family: What kind of problem.
        source: The atomic source it belongs to.
        rng: Where all choices come from.
        taken: Numbers in use (by family), over all sources; the new ones are added.

    Raises:
        ValueError: Where the family has no unused numbers left.
    """
    numbers = _unused(family, rng, taken, like=None)
    if numbers is None:
        raise ValueError(f"family {family.name} has no unused numbers left")
    words = draw_words(family.words, rng)
    if family.asks:
        numbers["ask"] = rng.choice(sorted(family.asks))
    opening = draw_opening(rng, words.get("who")) if rng.random() < family.openings else ""
    wording = rng.randrange(len(family.wordings) - 1)
    telling = Telling(wording, _choose(family, numbers, wording, rng), opening)
    problem = _write(family, source, numbers | words, telling)
    taken.add(problem.key)
    return problem


def reword(problem: Problem, rng: Random, *, heavy: bool) -> Problem | None:
    """Say the same problem in other words.

    Args:
        problem: The problem as it was said.
        rng: Where the choices come from.
        heavy: Another sentence structure altogether, instead of some synonyms and clauses.

    Returns:
        The same problem (same key, same answer), or None where the family knows no other words.
    """
    family, p, told = problem.family, problem.parameters, problem.telling
    if heavy:
        last = len(family.wordings) - 1
        wording = last if told.wording != last else rng.randrange(last)
        opening = draw_opening(rng, p.get("who")) if told.opening and rng.random() < 0.3 else ""
        telling = Telling(wording, _choose(family, p, wording, rng), opening)
        return _write(family, problem.source, p, telling, problem.stem)
    counts = _sites(family, p, told.wording)
    sites = [site for site, count in enumerate(counts) if count > 1]
    choices = list(told.choices)
    for site in rng.sample(sites, (2 * len(sites) + 2) // 3):
        choices[site] = (choices[site] + rng.randrange(1, counts[site])) % counts[site]
    telling = Telling(told.wording, tuple(choices), told.opening)
    again = _write(family, problem.source, p, telling, problem.stem)
    return again if again.text.casefold() != problem.text.casefold() else None


def renumber(problem: Problem, rng: Random, taken: set[str]) -> Problem | None:
    """The same words about other numbers: a variant with its own answer; None where no numbers are left."""
    family = problem.family
    numbers = _unused(family, rng, taken, like=problem.parameters) if family.varies else None
    if numbers is None:
        return None
    p = {**problem.parameters, **numbers}
    taken.add(_key(family, p))
    return _write(family, problem.source, p, problem.telling, problem.stem)


def flip(problem: Problem, taken: set[str]) -> Problem | None:
    """The same numbers with another ask or relation: a variant; None where no other is left."""
    for ask in sorted(problem.family.asks):
        p = {**problem.parameters, "ask": ask}
        key = _key(problem.family, p)
        if key == problem.key or key in taken:
            continue
        flipped = _write(problem.family, problem.source, p, problem.telling, problem.stem)
        if flipped.answer != problem.answer:
            taken.add(key)
            return flipped
    return None


def _unused(family: Family, rng: Random, taken: set[str], like: Mapping[str, Any] | None) -> Numbers | None:
    """Numbers that no problem has; with `like`, some that differ from it in few places, as far as seen."""
    found: list[Numbers] = []
    for _ in range(400):
        numbers = family.draw(rng)
        if _key(family, numbers) not in taken:
            found.append(numbers)
            if like is None or len(found) == 12:
                break
    if not found:
        return None
    if like is not None:
        found.sort(key=lambda numbers: -sum(like[name] == value for name, value in numbers.items()))
    taken.add(_key(family, found[0]))
    return found[0]


def _key(family: Family, p: Mapping[str, Any]) -> str:
    """Family, ask and numbers. Numbers are sorted, so that a sum said backwards is the same sum."""
    numbers = sorted(str(p[name]) for name in family.given)
    return "/".join([family.name, str(p.get("ask", "")), *numbers])


def _sites(family: Family, p: Mapping[str, Any], wording: int) -> list[int]:
    return [site.count("|") + 1 for site in _SITE.findall(_asked(family, p, wording))]


def _choose(family: Family, p: Mapping[str, Any], wording: int, rng: Random) -> tuple[int, ...]:
    return tuple(rng.randrange(count) for count in _sites(family, p, wording))


def _asked(family: Family, p: Mapping[str, Any], wording: int) -> str:
    """The wording with its ask filled in, which may bring sites of its own."""
    text = " ".join(family.wordings[wording].split())
    return _Slots(text).safe_substitute(family.asks[p["ask"]]) if family.asks else text


def _write(
    family: Family,
    source: str,
    p: Mapping[str, Any],
    telling: Telling,
    stem: str | None = None,
) -> Problem:
    """Compute the answer and put everything into words."""
    asked = {"ask": p["ask"]} if family.asks else {}
    answer = family.answer(**{name: p[name] for name in family.given}, **asked)
    answers = tuple(_say(part) for part in answer) if isinstance(answer, tuple) else (_say(answer),)
    slots = dict(p) | {f"{name}_w": spell(p[name]) for name in family.given if isinstance(p[name], int)}
    slots |= family.shows(slots) if family.shows else {}
    body, *questions = _text(_asked(family, p, telling.wording), telling.choices, slots).split(_PARTS)
    slots["answer"] = "; ".join(answers)
    marked = [f"({letter}) {question}" for letter, question in zip("abc", questions, strict=False)]
    key = _key(family, p)
    return Problem(
        source=source,
        parameters=p,
        text=" ".join(filter(None, [telling.opening, body, *marked])),
        answer=slots["answer"],
        solution=_text(family.steps, (), slots),
        key=key,
        stem=stem or key,
        family=family,
        telling=telling,
        parts=tuple((f"{body} {q}", a) for q, a in zip(questions, answers, strict=True)) if questions else (),
    )


def _text(wording: str, choices: tuple[int, ...], slots: Mapping[str, Any]) -> str:
    """Take the chosen alternatives, fill the slots, and begin sentences with a capital."""
    taken = iter(choices)

    def take(site: re.Match[str]) -> str:
        options = site.group(1).split("|")
        return options[next(taken, 0) % len(options)]

    plain = _SITE.sub(take, wording)
    text = " ".join(_Slots(plain).substitute(slots).split())
    return re.sub(r"(?:^|(?<=[.?!] )|(?<=## ))[a-z]", lambda letter: letter.group().upper(), text)


def _say(value: int | str | Fraction) -> str:
    if isinstance(value, Fraction) and value.denominator > 1:
        sign = "-" if value < 0 else ""
        return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    return str(value)
