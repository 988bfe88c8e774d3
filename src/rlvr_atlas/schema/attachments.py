"""The column `attachments`: what a problem is asked of beside its text, as a short text that can be compared.

One entry `kind.form:digest` for each kind, in order, with spaces between: `image.content:9f2c...`. A form
says what the digest is of: only digests of one form can be told to be equal or different.
"""

from __future__ import annotations

#: Every kind, and whether a problem that has one is known only with it. Starter code is no more than a hint:
#: most statements are complete without it.
KINDS: dict[str, bool] = {
    "image": True,
    "audio": True,
    "video": True,
    "file": True,
    "table": True,
    "database": True,
    "environment": True,
    "tools": True,
    "code": False,
}


def needed(attachments: str | None) -> str | None:
    """The entries without which a problem is not known; None where there are none."""
    return _of(attachments, wanted=True)


def optional(attachments: str | None) -> str | None:
    """The other entries; None where there are none."""
    return _of(attachments, wanted=False)


def _of(attachments: str | None, *, wanted: bool) -> str | None:
    entries = (attachments or "").split()
    return " ".join(entry for entry in entries if KINDS.get(entry.split(".")[0], True) is wanted) or None


def forms(attachments: str | None) -> dict[str, str]:
    """`kind.form` to digest."""
    return dict(entry.split(":", 1) for entry in (attachments or "").split())


def named(attachments: str | None) -> str:
    """The kinds in words, such as "image, table"; empty where there are none."""
    return ", ".join(dict.fromkeys(form.split(".")[0] for form in forms(attachments)))


def agree(left: str | None, right: str | None) -> bool | None:
    """Whether two problems are asked of the same things; None where that is not known.

    What one of them has and the other lacks is not known of the other, and neither are an image and the place
    of one. Two texts with nothing attached agree.
    """
    if left == right:
        return True
    ours, theirs = forms(left), forms(right)
    if any(ours[form] != theirs[form] for form in ours.keys() & theirs.keys()):
        return False
    return True if needed(left) == needed(right) else None
