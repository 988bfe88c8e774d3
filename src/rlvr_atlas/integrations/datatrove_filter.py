"""A filter step for a datatrove pipeline that drops documents which leak a benchmark."""

from __future__ import annotations

from typing import Any

from rlvr_atlas.errors import InputError
from rlvr_atlas.integrations.leaks import LeakFilter

try:
    from datatrove.data import Document
    from datatrove.pipeline.filters.base_filter import BaseFilter
except ImportError:
    raise InputError("this filter is a step of datatrove", fix="pip install datatrove") from None


class BenchmarkLeakFilter(BaseFilter):  # type: ignore[misc]  # datatrove has no types
    """Drops documents that leak; the reason goes to the exclusion writer and to the statistics.

    The problem is the text of a document; its metadata are the other fields of the row, of which `answer` is
    found as `LeakFilter` finds it. What is found stands in the metadata, also of documents that stay.

    Args:
        leaks: What to look for and what to drop for; the public atlas and leaks where left out.
        exclusion_writer: Where dropped documents go, if anywhere.
        batch_size: Documents that are looked at together; a batch takes a quarter of a second by itself.
    """

    name = "🗺 rlvr-atlas leaks"

    def __init__(
        self,
        leaks: LeakFilter | None = None,
        exclusion_writer: Any = None,  # noqa: ANN401  a DiskWriter of datatrove
        batch_size: int = 1000,
    ) -> None:
        super().__init__(exclusion_writer, batch_size)
        given = leaks or LeakFilter()
        self.leaks = given.reading("text")

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Whether one document stays, or why not."""
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: list[Document]) -> list[bool | tuple[bool, str]]:
        """The same of several, which takes hardly longer."""
        told = self.leaks.tell([{**doc.metadata, "text": doc.text} for doc in batch])
        results: list[bool | tuple[bool, str]] = []
        for doc, line in zip(batch, told, strict=True):
            if line["reason"]:
                doc.metadata |= {f"atlas_{name}": value for name, value in line.items()}
            dropped = line["reason"] in self.leaks.drop
            results.append((False, line["reason"]) if dropped else True)
        return results
