"""Schema detection: which field of a row is the prompt, which the answer, and so on.

A field is judged by its name (`names.toml`) and by what it holds: a prompt is text that differs from row to
row, a final answer is short, a worked solution is long or carries an answer mark. No rule knows any dataset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rlvr_atlas.load.attachments import find_attachments
from rlvr_atlas.load.detect_answer import ID, find_answers, kind_of
from rlvr_atlas.load.detect_prompt import (
    Candidate,
    combined_answers,
    find_mask,
    find_prompts,
    find_replacements,
    with_partner,
)
from rlvr_atlas.load.fields import Field, collect
from rlvr_atlas.load.layout import Kind, Layout
from rlvr_atlas.load.names import NAMES, STRONG, Part, normal
from rlvr_atlas.load.paths import Path, get
from rlvr_atlas.load.rows import Row
from rlvr_atlas.load.values import option_texts, plain_text

_LETTERED = re.compile(r"(option|choice|opt|op|answer)?([a-h])|(option|choice|opt|ending)(\d)")
#: Numbers are ids among candidates only: elsewhere they may be the options of a calculation.
_NUMBERS = re.compile(r"[A-Za-z]{1,20}\d+|\d{3,}")
_MOST_OPTIONS = 26

#: Parts of a row that a recipe has set, with their paths.
Given = Mapping[str, tuple[Path, ...]]


def detect(rows: Sequence[Row], given: Given | None = None) -> Layout | None:
    """The layout of some rows.

    Args:
        rows: A sample, spread over the rows it stands for.
        given: Paths that a recipe has set and that occur in these rows; they are taken as they are.

    Returns:
        The layout, or None where no field can be the prompt.
    """
    given = given or {}
    others: tuple[tuple[Path], ...] = ()
    fields = collect(rows)[0]
    if "prompt" in given:
        prompts = [Candidate(_field_at(rows, path), STRONG) for path in given["prompt"]]
        group = [candidate.field for candidate in prompts]
    else:
        prompts = find_prompts(fields, len(rows))
        if not prompts:
            return None
        group = with_partner(prompts[0].field, fields)
        others = find_replacements(prompts, group)
    best = prompts[0]
    taken = {part.path for part in group}
    chosen = {path for part in given.values() for path in part}
    found = find_attachments(rows, taken | chosen, given.get("attachments"))
    attached = tuple(one for one in found if not one.shared)
    beside = {one.path for one in attached if not one.parts}
    rest = [field for field in fields if field.path not in taken | beside]
    answers = _given_answers(rows, given) or find_answers(rest, len(rows), best)
    if "answer" in given and "solution" not in given:
        answers += tuple(entry for entry in find_answers(rest, len(rows), best) if entry[1] == "solution")
    numbers, placeholder = find_mask(_joined(group), rest)
    used = {path for path, _ in answers} | {path for (path,) in others}
    rest = [field for field in rest if field.path not in used and not field.speaker]
    options = given.get("options") or _options(rest, len(rows))
    answers = tuple((path, _unless_chosen(rows, path, kind, options)) for path, kind in answers)
    return Layout(
        prompts=(tuple(part.path for part in group), *others),
        answers=answers,
        labels=_labels(rest) | {part: given[part][0] for part in ("source", "split") if part in given},
        options=options,
        numbers=numbers,
        placeholder=placeholder,
        combined=_combined(best.field) if "prompt" not in given and not answers else None,
        joiner="\n" if "prompt" in given else " ",
        by_recipe=frozenset(path for paths in given.values() for path in paths),
        attached=attached,
        shared=tuple(one for one in found if one.shared),
    )


def _unless_chosen(rows: Sequence[Row], path: Path, kind: Kind, options: Sequence[Path]) -> Kind:
    """The kind of an answer; the text of an option is the answer itself, however long it is."""
    if kind == "final" or not options:
        return kind
    told = chosen = 0
    for row in rows:
        listed = [get(row, option) for option in options]
        offered = (option_texts(listed[0]) or []) if len(options) == 1 else list(map(plain_text, listed))
        text = plain_text(get(row, path))
        told += text is not None
        chosen += text is not None and text in offered
    return "final" if 2 * chosen > told else kind


def _combined(field: Field) -> Kind | None:
    """What stands behind the question in texts that hold the answer too; None where they do not."""
    answers = combined_answers(field)
    return kind_of(answers, named_solution=True) if answers else None


def _field_at(rows: Sequence[Row], path: Path) -> Field:
    values = {number: value for number, row in enumerate(rows) if (value := get(row, path)) is not None}
    return Field(path, "", 0, values)


def _joined(group: Sequence[Field]) -> dict[int, str]:
    """Sampled row to the whole prompt, in so far as its parts are there."""
    rows = dict.fromkeys(row for part in group for row in part.texts)
    return {row: " ".join(part.texts.get(row, "") for part in group) for row in rows}


def _given_answers(rows: Sequence[Row], given: Given) -> tuple[tuple[Path, Kind], ...]:
    """The answers a recipe has set; what it calls an answer may turn out to be a worked solution."""
    found: list[tuple[Path, Kind]] = [
        (path, kind_of(_field_at(rows, path), named_solution=False) or "final")
        for path in given.get("answer", ())
    ]
    return (*found, *((path, "solution") for path in given.get("solution", ())))


def _labels(fields: Sequence[Field]) -> dict[str, Path]:
    """Where a row says what it comes from, which split it is of, and what kind of task it is."""
    found: dict[str, Path] = {}
    parts: tuple[tuple[str, Part], ...] = (
        ("source", NAMES.source),
        ("split", NAMES.split),
        ("hint", NAMES.hint),
    )
    for part, names in parts:
        fitting = [
            (field.depth, names.worth(field.name)[1], field.order, field.path)
            for field in fields
            if names.worth(field.name)[0] and _is_label(field) and field.path not in found.values()
        ]
        if fitting:
            # A better name counts for more than a place nearer the top, except among notes.
            found[part] = min(fitting, key=lambda entry: (entry[1], entry[0], entry[2]))[3]
    return found


def _is_label(field: Field) -> bool:
    texts = [plain_text(value) for value in field.values.values()]
    lengths = [len(text) for text in texts if text is not None]
    return bool(lengths) and sum(lengths) <= 200 * len(lengths)


def _options(fields: Sequence[Field], rows: int) -> tuple[Path, ...]:
    """A field of options, or several that hold one each."""
    for field in sorted(
        fields, key=lambda field: (NAMES.options.worth(field.name)[1], field.depth, field.order)
    ):
        if NAMES.options.worth(field.name)[0]:
            read = map(option_texts, field.values.values())
            known = [texts for texts in read if texts is not None]
            if len(known) >= 0.5 * len(field.values) and not _are_ids(known, normal(field.name)):
                return (field.path,)
    return _lettered(fields, rows)


def _are_ids(options: Sequence[list[str]], name: str) -> bool:
    """Whether what looks like options are ids of documents or items, or too many to choose from."""
    texts = [text for one in options for text in one]
    numbers = name == "candidates"
    named = sum(bool(ID.fullmatch(text) or (numbers and _NUMBERS.fullmatch(text))) for text in texts)
    long = sum(len(one) > _MOST_OPTIONS for one in options)
    return 2 * long > len(options) or named >= 0.9 * len(texts)


def _lettered(fields: Sequence[Field], rows: int) -> tuple[Path, ...]:
    """The fields A, B, C, ... that hold one option each."""
    lettered: dict[str, list[Field]] = {}
    for field in fields:
        if field.depth == 0 and (match := _LETTERED.fullmatch(normal(field.name))):
            lettered.setdefault(match[1] or match[3] or "", []).append(field)
    for group in lettered.values():
        ends = sorted(normal(field.name)[-1] for field in group)
        runs = any("".join(ends) == run[: len(ends)] for run in ("abcdefgh", "0123456789", "123456789"))
        if len(group) >= 3 and runs and all(len(field.values) >= 0.5 * rows for field in group[:3]):
            return tuple(field.path for field in sorted(group, key=lambda field: normal(field.name)))
    return ()
