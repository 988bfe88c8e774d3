"""Lines a page at a time, and what a search for a text looks for."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rlvr_atlas.errors import InputError

#: Longest text that `search` takes, in characters.
_LONGEST_SEARCH = 1000
#: Most problems on a page.
LARGEST_PAGE = 10_000


@dataclass(frozen=True)
class Page:
    """Some of the lines that were asked for.

    Attributes:
        rows: At most `limit` lines, with the columns and in the order that the function says.
        total: How many lines there are on all pages.
        offset: How many of them stand before this page.
    """

    rows: pl.DataFrame
    total: int
    offset: int

    @property
    def next_offset(self) -> int | None:
        """Where the next page begins; None where this is the last."""
        end = self.offset + self.rows.height
        return end if self.rows.height and end < self.total else None


@dataclass(frozen=True)
class LeakPage(Page):
    """Some of the leaks that were asked for.

    Attributes:
        variants: How many of all are template leaks: another problem than the benchmark's.
    """

    variants: int

    @property
    def same_problem(self) -> int:
        """How many of all are leaks proper."""
        return self.total - self.variants


def pattern(text: str) -> str:
    """A pattern for Polars of a text in upper or lower case.

    Raises:
        InputError: If the text is too long, or not UTF-8.
    """
    if len(text) > _LONGEST_SEARCH:
        fix = f"give at most {_LONGEST_SEARCH} characters, or explain the whole text"
        raise InputError(f"a text of {len(text)} characters is too long to search for", fix=fix)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError("the text is not UTF-8", fix="convert it") from None
    # Two texts in lower case would not do: a Greek sigma has another lower case at the end of a word.
    return f"(?i){pl.escape_regex(text)}"


def cut(lines: pl.LazyFrame, limit: int, offset: int) -> Page:
    """One page of lines.

    Args:
        lines: All lines, in order.
        limit: Most lines of the page.
        offset: How many to pass over.

    Raises:
        InputError: If `limit` or `offset` is out of range.
    """
    if not (1 <= limit <= LARGEST_PAGE and 0 <= offset < 2**40):
        fix = f"give a limit of 1 to {LARGEST_PAGE}, and an offset of 0 or more"
        raise InputError(f"no page of {limit} from {offset}", fix=fix)
    total, rows = pl.collect_all([lines.select(pl.len()), lines.slice(offset, limit)])
    return Page(rows, int(total.item()), offset)
