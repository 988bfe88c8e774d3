"""The semantic tier in the whole of matching: what it searches, and what it leaves alone."""

import hashlib

import numpy as np
import polars as pl

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.match import match

TOLD = (
    "a farmer named olga fills 14 crates with 36 pumpkins each and sells 95 of the pumpkins at the harvest"
    " fair how many pumpkins does she have left"
)
RETOLD = (
    "at the harvest fair olga the farmer sold 95 pumpkins before that she had packed 14 crates holding 36"
    " pumpkins apiece determine the number of pumpkins that remain"
)
FILLER = [
    f"the number {n} is written {n % 7 + 2} times on the wall of house {n * n} in which street"
    for n in range(40)
]


def _instances(rows):
    """Rows of (text, answer, dataset)."""
    texts = [row[0] for row in rows]
    return pl.DataFrame(
        {
            "key": [hashlib.sha1(text.encode()).hexdigest() for text in texts],
            "skeleton": texts,
            "prompt": texts,
            "domain": "math",
            "language": "en",
            "stem": pl.Series([None] * len(rows), dtype=pl.String),
            "answer": pl.Series([row[1] for row in rows], dtype=pl.String),
            "first_dataset": [row[2] for row in rows],
            "attachments": pl.Series([None] * len(rows), dtype=pl.String),
        }
    )


def _relations(rows, **options):
    instances = _instances(rows)
    names = dict(zip(instances["key"], instances["prompt"], strict=True))
    matches = match(instances, MatchSettings(rewordings=True), **options).matches.filter(
        pl.col("tier") == "semantic"
    )
    return {
        (names[row["parent"]], names[row["child"]]): (row["relation"], row["probability"])
        for row in matches.iter_rows(named=True)
    }


def test_a_retold_problem_is_found_in_an_earlier_dataset():
    rows = [(TOLD, "409", "a"), *((text, None, "a") for text in FILLER), (RETOLD, "409", "b")]
    found = _relations(rows)
    assert found[TOLD, RETOLD][0] in ("reworded", "embedded")
    assert found[TOLD, RETOLD][1] > 0.5


def test_a_dataset_is_not_searched_for_its_own_rewordings():
    rows = [(TOLD, "409", "a"), *((text, None, "a") for text in FILLER), (RETOLD, "409", "a")]
    assert (TOLD, RETOLD) not in _relations(rows)


def test_what_an_earlier_tier_settled_is_not_searched_again():
    lightly = TOLD.replace("at the harvest fair", "in the harvest fair")
    rows = [(RETOLD, "409", "a"), (TOLD, "409", "b"), (lightly, "409", "c")]
    assert (RETOLD, lightly) not in _relations(rows)


def test_the_encoder_is_asked_once_for_every_text():
    asked = []

    def embed(keys, texts):
        asked.extend(texts)
        vectors = np.zeros((len(keys), 4), np.float16)
        vectors[:, 0] = 1
        return vectors

    rows = [(TOLD, "409", "a"), *((text, None, "a") for text in FILLER), (RETOLD, "409", "b")]
    found = _relations(rows, embed=embed)
    assert asked == [row[0] for row in rows]
    assert found[TOLD, RETOLD][1] > 0.5


def test_cosines_of_another_encoder_only_suggest_candidates():
    rng = np.random.default_rng(0)
    rows = [(TOLD, "409", "a"), *((text, None, "a") for text in FILLER), (RETOLD, "409", "b")]
    vectors = rng.normal(size=(len(rows), 8)).astype(np.float16)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    def probability(embed, **settings):
        found = match(_instances(rows), MatchSettings(rewordings=True, **settings), embed)
        return found.matches.filter(relation="reworded")["probability"].to_list(), found.limits

    without, _ = probability(None)
    other, limits = probability(lambda keys, texts: vectors, encoder="some/other-encoder")
    assert other == without != []
    assert any("some/other-encoder only suggested candidates" in limit for limit in limits)
    assert probability(lambda keys, texts: vectors)[0] != without


def test_members_of_large_families_are_searched_for_among_equal_numbers_only():
    numbers = [(n, n + 3, 2 * n + 40, n * 7 + 11) for n in range(100, 300)]
    told = (
        "Using the tiles {}, {} and {}, create an equation that equals {}. Use basic arithmetic operations."
    )
    retold = "Combine the numbers {}, {} and {} by the signs +, -, * and / so that the result is {}."
    rows = [(told.format(*four), str(four[3]), "a") for four in numbers]
    rows += [(retold.format(*four), str(four[3]), "b") for four in numbers[::2]]
    rows.sort(key=lambda row: row[2])
    matched = match(_instances(rows), MatchSettings(rewordings=True))
    assert any("templated problems were searched" in limit for limit in matched.limits)
    prompts = dict(_instances(rows).select("key", "prompt").iter_rows())
    same = matched.matches.filter(tier="semantic").filter(pl.col("relation") != "variant")
    pairs = {
        (prompts[parent], prompts[child]) for parent, child in same.select("parent", "child").iter_rows()
    }
    wanted = {(told.format(*four), retold.format(*four)) for four in numbers[::2]}
    assert pairs <= wanted
    assert len(pairs) >= 0.9 * len(wanted)


def test_the_verifier_overrules_the_rules_that_took_a_rewording_for_a_variant():
    told = "how many integers $x$ satisfy $|x| + 5 < 7$ and $|x - 3| > 2$"
    retold = "how many integers $x$ satisfy the following conditions 1 $|x| + 5 < 7$ 2 $|x - 3| > 2$"
    rows = [(told, "2", "a"), *((text, None, "a") for text in FILLER), (retold, "2", "b")]
    by_rules = match(_instances(rows), MatchSettings(rewordings=False)).matches
    assert by_rules.select("relation", "tier").rows() == [("variant", "lexical")]
    found = match(_instances(rows), MatchSettings(rewordings=True)).matches
    assert found["tier"].to_list() == ["semantic"]  # one verdict on the pair, not two
    assert found["relation"].item() in ("reworded", "embedded")


def test_the_cosines_of_an_encoder_of_english_do_not_count_for_other_languages():
    translated = (
        "olga bauer fuellt 14 kisten mit je 36 kuerbissen und verkauft 95 davon auf dem erntefest wie viele"
        " kuerbisse hat olga noch"
    )
    rows = [(TOLD, "409", "a"), *((text, None, "a") for text in FILLER), (translated, "409", "b")]
    vectors = np.eye(len(rows), dtype=np.float16)  # nothing is near anything

    def probability(language, embed):
        instances = _instances(rows).with_columns(
            language=pl.when(pl.col("first_dataset") == "b").then(pl.lit(language)).otherwise("language")
        )
        found = match(instances, MatchSettings(rewordings=True), embed).matches
        return found.filter(pl.col("relation") != "variant")["probability"].to_list()

    without = probability("de", None)
    assert without != []
    assert probability("de", lambda keys, texts: vectors) == without
    assert probability("en", lambda keys, texts: vectors) != without
