"""Shared fixtures: where the real corpus is, and what happens without it."""

import os
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent


def _corpus() -> Path:
    default = _HERE.parent.parent / "shared" / "data" / "real"
    return Path(os.environ.get("RLVR_ATLAS_REAL_DATA", default))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real datasets (manifest.json, train/, benchmarks/); skips with a clear line without it."""
    folder = _corpus()
    if not (folder / "manifest.json").exists():
        message = f"no real corpus at {folder}: set RLVR_ATLAS_REAL_DATA to run the tests on real data"
        # In CI a skip would read as a pass, so a missing corpus there is a failure.
        if os.environ.get("RLVR_ATLAS_REQUIRE_REAL_DATA") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return folder
