"""A local cloud for the commands of one file, and a terminal that looks at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.cli.seeing import Terminal
from tests.workers.sandbox.local_cloud import LocalCloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    running = LocalCloud(tmp_path_factory.mktemp("cloud"))
    yield running
    assert running.stop() == 0


@pytest.fixture
def terminal(cloud: LocalCloud, tmp_path: Path) -> Terminal:
    """A deployment has just broken the shop."""
    cloud.show("bad_deployment", seed=3)
    return Terminal(cloud, tmp_path)
