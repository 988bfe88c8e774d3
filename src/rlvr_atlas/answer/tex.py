r"""One spelling for the many ways in which answers are typed: TeX, Unicode, plain text.

The spellings are data (`text/tex.toml`). Every substitution is a linear scan over bounded repeats, so hostile
text costs no more than its length.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from importlib import resources
from typing import Any

from rlvr_atlas.text import tex

#: Longer texts are prose or hostile; they are compared as text, not read as mathematics.
MAX_CHARS = 2000

#: Units, and words that answers are made of.
NOTATION: dict[str, Any] = tomllib.loads(
    resources.files("rlvr_atlas.answer").joinpath("notation.toml").read_text(encoding="utf-8")
)
FUNCTIONS, LETTERS, ACCENTS, _OTHERS = (
    frozenset(tex.group(name, "answers")) for name in ("functions", "letters", "accents", "others")
)
_VOCABULARY = FUNCTIONS | LETTERS | ACCENTS | _OTHERS
_COMMANDS = tex.commands("answers")
_SPELLINGS = tex.spellings("answers")
_ESCAPES = {text: kept for text, kept in _SPELLINGS.items() if text.startswith("\\")}
#: Groups of plain signs: <= and the like.
_GROUPS = {text: kept for text, kept in _SPELLINGS.items() if len(text) > 1 and text not in _ESCAPES}
_CHARACTERS = str.maketrans(
    {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full-width forms
    | tex.signs("answers")
    | {text: kept for text, kept in _SPELLINGS.items() if len(text) == 1}
)

#: What TeX escapes, kept apart from grouping braces and commands: \{ and \}, and \\ where a row ends.
OPEN_SET, CLOSE_SET, ROW_END = "⦃", "⦄", "↵"

_COMMAND = re.compile(r"\\([A-Za-z]+)\*?")
#: A backslash before a digit or a minus is what a careless unescaping left of a row end.
_ESCAPE = re.compile(r"\\(?=[-\d])|\\\\(?:\[[\d.]{1,6}\s?[a-z]{2}\])?|\\[^A-Za-z\\]")
_EMPTY_DELIMITER = re.compile(r"\\(?:left|right)\s{0,9}\.")
#: Inside a number: 1,\!000  1{,}000  1\,000  1\ 000
_GROUPED = re.compile(r"(?<=\d)(?:\{,\}|,\\!|\\,|\\ |\{\\,\})(?=\d{3}(?!\d))")
_BRACED_COMMA = re.compile(r"\{ ?, ?\}")
_DEGREE = re.compile(r"\^\s?\{?\s?(?:\\circ(?![A-Za-z])|°)\s?\}?|\\circ(?![A-Za-z])")
_PRIMES = re.compile(r"\^ ?\{ ?('(?: ?')*) ?\}|\^ ?(')")
#: \mathbf{1 0 8}, as scanned texts have it.
_SET_DIGITS = re.compile(r"\\text ?\{ ?(-? ?\d(?: ?[\d.])*) ?\}")
_SPACES = re.compile(r"\s+")


def tidy(text: str) -> str:
    """Drop control and invisible characters and collapse white space; everything else stays."""
    if not text.isprintable():
        text = "".join(
            " " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C"
        )
    return _SPACES.sub(" ", text).strip()


def clean(text: str) -> str:
    r"""Rewrite an answer in one spelling: one command per meaning, no sizes, no delimiters, ASCII digits.

    Args:
        text: Any text of at most `MAX_CHARS` characters.

    Returns:
        Text in which `\{` is `⦃`, `\\` is `↵`, `\$` is `¤`, and every font command is `\text`.
    """
    text = tidy(text).translate(_CHARACTERS)
    if "{" in text:
        text = _BRACED_COMMA.sub(",", _GROUPED.sub("", text)).replace("{}", " ")
    if "\\" in text:
        text = _EMPTY_DELIMITER.sub("", _GROUPED.sub("", text))
        text = _DEGREE.sub("°", text)
        text = _ESCAPE.sub(_escape, text)
        text = _COMMAND.sub(_command, text)
        text = _SET_DIGITS.sub(lambda match: match[1].replace(" ", ""), text)
        text = _PRIMES.sub(lambda match: (match[1] or match[2]).replace(" ", ""), text)
    text = text.replace("$", "").replace("**", "^").replace("^°", "°").replace("~", " ")
    for typed, sign in _GROUPS.items():
        text = text.replace(typed, sign)
    return _SPACES.sub(" ", text).lstrip(" ,;:").rstrip(f" .,;:\\{ROW_END}")


def _escape(match: re.Match[str]) -> str:
    if match[0] == "\\" or match[0].startswith("\\\\"):
        return ROW_END
    return _ESCAPES.get(match[0], " ")


def _command(match: re.Match[str]) -> str:
    name = match[1]
    if name in _COMMANDS or name in _VOCABULARY:
        return _COMMANDS.get(name, match[0])
    # Where spaces were lost, \cot x is \cotx: the longest known beginning is the command.
    for end in range(len(name) - 1, 1, -1):
        known = name[:end]
        if known in _COMMANDS or known in _VOCABULARY:
            return f"{_COMMANDS.get(known, chr(92) + known)} {name[end:]}"
    return match[0]
