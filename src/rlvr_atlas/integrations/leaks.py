"""Which rows of a batch leak a benchmark: a function that maps and filters, made of `check`.

It holds settings only. What it compares with is read when it is first used, in each process, so that it can
be sent to workers and hashed by what it does.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas import __version__, fingerprints
from rlvr_atlas.check import Against, Checked, public_benchmarks, read_benchmarks, read_file
from rlvr_atlas.config import Adapter, DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load import open_dataset
from rlvr_atlas.load.frames import serialise
from rlvr_atlas.load.resolve import resolve
from rlvr_atlas.public_atlas import open_atlas
from rlvr_atlas.schema import is_same_problem

#: Why a row is marked, the first that holds; the phrases are those of the ledger of a mix where it has them.
REASONS = {
    "unreadable": "no problem could be read from it",
    "leak": "it is the same problem as a benchmark item",
    "possible leak": "it is like one, but too common a text or not like enough to be sure",
    "template": "it is another problem made by the template of one",
}
_FOUND = {
    "row": pl.Int64,
    "reason": pl.String,
    "benchmark": pl.String,
    "benchmark_row": pl.Int64,
    "relation": pl.String,
    "probability": pl.Float64,
}
#: What stands in a column where nothing was found. Not null: a first batch of nulls would decide its type.
_NOTHING = {"reason": "", "benchmark": "", "benchmark_row": -1, "relation": "", "probability": 0.0}
_PREFIX = "atlas_"
#: The process that this module was loaded in; a forked one has it from its parent.
_LOADED_IN = os.getpid()


class LeakFilter:
    """Marks or drops rows that leak a benchmark.

    Args:
        prompt: Where the problem is, as a field path (`problem`, `prompt[role=user].content`); found by its
            name and content where left out, in each batch anew.
        answer: The same for the final answer.
        against: Benchmarks to compare with: paths, globs, ids.
        indexes: Indexes without text, made by `audit --write-index`. With neither, the benchmarks of the
            public atlas in the package.
        drop: Reasons for which a row is dropped; the others only mark it. Keys of `REASONS`.
        min_probability: Overlaps below it are no leaks.
        network: Whether benchmarks may be fetched from the Hub.

    Raises:
        InputError: For a reason that does not exist, a name that means nothing, and a file that is not there:
            now, not when the first batch comes.

    Example:
        >>> leaks = LeakFilter(prompt="problem")
        >>> leaks.keep({"problem": ["A barge carries 17 violins, 4 of them cracked. How many are whole?"]})
        [True]
    """

    def __init__(  # noqa: PLR0913  each is one thing to choose
        self,
        *,
        prompt: str | None = None,
        answer: str | None = None,
        against: Sequence[str] = (),
        indexes: Sequence[str | Path] = (),
        drop: Sequence[str] = ("leak", "possible leak"),
        min_probability: float = 0.5,
        network: bool = False,
    ) -> None:
        for reason in drop:
            if reason not in REASONS:
                fix = f"choose of: {', '.join(REASONS)}"
                raise InputError(f"no row is dropped for {reason!r}", where="drop", fix=fix)
        self.against, self.indexes = [*against], [str(path) for path in indexes]
        _refuse_missing(self.against, self.indexes)
        self.drop, self.min_probability, self.network = [*drop], min_probability, network
        self.version = __version__  # what was found by another version must not be taken from a cache
        self._adapter = Adapter(prompt=prompt, answer=answer)
        self._opened: Against | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_opened": None}

    def reading(self, prompt: str) -> LeakFilter:
        """The same filter for rows whose problem is somewhere else.

        Args:
            prompt: Where, as a field path.
        """
        other = copy(self)
        other._adapter = self._adapter.model_copy(update={"prompt": prompt})
        return other

    def find(self, data: Any) -> pl.DataFrame:  # noqa: ANN401  as `serialise` takes it
        """What is found in rows that belong together.

        Args:
            data: A frame of any library, a `datasets.Dataset`, or a list of dicts.

        Returns:
            One line per row that something is found of, in their order: row (0-based), reason, benchmark,
            benchmark_row, relation, probability (null where it is unreadable).

        Raises:
            InputError: If no problem can be found in it, or this process was forked.
        """
        if os.getpid() != _LOADED_IN:  # Polars would wait forever for threads that only the parent has
            fix = "leave num_proc out, a batch uses every core; or start workers by spawn or forkserver"
            raise InputError("a forked process cannot look for leaks", where="LeakFilter", fix=fix)
        if isinstance(data, list):
            data = [_checked(record) for record in data]
        file = serialise(data, "rows")
        with tempfile.TemporaryDirectory(prefix="rlvr-atlas-") as folder:
            path = Path(folder) / f"rows{file.ending}"
            path.write_bytes(file.content)
            spec = DatasetSpec(id="rows", path=str(path), adapter=self._adapter)
            part = read_file(spec)
        checked = self._against().check(part)
        return _reasons(checked, part.skipped["row"])

    def mark(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """For `datasets.Dataset.map(..., batched=True)`: new columns that say what is found of each row.

        Args:
            batch: Columns of equal length.

        Returns:
            atlas_reason (empty where nothing is found), atlas_benchmark, atlas_benchmark_row (or -1),
            atlas_relation, atlas_probability.
        """
        records = records_of(batch)
        told = self.tell(records)
        return {f"{_PREFIX}{name}": [line[name] for line in told] for name in _NOTHING}

    def keep(self, batch: Mapping[str, Sequence[Any]]) -> list[bool]:
        """For `datasets.Dataset.filter(..., batched=True)`: whether each row stays.

        Args:
            batch: Columns of equal length.
        """
        return [line["reason"] not in self.drop for line in self.tell(records_of(batch))]

    def tell(self, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What is found of each record, in their order; of a clean one the reason is empty.

        Args:
            records: Rows.

        Raises:
            InputError: As `find`, and for a record that holds several problems.
        """
        if not records:
            return []
        found = self.find([*records])
        rows = found["row"].to_list()
        if rows and max(rows) >= len(records):
            fix = "give one problem a record"
            raise InputError("a record holds several problems", where="rows", fix=fix)
        lines = dict(zip(rows, found.drop("row").iter_rows(named=True), strict=True))
        clean = [{**_NOTHING} for _ in records]
        for row, line in lines.items():
            clean[row] |= {name: value for name, value in line.items() if value is not None}
        return clean

    def _against(self) -> Against:
        if self._opened is None:
            indexes = [(Path(path).name, fingerprints.read(Path(path))) for path in self.indexes]
            if not self.against and not indexes:
                indexes = [public_benchmarks(open_atlas())]
            texts = read_benchmarks(self.against, allow_network=self.network)
            self._opened = Against(texts, indexes, self.min_probability)
        return self._opened


def _refuse_missing(against: Sequence[str], indexes: Sequence[str]) -> None:
    """Raise where a benchmark or an index is not there; nothing is read, nor fetched from the Hub."""
    for path in map(Path, indexes):
        if not path.is_file():
            fix = "check the path; rlvr-atlas audit WORKSPACE --write-index FILE makes one"
            raise InputError("no such index", where=str(path), fix=fix)
    for spec in resolve(against, "benchmark"):
        if spec.hub is None:
            open_dataset(spec, Path())


def records_of(batch: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Columns as records.

    Raises:
        InputError: If it is one row: its texts would be taken for columns of letters.
    """
    names = list(batch)
    if any(isinstance(batch[name], str) for name in names):
        raise InputError("one row instead of a batch", where="LeakFilter", fix="add batched=True")
    return [
        dict(zip(names, values, strict=True)) for values in zip(*map(batch.__getitem__, names), strict=True)
    ]


def _checked(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record; what a picture was decoded from is gone, so that it could not be told from another."""
    for name, value in record.items():
        if type(value).__module__.startswith("PIL."):
            fix = f"keep the bytes: dataset.cast_column({name!r}, datasets.Image(decode=False))"
            raise InputError("holds decoded pictures", where=f"column {name!r}", fix=fix)
    return record


def _reasons(checked: Checked, skipped: pl.Series) -> pl.DataFrame:
    """One line for each row: the first reason that holds, and the item that it is like the most."""
    same = is_same_problem()
    parts = {
        "unreadable": pl.DataFrame({"row": skipped}),
        "leak": checked.leaks.filter(same),
        "possible leak": checked.unjudged.filter(same),
        "template": checked.leaks.filter(~same),
    }
    every = [part.with_columns(reason=pl.lit(reason)) for reason, part in parts.items()]
    lines = pl.concat([pl.DataFrame(schema=_FOUND), *every], how="diagonal_relaxed").select(*_FOUND)
    return lines.unique("row", keep="first", maintain_order=True).sort("row")
