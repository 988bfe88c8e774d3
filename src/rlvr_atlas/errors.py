"""The one family of errors a user may see: what was wrong, where, and what to do.

The command line prints them without a traceback and exits with 2. Anything else that escapes is a bug.
"""

from __future__ import annotations

import re

#: Where docs/ can be read without a clone; an installed package has no docs/.
DOCS = "https://github.com/rlvr-atlas/rlvr-atlas/blob/main/docs"


class AtlasError(Exception):
    """Something the user can put right.

    Args:
        what: What was wrong, as a sentence without a full stop.
        where: File, dataset, row or key it was found at; empty where there is no such place.
        fix: What to do about it, as a sentence without a full stop; a page of docs in it becomes an address.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        fix = re.sub(r"(?<![\w./])docs/(?=[\w-]+\.md)", f"{DOCS}/", fix)
        self.what, self.where, self.fix = what, where, fix
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f". {self.fix[:1].upper()}{self.fix[1:]}" if self.fix else ""
        return f"{place}{self.what}{advice}."


class InputError(AtlasError):
    """A file, a row layout or an argument that cannot be used."""


class RecipeError(AtlasError):
    """A recipe that cannot be carried out as written."""


class WorkspaceError(AtlasError):
    """A workspace that is missing, locked, incomplete, or of another version."""


class BusyError(WorkspaceError):
    """Something that another process is working on."""


class MissingExtraError(AtlasError):
    """An optional extra is needed; `fix` is the exact install line."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the extra '{extra}'", fix=f"install it with: pip install 'rlvr-atlas[{extra}]'"
        )
