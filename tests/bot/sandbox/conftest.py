"""One local Slack per test."""

from collections.abc import Callable, Iterator

import pytest

from tests.bot.sandbox.local_slack import Bot, LocalSlack, finish, launch


@pytest.fixture(scope="session")
def _running() -> Iterator[LocalSlack]:
    running = launch()
    yield running
    finish(running)


@pytest.fixture
def slack(_running: LocalSlack) -> LocalSlack:
    """A workspace nobody has touched yet."""
    _running.act("reset")
    return _running


@pytest.fixture(scope="session")
def _shared() -> Iterator[LocalSlack]:
    running = launch()
    yield running
    finish(running)


@pytest.fixture
def shared(_shared: LocalSlack) -> LocalSlack:
    """A workspace for tests that only ask; its rate limits are forgotten between them."""
    _shared.advance(61)
    return _shared


@pytest.fixture
def start() -> Iterator[Callable[..., LocalSlack]]:
    """Start stand-ins with options of the test's own."""
    running: list[LocalSlack] = []

    def begin(*options: str) -> LocalSlack:
        running.append(launch(*options))
        return running[-1]

    yield begin
    for one in running:
        finish(one)


@pytest.fixture
def bot(slack: LocalSlack) -> Iterator[Bot]:
    """A real Bolt app for that workspace, not connected yet."""
    one = Bot(slack)
    yield one
    one.close()
