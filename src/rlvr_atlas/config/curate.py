"""`[curate]` of a recipe: what a mix is made of, what is left out of it, and what fills it up."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from rlvr_atlas import spdx
from rlvr_atlas.schema import SAME_PROBLEM, Relation, Transition

#: Stands for rows without an atomic source, wherever sources are named.
UNKNOWN = "unknown"
#: Where a template has the problem.
SLOT = "{prompt}"

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Choice(BaseModel):
    """Which rows are wanted. An empty list wants all."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    #: Atomic sources; "unknown" stands for rows without one.
    sources: list[str] = []
    #: ISO 639-1 codes, as in the table `instances`.
    languages: list[str] = []
    #: SPDX ids or expressions; a row whose licence is unknown has none of them.
    licenses: list[str] = []
    #: What becomes of multiple-choice rows: `convert` makes exact answers of those where that is safe.
    mcq: Literal["keep", "drop", "convert"] = "keep"
    #: What SCA says of the row's problem, as (base, trained): "01" is learned.
    transitions: list[Transition] = []
    #: Least expected gain of the row's problem by training on its source, from -1 to 1 (`transitions`); a
    #: row without one has none that fits.
    min_gain: Annotated[float, Field(ge=-1.0, le=1.0)] | None = None
    #: Least and greatest of the given scores; a row without a score has none that fits.
    min_score: float | None = None
    max_score: float | None = None

    @field_validator("licenses")
    @classmethod
    def _known_licenses(cls, licenses: list[str]) -> list[str]:
        for text in licenses:
            if spdx.read_license(text) is None:
                near = spdx.nearest(text)
                raise ValueError(f"{text!r} is no SPDX licence{f' (did you mean {near!r}?)' if near else ''}")
        return licenses

    @model_validator(mode="after")
    def _ordered_scores(self) -> Self:
        if self.min_score is not None and self.max_score is not None and self.min_score > self.max_score:
            raise ValueError("min_score is greater than max_score, so no row fits")
        return self

    @property
    def wants_scores(self) -> bool:
        """Whether rows are chosen by given scores."""
        return self.min_score is not None or self.max_score is not None


class RefillSettings(Choice):
    """`[curate.refill]`: where rows are drawn from until the mix has its size."""

    datasets: list[str] = Field(min_length=1)


class CurateSettings(Choice):
    """`[curate]`: a mix. Rules that clean hold for the refill too; choices are its own."""

    #: Its name in exports; becomes a file name.
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")] = "mix"
    #: Ids of the datasets it starts from.
    datasets: list[str] = Field(min_length=1)
    #: Relations to a benchmark item that drop a row ...
    drop_leaks: list[Relation] = list(SAME_PROBLEM)
    #: ... from this probability on.
    leak_probability: Probability = 0.5
    #: Also drop what matches an item whose text is too common to tell a leak from a coincidence.
    drop_possible_leaks: bool = True
    drop_unverifiable: bool = True
    drop_conflicts: bool = True
    #: Of rows whose gold answers differ, those go whose own is wrong with at least this probability.
    conflict_probability: Probability = 0.3
    #: Put the answer of the majority of sources in its place, where that is right with ...
    fix_conflicts: bool = False
    #: ... at least this probability.
    fix_probability: Probability = 0.9
    #: Relations that make two rows copies of one problem ...
    drop_duplicates: list[Relation] = list(SAME_PROBLEM)
    #: ... from this probability on.
    duplicate_probability: Probability = 0.5
    #: Most rows of an atomic source.
    max_per_source: dict[str, Annotated[int, Field(ge=0)]] = {}
    #: Who comes first in draws: whoever is drawn, or the rows with the highest expected gain.
    prefer: Literal["drawn", "expected_gain"] = "drawn"
    #: How many rows the mix has.
    size: Annotated[int, Field(ge=1)] | None = None
    seed: int = 0
    #: Parquet or JSONL with the columns score and key, or score, dataset and row.
    scores: str | None = None
    #: What is put around every exported problem.
    template: str = SLOT
    refill: RefillSettings | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.template.count(SLOT) != 1:
            raise ValueError(f"template must have {SLOT} in it, once")
        if self.scores is None and (self.wants_scores or (self.refill and self.refill.wants_scores)):
            raise ValueError("min_score and max_score need 'scores', the file that they are in")
        if self.refill is not None and self.size is None:
            raise ValueError("a refill needs 'size', the number of rows to reach")
        both = set(self.datasets) & set(self.refill.datasets if self.refill else [])
        if both:
            raise ValueError(f"{', '.join(sorted(both))} cannot be in 'datasets' and in the refill's, both")
        return self

    @property
    def wants_training(self) -> bool:
        """Whether rows are chosen by what training on their source did."""
        choices = [self, *([self.refill] if self.refill else [])]
        chosen = any(one.transitions or one.min_gain is not None for one in choices)
        return chosen or self.prefer == "expected_gain"

    @property
    def considered(self) -> list[str]:
        """Every dataset that rows are taken from, the refill's last."""
        return list(dict.fromkeys([*self.datasets, *(self.refill.datasets if self.refill else [])]))
