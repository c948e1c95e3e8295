"""One local Slack per test."""

from collections.abc import Callable, Iterator

import pytest

from tests.bot.sandbox.local_slack import Bot, LocalSlack, finish, launch


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    running = launch()
    yield running
    finish(running)


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
    one = Bot(slack)
    yield one
    one.close()
