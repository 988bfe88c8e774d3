"""Text of the data as a person reads it: nothing in it may hide or reorder what stands around it."""

from __future__ import annotations

import re

from markupsafe import Markup

#: C0 and C1 controls (not tab and line break), zero-width and direction marks, surrogates, non-characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)


def visible(value: object) -> object:
    """Write invisible characters out as ⟨U+202E⟩; anything that is no plain text is left alone."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return "" if value is None else value
    return visible_text(value)


def visible_text(text: str) -> str:
    """The same for a text."""
    return _UNSEEN.sub(
        lambda found: f"⟨U+{ord(found.group()):04X}⟩", text.replace("\r\n", "\n").replace("\r", "\n")
    )
