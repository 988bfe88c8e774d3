"""Brackets in cleaned text: what stands between them, and what outside."""

from __future__ import annotations

MAX_ITEMS = 256


def split(text: str, separators: str) -> list[str]:
    """Split at separators outside all brackets; `[0,1)` counts as a pair."""
    if not any(separator in text for separator in separators):
        return [text]
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in "([{⦃":
            depth += 1
        elif character in ")]}⦄":
            depth -= 1
        elif depth == 0 and character in separators:
            parts.append(text[start:at])
            start = at + 1
    if depth != 0 or len(parts) >= MAX_ITEMS:
        return [text]
    return [*parts, text[start:]]


def inside(text: str) -> str | None:
    """What stands between the first bracket and its partner, where that is the last character."""
    level = 0
    for at, character in enumerate(text):
        if character in "([⦃{":
            level += 1
        elif character in ")]⦄}":
            level -= 1
            if level == 0:
                return text[1:at] if at == len(text) - 1 else None
    return None
