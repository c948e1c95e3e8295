"""Short ways around the page, for tests in a browser."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

Open = Callable[..., Page]


def box(page: Page, pane: str = "channel") -> Any:
    """The messages of a pane."""
    return page.locator(f"#{pane}-list")
