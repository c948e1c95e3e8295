"""Approved changes, an executor in this process, and a wire to the local cloud that holds and loses."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.bot.sandbox.local_slack import LocalSlack, finish, launch
from tests.faults.changing import Changing
from tests.faults.plant import Plant, plant
from tests.faults.redis_server import RedisServer, redis_server
from tests.faults.waiting import Running, eventually
from tests.faults.wire import Wire, wire
from tests.workers.sandbox.local_cloud import LocalCloud
from workers.domain.approval import ApprovalState
from workers.executor import execute

S = ApprovalState
UPDATE, LOOK = "UpdateService", "DescribeServices"


class World:
    """A case of the cloud, made anew only where somebody has changed it or moved its clock."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud, self._writes = cloud, -1

    def renew(self) -> None:
        if len(self.cloud.ask("writes")) != self._writes:
            self.cloud.play("bad_deployment", seed=3)
            self._writes = len(self.cloud.ask("writes"))


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    running = launch()
    yield running
    finish(running)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    running = LocalCloud(tmp_path_factory.mktemp("cloud"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def line(cloud: LocalCloud) -> Iterator[Wire]:
    with wire(cloud.url) as one:
        yield one


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    redis: RedisServer,
    slack: LocalSlack,
    cloud: LocalCloud,
    line: Wire,
) -> Iterator[Plant]:
    """A place whose processes reach the cloud through the wire."""
    with plant(tmp_path_factory.mktemp("site"), redis, slack, cloud) as one:
        one.environ["AWS_ENDPOINT_URL"] = line.url
        yield one


@pytest.fixture(scope="module")
def world(cloud: LocalCloud) -> World:
    return World(cloud)


@pytest.fixture
def change(site: Plant, world: World, line: Wire) -> Iterator[Callable[..., Changing]]:
    """Asks for changes in a world that nobody has changed."""
    site.renew()
    world.renew()
    yield lambda **how: Changing(site, world.cloud, **how)
    line.open()


def run(changing: Changing, **over: Any) -> None:
    """The job of an executor, in this process."""
    execute(changing.hands(**over), changing.approval.id)


def rolled_out(cloud: LocalCloud) -> None:
    cloud.pass_time(90)


def roll_out_when_asked(changing: Changing) -> threading.Thread:
    """Let the time of a rollout pass in the cloud as soon as the change has been made."""

    def wait() -> None:
        eventually(lambda: changing.writes())
        rolled_out(changing.cloud)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.fixture
def executor(site: Plant) -> Iterator[Callable[[], Running]]:
    """Starts executors in processes of their own."""
    yield lambda: site.start("executor", module="tests.faults.hands")
    site.stop()
