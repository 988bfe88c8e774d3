"""The mix, audited as what it will be: a dataset of its own beside the benchmarks.

How sure a match is depends on what else is in view: among a hundred look-alikes in its dataset a text must
be nearly equal to an item, in a small mix it need not. Whoever audits the mix has the mix in view and not
what it was made from, so it is judged once more in that way, and what is called a leak then does not stay.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rlvr_atlas.audit.leaks import overlaps, weigh
from rlvr_atlas.config import MatchSettings
from rlvr_atlas.config_curate import CurateSettings
from rlvr_atlas.curate.converted import new_texts
from rlvr_atlas.fingerprints import Printer, worth_comparing
from rlvr_atlas.match import match

_MIX = "(mix)"
_TOLD = ("benchmark", "benchmark_row", "benchmark_key", "relation", "tier", "probability")


class MixAudit:
    """Audits mixes made from one workspace.

    Args:
        tables: datasets, occurrences, instances.
        settings: Which relations count, and from which probability.
    """

    def __init__(self, tables: Mapping[str, pl.DataFrame], settings: CurateSettings) -> None:
        self._settings = settings
        self._texts = tables["instances"]
        self._benchmarks = (
            tables["datasets"].filter(role="benchmark").select("dataset", "role", "distinct_prompts")
        )
        occurrences = tables["occurrences"].select("key", "dataset", "row")
        self._occurrences = occurrences.join(self._benchmarks.select("dataset"), on="dataset", how="semi")
        self._items = self._texts.join(self._occurrences, on="key", how="semi", maintain_order="left")
        self._printer = Printer()
        self._prints = self._printer.prints(self._items)

    def leaks(self, mix: pl.DataFrame) -> pl.DataFrame:
        """Rows that an audit of the mix would call leaks.

        Args:
            mix: The rows of it, as `with_mix_text` gives them.

        Returns:
            at and evidence (JSON: the benchmark item, the relation, its probability).
        """
        mine = self._texts_of(mix)
        prints = self._printer.prints(mine)
        near = mine[worth_comparing(prints, self._prints)]
        items = self._items[worth_comparing(self._prints, prints)]
        if near.is_empty() or items.is_empty():
            return _none()
        # Benchmarks first: the mix is younger than all of them.
        matches = match(_distinct(items, near), MatchSettings()).matches
        every = _distinct(self._items, mine)
        rows = mix.select(key="mix_key", dataset=pl.lit(_MIX), row=pl.col("at").cast(pl.Int64))
        itself = {"dataset": _MIX, "role": "train", "distinct_prompts": mine.height}
        datasets = pl.concat([self._benchmarks, pl.DataFrame([itself], schema=self._benchmarks.schema)])
        found = overlaps(pl.concat([self._occurrences, rows]), every, matches, datasets)
        found = found.filter(pl.col("relation").is_in(self._settings.drop_leaks))
        if found.is_empty():
            return _none()
        sure = weigh(found, every, datasets).filter(pl.col("probability") >= self._settings.leak_probability)
        return (
            sure.sort("row", -pl.col("probability"), "benchmark", "benchmark_row")
            .unique("row", keep="first", maintain_order=True)
            .select(at=pl.col("row").cast(pl.UInt32), evidence=pl.struct(_TOLD).struct.json_encode())
        )

    def _texts_of(self, mix: pl.DataFrame) -> pl.DataFrame:
        """The texts of the mix with its own answers, in its order."""
        texts = _distinct(
            self._texts.join(mix, left_on="key", right_on="mix_key", how="semi"), new_texts(mix)
        )
        placed = mix.select(key="mix_key", own_answer="mix_answer")
        placed = placed.unique("key", keep="first", maintain_order=True)
        return (
            placed.join(texts, on="key", maintain_order="left")
            .with_columns(answer=pl.col("own_answer"), first_dataset=pl.lit(_MIX))
            .select(self._texts.columns)
        )


def _distinct(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    both = pl.concat([first, second], how="diagonal")
    return both.unique("key", keep="first", maintain_order=True)


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema={"at": pl.UInt32, "evidence": pl.String})
