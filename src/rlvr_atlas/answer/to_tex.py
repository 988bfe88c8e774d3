r"""Cleaned text of an answer as TeX that math-verify reads as it is meant."""

from __future__ import annotations

import re

from rlvr_atlas.answer.tex import FUNCTIONS, LETTERS, NOTATION
from rlvr_atlas.answer.words import PLAIN, has_words

_SIGNS = {
    **{"⦃": r"\{", "⦄": r"\}", "↵": r"\\ ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "±": r"\pm "},
    **{"∞": r"\infty ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∅": r"\emptyset ", "*": r"\cdot "},
    "%": r"\%",
}
_TABLE = str.maketrans(_SIGNS)
#: Commands that math-verify reads; of others it drops some and guesses at some.
_READ = (FUNCTIONS | LETTERS) - {"ell", "hbar"} | frozenset(NOTATION["words"]["math_verify"].split())
_TEXT = re.compile(r"\\text ?\{ ?([^{}]*?) ?\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_PLAIN_FUNCTION = re.compile(
    rf"(?<![\\A-Za-z])(?:{'|'.join(sorted(FUNCTIONS, key=lambda name: (-len(name), name)))})(?![A-Za-z])"
)
_PLAIN_PI = re.compile(r"(?<![\\A-Za-z])pi(?![A-Za-z])")
_PLAIN_NAME = re.compile(rf"(?<![A-Za-z])(?<!\\)(?:{'|'.join(sorted(PLAIN))})(?![A-Za-z])")
#: sin 30, where the sign of the degree may have been left out.
_BARE_ANGLE = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc) ?(?:\^ ?\{? ?\d ?\}? ?)?[({]? ?\d{2,}(?![\d.]|\\pi)")
_ROOT = re.compile(r"(?<![\\A-Za-z])sqrt ?\(([^()]{1,60})\)")
_ANGLE = re.compile(
    r"(\\(?:sin|cos|tan|cot|sec|csc) ?(?:\^ ?\{? ?\d ?\}? ?)?)(?:\( ?|\{ ?)?([\d.]{1,12}) ?° ?[)}]?"
)


def to_tex(text: str) -> str | None:
    """TeX for math-verify.

    Args:
        text: Output of `tex.clean`.

    Returns:
        The text; None where it holds words, units or commands that math-verify would guess at.
    """
    text = _ROOT.sub(r"\\sqrt{\1}", text)
    text = _PLAIN_PI.sub(r"\\pi ", _PLAIN_FUNCTION.sub(lambda match: "\\" + match[0] + " ", text))
    text = _TEXT.sub(lambda match: match[1] if len(match[1]) == 1 else match[0], text)
    text = _ANGLE.sub(r"\1(\\frac{\2\\pi}{180})", text)
    if has_words(text) or _PLAIN_NAME.search(text) or _BARE_ANGLE.search(text):
        return None
    if any(name not in _READ for name in _COMMAND.findall(text)):
        return None
    text = text.translate(_TABLE)
    return text if text.isascii() else None
