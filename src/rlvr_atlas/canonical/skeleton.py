"""Skeletons: one spelling for texts that differ only in notation.

TeX spellings, delimiters, sizes, spacing, punctuation, quotes, dashes and case are unified; every number,
letter and operator stays, so equal skeletons mean the same problem, reformatted. The spellings are data
(`text/tex.toml`); the order of the steps is here. A skeleton is for comparing, not for reading.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import cache

import polars as pl

from rlvr_atlas.text import tex
from rlvr_atlas.text.characters import change_at

#: Ends every TeX command while commands are told apart, so that `\le` is not found in `\left`.
_END = "\x01"
#: A point inside a number, while all other points go; an underscore, while it must not count as a letter.
_POINT, _LOW = "\x02", "\x03"
#: Around a single letter.
_LETTER = "\x04"
#: What the table turns every kind of \frac into.
_FRACTION = "\x05"
#: After an equals sign that stays.
_KEPT = "\x10"
#: Brackets that stand for the braces of an argument.
_OPEN, _CLOSE = "\x0e", "\x0f"

_FONTS, _FUNCTIONS, _LETTERS, _GAPS, _LAYOUT = (
    "|".join(tex.group(name, "prompts")) for name in ("fonts", "functions", "letters", "gaps", "layout")
)

#: Before compatibility forms are folded (NFKC), which would make raised and lowered digits plain ones.
_NOT_ASCII: tuple[tuple[str, str], ...] = (
    (r"[⁰¹²³⁴-⁹⁺⁻⁼⁽⁾ⁱⁿ]+", "^{$0}"),
    (r"[₀-₉₊₋₌₍₎ₐ-ₜᵢᵣᵤ]+", "_{$0}"),
    (r"[¼-¾⅐-⅞]", " $0"),
)
_FRACTION_SLASH = (r"(\d+)\u{2044}(\d+)", "$1/$2 ")

_BEFORE_COMMANDS: tuple[tuple[str, str], ...] = (
    # Thousands in TeX: 1,\!000 and 1{,}000 and 1\,000; twice, because neighbours share a digit.
    (r"(\d)(?:,?\\[,!;:]|\{,\}|,\\!)(\d{3})\b", "$1$2"),
    (r"(\d)(?:,?\\[,!;:]|\{,\}|,\\!)(\d{3})\b", "$1$2"),
)
_MARK_COMMANDS: tuple[tuple[str, str], ...] = (
    # A line break that was escaped once too often: no TeX command begins like this.
    (r"(?:\\n)+([^a-z]|$)", " $1"),
    # The star of these is spelling; after any other command it is a product.
    (r"(\\(?:operatorname|[hv]space|tag))\*", "${1}"),
    (r"(\\[a-zA-Z]+)", f"${{1}}{_END}"),
)
_COMMANDS: tuple[tuple[str, str], ...] = (
    (rf"\\begin{_END}\s*\{{(?:array|tabular)\*?\}}\s*(?:\[\w*\])?\s*(?:\{{[^{{}}]*\}})?", " "),
    (rf"\\(?:begin|end){_END}\s*\{{(?:{_LAYOUT})\*?\}}", " "),
    (rf"\\begin{_END}\s*\{{(\w+)\*?\}}", rf" \$1{_END}"),
    (rf"\\end{_END}\s*\{{\w+\*?\}}", " "),
    (rf"\\(?:{_GAPS}){_END}(?:\s*\[[^\]]*\])?\s*\{{[^{{}}]*\}}", " "),
    (rf"\\p?mod{_END}\s*\{{([^{{}}]*)\}}", " (mod $1)"),
    (rf"\\pmod{_END}\s*(\w)", " (mod $1)"),
    (rf"\\(?:{_FONTS}){_END}\s*\{{([^{{}}]*)\}}", " $1 "),
    (rf"\\(?:{_FONTS}){_END}\s*\{{([^{{}}]*)\}}", " $1 "),
    (rf"\\not{_END}\s*=", "≠"),
    (rf"\\f?boxed{_END}\s*\{{\s*\}}", " "),
)
#: Fractions whose arguments are not in braces, and arguments that are empty.
_ARGUMENTS: tuple[tuple[str, str], ...] = (
    (r"(?:[\^_]\s*\{\s*\})+", " "),
    (r"\{\s*([a-zA-Z])\s*\}\s*([\^_])", "$1$2"),
    (rf"(\\(?:{_LETTERS}))\s*\{{([^{{}}]*)\}}", "$1 $2 "),
    (rf"(?-u:\b)({_FUNCTIONS})\s*\{{\s*([^{{}}]*)\}}", "$1 $2 "),
    (rf"({_FRACTION}|\\binom)\s*([0-9a-zA-Z])\s*([0-9a-zA-Z])", "$1{$2}{$3}"),
    (rf"({_FRACTION}|\\binom)\s*([0-9a-zA-Z]|\\[a-zA-Z]+)\s*([{{\\])", "$1{$2}$3"),
    (rf"({_FRACTION}|\\binom)\s*(\\[a-zA-Z]+)\s*([0-9a-zA-Z])", "$1{$2}{$3}"),
    (r"\^\s*(?:∘|\{\s*(?:∘|°)\s*\})", "°"),
    (r"'\s+'", "''"),
    (r"\^\s*\{\s*('+)\s*\}|\^\s*('+)", "$1$2"),
    (r"\^\s*\{?\s*(th|st|nd|rd)\b\s*\}?", "$1"),
    # The bar over a segment is left out as often as not.
    (r"\\bar\s*\{\s*([A-Z])\s*([A-Z])\s*\}", " $1$2 "),
)
#: Around a single sign, letter (with its index), number or command no bracket is needed.
_SINGLE = (
    rf"{_OPEN}\s*([^\s{_OPEN}{_CLOSE}\\]|-?\d+(?:\.\d+)?|-?\\?[a-zA-Z]|(?:[a-zA-Z]|\\[a-zA-Z]+)(?:\s*_\s*(?:[a-zA-Z]|\d+))?)"
    rf"\s*{_CLOSE}",
    " $1 ",
)
#: From the innermost group outwards: arguments become brackets, a fraction becomes a quotient.
_LINES: tuple[tuple[str, str], ...] = (
    (r"\{\s*\{([^{}]*)\}\s*\}", "{$1}"),
    (r"\\binom\s*\{([^{}]*)\}\s*\{([^{}]*)\}", rf"\binom{_OPEN}$1{_CLOSE}{_OPEN}$2{_CLOSE}"),
    (r"([\^_]|\\[a-zA-Z]+\s*(?:\[[^\]]*\])?)\s*\{([^{}]*)\}", f"$1{_OPEN}$2{_CLOSE}"),
    _SINGLE,
    (rf"({_FRACTION}\s*\{{[^{{}}]*\}})\s*([0-9a-zA-Z]|\\[a-zA-Z]+)", "$1{$2}"),
    # A numerator that is a product needs no brackets, a denominator does.
    (rf"{_FRACTION}\s*\{{([\w .'^\\]+)\}}\s*\{{([^{{}}]*)\}}", f" $1/{_OPEN}$2{_CLOSE} "),
    (rf"{_FRACTION}\s*\{{([^{{}}]*)\}}\s*\{{([^{{}}]*)\}}", f" {_OPEN}$1{_CLOSE}/{_OPEN}$2{_CLOSE} "),
    _SINGLE,
    # Other braces are not seen in print.
    (rf"([^{_FRACTION}\^_}}\]a-zA-Z\s])\s*\{{([^{{}}]*)\}}", "$1 $2 "),
)
_BRACKETS: tuple[tuple[str, str], ...] = (
    (_OPEN, "("),
    (_CLOSE, ")"),
    (r"\{\s*(\([^{}()]*\)|[^\s{}\\]|\d+|\\[a-zA-Z]+)?\s*\}", " $1 "),
    (r"⦃", "{"),
    (r"⦄", "}"),
    (r"&\s*([=<>≤≥≠≡≈])", "$1"),
)
_GROUP = r"\((?:[^()]|\([^()]*\))*\)"
#: P = (1, 2) declares the point that P(1, 2) does. Two letters may be a pair or an interval, and what is
#: in brackets a condition, as in P(X=(1, 2)).
_POINTS = (
    (r"([A-Z]'{0,2}\s*=)(\s*\(\s*[a-zA-Z]\s*,\s*[a-zA-Z]\s*\))", f"$1{_KEPT}$2"),
    (r"(=)(\s*\([^()]*\)[\s$]*(?:(?:be|is|as|an?|the|open|real)\s+){0,4}interval)", f"$1{_KEPT}$2"),
    (
        r"(^|[^\p{L}\p{N}'()\[\]{}])([A-Z]'{0,2})"
        rf"\s*=\s*(\((?:[^(),=]|{_GROUP})+,(?:[^()=]|{_GROUP})+\))",
        "$1$2$3",
    ),
    (_KEPT, ""),
)
#: How deep groups are nested, at most, for their brackets to be unified.
_DEPTH = 12
_PLAIN: tuple[tuple[str, str], ...] = (
    # 1,000 in a sentence, not in (1,000) or {1,100}: those are pairs and sets.
    (r"(^|[^0-9a-z.,(\[{_^])([1-9]\d{0,2}),(\d{3}),(\d{3})\b", "$1$2$3$4"),
    (r"(^|[^0-9a-z.,(\[{_^])([1-9]\d{0,2}),(\d{3})\b", "$1$2$3"),
    (r"\.(\d)", f"{_POINT}$1"),
    (rf"(^|\D){_POINT}", f"${{1}}0{_POINT}"),
    (r"(\d)([a-z])", "$1 $2"),
    (r"([a-z])(\d)", "$1 $2"),
    (r"-(th|st|nd|rd)(?-u:\b)", " $1"),
    (r"(?-u:\b)([a-z])th(?-u:\b)", "$1 th"),
    # `$A B$` and `$AB$` look the same; words have more than one letter.
    (r"(?-u:\b)([a-z])(?-u:\b)", f"{_LETTER}$1{_LETTER}"),
    (rf"{_LETTER} +{_LETTER}", ""),
    (_LETTER, ""),
    (r"(\d)\s*:\s*(\d)", "${1}∶$2"),
    (r"\( *mod ([^()]*)\)", " mod $1 "),
    (r" n't\b", "n't"),
    (r"(^|[\s(])'{1,2} ?([^'\s][^']{0,80}?) ?'{1,2}($|[\s.,?!)])", "$1$2$3"),
    (r"(^|[\s(])[*_]([a-z][^*_]{0,80})[*_]($|[\s.,?!)])", "$1$2$3"),
    (r"[^\p{L}\p{M}\p{N}\p{S}\x02\x03,+\-*/%!'|()\[\]{}#@&\\…⌊⌋⌈⌉⟨⟩]+", " "),
    # A comma between words is punctuation; between two things of mathematics it separates them.
    (r" *, *", ","),
    (r"([a-z]{2}|\p{Han}),+", "$1 "),
    (r",+([a-z]{2}|\p{Han})", " $1"),
    (r"\x03{2,}|#{2,}|\*{2,}|-{3,}|\( ?\)", " "),
    (r" {2,}", " "),
    (r" +([^\p{L}\p{M}\p{N} ]) *|([^\p{L}\p{M}\p{N} \\]) +", "$1$2"),
    (r" *(\p{Han}) *", "$1"),
    (r",+$|^[, ]+", ""),
)


#: Languages in which a comma stands before decimals, and points set thousands apart.
_DECIMAL_COMMA = (
    "es", "fr", "de", "it", "pt", "nl", "sv", "da", "no", "fi", "pl", "cs",
    "sk", "hu", "ro", "hr", "tr", "vi", "id", "ru", "uk", "bg", "sr", "el",
)  # fmt: skip
_POINT_OR_COMMA = r"\d[.,]\d"
_POINTS_AND_COMMAS = (
    (r"(^|[^\d.,])([1-9]\d{0,2})\.(\d{3})\.(\d{2}0)($|[^\d])", "$1$2$3$4$5"),
    (r"(^|[^\d.,])([1-9]\d{0,2})\.(\d{2}0)($|[^\d])", "$1$2$3$4"),
    (r"(^|[^\d.,(\[{;])(\d{1,9}),(\d{1,2})($|[^\d,)\]};])", "$1$2.$3$4"),
)


@cache
def _digits() -> dict[str, str]:
    """Digits of other scripts and those of ASCII; NFKC changes only the full-width ones."""
    every = map(chr, range(0x80, sys.maxunicode + 1))
    digits = {sign: str(unicodedata.decimal(sign)) for sign in every if unicodedata.category(sign) == "Nd"}
    return {**digits, "٫": ".", "٬": ","}


@cache
def _tables() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """What to replace by what: signs, escapes and groups of signs, commands (each with its end mark)."""
    commands = {f"\\{name}{_END}": kept for name, kept in tex.commands("prompts").items()}
    return tex.signs("prompts"), tex.spellings("prompts"), commands


def skeleton(texts: pl.Series) -> pl.Series:
    """The skeleton of each text.

    Args:
        texts: Canonical prompts (String); null counts as empty.

    Returns:
        As many skeletons (String), in the same order.
    """
    signs, escapes, commands = _tables()
    texts = texts.fill_null("")
    other = texts.str.contains(r"[^\x00-\x7f]").arg_true()
    texts = change_at(other, texts, lambda signed: _fold(signed, signs))
    texts = _replace(texts, _BEFORE_COMMANDS).str.replace_many(escapes, leftmost=True)
    tex = texts.str.contains(r"\\[a-zA-Z]|[{}^⦃⦄]").arg_true()
    texts = change_at(tex, texts, lambda written: _untex(written, commands))
    points = texts.str.contains(r"[A-Z]'{0,2}\s*=\s*\(").arg_true()
    texts = change_at(points, texts, lambda declared: _replace(declared, _POINTS))
    texts = _replace(texts.str.to_lowercase().str.replace_all("_", _LOW, literal=True), _PLAIN)
    return texts.str.replace_many({_POINT: ".", _LOW: "_"}).str.strip_chars().alias("skeleton")


def has_points(texts: pl.Series) -> pl.Series:
    """Places of the texts with a point or a comma between digits, which languages write differently."""
    return texts.str.contains(_POINT_OR_COMMA).arg_true()


def with_points(texts: pl.Series, languages: pl.Series) -> pl.Series:
    """Numbers as English writes them: 80.000 as 80000 and 3,5 as 3.5, where the language writes them so.

    Points are taken out where the last group ends in 0: 3.125 may be a decimal all the same.

    Args:
        texts: Canonical prompts (String).
        languages: Of the texts, see `text.traits.language`.
    """
    written = languages.is_in(_DECIMAL_COMMA) & texts.str.contains(_POINT_OR_COMMA)
    return change_at(written.arg_true(), texts, lambda numbers: _replace(numbers, _POINTS_AND_COMMAS))


def _fold(texts: pl.Series, signs: dict[str, str]) -> pl.Series:
    texts = _replace(texts, _NOT_ASCII).str.replace_many(signs, leftmost=True)
    written = texts.str.contains(r"[\p{Nd}--[0-9]]").arg_true()  # in the digits of another script
    texts = change_at(written, texts, lambda digits: digits.str.replace_many(_digits()))
    return texts.str.normalize("NFKC").str.replace_all(*_FRACTION_SLASH)


def _untex(texts: pl.Series, commands: dict[str, str]) -> pl.Series:
    texts = _replace(_replace(texts, _MARK_COMMANDS), _COMMANDS).str.replace_many(commands, leftmost=True)
    texts = _replace(texts.str.replace_all(_END, " ", literal=True), _ARGUMENTS)
    for _ in range(_DEPTH):
        grouped = texts.str.contains("{", literal=True).arg_true()
        if grouped.is_empty():
            break
        texts = change_at(grouped, texts, lambda nested: _replace(nested, _LINES))
    return _replace(texts, _BRACKETS).str.replace_all(_FRACTION, "\\frac ", literal=True)


def _replace(texts: pl.Series, steps: tuple[tuple[str, str], ...]) -> pl.Series:
    # One plan for all steps: a call for each would cost a single text more than the replacing itself.
    result = pl.first()
    for pattern, replacement in steps:
        result = result.str.replace_all(pattern, replacement)
    return texts.to_frame().select(result).to_series()
