"""Whatever a model asks, says and sends: the cloud's list of writes is the approvals that people granted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.sandbox.local_slack import finish, launch
from tests.faults.malice import Malice
from tests.faults.plant import Plant, plant
from tests.faults.redis_server import redis_server
from tests.workers.sandbox.local_cloud import LocalCloud
from workers.ledger.audit import first_bad

TURNS, EVERY = 300, 25


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    running = LocalCloud(tmp_path_factory.mktemp("cloud"))
    running.play("bad_deployment", seed=3)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, cloud: LocalCloud) -> Iterator[Plant]:
    slack, folder = launch(), tmp_path_factory.mktemp("site")
    with redis_server() as redis, plant(folder, redis, slack, cloud) as one:
        yield one
    finish(slack)


def test_what_was_written_is_what_was_granted(site: Plant, cloud: LocalCloud, tmp_path: Path) -> None:
    malice = Malice(site, cloud, seed=11)

    for turn in range(TURNS):
        malice.turn(grants=turn % EVERY == 0)

    assert malice.wrong() == []
    assert len(malice.granted) == TURNS // EVERY
    assert {"read answered", "read refused", "change refused", "sent", "forged"} <= set(malice.done)
    assert "change answered" not in malice.done
    assert first_bad(iter(site.ledger.audit_records())) is None
