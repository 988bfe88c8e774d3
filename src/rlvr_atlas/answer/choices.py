"""Options of a question, and which of them its answer points to."""

from __future__ import annotations

import re

from rlvr_atlas.answer import compare
from rlvr_atlas.answer.read import read

_LABEL = re.compile(r"(?:^|\s)\(([A-J])\)(?=\s|$)")
#: TeX that sets options apart and belongs to none of them.
_LEADING = re.compile(r"^(?:[\s$~&}.,;:]|\\(?:quad|qquad|hspace\{[^}]*\}|item|\\| |,|;|!|\)|\]))+")
_TRAILING = re.compile(
    r"(?:[\s$~&.,;{]|\\(?:quad|qquad|hspace\{[^}]*\}|item|\\| |,|;|!|\(|\[|textbf|textit|textrm|text|mathrm"
    r"|mathbf|rm|bf|begin\{[a-z*]+\}|end\{[a-z*]+\}))+$"
)


def options_of(offered: str) -> dict[str, str] | None:
    """Letter -> text, for options labelled (A), (B), (C), ... in order, each with a text of its own.

    Args:
        offered: What follows the question, labels as `text.traits.relabel` writes them.
    """
    parts = _LABEL.split(offered)
    letters, texts = parts[1::2], [_bare(text) for text in parts[2::2]]
    if len(letters) < 2 or "".join(letters) != "ABCDEFGHIJ"[: len(letters)] or not all(texts):
        return None
    if any(text.count("{") != text.count("}") or text.count("$") % 2 for text in texts):
        return None
    return dict(zip(letters, texts, strict=True))


def chosen(answer: str, options: dict[str, str]) -> str | None:
    """The letter that the answer points to, by itself or by the option's text; None where it is not one.

    Args:
        answer: Output of `extract`.
        options: Letter -> text.
    """
    said = read(answer)
    letter = said.form if said.kind == "choice" else said.letter
    if letter:
        agrees = said.kind == "choice" or compare(answer, options.get(letter)) == "same"
        return letter if letter in options and agrees else None
    same = [name for name, text in options.items() if compare(answer, text) == "same"]
    return same[0] if len(same) == 1 else None


def _bare(text: str) -> str:
    """An option without the TeX around it."""
    text = _TRAILING.sub("", _LEADING.sub("", text))
    # The end of one formula that holds all options: "3}" of \textbf{(A)}\ 3}.
    return text.removesuffix("}") if text.count("}") == text.count("{") + 1 else text
