"""The one decision: from evidence to a relation and a probability, for every command.

`run`, `explain`, `check`, the re-audit of `curate` and the text-free index all end here. Three kinds of
evidence lead to a verdict, and `settle` chooses between the first two:

    by_wording     words that are alike: hard vetoes (a number, sign, ask or name differs), then likeness, and
                   whether the words that differ matter (`same_by_words`)
    by_classifier  pairs that a search found: calibrated probabilities, times what the dataset prior tells
    by_prints      no text at hand, only what an index holds

A problem is its text and what it is asked of, so that `with_attachments` has the last word on every verdict.

Thresholds are data: `calibrations/decision.toml`, each with its reason. No verdict is not "different".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.match import calibrations
from rlvr_atlas.schema import SAME_PROBLEM, Relation
from rlvr_atlas.schema.attachments import LOOK, likeness

if TYPE_CHECKING:
    from rlvr_atlas.match.classifier import Classifier
    from rlvr_atlas.match.evidence import Evidence

Floats = NDArray[np.float64]

_WORDING = calibrations.thresholds()["wording"]
_CLASSIFIER = calibrations.thresholds()["classifier"]
_PRINTS = calibrations.thresholds()["prints"]
_LEAK = calibrations.thresholds()["leak"]
_ATTACHMENTS = calibrations.thresholds()["attachments"]
#: No dataset prior makes more of a pair that is less likely than this.
POSSIBLE = _CLASSIFIER["possible"]


@dataclass(frozen=True)
class Verdict:
    """A relation and how sure it is."""

    relation: Relation
    probability: float

    @property
    def is_same(self) -> bool:
        """Whether it says "the same problem"."""
        return self.relation in SAME_PROBLEM


# --- two texts whose words are alike --------------------------------------------------------------------


def by_wording(evidence: Evidence, p_same: float | None = None) -> Verdict | None:
    """Decide by the words of two texts; None where they do not decide.

    Strict where a mistake would call a renumbered problem the same: what differs in a number, a sign, an ask
    or a name (`Evidence.same_content`) is never the same problem by its wording alone.

    Args:
        evidence: Between the two texts.
        p_same: Of texts that are `alike`, how likely they are the same problem, see `same_by_words`; None
            where nobody asked.
    """
    template = evidence.masked >= _WORDING["template"] and evidence.length >= _WORDING["phrase"]
    if p_same is not None:
        if p_same >= _CLASSIFIER["likely"]:
            return Verdict("reworded", round(p_same, 4))
        return Verdict("variant", round(1 - p_same, 4)) if template else None
    same = _same_by_wording(evidence)
    if same is not None:
        return same
    other_answer = evidence.answers_agree is False
    if template and (other_answer or not evidence.same_content):
        return Verdict("variant", _WORDING["p_variant_other_answer" if other_answer else "p_variant"])
    return None


def alike(evidence: Evidence) -> bool:
    """Whether only words differ, and few of them: whether these matter is for `same_by_words` to say."""
    verdict = _same_by_wording(evidence)
    return verdict is not None and verdict.relation == "reworded" and evidence.answers_agree is not False


def same_by_words(features: Floats, model: Classifier) -> Floats:
    """How likely texts that are `alike` are the same problem, shape (n,).

    One other word may ask for another thing: an altitude, a median. Which words make no difference was learnt
    from copies in the wild, which words do from edits of real texts.

    Args:
        features: (n, len(FEATURES)) of each pair; what only a search knows is not looked at.
        model: The classifier.
    """
    return np.asarray(model.probability("alike", features))


def _same_by_wording(evidence: Evidence) -> Verdict | None:
    answers = evidence.answers_agree
    if evidence.equal:
        return Verdict("reformatted", _WORDING["p_equal_other_answer" if answers is False else "p_equal"])
    if (inside := contained(evidence)) is not None:
        return inside
    if not evidence.same_content:
        return None
    if answers is False:
        # The same content in the same words with two answers: far more often a wrong gold answer than
        # another problem.
        alike = evidence.only_function_words
        return Verdict("reworded", _WORDING["p_function_words"]) if alike else None
    if evidence.lexical >= _least_alike(evidence):
        return Verdict("reworded", _WORDING["p_alike_with_answer" if answers else "p_alike"])
    return None


def contained(evidence: Evidence) -> Verdict | None:
    """`embedded` where one text holds the other word for word, or all of it but another question."""
    least = "part_with_answer" if evidence.answers_agree else "phrase" if evidence.part else "part"
    # Equal texts were one, were the options of one of them not left out.
    long_enough = evidence.equal or evidence.length >= _WORDING[least]
    if not (evidence.edge or evidence.part) or not long_enough:
        return None
    # A whole problem that another answer was asked of ("... give m + n") is still in the text.
    told = {True: "p_inside_with_answer", None: "p_inside", False: "p_inside_other_answer"}
    return Verdict("embedded", _WORDING[told[evidence.answers_agree]])


def _least_alike(evidence: Evidence) -> float:
    if evidence.crowded:
        return _WORDING["crowded"]
    if evidence.answers_agree:
        return _WORDING["alike_with_answer"]
    return float(_for_length(_WORDING["alike"], evidence.length))


def _for_length(alike: float, length: NDArray[Any] | float) -> Floats | float:
    """Of a short text more must be alike: one other word weighs more in it."""
    return alike + (1 - alike) * np.maximum(0.0, 1 - length / _WORDING["short"])


# --- two texts that a search found ------------------------------------------------------------------------


def worth_comparing(
    searched: Floats, model: Classifier, *, in_derived_dataset: float = 1.0
) -> NDArray[np.bool_]:
    """Which candidates may be the same problem or a variant, by what retrieval knows of them, shape (n,).

    Args:
        searched: (n, len(SEARCHED)), see `retrieval`.
        model: The classifier; its screen decides.
        in_derived_dataset: A pair may be this many times less likely where the originals of its dataset are
            known.
    """
    return np.asarray(model.probability("screen", searched) >= model.least_likely / in_derived_dataset)


def estimate(features: Floats, model: Classifier) -> Floats:
    """What each pair may be, before the dataset prior: calibrated probabilities, shape (n, 3).

    They are: the same problem; a variant, if it is not the same; one text holds the other, if it is the same
    (0 where it can hardly be).

    Args:
        features: (n, len(FEATURES)) of each pair.
        model: The classifier.
    """
    estimated = np.zeros((len(features), 3))
    estimated[:, 0] = model.probability("same", features)
    estimated[:, 1] = model.probability("variant", features)
    # Whether one holds the other is only asked where they may be the same.
    possible = estimated[:, 0] >= POSSIBLE
    estimated[possible, 2] = model.probability("embedded", features[possible])
    return estimated


def by_classifier(estimated: Floats, factors: Floats) -> list[Verdict | None]:
    """Decide what each pair is by probabilities alone; None where the two are unrelated.

    Args:
        estimated: (n, 3), see `estimate`.
        factors: (n,) what the odds of the same problem are multiplied by, see `dataset_prior`.
    """
    same = factors * estimated[:, 0] / (factors * estimated[:, 0] + 1 - estimated[:, 0])
    variant = (1 - same) * estimated[:, 1]
    embedded = estimated[:, 2] >= _CLASSIFIER["likely"]
    verdicts: list[Verdict | None] = []
    for p_same, p_variant, inside in zip(same.tolist(), variant.tolist(), embedded.tolist(), strict=True):
        if p_variant >= _CLASSIFIER["likely"]:
            verdicts.append(Verdict("variant", round(p_variant, 4)))
        elif p_same >= _CLASSIFIER["doubtful"]:
            verdicts.append(Verdict("embedded" if inside else "reworded", round(p_same, 4)))
        else:
            verdicts.append(None)
    return verdicts


def in_other_words(p_same: float) -> Verdict | None:
    """`reworded` where that is likely enough to be kept, if only for a person to decide.

    Args:
        p_same: How likely two programming problems are the same.
    """
    return Verdict("reworded", round(p_same, 4)) if p_same >= _CLASSIFIER["doubtful"] else None


def with_vetoes(verdict: Verdict | None, evidence: Evidence) -> Verdict | None:
    """The classifier's verdict on one pair, with what needs no probability.

    Puzzles of one template whose names are not exchanged consistently are never the same problem; a text that
    stands in the other word for word is inside it.
    """
    if verdict is not None and verdict.is_same and evidence.other_statements:
        verdict = None
    inside = contained(evidence)
    if inside is None or (verdict and verdict.is_same and verdict.probability >= inside.probability):
        return verdict
    return inside


# --- both -----------------------------------------------------------------------------------------------


def settle(
    wording: Verdict | None, classifier: Verdict | None, evidence: Evidence, *, variants: bool = True
) -> Verdict | None:
    """One verdict for a pair of which the words and the classifier may each have said something.

    The words overrule the classifier, except where they only saw a variant: they call so whatever is alike
    and differs in a number, an operator or an ask, also where it is told in other words. Of 111 pairs of the
    train and validation splits that the classifier then called the same problem, 108 were (counted by hand).

    Args:
        wording: By `by_wording`.
        classifier: By `by_classifier` and `with_vetoes`.
        evidence: Between the two texts.
        variants: Whether variants are reported.
    """
    if classifier is None:
        return wording
    if wording is None:
        return classifier if classifier.is_same or variants else None
    least = _CLASSIFIER["overrules_with_answer" if evidence.answers_agree else "overrules"]
    overruled = wording.relation == "variant" and classifier.is_same and classifier.probability >= least
    return classifier if overruled else wording


# --- no text at hand --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PrintEvidence:
    """What an index can tell of n pairs of a row and an item.

    Attributes:
        likeness: (n,) estimated likeness of the words, numbers masked.
        length: (n,) tokens of the shorter text.
        same_content: (n,) equal numbers, signs, variables, asks and negations, by their hash.
        answers_differ: (n,) both answers are known and their classes differ.
        told_by_words: (n,) so few numbers and variables that the content tells hardly anything.
    """

    likeness: Floats
    length: NDArray[Any]
    same_content: NDArray[np.bool_]
    answers_differ: NDArray[np.bool_]
    told_by_words: NDArray[np.bool_]


def by_prints(evidence: PrintEvidence) -> Mapping[str, NDArray[np.bool_]]:
    """Decide as `by_wording` does, as far as prints can tell.

    Returns:
        Masks (n,) `reworded` and `variant`; neither where nothing can be told.
    """
    same = evidence.same_content & ~evidence.answers_differ
    needed = _for_length(_PRINTS["alike"], evidence.length)
    needed = np.where(evidence.told_by_words, np.maximum(needed, _PRINTS["alike_in_words"]), needed)
    variant = ~same & (evidence.likeness >= _WORDING["template"]) & (evidence.length >= _WORDING["phrase"])
    return {"reworded": same & (evidence.likeness >= needed), "variant": variant}


# --- what the problems are asked of beside their text -------------------------------------------------------


def with_attachments(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The hard veto of what is attached: images, tables, a database, ...; see `schema.attachments.agree`.

    Questions such as "Find x." or "How many are there?" are asked of thousands of images and databases in the
    same words. Where what they are asked of differs, words prove nothing, not even a variant. Where it is
    known of one side only, the two may be the same, but nobody is accused of that.

    Args:
        verdicts: relation, probability, and `agree` (Boolean; null where it is not known).

    Returns:
        The verdicts that hold, without `agree`.
    """
    agree, p = pl.col("agree"), pl.col("probability")
    most = pl.when(agree.is_null()).then(_ATTACHMENTS["p_unknown"]).otherwise(1.0)
    kept = verdicts.filter(agree.is_null() | agree)
    return kept.with_columns(probability=pl.min_horizontal(p, most)).drop("agree")


def with_attachment(verdict: Verdict, agree: bool | None) -> Verdict | None:
    """The same for one verdict."""
    if agree is None:
        return Verdict(verdict.relation, min(verdict.probability, _ATTACHMENTS["p_unknown"]))
    return verdict if agree else None


def with_likeness(matches: pl.DataFrame, instances: pl.DataFrame) -> pl.DataFrame:
    """Say in the evidence what is known of two problems whose images have other bytes.

    Args:
        matches: schema.MATCHES.
        instances: key, attachments.
    """
    looking = instances.filter(pl.col("attachments").str.contains(LOOK, literal=True))
    if looking.is_empty():
        return matches
    attached = dict(looking.select("key", "attachments").iter_rows())
    told = [
        likeness(attached.get(child), attached.get(parent))
        for child, parent in matches.select("child", "parent").iter_rows()
    ]
    images = pl.Series("images", told, dtype=pl.String)
    return matches.with_columns(pl.col("evidence").struct.with_fields(images))


# --- leaks --------------------------------------------------------------------------------------------------


def sure_enough_for_leak(min_probability: float) -> pl.Expr:
    """Whether a match (columns `matched`: its probability, `tier`) is sure enough to be called a leak.

    What only the search for other wordings found must be surer: it looked among all that resembles.

    Args:
        min_probability: What the recipe asks for.
    """
    bar = pl.when(pl.col("tier") == "semantic").then(max(_LEAK["searched"], min_probability))
    return pl.col("matched") >= bar.otherwise(min_probability)
