"""Controlled edits of real texts as labelled children: each is searched for in the whole corpus.

What is edited is a text of a training set, mostly in the other wording that a publisher aligned with it,
where there is one; a third of the others are edited twice, so that nothing follows from "little differs".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

import edits_any as any_words
import edits_other as other
import edits_same as same
from gold import split_of
from pieces import Given, halves

from rlvr_atlas.answer import normal_form

Act = Callable[[Given], str | None]
Query = dict[str, Any]


class Corpus(Protocol):
    """What is needed of `labelled.Corpus`."""

    texts: list[str]
    answers: list[str | None]
    groups: list[str]

    def add(self, text: str, answer: str | None, group: str) -> int:
        """Put a made text behind the others; its position."""
        ...


@dataclass(frozen=True)
class Edit:
    """One kind of edit.

    Attributes:
        act: Makes the edited text.
        relation: What it leaves: same, embedded or variant.
        held_out: Never trained on, nor calibrated: only judged.
        half: Of the lists that it may use.
    """

    act: Act
    relation: str
    held_out: bool = False
    half: str = "train"


#: Lists of word pairs in `exchanges.toml`.
LISTS = ("ask", "quantifier", "condition", "object", "function", "relation", "unit", "order", "operator")
#: Edits that put words from a list into a text; with the half that is only judged on they are kinds apart.
_LISTED: dict[str, Edit] = {
    **{f"{name} exchanged": Edit(other.exchanged(name), "variant") for name in LISTS},
    "given added": Edit(other.given_added, "variant"),
    "quality added": Edit(other.quality_added, "variant"),
    "turned round": Edit(other.turned_round, "variant"),
    "distracted": Edit(same.distracted, "embedded"),
    "framed": Edit(same.framed, "same"),
}
EDITS: dict[str, Edit] = {
    "given dropped": Edit(other.given_dropped, "variant"),
    "clause dropped": Edit(other.clause_dropped, "variant"),
    "quality dropped": Edit(other.quality_dropped, "variant"),
    "any quality added": Edit(any_words.any_quality_added, "variant"),
    "any quality dropped": Edit(any_words.any_quality_dropped, "variant"),
    "any word exchanged": Edit(any_words.any_word_exchanged, "variant"),
    "any given added": Edit(any_words.any_given_added, "variant"),
    "number changed": Edit(other.number_changed, "variant"),
    "negated": Edit(other.negated, "variant"),
    "told and asked": Edit(other.told_and_asked, "variant"),
    "asked of another": Edit(other.asked_of_another, "variant"),
    "roles swapped": Edit(other.roles_swapped, "variant"),
    "sign changed": Edit(other.sign_changed, "variant"),
    "way back": Edit(other.way_back, "variant", held_out=True),
    "exponent changed": Edit(other.exponent_changed, "variant", held_out=True),
    "grouped otherwise": Edit(other.grouped_otherwise, "variant", held_out=True),
    **_LISTED,
    **{f"{name}, unseen words": Edit(e.act, e.relation, True, "test") for name, e in _LISTED.items()},
    "retold": Edit(same.retold, "same"),
    "letters exchanged": Edit(same.letters_exchanged, "same"),
    "letters to words": Edit(same.letters_to_words, "same"),
    "names exchanged": Edit(same.names_exchanged, "same"),
    "declared otherwise": Edit(same.declared_otherwise, "same"),
    "numbers in words": Edit(same.numbers_in_words, "same"),
    "units spelled": Edit(same.units_spelled, "same"),
    "TeX as text": Edit(same.tex_as_text, "same"),
    "formula spoken": Edit(same.formula_spoken, "same"),
    "options dropped": Edit(same.options_dropped, "embedded"),
    "options shuffled": Edit(same.options_shuffled, "same"),
    "letters to nonsense": Edit(same.letters_to_nonsense, "same", held_out=True),
    "words in numbers": Edit(same.words_in_numbers, "same", held_out=True),
}
#: Kinds of edited texts: these, and those of answers of few values.
EDITED = (*EDITS, "few-valued, edited")
#: What a text may go through before another edit: it leaves the problem, and something to edit.
_FIRST = tuple(
    name
    for name, edit in EDITS.items()
    if edit.relation != "variant" and not edit.held_out and name not in ("options dropped", "TeX as text")
)
#: Edits with words of no list, which only the question about texts that are alike is fitted on.
ANY_WORDS = tuple(name for name in EDITS if name.startswith("any "))
#: Edits whose answer tells nothing of the original's.
_ANSWERED_ANEW = ("turned round", "told and asked", "turned round, unseen words")
#: Kinds that are only judged on.
HELD_OUT = tuple(name for name, edit in EDITS.items() if edit.held_out)
#: How many originals of each kind and split.
PER_KIND = {"train": 400, "validation": 250, "test": 250}
#: How many with an answer of few values, all kinds of variants together.
FEW_VALUED = {"train": 1500, "validation": 700, "test": 700}
#: The same where every text has to be encoded.
PER_KIND_ENCODED = {"train": 240, "validation": 120, "test": 160}
FEW_VALUED_ENCODED = {"train": 900, "validation": 350, "test": 400}
FEW = re.compile(r"[0123]|-1|yes|no|true|false|even|odd|neither|both|none|[a-e]", re.IGNORECASE)
_SEED = 21
_LONGEST = 2000


def few_valued(answer: str | None) -> bool:
    """Whether an answer says so little that agreeing means nothing."""
    return (
        answer is not None
        and len(answer) < 24
        and FEW.fullmatch((normal_form(answer) or "").strip()) is not None
    )


def edited(
    corpus: Corpus, originals: Sequence[int], wordings: dict[int, int], limit: int, *, encoded: bool = False
) -> list[Query]:
    """Queries of edited texts: kind, split, relation, child, original, limit.

    Args:
        corpus: To which the edited texts are added.
        originals: Positions of texts of training sets.
        wordings: Original -> its other wording, where one is known.
        limit: Only positions below may be parents.
        encoded: Whether every text has to be encoded: then there are fewer.
    """
    rng = Random(_SEED)
    per_kind, few = (PER_KIND_ENCODED, FEW_VALUED_ENCODED) if encoded else (PER_KIND, FEW_VALUED)
    pool = _pool(corpus, originals, wordings, rng)
    rows: list[Query] = []
    by_split: dict[str, list[int]] = {}
    for n in pool:
        by_split.setdefault(split_of(corpus.texts[n]), []).append(n)
    for split, wanted in per_kind.items():
        kinds = {name: wanted for name, edit in EDITS.items() if split != "train" or not edit.held_out}
        rows += _made(corpus, by_split.get(split, []), kinds, wordings, split, rng)
    used = {row["original"] for row in rows}
    variants = [
        name
        for name, e in EDITS.items()
        if e.relation == "variant" and not e.held_out and name not in _ANSWERED_ANEW
    ]
    for split, wanted in few.items():
        of = [n for n in by_split.get(split, []) if n not in used and few_valued(corpus.answers[n])][
            : 2 * wanted
        ]
        made = _made(corpus, of, dict.fromkeys(variants, wanted // len(variants) + 1), wordings, split, rng)
        for row in made:
            corpus.answers[row["child"]] = corpus.answers[row["original"]]
            row["kind"] = EDITED[-1]
        rows += made
    return [{**row, "limit": limit} for row in rows]


def _pool(corpus: Corpus, originals: Sequence[int], wordings: dict[int, int], rng: Random) -> list[int]:
    """Originals in the order in which they are taken; at first four of ten have another wording."""
    fit = [n for n in originals if 40 <= len(corpus.texts[n]) <= _LONGEST and corpus.texts[n].isprintable()]
    told = [n for n in fit if n in wordings]
    plain = [n for n in fit if n not in wordings]
    for group in (told, plain):
        rng.shuffle(group)
    first = list(told) + plain[: len(told) * 3 // 2]
    rng.shuffle(first)
    return first + plain[len(told) * 3 // 2 :]


def _made(  # noqa: PLR0913, PLR0917  what all edits of a split share
    corpus: Corpus,
    originals: Iterable[int],
    kinds: dict[str, int],
    wordings: dict[int, int],
    split: str,
    rng: Random,
) -> list[Query]:
    """One edit of each original, of a kind that is still wanted."""
    left = dict(kinds)
    rows: list[Query] = []
    for original in originals:
        # Some kinds suit few texts: what is missing of them is not worth reading everything.
        if len(left) < 4 and len(rows) > sum(kinds.values()) * 0.95:
            break
        for name in sorted(left, key=lambda kind: -left[kind] * rng.random())[:10]:
            made = _one(corpus, original, name, wordings, rng)
            if made is None:
                continue
            text, relation, answer = made
            child = corpus.add(text, answer, "edited")
            rows.append(
                {"kind": name, "split": split, "relation": relation, "child": child, "original": original}
            )
            left[name] -= 1
            if not left[name]:
                del left[name]
            break
        if not left:
            break
    return rows


def _one(
    corpus: Corpus, original: int, name: str, wordings: dict[int, int], rng: Random
) -> tuple[str, str, str | None] | None:
    """Edited text, relation and answer; None where the edit cannot be made."""
    edit, answer = EDITS[name], corpus.answers[original]
    reworded = original in wordings and rng.random() < 0.7
    text, relation = corpus.texts[wordings[original] if reworded else original], edit.relation
    if not reworded and rng.random() < 0.35:
        again = rng.choice([first for first in _FIRST if first != name])
        before = EDITS[again].act(Given(text, answer, rng, halves()["train"]))
        # A name that only a sentence beside the point brought in is no name of the problem.
        if before is not None and (again, name) != ("distracted", "names exchanged"):
            text = before
            relation = "embedded" if relation == "same" and EDITS[again].relation == "embedded" else relation
    made = edit.act(Given(text, answer, rng, halves()[edit.half]))
    if made is None or made.split() in (text.split(), corpus.texts[original].split()):
        return None
    if name in _ANSWERED_ANEW:
        return made, relation, rng.choice([None, str(rng.randint(2, 90))])
    return made, relation, (_other_answer if relation == "variant" else _same_answer)(corpus, original, rng)


def _other_answer(corpus: Corpus, original: int, rng: Random) -> str | None:
    """What a changed problem has for an answer: often that of a problem near by, at times the same."""
    share = rng.random()
    if share < 0.2:
        return corpus.answers[original]
    if share < 0.5:
        return None
    near = [
        n for n in range(max(original - 40, 0), original + 40) if corpus.groups[n] == corpus.groups[original]
    ]
    return corpus.answers[rng.choice(near)]


def _same_answer(corpus: Corpus, original: int, rng: Random) -> str | None:
    """The answer, at times in another form, missing, or wrong."""
    answer, share = corpus.answers[original], rng.random()
    if share < 0.05:
        return corpus.answers[rng.choice(range(max(original - 40, 0), original + 40))]
    if share < 0.15:
        return None
    return other_form(answer, rng) if share < 0.3 else answer


def other_form(answer: str | None, rng: Random) -> str | None:
    """An answer as another dataset may write it."""
    if answer is None:
        return None
    if re.fullmatch(r"-?\d+", answer):
        return rng.choice(
            [f"{answer}.0", f"x = {answer}", f"${answer}$", f"\\boxed{{{answer}}}", f"{answer} units"]
        )
    plain = re.sub(r"\\[dt]?frac\{(-?\w+)\}\{(\w+)\}", r"\1/\2", answer)
    return plain if plain != answer else rng.choice([f"${answer}$", f"\\boxed{{{answer}}}", f"{answer}."])
