"""A compared text as HTML: what differs is marked, formulas are typeset.

A formula of which a part differs is marked as a whole, since a mark inside it would break it; behind a long
one its TeX is shown, in which that part is marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from rlvr_atlas.report.examples import Piece
from rlvr_atlas.report.formulas import spans, typeset
from rlvr_atlas.report.visible import visible_text

#: Characters of TeX from which on a marked formula is shown as TeX too.
LONG = 40

#: The place of a piece in the text: start, end, whether it differs.
_Run = tuple[int, int, bool]


def marked(pieces: Sequence[Piece], tag: str) -> Markup:
    """The pieces of one side of a comparison (see `examples.compare`) as escaped HTML.

    Args:
        pieces: In order; a "gap" becomes a line in brackets.
        tag: The element around what differs, `ins` or `del`.
    """
    parts: list[Markup] = []
    run: list[Piece] = []
    for piece in pieces:
        if piece.kind != "gap":
            run.append(piece)
            continue
        parts += [*_run(run, tag), Markup('<span class="gap">[… {} …]</span> ').format(piece.text)]
        run = []
    return Markup("").join([*parts, *_run(run, tag)])


def _run(pieces: Sequence[Piece], tag: str) -> Iterator[Markup]:
    text = "".join(piece.text for piece in pieces)
    places: list[_Run] = []
    for piece in pieces:
        start = places[-1][1] if places else 0
        places.append((start, start + len(piece.text), piece.kind == "changed"))
    done = 0
    for start, stop in spans(text):
        yield from _plain(text, places, done, start, tag)
        formula = typeset(text[start:stop])
        if "<math" not in formula:
            yield from _plain(text, places, start, stop, tag)
        elif not any(_cut(place, start, stop)[2] for place in places):
            yield formula
        else:
            yield Markup("<{0}>{1}</{0}>").format(Markup(tag), formula)
            if stop - start > LONG and any(_same(place, text, start, stop) for place in places):
                tex = Markup("").join(_plain(text, places, start, stop, tag))
                yield Markup(' <code class="tex">{}</code>').format(tex)
        done = stop
    yield from _plain(text, places, done, len(text), tag)


def _plain(text: str, places: Sequence[_Run], start: int, stop: int, tag: str) -> Iterator[Markup]:
    for place in places:
        first, last, differs = _cut(place, start, stop)
        if first < last:
            shown = escape(visible_text(text[first:last]))
            yield Markup("<{0}>{1}</{0}>").format(Markup(tag), shown) if differs else shown


def _cut(place: _Run, start: int, stop: int) -> _Run:
    """The part of a run between two places; one without a character differs in nothing."""
    first, last = max(place[0], start), min(place[1], stop)
    return first, last, place[2] and first < last


def _same(place: _Run, text: str, start: int, stop: int) -> bool:
    """Whether the part of a run between two places is shared, and more than a sign that opens a formula."""
    first, last = max(place[0], start), min(place[1], stop)
    return not place[2] and bool(text[first:last].strip("$[]() \\\n"))
