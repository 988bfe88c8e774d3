"""The texts that a mix is compared with, and their prints, which are taken once, and of what is asked for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.fingerprints import Printer, Prints


class View:
    """Benchmark items and the rows considered.

    Args:
        rows: key of the rows considered.
        tables: datasets, occurrences, instances.
        matching: `[match]` of the recipe: the mix is matched as the datasets were, but for the encoder.

    Attributes:
        benchmarks: dataset, role, distinct_prompts of each benchmark.
        items: key, dataset, row of their rows.
        texts: schema.INSTANCES of items and rows, in the order of the table.
    """

    def __init__(
        self, rows: pl.DataFrame, tables: Mapping[str, pl.DataFrame], matching: MatchSettings
    ) -> None:
        self.matching = matching
        self.benchmarks = (
            tables["datasets"].filter(role="benchmark").select("dataset", "role", "distinct_prompts")
        )
        self.items = (
            tables["occurrences"]
            .join(self.benchmarks, on="dataset", how="semi")
            .select("key", "dataset", "row")
        )
        keys = pl.concat([self.items.select("key"), rows.select("key")]).unique()
        self.texts = tables["instances"].join(keys, on="key", how="semi", maintain_order="left")
        self._printer = Printer()
        self._prints: Prints | None = None
        #: Of each text where its prints are, -1 where none were taken yet.
        self._where = np.full(self.texts.height, -1)

    def prints_of(self, texts: pl.DataFrame) -> Prints:
        """Prints of texts that are not in view."""
        return self._printer.prints(texts)

    def pick(self, chosen: pl.DataFrame) -> tuple[pl.DataFrame, Prints]:
        """The texts with the keys of `chosen`, in the order of the view, and their prints."""
        at = self.texts["key"].is_in(chosen["key"].implode()).arg_true()
        lacking = at.filter(pl.Series(self._where[at.to_numpy()] < 0))
        more = self.prints_of(self.texts[lacking])
        known = 0 if self._prints is None else self._prints.frame.height
        self._where[lacking.to_numpy()] = np.arange(known, known + lacking.len())
        self._prints = more if self._prints is None else self._prints.with_more(more)
        return self.texts[at], self._prints.take(pl.Series(self._where[at.to_numpy()]))
