"""What an entry of the registry may say."""

from __future__ import annotations

import datetime as dt
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rlvr_atlas.config import DatasetSpec


class Entry(DatasetSpec):
    """A published dataset or benchmark: all that a recipe may say of it, and what else is known."""

    #: Other names by which documents and recipes call it; its Hub id and that id's last part need no mention.
    aliases: list[str] = Field(default_factory=list)
    #: math, code, logic or other.
    domain: str = "math"
    url: str | None = None
    notes: str = ""
    #: What labels mean in this dataset alone, before the general rules: label -> atomic source.
    labels: dict[str, str] = Field(default_factory=dict)
    #: Set where the field that looks like a source label says nothing of the source.
    labels_say_nothing: bool = False

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.trust_labels and self.atomic_source:
            raise ValueError("'atomic_source' would override the labels that 'trust_labels' trusts")
        if self.trust_labels and self.labels_say_nothing:
            raise ValueError("'trust_labels' and 'labels_say_nothing' exclude each other")
        return self


class Source(BaseModel):
    """An atomic source: an origin of problems that is not derived from another one here."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: str
    title: str
    description: str = ""
    domain: str = "math"
    url: str | None = None
    released: dt.date | None = None
    license: str | None = None
    #: Labels and upstream names that mean this source, in any case and punctuation.
    aliases: list[str] = []
    #: The same with wildcards, in normal form (`amps_*`): what a star stands for is a problem type or a year.
    patterns: list[str] = []
    #: What a key rests on: key -> a document, a web address, or who looked and when.
    evidence: dict[str, str] = {}


class LabelRules(BaseModel):
    """`[labels]` of sources.toml: noise around labels (regular expressions), and labels that mean nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    prefixes: list[str]
    suffixes: list[str]
    silent: list[str]
