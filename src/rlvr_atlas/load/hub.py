"""Datasets on the Hub: the data files of one pinned revision, through the ordinary cache."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from fnmatch import fnmatch
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

import huggingface_hub
from huggingface_hub import constants, errors
from huggingface_hub.file_download import repo_folder_name

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load.files import data_only, one_format_each

#: Seconds to wait before an answer that says "not now" (5xx, too many requests) is asked for again.
WAITS = (1.0, 4.0)
_TOO_MANY = 429
_Got = TypeVar("_Got")


def fetch(spec: DatasetSpec, where: str, *, allow_network: bool) -> list[Path]:
    """Download what is not in the cache yet.

    Args:
        spec: Its `hub`, `revision` and `files`.
        where: How errors name the dataset.
        allow_network: Whether the Hub may be asked.

    Returns:
        Files in name order (of their path in the repository).

    Raises:
        InputError: Where the network is not allowed, or the Hub does not give the files.
    """
    if not allow_network:
        fix = "allow it (--network; network=True in Python), or give the path of a copy"
        raise InputError(f"{spec.hub} is on the Hub and the network is not allowed", where=where, fix=fix)
    repository = str(spec.hub)
    # The environment is read here rather than at import, so that a mirror can be set at any time.
    api = huggingface_hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    cache = os.environ.get("HF_HUB_CACHE")
    try:
        info = _patiently(lambda: api.dataset_info(repository, revision=spec.revision))
    except Exception as error:  # the client's errors have no common base
        raise _say(error, spec, where) from None
    names = _chosen([sibling.rfilename for sibling in info.siblings or ()], spec, where)
    pinned = info.sha or spec.revision

    def download(name: str) -> Path:
        got = api.hf_hub_download(repository, name, repo_type="dataset", revision=pinned, cache_dir=cache)
        return Path(got)

    try:
        return [_patiently(partial(download, name)) for name in names]
    except Exception as error:
        raise _say(error, spec, where) from None


def cached(spec: DatasetSpec) -> list[list[Path]]:
    """What earlier downloads left of a dataset, without asking the Hub.

    Args:
        spec: Its `hub` and `files`.

    Returns:
        For each commit in the cache its files, as `fetch` orders them; a download that did not end lacks
        some.
    """
    top = Path(os.environ.get("HF_HUB_CACHE") or constants.HF_HUB_CACHE)
    name = repo_folder_name(repo_id=str(spec.hub), repo_type="dataset")
    found = []
    for commit in sorted((top / name / "snapshots").glob("*")):
        names = [path.relative_to(commit).as_posix() for path in commit.rglob("*") if path.is_file()]
        with suppress(InputError):  # nothing there that the recipe asks for
            found.append([commit / name for name in _chosen(names, spec, "")])
    return found


def _patiently(ask: Callable[[], _Got]) -> _Got:
    """What the Hub answers, asked again where it only says that it cannot now."""
    for wait in WAITS:
        try:
            return ask()
        except errors.HfHubHTTPError as error:
            status = getattr(error.response, "status_code", 0)
            if status < 500 and status != _TOO_MANY:
                raise
            time.sleep(wait)
    return ask()


def _chosen(names: list[str], spec: DatasetSpec, where: str) -> list[str]:
    """The files of a repository that the recipe asks for, or all data files, each table in one format."""
    globs = [spec.files] if isinstance(spec.files, str) else spec.files
    if globs:
        chosen = sorted(name for name in names if any(fnmatch(name, glob) for glob in globs))
    else:
        chosen = one_format_each(map(str, data_only(map(PurePosixPath, names))))
    if not chosen:
        wanted = f"no file matches {', '.join(globs)}" if globs else "no data file"
        raise InputError(
            f"{wanted} in {spec.hub}",
            where=where,
            fix=f"set files = ... to some of: {', '.join(sorted(names)[:20])}",
        )
    return chosen


def _say(error: Exception, spec: DatasetSpec, where: str) -> InputError:
    """What went wrong, in the user's terms."""
    at = f"{spec.hub} at revision {spec.revision or 'main'}"
    if isinstance(error, errors.GatedRepoError):
        return InputError(
            f"{at} is gated", where=where, fix="ask for access on its page, then log in with: hf auth login"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return InputError(
            f"{spec.hub} has no revision {spec.revision!r}", where=where, fix="check the revision"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        fix = "check the id; a private one needs: hf auth login"
        return InputError(f"the Hub has no dataset {spec.hub!r} that you may read", where=where, fix=fix)
    if isinstance(error, errors.HFValidationError):
        return InputError(f"{spec.hub!r} is not a Hub id", where=where, fix="write it as owner/name")
    first = (str(error) or type(error).__name__).splitlines()[0]
    fix = "check the connection and run the same command again: what was fetched is kept"
    return InputError(f"{at} cannot be fetched: {first}", where=where, fix=fix)
