"""Re-audit: the mix, audited as what it will be, a dataset of its own beside the benchmarks.

How sure a match is depends on what else is in view: among a hundred look-alikes in its dataset a text must
be nearly equal to an item, in a small mix it need not. Whoever audits the mix has the mix in view and not
what it was made from, so it is judged once more in that way, and what is called a leak then does not stay.
"""

from __future__ import annotations

import polars as pl

from rlvr_atlas.audit.overlap import overlaps, weigh
from rlvr_atlas.config.curate import CurateSettings
from rlvr_atlas.curate.converted import new_texts
from rlvr_atlas.curate.view import View
from rlvr_atlas.match import match
from rlvr_atlas.match.decide import sure_enough_for_leak

_MIX = "(mix)"
_TOLD = ("benchmark", "benchmark_row", "benchmark_key", "relation", "tier", "probability")


def leaks_of_mix(mix: pl.DataFrame, view: View, settings: CurateSettings) -> pl.DataFrame:
    """Rows that an audit of the mix would call leaks.

    Args:
        mix: The rows of it, as `with_mix_text` gives them.
        view: The benchmarks, and the texts of the rows.
        settings: Which relations count, and from which probability.

    Returns:
        at and evidence (JSON: the benchmark item, the relation, its probability).
    """
    if view.benchmarks.is_empty() or not settings.drop_leaks:
        return _none()
    items = view.texts.join(view.items, on="key", how="semi", maintain_order="left")
    mine = _texts(mix, view)
    every = pl.concat([items, mine], how="diagonal").unique("key", keep="first", maintain_order=True)
    # Benchmarks first: the mix is younger than all of them. All texts take part, also those that are like
    # none: how rare a word is, and so what is a rewording, depends on them. Of rows that may come from one
    # item all are told at once; else the next would only be found when the surest is out.
    matches = match(every, view.matching, exclusive=False).matches
    rows = mix.select(key="mix_key", dataset=pl.lit(_MIX), row=pl.col("at").cast(pl.Int64))
    itself = {"dataset": _MIX, "role": "train", "distinct_prompts": mine.height}
    datasets = pl.concat([view.benchmarks, pl.DataFrame([itself], schema=view.benchmarks.schema)])
    found = overlaps(pl.concat([view.items, rows]), every, matches, datasets)
    found = found.filter(pl.col("relation").is_in(settings.drop_leaks))
    if found.is_empty():
        return _none()
    bar = settings.leak_probability
    return (
        weigh(found, every, datasets)
        .filter(sure_enough_for_leak(bar), pl.col("probability") >= bar)
        .sort("row", -pl.col("probability"), "benchmark", "benchmark_row")
        .unique("row", keep="first", maintain_order=True)
        .select(at=pl.col("row").cast(pl.UInt32), evidence=pl.struct(_TOLD).struct.json_encode())
    )


def _texts(mix: pl.DataFrame, view: View) -> pl.DataFrame:
    """The distinct texts of the mix with its own answers."""
    old = view.texts.join(mix.select(key="mix_key"), on="key", how="semi", maintain_order="left")
    new = new_texts(mix).join(old, on="key", how="anti", maintain_order="left")
    own = mix.select(key="mix_key", own_answer="mix_answer").unique("key", keep="first", maintain_order=True)
    texts = pl.concat([old, new], how="diagonal").join(own, on="key", maintain_order="left")
    return texts.with_columns(answer="own_answer", first_dataset=pl.lit(_MIX)).select(view.texts.columns)


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema={"at": pl.UInt32, "evidence": pl.String})
