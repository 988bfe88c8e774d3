r"""Formulas of prompts and answers, from TeX to MathML, which browsers typeset without a script or a font.

The converter's output is never trusted: it is built anew from a short list of elements and attributes, so
that no TeX (`\href`, `\style`, `\text{<b>}`) brings a link, a style or markup onto a page. A formula that
cannot be converted in full stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from rlvr_atlas.report.visible import visible_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Characters of a formula, and of a text that is searched for formulas; what is longer stays as it is.
LONGEST_FORMULA, LONGEST_TEXT = 1500, 20_000

_ENVIRONMENT = r"(?:equation|align|aligned|alignat|gather|gathered|split|array|cases|[pbvBV]?matrix)\*?"
# A dollar opens a formula only before, and closes one only after, something that is no space; no digit
# follows it. So "$5 and $6" is money. `\$` is a dollar sign everywhere.
_FORMULA = re.compile(
    rf"""
    \\\$
    | \$\$ (?P<shown>(?:\\.|[^$\\]){{1,{LONGEST_FORMULA}}}) \$\$
    | \\\[ (?P<square>.{{1,{LONGEST_FORMULA}}}?) \\\]
    | \\\( (?P<round>.{{1,{LONGEST_FORMULA}}}?) \\\)
    | (?P<whole>\\begin\{{(?P<name>{_ENVIRONMENT})\}} .{{1,{LONGEST_FORMULA}}}? \\end\{{(?P=name)\}})
    | \$ (?=[^\s$]) (?P<inline>(?:\\.|[^$\\]){{1,{LONGEST_FORMULA}}}) (?<!\s) \$ (?![\d$])
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = ("shown", "square", "round", "whole", "inline")
_COMMAND = re.compile(r"\\[A-Za-z]")
#: Two words that stand side by side outside `\text{...}`: a sentence, not a formula.
_SENTENCE = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,}\s+[A-Za-z]{2,}(?![^{}]*\})")
#: Commands that could make a formula grow without end, or that hide a part of it.
_REFUSED = re.compile(
    r"\\(?:[egx]?def|let|(?:re)?newcommand|providecommand|newenvironment|require|include|input|"
    r"[hv]?phantom|DeclareMathOperator)(?![A-Za-z])"
)

#: Elements of MathML that are kept, with how many children each must have; None for any number.
_ELEMENTS: dict[str, int | None] = {
    **dict.fromkeys(("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "msqrt", "mstyle", "mspace")),
    **dict.fromkeys(("mtable", "mtr", "mtd", "menclose")),
    **dict.fromkeys(("mfrac", "mroot", "msub", "msup", "mover", "munder"), 2),
    **dict.fromkeys(("msubsup", "munderover"), 3),
}
_WORD = re.compile(r"[a-z][a-z -]{0,39}")
#: From nothing to less than 10 em, so that no space pushes text out of view or over other text.
_SIZE = re.compile(r"\d?(?:\.\d{1,4})?(?:em|ex|pt|px)|0")
_ATTRIBUTES = {
    **dict.fromkeys(("stretchy", "fence", "form", "separator", "accent", "accentunder"), _WORD),
    **dict.fromkeys(("displaystyle", "movablelimits", "columnalign", "columnlines", "notation"), _WORD),
    "mathvariant": re.compile("normal"),
    "scriptlevel": re.compile(r"[+-]?[012]"),
    **dict.fromkeys(("linethickness", "minsize", "maxsize"), _SIZE),
}
_ENTITY = re.compile(r"&#x([0-9A-Fa-f]{2,6});")
#: What only says how a formula is spoken or where it may break.
_SILENT = dict.fromkeys((0x200B, 0x2061, 0x2062, 0x2063, 0x2064))


class _NotConvertedError(Exception):
    """A formula that cannot be shown in full."""


def typeset(text: str, *, bare: bool = False) -> Markup:
    r"""A text as HTML, its formulas as MathML.

    Formulas stand between `$`, `$$`, `\(` or `\[`, or are a displayed environment such as `align`. Formulas
    of more than `LONGEST_FORMULA` characters, and those behind the first `LONGEST_TEXT` of a text, stay TeX.

    Args:
        text: A prompt or an answer, of any origin.
        bare: Whether a text without any such sign, but with a command in it, is one formula, as answers are.

    Returns:
        Escaped HTML: text and `<math>` elements, nothing else. The same text gives the same bytes.
    """
    head, rest = text[:LONGEST_TEXT], text[LONGEST_TEXT:]
    if bare and _is_one_formula(text) and (whole := _mathml(text.strip(), display=False)) is not None:
        return whole
    return Markup("").join([*_parts(head), _plain(rest)])


def _is_one_formula(text: str) -> bool:
    if "$" in text or len(text) > LONGEST_FORMULA or not _COMMAND.search(text):
        return False
    return not (_FORMULA.search(text) or _SENTENCE.search(text))


def _parts(text: str) -> Iterator[Markup]:
    done = at = 0
    while (found := _FORMULA.search(text, at)) is not None:
        source = next(
            (found[name] for name in ("shown", "square", "round", "whole", "inline") if found[name]), ""
        )
        display = found["inline"] is None and found["round"] is None
        formula = None
        if source.strip() and not ("\n\n" in source and found["inline"]):
            formula = _mathml(source.strip(), display=display)
        if formula is None:
            # A dollar that opens nothing may stand before one that does.
            at = found.start() + 1 if found["inline"] and "\n\n" in source else found.end()
            continue
        yield _plain(text[done : found.start()])
        yield formula
        done = at = found.end()
    yield _plain(text[done:])


def _plain(text: str) -> Markup:
    return escape(visible_text(text))


@lru_cache(maxsize=8192)
def _mathml(source: str, *, display: bool) -> Markup | None:
    """A formula as `<math>`; None where it cannot be shown in full."""
    if _REFUSED.search(source):
        return None
    from latex2mathml.converter import Converter

    try:
        tree = Converter(display="block" if display else "inline").convert_to_element(source)
        inner = Markup("").join(map(_rebuilt, tree))
    except Exception:  # the converter raises its own errors, IndexError, RecursionError and others
        return None
    shape = Markup(' display="block"') if display else Markup("")
    return Markup('<math alttext="{}"{}>{}</math>').format(visible_text(source), shape, inner)


def _rebuilt(element: Element) -> Markup:
    """An element of the converter, of known elements and attributes only.

    Raises:
        _NotConvertedError: If something would be lost: an element, a child, or a command that is not known.
    """
    tag = "mrow" if element.tag == "mpadded" else element.tag
    wanted = _ELEMENTS.get(tag, -1)
    if wanted is not None and wanted != len(element):
        raise _NotConvertedError
    content = [_words(element.text, element.tag)]
    for child in element:
        content += [_rebuilt(child), _words(child.tail, "mtext")]
    named = {name: value for name, value in element.attrib.items() if _is_kept(tag, name, value)}
    attributes = Markup("").join(Markup(' {}="{}"').format(name, named[name]) for name in sorted(named))
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), attributes, Markup("").join(content))


def _is_kept(tag: str, name: str, value: str) -> bool:
    wanted = _SIZE if (tag, name) == ("mspace", "width") else _ATTRIBUTES.get(name)
    return wanted is not None and wanted.fullmatch(value) is not None


def _words(text: str | None, tag: str) -> Markup:
    shown = _ENTITY.sub(lambda found: chr(int(found[1], 16)), text or "").translate(_SILENT)
    if tag != "mtext" and _COMMAND.match(shown):
        raise _NotConvertedError
    return _plain(shown)
