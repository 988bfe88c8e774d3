"""Match: which distinct prompts are the same problem, or variants of each other.

Tiers go from cheap to dear, and each looks only at what is not settled: `exact` needs no match at all (one
key), `normalised` joins equal skeletons, `lexical` compares wording, `semantic` searches for other wordings
of what is left. A match is a pair of keys (child, parent), the parent released earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.answer import normal_column
from rlvr_atlas.canonical import key_of
from rlvr_atlas.encoder.embed import Embed, Encoded, wants_encoder
from rlvr_atlas.encoder.embed import embedder as encoder_embedder
from rlvr_atlas.encoder.model import DEFAULT_ENCODER
from rlvr_atlas.match import calibrations
from rlvr_atlas.match import near_duplicates as lexical
from rlvr_atlas.match.attachments import paired
from rlvr_atlas.match.decide import Verdict, settle, with_attachments
from rlvr_atlas.match.exact import equal_skeletons
from rlvr_atlas.match.minhash import Signatures
from rlvr_atlas.parallel import side_by_side
from rlvr_atlas.schema import MATCHES, SAME_PROBLEM, conform
from rlvr_atlas.text.token_table import TokenTable

if TYPE_CHECKING:
    from pathlib import Path

    from rlvr_atlas.config import MatchSettings
    from rlvr_atlas.match.dataset_prior import Datasets
    from rlvr_atlas.match.programs import Program
    from rlvr_atlas.match.retrieval import Texts
    from rlvr_atlas.match.rewordings import Found
    from rlvr_atlas.match.search_texts import SearchTexts

__all__ = ["Matched", "embedder", "match", "wants_encoder"]


@dataclass(frozen=True)
class Matched:
    """Result of the stage.

    Attributes:
        matches: schema.MATCHES, ordered by child and parent.
        units: One line per distinct skeleton in order of release: skeleton, key (its earliest), answer.
        signatures: MinHash signature of each unit, for later look-ups.
        limits: What was left out, as sentences for a person; empty where nothing was.
    """

    matches: pl.DataFrame
    units: pl.DataFrame
    signatures: Signatures
    limits: list[str]


def match(
    instances: pl.DataFrame,
    settings: MatchSettings,
    embed: Embed | None = None,
    occurrences: pl.DataFrame | None = None,
    *,
    exclusive: bool = True,
) -> Matched:
    """Run all tiers.

    Args:
        instances: schema.INSTANCES with `first_dataset`, ordered by first occurrence.
        settings: Thresholds and seed.
        embed: The encoder; without one the semantic tier searches by words, numbers and answers alone.
        occurrences: dataset, key; without them a problem counts only for the dataset where it stood first.
        exclusive: Whether an original counts for less once a surer text of the dataset has it. Without that
            texts are found now which would be, were the surer one taken out.
    """
    units = instances.group_by("skeleton", maintain_order=True).agg(
        pl.col("key", "prompt", "first_dataset", "domain", "language", "stem").first(),
        pl.col("answer").drop_nulls().first(),
    )
    answers, datasets = units["answer"].to_list(), units["first_dataset"].to_list()
    texts = TokenTable.of(units["skeleton"])
    searched_for = settings.rewordings or embed is not None
    found, index = side_by_side(
        lambda: lexical.find(texts, answers, datasets, settings),
        lambda: _index(texts, units) if searched_for else None,
    )
    problems = _problems(units)
    if problems:
        found = replace(found, pairs=_by_parts(found, texts, units, problems, settings))
    ordered = instances.select("key", "skeleton", "answer", "attachments").with_row_index("order")
    by_wording, in_other_words, further = found.pairs, [], None
    if index is not None:
        from rlvr_atlas.match import rewordings

        searched, told = index
        vectors = None if embed is None else embed(*_to_embed(units, told))
        places = instances.select("key", "skeleton", dataset="first_dataset")
        if occurrences is not None:
            places = occurrences.select("dataset", "key").join(places.drop("dataset"), on="key")
        encoded = None if vectors is None else Encoded(vectors, _calibration(settings))
        belongs = _datasets(found.pairs, units, places, exclusive=exclusive)
        code = np.isin(np.arange(units.height), [*problems])
        further = rewordings.find(searched, told, _searched(belongs, ~code), encoded)
        pairs = [*further.pairs, *_code_in_other_words(texts, problems, _searched(belongs, code))]
        known = {(pair.parent, pair.child): pair.verdict for pair in found.pairs}
        in_other_words = [pair for pair in pairs if _decided_by_search(pair, known, settings)]
        overruled = {(pair.parent, pair.child) for pair in in_other_words}
        by_wording = [pair for pair in found.pairs if (pair.parent, pair.child) not in overruled]
    limits = _limits(found, further, None if embed is None else settings)
    tiers = [equal_skeletons(ordered)] + [
        _between_skeletons(ordered, lexical.as_frame(pairs, units), tier)
        for tier, pairs in (("lexical", by_wording), ("semantic", in_other_words))
    ]
    decided = [conform(with_attachments(part), MATCHES).select(*MATCHES) for part in tiers]
    matches = pl.concat(decided).sort("child", "parent")
    return Matched(
        matches, units.select("skeleton", "key", "first_dataset", "answer"), found.signatures, limits
    )


def embedder(settings: MatchSettings, folder: Path) -> Embed:
    """The encoder of a recipe, its vectors in the metric that was fitted for it; see `encoder.embed`."""
    return encoder_embedder(settings, folder, calibrations.metric(settings.encoder))


def _index(texts: TokenTable, units: pl.DataFrame) -> tuple[Texts, SearchTexts]:
    """The texts, ready to be searched, and what is searched of them."""
    from rlvr_atlas.match.retrieval import Texts  # it loads SciPy, which a look-up need not wait for
    from rlvr_atlas.match.search_texts import search_texts

    told = search_texts(texts, units)
    forms = normal_column(pl.Series(told.answers, dtype=pl.String)).to_list()
    return Texts(told.table, forms, told.owners, told.may_pair), told


def _to_embed(units: pl.DataFrame, told: SearchTexts) -> tuple[list[str], list[str]]:
    """Keys and prompts of all texts that are searched, the stems' too."""
    keys = [*units["key"], *(key_of(prompt) for prompt in told.prompts)]
    return keys, [*units["prompt"], *told.prompts]


def _calibration(settings: MatchSettings) -> str:
    """The folder of calibrations that decides where this encoder is used."""
    return settings.encoder if calibrations.calibrated_for(settings.encoder) else calibrations.NO_ENCODER


def _limits(found: lexical.Lexical, further: Found | None, encoder: MatchSettings | None) -> list[str]:
    """What was left out.

    Args:
        found: By the lexical tier.
        further: By the semantic tier, where it ran.
        encoder: The settings, where there is an encoder.
    """
    limits = []
    if further is None:
        how = "[match] rewordings = true in a recipe, --rewordings in a check"
        limits.append(f"heavy rewordings were not searched for ({how})")
    else:
        if encoder is not None and _calibration(encoder) == calibrations.NO_ENCODER:
            told = f"candidates: verdicts were calibrated on those of {DEFAULT_ENCODER}"
            limits.append(f"cosines of {encoder.encoder} only suggested {told}")
        if further.templated:
            told = "were searched for other wordings only among those with the same numbers"
            limits.append(f"{further.templated} templated problems {told}")
    if found.cut:
        limits.append(f"{found.cut} pairs of look-alike templated problems were not compared one by one")
    return limits


def _problems(units: pl.DataFrame) -> dict[int, Program]:
    """The parts of each programming problem, by position."""
    places = (units["domain"] == "code").arg_true()
    if places.is_empty():
        return {}
    from rlvr_atlas.match.programs import programs

    code = units.select("prompt", "answer")[places]
    return dict(
        zip(places.to_list(), programs(code["prompt"].to_list(), code["answer"].to_list()), strict=True)
    )


def _by_parts(
    found: lexical.Lexical,
    texts: TokenTable,
    units: pl.DataFrame,
    problems: dict[int, Program],
    settings: MatchSettings,
) -> list[lexical.Pair]:
    """The pairs of the lexical tier, with those of programming problems judged by their parts."""
    from rlvr_atlas.match import code_problems

    return code_problems.find(
        found.pairs, texts, [*problems.items()], units["first_dataset"].to_list(), settings
    )


def _code_in_other_words(
    texts: TokenTable, problems: dict[int, Program], datasets: Datasets
) -> list[lexical.Pair]:
    """Pairs of programming problems that are the same in other words."""
    if not problems:
        return []
    from rlvr_atlas.match import code_rewordings

    return code_rewordings.find(texts, problems, datasets)


def _datasets(
    pairs: Sequence[lexical.Pair], units: pl.DataFrame, places: pl.DataFrame, *, exclusive: bool
) -> Datasets:
    """Which text is of which dataset, and which ones the lexical tier left to be searched for."""
    from rlvr_atlas.match.dataset_prior import Datasets

    names = units["first_dataset"].to_list()
    settled = _settled(pairs, names)
    return Datasets(_begins(names), _roots(pairs, len(names)), ~settled, _holders(places, units), exclusive)


def _searched(datasets: Datasets, kind: NDArray[np.bool_]) -> Datasets:
    """The same, of the texts that are to be searched for only those of a kind."""
    return replace(datasets, searched=datasets.searched & kind & (datasets.begins > 0))


def _begins(datasets: Sequence[str]) -> NDArray[np.int64]:
    """For each text the first position of its dataset: what stands before is of earlier datasets."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(name, position) for position, name in enumerate(datasets)], np.int64)


def _roots(pairs: Sequence[lexical.Pair], n: int) -> NDArray[np.int64]:
    """For each text the earliest one that is the same problem, by way of others too."""
    roots = np.arange(n)
    for pair in pairs:  # ordered by parent, so that its own root is known
        if pair.verdict.relation in SAME_PROBLEM:
            roots[pair.child] = min(roots[pair.child], roots[pair.parent])
    return roots


def _holders(places: pl.DataFrame, units: pl.DataFrame) -> list[NDArray[np.int64]]:
    """Positions of the texts in each dataset, datasets by name."""
    position = units.select("skeleton", position=pl.int_range(pl.len(), dtype=pl.Int64))
    held = places.join(position, on="skeleton").group_by("dataset").agg(pl.col("position").unique().sort())
    return [held.to_numpy() for held in held.sort("dataset")["position"]]


def _settled(pairs: Sequence[lexical.Pair], datasets: Sequence[str]) -> NDArray[np.bool_]:
    """Texts that are the same problem as one of an earlier dataset."""
    settled = np.zeros(len(datasets), bool)
    for pair in pairs:
        if pair.verdict.relation in SAME_PROBLEM and datasets[pair.parent] != datasets[pair.child]:
            settled[pair.child] = True
    return settled


def _decided_by_search(
    pair: lexical.Pair, known: Mapping[tuple[int, int], Verdict], settings: MatchSettings
) -> bool:
    """Whether the verdict on a pair is the one of the search, and not the one by its wording, or none."""
    wording = known.get((pair.parent, pair.child))
    return settle(wording, pair.verdict, pair.evidence, variants=settings.variants) is pair.verdict


def _between_skeletons(ordered: pl.DataFrame, pairs: pl.DataFrame, tier: str) -> pl.DataFrame:
    """Spread verdicts on skeletons over the keys that have them; the earlier key of two is the parent.

    Keys that are asked of different things are left out, see `match.attachments`.
    """
    keys = ordered.select("skeleton", "key", "order", "attachments")
    parents = pairs.join(keys, left_on="parent_skeleton", right_on="skeleton")
    spread = paired(parents, keys, "child_skeleton", "skeleton", within="parent_skeleton")
    later = pl.col("order_child") > pl.col("order")
    return spread.with_columns(
        child=pl.when(later).then("key_child").otherwise("key"),
        parent=pl.when(later).then("key").otherwise("key_child"),
        tier=pl.lit(tier),
    )
