"""Shared fixtures: where the real corpus is, and what happens without it."""

import os
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

_HERE = Path(__file__).resolve().parent
#: In CI a skip would read as a pass; there a test on real data that does not run is a failure.
_REQUIRED = os.environ.get("RLVR_ATLAS_REQUIRE_REAL_DATA") == "1"

# A busy machine is no reason to fail: how long an example takes says nothing about what it checks.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")


def _corpus() -> Path:
    default = _HERE.parent.parent / "shared" / "data" / "real"
    return Path(os.environ.get("RLVR_ATLAS_REAL_DATA", default))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real datasets (manifest.json, train/, benchmarks/); skips and says so without it."""
    folder = _corpus()
    if not (folder / "manifest.json").exists():
        pytest.skip(f"no real corpus at {folder}: set RLVR_ATLAS_REAL_DATA to run the tests on real data")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for the corpus, so that `-m "not real"` needs nobody's memory."""
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test on real data into a failure where the corpus must be there."""
    report = yield
    if _REQUIRED and report.skipped and item.get_closest_marker("real"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but RLVR_ATLAS_REQUIRE_REAL_DATA=1: {report.longrepr}"
    return report


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test depends on, or changes, an atlas that somebody pulled on this machine."""
    os.environ["RLVR_ATLAS_CACHE"] = str(tmp_path_factory.mktemp("cache"))
