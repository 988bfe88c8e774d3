"""Check: files against benchmarks, in memory, without a workspace; the gate for somebody's CI.

Against the text of benchmarks the file is canonicalised and matched as in a run. Unless heavy rewordings are
searched for, rows which look like no item at all are left out beforehand. Against an index there is no text,
and prints alone decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas import fingerprints
from rlvr_atlas.answer import normal_column
from rlvr_atlas.audit.coincidence import taken_over
from rlvr_atlas.audit.overlap import overlaps, weigh
from rlvr_atlas.canonical import index
from rlvr_atlas.config import DatasetSpec, MatchSettings
from rlvr_atlas.errors import AtlasError, InputError
from rlvr_atlas.ingest import Partition, read_partition
from rlvr_atlas.load import open_dataset
from rlvr_atlas.load.resolve import resolve
from rlvr_atlas.match import match
from rlvr_atlas.match.decide import sure_enough_for_leak, with_likeness
from rlvr_atlas.public_atlas import PublicAtlas, open_atlas
from rlvr_atlas.schema import EVIDENCE, is_same_problem, strength
from rlvr_atlas.stats import wilson
from rlvr_atlas.text.tokens import Parts
from rlvr_atlas.workspace.manifest import is_workspace
from rlvr_atlas.workspace.query import both_ways

#: What is said of each leaking row.
LEAK = ("row", "benchmark", "benchmark_row", "relation", "tier", "probability", "bits", "evidence", "prompt")
_COLUMNS = ["key", "matched", *LEAK[:-1]]
#: Id of what is checked.
FILE = "file"


@dataclass(frozen=True)
class Checked:
    """Result of a check.

    Attributes:
        rows: Usable rows of the file.
        skipped: Rows of it that could not be read.
        leaked: Rows that are the same problem as a benchmark item.
        variants: Rows that only use the template of one.
        leaks: One line per row, benchmark and item, with the columns of LEAK, variants included.
        unjudged: The same for overlaps that are too common or too improbable to be called leaks.
        limits: What was not judged, as sentences for a person.
    """

    rows: int
    skipped: int
    leaked: int
    variants: int
    leaks: pl.DataFrame
    unjudged: pl.DataFrame
    limits: list[str]

    @property
    def share(self) -> float:
        """Leaked rows as a share of all usable ones."""
        return self.leaked / self.rows

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95% interval (Wilson)."""
        low, high = wilson(self.leaked, self.rows)
        return float(low), float(high)


@dataclass(frozen=True)
class _Read:
    """Datasets in memory: canonical rows, and what could not be read."""

    occurrences: pl.DataFrame
    instances: pl.DataFrame
    datasets: pl.DataFrame


def check(
    file: Path | DatasetSpec,
    against: Sequence[str | DatasetSpec] = (),
    indexes: Sequence[Path] = (),
    **options: Any,  # noqa: ANN401
) -> Checked:
    """Look for benchmark items in a file.

    Args:
        file: Rows in any format and layout that `load` reads; a spec says where they are.
        against: Benchmarks: paths, globs, ids of the registry or of the Hub; a spec stands for itself.
        indexes: Indexes made by `audit --write-index`. With neither, the benchmarks of the public atlas.
        options: As of `check_all`.

    Raises:
        InputError: If something cannot be read.
    """
    (found,) = check_all([file], against, indexes, **options)
    if isinstance(found, AtlasError):
        raise found
    return found


def check_all(  # noqa: PLR0913  each is one thing to choose
    files: Sequence[Path | DatasetSpec],
    against: Sequence[str | DatasetSpec] = (),
    indexes: Sequence[Path] = (),
    *,
    min_probability: float = 0.5,
    rewordings: bool = False,
    allow_network: bool = False,
    atlas: Path | None = None,
) -> list[Checked | AtlasError]:
    """Look for benchmark items in several files, each by itself.

    Args:
        files: As `file` of `check`.
        against: As of `check`; each is read once.
        indexes: As of `check`. With neither, the benchmarks of the public atlas.
        min_probability: Overlaps below it are listed as unjudged.
        rewordings: Whether heavy rewordings are searched for too, which takes longer; only against text.
        allow_network: Whether benchmarks may be fetched from the Hub.
        atlas: Folder of an atlas whose benchmarks count too.

    Returns:
        One result for each file, in their order; of a file that cannot be read, why not.

    Raises:
        InputError: If a file is not there, or a benchmark cannot be read.
    """
    opened = [(path.name, fingerprints.read(path)) for path in indexes]
    if atlas is not None or not (against or indexes):
        opened.append(public_benchmarks(open_atlas(atlas)))
    for file in files:
        if isinstance(file, Path):
            _check_there(file)
    against_all = Against(
        read_benchmarks(against, allow_network=allow_network), opened, min_probability, rewordings
    )
    found: list[Checked | AtlasError] = []
    for file in files:
        try:
            part = read_file(file, allow_network=allow_network)
        except AtlasError as error:
            found.append(error)
            continue
        found.append(against_all.check(part))
    return found


def public_benchmarks(atlas: PublicAtlas) -> tuple[str, fingerprints.Index]:
    """The benchmarks of an atlas, as `Against.indexes` takes them."""
    return f"the public atlas ({len(atlas.benchmarks.benchmarks)} benchmarks)", atlas.benchmarks


def read_file(file: Path | DatasetSpec, *, allow_network: bool = False) -> Partition:
    """The rows of a file in canonical form.

    Raises:
        AtlasError: If it cannot be read; the message names the file.
    """
    mine = DatasetSpec(path=str(file.resolve()), id=FILE) if isinstance(file, Path) else file
    try:
        return _part(mine.model_copy(update={"id": FILE}), allow_network)
    except AtlasError as error:
        named = str(file) if isinstance(file, Path) else f"dataset {file.id}"
        where = error.where.replace(f"dataset {FILE}", named)
        raise InputError(error.what, where=where, fix=error.fix) from None


def read_benchmarks(
    against: Sequence[str | DatasetSpec], *, allow_network: bool = False
) -> list[tuple[DatasetSpec, Partition]]:
    """Benchmarks in canonical form.

    Raises:
        AtlasError: If one cannot be found or read.
    """
    for name in against:
        if isinstance(name, str):
            _no_workspace(Path(name))
    return [(spec, _part(spec, allow_network)) for spec in resolve(against, "benchmark", taken=[FILE])]


def _part(spec: DatasetSpec, allow_network: bool) -> Partition:
    return read_partition(open_dataset(spec, Path(), allow_network=allow_network))


@dataclass(frozen=True)
class Against:
    """What files are checked against.

    Attributes:
        benchmarks: Their texts.
        indexes: Name and content of indexes without text.
        min_probability: Overlaps below it are listed as unjudged.
        rewordings: Whether heavy rewordings are searched for too; only against text.
    """

    benchmarks: Sequence[tuple[DatasetSpec, Partition]] = ()
    indexes: Sequence[tuple[str, fingerprints.Index]] = ()
    min_probability: float = 0.5
    rewordings: bool = False

    def check(self, part: Partition) -> Checked:
        """Look for benchmark items in a file (see `read_file`)."""
        mine = DatasetSpec(path=FILE, id=FILE)
        read = _together([*self.benchmarks, (mine, part)])
        limits = _unread(read)
        pairs = []
        if self.benchmarks:
            by_text, cut = _by_text(read, rewordings=self.rewordings)
            pairs.append(by_text)
            limits += cut
        for name, opened in self.indexes:
            pairs.append(_by_prints(read, opened))
            limits += _about(name, opened)
        return _result(read, pl.concat(pairs), limits, self.min_probability)


def _unread(read: _Read) -> list[str]:
    """What could not be read, as sentences."""
    return [
        f"{line['skipped_rows']} rows of {'the file' if line['dataset'] == FILE else line['dataset']}"
        " could not be read"
        for line in read.datasets.filter(pl.col("skipped_rows") > 0).iter_rows(named=True)
    ]


def _check_there(file: Path) -> None:
    try:
        there = file.exists()
    except OSError as error:  # a folder that may not be searched, a name too long
        raise InputError(f"cannot be read ({error.strerror})", where=str(file)) from None
    if not there:
        raise InputError("no such file", where=str(file), fix="check the path")
    _no_workspace(file)


def _no_workspace(path: Path) -> None:
    """Its tables are Parquet files, and hold training rows and benchmarks together.

    A folder of data may have a `manifest.json` of its own, so that this alone makes no workspace.
    """
    if (path / "instances.parquet").exists() and is_workspace(path):
        raise InputError(
            "this is a workspace, not data", where=str(path), fix="name the files that its recipe names"
        )


def _together(parts: Sequence[tuple[DatasetSpec, Partition]]) -> _Read:
    """All rows in canonical form; benchmarks count as released before the file."""
    canonical = pl.concat([part.rows for _, part in parts])
    datasets = pl.DataFrame(
        {
            "dataset": [spec.id for spec, _ in parts],
            "role": ["train" if spec.id == FILE else "benchmark" for spec, _ in parts],
            "rank": range(len(parts)),
            "released": pl.Series([None] * len(parts), dtype=pl.Date),
            "skipped_rows": [part.skipped.height for _, part in parts],
        }
    ).join(
        canonical.group_by("dataset").agg(distinct_prompts=pl.col("key").n_unique()),
        on="dataset",
        maintain_order="left",
    )
    occurrences, instances = index.build(canonical, datasets.select("dataset", "rank", "released"))
    return _Read(occurrences, instances, datasets)


def _by_text(read: _Read, *, rewordings: bool) -> tuple[pl.DataFrame, list[str]]:
    """Overlaps by the same matching as a run's."""
    mine = read.instances.filter(first_dataset=FILE)
    items = read.instances.filter(pl.col("first_dataset") != FILE)
    if not rewordings:
        printer = fingerprints.Printer()
        mine = mine[fingerprints.worth_comparing(printer.prints(mine), printer.prints(items))]
    matched = match(pl.concat([items, mine]), MatchSettings(rewordings=rewordings))
    matches = with_likeness(matched.matches, read.instances)
    found = overlaps(read.occurrences, read.instances, matches, read.datasets)
    weighed = weigh(found, read.instances, read.datasets)
    evidence = both_ways(matches, "evidence").select("key", "evidence", benchmark_key="other")
    return weighed.join(evidence, on=["key", "benchmark_key"], how="left").select(_COLUMNS), matched.limits


def _by_prints(read: _Read, opened: fingerprints.Index) -> pl.DataFrame:
    """Overlaps by the prints of an index."""
    mine = read.occurrences.filter(dataset=FILE).select("row", "key")
    keys = mine.select("key").unique(maintain_order=True)
    texts = keys.join(read.instances, on="key", maintain_order="left")
    parts = [Parts.of(skeleton) for skeleton in texts["skeleton"]]
    printer = fingerprints.Printer(opened.salt)
    answers = normal_column(texts["answer"]).to_list()
    found = fingerprints.look_up(printer.prints(texts, parts), parts, answers, opened.prints, printer)
    sizes = pl.DataFrame(
        [(line["id"], line["items"]) for line in opened.benchmarks],
        schema={"benchmark": pl.String, "items": pl.Int64},
        orient="row",
    )
    places = opened.places.with_row_index("item").with_columns(pl.col("item").cast(pl.Int64))
    pairs = (
        found.with_columns(key=texts["key"].gather(found["row"]), same=is_same_problem())
        .drop("row")
        .join(places.rename({"row": "benchmark_row"}), on="item")
        .join(sizes, on="benchmark")
        .filter(pl.col("same") | ~pl.col("same").any().over("key", "benchmark"))
        .with_columns(
            bits=pl.when("same").then("bits").otherwise("wording_bits"),
            dataset=pl.lit(FILE),
            texts=pl.lit(texts.height),
            benchmark_key="item",
        )
    )
    pairs = pairs.with_columns(
        matched="probability",
        probability=pl.col("probability") * taken_over(pairs),
        evidence=pl.struct(
            (pl.col("similarity") if field.name == "lexical" else pl.lit(None, field.dtype)).alias(field.name)
            for field in EVIDENCE.fields
        ),
    )
    return mine.join(pairs, on="key").select(_COLUMNS)


def _about(name: str, opened: fingerprints.Index) -> list[str]:
    """What a person should know of an index."""
    from rlvr_atlas import __version__

    sentences = [f"{name}: no text is inside, so that some rewordings are missed"]
    if opened.version != __version__:
        sentences.append(
            f"{name} was made by version {opened.version}, this is {__version__}: texts that they bring "
            "into canonical form in different ways are missed"
        )
    return sentences


def _result(read: _Read, found: pl.DataFrame, limits: list[str], min_probability: float) -> Checked:
    prompts = read.instances.select("key", "prompt")
    order = (~is_same_problem(), "row", strength(), -pl.col("probability"), "benchmark", "benchmark_row")
    found = found.sort(*order).join(prompts, on="key", maintain_order="left")
    # A row that uses the template of an item uses that of all items made from it: one of them says so.
    again = pl.struct("row", "benchmark").is_first_distinct()
    found = found.filter(is_same_problem() | again)
    sure = sure_enough_for_leak(min_probability) & (pl.col("probability") >= min_probability)
    leaks, unjudged = found.filter(sure), found.filter(~sure)
    common = unjudged.filter(sure_enough_for_leak(min_probability))["row"].n_unique()
    if common:
        limits.append(f"{common} rows share a benchmark's text, but it is too common to call them leaks")
    if unjudged["row"].n_unique() > common:
        limits.append(f"{unjudged['row'].n_unique() - common} rows overlap less probably than a leak must")
    mine = read.occurrences.filter(dataset=FILE)
    real = leaks.filter(is_same_problem())["row"]
    return Checked(
        rows=mine.height,
        skipped=int(read.datasets.filter(dataset=FILE)["skipped_rows"].item()),
        leaked=real.n_unique(),
        variants=leaks.filter(~pl.col("row").is_in(real.implode()))["row"].n_unique(),
        leaks=leaks.select(LEAK),
        unjudged=unjudged.select(LEAK),
        limits=limits,
    )
