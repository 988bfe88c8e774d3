r"""What stands round an answer and says nothing: Markdown, HTML, colours; escapes that were doubled or lost.

Every pattern is a linear scan over bounded repeats.
"""

from __future__ import annotations

import html
import re

from rlvr_atlas.text import tex

#: A backslash and a letter that were read as one control character: "\frac" is a form feed and "rac".
_CONTROLS = {
    "\x07": r"\a",
    "\x08": r"\b",
    "\x0b": r"\v",
    "\x0c": r"\f",
    "\t": r"\t",
    "\n": r"\n",
    "\r": r"\r",
}
_LOST = re.compile(
    r"[\x07\x08\x0b\x0c](?=[a-z])"
    r"|\t(?=(?:imes|heta|ext[a-z]{0,6}|d?frac|riangle|ilde|an|au|o)(?![a-z]))"
    r"|\n(?=(?:eq|abla|otin|u)(?![a-z]))"
    r"|\r(?=(?:ight|angle|floor|ceil|brace|vert|ho|m)(?![a-z]))"
)
#: Commands whose backslash is gone, where what follows shows that they are one.
_BARE = re.compile(
    r"(?<![\\A-Za-z])(?:(?P<arguments>[dtc]?frac|text[a-z]{0,2}|math[a-z]{2,4}|boxed|overline)(?= ?\{)"
    r"|(?P<size>left|right)(?= ?\\?[()\[\]{}|])|(?P<fraction>rac(?= ?\{)))"
)

_RUN = re.compile(r"\\{2,8}(?=([A-Za-z]+)|[{}%$#&_,;!()\[\]])")
_DOUBLED = re.compile(r"\\\\(?=[{}%$#])")
_SINGLE = re.compile(r"(?<!\\)\\(?:\\\\){0,4}(?=[A-Za-z])")
_NAMES = (
    frozenset(tex.commands("answers"))
    | frozenset(tex.commands("prompts"))
    | {
        name
        for group in ("functions", "letters", "accents", "others", "gaps")
        for name in tex.group(group, "answers")
    }
)

#: Commands that go with their first argument: \color{red}, \hspace{1cm}; of \textcolor{red}{5} the 5 stays.
_GAPS = re.compile(
    rf"\\(?:{'|'.join(sorted(tex.group('gaps', 'answers'), key=len, reverse=True))})(?![A-Za-z])\*?"
    r"\s?(?:\[[^\[\]]{0,40}\])?\s?\{[^{}]{0,60}\}|\\fcolorbox\s?\{[^{}]{0,40}\}\s?\{[^{}]{0,40}\}"
)

#: {\rm cm} and \rm{cm}, as old TeX has it, are text; round digits they change nothing.
_FONT = re.compile(
    r"\{ ?\\(?:rm|bf|it|sf|tt|sl)(?![A-Za-z]) ?(?=[A-Za-z])([^{}\\]{1,60})\}"
    r"|\\(?:rm|bf|it|sf|tt|sl) ?(?=\{ ?[A-Za-z])"
)
#: \textcolor{red}{3}\textcolor{blue}{5} is 35, as it is set.
_SIDE_BY_SIDE = re.compile(r"(?<![A-Za-z\]}_^\s\d])\{(\d{1,20})\}\{(\d{1,20})\}")
#: The whole answer between \\( and \\).
_DISPLAYED = re.compile(r"\\\\([(\[])(.*)\\\\[)\]]", re.S)

_FENCE = re.compile(r"^```[A-Za-z]{0,12}\s|```")
_CODE = re.compile(r"`([^`]{1,500})`")
#: A mark starts where a word may start and ends where one may end: 2**3 is a power.
_BOLD = re.compile(r"(?<![\w)\]}*])(\*{2,3}|__)(?=[^\s*_])([^*\n]{1,500}?)(?<=[^\s*_])\1(?![\w(*])")
_ITALIC = re.compile(r"\*(?=[^\s*])([^*\n]{1,500})(?<=[^\s*])\*|_(?=[^\s_])([^_\n]{1,500})(?<=[^\s_])_")
_TAG = re.compile(
    r"</?(?:b|i|u|s|em|strong|span|font|div|p|code|mark|small|big|center|a|math)(?:\s[^<>]{0,120})?/?>", re.I
)
_SCRIPT = re.compile(r"<su([pb])>([^<>]{1,60})</su\1>", re.I)
_BREAK = re.compile(r"<br\s?/?>", re.I)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}[0-9]{0,2}|#\d{1,6});")


def repair(text: str) -> str:
    r"""Put back backslashes that were read as escapes: a form feed and "rac" are `\frac`."""
    return _LOST.sub(lambda match: _CONTROLS[match[0]], text) if _LOST.search(text) else text


def undress(text: str) -> str:
    """Take off Markdown, HTML, colours and doubled backslashes.

    Args:
        text: An answer as it stands, control characters repaired or gone.

    Returns:
        The answer alone, still TeX.
    """
    if "`" in text:
        text = _CODE.sub(r"\1", _FENCE.sub("", text).strip())
    if "**" in text or "__" in text:
        text = _BOLD.sub(r"\2", _BOLD.sub(r"\2", text))
    if text[:1] in ("*", "_") and (match := _ITALIC.fullmatch(text)):
        text = match[1] or match[2]
    if "<" in text and (">" in text):
        text = _BREAK.sub(" ", _SCRIPT.sub(lambda m: f"{'^' if m[1] in 'pP' else '_'}{{{m[2]}}}", text))
        text = _TAG.sub("", text) if "</" in text else text
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    if "{" in text or "left" in text:
        text = _BARE.sub(_bare, text)
    if "\\" in text:
        text = _GAPS.sub("", _halve(text) if "\\\\" in text else text)
        text = _FONT.sub(
            lambda match: rf"\text{{{match[1]}}}" if match[1] else r"\text",
            _SIDE_BY_SIDE.sub(r"{\1\2}", text),
        )
    return text


def _bare(match: re.Match[str]) -> str:
    # Where the form feed is lost too, \frac is "rac".
    return "\\f" + match[0] if match["fraction"] else "\\" + match[0]


def _halve(text: str) -> str:
    r"""One backslash where two or four stand before a command.

    Where every command has them doubled, so have the ends of rows. Where only some have, `\\` is the end of a
    row inside a matrix, and a doubled backslash elsewhere.
    """
    if match := _DISPLAYED.fullmatch(text):
        text = match[2]
    runs = list(_RUN.finditer(text))
    if not any(match[1] and _known(match[1]) for match in runs):
        return text if "\\begin" in text else _DOUBLED.sub("\\\\", text)
    if not _SINGLE.search(text):
        while "\\\\" in text and any(match[1] and _known(match[1]) for match in _RUN.finditer(text)):
            text = text.replace("\\\\", "\\")
        return text
    if "\\begin" in text:
        return text
    return _RUN.sub(lambda match: "\\" if match[1] and _known(match[1]) else match[0], text)


def _known(name: str) -> bool:
    return len(name) > 1 and name in _NAMES
