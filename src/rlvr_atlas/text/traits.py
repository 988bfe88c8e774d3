"""What kind of question it is: its language, its domain, and whether it offers options to choose from."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from rlvr_atlas.text.characters import change_at

#: Only so many characters are read: a question does not change its language or domain.
_READ = 1200

# --- language -----------------------------------------------------------------------------------------

#: Formulas, code, tags and links are no words.
_NO_WORDS = (
    r"(?s)\$\$.*?\$\$|\$[^$]*\$|\\\[.*?\\\]|\\\(.*?\\\)|\\[a-zA-Z]+\*?(?:\{[a-z*]*\})?|```.*?```|\[asy\].*?\[/asy\]"
    r"|https?://\S+|<[^>]{0,40}>"
)
#: Scripts of one language. A language with letters of its own stands before the one it shares a script with.
_SCRIPTS = (
    (r"\p{Han}|[\u{3040}-\u{30ff}]", (("ja", r"[\u{3040}-\u{30ff}]"), ("zh", r"\p{Han}"))),
    (r"\p{Hangul}", (("ko", r"\p{Hangul}"),)),
    (r"\p{Cyrillic}", (("uk", "[іїєґІЇЄҐ]"), ("ru", r"\p{Cyrillic}"))),
    (r"\p{Arabic}", (("fa", "[پچژگ]"), ("ar", r"\p{Arabic}"))),
    (r"\p{Hebrew}", (("he", r"\p{Hebrew}"),)),
    (r"\p{Thai}", (("th", r"\p{Thai}"),)),
    (r"\p{Devanagari}", (("hi", r"\p{Devanagari}"),)),
    (r"\p{Bengali}", (("bn", r"\p{Bengali}"),)),
    (r"\p{Greek}", (("el", r"\p{Greek}{3}"),)),
)


@cache
def _data() -> dict[str, dict[str, Any]]:
    """The lists of `traits.toml`. English comes first, and so wins where two languages have as many words."""
    return tomllib.loads(files("rlvr_atlas.text").joinpath("traits.toml").read_text("utf-8"))


def language(texts: pl.Series) -> pl.Series:
    """ISO 639-1 code of each text, "und" where it is unclear.

    Args:
        texts: Canonical prompts (String).
    """
    words = texts.str.slice(0, _READ).str.replace_all(_NO_WORDS, " ").str.to_lowercase()
    result = pl.Series(["und"]).new_from_index(0, len(texts))
    # Scripts other than Latin are rare, and each needs a look at every character.
    other = words.str.contains(r"[^\x00-\x{24f}\x{2000}-\x{2bff}]").arg_true()
    result = change_at(other, result, lambda _: _script(words.gather(other)))
    left = (result == "und").arg_true()
    return change_at(left, result, lambda _: _latin(words.gather(left))).alias("language")


def _script(words: pl.Series) -> pl.Series:
    """The language of the script that most characters are of, Latin apart."""
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


def _latin(words: pl.Series) -> pl.Series:
    """The language whose words occur most; English settles the many, the others compete for the rest."""
    listed = _data()["words"]
    pick = {code: rf"(?-u:\b)(?:{'|'.join(listed[code].split())})(?-u:\b)" for code in listed}
    english = words.str.count_matches(pick["en"])
    all_words = words.str.count_matches(r"\p{Latin}{2,}")
    sure = (english >= 2) & (english * 5 >= all_words)
    result = (
        pl.DataFrame({"sure": sure})
        .select(pl.when("sure").then(pl.lit("en")).otherwise(pl.lit("und")))
        .to_series()
    )
    rest = (~sure).arg_true()
    return change_at(rest, result, lambda _: _most(words.gather(rest), pick))


def _most(words: pl.Series, pick: dict[str, str]) -> pl.Series:
    """The language with most matches of its pattern; English where others have no more."""
    codes = list(pick)
    counts = pl.DataFrame({code: words.str.count_matches(pattern) for code, pattern in pick.items()})
    return counts.select(
        pl.when(pl.max_horizontal(codes[1:]) > pl.max_horizontal(pl.col("en"), 1))
        .then(
            pl.concat_list(codes)
            .list.arg_max()
            .replace_strict(dict(enumerate(codes)), return_dtype=pl.String)
        )
        .when(pl.col("en") > 0)
        .then(pl.lit("en"))
        .otherwise(pl.lit("und"))
    ).to_series()


# --- domain -------------------------------------------------------------------------------------------


def domain(questions: pl.DataFrame) -> pl.Series:
    """One of `schema.DOMAINS` for each question.

    The row's own word for its kind decides; where it says nothing known, the text does.

    Args:
        questions: Columns prompt and hint.
    """
    text, hint = pl.col("prompt").str.slice(0, _READ), pl.col("hint").str.to_lowercase()
    data = _data()
    return questions.select(
        pl.coalesce(
            *(
                pl.when(hint.str.contains("|".join(parts))).then(pl.lit(name))
                for name, parts in data["hints"].items()
            ),
            *(
                # In a group of its own, a form that ignores case does not make the next one do so.
                pl.when(text.str.contains("|".join(f"(?:{form})" for form in forms))).then(pl.lit(name))
                for name, forms in data["text"].items()
            ),
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
