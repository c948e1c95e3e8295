"""What people do on the page's endpoints: speak, mention, look, and break something."""

from collections.abc import Callable, Iterator

import pytest

from tests.bot.sandbox.local_slack import LocalSlack, eventually
from tests.bot.sandbox.stub_cloud import StubCloud


def written(slack: LocalSlack, text: str) -> dict:  # type: ignore[type-arg]
    """The message somebody gets by typing a text."""
    ts = slack.say(text)
    return next(m for m in slack.messages() if m["ts"] == ts)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("@Runbook hello", "<@U0RUNBOOK01> hello"),
        ("hello @runbook", "hello <@U0RUNBOOK01>"),
        ("ask @Ben Okafor about it", "ask <@U0BENOKAFOR> about it"),
        ("<@U0BENOKAFOR> hello", "<@U0BENOKAFOR> hello"),
        ("see #incidents now", "see <#C0INCIDENTS|incidents> now"),
        ("issue #42 stays", "issue #42 stays"),
        ("mail@runbook stays", "mail@runbook stays"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("@here look", "<!here> look"),
    ],
)
def test_what_is_typed_is_encoded_as_slack_encodes_it(typed: str, stored: str, shared: LocalSlack) -> None:
    assert written(shared, typed)["text"] == stored


def test_a_typed_message_becomes_rich_text(shared: LocalSlack) -> None:
    block = written(shared, "*bold* `code` :eyes: https://e.org/x\n```\nlog <line>\n```")["blocks"][0]

    section, preformatted = block["elements"]
    assert [p.get("style") for p in section["elements"] if p["type"] == "text" and p.get("style")] == [
        {"bold": True},
        {"code": True},
    ]
    assert {"type": "emoji", "name": "eyes"} in section["elements"]
    assert {"type": "link", "url": "https://e.org/x"} in section["elements"]
    assert preformatted["elements"][0]["text"] == "log <line>"


def test_only_names_of_emoji_become_emoji(shared: LocalSlack) -> None:
    block = written(shared, "at 10:30:45 :foo: :eyes: `:eyes:`")["blocks"][0]

    parts = block["elements"][0]["elements"]
    assert [p["name"] for p in parts if p["type"] == "emoji"] == ["eyes"]
    assert "".join(p.get("text", "👀") for p in parts) == "at 10:30:45 :foo: 👀 :eyes:"


def test_who_is_deactivated_is_found_by_no_address_and_is_in_no_group(slack: LocalSlack) -> None:
    slack.act("people/deactivate", person="ben")

    assert slack.api("users.info", user=slack.people["ben"])["user"]["deleted"] is True
    mail = slack.api("users.lookupByEmail", email="ben.okafor@fernhill.example")
    assert mail["error"] == "users_not_found"
    assert slack.api("usergroups.users.list", usergroup="S0APPROVERS")["users"] == []
    slack.act("people/deactivate", person="ben", undo=True)
    assert slack.api("usergroups.users.list", usergroup="S0APPROVERS")["users"] == [slack.people["ben"]]


def test_a_guest_sees_only_their_channels(slack: LocalSlack) -> None:
    slack.act("channels", person="alice", name="staff-only", members=["alice", "ben"])

    names = {c.get("name") for c in slack.look("state", person="dan")["channels"]}

    assert "incidents" in names
    assert "staff-only" not in names
    assert "staff-only" in {c.get("name") for c in slack.look("state", person="carol")["channels"]}


def test_a_guest_creates_no_channels(shared: LocalSlack) -> None:
    assert shared.act("channels", person="dan", name="mine")["error"] == "user_is_restricted"


def test_nobody_speaks_where_they_are_not(slack: LocalSlack) -> None:
    slack.act("channels/leave", person="carol", channel="incidents")

    assert slack.act("messages", person="carol", channel="incidents", text="x")["error"] == "not_in_channel"
    slack.act("channels/join", person="carol", channel="incidents")
    assert slack.act("messages", person="carol", channel="incidents", text="x")["ok"]


def test_people_and_channels_go_by_id_key_or_name(shared: LocalSlack) -> None:
    for person in ("alice", "U0ALICECHEN", "Alice Chen"):
        for channel in ("incidents", "#incidents", "C0INCIDENTS"):
            assert shared.act("messages", person=person, channel=channel, text="x")["ok"]
    assert shared.act("messages", person="zoe", channel="incidents", text="x")["error"] == "no_such_person"
    assert shared.act("messages", person="ben", channel="nowhere", text="x")["error"] == "no_such_channel"


def test_only_own_messages_are_edited(shared: LocalSlack) -> None:
    ts = shared.say("mine")

    answer = shared.act("messages/edit", person="ben", channel="incidents", ts=ts, text="yours")

    assert answer["error"] == "not_yours"


def test_other_sites_in_the_browser_cannot_act_here(shared: LocalSlack) -> None:
    body = {"person": "alice", "channel": "incidents", "text": "x"}

    answer = shared.http.post("_slack/messages", json=body, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 400
    assert answer.json()["error"] == "wrong_origin"


def test_the_page_is_told_of_everything_in_order(slack: LocalSlack) -> None:
    with slack.http.stream("GET", "_slack/stream?person=ben", timeout=5) as page:
        lines = page.iter_lines()
        next(lines)
        slack.say("one")
        slack.api("chat.postEphemeral", channel="C0INCIDENTS", user=slack.people["carol"], text="psst")
        slack.say("two")
        seen = ""
        for line in lines:
            seen += line
            if "two" in line:
                break

    assert seen.index("one") < seen.index("two")
    assert "psst" not in seen


@pytest.fixture
def cloud() -> Iterator[StubCloud]:
    stub = StubCloud()
    yield stub
    stub.close()


def test_breaking_something_opens_a_channel_where_the_alarm_arrives(
    start: Callable[..., LocalSlack], cloud: StubCloud
) -> None:
    slack = start("--cloud", cloud.url)
    wish = {"application": "shop", "faults": ["bad-deploy"], "seed": 7, "onset_minutes": 12}

    answer = slack.act("break", person="alice", **wish)

    assert cloud.cases == [wish]
    assert answer["name"].startswith("inc-")
    assert answer["name"].endswith("-1-checkout-api")
    room = slack.channel(answer["name"])
    assert room["creator"] == slack.people["alice"]
    assert slack.people["dan"] in room["members"]
    alert = eventually(lambda: [m for m in slack.messages(answer["name"]) if m.get("attachments")])[0]
    assert alert["text"] == ""
    assert alert["attachments"][0]["title"] == answer["alert"]["title"]
    assert {f["title"] for f in alert["attachments"][0]["fields"]} >= {"Service", "Threshold"}
    second = slack.act("break", person="alice", **wish)
    assert second["name"].endswith("-2-checkout-api")


def test_the_panel_asks_the_cloud(start: Callable[..., LocalSlack], cloud: StubCloud) -> None:
    slack = start("--cloud", cloud.url)

    menu = slack.look("cloud")

    assert [row["id"] for row in menu["applications"]] == ["shop", "feed"]
    assert "bad-deploy" in [row["id"] for row in menu["faults"]]
    assert slack.look("pulse")["pulse"]["threshold"] == 800


def test_a_cloud_that_refuses_or_is_gone_is_said_to(
    start: Callable[..., LocalSlack], cloud: StubCloud
) -> None:
    slack = start("--cloud", cloud.url)
    cloud.refuse = "one case at a time"
    refused = slack.act("break", person="alice", application="shop", faults=["bad-deploy"])
    cloud.close()
    gone = slack.act("break", person="alice", application="shop", faults=["bad-deploy"])

    assert (refused["error"], refused["message"]) == (
        "cloud_refused",
        "The local cloud refused: one case at a time.",
    )
    assert gone["error"] == "cloud_unreachable"
    assert len(slack.look("state")["channels"]) == 3


def test_without_a_cloud_nothing_breaks(shared: LocalSlack) -> None:
    assert shared.act("break", person="alice", application="shop", faults=[])["error"] == "no_cloud"


def test_nobody_is_misled_about_nothing(start: Callable[..., LocalSlack], cloud: StubCloud) -> None:
    slack = start("--cloud", cloud.url)

    assert slack.act("mislead", person="alice")["error"] == "no_case"
    slack.act("break", person="alice", application="shop", faults=["bad-deploy"])
    cloud.close()
    assert slack.act("mislead", person="alice")["error"] == "cloud_unreachable"
