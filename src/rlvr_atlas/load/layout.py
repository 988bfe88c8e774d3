"""A layout: where the parts of a row are; and taking them out of rows with it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeVar

from rlvr_atlas.load.attachments import Attached, attachments
from rlvr_atlas.load.paths import Path, get, write
from rlvr_atlas.load.rows import Row, Value
from rlvr_atlas.load.values import answer_text, fill, option_texts, plain_text, prompt_text

Kind = Literal["final", "solution"]
T = TypeVar("T")

#: "Question: ... Answer: ..." in one text.
COMBINED = re.compile(
    r"\s*(?:#+\s*)?(?:Question|Problem|Instruction|Query|Input|Q|User|Human|问题|题目)\s*[:：](?P<question>.*?)"
    r"\n[^\S\n]*(?:#+\s*)?(?:Answer|Solution|Response|Output|A|Assistant|答案|解答)\s*[:：](?P<answer>.*)",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True)
class Layout:
    """Where the parts of a row are.

    Args:
        prompts: Alternatives, the first that holds a text counts; each is one or more paths to be joined.
        answers: Alternatives, the first that holds something counts.
        labels: source, split and hint to their paths.
        options: One path to a list of options, or one path for each option.
        numbers: Where the numbers are that `placeholder` stands for in the prompt.
        placeholder: What a masked number looks like; its group is the index.
        combined: What stands behind the question where one text holds both; None where it does not.
        joiner: What stands between the texts of one prompt.
        by_recipe: The paths that were set rather than detected.
        attached: What the problems are asked of beside their text.
        shared: Likewise, of fields that tell no problem of the file from another.
    """

    prompts: tuple[tuple[Path, ...], ...]
    answers: tuple[tuple[Path, Kind], ...] = ()
    labels: dict[str, Path] = field(default_factory=dict)
    options: tuple[Path, ...] = ()
    numbers: Path | None = None
    placeholder: re.Pattern[str] | None = None
    combined: Kind | None = None
    joiner: str = " "
    by_recipe: frozenset[Path] = frozenset()
    attached: tuple[Attached, ...] = ()
    shared: tuple[Attached, ...] = ()

    def where_prompt(self) -> str:
        """The paths of the prompt for a message."""
        return ", ".join(dict.fromkeys(write(path) for group in self.prompts for path in group))

    def paths(self) -> list[tuple[str, Path]]:
        """Every part and path, in the order in which they are tried."""
        found = [("prompt", path) for group in self.prompts for path in group]
        found += [("numbers", self.numbers)] if self.numbers else []
        found += [("solution" if kind == "solution" else "answer", path) for path, kind in self.answers]
        if self.combined:
            part = "solution" if self.combined == "solution" else "answer"
            found += [(part, path) for path in self.prompts[0]]
        found += [("options", path) for path in self.options]
        found += [(one.part, one.path) for one in (*self.attached, *self.shared)]
        return list(dict.fromkeys([*found, *self.labels.items()]))


@dataclass(frozen=True)
class Parts:
    """The parts of some rows, one list entry for each row."""

    question: list[str | None]
    answer: list[str | None]
    answer_kind: list[Kind | None]
    options: list[list[str] | None]
    labels: dict[str, list[str | None]]
    attachments: list[str | None]
    shared: list[str | None]


class Extractor:
    """Takes rows apart by a layout and counts in `filled` how many rows held something at each path."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.filled: Counter[tuple[str, Path]] = Counter()

    def parts(self, rows: Sequence[Row]) -> Parts:
        """The parts of some rows."""
        question = self._questions(rows)
        answer, kinds = self._answers(rows)
        if self.layout.combined:
            for number, text in enumerate(question):
                if text is not None and (found := COMBINED.fullmatch(text)):
                    question[number], answer[number] = (
                        found[part].strip() or None for part in ("question", "answer")
                    )
                    kinds[number] = self.layout.combined
            part = "solution" if self.layout.combined == "solution" else "answer"
            self._count(part, self.layout.prompts[0][0], answer)
        labels = {
            part: self._column(rows, part, path, plain_text) for part, path in self.layout.labels.items()
        }
        attached, shared = (
            attachments(rows, question, fields, self._count_one)
            for fields in (self.layout.attached, self.layout.shared)
        )
        return Parts(question, answer, kinds, self._options(rows), labels, attached, shared)

    def _count_one(self, one: Attached) -> None:
        self.filled[one.part, one.path] += 1

    def _questions(self, rows: Sequence[Row]) -> list[str | None]:
        alternatives = []
        for group in self.layout.prompts:
            columns = [self._column(rows, "prompt", path, prompt_text) for path in group]
            alternatives.append(
                columns[0] if len(columns) == 1 else [self._join(t) for t in zip(*columns, strict=True)]
            )
        question = [_first(texts) for texts in zip(*alternatives, strict=True)]
        path, placeholder = self.layout.numbers, self.layout.placeholder
        if path and placeholder:
            numbers = self._column(rows, "numbers", path, lambda value: value)
            pairs = zip(question, numbers, strict=True)
            return [text and fill(text, placeholder, values) for text, values in pairs]
        return question

    def _answers(self, rows: Sequence[Row]) -> tuple[list[str | None], list[Kind | None]]:
        answer: list[str | None] = [None] * len(rows)
        kinds: list[Kind | None] = [None] * len(rows)
        for path, kind in self.layout.answers:
            part, nested = ("solution", False) if kind == "solution" else ("answer", True)
            texts = self._column(rows, part, path, partial(answer_text, nested=nested))
            for number, text in enumerate(texts):
                if answer[number] is None and text is not None:
                    answer[number], kinds[number] = text, kind
        return answer, kinds

    def _options(self, rows: Sequence[Row]) -> list[list[str] | None]:
        paths = self.layout.options
        if len(paths) == 1:
            return self._column(rows, "options", paths[0], option_texts)
        columns = [self._column(rows, "options", path, plain_text) for path in paths]
        if not columns:
            return [None] * len(rows)
        return [option_texts(list(texts)) for texts in zip(*columns, strict=True)]

    def _column(
        self, rows: Sequence[Row], part: str, path: Path, convert: Callable[[Value], T | None]
    ) -> list[T | None]:
        name = path[0]
        if len(path) == 1 and isinstance(name, str):  # most paths are one name, and need no walk
            column = [convert(row.get(name)) for row in rows]
        else:
            column = [convert(get(row, path)) for row in rows]
        self._count(part, path, column)
        return column

    def _count(self, part: str, path: Path, column: Iterable[object]) -> None:
        self.filled[part, path] += sum(value is not None for value in column)

    def _join(self, texts: Iterable[str | None]) -> str | None:
        """The texts one after another; one that another already holds is not said twice."""
        there = list(dict.fromkeys(text for text in texts if text))
        kept = [text for text in there if not any(text != other and text in other for other in there)]
        return self.layout.joiner.join(kept) or None


def _first(texts: Iterable[str | None]) -> str | None:
    return next((text for text in texts if text is not None), None)
