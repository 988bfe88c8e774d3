"""What kind of question it is: its language, its domain, and whether it offers options to choose from."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from rlvr_atlas.text.characters import ascii_words, change_at

#: Only so many characters are read: a question does not change its language or domain.
_READ = 1200

# --- language -----------------------------------------------------------------------------------------

#: Formulas, code, tags and links are no words.
_NO_WORDS = (
    r"(?s)\$\$.*?\$\$|\$[^$]*\$|\\\[.*?\\\]|\\\(.*?\\\)|\\[a-zA-Z]+\*?(?:\{[a-z*]*\})?|```.*?```|\[asy\].*?\[/asy\]"
    r"|https?://\S+|<[^>]{0,40}>"
)
#: Scripts and their languages: one with letters of its own stands before the one it shares a script with.
_SCRIPTS = (
    (r"\p{Han}|[\u{3040}-\u{30ff}]", (("ja", r"[\u{3040}-\u{30ff}]"), ("zh", r"\p{Han}"))),
    (r"\p{Hangul}", (("ko", r"\p{Hangul}"),)),
    (r"\p{Cyrillic}", (("uk", "[іїєґІЇЄҐ]"), ("ru", r"\p{Cyrillic}"))),
    (r"\p{Arabic}", (("fa", "[پچژگ]"), ("ar", r"\p{Arabic}"))),
    (r"\p{Hebrew}", (("he", r"\p{Hebrew}"),)),
    (r"\p{Thai}", (("th", r"\p{Thai}"),)),
    (r"\p{Devanagari}", (("hi", r"\p{Devanagari}"),)),
    (r"\p{Greek}", (("el", r"\p{Greek}{3}"),)),
)
#: Where other languages have the script too, the library is asked, and believed where it is sure.
_SHARED = ("ru", "uk", "ar", "fa", "hi")
#: With fewer letters a text is too short for the library, and with less confidence it is not sure.
_FEWEST_LETTERS, _CONFIDENCE = 12, 0.7
#: Numbers and signs, and single Latin letters, which are names of quantities.
_NO_LETTERS = re.compile(r"\b[a-z]\b|[\d!-&(-,./:-@\[-`{-~\s]+")


@cache
def _data() -> dict[str, dict[str, Any]]:
    """The lists of `traits.toml`."""
    return tomllib.loads(files("rlvr_atlas.text").joinpath("traits.toml").read_text("utf-8"))


@cache
def _domains() -> tuple[tuple[str, str], ...]:
    """Domain and one pattern that finds any of its forms in a text, in order."""
    return tuple(
        # In a group of its own, a form that ignores case does not make the next one do so.
        (name, ascii_words("|".join(f"(?:{form})" for form in forms)))
        for name, forms in _data()["text"].items()
    )


@cache
def _library() -> Any:  # noqa: ANN401  it is untyped
    """py3langid with the languages that are looked for; loading its model takes a moment."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True, min_confidence=_CONFIDENCE)
    library.set_languages(_data()["languages"]["known"].split())
    return library


def language(texts: pl.Series) -> pl.Series:
    """ISO 639-1 code of each text, "und" where it is unclear.

    English and scripts of one language are told by patterns, which are surer than a library on the few words
    between formulas (docs/benchmarks/languages.md); the library tells the rest.

    Args:
        texts: Canonical prompts (String).
    """
    words = words_of(texts)
    result = pl.Series(["und"]).new_from_index(0, len(texts))
    # Scripts other than Latin are rare, and each needs a look at every character.
    other = words.str.contains(r"[^\x00-\x{24f}\x{2000}-\x{2bff}]").arg_true()
    result = change_at(other, result, lambda _: _script(words.gather(other)))
    shared = result.is_in(_SHARED).arg_true()
    result = change_at(shared, result, lambda first: _by_library(words.gather(shared), first))
    left = (result == "und").arg_true()
    return change_at(left, result, lambda _: _by_words(words.gather(left))).alias("language")


def words_of(texts: pl.Series) -> pl.Series:
    """What is said at the beginning of each text between formulas and code, in lower case."""
    return texts.str.slice(0, _READ).str.replace_all(_NO_WORDS, " ").str.to_lowercase()


def _script(words: pl.Series) -> pl.Series:
    """The first language of the script that most characters are of, Latin apart."""
    latin = pl.col("words").str.count_matches(r"\p{Latin}{3,}")
    scripts = pl.coalesce(
        *(
            pl.when(
                (pl.col("words").str.count_matches(script) >= 2)
                & (pl.col("words").str.count_matches(script) >= latin)
            ).then(
                pl.coalesce(
                    *(
                        pl.when(pl.col("words").str.contains(own)).then(pl.lit(code))
                        for code, own in languages
                    )
                )
            )
            for script, languages in _SCRIPTS
        ),
        pl.lit("und"),
    )
    return words.to_frame("words").select(scripts).to_series()


def _by_words(words: pl.Series) -> pl.Series:
    """English where a quarter of the words are its commonest ones; else what the library says."""
    english = words.str.count_matches(rf"(?-u:\b)(?:{'|'.join(_data()['words']['en'].split())})(?-u:\b)")
    all_words = words.str.count_matches(r"\p{L}{2,}")
    result = pl.Series(["und"]).new_from_index(0, len(words)).set(english > 0, "en")
    rest = ((english * 4 < all_words) | (english < 2)).arg_true()
    return change_at(rest, result, lambda short: _by_library(words.gather(rest), short))


def _by_library(words: pl.Series, otherwise: pl.Series) -> pl.Series:
    """What the library says of texts with letters enough; `otherwise` where it is not sure."""
    identify = _library().classify
    found = []
    for text, default in zip(words, otherwise, strict=True):
        said = _NO_LETTERS.sub(" ", text)
        code = identify(said)[0] if sum(map(str.isalpha, said)) >= _FEWEST_LETTERS else "und"
        found.append(default if code == "und" else code)
    return pl.Series(found, dtype=pl.String)


# --- domain -------------------------------------------------------------------------------------------


def domain(questions: pl.DataFrame) -> pl.Series:
    """One of `schema.DOMAINS` for each question.

    The row's own word for its kind decides; where it says nothing known, the text does.

    Args:
        questions: Columns prompt and hint.
    """
    text, hint = pl.col("prompt").str.slice(0, _READ), pl.col("hint").str.to_lowercase()
    # A pattern takes time to be made even where there is nothing to find it in.
    hints = _data()["hints"] if questions["hint"].null_count() < questions.height else {}
    return questions.select(
        pl.coalesce(
            *(
                pl.when(hint.str.contains("|".join(parts))).then(pl.lit(name))
                for name, parts in hints.items()
            ),
            *(pl.when(text.str.contains(pattern)).then(pl.lit(name)) for name, pattern in _domains()),
            pl.lit("other"),
        ).alias("domain")
    ).to_series()


# --- multiple choice ----------------------------------------------------------------------------------


def _label(letter: str) -> str:
    return rf"(?:\(\s?{letter}\s?\)|[\s{{$~（]{letter}\s?[.)．、）])"


_OPTIONS = rf"(?s){_label('A')}.{{1,600}}?{_label('B')}.{{1,600}}?{_label('C')}.*$"
#: What is left of TeX before the first label: `$\textbf{`.
_LOOSE_END = (
    r"(?:[\s${~&]|\\(?:text|textbf|textit|textrm|mathrm|mathbf|rm|bf|qquad|quad|item|\[|\(|\\)"
    r"|\\begin\{[a-z]+\*?\})+$"
)
_ANY_LABEL = r"(?:\(\s?([A-J])\s?\)|([\s{$~（])([A-J])\s?[.)．、）])"


def stem(prompts: pl.Series) -> pl.Series:
    """The question without its options; null where it has none.

    Options are labels (A), (B), (C) or A. B. C. in order, however they are set in TeX. The last such run
    counts: a question may speak of "statements (A), (B) and (C)" before.

    Args:
        prompts: Canonical prompts (String).
    """
    none = pl.Series([None], dtype=pl.String).new_from_index(0, len(prompts))
    # The pattern for a whole run is large: it is made only for texts with a third label.
    labelled = prompts.str.contains(_label("C")).arg_true()
    return change_at(labelled, none, lambda _: _stem(prompts.gather(labelled))).alias("stem")


def _stem(prompts: pl.Series) -> pl.Series:
    stems = prompts.str.extract(rf"(?s)^(.*){_OPTIONS.removeprefix('(?s)')}", 1).str.replace(_LOOSE_END, "")
    # The points A, B, C of a drawing are no options.
    drawn = prompts.str.extract(_OPTIONS, 0).str.contains(r"\b(?:draw|dot|label)\(")
    return stems.set(drawn | ~stems.str.contains(r"[\p{L}\p{N}]"), None)


def relabel(prompts: pl.Series) -> pl.Series:
    """Options with one kind of label, " (A) ", for prompts that have a stem."""
    return prompts.str.replace_all(_ANY_LABEL, "${2} (${1}${3}) ")
