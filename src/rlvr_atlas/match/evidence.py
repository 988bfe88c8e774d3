"""Evidence: everything that was measured between two problem texts, before anything is concluded.

The tables keep it, so that a person can read why a pair was accepted, and thresholds can move without
comparing again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rlvr_atlas.text.token_table import TokenTable
from rlvr_atlas.text.tokens import LABELS, is_letters, lexicon

#: `changed` is for reading, not for computing; longer lists of words help nobody.
_SHOWN = 24
#: Texts this alike whose differing tokens are to this share repeated words are two puzzles of one template.
_ALIKE, _MOSTLY = 0.4, 0.6


@dataclass(frozen=True)
class Evidence:
    """What was measured between a parent and a child text.

    Attributes:
        lexical: Jaccard similarity of the token bags, function words left out, 0 to 1.
        masked: The same with all numbers masked: how alike the wording is, whatever the numbers.
        containment: Share of the shorter bag that the longer one holds.
        equal: Token for token the same text.
        edge: The shorter text is the beginning or the end of the longer one, token for token.
        part: The shorter text is the longer one without a stretch that asks something: one of its questions.
        length: Tokens of the shorter text.
        numbers_agree: The same numbers, in digits or words, each as often.
        number_set_agrees: The same numbers, however often.
        operators_agree: The same signs and TeX commands, each as often.
        order_agree: Numbers, signs and variables stand in the same order, or beside the same neighbours.
        variables_agree: The same variables up to a consistent renaming.
        names_agree: Words that differ and are repeated, such as names, are exchanged consistently.
        asks_agree: The same deciding words (largest/smallest, sum/product, ...).
        answers_agree: None where either answer is missing or cannot be judged.
        crowded: Either text has many neighbours in its own dataset: a template, where likeness says little.
        only_function_words: The same words in the same order but for such as "the" or "please".
        texts: Where the tokens of the two texts are,
        parent: and their positions.
        child: Likewise.
        cosine: Set by the semantic tier, None elsewhere.
        dataset_odds: What the child's dataset as a whole makes of the odds, see `dataset_prior`; likewise.
        statement: Of programming problems, `lexical` of the statements alone; None elsewhere, like the rest.
        signature_agrees: They ask for one function; None too where either names none.
        tests_shared: Share of the shorter list of tests that the other has; None too where one has none.
    """

    lexical: float
    masked: float
    containment: float
    equal: bool
    edge: bool
    part: bool
    length: int
    numbers_agree: bool
    number_set_agrees: bool
    operators_agree: bool
    order_agree: bool
    variables_agree: bool
    names_agree: bool
    asks_agree: bool
    answers_agree: bool | None
    only_function_words: bool
    texts: TokenTable = field(repr=False, compare=False)
    parent: int
    child: int
    crowded: bool = False
    cosine: float | None = None
    dataset_odds: float | None = None
    statement: float | None = None
    signature_agrees: bool | None = None
    tests_shared: float | None = None

    @cached_property
    def gone(self) -> Counter[str]:
        """Tokens that only the parent has, or has more often."""
        return _more(self.texts, self.parent, self.child)

    @cached_property
    def new(self) -> Counter[str]:
        """Tokens that only the child has, or has more often."""
        return _more(self.texts, self.child, self.parent)

    @property
    def same_content(self) -> bool:
        """Nothing that makes it another problem differs.

        Equal answers make up for order and repetition: a sum the other way round, a number said twice.
        """
        order = self.order_agree and self.numbers_agree
        lenient = self.answers_agree is True and self.number_set_agrees
        alike = self.operators_agree and self.variables_agree and self.names_agree and self.asks_agree
        return (order or lenient) and alike

    @property
    def other_statements(self) -> bool:
        """Alike, but mostly repeated words, such as names, differ, and are not exchanged consistently.

        Puzzles of one template are so: other people say other things about each other. Measured on validation
        pairs, 2 of 2,743 same problems are so, and 131 of the 151 wrong links that the demo had without this.
        """
        if self.names_agree or self.lexical < _ALIKE:
            return False
        repeated = sum(
            count
            for bag in (self.gone, self.new)
            for token, count in bag.items()
            if count > 1 and len(token) > 2 and is_letters(token)
        )
        return repeated >= _MOSTLY * max(self.gone.total() + self.new.total(), 1)

    @property
    def changed(self) -> str:
        """Tokens that differ, `-` for the parent's and `+` for the child's."""
        return _show(self.gone, self.new)

    def row(self) -> dict[str, Any]:
        """The columns of schema.EVIDENCE."""
        return {
            "cosine": self.cosine,
            "lexical": round(self.lexical, 4),
            "containment": round(self.containment, 4),
            "numbers_agree": self.numbers_agree,
            "operators_agree": self.operators_agree and self.order_agree and self.variables_agree,
            "asks_agree": self.asks_agree,
            "answers_agree": self.answers_agree,
            "dataset_odds": self.dataset_odds,
            "statement": self.statement,
            "signature_agrees": self.signature_agrees,
            "tests_shared": self.tests_shared,
            "images": None,  # texts have none; see `decide.with_likeness`
            "changed": self.changed,
        }


def is_part(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether one text is the other without a stretch that asks something: one of its questions."""
    if not left or not right or left[0] != right[0]:
        return False
    short, long = sorted((_unlabelled(left), _unlabelled(right)), key=len)
    head = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    rest = len(short) - head
    if len(short) == len(long) or short[head:] != long[len(long) - rest :]:
        return False
    asking = lexicon().questions
    return any(token in asking for token in long[head : len(long) - rest])


def _unlabelled(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Without the letters that number questions, as in "(a) Find ..."."""
    return tuple(token for token in tokens if token not in LABELS)


def _more(texts: TokenTable, one: int, other: int) -> Counter[str]:
    """Tokens that one text has more often than another, and how many more, in the order of the text."""
    left, right = (Counter(texts.row(text).tolist()) for text in (one, other))
    unlike = {token for token, _ in left.items() - right.items()}  # few, where texts are alike
    more = ((token, count - right[token]) for token, count in left.items() if token in unlike)
    return Counter({texts.vocabulary[token]: count for token, count in more if count > 0})


def _show(gone: Counter[str], new: Counter[str]) -> str:
    marks = [f"-{token}" for token in gone.elements()] + [f"+{token}" for token in new.elements()]
    more = f" … {len(marks) - _SHOWN} more" if len(marks) > _SHOWN else ""
    return " ".join(marks[:_SHOWN]) + more
