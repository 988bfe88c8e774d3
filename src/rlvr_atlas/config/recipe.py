"""Recipes: one TOML file says which datasets to look at and what to do with them.

A recipe is read, checked and completed from the registry here; every later stage gets plain, valid settings.
Unknown keys are errors, because a misspelled setting that is silently ignored is a wrong result.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from rlvr_atlas.config.curate import CurateSettings
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


class SCASettings(_Settings):
    """`[sca]`: what is trained on each atomic source, and what is asked."""

    #: A folder, or the id of a model on the Hub that is in the local cache.
    base_model: str = "Qwen/Qwen3-1.7B-Base"
    #: Of GRPO: paper, released_code or tiny.
    preset: str = "paper"
    #: Changes of the preset: `{ steps = 100, lr = 2e-6 }`.
    grpo: dict[str, int | float] = {}
    #: Further settings of verl by their dotted names: `{ "trainer.n_gpus_per_node" = 4 }`.
    verl: dict[str, bool | int | float | str] = {}
    #: Only these sources; all that have enough problems where empty.
    sources: list[str] = []
    #: Sources with fewer usable problems are not trained on.
    min_problems: int = Field(default=64, ge=2)
    #: At most so many training problems of a source.
    max_train: int = Field(default=4000, ge=1)
    #: Share of a source's problems that is held out ...
    held_out: float = Field(default=0.1, gt=0.0, lt=1.0)
    #: ... but at most so many.
    max_held_out: int = Field(default=100, ge=1)
    #: Training problems of each source that the base is asked by `sca plan --preflight`.
    preflight: int = Field(default=32, ge=1)
    #: Answers to each problem.
    k: int = Field(default=4, ge=1)
    temperature: float = Field(default=0.6, gt=0.0)
    top_p: float = Field(default=0.95, gt=0.0, le=1.0)
    top_k: int = Field(default=20, ge=0)
    #: Problems answered at once.
    rollout_batch: int = Field(default=16, ge=1)
    #: Put after every question, in training and in rollouts.
    instruction: str = "\n\nPlease reason step by step, and put your final answer within \\boxed{}."
    #: Of torch, on a CPU.
    threads: int = Field(default=1, ge=1)

    #: What the plan depends on; the rest may change without making it again.
    PLANNED: ClassVar[set[str]] = {"sources", "min_problems", "max_train", "held_out", "max_held_out"}


class Recipe(_Settings):
    """A whole recipe. `base` is the folder that relative paths start from."""

    workspace: WorkspaceSettings = WorkspaceSettings()
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
        found.append(_unknown_key((), "base"))
    try:
        recipe = Recipe.model_validate({**data, "base": base})
    except ValidationError as error:
        found += _sentences(error, data)
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


#: What a value must be, by the kind of pydantic's complaint; other complaints are passed on as they are.
_MUST_BE = {
    "string_type": "text",
    "list_type": "a list of texts",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "date_type": "a date such as 2025-03-17",
    "date_parsing": "a date such as 2025-03-17",
    "date_from_datetime_parsing": "a date such as 2025-03-17",
    "date_from_datetime_inexact": "a date such as 2025-03-17",
}


def _sentences(error: ValidationError, data: Mapping[str, Any]) -> list[str]:
    """Pydantic's complaints as sentences that name datasets, not positions; one sentence for each place."""
    must_be: dict[str, list[str]] = {}
    sentences = []
    for problem in error.errors():
        kind, loc = problem["type"], problem["loc"]
        if kind == "extra_forbidden":
            sentences.append(_unknown_key(loc[:-1], str(loc[-1]), _place(loc[:-1], data)))
            continue
        # After the key of a dataset come the arms of a union and positions: ("path", "list[str]", 0).
        in_list = len(loc) > 2 and isinstance(loc[-1], int)
        place = _place([*loc[:2], *(part for part in loc[2:] if not _is_arm(part))], data)
        if loc == ("datasets",):
            sentences.append("there are no datasets: each one is a table under a [[datasets]] of its own")
        elif kind in _MUST_BE:
            must_be.setdefault(place, []).append("a list of texts" if in_list else _MUST_BE[kind])
        elif kind == "missing":
            sentences.append(f"{place} is missing")
        elif kind == "string_pattern_mismatch":
            sentences.append(
                f"{place}: {problem['input']!r} is no id: it becomes a file name, so it begins with a letter"
                " or digit and has only these and '.', '_', '-'"
            )
        else:
            message = re.sub("^Value error, ", "", problem["msg"])
            sentences.append(f"{place}: {message}" if place else message)
    sentences += [f"{place} must be {' or '.join(dict.fromkeys(kinds))}" for place, kinds in must_be.items()]
    return sentences


def _is_arm(part: int | str) -> bool:
    return isinstance(part, int) or part == "str" or "[" in part


def _place(loc: Sequence[int | str], data: Mapping[str, Any]) -> str:
    """`dataset gsm8k, adapter.prompt` for ("datasets", 0, "adapter", "prompt"); `match.seed`."""
    if len(loc) > 1 and loc[0] in ("datasets", "candidates") and isinstance(loc[1], int):
        entry, kind = data[str(loc[0])][loc[1]], str(loc[0])[:-1]
        name = entry["id"] if isinstance(entry, dict) and "id" in entry else f"number {loc[1] + 1}"
        inside = ".".join(str(part) for part in loc[2:])
        return f"{kind} {name}, {inside}" if inside else f"{kind} {name}"
    return ".".join(str(part) for part in loc)


def _unknown_key(loc: Sequence[int | str], key: str, place: str = "") -> str:
    """Names the nearest key of the same table, or the table that has this key."""
    tables = _tables()
    table = ".".join(part for part in loc if isinstance(part, str))
    near = difflib.get_close_matches(key, tables[table], n=1)
    homes = [f"[{name}]" if name else "the top of the file" for name, keys in tables.items() if key in keys]
    hint = f" (did you mean '{near[0]}'?)" if near else f" (it belongs in {homes[0]})" if homes else ""
    return f"unknown key '{key}' in {place or 'the recipe'}{hint}"


def _tables(model: type[BaseModel] = Recipe, name: str = "") -> dict[str, list[str]]:
    """Every table of a recipe by its dotted name, with the keys it may have."""
    keys = [key for key, field in model.model_fields.items() if not field.exclude]
    tables = {name: keys}
    for key in keys:
        annotation = model.model_fields[key].annotation
        for part in (annotation, *get_args(annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                tables |= _tables(part, f"{name}.{key}".removeprefix("."))
    return tables
