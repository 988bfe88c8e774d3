"""Recipes: one TOML file says which datasets to look at and what to do with them.

A recipe is read, checked and completed from the registry here; every later stage gets plain, valid settings.
Unknown keys are errors, because a misspelled setting that is silently ignored is a wrong result.
"""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from rlvr_atlas.config.complaints import sentences, unknown_key
from rlvr_atlas.config.curate import CurateSettings
from rlvr_atlas.config.sca import SCASettings
from rlvr_atlas.errors import RecipeError
from rlvr_atlas.schema import Role

#: An id names a folder in caches and a node in reports, so it is a plain file name and nothing else.
DatasetId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
FieldPaths = str | list[str]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Adapter(_Settings):
    """Where the parts of a row are; whatever is left out is detected.

    A field path is names joined by dots, with `[0]` for a list element, `[-1]` for the last, `[role=user]`
    for the last that is so: `prompt[role=user].content`. Several prompts are joined by a line break.

    Example:
        `[datasets.adapter]` / `prompt = ["Body", "Question"]` / `answer = "Answer"`
    """

    prompt: FieldPaths | None = None
    answer: str | None = None
    #: A field whose text contains the answer (after "####", in \\boxed{}) rather than being it.
    solution: str | None = None
    source: str | None = None
    split: str | None = None
    options: str | None = None
    attachments: list[str] | None = None  # only these; none at all where it is empty
    #: Literal texts to take off the beginning or end of every prompt, besides the known templates.
    strip_prefix: list[str] = []
    strip_suffix: list[str] = []
    #: Whether text shared by most rows may be taken off as an unknown template.
    infer_templates: bool = True


class DatasetSpec(_Settings):
    """One `[[datasets]]` entry of a recipe, completed from the registry.

    Example:
        `id = "gsm8k_train"` / `role = "source"` / `path = "data/gsm8k/*.jsonl"` / `released = 2021-10-27`
    """

    id: DatasetId
    role: Role = "train"
    path: str | list[str] | None = None
    hub: str | None = None
    #: Hub only: commit, tag or branch; a commit hash keeps a run reproducible.
    revision: str | None = None
    #: Hub only: which files of the repository, as a glob; all data files where left out.
    files: str | list[str] | None = None
    title: str = ""
    released: dt.date | None = None
    license: str | None = None
    #: Set when this dataset introduces data: rows first seen here come from this source.
    atomic_source: DatasetId | None = None
    #: Ids of documented upstreams, in this recipe or not.
    derived_from: list[str] = []
    #: Whether the rows' own source labels may name the atomic source where nothing earlier is in view.
    trust_labels: bool = False
    #: What a key rests on: key -> a document, a web address, or who looked and when.
    evidence: dict[str, str] = {}
    adapter: Adapter = Adapter()

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.path is not None and self.hub is not None:
            raise ValueError("give either 'path' or 'hub', not both")
        return self

    @model_validator(mode="after")
    def _evidence_of_something(self) -> Self:
        for key in self.evidence:
            if getattr(self, key, None) in (None, "", []) or key not in type(self).model_fields:
                raise ValueError(f"'evidence' is of '{key}', which the entry does not say")
        return self

    @property
    def paths(self) -> list[str]:
        """The local paths or globs, as a list."""
        return [self.path] if isinstance(self.path, str) else list(self.path or [])


class CandidateSpec(DatasetSpec):
    """One `[[candidates]]` entry: a source that is taken into view if enough rows seem to come from it.

    Example:
        `id = "gsm8k"` / `sketch = "sketches/gsm8k.sketch.parquet"`
    """

    role: Role = "source"
    #: A file made by `sketch`; with it the data is read only if this candidate is chosen.
    sketch: str | None = None

    @model_validator(mode="after")
    def _is_a_source(self) -> Self:
        if self.atomic_source is None and not self.trust_labels:
            raise ValueError("a candidate needs 'atomic_source' (or 'trust_labels'): what is it a source of?")
        return self

    @property
    def dataset(self) -> DatasetSpec:
        """The candidate as a dataset of the recipe."""
        return DatasetSpec(**self.model_dump(exclude={"sketch"}))


class WorkspaceSettings(_Settings):
    """`[workspace]`: where the tables go."""

    path: str = "workspace"

    @model_validator(mode="after")
    def _is_a_folder(self) -> Self:
        if not self.path.strip():
            raise ValueError("'path' is empty: name a folder that the tables go to")
        return self


#: Settings of `[match]` that choose among finished verdicts, so that changing them repeats no matching.
THRESHOLDS = {"min_probability", "review_low", "review_high"}


class MatchSettings(_Settings):
    """`[match]`: which pairs count as a match."""

    #: MinHash candidates below this estimated word-set similarity are not looked at.
    candidate_similarity: float = Field(default=0.5, ge=0.1, le=1.0)
    #: Same-problem matches below this probability are kept in `matches` but carry no lineage.
    min_probability: float = Field(default=0.5, ge=0.0, le=1.0)
    #: Pairs with a probability from here ...
    review_low: float = Field(default=0.1, ge=0.0, le=1.0)
    #: ... to here are put before a person by `review`.
    review_high: float = Field(default=0.9, ge=0.0, le=1.0)
    #: Report problems that differ only in numbers, relation or ask.
    variants: bool = True
    #: Search for heavy rewordings by words, numbers and answers; always on where an encoder is used.
    rewordings: bool = True
    #: Whether an encoder is used; where left out, if the extra `semantic` is installed.
    semantic: bool | None = None
    #: A sentence-transformers model: the default one, a folder, or a name on the Hub.
    encoder: str = "all-MiniLM-L6-v2"
    seed: int = Field(default=0, ge=0, lt=2**63)


class RecoverSettings(_Settings):
    """`[recover]`: when to look for further sources, and when to stop."""

    #: Candidates are tried while more than this share of the training rows has no source.
    residue: float = Field(default=0.01, ge=0.0, le=1.0)
    #: A candidate is taken in if it is estimated to hold at least this share of the training rows.
    min_gain: float = Field(default=0.001, gt=0.0, le=1.0)
    #: Whether the registry's sources on the Hub are candidates too; only where the command says `--network`.
    registry: bool = True


class AuditSettings(_Settings):
    """`[audit]`: which overlaps with a benchmark are leaks."""

    #: Overlaps that are less probable are listed as unjudged.
    min_probability: float = Field(default=0.5, ge=0.0, le=1.0)


class Recipe(_Settings):
    """A whole recipe. `base` is the folder that relative paths start from."""

    workspace: WorkspaceSettings = WorkspaceSettings()
    #: A registry file of the user; where left out, `rlvr-atlas-registry.toml` beside the recipe if there.
    registry: str | None = None
    datasets: list[DatasetSpec] = Field(min_length=1)
    candidates: list[CandidateSpec] = []
    match: MatchSettings = MatchSettings()
    recover: RecoverSettings = RecoverSettings()
    audit: AuditSettings = AuditSettings()
    sca: SCASettings = SCASettings()
    curate: CurateSettings | None = None
    base: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _unique_ids(self) -> Self:
        for specs in (self.datasets, self.candidates):
            for problem in _same_ids(spec.id for spec in specs):
                raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _known_datasets(self) -> Self:
        roles = {spec.id: spec.role for spec in self.datasets}
        for name in self.curate.considered if self.curate else []:
            if name not in roles:
                near = difflib.get_close_matches(name, list(roles), n=1)
                hint = f" (did you mean '{near[0]}'?)" if near else ""
                raise ValueError(f"curate names {name!r}, which is no dataset of the recipe{hint}")
            if roles[name] == "benchmark":
                raise ValueError(f"curate names {name!r}, which is a benchmark: nothing is trained on one")
        return self

    @property
    def workspace_path(self) -> Path:
        """The workspace folder, relative to the recipe's own folder unless absolute; `~` is a home."""
        try:
            return self.base / Path(self.workspace.path).expanduser()
        except RuntimeError:  # the home of nobody
            return self.base / self.workspace.path

    @property
    def registry_path(self) -> Path | None:
        """The registry file of the user; None where there is none."""
        return self.base / self.registry if self.registry else None


def parse_recipe(
    data: dict[str, Any], *, base: Path = Path(), where: str = "recipe", problems: Sequence[str] = ()
) -> Recipe:
    """Check a recipe that is already in memory.

    Args:
        data: The parsed TOML.
        base: Folder that relative paths start from.
        where: How errors name the recipe.
        problems: What was found wrong before, to be reported with the rest.

    Raises:
        RecipeError: For every unknown key, wrong type or missing value, all at once.
    """
    found = [*problems]
    for kind in ("datasets", "candidates"):
        found += _same_ids(entry.get("id") for entry in entries(data, kind))
    if "base" in data:
        found.append(unknown_key((), "base", Recipe))
    try:
        recipe = Recipe.model_validate({**data, "base": base})
    except ValidationError as error:
        found += sentences(error, data, Recipe)
    else:
        if not found:
            return recipe
    everything = "; ".join(dict.fromkeys(found))
    raise RecipeError(everything, where=where, fix="see docs/recipes.md for the keys a recipe may have")


def entries(data: Mapping[str, Any], kind: str = "datasets") -> list[dict[str, Any]]:
    """The `[[datasets]]` (or `[[candidates]]`) of an unchecked recipe; all else is left to the check."""
    listed = data.get(kind)
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        RecipeError: Where it is missing, unreadable, or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError("no such recipe", where=str(path), fix="check the path") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"not a readable TOML file ({error})", where=str(path)) from None


def _same_ids(ids: Iterable[object]) -> list[str]:
    """A sentence for every id that stands twice, in any case: file systems need not tell case apart."""
    seen: set[str] = set()
    problems = []
    for name in ids:
        if not isinstance(name, str):
            continue
        if name.lower() in seen:
            problems.append(f"two datasets have the id {name!r}")
        seen.add(name.lower())
    return problems
