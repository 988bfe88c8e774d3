"""Which field is the prompt: by name, by what it holds, and by what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rlvr_atlas.load.fields import Field
from rlvr_atlas.load.layout import COMBINED
from rlvr_atlas.load.names import NAMES, STRONG, normal
from rlvr_atlas.load.paths import Path
from rlvr_atlas.load.values import is_run, number_texts

#: What a turn of the user is worth as a prompt whatever its list is called.
_USER_TURN = 2.5
#: From which worth on a field may be a prompt at all, is a fair candidate, and is a good one.
_LEAST, _SOUND, _GOOD = 0.3, 1.5, 2.3
#: A text that varies less than this, against the prompt, is a template.
_FIXED = 0.05
_ASKS = re.compile(
    r"[?？]|_{2,}|\b(?:find|compute|calculate|determine|evaluate|solve|simplify|prove|show that|write"
    r"|implement|what|how|which|given|let|suppose|return)\b|求|多少|计算|已知|设",
    re.IGNORECASE,
)
_QUERY = re.compile(r"\s{0,99}(?:SELECT|WITH\s+\w+\s+AS)\b", re.IGNORECASE)
_MASK = re.compile(r"(?<![A-Za-z0-9_\\])((?:[A-Za-z]{2,}|N)_?)(\d+)(?![A-Za-z0-9_])")


@dataclass(frozen=True)
class Candidate:
    """A field that may be the prompt.

    Args:
        field: The field.
        worth: What its name and its values are worth where it holds any.
        coverage: Share of the rows in which it does.
        rank: Place of its name among equally good ones.
        marks: reworded, changed, original: what its name says about the text.
    """

    field: Field
    worth: float
    coverage: float = 1.0
    rank: int = 0
    marks: frozenset[str] = frozenset()

    @property
    def order(self) -> tuple[float, int, int]:
        """Sorts the best first."""
        return (-round(self.worth * self.coverage, 3), self.rank, self.field.order)

    @property
    def is_derived(self) -> bool:
        """Whether its name says that it was made from another text."""
        return bool({"reworded", "changed"} & self.marks)


def find_prompts(fields: Sequence[Field], rows: int) -> list[Candidate]:
    """The fields that can be the prompt, best first."""
    named = [
        candidate
        for field in fields
        if field.texts and field.speaker not in ("assistant", "system")
        if (candidate := _by_name(field, fields, rows)).worth > 0
    ]
    # Where each prompt stands many times, it does so in every field: variety is measured against the others.
    common = [_variety(c.field) for c in named if c.coverage >= 0.5] or [_variety(c.field) for c in named]
    judged = [replace(c, worth=c.worth * _by_values(c.field, max(common))) for c in named]
    found = sorted((c for c in judged if c.worth >= _LEAST), key=lambda c: c.order)
    return _trained_on(found) if found else _by_values_alone(fields, rows)


def _by_name(field: Field, fields: Sequence[Field], rows: int) -> Candidate:
    """What the name of a field is worth as a prompt's, between 0 and 4."""
    known = {"reworded": NAMES.reworded, "changed": NAMES.changed, "original": NAMES.original}
    marks = frozenset(mark for mark, some in known.items() if some.intersection(field.words))
    worth, rank = NAMES.prompt.worth(field.name)
    if marks:
        rest = "".join(word for word in field.words if not any(word in some for some in known.values()))
        worth, rank = NAMES.prompt.worth(rest) if rest else (STRONG, 0)
        siblings = {normal(other.name) for other in fields if other is not field}
        if "original" in marks:
            worth -= 1.0
        elif worth and (not rest or rest in siblings):
            worth += 1.0
    if field.is_said and field.speaker == "user":
        worth = max(worth, _USER_TURN)
    worth -= 1.5 * field.aside + 0.2 * field.depth
    return Candidate(field, worth, len(field.texts) / rows, rank, marks)


def _variety(field: Field) -> float:
    return len(set(field.texts.values())) / len(field.texts)


def _by_values(field: Field, common: float) -> float:
    """How much the texts of a field look like prompts, up to 1: as varied as others, and no mere words."""
    texts = field.texts.values()
    worded = sum(_is_worded(text) for text in texts) / len(texts)
    queries = sum(bool(_QUERY.match(text)) for text in texts) / len(texts)  # SQL is asked for, seldom asked
    return min(1.0, _variety(field) / common / 0.3) * (0.5 + 0.5 * worded) * (1.0 - 0.5 * queries)


def _is_worded(text: str) -> bool:
    return len(text) >= 12 or sum(character > "\u2e80" for character in text) >= 4


def _by_values_alone(fields: Sequence[Field], rows: int) -> list[Candidate]:
    """Under an unknown name, only a text that differs in every row and asks for something is a prompt."""
    known = (NAMES.answer, NAMES.solution, NAMES.source, NAMES.hint, NAMES.split, NAMES.options)
    found = []
    for field in fields:
        texts = field.texts.values()
        if field.speaker or len(texts) < 0.8 * rows or any(part.worth(field.name)[0] for part in known):
            continue
        asks = sum(bool(_ASKS.search(text)) and _is_worded(text) for text in texts) / len(texts)
        if asks >= 0.5 and _variety(field) >= 0.5:
            found.append(Candidate(field, asks))
    return sorted(found, key=lambda c: c.order)


def _trained_on(found: list[Candidate]) -> list[Candidate]:
    """Put `prompt` first where a field of another good name holds another text than the one in it.

    What a model is trained on is `prompt`. A `problem` beside it is preferred because it is the same without
    wrapping, so where it is not the same, it is the problem that the prompt was made from.
    """
    best = found[0]
    rival = next((c for c in found[1:] if _is_prompt(c)), None)
    if rival is None or best.is_derived or _is_prompt(best):
        return found
    if _share_inside(best.field, rival.field) >= 0.5:
        return found
    return [rival, *(c for c in found if c is not rival)]


def _is_prompt(candidate: Candidate) -> bool:
    return normal(candidate.field.name) == "prompt" and candidate.worth >= _SOUND


def _share_inside(inner: Field, outer: Field) -> float:
    """In which share of the rows that have both the one text is part of the other, spacing aside."""
    both = inner.texts.keys() & outer.texts.keys()
    return sum(_squash(inner.texts[row]) in _squash(outer.texts[row]) for row in both) / max(1, len(both))


def _squash(text: str) -> str:
    return "".join(text.split())


def find_replacements(prompts: Sequence[Candidate], group: Sequence[Field]) -> tuple[tuple[Path], ...]:
    """Where to look for a prompt in rows that lack the best one."""
    best = prompts[0]
    if best.is_derived:
        return ()  # the text it was made from is no replacement for it
    taken = {id(field) for field in group}
    found = [
        candidate
        for candidate in prompts[1:]
        if not candidate.marks and id(candidate.field) not in taken
        # A part of the best one is no whole.
        if not _share_inside(candidate.field, best.field) > _share_inside(best.field, candidate.field)
        # Under a good name, or under a fair one where the file mixes two kinds of row.
        if candidate.worth >= _GOOD
        or (candidate.worth >= _SOUND and not candidate.field.texts.keys() & best.field.texts.keys())
    ]
    return tuple((candidate.field.path,) for candidate in found)


def with_partner(main: Field, fields: Sequence[Field]) -> list[Field]:
    """The prompt's field, with the one that it cannot be understood without."""
    name = normal(main.name)
    for first, second in NAMES.pairs:
        here, there = (second, first) if name in second else (first, second)
        if name not in here or (name in second and name in first):
            continue
        for field in fields:
            if normal(field.name) in there and _belongs(field, main):
                return [field, main] if name in second else [main, field]
    return [main]


def _belongs(field: Field, main: Field) -> bool:
    """Whether a field stands beside the prompt's and adds to it: neither a part of it nor a fixed phrase."""
    beside = field.path[:-1] == main.path[:-1] and not field.speaker and bool(field.texts)
    return beside and _variety(field) >= _FIXED * _variety(main) and _share_inside(field, main) < 0.5


def combined_answers(field: Field) -> Field | None:
    """The answers of texts that are "Question: ... Answer: ..."; None where most texts are not."""
    found = {row: COMBINED.fullmatch(text) for row, text in field.texts.items()}
    answers = {row: text for row, match in found.items() if match and (text := match["answer"].strip())}
    return Field(field.path, "", 0, dict(answers)) if len(answers) >= 0.8 * len(found) else None


def find_mask(
    prompts: Mapping[int, str], fields: Sequence[Field]
) -> tuple[Path | None, re.Pattern[str] | None]:
    """Placeholders (`number0`, `number1`) in most prompts, and the list of as many numbers beside them."""
    places: dict[str, dict[int, set[int]]] = {}
    for row, text in prompts.items():
        for match in _MASK.finditer(text):
            places.setdefault(match[1], {}).setdefault(row, set()).add(int(match[2]))
    for word, by_row in places.items():
        if len(by_row) < 0.5 * len(prompts):
            continue
        for field in fields:
            fits = [
                is_run(found) and len(number_texts(field.values.get(row))) == len(found)
                for row, found in by_row.items()
            ]
            if sum(fits) >= 0.8 * len(fits):
                return field.path, re.compile(rf"(?<![A-Za-z0-9_]){re.escape(word)}(\d+)(?![A-Za-z0-9_])")
    return None, None
