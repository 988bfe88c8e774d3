"""Whether a field tells the problems of a file apart: what all of them share belongs to none.

A column such as `environment="math-env"` describes a file. If it counted as attached, copies of the same
problems without that column would not be known to be the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from rlvr_atlas.load.attached import plain
from rlvr_atlas.load.attachment_names import ATTACHMENT_NAMES
from rlvr_atlas.load.paths import Path, get
from rlvr_atlas.load.rows import Row

#: With fewer problems than this, one value in all of them says little.
_FEW = 4
#: A setting that so large a part of the rows shares is the setting of the file.
_NEARLY_ALL = 0.9


def tells_apart(
    kind: str, form: str, rows: Sequence[Row], asked: Collection[Path], held: Callable[[Row], str | None]
) -> bool:
    """Whether the values of a field belong to the problems rather than to the file.

    Args:
        kind: Of `schema.attachments.KINDS`.
        form: What its digest is of; empty for media.
        rows: A sample.
        asked: Where the text of a problem is.
        held: What the field holds in a row, as a text to compare; None for nothing.
    """
    setting = kind in ATTACHMENT_NAMES.settings
    values: dict[int, str] = {}
    for number, row in enumerate(rows):
        value = held(row)
        if value:
            values[number] = value
            if not setting and value != next(iter(values.values())):
                return True
    if not setting and len(values) < len(rows):
        return bool(values)  # some rows have it and some do not
    (_, most), *others = Counter(values.values()).most_common() or [("", 0)]
    if others and most < _NEARLY_ALL * len(values):
        return True
    texts = {number: _text(rows[number], asked) for number in values}
    if others:
        return len({*((texts[number], value) for number, value in values.items())}) > len({*texts.values()})
    kept = not setting or not {kind, f"{kind}.{form}"}.isdisjoint(ATTACHMENT_NAMES.surely)
    return kept and bool(values) and len({*texts.values()}) < _FEW


def _text(row: Row, asked: Collection[Path]) -> str:
    return "\n".join(plain(get(row, path)) for path in sorted(asked, key=str))
