"""One local Slack per test."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests import chromium
from tests.bot.sandbox.local_slack import Bot, LocalSlack, finish, launch
from tests.bot.sandbox.page_kit import Open


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


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    with chromium.browser() as one:
        yield one.new_context(viewport={"width": 1440, "height": 900}, timezone_id="UTC")


@pytest.fixture
def look(browser: BrowserContext) -> Iterator[Open]:
    """Open the page as somebody; anything the browser complains about fails the test."""
    complaints: list[str] = []
    pages: list[Page] = []

    def open_page(slack: LocalSlack, person: str = "alice", channel: str = "C0INCIDENTS") -> Page:
        page = browser.new_page()
        pages.append(page)
        page.set_default_timeout(8000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.goto(f"{slack.ready['url']}#as={person}&channel={channel}")
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []
