"""Where pages are: addresses of the running explorer, or files of a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode


class LiveLinks:
    """Addresses of the running explorer."""

    #: What a bundle cannot do: search, explain, review.
    live = True

    def home(self) -> str:
        """The first page."""
        return "/"

    def asset(self, name: str) -> str:
        """A style sheet or script."""
        return f"/assets/{name}"

    def page(self, name: str, **query: object) -> str:
        """A page by its name, such as `search`, with its query; what is None is left out."""
        given = {key: value for key, value in query.items() if value is not None}
        return f"/{name}?{urlencode(given)}" if given else f"/{name}"

    def problem(self, key: str) -> str:
        """The page of a problem."""
        return f"/problem/{quote(key, safe='')}"

    def dataset(self, name: str) -> str:
        """The page of a dataset."""
        return f"/dataset/{quote(name, safe='')}"

    def row(self, dataset: str, row: int) -> str:
        """A row as its file has it."""
        return f"/dataset/{quote(dataset, safe='')}/{row}"

    def pair(self, child: str, parent: str) -> str:
        """Two texts side by side."""
        return f"/pair/{quote(child, safe='')}/{quote(parent, safe='')}"


class StaticLinks(LiveLinks):
    """Files of a bundle; the empty text for a page that is not in it.

    Args:
        datasets: The page of each dataset, by its id.
        keys: Problems that have a page.
        pages: Further pages, by name.
    """

    live = False

    def __init__(self, datasets: Mapping[str, str], keys: Iterable[str], pages: Iterable[str]) -> None:
        self._datasets, self._keys, self._pages = dict(datasets), frozenset(keys), frozenset(pages)

    def home(self) -> str:
        """The first page."""
        return "index.html"

    def asset(self, name: str) -> str:
        """A style sheet."""
        return name

    def page(self, name: str, **query: object) -> str:
        """A page by its name; one that hangs on a query is not in a bundle."""
        return f"{name}.html" if name in self._pages and not query else ""

    def problem(self, key: str) -> str:
        """The page of a problem."""
        return f"problem-{key}.html" if key in self._keys else ""

    def dataset(self, name: str) -> str:
        """The page of a dataset."""
        return self._datasets.get(name, "")

    def row(self, dataset: str, row: int) -> str:
        """Rows as their files have them are not in a bundle."""
        return ""

    def pair(self, child: str, parent: str) -> str:
        """Pairs are not in a bundle."""
        return ""
