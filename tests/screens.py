"""The pictures in docs/, taken from one real run of the demo: `make screens`."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.chromium import browser

DOCS = Path(__file__).parent.parent / "docs"
WIDE, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}
PATIENCE_MS = 180_000


def main() -> None:
    command = [sys.executable, "-m", "bot.cli", "demo", "--seed", "5"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = _address(demo)
        with browser() as running:
            incident = _channel(address, "inc-")
            _incident(running, address, incident)
            _asked(running, address)
            _quiet(running, address)
            _critical(running, address)
            _harder(running, address)
    finally:
        demo.terminate()
        demo.wait(60)


def _address(demo: "subprocess.Popen[str]") -> str:
    assert demo.stdout is not None
    for line in demo.stdout:
        print(line, end="")
        if line.startswith("Open "):
            return line.split()[1]
    raise RuntimeError("the demo ended before it had an address")


def _channel(address: str, begins: str, but: str = "") -> str:
    """The id of the channel whose name begins so, once there is one."""
    while True:
        with urllib.request.urlopen(address + "_slack/state") as answer:
            channels: list[dict[str, Any]] = json.load(answer)["channels"]
        for channel in channels:
            if channel.get("name", "").startswith(begins) and channel["id"] != but:
                return channel["id"]
        time.sleep(0.5)


def _incident(running: Browser, address: str, channel: str) -> None:
    """An alarm in an incident channel: the work, the cause, the approval, the recovery."""
    page = _open(running, address, channel, "ben", WIDE)
    page.get_by_text("testing").or_(page.get_by_text("Stands")).first.wait_for(timeout=PATIENCE_MS)
    _save(page, "investigating.png")
    page.get_by_role("button", name="View thread").or_(page.get_by_text("replies")).first.click(
        timeout=PATIENCE_MS
    )
    thread = page.locator("#thread-list")
    approve = thread.get_by_role("button", name="Approve")
    approve.wait_for(timeout=PATIENCE_MS)
    thread.locator("img").first.wait_for(timeout=PATIENCE_MS)
    _top(page, "Bad deployment")
    _save(page, "demo.png")
    _refused(running, address, channel)
    approve.scroll_into_view_if_needed()
    _save(page, "approval.png")
    approve.click()
    page.get_by_role("button", name="Approve").last.click()
    thread.get_by_text("Recovered").first.wait_for(timeout=PATIENCE_MS)
    _top(page, "Recovered:")
    _save(page, "recovered.png")
    phone = _open(running, address, channel, "alice", PHONE)
    phone.get_by_text("replies").first.click(timeout=PATIENCE_MS)
    _top(phone, "Bad deployment")
    _save(phone, "phone.png")


def _refused(running: Browser, address: str, channel: str) -> None:
    """Somebody who may not approve presses the button."""
    page = _open(running, address, channel, "carol", WIDE)
    page.get_by_text("replies").first.click(timeout=PATIENCE_MS)
    page.locator("#thread-list").get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Approve").last.click()
    why = page.locator("#thread-list").get_by_text("You are not an approver here")
    why.wait_for(timeout=PATIENCE_MS)
    why.scroll_into_view_if_needed()
    _save(page, "refused.png")


def _asked(running: Browser, address: str) -> None:
    """A mention about a service that nobody knows, and the help."""
    page = _open(running, address, "C0INCIDENTS", "alice", WIDE)
    page.locator("#composer-text").press_sequentially("@Run")
    page.keyboard.press("Enter")
    page.keyboard.type("chekout is slow")
    page.keyboard.press("Enter")
    page.get_by_text("replies").or_(page.get_by_text("1 reply")).first.click(timeout=PATIENCE_MS)
    page.locator("#thread-list").get_by_text("Did you mean").first.wait_for(timeout=PATIENCE_MS)
    _settled(page)
    page.locator("#composer-text").fill("/runbook help")
    page.keyboard.press("Enter")
    page.get_by_text("/investigate").first.wait_for(timeout=PATIENCE_MS)
    _save(page, "asked.png")


def _quiet(running: Browser, address: str) -> None:
    """An alarm about nothing."""
    before = _channel(address, "inc-")
    wish = {"application": "booking", "faults": ["alarm_edited"], "seed": 3, "person": "alice"}
    channel = _broken(address, wish)
    assert channel != before
    page = _open(running, address, channel, "alice", WIDE)
    page.get_by_text("replies").or_(page.get_by_text("1 reply")).first.click(timeout=PATIENCE_MS)
    page.locator("#thread-list").get_by_text("Not an incident").last.wait_for(timeout=PATIENCE_MS)
    _settled(page)
    page.locator("#thread-list").get_by_text("Not an incident").last.scroll_into_view_if_needed()
    _save(page, "quiet.png")


def _critical(running: Browser, address: str) -> None:
    """A change that takes two people, each of whom types the name of what is changed."""
    wish = {"application": "shop", "faults": ["bad_deployment"], "seed": 3, "person": "alice"}
    channel = _broken(address, wish)
    for person in ("ben", "carol"):
        page = _open(running, address, channel, person, WIDE)
        page.get_by_text("replies").or_(page.get_by_text("1 reply")).first.click(timeout=PATIENCE_MS)
        approve = page.locator("#thread-list").get_by_role("button", name="Approve")
        approve.wait_for(timeout=PATIENCE_MS)
        approve.scroll_into_view_if_needed()
        approve.click()
        word = page.get_by_label("Type payments to approve")
        word.fill("payments")
        if person == "ben":
            _save(page, "critical.png")
        page.get_by_role("button", name="Approve").last.click()


def _harder(running: Browser, address: str) -> None:
    """A colleague who is wrong, and a worker that dies: the cause is named all the same."""
    wish = {"application": "shop", "faults": ["lock_contention"], "seed": 4, "person": "alice"}
    page = _open(running, address, _broken(address, wish), "alice", WIDE)
    page.get_by_text("testing").or_(page.get_by_text("Stands")).first.wait_for(timeout=PATIENCE_MS)
    panel = page.locator("#panel")
    panel.get_by_role("button", name="Mislead it").click()
    panel.get_by_role("status").get_by_text("Said").wait_for(timeout=PATIENCE_MS)
    panel.get_by_role("button", name="Kill the worker").click()
    panel.get_by_role("status").get_by_text("is gone").wait_for(timeout=PATIENCE_MS)
    page.locator("#channel-list").get_by_text("@Runbook").last.locator("xpath=ancestor::article").get_by_text(
        "repl"
    ).first.click(timeout=PATIENCE_MS)
    page.locator("#thread-list").get_by_text("Ruled out").first.wait_for(timeout=PATIENCE_MS)
    _settled(page)
    _top(page, "Lock contention")
    _save(page, "harder.png")


def _broken(address: str, wish: dict[str, Any]) -> str:
    """Break something; the id of the channel that was opened for it."""
    request = urllib.request.Request(
        address + "_slack/break", json.dumps(wish).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["channel"]


def _open(running: Browser, address: str, channel: str, person: str, size: Any) -> Page:
    page = running.new_page(viewport=size, timezone_id="UTC", device_scale_factor=1.25)
    page.goto(f"{address}#as={person}&channel={channel}")
    page.wait_for_selector("body[data-ready]")
    return page


def _settled(page: Page) -> None:
    """Redraws of the live message are two seconds apart: wait for the last one."""
    page.locator("#thread-list").get_by_text("Investigating").wait_for(state="hidden", timeout=PATIENCE_MS)


def _top(page: Page, words: str) -> None:
    """Scroll so that the message with these words begins at the top."""
    page.locator("#thread-list").get_by_text(words).first.evaluate("e => e.scrollIntoView({block: 'start'})")
    page.mouse.move(5, 5)


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(600)
    page.screenshot(path=str(DOCS / name))
    print("docs/" + name)


if __name__ == "__main__":
    main()
