r"""What derived datasets do to a row: spell it otherwise, say it otherwise, embed it, cut it, vary it.

Every change takes an `Item` and gives another one, or None where it cannot be made. Changes of the same
problem keep its key and answer; variants get the key and the answer of the new problem. (Two forms answer in
another way: "options" may answer with a letter, and "part" has one of the two answers.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from typing import Literal

from rlvr_atlas.demo.families.logic import DAYS
from rlvr_atlas.demo.problem import Problem, flip, renumber, reword
from rlvr_atlas.demo.words import VOCABULARY
from rlvr_atlas.schema import Relation


@dataclass(frozen=True)
class Item:
    """A problem as one dataset publishes it, before that dataset's own wrapping.

    `form` names what was embedded or cut; only copies and new spellings are made of an item that has one.
    """

    problem: Problem
    text: str
    answer: str
    form: str = ""

    @property
    def solution(self) -> str:
        """The worked solution, as far as it fits the answer of this form."""
        return self.problem.solution if self.answer == self.problem.answer else f"This gives {self.answer}."


Act = Callable[[Item, Random, set[str]], Item | None]


@dataclass(frozen=True)
class Change:
    """One way to derive a row: what it does, and what the truth calls the result."""

    relation: Relation
    act: Act
    strength: Literal["light", "heavy"] | None = None


def item_of(problem: Problem) -> Item:
    """A problem as its own source publishes it."""
    return Item(problem, problem.text, problem.answer)


# --- the same words, spelt otherwise ------------------------------------------------------------------


def _in_math(change: Callable[[str], str]) -> Callable[[str], str]:
    """Apply a change between TeX delimiters only; a dollar sign before a digit is a price, unless closed."""
    math = re.compile(r"\$[^$]+\$|\\\[.*?\\\]")
    return lambda text: math.sub(lambda found: change(found.group()), text)


def _brackets(text: str) -> str:
    text = re.sub(r"\\\[ ?(.*?) ?\\\]", r"$$\1$$", text)
    return re.sub(r"(?<!\$)\$([^$]+)\$(?!\$)", r"\\(\1\\)", text)


_TEX_SPELLINGS: tuple[Callable[[str], str], ...] = (
    _brackets,
    lambda text: text.replace(r"\frac", r"\dfrac"),
    lambda text: text.replace(r"\le ", r"\leq ").replace(r"\ge ", r"\geq ").replace(r"\ldots", r"\dots"),
    lambda text: re.sub(r"\^(\d)(?!\d)", r"^{\1}", text),
    lambda text: re.sub(r"_\{(\d)\}", r"_\1", text),
    _in_math(lambda math: re.sub(r" ?([+=-]) ?", r"\1", math)),
    _in_math(lambda math: re.sub(r"\(([^()]*)\)", r"\\left(\1\\right)", math)),
)
_PROSE_SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda text: re.sub(r"(?<=[a-z0-9])([.?,])(?= |$)", r" \1", text),
    lambda text: re.sub(r"\$(?=\d)", r"\\$", text),
    lambda text: re.sub(r"\b(\d{1,3})(\d{3})\b", r"\1,\2", text),
    lambda text: text.replace("'", "’").replace(' "', " “").replace('" ', "” "),
    str.lower,
)
_ANY_SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda text: re.sub(r"[.。]$", "", text),
    lambda text: re.sub(r"(?<=[.?]) ", "\n", text, count=1),
    lambda text: text.replace("，", ", ").replace("？", "?"),
    lambda text: text.replace(". ", ".  "),
)


def reformat(item: Item, rng: Random, taken: set[str]) -> Item | None:
    """Spell the same words otherwise: delimiters, TeX commands, spacing, punctuation, case."""
    spellings = (_TEX_SPELLINGS if item.problem.family.tex else _PROSE_SPELLINGS) + _ANY_SPELLINGS
    for _ in range(8):
        text = item.text
        for spelling in rng.sample(spellings, 3):
            text = spelling(text)
        # White space alone would leave the canonical text as it was, which is a copy.
        if text.split() != item.text.split():
            return replace(item, text=text)
    return None


# --- the same problem in other words ------------------------------------------------------------------


def _plain(item: Item) -> bool:
    return not item.form


def light(item: Item, rng: Random, taken: set[str]) -> Item | None:
    """Some synonyms and clauses."""
    again = reword(item.problem, rng, heavy=False) if _plain(item) else None
    return item_of(again) if again else None


def heavy(item: Item, rng: Random, taken: set[str]) -> Item | None:
    """Another sentence structure, numbers partly spelt out, things told in another order."""
    again = reword(item.problem, rng, heavy=True) if _plain(item) else None
    return item_of(again) if again else None


# --- more around it, or less of it --------------------------------------------------------------------

_CONTEXTS = (
    "The following task was handed out at @event in @year.",
    "@who found this in an old notebook and could not solve it.",
    "This exercise belongs to a worksheet that is used at @place; its earlier parts are not needed here.",
    "Here is a question that @who and @other argued about on the way to @event.",
    "While waiting at @place, @who was asked the following.",
    "Task @number of the collection is reproduced here as it was printed.",
    "The class of @who had half an hour for this one, and most pupils needed less.",
    "On the back of a poster for @event one can read a riddle.",
    "A reader of our column, @who, sent in the problem below and asks for help.",
    "The next question is about a situation that might occur anywhere. Read it twice before you begin.",
    "@who claims to have solved what follows in @number seconds. Whether that is true does not matter here.",
    "For the quiz at @place, @other wrote the question that follows; @who checked it.",
)


def context(item: Item, rng: Random, taken: set[str]) -> Item | None:
    """Put one or two sentences that do not matter before the problem."""
    if not _plain(item) or item.problem.source.endswith("_cn"):
        return None
    lead = " ".join(rng.sample(_CONTEXTS, rng.choice([1, 1, 2])))
    one, two = rng.sample(VOCABULARY["name"], 2)
    for slot, word in {
        "@event": rng.choice(VOCABULARY["event"]),
        "@place": rng.choice(VOCABULARY["place"]),
        "@who": one,
        "@other": two,
        "@year": str(rng.randint(1990, 2020)),
        "@number": str(rng.randint(11, 90)),
    }.items():
        lead = lead.replace(slot, word)
    return replace(item, text=f"{lead}{rng.choice([' ', chr(10)])}{item.text}", form="context")


def options(item: Item, rng: Random, taken: set[str]) -> Item | None:
    """Append four or five options; half of the time the answer becomes the letter of the right one."""
    wrong = _distractors(item.answer, rng) if _plain(item) else []
    if not wrong:
        return None
    listed = rng.sample([*wrong, item.answer], len(wrong) + 1)
    style = rng.choice(
        ["\n{letter}. {value}", " ({letter}) {value}", "\n({letter}) ${value}$", "\n{letter}) {value}"]
    )
    text = item.text + "".join(
        style.format(letter=letter, value=value) for letter, value in zip("ABCDE", listed, strict=False)
    )
    letter = "ABCDE"[listed.index(item.answer)]
    return replace(item, text=text, answer=rng.choice([letter, item.answer]), form="options")


def _distractors(answer: str, rng: Random) -> list[str]:
    """Three or four wrong answers of the same kind; none where the kind is unknown."""
    count = rng.choice([3, 4])
    if answer in DAYS:
        return rng.sample([day for day in DAYS if day != answer], count)
    fraction = re.fullmatch(r"(-?)\\frac\{(\d+)\}\{(\d+)\}", answer)
    if fraction:
        sign, top, bottom = fraction.groups()
        near = {Fraction(int(top) + shift, int(bottom)) for shift in range(-3, 5) if int(top) + shift > 0}
        wrong = sorted(
            value for value in near if value.denominator > 1 and value != Fraction(int(top), int(bottom))
        )
        texts = [rf"{sign}\frac{{{value.numerator}}}{{{value.denominator}}}" for value in wrong]
        return rng.sample(texts, count) if len(texts) >= count else []
    if re.fullmatch(r"-?\d+", answer):
        value, step = int(answer), max(1, abs(int(answer)) // 12)
        return [str(value + step * shift) for shift in rng.sample([-3, -2, -1, 1, 2, 3, 10], count)]
    return []


def cut(item: Item, rng: Random, taken: set[str]) -> Item | None:
    """Leave out the sentence that only sets the scene."""
    opening = item.problem.telling.opening
    if not _plain(item) or not opening or not item.text.startswith(opening):
        return None
    return replace(item, text=item.text.removeprefix(opening).strip(), form="cut")


def part(item: Item, rng: Random, taken: set[str]) -> Item | None:
    """Keep one of two questions, always the same one of a problem, so that it stays one problem."""
    if not _plain(item) or not item.problem.parts:
        return None
    text, answer = item.problem.parts[len(item.problem.key) % 2]
    opening = f"{item.problem.telling.opening} " if item.problem.telling.opening else ""
    return replace(item, text=opening + text, answer=answer, form="part")


# --- another problem ----------------------------------------------------------------------------------


def other_numbers(item: Item, rng: Random, taken: set[str]) -> Item | None:
    """The same words about other numbers."""
    varied = renumber(item.problem, rng, taken) if _plain(item) else None
    return item_of(varied) if varied else None


def other_ask(item: Item, rng: Random, taken: set[str]) -> Item | None:
    """The same numbers, another ask or relation: largest for smallest, fewer for more."""
    varied = flip(item.problem, taken) if _plain(item) else None
    return item_of(varied) if varied else None


CHANGES: dict[str, Change] = {
    "copy": Change("identical", lambda item, rng, taken: item),
    "reformat": Change("reformatted", reformat),
    "light": Change("reworded", light, "light"),
    "heavy": Change("reworded", heavy, "heavy"),
    "context": Change("embedded", context),
    "options": Change("embedded", options),
    "cut": Change("embedded", cut),
    "part": Change("embedded", part),
    "renumber": Change("variant", other_numbers),
    "flip": Change("variant", other_ask),
}
