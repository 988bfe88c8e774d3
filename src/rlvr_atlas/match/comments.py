"""Comments that say what a function does, in Python, JavaScript, TypeScript, C, C++, Java and the like.

Canonical prompts have no line breaks, so that a comment of one line ends where code begins that can be
recognised: at the head of its function.
"""

from __future__ import annotations

import re
from itertools import islice

#: So many functions of a text are looked at, and so many characters before and after the head of each.
_MOST, _NEAR = 50, 4_000
#: The head of a function. Of a function of C its type comes first; statements such as `if (...) {` have none.
HEAD = re.compile(
    r"\bdef (?P<python>\w{1,80}) ?(?=\()"
    r"|\b(?:export |async ){0,3}function\*? (?P<script>\w{1,80}) ?"
    r"\([^{};]{0,300}?\)(?: ?: ?[^{};]{1,60})? ?\{"
    r"|\b(?:const|let|var) (?P<arrow>\w{1,80}) ?= ?(?:async )?"
    r"(?:function ?\([^(){};]{0,300}\) ?\{|\([^(){};]{0,300}\) ?=>|\w{1,80} ?=>)"
    r"|\b(?:(?:static|public|private|const|inline|unsigned|signed|long|short|struct) ){0,4}"
    r"(?!(?:else|return|new|case|goto|function|def)\b)[A-Za-z_][\w:]{0,60}(?:<[^(){};]{0,80}>)?(?:\[\])?"
    r"(?: ?[*&]{1,3} ?| )(?P<typed>(?!(?:if|for|while|switch|catch|main)\b)\w{1,80}) ?"
    r"\([^(){};]{0,300}\)(?: const)? ?\{"
)
#: What a comment of one line, or several of them, begins with: at the earliest behind the code before it.
_CODE_END = re.compile(r"[;}]|\*/|```\w*|#include ?[<\"][^>\"]{1,80}[>\"]|\bimport [\w.]+(?: as \w+)?")
_LINES = {"python": re.compile(r"# ?(?!include|define|pragma|if|endif)"), "c": re.compile(r"//+ ?")}
_BLOCK_AFTER = re.compile(r" ?/\*(?P<text>.*?)\*/")
_DOCSTRING = re.compile(r" ?r?(?P<quotes>\"\"\"|''')(?P<text>.*?)(?P=quotes)")
#: Lines after the head, up to the first statement.
_LINES_AFTER = re.compile(
    r" ?//(?P<text>.{1,2000}?)(?= (?:"
    r"(?:var|let|const|int|char|float|double|long|bool|size_t|string|auto|unsigned) [\w*]"
    r"|(?:if|for|while|switch) ?\(|return [^ ]{1,40};|[\w.\[\]]{1,60} ?[+*/-]?=(?![=>])"
    r"|[\w.]{1,60}\([^()]{0,80}\);)|\})"
)
#: What frames the text of a comment: stars at the beginning of each line, tags such as `@param {number}`.
_FRAME = re.compile(r"(?:^|(?<= ))(?:\*+|//+|#+)(?= |$)|@\w+ ?(?:\{[^}]{0,80}\})?")


def documentation(text: str) -> str:
    """What the comments before and at the beginning of each function say, without marks; empty for none.

    Args:
        text: A text in one line, which may hold code.
    """
    said = []
    for head in islice(HEAD.finditer(text), _MOST):
        language = "python" if head["python"] else "c"
        before = text[max(0, head.start() - _NEAR) : head.start()].rstrip()
        after = text[head.end() : head.end() + _NEAR]
        said += [_before(before, language), _docstring(after) if head["python"] else _after(after)]
    return _FRAME.sub("", " ".join(part for part in said if part)).strip()


def names(text: str) -> list[str]:
    """The functions that a text begins, in the order of the text."""
    return [str(head[head.lastgroup or 0]) for head in islice(HEAD.finditer(text), _MOST)]


def _before(text: str, language: str) -> str:
    if text.endswith("*/"):
        return text[text.rfind("/*", 0, -2) + 2 : -2]
    code = 0
    for found in _CODE_END.finditer(text):
        code = found.end()
    lines = _LINES[language].search(text, code)
    return _LINES[language].sub("", text[lines.start() :]) if lines else ""


def _docstring(text: str) -> str:
    body = text.find(":", text.find(")") + 1)
    found = _DOCSTRING.match(text, body + 1) if body >= 0 else None
    return found["text"] if found else ""


def _after(text: str) -> str:
    found = _BLOCK_AFTER.match(text) or _LINES_AFTER.match(text)
    return found["text"] if found else ""
