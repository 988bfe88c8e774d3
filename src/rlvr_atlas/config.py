"""Recipes: one TOML file says which datasets to look at and what to do with them.

A recipe is read, checked and completed from the registry here; every later stage gets plain, valid settings.
Unknown keys are errors, because a misspelled setting that is silently ignored is a wrong result.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from rlvr_atlas.errors import RecipeError
from rlvr_atlas.record import Role

#: An id names a folder in caches and a node in reports, so it is a plain file name and nothing else.
DatasetId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
FieldPaths = str | list[str]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Adapter(_Settings):
    """Where the parts of a row are; whatever is left out is detected.

    A field path is names joined by dots, with `[0]` for a list element, `[-1]` for the last one and
    `[role=user]` for the last element whose field has that value: `prompt[role=user].content`,
    `reward_model.ground_truth`. Several prompt paths are joined by a line break.

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
    atomic_source: str | None = None
    #: Ids of documented upstreams, in this recipe or not.
    derived_from: list[str] = []
    #: Whether the rows' own source labels may name the atomic source where nothing earlier is in view.
    trust_labels: bool = False
    adapter: Adapter = Adapter()

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.path is not None and self.hub is not None:
            raise ValueError("give either 'path' or 'hub', not both")
        return self

    @property
    def paths(self) -> list[str]:
        """The local paths or globs, as a list."""
        return [self.path] if isinstance(self.path, str) else list(self.path or [])


class WorkspaceSettings(_Settings):
    """`[workspace]`: where the tables go."""

    path: str = "workspace"


class MatchSettings(_Settings):
    """`[match]`: which pairs count as a match."""

    #: MinHash candidates below this estimated word-set similarity are not looked at.
    candidate_similarity: float = Field(default=0.5, ge=0.1, le=1.0)
    #: Same-problem matches below this probability are kept in `matches` but carry no lineage.
    min_probability: float = Field(default=0.5, ge=0.0, le=1.0)
    #: Report problems that differ only in numbers, relation or ask.
    variants: bool = True
    seed: int = 0


class Recipe(_Settings):
    """A whole recipe. `base` is the folder that relative paths start from."""

    workspace: WorkspaceSettings = WorkspaceSettings()
    datasets: list[DatasetSpec] = Field(min_length=1)
    match: MatchSettings = MatchSettings()
    base: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _unique_ids(self) -> Self:
        seen: set[str] = set()
        for spec in self.datasets:
            # Ids become file names, and some file systems do not tell case apart.
            if spec.id.lower() in seen:
                raise ValueError(f"two datasets have the id {spec.id!r}")
            seen.add(spec.id.lower())
        return self

    @property
    def workspace_path(self) -> Path:
        """The workspace folder, relative to the recipe's own folder unless absolute."""
        return self.base / self.workspace.path


def parse_recipe(data: dict[str, Any], *, base: Path = Path(), where: str = "recipe") -> Recipe:
    """Check a recipe that is already in memory.

    Args:
        data: The parsed TOML.
        base: Folder that relative paths start from.
        where: How errors name the recipe.

    Raises:
        RecipeError: For every unknown key, wrong type or missing value, all at once.
    """
    try:
        return Recipe.model_validate({**data, "base": base})
    except ValidationError as error:
        problems = "; ".join(_say(problem, data) for problem in error.errors())
        raise RecipeError(
            problems, where=where, fix="see docs/recipes.md for the keys a recipe may have"
        ) from None


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


def _say(problem: Mapping[str, Any], data: dict[str, Any]) -> str:
    """One pydantic complaint in a sentence that names the dataset, not its position."""
    place = [str(part) for part in problem["loc"]]
    if len(place) > 1 and place[0] == "datasets" and place[1].isdigit():
        entries = data.get("datasets")
        entry = entries[int(place[1])] if isinstance(entries, list) else None
        name = entry.get("id", "without an id") if isinstance(entry, dict) else "without an id"
        place[:2] = [f"dataset {name}"]
    if problem["type"] == "extra_forbidden":
        return f"unknown key '{place[-1]}' in {' '.join(place[:-1]) or 'the recipe'}"
    message = re.sub(r"^Value error, ", "", problem["msg"])
    if problem["type"] == "string_pattern_mismatch":
        message = f"{problem['input']!r} is not an id: it becomes a file name, so letters, digits, '.', '_', '-' only"
    return f"{' '.join(place)}: {message}".removeprefix(": ")
