"""Put exported files into a dataset repository on the Hub; nothing is asked or sent in a dry run."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import huggingface_hub

from rlvr_atlas.errors import InputError

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def push(files: Sequence[Path], repository: str, *, message: str, dry_run: bool = True) -> str | None:
    """Commit files to a repository, under their names; a new repository is private.

    Args:
        files: What to put there.
        repository: `owner/name`.
        message: Of the commit.
        dry_run: Whether only the name is looked at.

    Returns:
        The address of the commit; None after a dry run.

    Raises:
        InputError: If the name is none, or the Hub refuses.
    """
    where = "--push"
    if not _REPOSITORY.fullmatch(repository):
        raise InputError(f"{repository!r} is not a Hub id", where=where, fix="write it as owner/name")
    if dry_run:
        return None
    api = huggingface_hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    added = [huggingface_hub.CommitOperationAdd(file.name, str(file)) for file in files]
    try:
        api.create_repo(repository, repo_type="dataset", private=True, exist_ok=True)
        made = api.create_commit(repository, added, commit_message=message, repo_type="dataset")
    except Exception as error:  # the client's errors have no common base
        first = (str(error) or type(error).__name__).splitlines()[0]
        fix = "log in with a token that may write: hf auth login"
        raise InputError(f"the Hub refuses ({first})", where=f"{where} {repository}", fix=fix) from None
    return str(made.commit_url)
