"""A hook of MkDocs: links from docs/ to files outside of it lead to the repository.

On the pages they stay relative, so that they work in a checkout and on any host of the repository.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # MkDocs is in the site's own environment only
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(((?:\.\./)+[^)\s]+)\)")


def absolute(link: str, page: str, repository: str) -> str:
    """`link` as it stands on `page` (a path inside docs/); unchanged where it stays inside docs/.

    Raises:
        FileNotFoundError: The file is not in the repository.
    """
    path, hash_sign, anchor = link.partition("#")
    target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), path))
    if target.startswith("docs/"):
        return link
    if not (ROOT / target).exists():
        raise FileNotFoundError(f"docs/{page} links to {target}, which is not in the repository")
    kind = "tree" if (ROOT / target).is_dir() else "blob"
    return f"{repository.rstrip('/')}/{kind}/main/{target}{hash_sign}{anchor}"


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: object) -> str:
    """Called by MkDocs with the text of each page."""
    return LINK.sub(lambda link: f"]({absolute(link[1], page.file.src_uri, config.repo_url)})", markdown)
