"""One local cloud for all tests of this folder; a test begins the case it needs."""

from collections.abc import Iterator

import pytest
from local_cloud import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A running cloud."""
    running = LocalCloud(tmp_path_factory.mktemp("cloud"))
    yield running
    assert running.stop() == 0
