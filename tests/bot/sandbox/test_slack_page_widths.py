"""Everything people do on the page, done on a desk (1440 pixels) and on a phone (390)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Locator, Page, expect

from tests.bot.sandbox.kit import actions, button, modal, mrkdwn, plain, section, text_input
from tests.bot.sandbox.local_slack import Bot, LocalSlack, eventually
from tests.bot.sandbox.page_kit import Open, box

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
WHY = modal(
    section("This goes into the record."),
    text_input(),
    {
        "type": "input",
        "block_id": "severity",
        "label": plain("Severity"),
        "element": {
            "type": "static_select",
            "action_id": "pick",
            "options": [{"text": plain(f"SEV{n}"), "value": str(n)} for n in (1, 2)],
        },
    },
    callback_id="why",
    submit=plain("Send"),
    close=plain("Never mind"),
)
GLOBAL = {
    "_metadata": {"major_version": 2},
    "display_information": {"name": "Runbook"},
    "features": {
        "bot_user": {"display_name": "Runbook"},
        "shortcuts": [
            {
                "name": "Start here",
                "type": "global",
                "callback_id": "start",
                "description": "Ask what is wrong",
            }
        ],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}},
}


@pytest.fixture(params=SIZES)
def at(request: pytest.FixtureRequest, look: Open) -> Open:
    """Open the page at both widths; nothing may ever stick out, and the message box stays in view."""
    opened: list[Page] = []
    width, height = SIZES[request.param]

    def open_page(*args: Any, **more: Any) -> Page:
        page = look(*args, **more)
        page.set_viewport_size({"width": width, "height": height})
        opened.append(page)
        return page

    def check() -> None:
        for page in opened:
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            for foot in page.locator("textarea:visible").all():
                frame = foot.bounding_box()
                assert frame is not None
                assert frame["y"] + frame["height"] <= height

    open_page.check = check  # type: ignore[attr-defined]
    return open_page


@pytest.fixture(autouse=True)
def nothing_sticks_out(at: Any) -> Any:
    """After every test here, while its pages are still open."""
    yield
    at.check()


def inside(page: Page, part: Locator) -> None:
    """A part is on the screen, whole."""
    expect(part).to_be_visible()
    frame, size = part.bounding_box(), page.viewport_size
    assert frame is not None
    assert size is not None
    assert min(frame["x"], frame["y"]) >= 0
    assert frame["x"] + frame["width"] <= size["width"] + 0.5
    assert frame["y"] + frame["height"] <= size["height"] + 0.5


def tool(page: Page, text: str, name: str) -> None:
    """Use a tool of the message that says `text`."""
    message = box(page).locator(".message", has_text=text)
    message.hover()
    inside(page, message.locator(".tools"))
    message.get_by_role("button", name=name).click()


def test_a_modal_is_opened_filled_corrected_and_sent(slack: LocalSlack, bot: Bot, at: Open) -> None:
    heard: list[dict[str, Any]] = []

    @bot.app.action("reject")
    def reject(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=WHY)

    @bot.app.view("why")
    def why(ack: Any, view: dict[str, Any]) -> None:
        heard.append(view["state"]["values"])
        typed = heard[-1]["why"]["text"]["value"]
        ack(**({} if len(typed) > 3 else {"response_action": "errors", "errors": {"why": "Say more."}}))

    bot.connect()
    slack.post(text="x", blocks=[actions(button("reject", "Reject"))])
    page = at(slack, "ben")
    page.get_by_role("button", name="Reject").click()
    dialog = page.locator("#modal")
    reason, severity = dialog.get_by_label("Why?"), dialog.get_by_label("Severity")
    inside(page, dialog)
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_text("required")).to_have_count(2)
    expect(reason).to_be_focused()
    reason.fill("no")
    severity.select_option("2")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("Say more.")
    expect(dialog.get_by_text("required")).to_have_count(0)
    assert heard[0]["severity"]["pick"]["selected_option"]["value"] == "2"
    reason.fill("too risky")
    page.keyboard.press("Enter")

    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Reject")).to_be_focused()


@pytest.mark.parametrize("way", ["Escape", "Close", "Never mind"])
def test_a_modal_is_closed(way: str, slack: LocalSlack, bot: Bot, at: Open) -> None:
    closed: list[str] = []

    @bot.app.action("reject")
    def reject(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view={**WHY, "notify_on_close": True})

    @bot.app.view_closed("why")
    def gone(ack: Any, view: dict[str, Any]) -> None:
        ack()
        closed.append(view["callback_id"])

    bot.connect()
    slack.post(text="x", blocks=[actions(button("reject", "Reject"))])
    page = at(slack, "ben")
    page.get_by_role("button", name="Reject").click()
    dialog = page.locator("#modal")
    expect(dialog).to_be_visible()
    if way == "Escape":
        page.keyboard.press(way)
    else:
        dialog.get_by_role("button", name=way, exact=True).click()

    expect(dialog).to_be_hidden()
    eventually(lambda: closed == ["why"])


def test_a_modal_longer_than_the_screen_scrolls_inside(slack: LocalSlack, bot: Bot, at: Open) -> None:
    @bot.app.action("reject")
    def reject(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        view = {**WHY, "blocks": [*[section(f"line {n}") for n in range(60)], text_input()]}
        client.views_open(trigger_id=body["trigger_id"], view=view)

    bot.connect()
    slack.post(text="x", blocks=[actions(button("reject", "Reject"))])
    page = at(slack, "ben")
    page.get_by_role("button", name="Reject").click()

    expect(page.locator("#modal")).to_be_visible()
    inside(page, page.locator("#modal"))
    inside(page, page.locator("#modal").get_by_role("button", name="Send"))


def test_a_button_with_a_confirm_dialog_asks_first(slack: LocalSlack, bot: Bot, at: Open) -> None:
    pressed: list[str] = []

    @bot.app.action("approve")
    def approve(ack: Any, body: dict[str, Any]) -> None:
        ack()
        pressed.append(body["user"]["id"])

    bot.connect()
    words = {
        "title": plain("Roll back?"),
        "text": mrkdwn("*Now*"),
        "confirm": plain("Yes"),
        "deny": plain("No"),
    }
    slack.post(text="x", blocks=[actions(button("approve", "Approve", confirm=words))])
    page = at(slack, "ben")
    page.get_by_role("button", name="Approve").click()
    inside(page, page.locator("#confirm"))
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.locator("#confirm")).to_be_hidden()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Yes").click()

    eventually(lambda: pressed == [slack.people["ben"]])


def test_the_home_tab_is_read_and_used(slack: LocalSlack, bot: Bot, at: Open) -> None:
    @bot.app.event("app_home_opened")
    def opened(event: dict[str, Any], client: Any) -> None:
        blocks = [{"type": "header", "text": plain(":wave: Runbook")}, actions(button("more", "Show more"))]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @bot.app.action("more")
    def more(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        client.views_publish(user_id=body["user"]["id"], view={"type": "home", "blocks": [section("Here.")]})

    bot.connect()
    page = at(slack, "carol")
    back = page.get_by_role("button", name="Back to channels")
    if back.is_visible():
        back.click()
    page.locator("#sidebar").get_by_role("button", name="Runbook").click()
    expect(page.locator("#home-view")).to_contain_text("👋")
    page.get_by_role("button", name="Show more").click()

    expect(page.locator("#home-view")).to_contain_text("Here.")


def test_a_message_shortcut_is_in_the_menu_of_the_message(slack: LocalSlack, bot: Bot, at: Open) -> None:
    heard: list[str] = []

    @bot.app.shortcut("investigate_message")
    def shortcut(ack: Any, body: dict[str, Any]) -> None:
        ack()
        heard.append(body["message"]["text"])

    bot.connect()
    slack.say("checkout is slow")
    page = at(slack)
    tool(page, "checkout is slow", "More")
    inside(page, page.locator("#popover"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="More")).to_be_focused()
    tool(page, "checkout is slow", "More")
    page.get_by_role("menuitem", name="Investigate this message").click()

    eventually(lambda: heard == ["checkout is slow"])


def test_a_global_shortcut_is_found_behind_the_slash(
    start: Callable[..., LocalSlack], tmp_path: Path, at: Open
) -> None:
    path = tmp_path / "manifest.yml"
    path.write_text(yaml.safe_dump(GLOBAL))
    slack = start("--manifest", str(path))
    bot = Bot(slack)

    @bot.app.shortcut("start")
    def begin(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=WHY)

    bot.connect()
    page = at(slack)
    page.locator("#composer-text").press_sequentially("/sta")
    offer = page.get_by_role("option", name="Start here")
    inside(page, offer)
    page.keyboard.press("Enter")

    expect(page.locator("#modal")).to_contain_text("This goes into the record.")
    expect(page.locator("#composer-text")).to_have_value("")
    page.keyboard.press("Escape")
    expect(page.locator("#modal")).to_be_hidden()
    bot.close()


def test_a_slash_command_is_typed_and_its_answer_seen(slack: LocalSlack, bot: Bot, at: Open) -> None:
    @bot.app.command("/runbook")
    def command(ack: Any, body: dict[str, Any]) -> None:
        ack(text=f"You asked for {body['text']}.")

    bot.connect()
    for number in range(40):
        slack.say(f"line {number}")
    page = at(slack)
    page.evaluate("document.getElementById('channel-list').scrollTop = 0")
    page.locator("#composer-text").press_sequentially("/run")
    inside(page, page.get_by_role("option", name="/runbook"))
    page.keyboard.press("Tab")
    page.keyboard.type("status")
    page.keyboard.press("Enter")

    answer = box(page).locator(".private", has_text="You asked for status.")
    expect(answer).to_be_in_viewport()
    assert not [m for m in slack.messages() if "/runbook" in m["text"]]


def test_an_ephemeral_message_is_dismissed_by_its_reader(slack: LocalSlack, at: Open) -> None:
    slack.api("chat.postEphemeral", channel="C0INCIDENTS", user=slack.people["carol"], text="You may not.")
    page = at(slack, "carol")
    expect(box(page).locator(".private")).to_contain_text("Only visible to you")
    tool(page, "You may not.", "Dismiss")

    expect(box(page).locator(".private")).to_have_count(0)
    assert slack.look("state")["ephemerals"][slack.people["carol"]] == []


def test_a_reaction_is_found_added_and_taken_off(slack: LocalSlack, at: Open) -> None:
    ts = slack.say("checkout is slow")
    page = at(slack)
    tool(page, "checkout is slow", "Add a reaction")
    page.get_by_label("Find an emoji").fill("rotating")
    inside(page, page.locator("#popover"))
    page.locator("#popover").get_by_role("button", name="rotating light").click()
    reaction = box(page).locator(".reaction")
    expect(reaction).to_have_text("🚨1")
    slack.act("reactions", person="ben", channel="incidents", ts=ts, name="rotating_light")
    expect(reaction).to_have_text("🚨2")
    reaction.click()
    expect(reaction).to_have_text("🚨1")
    expect(reaction).to_have_attribute("aria-pressed", "false")

    assert slack.messages()[0]["reactions"][0]["users"] == [slack.people["ben"]]


def test_a_file_is_downloaded_by_a_click(slack: LocalSlack, at: Open) -> None:
    data = b"# Investigation 42\n"
    first = slack.api("files.getUploadURLExternal", filename="investigation-42.md", length=len(data))
    slack.http.post(first["upload_url"], content=data)
    files = [{"id": first["file_id"], "title": "Investigation 42"}]
    slack.api("files.completeUploadExternal", files=files, channel_id=slack.channels["incidents"])
    slack.advance(1)
    page = at(slack)

    with page.expect_download() as coming:
        page.get_by_role("link", name="Download Investigation 42").click()

    assert coming.value.suggested_filename == "investigation-42.md"
    assert coming.value.path().read_bytes() == data


def test_a_thread_is_opened_answered_and_left(slack: LocalSlack, at: Open) -> None:
    root = slack.say("checkout is slow")
    slack.post(text="On it.", thread_ts=root)
    page = at(slack)
    page.get_by_role("button", name="1 reply").click()
    expect(page.locator("#thread-list")).to_contain_text("On it.")
    expect(page.locator("#thread-text")).to_be_focused()
    page.keyboard.type("thank you")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-list")).to_contain_text("thank you")
    page.keyboard.press("Escape")

    expect(page.locator("#thread-pane")).to_be_hidden()
    expect(page.get_by_role("button", name="2 replies")).to_be_visible()


def test_an_emoji_is_picked_for_a_message(slack: LocalSlack, at: Open) -> None:
    page = at(slack)
    page.locator("#channel-foot").get_by_role("button", name="Emoji").click()
    expect(page.get_by_role("option")).not_to_have_count(0)
    page.keyboard.type("rotating")
    page.keyboard.press("Enter")
    page.keyboard.type("at 10:30:45")
    page.keyboard.press("Enter")

    expect(box(page).locator(".message .content")).to_have_text("🚨 at 10:30:45")


def test_ones_own_message_is_seen_from_wherever_one_was_reading(slack: LocalSlack, at: Open) -> None:
    for number in range(40):
        slack.say(f"line {number}", person="ben")
    page = at(slack)
    page.evaluate("document.getElementById('channel-list').scrollTop = 0")
    page.locator("#composer-text").fill("and another thing")
    page.keyboard.press("Enter")

    expect(box(page).get_by_text("and another thing")).to_be_in_viewport()
