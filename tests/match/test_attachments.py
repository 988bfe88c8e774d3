"""What is attached to two problems: agreement, the pairs that are made, and the veto."""

import itertools
import random

import polars as pl
import pytest

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.match import match
from rlvr_atlas.match.attachments import paired
from rlvr_atlas.match.decide import Verdict, with_attachment, with_attachments
from rlvr_atlas.schema.attachments import agree, named, needed, optional

A, B, PATH = "image.content:aa", "image.content:bb", "image.name:aa"
BOTH, CODE, OTHER_CODE = f"database.id:11 {A}", "code.stub:cc", "code.stub:dd"


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (None, None, True),
        (A, A, True),
        (A, B, False),
        (A, None, None),
        (A, PATH, None),
        (BOTH, A, None),
        (BOTH, B, False),
        (CODE, None, True),
        (CODE, OTHER_CODE, False),
        (f"{CODE} {A}", A, True),
        (f"{CODE} {A}", f"{OTHER_CODE} {A}", False),
        (f"{CODE} {A}", None, None),
    ],
)
def test_agreement(left: str | None, right: str | None, expected: bool | None) -> None:
    assert agree(left, right) is expected
    assert agree(right, left) is expected


def test_what_is_needed_and_how_it_is_named() -> None:
    assert (needed(f"{CODE} {A}"), optional(f"{CODE} {A}")) == (A, CODE)
    assert (needed(CODE), optional(A), needed(None)) == (None, None, None)
    assert named("audio.name:1 image.content:2 image.id:3") == "audio, image"
    assert named(None) == ""


def test_the_veto() -> None:
    verdicts = pl.DataFrame(
        {"relation": ["reformatted"] * 3, "probability": [0.9, 0.9, 0.2], "agree": [True, None, None]}
    )
    verdicts = pl.concat([verdicts, verdicts[:1].with_columns(agree=pl.lit(value=False))])
    kept = with_attachments(verdicts)
    assert kept["probability"].to_list() == [0.9, 0.3, 0.2]
    assert "agree" not in kept.columns
    sure = Verdict("reworded", 0.9)
    assert with_attachment(sure, True) == sure
    assert with_attachment(sure, None) == Verdict("reworded", 0.3)
    assert with_attachment(sure, False) is None


def _problems(attachments: list[str | None]) -> pl.DataFrame:
    n = len(attachments)
    return pl.DataFrame(
        {"order": range(n), "skeleton": ["s", "t"] * (n // 2) + ["s"] * (n % 2), "attachments": attachments},
        schema_overrides={"attachments": pl.String},
    )


def test_pairs_that_agree_are_all_made_and_none_that_differs() -> None:
    draw = random.Random(5)
    values = [None, A, B, PATH, BOTH, CODE, OTHER_CODE, f"{CODE} {A}", f"{OTHER_CODE} {A}", "tools.content:1"]
    problems = _problems([draw.choice(values) for _ in range(60)])
    found = paired(problems, problems, "skeleton", "skeleton")
    made = {
        (left, right): agreed
        for left, right, agreed in found.select("order", "order_child", "agree").iter_rows()
    }
    assert len(made) == found.height
    lines = problems.rows(named=True)
    for left, right in itertools.product(lines, lines):
        pair = (left["order"], right["order"])
        agreed = agree(left["attachments"], right["attachments"])
        if left["skeleton"] != right["skeleton"] or agreed is False:
            assert pair not in made
        elif agreed:
            assert made[pair] is True
        elif pair in made:
            assert made[pair] is None
    unknown = {left for (left, _), agreed in made.items() if agreed is None}
    for one in lines:
        others = [two for two in lines if one["skeleton"] == two["skeleton"]]
        doubtful = any(agree(one["attachments"], two["attachments"]) is None for two in others)
        assert (one["order"] in unknown) is doubtful


def test_thousands_of_images_of_one_question_make_no_pairs() -> None:
    many = pl.DataFrame(
        {"skeleton": ["find x"] * 30_000, "attachments": [f"image.content:{n}" for n in range(30_000)]}
    )
    assert paired(many, many, "skeleton", "skeleton").height == 30_000  # each with itself


def test_without_attachments_all_pairs_are_made_in_the_order_of_a_join() -> None:
    problems = _problems([None] * 8)
    joined = problems.join(problems, on="skeleton", suffix="_child")
    assert paired(problems, problems, "skeleton", "skeleton").drop("agree").equals(joined)


def test_a_verdict_on_two_texts_holds_for_those_that_are_asked_of_the_same() -> None:
    texts = {
        "s": "Two ropes of 14 and 23 metres are tied end to end at the old harbour. How long is it in all?",
        "t": "Two ropes of 14 and 23 metres are tied end to end at that old harbour. How long is it in all?",
    }
    lines = [
        {
            "key": f"{name}{attached}",
            "skeleton": text.lower(),
            "prompt": text,
            "answer": "37",
            "attachments": attached,
            "first_dataset": dataset,
            "domain": "math",
            "language": "en",
            "stem": None,
        }
        for dataset, (name, text) in zip(("early", "late"), texts.items(), strict=True)
        for attached in (A, B, None)
    ]
    matched = match(pl.DataFrame(lines), MatchSettings(rewordings=False)).matches
    rows = matched.select("child", "parent", "probability").iter_rows()
    found = {(child[1:], parent[1:]): p for child, parent, p in rows}
    assert {pair for pair, p in found.items() if p > 0.5} == {(A, A), (B, B), ("None", "None")}
    assert {p for pair, p in found.items() if "None" in pair and pair != ("None", "None")} == {0.3}
    assert (A, B) not in found
    assert (B, A) not in found
