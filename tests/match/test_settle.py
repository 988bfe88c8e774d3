"""One decision: whose verdict holds, what is sure enough for a leak, and that every threshold is read."""

import tomllib
from dataclasses import replace
from importlib.resources import files

import numpy as np
import polars as pl
import pytest

from rlvr_atlas.audit import audit
from rlvr_atlas.config import AuditSettings
from rlvr_atlas.encoder.model import DEFAULT_ENCODER
from rlvr_atlas.match import calibrations, decide
from rlvr_atlas.match.decide import PrintEvidence, Verdict, by_prints, by_wording, settle, with_vetoes
from rlvr_atlas.match.measure import measure
from rlvr_atlas.text.token_table import TokenTable

ONE = "a farmer fills 14 crates with 36 pumpkins each and sells 95 of them how many pumpkins are left"
SAME, VARIANT = Verdict("reworded", 0.9), Verdict("variant", 0.8)


def between(one, other, agree=None):
    return measure(TokenTable.of([one, other]), np.array([0]), np.array([1])).evidence(0, agree)


@pytest.mark.parametrize(
    ("wording", "classifier", "holds"),
    [
        (SAME, Verdict("reworded", 0.99), "wording"),
        (SAME, VARIANT, "wording"),
        (VARIANT, Verdict("reworded", 0.81), "classifier"),
        (VARIANT, Verdict("reworded", 0.79), "wording"),
        (VARIANT, Verdict("variant", 0.99), "wording"),
        (None, SAME, "classifier"),
        (None, VARIANT, "classifier"),
        (SAME, None, "wording"),
    ],
)
def test_whose_verdict_holds(wording, classifier, holds):
    settled = settle(wording, classifier, between(ONE, ONE + " today"))
    assert settled is {"wording": wording, "classifier": classifier}[holds]


def test_where_the_answers_agree_the_classifier_needs_less_to_overrule():
    sure, unsure = Verdict("reworded", 0.51), Verdict("reworded", 0.49)
    agreeing = between(ONE, ONE.replace("14", "15"), agree=True)
    assert settle(VARIANT, sure, agreeing) is sure
    assert settle(VARIANT, unsure, agreeing) is VARIANT


def test_variants_are_left_out_where_nobody_asked_for_them():
    evidence = between(ONE, ONE)
    assert settle(None, VARIANT, evidence, variants=False) is None
    assert settle(None, SAME, evidence, variants=False) is SAME


def test_a_changed_number_is_never_the_same_by_its_words():
    assert by_wording(between(ONE, ONE.replace("36", "38"))).relation == "variant"
    assert by_wording(between(ONE, ONE)).is_same


def test_names_that_are_not_exchanged_consistently_veto_the_classifier():
    evidence = replace(between(ONE, ONE + " today"), edge=False, part=False)
    assert with_vetoes(SAME, evidence) is SAME
    puzzle = (
        "on an island of knights and knaves where everybody lies or tells the truth {} is a knight unless {}"
        " is a knave and {} claims loudly that {} often lies while {} stays silent all evening"
    )
    ours, theirs = (puzzle.format(*names.split()) for names in ("ann ann bob bob ann", "cyd dee cyd dee cyd"))
    assert with_vetoes(SAME, between(ours, theirs)) is None


def test_a_text_inside_another_needs_no_probability():
    longer = f"{ONE} and how many crates are needed for these"
    assert with_vetoes(None, between(ONE, longer)).relation == "embedded"


def test_prints_are_decided_as_words_are_but_more_strictly():
    def one(**facts):
        given = {
            "likeness": 0.9,
            "length": 40,
            "same_content": True,
            "answers_differ": False,
            "told_by_words": False,
        }
        return by_prints(
            PrintEvidence(**{name: np.array([value]) for name, value in (given | facts).items()})
        )

    assert one()["reworded"].all()
    assert not one(likeness=0.79)["reworded"].any()
    assert not one(told_by_words=True)["reworded"].any()
    assert one(answers_differ=True)["variant"].all()
    assert one(same_content=False)["variant"].all()
    assert not one(same_content=False, length=5)["variant"].any()


@pytest.mark.parametrize(
    ("tier", "matched", "asked", "sure"),
    [
        ("lexical", 0.51, 0.5, True),
        ("semantic", 0.79, 0.5, False),
        ("semantic", 0.8, 0.5, True),
        ("semantic", 0.85, 0.9, False),
    ],
)
def test_what_a_search_found_must_be_surer_to_be_called_a_leak(tier, matched, asked, sure):
    frame = pl.DataFrame({"tier": [tier], "matched": [matched]})
    assert frame.select(decide.sure_enough_for_leak(asked)).item() is sure


@pytest.mark.parametrize(("probability", "leaks"), [(0.79, 0), (0.81, 1)])
def test_the_audit_uses_that_bar(probability, leaks):
    assert audit(_one_overlap(probability), AuditSettings()).leaks.height == leaks


def _one_overlap(probability):
    """A train row and a benchmark item that only the search for other wordings found."""
    keys = [f"{n:040x}" for n in range(2)]
    words = "the {} kettles of the {} harbour whistle {} times before {} tailors fold {} copper evenings each"
    texts = [words.format("eleven", "northern", 42, 17, 903), words.format("some", "southern", 42, 17, 903)]
    datasets = pl.DataFrame(
        {
            "dataset": ["item", "mine"],
            "role": ["benchmark", "train"],
            "rank": [0, 1],
            "released": pl.Series([None, None], dtype=pl.Date),
            "distinct_prompts": [1, 1],
            "derived_from": pl.Series([[], []], dtype=pl.List(pl.String)),
        }
    )
    none = pl.Series([None, None], dtype=pl.String)
    occurrences = pl.DataFrame({"key": keys, "dataset": ["item", "mine"], "row": [0, 0], "answer": none})
    columns = {"key": keys, "skeleton": texts, "stem": texts, "language": ["en", "en"]}
    instances = pl.DataFrame(columns).with_columns(attachments=pl.lit(None, pl.String), is_mcq=pl.lit(False))
    matches = pl.DataFrame(
        {
            "child": keys[1:],
            "parent": keys[:1],
            "relation": ["reworded"],
            "tier": ["semantic"],
            "probability": [probability],
        }
    )
    lineage = occurrences.with_columns(
        parent_dataset=none,
        parent_row=pl.lit(None, pl.Int64),
        root_dataset="dataset",
        root_row="row",
        atomic_source=none,
        relation=none,
    )
    skipped = pl.DataFrame(schema={"dataset": pl.String, "row": pl.Int64, "reason": pl.String})
    return {
        "datasets": datasets,
        "occurrences": occurrences,
        "instances": instances,
        "skipped_rows": skipped,
        "matches": matches,
        "lineage": lineage,
    }


# --- calibrations -----------------------------------------------------------------------------------------


def test_each_folder_of_calibrations_has_trees_and_a_card():
    folder = files("rlvr_atlas.match.calibrations")
    names = [entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name != "__pycache__"]
    assert sorted(names) == [DEFAULT_ENCODER, calibrations.NO_ENCODER]
    for name in names:
        told = calibrations.card(name)
        assert {"fitted_by", "date", "versions", "data", "measured"} <= set(told)
        assert set(told["measured"]) == {"recall", "precision"}
        assert calibrations.arrays(name, "trees.npz")["features"].size
    assert calibrations.metric(DEFAULT_ENCODER).shape == (384, 384)


@pytest.mark.parametrize("encoder", ["team/encoder", "../none", "none", "unheard-of"])
def test_another_encoder_only_suggests_candidates(encoder):
    assert not calibrations.calibrated_for(encoder)
    assert calibrations.metric(encoder) is None


def test_every_threshold_is_read_somewhere():
    text = files("rlvr_atlas.match.calibrations").joinpath("decision.toml").read_text(encoding="utf-8")
    package = files("rlvr_atlas")
    rooms = [*package.joinpath("match").iterdir(), *package.joinpath("fingerprints").iterdir()]
    code = "".join(room.read_text(encoding="utf-8") for room in rooms if room.name.endswith(".py"))
    unread = [name for values in tomllib.loads(text).values() for name in values if f'"{name}"' not in code]
    assert unread == []
