"""Which field is the answer, and whether it is the answer itself or a worked solution."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rlvr_atlas.load.detect_prompt import Candidate
from rlvr_atlas.load.fields import Field
from rlvr_atlas.load.layout import Kind
from rlvr_atlas.load.names import NAMES, STRONG, WEAK, normal, words
from rlvr_atlas.load.paths import Path
from rlvr_atlas.load.rows import Value
from rlvr_atlas.load.values import answer_text

#: From this worth on another final answer may stand in where the best one is missing.
_SOUND = 1.5
#: An id: a word and a number, a hash, a UUID, a link.
ID = re.compile(
    r"[A-Za-z]{1,20}[_:/#.-]?\d{2,}|(?=.*[a-f])(?=.*\d)[0-9a-f-]{8,}|https?://\S+|[\w.-]+[_/]\d+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
#: From so many rows on, one word for all of them says nothing about any.
_FEW = 8
_SAME_WORD = re.compile(r"[^\W\d_][\w -]{2,}")
_MARKED = ("####", "\\boxed", "\\fbox")
_LONG_SOLUTION, _LONG_ANSWER = 40, 120
#: A query; "Select one from the list" is a sentence.
_SQL = re.compile(
    r"\s{0,99}(?:```sql\s+)?(?:SELECT\s|select\s[^\n]{0,2000}?\sfrom\s|(?:WITH|with)\s+\w+\s+(?:AS|as)\s*\("
    r"|INSERT INTO\s|DELETE FROM\s|UPDATE\s+\w+\s+SET\s|CREATE TABLE\b)"
)
_PROGRAM = re.compile(
    rf"{_SQL.pattern}|\s{{0,99}}(?i:```|def \w|class \w|import \w|from [\w.]+ import|#include|public "
    r"|function \w)",
)
#: What a worked solution says and a long answer (a query, a program, the text of an option) does not.
_CONCLUDES = re.compile(
    r"\b(?:answer|therefore|thus|hence|so the|we (?:get|have|find|obtain)|because)\b|\\therefore"
    r"|\b(?:respuesta|réponse|antwort|ответ)\b|答案|因此|所以|故|解[:：]|정답|答え",
    re.IGNORECASE,
)
#: What states the answer of a worked solution.
_STATES = re.compile(r"\b(?:answer|respuesta|réponse|antwort|ответ)\b|答案|정답|答え", re.IGNORECASE)


def find_answers(fields: Sequence[Field], rows: int, prompt: Candidate) -> tuple[tuple[Path, Kind], ...]:
    """Where the answer is: the best final one, other well-named ones, then the best worked solution."""
    finals: list[tuple[tuple[float, int, int], bool, Field]] = []
    solutions: list[tuple[tuple[float, int, int], bool, Field]] = []
    for field in fields:
        worth, rank, named_solution = _answer_by_name(field, prompt)
        if worth <= 0:
            continue
        kind = kind_of(field, named_solution=named_solution, of_claim=_is_claim(prompt.field))
        if kind is not None and not (worth <= WEAK and kind == "final" and _tells_nothing(field)):
            # A solution that is short is an answer, but a field that is called one comes first.
            worth -= 1.0 if named_solution and kind == "final" else 0.0
            score = worth * (0.5 + 0.5 * len(field.values) / rows)
            entry = ((-round(score, 3), rank, field.order), worth >= _SOUND, field)
            (finals if kind == "final" else solutions).append(entry)
    chosen: list[tuple[Path, Kind]] = []
    for number, (_, sound, field) in enumerate(sorted(finals, key=lambda entry: entry[0])):
        inside_another = any(field.path[: len(path)] == path for path, _ in chosen)
        if number == 0 or (sound and not inside_another):
            chosen.append((field.path, "final"))
    chosen += [(field.path, "solution") for _, _, field in sorted(solutions, key=lambda entry: entry[0])[:1]]
    return tuple(chosen)


def _answer_by_name(field: Field, prompt: Candidate) -> tuple[float, int, bool]:
    """What a name is worth as the answer's, its rank, and whether it is the name of a worked solution."""
    if field.speaker == "assistant" and field.is_said:
        return WEAK, 0, True
    if field.speaker in ("user", "system"):
        return 0.0, 0, False
    marks = NAMES.reworded | NAMES.changed
    marked = marks.intersection(field.words)
    name = "".join(word for word in field.words if word not in marks) if marked else field.name
    answer, solution = NAMES.answer.worth(name), NAMES.solution.worth(name)
    if _is_sql(field):  # a query beside a question is what the question wants
        answer = max(answer, (STRONG, len(NAMES.answer.ranks)), key=lambda known: known[0])
    worth, rank = max(answer, solution, key=lambda known: known[0])
    # Deep inside a row, a `label` or the `output` of a test case is no answer.
    apart = field.depth > 0 and not field.aside and field.path[:-1] != prompt.field.path[:-1]
    if apart and (worth == WEAK or solution[0] > answer[0]):
        return 0.0, 0, False
    in_notes = any(
        isinstance(step, str) and normal(step) in NAMES.aside and normal(step) != "rewardmodel"
        for step in field.path[:-1]
    )
    worth -= (1.0 if in_notes else 0.0) + 0.1 * field.depth
    if marked:
        worth += 1.0 if "changed" in prompt.marks and NAMES.changed.intersection(field.words) else -1.5
    return worth, rank, solution[0] > answer[0]


def _is_claim(field: Field) -> bool:
    """Whether a prompt is a statement that is true or false."""
    return not NAMES.claims.isdisjoint(field.words) and NAMES.prompt.worth(field.name)[0] < STRONG


def _tells_nothing(field: Field) -> bool:
    """Whether a field whose name hardly says that it is the answer holds ids, or one word for all rows."""
    texts = [text for value in field.values.values() if (text := answer_text(value)) is not None]
    distinct = set(texts)
    if len(texts) >= _FEW and len(distinct) == 1 and _SAME_WORD.fullmatch(texts[0]):
        return texts[0].lower() not in NAMES.verdicts
    return len(distinct) == len(texts) > 1 and sum(map(bool, map(ID.fullmatch, texts))) >= 0.9 * len(texts)


def kind_of(field: Field, *, named_solution: bool, of_claim: bool = False) -> Kind | None:
    """Whether a field holds final answers or worked solutions; None where it holds neither.

    Args:
        field: The field.
        named_solution: Whether its name is a solution's, so that less length is needed to take it for one.
        of_claim: Whether the prompt is a statement, of which true or false can be the answer.
    """
    told = NAMES.answer.worth(field.name)[0] >= STRONG or (of_claim and normal(field.name) in NAMES.judged)
    if not told and all(isinstance(value, bool) for value in field.values.values()):
        return None
    if 2 * sum(_is_about(value) for value in field.values.values()) > len(field.values):
        return None
    nested = [answer_text(value) for value in field.values.values()]
    texts = [text for text in nested if text is not None]
    if not texts:
        return None
    sure = not named_solution and normal(field.name) in NAMES.sure
    worked = sum(_is_worked(text, sure=sure, named_solution=named_solution) for text in texts)
    return "solution" if worked > 0.5 * len(texts) else "final"


def _is_worked(text: str, *, sure: bool, named_solution: bool) -> bool:
    """Whether a text is a worked solution: it marks its answer, or it is long and neither data nor a program.

    Args:
        text: The text.
        sure: Whether its field says that it is the answer, so that length tells nothing.
        named_solution: Whether its field says that it is a solution.
    """
    if any(mark in text for mark in _MARKED):
        return True
    if named_solution:
        return len(text) > _LONG_SOLUTION and not _SQL.match(text)
    if sure:
        # The text of an option concludes too ("..., so the buyer may"), and a program has comments.
        if len(text) <= _LONG_ANSWER or _PROGRAM.match(text):
            return False
        return _STATES.search(text, max(0, len(text) - 200)) is not None
    # A long answer may be JSON, such as a filled grid, a query, a program, or the text of an option.
    if len(text) <= _LONG_ANSWER or text.startswith(("{", "[")) or _PROGRAM.match(text):
        return False
    return _CONCLUDES.search(text) is not None


def _is_sql(field: Field) -> bool:
    """Whether a field at the top of a row holds queries."""
    texts = field.texts.values()
    return (
        not field.depth and bool(texts) and sum(bool(_SQL.match(text)) for text in texts) >= 0.8 * len(texts)
    )


def _is_about(value: Value) -> bool:
    """Whether a struct tells which problem it is (an id, a date, a difficulty), whatever it is called."""
    if not isinstance(value, dict) or any(normal(name) in NAMES.answer_inside for name in value):
        return False
    named = [set(words(name)) for name in value]
    notes = sum(bool(name & (NAMES.ids | NAMES.about)) for name in named)
    return any(name & NAMES.ids for name in named) and notes >= 2 and 2 * notes > len(named)
