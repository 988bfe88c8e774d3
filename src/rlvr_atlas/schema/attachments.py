"""The column `attachments`: what a problem is asked of beside its text, as a short text that can be compared.

One entry `kind.form:digest` for each kind, in order, with spaces between: `image.content:9f2c...`. A form
says what the digest is of: only digests of one form can be told to be equal or different. `image.look` is no
part of the problem but evidence: what the images look like, see `schema.looks`. `shared.kind.form` is none
either: what all problems of a dataset have. It confirms that another problem has it too, and denies nothing.
"""

from __future__ import annotations

from rlvr_atlas.schema import looks

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
IMAGE, LOOK = "image.content", "image.look"
_MARK, _SHARED = f"{LOOK}:", "shared."


def needed(attachments: str | None) -> str | None:
    """The entries without which a problem is not known; None where there are none.

    Images that may be the same as others are named by their group instead of by their content, so that
    problems which may agree have the same.
    """
    told = _of(attachments, wanted=True)
    group = looks.group_of(look) if (look := look_of(attachments)) else ""
    if told is None or not group:
        return told
    entries = (f"{IMAGE}:{group}" if entry.startswith(f"{IMAGE}:") else entry for entry in told.split())
    return " ".join(entries)


def optional(attachments: str | None) -> str | None:
    """The other entries; None where there are none."""
    return _of(attachments, wanted=False)


def _of(attachments: str | None, *, wanted: bool) -> str | None:
    entries = _entries(attachments)
    return " ".join(entry for entry in entries if KINDS.get(entry.split(".")[0], True) is wanted) or None


def _entries(attachments: str | None) -> list[str]:
    return [entry for entry in (attachments or "").split() if not entry.startswith((_MARK, _SHARED))]


def content(attachments: str | None) -> str | None:
    """All that decides which problem it is: every entry but looks and what is shared; None for nothing."""
    return attachments if attachments is None else " ".join(_entries(attachments)) or None


def look_of(attachments: str | None) -> str | None:
    """What the images look like; None where that is not known."""
    entries = (attachments or "").split()
    return next((entry.removeprefix(_MARK) for entry in entries if entry.startswith(_MARK)), None)


def with_look(attachments: str, look: str | None) -> str:
    """Attachments with another look of the images, or without one."""
    entries = [entry for entry in attachments.split() if not entry.startswith(_MARK)]
    return " ".join(sorted([*entries, *([f"{_MARK}{look}"] if look else [])]))


def with_shared(attachments: str | None, shared: str | None) -> str | None:
    """Attachments with what all problems of the dataset have, which is written as attachments are."""
    kept = [f"{_SHARED}{entry}" for entry in (needed(content(shared)) or "").split()]
    return " ".join(sorted([*(attachments or "").split(), *kept])) or None


def _shared(attachments: str | None) -> dict[str, str]:
    entries = (entry for entry in (attachments or "").split() if entry.startswith(_SHARED))
    return dict(entry.removeprefix(_SHARED).split(":", 1) for entry in entries)


def forms(attachments: str | None) -> dict[str, str]:
    """`kind.form` to digest."""
    return dict(entry.split(":", 1) for entry in _entries(attachments))


def named(attachments: str | None) -> str:
    """The kinds in words, such as "image, table"; empty where there are none."""
    return ", ".join(dict.fromkeys(form.split(".")[0] for form in forms(attachments)))


def agree(left: str | None, right: str | None) -> bool | None:
    """Whether two problems are asked of the same things; None where that is not known.

    What one of them has and the other lacks is not known of the other, and neither are an image and the place
    of one, or two images of other bytes that look alike. Two texts with nothing attached agree.
    """
    if left == right:
        return True
    ours, theirs = forms(left), forms(right)
    different = {form for form in ours.keys() & theirs.keys() if ours[form] != theirs[form]}
    if different - {IMAGE}:
        return False
    if different:
        same = _same_images(left, right)
        if not same:
            return same
        ours, theirs = ours | {IMAGE: ""}, theirs | {IMAGE: ""}
    ours, theirs = _confirmed(ours, theirs, _shared(left)), _confirmed(theirs, ours, _shared(right))
    return True if _needed_of(ours) == _needed_of(theirs) else None


def _confirmed(ours: dict[str, str], theirs: dict[str, str], shared: dict[str, str]) -> dict[str, str]:
    """What one side has, with what it shares with its dataset in so far as the other has the same."""
    missing = theirs.keys() - ours.keys()
    return ours | {form: theirs[form] for form in missing if shared.get(form) == theirs[form]}


def _needed_of(told: dict[str, str]) -> dict[str, str]:
    return {form: digest for form, digest in told.items() if KINDS.get(form.split(".")[0], True)}


def _same_images(left: str | None, right: str | None) -> bool | None:
    ours, theirs = look_of(left), look_of(right)
    return looks.same_images(ours, theirs) if ours and theirs else False


def likeness(left: str | None, right: str | None) -> str | None:
    """What is known of the images of two problems, in words; None for nothing, and for equal bytes."""
    ours, theirs = look_of(left), look_of(right)
    if not ours or not theirs or forms(left).get(IMAGE) == forms(right).get(IMAGE):
        return None
    return looks.told(ours, theirs)
