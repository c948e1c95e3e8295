"""A local cloud for the scenarios of one file."""

from collections.abc import Iterator

import pytest

from tests.scenarios.worlds import Cloud, cloud


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("cloud")) as one:
        yield one
