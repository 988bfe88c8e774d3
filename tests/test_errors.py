"""What every error says: what, where, what to do, and where that can be read."""

import re
from pathlib import Path

from rlvr_atlas.errors import DOCS, InputError

ROOT = Path(__file__).parent.parent


def test_a_page_of_the_documentation_is_an_address_because_a_package_has_no_docs():
    said = str(InputError("it is wrong", where="here", fix="see docs/audit.md, or add one (docs/curate.md)"))
    assert said == f"here: it is wrong. See {DOCS}/audit.md, or add one ({DOCS}/curate.md)."


def test_addresses_and_paths_of_others_stay():
    fix = "see https://example.org/docs/a.md and mydocs/b.md"
    assert str(InputError("no", fix=fix)) == "no. See https://example.org/docs/a.md and mydocs/b.md."


def test_every_page_that_an_error_names_is_there():
    sources = [path.read_text() for path in (ROOT / "src").rglob("*.py")]
    named = {page for text in sources for page in re.findall(r"\bdocs/([\w/-]+\.md)", text)}
    assert "recipes.md" in named
    assert [page for page in sorted(named) if not (ROOT / "docs" / page).exists()] == []
