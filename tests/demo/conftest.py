"""One small world for all tests of the demo."""

import pytest

from rlvr_atlas.demo import World, build


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build(tmp_path_factory.mktemp("world"), seed=3, scale=0.3)
