"""Where the small inputs with known answers are."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of cases, each with its WANT; skips and says so without it."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
    folder = Path(os.environ.get("RLVR_ATLAS_REAL_DATA", default)).parents[1] / "cases"
    if not folder.exists():
        pytest.skip(f"no cases at {folder}: set RLVR_ATLAS_REAL_DATA to run the tests on them")
    return folder
