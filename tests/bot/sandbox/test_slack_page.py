"""The page, in a real browser: what people read, type and click."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.bot.sandbox.kit import actions, button, modal, mrkdwn, plain, section, text_input
from tests.bot.sandbox.local_slack import Bot, LocalSlack, eventually
from tests.bot.sandbox.page_kit import Open, box
from tests.bot.sandbox.stub_cloud import StubCloud
from tests.bot.sandbox.test_slack_blocks import ACCEPTED

NASTY = '<img src=x onerror="window.stolen=1"><script>window.stolen=1</script>'


def test_a_typed_mention_reaches_the_app_and_the_thread_opens(
    slack: LocalSlack, bot: Bot, look: Open
) -> None:
    @bot.app.event("app_mention")
    def answer(event: dict[str, Any], say: Any) -> None:
        say(text="On it.", thread_ts=event["ts"])

    bot.connect()
    page = look(slack)
    page.locator("#composer-text").press_sequentially("@Run")
    page.keyboard.press("Enter")
    page.keyboard.type("checkout is slow")
    page.keyboard.press("Enter")

    expect(box(page).locator(".mention", has_text="@Runbook")).to_be_visible()
    page.get_by_role("button", name="1 reply").click()
    expect(page.locator("#thread-list")).to_contain_text("On it.")
    page.locator("#thread-text").fill("thank you")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-list")).to_contain_text("thank you")
    assert slack.messages()[-1]["thread_ts"] == slack.messages()[0]["ts"]


def test_a_button_asks_first_and_the_card_changes_in_its_place(
    slack: LocalSlack, bot: Bot, look: Open
) -> None:
    @bot.app.action("approve")
    def approve(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        where = {"channel": body["channel"]["id"], "ts": body["message"]["ts"]}
        client.chat_update(**where, text="Approved", blocks=[section(f"Approved by <@{body['user']['id']}>")])

    bot.connect()
    sure = {
        "title": plain("Roll back?"),
        "text": mrkdwn("*Now*"),
        "confirm": plain("Yes"),
        "deny": plain("No"),
    }
    slack.post(text="card", blocks=[actions(button("approve", "Approve", style="primary", confirm=sure))])
    slack.say("below")
    page = look(slack, "ben")

    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Roll back?")).to_be_visible()
    page.get_by_role("button", name="Yes").click()

    expect(box(page)).to_contain_text("Approved by @Ben Okafor")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    texts = box(page).locator(".message .content").all_text_contents()
    assert texts == ["Approved by @Ben Okafor", "below"]


def test_a_button_nobody_answers_says_so(slack: LocalSlack, look: Open) -> None:
    slack.post(text="card", blocks=[actions(button("go", "Go"))])
    page = look(slack)

    page.get_by_role("button", name="Go").click()

    expect(page.locator(".toast.warning")).to_contain_text("did not answer")
    expect(page.locator(".button.failed")).to_have_count(1)


def test_text_never_becomes_markup(slack: LocalSlack, look: Open) -> None:
    slack.say(NASTY)
    slack.post(text=NASTY)
    slack.post(
        text="x",
        blocks=[section(NASTY), {"type": "markdown", "text": NASTY}, actions(button(text=NASTY[:70]))],
    )
    slack.post(text="x", blocks=[section("<javascript:alert(1)|click> and <https://e.org|ok>")])
    slack.act(
        "alerts",
        channel="incidents",
        title=NASTY,
        text=NASTY,
        fields={NASTY: NASTY},
        title_link="javascript:x",
    )
    slack.act("channels/topic", person="alice", channel="incidents", topic=NASTY)
    page = look(slack)

    expect(box(page)).to_contain_text("onerror")
    assert page.evaluate("window.stolen") is None
    assert page.locator("#channel-pane script, #channel-pane img").count() == 0
    assert page.locator('a[href^="javascript"]').count() == 0


def test_an_ephemeral_message_is_seen_by_its_reader_only(slack: LocalSlack, look: Open) -> None:
    page, other = look(slack, "carol"), look(slack, "ben")
    slack.api(
        "chat.postEphemeral", channel="C0INCIDENTS", user=slack.people["carol"], text="You may not approve."
    )
    slack.say("marker")

    expect(box(page).locator(".private")).to_contain_text("Only visible to you")
    expect(box(other)).to_contain_text("marker")
    assert "You may not approve." not in box(other).inner_text()


def test_a_modal_shows_errors_and_closes_when_the_app_is_content(
    slack: LocalSlack, bot: Bot, look: Open
) -> None:
    @bot.app.action("reject")
    def reject(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        view = modal(text_input(), callback_id="why", submit=plain("Send"))
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @bot.app.view("why")
    def why(ack: Any, view: dict[str, Any]) -> None:
        typed = view["state"]["values"]["why"]["text"]["value"]
        ack(**({} if len(typed) > 3 else {"response_action": "errors", "errors": {"why": "Say more."}}))

    bot.connect()
    slack.post(text="x", blocks=[actions(button("reject", "Reject"))])
    page = look(slack, "ben")
    page.get_by_role("button", name="Reject").click()
    dialog = page.locator("#modal")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("required")
    dialog.get_by_role("textbox").fill("no")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("Say more.")
    expect(dialog.get_by_role("textbox")).to_have_value("no")
    dialog.get_by_role("textbox").fill("too risky")
    dialog.get_by_role("button", name="Send").click()

    expect(dialog).to_be_hidden()


def test_the_home_tab_shows_what_the_app_published(slack: LocalSlack, bot: Bot, look: Open) -> None:
    @bot.app.event("app_home_opened")
    def opened(event: dict[str, Any], client: Any) -> None:
        client.views_publish(
            user_id=event["user"], view={"type": "home", "blocks": [section("Nothing is running.")]}
        )

    bot.connect()
    page = look(slack, "carol")
    page.locator("#sidebar").get_by_role("button", name="Runbook").click()

    expect(page.locator("#home-view")).to_contain_text("Nothing is running.")
    page.get_by_role("tab", name="Messages").click()
    expect(page.locator("#composer-text")).to_have_attribute("placeholder", "Message Runbook")


def test_one_becomes_somebody_else(slack: LocalSlack, look: Open) -> None:
    page = look(slack)
    page.locator(".people summary").click()
    page.get_by_role("menuitemradio", name=re.compile("Dan Price")).click()
    expect(page.locator(".people summary")).to_contain_text("guest")
    page.locator("#composer-text").fill("hello from Dan")
    page.keyboard.press("Enter")

    eventually(lambda: [m for m in slack.messages() if m.get("user") == slack.people["dan"]])


def test_unread_channels_and_the_line_of_new_messages(slack: LocalSlack, look: Open) -> None:
    slack.say("old", channel="payments-team")
    page = look(slack, "ben")
    slack.say("@Ben Okafor please look", channel="payments-team")

    room = page.locator("#sidebar .room", has_text="payments-team")
    expect(room).to_have_class(re.compile("unread"))
    expect(room.locator(".count-badge")).to_have_text("1")
    room.click()
    expect(box(page).locator(".new-line + .message")).to_contain_text("please look")
    expect(room).not_to_have_class(re.compile("unread"))


def test_the_view_follows_the_end_only_when_it_is_there(slack: LocalSlack, look: Open) -> None:
    for number in range(40):
        slack.say(f"line {number}")
    page = look(slack)
    scroll = "document.getElementById('channel-list')"
    at_end = f"{scroll}.scrollHeight - {scroll}.scrollTop - {scroll}.clientHeight < 5"
    page.wait_for_function(at_end)
    slack.say("line 40")
    expect(box(page)).to_contain_text("line 40")
    page.wait_for_function(at_end)

    page.evaluate(f"{scroll}.scrollTop = 200")
    page.wait_for_timeout(100)
    before = page.evaluate(f"{scroll}.scrollTop")
    slack.say("line 41")
    expect(box(page)).to_contain_text("line 41")

    assert page.evaluate(f"{scroll}.scrollTop") == before


def test_an_edit_keeps_focus_and_open_folds(slack: LocalSlack, look: Open) -> None:
    plan = {"type": "plan", "block_id": "plan", "title": "Testing", "tasks": []}
    row = actions(button("stop", "Stop"), block_id="row")
    posted = slack.post(text="x", blocks=[plan, row])
    page = look(slack)
    page.locator(".plan summary").click()
    page.get_by_role("button", name="Stop").focus()

    slack.api(
        "chat.update", channel=posted["channel"], ts=posted["ts"], blocks=[{**plan, "title": "Weighing"}, row]
    )

    expect(box(page)).to_contain_text("Weighing")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    assert page.locator(".plan").get_attribute("open") is None


def test_a_phone_shows_one_pane_at_a_time(slack: LocalSlack, look: Open) -> None:
    root = slack.say("root")
    slack.post(text="reply", thread_ts=root)
    page = look(slack)
    page.set_viewport_size({"width": 390, "height": 844})
    panes = ("#sidebar", "#channel-pane", "#thread-pane", "#panel")

    def seen() -> list[str]:
        return [pane for pane in panes if page.locator(pane).is_visible()]

    assert seen() == ["#channel-pane"]
    page.get_by_role("button", name="1 reply").click()
    expect(page.locator("#thread-list")).to_be_visible()
    assert seen() == ["#thread-pane"]
    page.get_by_role("button", name="Back to the channel").click()
    page.get_by_role("button", name="Back to channels").click()
    assert seen() == ["#sidebar"]
    page.locator("#sidebar .room", has_text="general").click()
    assert seen() == ["#channel-pane"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_mention_of_an_outsider_offers_to_add_them(slack: LocalSlack, bot: Bot, look: Open) -> None:
    heard: list[str] = []

    @bot.app.event("app_mention")
    def mention(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    @bot.app.event("member_joined_channel")
    def joined() -> None:
        pass

    bot.connect()
    page = look(slack, channel="C0GENERAL01")
    page.locator("#composer-text").fill("@Runbook hello")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add Runbook").click()

    eventually(lambda: heard)
    expect(box(page)).to_contain_text("has joined the channel")


def test_shortcuts_and_reactions_are_in_the_message_menu(slack: LocalSlack, bot: Bot, look: Open) -> None:
    heard: list[str] = []

    @bot.app.shortcut("investigate_message")
    def shortcut(ack: Any, body: dict[str, Any]) -> None:
        ack()
        heard.append(body["message"]["text"])

    bot.connect()
    slack.say("checkout is slow")
    page = look(slack)
    message = box(page).locator(".message", has_text="checkout is slow")
    message.hover()
    message.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Investigate this message").click()
    eventually(lambda: heard == ["checkout is slow"])
    message.hover()
    message.get_by_role("button", name="Add a reaction").click()
    page.locator("#popover").get_by_role("button", name="eyes").click()

    expect(message.locator(".reaction")).to_contain_text("1")


@pytest.fixture
def cloud() -> Iterator[StubCloud]:
    stub = StubCloud()
    yield stub
    stub.close()


def test_breaking_something_leads_into_the_incident_channel(
    start: Callable[..., LocalSlack], cloud: StubCloud, look: Open
) -> None:
    page = look(start("--cloud", cloud.url))
    panel = page.locator("#panel")
    expect(panel).to_contain_text("This is the local stand-in, not Slack.")
    panel.locator(".fault", has_text="A bad deployment").click()
    panel.get_by_role("button", name="Break it").click()

    expect(page.locator("#channel-head")).to_contain_text("checkout-api")
    expect(box(page).locator(".attachment")).to_contain_text("ALARM: checkout p99 latency")
    expect(panel.locator(".case")).to_contain_text("checkout-p99-latency")
    expect(panel.locator(".spark")).to_be_visible()
    assert cloud.cases == [{"application": "shop", "faults": ["bad-deploy"]}]


def test_one_misleads_the_app_and_ends_its_worker(
    start: Callable[..., LocalSlack], cloud: StubCloud, look: Open
) -> None:
    slack = start("--cloud", cloud.url, "--crew", cloud.url)
    page = look(slack)
    panel = page.locator("#panel")
    expect(panel.get_by_role("button", name="Mislead it")).to_have_count(0)
    panel.locator(".fault", has_text="A bad deployment").click()
    panel.get_by_role("button", name="Break it").click()
    expect(box(page).locator(".attachment")).to_contain_text("ALARM")

    panel.get_by_role("button", name="Mislead it").click()
    expect(box(page)).to_contain_text("@Runbook It is always the database. Restart shop-db.")
    expect(panel.get_by_role("status")).to_contain_text("It is always the database")
    panel.get_by_role("button", name="Kill the worker").click()
    expect(panel.get_by_role("status")).to_contain_text("Process 4711 is gone")

    assert cloud.kills == 1
    said = slack.look("state", person="carol")
    room = next(c for c in said["channels"] if c["name"].startswith("inc-"))
    assert [m["user"] for m in room["messages"] if "shop-db" in m.get("text", "")] == ["U0ALICECHEN"]


def test_where_nobody_can_end_a_worker_no_button_offers_it(
    start: Callable[..., LocalSlack], cloud: StubCloud, look: Open
) -> None:
    slack = start("--cloud", cloud.url)
    slack.act("break", person="alice", application="shop", faults=["bad-deploy"])
    panel = look(slack).locator("#panel")

    expect(panel.get_by_role("button", name="Mislead it")).to_be_visible()
    expect(panel.get_by_role("button", name="Kill the worker")).to_have_count(0)
    assert slack.act("kill")["error"] == "no_crew"


def test_every_block_slack_takes_is_drawn(slack: LocalSlack, look: Open) -> None:
    for case, blocks in ACCEPTED.items():
        slack.advance(2)
        assert slack.post(text=case, blocks=blocks)["ok"]
    page = look(slack)

    expect(box(page).locator(".message")).to_have_count(len(ACCEPTED))
    assert page.locator("text=cannot show").count() == 0
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button')].filter(b => !(b.ariaLabel || b.textContent.trim())).length"
    )
    assert unnamed == 0


MRKDWN = {
    "*bold* and _italic_ and ~gone~": "<strong>bold</strong> and <em>italic</em> and <del>gone</del>",
    "2 * 3 * 4 and snake_case_name": "2 * 3 * 4 and snake_case_name",
    "`&lt;a&gt; *b* <https://e.org|link>`": "<code>&lt;a&gt; *b* link</code>",
    "at 00:03:11 today": "at 00:03:11 today",
    "<https://e.org|the *docs*>": "the *docs*",
    "a &amp;&lt;b&gt;": "a &amp;&lt;b&gt;",
    "&gt; quoted\nnot": "<blockquote>quoted</blockquote>not",
    "*not\nbold*": "*not<br>bold*",
    "5 < 6 > 4": "5 &lt; 6 &gt; 4",
    "<!date^0^{date_num}|then>": "1970-01-01",
    "<!subteam^S1|@oncall>": "@oncall",
    ":nosuchemoji:": ":nosuchemoji:",
    "at 10:30:45 and 10:100:45 :eyes:": "at 10:30:45 and 10:100:45 <span>👀</span>",
    ":foo: :rotating_light: :wave::skin-tone-3:": ":foo: <span>🚨</span> <span>👋</span>",
    "arn:aws:key:x": "arn:aws:key:x",
    "*:x: no*": "<strong><span>❌</span> no</strong>",
    "`:eyes:` is code": "<code>:eyes:</code> is code",
    "```\n:eyes:\n```": ">:eyes:</pre>",
    "<https://e.org|:link: docs>": "<span>🔗</span> docs</a>",
}


Draw = Callable[[str, str, Any], str]


@pytest.fixture(scope="module")
def drawn(browser: BrowserContext, _shared: LocalSlack) -> Iterator[Draw]:
    """Draw a text or block with one of the page's modules; returns the HTML."""
    page = browser.new_page()
    page.goto(_shared.ready["url"])
    page.wait_for_selector("body[data-ready]")

    def draw(module: str, function: str, text: Any) -> str:
        script = """async ([module, name, text]) => {
            const m = await import(`/page/js/${module}.js`);
            const box = document.createElement('div');
            box.append(...m[name](text).flat(Infinity).filter((n) => n !== null && n !== ''));
            return box.innerHTML;
        }"""
        return page.evaluate(script, [module, function, text])

    yield draw
    page.close()


@pytest.mark.parametrize("text", MRKDWN)
def test_mrkdwn_is_drawn_as_slack_draws_it(text: str, drawn: Draw) -> None:
    html = drawn("mrkdwn", "mrkdwn", text)

    assert MRKDWN[text] in re.sub(
        r"<(a|time|span|code|strong)( [^>]*)?>", lambda m: f"<{m[1]}>", html
    ).replace("01/01/1970", "1970-01-01")


MARKDOWN = {
    "# Title": '<p class="heading" role="heading" aria-level="3">Title</p>',
    "a **b** *c* ~~d~~ `e`": "<p>a <strong>b</strong> <em>c</em> <del>d</del> <code>e</code></p>",
    "- one\n- two\n  - deep": "<ul><li>one</li><li>two<ul><li>deep</li></ul></li></ul>",
    "3. three\n4. four": '<ol start="3"><li>three</li><li>four</li></ol>',
    "> quoted": "<blockquote><p>quoted</p></blockquote>",
    "```py\nx = 1 < 2\n```": 'data-language="py">x = 1 &lt; 2</pre>',
    "| a | b |\n|---|--:|\n| 1 | 2 |": '<td class="to-right">2</td>',
    "---": "<hr>",
    "up :rocket: at 10:30:45 :foo: `:x:`": "<p>up <span",
    "```\n:rocket: 10:30:45\n```": ">:rocket: 10:30:45</pre>",
    "- [x] done": 'aria-label="done"',
    r"\*plain\*": "<p>*plain*</p>",
    "![logo](https://e.org/x.png)": ">logo</a>",
}


@pytest.mark.parametrize("text", MARKDOWN)
def test_markdown_is_drawn_as_slack_draws_it(text: str, drawn: Draw) -> None:
    assert MARKDOWN[text] in drawn("markdown", "markdown", text)


def test_a_header_draws_its_emoji_unless_told_not_to(drawn: Draw) -> None:
    title = {"type": "plain_text", "text": ":rotating_light: checkout at 10:30:45"}

    assert "🚨" in drawn("mrkdwn", "textObject", title)
    assert "at 10:30:45" in drawn("mrkdwn", "textObject", title)
    assert drawn("mrkdwn", "textObject", {**title, "emoji": False}) == title["text"]


def test_rich_text_draws_emoji_elements_and_leaves_text_as_it_is(drawn: Draw) -> None:
    text = {"type": "text", "text": ":eyes: 10:30:45"}
    parts = [{"type": "emoji", "name": "eyes"}, {**text, "style": {"code": True}}]
    log = {"type": "rich_text_preformatted", "elements": [text]}
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}, log]}

    html = drawn("richtext", "richText", block)

    assert html.count("👀") == 1
    assert "<code>:eyes: 10:30:45</code>" in html
    assert ">:eyes: 10:30:45</pre>" in html
