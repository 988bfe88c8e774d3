"""Licences: read where they are known, unknown where not, and joined for a mix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.spdx import combined, nearest, read_license, terms


@pytest.mark.parametrize(
    ("text", "license_"),
    [
        ("apache-2.0", "Apache-2.0"),
        ("Apache License 2.0", "Apache-2.0"),
        ("repository LICENSE: Apache-2.0", "Apache-2.0"),
        ("README: CC BY-NC 4.0", "CC-BY-NC-4.0"),
        ("odc-by", "ODC-By-1.0"),
        ("mit AND cc-by-4.0", "MIT AND CC-BY-4.0"),
        ("LicenseRef-house", "LicenseRef-house"),
        *(
            (text, None)
            for text in (None, "", "other", "unknown", "per row in field license", "cc-by", "(((")
        ),
    ],
)
def test_what_a_publisher_wrote_is_read_or_stays_unknown(text, license_):
    assert read_license(text) == license_


@given(st.text(max_size=40))
def test_no_text_breaks_it_and_what_it_gives_it_reads_again(text):
    found = read_license(text)
    assert found is None or read_license(found) == found


def test_a_mix_has_the_licences_of_all_its_parts():
    assert combined(["MIT", "Apache-2.0", "MIT"]) == "Apache-2.0 AND MIT"
    assert combined(["MIT AND Apache-2.0", "CC-BY-4.0 OR MIT"]) == "Apache-2.0 AND (CC-BY-4.0 OR MIT) AND MIT"
    assert combined(["MIT", None]) is None
    assert combined([]) is None


def test_what_a_licence_asks_is_said():
    assert terms("CC-BY-NC-SA-4.0 AND MIT") == ["NC: no commercial use", "SA: share under the same licence"]
    assert terms(None) == []


def test_a_misspelled_id_has_a_nearest_one():
    assert nearest("Apach-2.0") == "Apache-2.0"
