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

from rlvr_atlas.answer.dress import repair, undress
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
#: Names that TeX knows, so that none of them is split: \neg is not \ne and g.
_TEX_NAMES = _VOCABULARY.union(tex.commands("prompts"), NOTATION["words"]["tex_names"].split())
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
#: Inside a number: 1,\!000  1\,000  1\ 000
_GROUPED = re.compile(r"(?<=\d)(?:,\\! ?|\\,|\\ |\{\\,\})(?=\d{3}(?!\d))")
#: 1{,}000 is a thousand, 1{,}5 and 0{,}125 are decimals.
_COMMA_NUMBER = re.compile(r"(?<![\d.,}])(\d{1,20})((?:\{ ?, ?\}\d{1,20})+)(?![\d{])")
_BRACED_COMMA = re.compile(r"\{ ?, ?\}")
_DEGREE = re.compile(r"\^\s?\{?\s?(?:\\circ(?![A-Za-z])|°)\s?\}?|\\circ(?![A-Za-z])")
_PRIMES = re.compile(r"\^ ?\{ ?('(?: ?')*) ?\}|\^ ?(')")
#: \mathbf{1 0 8}, as scanned texts have it.
_SET_DIGITS = re.compile(r"\\text ?\{ ?(-? ?\d(?: ?[\d.])*) ?\}")
_BLACKBOARD = re.compile(r"\\(?:mathbb|Bbb) ?(?:\{ ?R ?\}|R(?![A-Za-z]))")
_RAISED, _LOWERED = tex.scripts()
_SCRIPT = re.compile(rf"([{''.join(map(re.escape, _RAISED))}]+)|([{''.join(map(re.escape, _LOWERED))}]+)")
#: A run of 0.333... that is three times the same or more; dots elsewhere stay.
_DOTS = re.compile(r"(\d{0,15})\.(\d{0,15}?)(\d{1,12}?)\3\3+(?:\.\.\.+|…|\\l?dots(?![A-Za-z]))")
_TWICE = re.compile(r"(\d{0,15})\.(\d{0,15}?)(\d{2,12}?)\3(?:\.\.\.+|…|\\l?dots(?![A-Za-z]))")
_IN_PARENTHESES = re.compile(r"(\d\.\d{0,20})\((\d{1,20})\)")
_DOTTED = re.compile(r"\\(?:dot|bar|overline) ?\{? ?(\d) ?\}?(?:(\d{0,20})\\dot ?\{? ?(\d) ?\}?)?")
_AFTER_POINT = re.compile(r"(\d\.\d{0,20})(\\(?:dot|bar)(?![A-Za-z]).{1,60})")
_SPACES = re.compile(r"\s+")


def tidy(text: str) -> str:
    """Repair lost escapes, drop control and invisible characters, collapse white space; all else stays."""
    if not text.isprintable():
        text = repair(text)
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
    text = undress(tidy(text))
    if not text.isascii():
        text = _SCRIPT.sub(_script, text)
    text = text.translate(_CHARACTERS)
    if "." in text and ("…" in text or ".." in text or "dot" in text or "(" in text or "\\" in text):
        text = _repeating(text)
    if "{" in text:
        text = _COMMA_NUMBER.sub(_comma_number, _BLACKBOARD.sub("ℝ", text))
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


def _script(match: re.Match[str]) -> str:
    sign, table = ("^", _RAISED) if match[1] else ("_", _LOWERED)
    plain = "".join(table[character] for character in match[0])
    return f"{sign}{plain}" if len(plain) == 1 else f"{sign}{{{plain}}}"


def _comma_number(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[2])
    if len(groups) > 1 or (len(groups[0]) == 3 and match[1].lstrip("0") and len(match[1]) <= 3):
        return match[1] + "".join(groups) if all(len(group) == 3 for group in groups) else match[0]
    return f"{match[1]}.{groups[0]}"


def _repeating(text: str) -> str:
    r"""The ways to write a repeating decimal as one: 0.(3), 0.333..., 0.\dot{3} are 0.\overline{3}."""
    text = _IN_PARENTHESES.sub(r"\1\\overline{\2}", text)
    if "…" in text or ".." in text or "dots" in text:
        text = _TWICE.sub(r"\1.\2\\overline{\3}", _DOTS.sub(r"\1.\2\\overline{\3}", text))
    if "\\dot" in text or "\\bar" in text:
        text = _AFTER_POINT.sub(lambda match: match[1] + _DOTTED.sub(_dotted, match[2]), text)
    return text


def _dotted(match: re.Match[str]) -> str:
    return f"\\overline{{{match[1]}{match[2] or ''}{match[3] or ''}}}"


def _escape(match: re.Match[str]) -> str:
    if match[0] == "\\" or match[0].startswith("\\\\"):
        return ROW_END
    return _ESCAPES.get(match[0], " ")


def _command(match: re.Match[str]) -> str:
    name = match[1]
    if name in _COMMANDS or name in _VOCABULARY:
        return _COMMANDS.get(name, match[0])
    if name in _TEX_NAMES:
        return match[0]
    # Where spaces were lost, \cot x is \cotx: the longest known beginning is the command.
    for end in range(len(name) - 1, 1, -1):
        known = name[:end]
        if known in _COMMANDS or known in _VOCABULARY:
            return f"{_COMMANDS.get(known, chr(92) + known)} {name[end:]}"
    return match[0]
