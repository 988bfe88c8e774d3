"""Unknown templates: text that most rows of a dataset begin or end with.

A template taken off must never make two different problems equal. So shared text is cut into sentences and
lines, each is judged (see `speech`), and only the outer ones that speak of the response, its format or the
roles are taken; shared text that carries a task or facts stays, and is reported as kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from rlvr_atlas.canonical.speech import kind, segments, wrapped_until
from rlvr_atlas.canonical.templates import Position, Rule, known_rules, literal_rule, take_off
from rlvr_atlas.schema import TEMPLATES
from rlvr_atlas.text.characters import clean

if TYPE_CHECKING:
    from rlvr_atlas.config import Adapter

#: Distinct questions that are compared, at most: shares are stable long before that.
SAMPLE = 4000
#: Fewer distinct questions than this show no rule.
FEWEST = 8
#: A sub-collection within a dataset: at least so many and such a share of the distinct questions.
MIX_ROWS, MIX_SHARE = 20, 0.10
#: Shared text that says nothing about the response must be in nearly all questions.
PLAIN_SHARE = 0.90
#: Characters that plain text, and the template of a sub-collection, must have.
LONG = 20
#: Shared text shorter than this is not worth a line in the report.
SHORTEST_KEPT = 12
#: Only so many characters at either end are compared.
_REACH = 8000
#: Templates on top of one another, at most.
_ROUNDS = 10
_ENDS: tuple[Position, Position] = ("prefix", "suffix")


@dataclass
class _Dataset:
    """The distinct questions of a dataset while templates come off, and what was found so far."""

    texts: pl.Series
    rows: pl.Series
    found: list[tuple[str, str, str, int]] = field(default_factory=list)

    def take(self, rules: list[Rule], origin: str) -> None:
        """Take `rules` off, then the known templates that this lays bare."""
        for batch, source in ((rules, origin), (known_rules(), "known")):
            self.texts, counts = take_off(self.texts, batch, self.rows)
            met = [rule for rule in batch if source == "recipe" or counts[rule]]
            self.found += [(rule.position, rule.text, source, counts[rule]) for rule in met]

    def sample(self, position: Position) -> list[str]:
        """Distinct texts in order, every k-th where there are many; reversed to look at their ends."""
        texts = self.texts.gather_every(-(-len(self.texts) // SAMPLE)) if len(self.texts) else self.texts
        # A problem that occurs 32 times is not a template.
        trimmed = texts.str.strip_chars().unique().to_list()
        step = slice(_REACH) if position == "prefix" else slice(None, -_REACH - 1, -1)
        return sorted(text[step] for text in trimmed)

    def holding(self, position: Position, text: str) -> int:
        """How many rows begin or end with `text`."""
        trimmed = self.texts.str.strip_chars()
        holds = trimmed.str.starts_with(text) if position == "prefix" else trimmed.str.ends_with(text)
        return int(self.rows.filter(holds).sum())


def infer_templates(rows: pl.DataFrame, adapter: Adapter) -> pl.DataFrame:
    """Find the templates of one dataset.

    Args:
        rows: Rows of one dataset (`schema.ROWS`).
        adapter: Its strip rules, and whether unknown templates may be inferred.

    Returns:
        `schema.TEMPLATES` rows: the recipe's strip rules ("recipe"), known templates that were met ("known"),
        unknown ones that were found ("inferred"), and shared text left in place ("kept"). `rows` counts rows
        of the dataset.
    """
    questions = rows.group_by("question", maintain_order=True).agg(pl.len().cast(pl.Int64).alias("rows"))
    data = _Dataset(clean(questions["question"]), questions["rows"])
    data.take(
        [literal_rule("prefix", text) for text in adapter.strip_prefix]
        + [literal_rule("suffix", text) for text in adapter.strip_suffix],
        "recipe",
    )
    if adapter.infer_templates:
        for _ in range(_ROUNDS):
            took = [_infer(data, position) for position in _ENDS]
            if not any(took):
                break
        _note_kept(data)
    found = pl.DataFrame(data.found, schema=["position", "text", "origin", "rows"], orient="row")
    return (
        found.cast({name: TEMPLATES[name] for name in found.columns})
        .group_by("position", "text", "origin", maintain_order=True)
        .agg(pl.col("rows").sum())
        .select(pl.lit(rows["dataset"].first()).cast(pl.String).alias("dataset"), pl.all())
    )


def _infer(data: _Dataset, position: Position) -> bool:
    """Take off the outermost unknown template at one end; where most rows share none, those of parts."""
    sample = data.sample(position)
    if len(sample) < FEWEST:
        return False
    most = max(_shared(sample, len(sample) // 2 + 1, position), key=len)
    found = [_template(most, sample, position)]
    if not found[0]:
        support = max(MIX_ROWS, math.ceil(MIX_SHARE * len(sample)))
        found = [_spoken(shared, position) for shared in _shared(sample, support, position)]
        found = [text for text in found if len(text) >= LONG]
    # The longest first, so that none is cut in two by a shorter one.
    rules = [
        literal_rule(position, text)
        for text in sorted(set(found), key=lambda text: (-len(text), text))
        if text
    ]
    if rules:
        data.take(rules, "inferred")
    return bool(rules)


def _shared(sample: list[str], support: int, position: Position) -> list[str]:
    """Every longest text that at least `support` of the sorted texts begin with, as it reads."""
    # Texts that begin alike stand together, so the first and last of `support` neighbours say it all.
    pairs = zip(sample, sample[support - 1 :], strict=False)
    texts = {_common(first, last) for first, last in pairs} if len(sample) >= support else set()
    return sorted(text if position == "prefix" else text[::-1] for text in texts | {""})


def _common(left: str, right: str) -> str:
    """The longest common beginning, by bisection: comparing slices is faster than comparing characters."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if left[:middle] == right[:middle] else (low, middle - 1)
    return left[:low]


def _join(pieces: list[str], position: Position) -> str:
    return "".join(pieces if position == "prefix" else pieces[::-1]).strip()


def _spoken(shared: str, position: Position) -> str:
    """The outer part of a shared text that speaks of the response or lies outside the tags of the problem."""
    pieces = segments(shared, position)
    until = wrapped_until(pieces, position)
    for number, piece in enumerate(pieces[until:], until + 1):
        judged = kind(piece)
        if judged == "carries":
            break
        until = number if judged == "speaks" else until
    return _join(pieces[:until], position)


def _template(shared: str, sample: list[str], position: Position) -> str:
    """The same, and plain text beyond it where nearly all have that."""
    spoken = _spoken(shared, position)
    pieces = segments(shared, position)
    beyond = next(n for n in range(len(pieces) + 1) if len(_join(pieces[:n], position)) >= len(spoken))
    until = beyond
    for number, piece in enumerate(pieces[beyond:], beyond + 1):
        if kind(piece) != "plain" or _share(_join(pieces[:number], position), sample, position) < PLAIN_SHARE:
            break
        until = number
    return _join(pieces[:until], position) if len(_join(pieces[beyond:until], position)) >= LONG else spoken


def _share(text: str, sample: list[str], position: Position) -> float:
    begins = text if position == "prefix" else text[::-1]
    return sum(other.startswith(begins) for other in sample) / len(sample)


def _note_kept(data: _Dataset) -> None:
    """Report what most rows still share at either end."""
    for position in _ENDS:
        sample = data.sample(position)
        if len(sample) >= FEWEST:
            text = max(_shared(sample, len(sample) // 2 + 1, position), key=len).strip()
            if len(text) >= SHORTEST_KEPT:
                data.found.append((position, text, "kept", data.holding(position, text)))
