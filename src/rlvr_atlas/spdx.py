"""Licences as SPDX expressions: what a publisher wrote, and what follows for a mix of parts.

What cannot be read as a known licence stays unknown (None); it is never guessed. Not covered: whether a
publisher had the right to give that licence, and whether two licences may be combined at all.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

#: "repository LICENSE: MIT", "README: CC BY-NC 4.0": where it was found, then what it is.
_FOUND_IN = re.compile(r"^[^:]{0,60}:\s*")


@cache
def _data() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("rlvr_atlas").joinpath("spdx.toml").read_text("utf-8"))


@cache
def _spdx() -> Any:  # noqa: ANN401 (the library has no types)
    """The SPDX list; reading it takes most of a second, so only those pay who have a licence to read."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


@cache
def read_license(text: str | None) -> str | None:
    """What a publisher wrote, as an SPDX expression.

    Args:
        text: An id or expression in any case ("apache-2.0"), a usual spelling ("CC BY-NC 4.0"), or one of
            these after the place where it was found ("README: MIT").

    Returns:
        The expression with ids as SPDX writes them; None where it is unknown.
    """
    for attempt in (text or "", _FOUND_IN.sub("", text or "")):
        plain = " ".join(attempt.split()).strip(" .")
        known = _parsed(_data()["alias"].get(plain.lower(), plain))
        # "CC BY-NC 4.0" is the id but for its spaces; an expression keeps those around its operators.
        if known is None and plain.upper().startswith("CC"):
            known = _parsed(plain.replace(" ", "-"))
        if known is not None:
            return known
    return None


def nearest(text: str) -> str | None:
    """The SPDX id most like a text that is none, for an error message."""
    by_lower = {str(name).lower(): str(name) for name in _spdx().known_symbols}
    near = difflib.get_close_matches(text.lower(), list(by_lower), n=1)
    return by_lower[near[0]] if near else None


def combined(parts: Iterable[str | None]) -> str | None:
    """The licence of a mix: all of its parts' licences hold.

    Args:
        parts: SPDX expressions of the parts; None where unknown.

    Returns:
        `A AND B` over the distinct parts, sorted; None where one of them is unknown, or there is none.
    """
    texts = set(parts)
    if None in texts or not texts:
        return None
    conjuncts: set[str] = set()
    for text in texts:
        expression = _spdx().parse(text)
        is_and = type(expression).__name__ == "AND"
        conjuncts |= {str(part) for part in (expression.args if is_and else [expression])}
    if len(conjuncts) == 1:
        return conjuncts.pop()
    return " AND ".join(f"({part})" if " " in part else part for part in sorted(conjuncts))


def terms(license_: str | None) -> list[str]:
    """What a licence asks of whoever passes the data on, beyond naming its authors."""
    asked = [f"{sign}: {says}" for sign, says in _data()["terms"].items() if sign in (license_ or "")]
    return [line.removeprefix("-") for line in asked]


def _parsed(text: str) -> str | None:
    """The expression where every id in it is known (LicenseRef-... counts: SPDX allows one's own)."""
    if not text:
        return None
    try:
        expression = _spdx().parse(text)
        unknown = _spdx().unknown_license_keys(expression) if expression is not None else [text]
    except Exception:  # the parser answers odd text with errors of several kinds, TypeError among them
        return None
    if any(not str(key).startswith("LicenseRef-") for key in unknown):
        return None
    return str(expression.render())
