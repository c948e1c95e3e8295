"""One local cloud for all tools, a wire in front of it, and the real gate that a worker asks through."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.session import Session
from botocore.config import Config

from tests.faults.wire import Wire, wire
from tests.workers.sandbox.local_cloud import REGION, LocalCloud
from workers.domain.call import Failure, ToolCall, ToolResult
from workers.domain.window import Window
from workers.safety.gate import Gate
from workers.tools import AWS
from workers.tools.aws import READ, Aws
from workers.tools.inventory import Account

ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=0.4)


class Site:
    """A worker's eyes on the local cloud, and what a test can do to the wire between."""

    def __init__(self, cloud: LocalCloud, line: Wire) -> None:
        self.cloud, self.line = cloud, line
        self.renew()

    def play(self, *faults: str, **wish: Any) -> dict[str, Any]:
        """Begin a case; what was known of the last one is forgotten."""
        case = self.cloud.play(*faults, **wish)
        self.renew()
        return case["truth"]

    def renew(self) -> None:
        self.account = Account(self.aws())
        self.gate = Gate([(toolset, self.account) for toolset in AWS], lambda: self.now)

    def aws(self, who: str = "worker", config: Config = READ) -> Aws:
        session = Session(*self.cloud.keys(who), region_name=REGION)
        return Aws(session, REGION, endpoint_url=self.line.url, config=config)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.cloud.now, UTC)

    def window(self, start: float, end: float = 0) -> dict[str, Any]:
        """From so many minutes before now to so many."""
        now = self.now
        return Window(start=now + timedelta(minutes=start), end=now + timedelta(minutes=end)).model_dump(
            mode="json"
        )

    def ask(self, name: str, **arguments: Any) -> ToolResult:
        return self.gate.run(ToolCall(name=name, arguments=arguments))

    def answer(self, name: str, **arguments: Any) -> Any:
        """The data of an answer that has to be there."""
        result = self.ask(name, **arguments)
        assert result.failure is None, result.failure
        return result.data

    def failure(self, name: str, **arguments: Any) -> Failure:
        """The failure of a call that has to fail, without any data."""
        result = self.ask(name, **arguments)
        assert result.failure is not None, result.data
        assert result.data is None
        return result.failure

    # -- what the next call of an operation is answered

    def say(self, operation: str, answer: Any, status: int = 200) -> None:
        """A JSON answer of our own."""
        self.line.gate(operation, answer=(status, json.dumps(answer).encode()))

    def refuse(self, operation: str, code: str, message: str = "", status: int = 400) -> None:
        self.say(operation, {"__type": f"com.amazonaws#{code}", "message": message}, status)

    def asked(self, operation: str) -> int:
        """How often an operation was asked for."""
        return sum(name.endswith(operation) for name in self.line.seen)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    assert cloud.stop() == 0


@pytest.fixture(scope="session")
def line(running: LocalCloud) -> Iterator[Wire]:
    with wire(running.url) as one:
        yield one


@pytest.fixture(scope="session")
def _site(running: LocalCloud, line: Wire) -> Site:
    return Site(running, line)


@pytest.fixture(scope="session")
def shop(_site: Site) -> dict[str, Any]:
    """The truth of a shop with a bad deployment; who plays another case puts this one back."""
    return _site.play("bad_deployment", seed=3)


@pytest.fixture
def site(_site: Site, shop: dict[str, Any]) -> Iterator[Site]:
    """The shop, with nothing in its way."""
    _site.line.seen.clear()
    yield _site
    _site.line.open()
