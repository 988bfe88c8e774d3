"""One dataset by itself: read, templates off, in canonical form. What it gives depends on no other dataset.

`run` keeps the result by its content, so that a dataset is read once however often others are added or taken
out; `check` and `recover` read in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import polars as pl

from rlvr_atlas.answer import extract_column
from rlvr_atlas.canonical import canonicalise, infer_templates
from rlvr_atlas.errors import AtlasError
from rlvr_atlas.load.pictures import can_look
from rlvr_atlas.schema import ROWS, SCHEMAS, SKIPPED_ROWS, conform, empty
from rlvr_atlas.workspace.graph import code_of, fingerprint, versions_of

if TYPE_CHECKING:
    from rlvr_atlas.load import DatasetReader
    from rlvr_atlas.workspace.store import Workspace

#: Columns that only canonical form needs; questions as published are the largest of all.
_AS_PUBLISHED = ("question", "options", "hint", "answer_kind")


@dataclass(frozen=True)
class Partition:
    """What one dataset alone decides.

    Attributes:
        rows: Its usable rows in canonical form: those of schema.ROWS that stay (attachments among them), key,
            prompt, skeleton, stem, language, domain, subject, is_mcq.
        skipped: schema.SKIPPED_ROWS.
        schemas: schema.SCHEMAS.
        templates: schema.TEMPLATES that were taken off its prompts.
    """

    rows: pl.DataFrame
    skipped: pl.DataFrame
    schemas: pl.DataFrame
    templates: pl.DataFrame


def read_partition(reader: DatasetReader) -> Partition:
    """Read one dataset and bring it into canonical form.

    Raises:
        AtlasError: If it cannot be read, or its files change meanwhile.
    """
    skipped: list[dict[str, Any]] = []
    # Final answers are cut out batch by batch, so that worked solutions are never held all at once.
    batches = [_row_by_row(_with_final_answers, batch, skipped) for batch in reader.batches()]
    reader.check_unchanged()  # else rows of other bytes would be kept under the hash of these
    rows = pl.concat(batches) if batches else empty(ROWS)
    templates = infer_templates(rows, reader.spec.adapter)
    canonical = _row_by_row(lambda some: canonicalise(some, templates), rows, skipped)
    all_skipped = pl.concat([reader.skipped_rows, pl.DataFrame(skipped, schema=SKIPPED_ROWS)])
    return Partition(
        canonical.drop(_AS_PUBLISHED),
        conform(all_skipped, SKIPPED_ROWS),
        conform(reader.schemas, SCHEMAS),
        templates,
    )


def _with_final_answers(batch: pl.DataFrame) -> pl.DataFrame:
    return batch.with_columns(extract_column(batch["answer"], batch["answer_kind"]).alias("answer"))


def _row_by_row(
    work: Callable[[pl.DataFrame], pl.DataFrame], rows: pl.DataFrame, skipped: list[dict[str, Any]]
) -> pl.DataFrame:
    """What a function makes of some rows, without those that it cannot take; these go to `skipped`.

    The function sees all rows at once. Only where it fails are they halved until the row is found.
    """
    try:
        return work(rows)
    except AtlasError:
        raise
    except Exception as error:  # whatever a row can do costs that row only
        if rows.height == 1:
            why = (str(error) or type(error).__name__).splitlines()[0][:200]
            where = {"dataset": rows["dataset"][0], "row": rows["row"][0], "file": ""}
            skipped.append({**where, "reason": "row unreadable", "detail": why})
            return work(rows.clear())
    half = rows.height // 2
    return pl.concat([_row_by_row(work, part, skipped) for part in (rows[:half], rows[half:])])


def load_partition(reader: DatasetReader, workspace: Workspace) -> Partition:
    """The same, kept from an earlier run or made now and kept.

    Args:
        reader: Of the dataset.
        workspace: Where it is kept.
    """
    name = partition_name(reader)
    kinds = [field.name for field in fields(Partition)]
    kept = [frame for kind in kinds if (frame := workspace.read_cached_frame(kind, name)) is not None]
    if len(kept) == len(kinds):
        return Partition(*kept)
    part = read_partition(reader)
    keep_partition(part, reader, workspace)
    return part


def keep_partition(part: Partition, reader: DatasetReader, workspace: Workspace) -> None:
    """Keep what was read of a dataset for later runs."""
    for field in reversed(fields(Partition)):
        workspace.write_cached_frame(field.name, partition_name(reader), getattr(part, field.name))


def is_kept(reader: DatasetReader, workspace: Workspace) -> bool:
    """Whether an earlier run has read this dataset; one that is kept but damaged counts, and is read anew."""
    name = partition_name(reader)
    return all(workspace.has_cached_frame(field.name, name) for field in fields(Partition))


def partition_name(reader: DatasetReader) -> str:
    """What decides the rows of a dataset: its bytes, the recipe's field paths, the code and its libraries."""
    adapter = reader.spec.adapter.model_dump(mode="json")
    libraries = versions_of("ingest", extras=can_look())
    return f"{reader.spec.id}-{fingerprint(reader.content_sha256, adapter, code_of('ingest'), libraries)}"
