"""Facts of the real corpus, found by plain text comparison, seen again in canonical form."""

import json
import random
import string
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from rlvr_atlas.canonical import canonicalise, infer, infer_templates, skeleton
from rlvr_atlas.config import Adapter, DatasetSpec
from rlvr_atlas.load import open_dataset
from rlvr_atlas.schema import TEMPLATES, empty

pytestmark = pytest.mark.real

# fmt: off
USED = [
    "deepscaler_fastcurl", "deepscaler_spurious_levels", "deepscaler10k_datacentric", "deepscaler_math_part",
    "deepscaler_aime_part", "math7500_corewarding", "math7500_decs", "math7500_repo_flat",
    "math7500_rlvr_decomposed", "dapo14k_corewarding", "dapo17k_svs", "gsm8k_oat", "gsm8k_test",
    "omni_math_num500", "math_test", "simplerl_math8k_limr", "limr", "math500_atlas", "math500_oat_chatml",
    "math500_orz", "math500_still_entropy", "aime24_dapo", "countdown10k_datacentric", "kk5_logicrl",
    "zebra_datacentric", "tal_scq5k_en_train", "aqua", "cmath",
]
# fmt: on


@pytest.fixture(scope="module")
def rows(real_data: Path) -> pl.DataFrame:
    """Loaded rows of the datasets used here."""
    entries = {entry["id"]: entry for entry in json.loads((real_data / "manifest.json").read_text("utf-8"))}
    specs = [DatasetSpec(id=name, path=entries[name]["files"]) for name in USED]
    return pl.concat([batch for spec in specs for batch in open_dataset(spec, real_data).batches()])


@pytest.fixture(scope="module")
def templates(rows: pl.DataFrame) -> pl.DataFrame:
    parts = rows.partition_by("dataset", maintain_order=True)
    return pl.concat([infer_templates(part, Adapter()) for part in parts])


@pytest.fixture(scope="module")
def corpus(rows: pl.DataFrame, templates: pl.DataFrame) -> pl.DataFrame:
    return canonicalise(rows, templates)


def distinct(corpus: pl.DataFrame, dataset: str, column: str = "prompt") -> set[str]:
    return set(corpus.filter(pl.col("dataset").str.starts_with(dataset))[column])


def held(corpus: pl.DataFrame, child: str, parents: Iterable[str]) -> int:
    """Rows of `child` whose skeleton is in one of `parents`."""
    known = corpus.filter(pl.col("dataset").is_in(list(parents)))["skeleton"].unique()
    return corpus.filter(pl.col("dataset") == child)["skeleton"].is_in(known.implode()).sum()


def test_two_copies_of_deepscaler_share_their_problems(corpus):
    shared = distinct(corpus, "deepscaler_fastcurl") & distinct(corpus, "deepscaler_spurious_levels")
    assert len(shared) >= 38_605


def test_four_copies_of_math_train_are_the_same(corpus):
    names = ["corewarding", "decs", "repo_flat", "rlvr_decomposed"]
    copies = [distinct(corpus, f"math7500_{name}") for name in names]
    assert all(copy == copies[0] for copy in copies)
    assert len(copies[0]) >= 7_498


def test_dapo14k_lies_within_dapo17k(corpus):
    assert distinct(corpus, "dapo14k_corewarding") <= distinct(corpus, "dapo17k_svs")


def test_every_copy_of_math500_is_math500(corpus):
    atlas = distinct(corpus, "math500_atlas", "skeleton")
    for copy in ("math500_oat_chatml", "math500_still_entropy", "math500_orz"):
        assert atlas <= distinct(corpus, copy, "skeleton")


def test_leaks_known_by_plain_text_are_found(corpus):
    assert distinct(corpus, "gsm8k_test") <= distinct(corpus, "gsm8k_oat")
    deepscaler = [name for name in USED if name.startswith("deepscaler_")]
    assert held(corpus, "omni_math_num500", deepscaler) >= 492
    assert held(corpus, "math_test", ["dapo17k_svs"]) >= 972
    assert held(corpus, "simplerl_math8k_limr", ["math_test"]) >= 2_935
    assert held(corpus, "limr", ["math_test"]) >= 500
    assert held(corpus, "simplerl_math8k_limr", ["math500_atlas"]) == 0


def test_a_problem_repeated_32_times_is_one(corpus):
    assert len(distinct(corpus, "aime24_dapo")) == 30


@pytest.mark.parametrize(
    ("dataset", "begins"),
    [
        ("countdown10k_datacentric", "Using the numbers ["),
        ("kk5_logicrl", "A very special island"),
    ],
)
def test_puzzles_of_one_form_keep_it(corpus, templates, dataset, begins):
    questions = corpus.filter(pl.col("dataset") == dataset)
    assert questions["prompt"].str.starts_with(begins).all()
    assert questions["skeleton"].n_unique() >= 0.97 * questions["question"].n_unique()
    kept = templates.filter((pl.col("dataset") == dataset) & (pl.col("origin") == "kept"))
    assert kept["text"].str.starts_with(begins).any()


def test_no_wrapping_is_left(corpus):
    left = (
        r"(?i)<\|im_|<think>|(?:think|reason) step by step|within \\boxed\{\}|conversation between user and"
    )
    assert corpus.filter(pl.col("prompt").str.contains(left)).height == 0


def test_templates_are_inferred_where_none_is_known(rows, corpus, monkeypatch):
    monkeypatch.setattr(infer, "known_rules", lambda: ())
    expected = {
        "aime24_dapo": 1.0,
        "deepscaler10k_datacentric": 0.99,
        "math500_oat_chatml": 1.0,
        "kk5_logicrl": 1.0,
    }
    for name, share in expected.items():
        part = rows.filter(pl.col("dataset") == name)
        found = infer_templates(part, Adapter())
        monkeypatch.setattr("rlvr_atlas.canonical.known_rules", lambda: ())
        bare = canonicalise(part, found)["prompt"]
        assert (bare == corpus.filter(pl.col("dataset") == name)["prompt"]).mean() >= share


def test_a_changed_digit_or_operator_is_seen_in_real_problems(corpus):
    chance = random.Random(0)
    kinds = (string.digits, "+-*/=<>")
    prompts = corpus["prompt"].unique(maintain_order=True)
    # Widths of gaps and the columns of tables are layout.
    prompts = prompts.filter(~prompts.str.contains(r"\\[hv]space|\\tag|\\begin"))
    pairs = []
    for text in prompts.sample(3_000, seed=0):
        places = [i for i, sign in enumerate(text) if any(sign in kind for kind in kinds)]
        if places:
            place = chance.choice(places)
            kind = next(kind for kind in kinds if text[place] in kind)
            other = chance.choice([sign for sign in kind if sign != text[place]])
            pairs.append((text, text[:place] + other + text[place + 1 :]))
    left, right = (skeleton(pl.Series(side)) for side in zip(*pairs, strict=True))
    assert (left == right).sum() == 0


def test_traits(corpus):
    def share(dataset: str, column: str, value: object) -> float:
        return (corpus.filter(pl.col("dataset") == dataset)[column] == value).mean()

    assert share("cmath", "language", "zh") == 1.0
    assert share("gsm8k_test", "language", "en") == 1.0
    assert 0.15 < share("dapo17k_svs", "language", "zh") < 0.25
    for dataset in ("tal_scq5k_en_train", "aqua"):
        assert share(dataset, "is_mcq", True) == 1.0
    assert share("gsm8k_test", "is_mcq", False) == 1.0
    assert share("gsm8k_test", "domain", "math") >= 0.99
    assert share("kk5_logicrl", "domain", "logic") == share("zebra_datacentric", "domain", "logic") == 1.0


def test_one_question_alone_needs_no_dataset(rows):
    wrapped = rows.filter(pl.col("dataset") == "zebra_datacentric").head(1)
    prompt = canonicalise(wrapped, empty(TEMPLATES))["prompt"][0]
    assert "conversation" not in prompt
    assert "json format" not in prompt
