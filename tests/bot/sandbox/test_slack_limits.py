"""Rate limits: HTTP 429 with Retry-After, and calls that go through again when the time has passed."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bot.sandbox.rules import RULES
from tests.bot.sandbox.local_slack import LocalSlack
from tests.bot.sandbox.wire import Wire

# Calls a minute. Tiers are those of docs.slack.dev, "n or more" taken as n.
MOST = {
    "api.test": 100,
    "apps.connections.open": 60,
    "auth.test": 600,
    "assistant.threads.setStatus": 600,
    "assistant.threads.setSuggestedPrompts": 50,
    "assistant.threads.setTitle": 50,
    "agents.sessions.setStatus": 50,
    "bookmarks.add": 20,
    "bots.info": 50,
    "chat.appendStream": 100,
    "chat.delete": 50,
    "chat.getPermalink": 600,
    "chat.postEphemeral": 100,
    "chat.postMessage": 300,
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.update": 50,
    "conversations.archive": 20,
    "conversations.create": 20,
    "conversations.history": 50,
    "conversations.info": 50,
    "conversations.invite": 50,
    "conversations.join": 50,
    "conversations.leave": 50,
    "conversations.list": 20,
    "conversations.members": 100,
    "conversations.open": 50,
    "conversations.rename": 20,
    "conversations.replies": 50,
    "conversations.setTopic": 20,
    "files.completeUploadExternal": 100,
    "files.delete": 50,
    "files.getUploadURLExternal": 100,
    "files.info": 100,
    "pins.add": 20,
    "reactions.add": 50,
    "reactions.get": 50,
    "reactions.remove": 20,
    "team.info": 50,
    "usergroups.list": 20,
    "usergroups.users.list": 20,
    "users.info": 100,
    "users.list": 20,
    "users.lookupByEmail": 50,
    "views.open": 100,
    "views.publish": 100,
    "views.push": 100,
    "views.update": 100,
}


@pytest.mark.parametrize("method", MOST)
def test_so_many_calls_a_minute_and_no_more_of(method: str, shared: LocalSlack) -> None:
    token = shared.ready["app_token"] if method.startswith("apps.") else None
    codes = [shared.raw(method, token).status_code for _ in range(MOST[method])]

    refused = shared.raw(method, token)

    assert set(codes) == {200}
    assert refused.status_code == 429
    assert refused.json() == {"ok": False, "error": "ratelimited"}
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_every_method_has_its_limit_written_here() -> None:
    assert set(MOST) == set(RULES)


def test_one_methods_limit_is_none_of_anothers(slack: LocalSlack) -> None:
    codes = [slack.raw("users.list").status_code for _ in range(21)]

    assert codes[-1] == 429
    assert slack.raw("conversations.list").status_code == 200


@pytest.mark.parametrize(
    ("method", "most"), [("users.list", 20), ("conversations.info", 50), ("users.info", 100)]
)
def test_a_tier_allows_so_many_calls_a_minute(method: str, most: int, slack: LocalSlack) -> None:
    args = {"channel": slack.channels["incidents"], "user": slack.people["alice"]}
    answers = [slack.raw(method, **args) for _ in range(most + 1)]

    refused = answers[-1]
    assert all(answer.json()["ok"] for answer in answers[:-1])
    assert refused.status_code == 429
    assert refused.json() == {"ok": False, "error": "ratelimited"}
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    slack.advance(int(refused.headers["Retry-After"]))
    assert slack.raw(method, **args).status_code == 200


def test_chat_update_is_limited_for_the_whole_workspace(slack: LocalSlack) -> None:
    one, two = slack.post(text="x"), slack.post("payments-team", text="x")
    codes = [
        slack.raw("chat.update", channel=where["channel"], ts=where["ts"], text="y").status_code
        for where in (one, two)
        for _ in range(26)
    ]

    assert codes == [200] * 50 + [429] * 2


def test_one_message_a_second_and_channel_after_a_burst(slack: LocalSlack) -> None:
    channel = slack.channels["incidents"]
    codes = [slack.raw("chat.postMessage", channel=channel, text="x").status_code for _ in range(8)]

    assert codes[:5] == [200] * 5
    assert codes[-1] == 429
    assert slack.post("payments-team", text="x")["ok"]
    slack.advance(1)
    assert slack.post(text="x")["ok"]


def test_a_refused_message_is_not_posted(slack: LocalSlack) -> None:
    for _ in range(8):
        slack.post(text="x")

    assert len(slack.messages()) < 8


def test_after_30000_events_in_an_hour_the_app_is_told_so_instead(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wire = Wire(slack, session)
            await wire.open()
            slack.act("faults", kind="event_limit")
            slack.say("one too many")
            slack.say("and another")
            limited = await wire.read()
            await wire.ack(limited)
            with pytest.raises(TimeoutError):
                await wire.read(0.3)
            slack.advance(3601)
            slack.say("heard again")
            heard = await wire.read()
            await wire.ack(heard)

            payload: dict[str, Any] = limited["payload"]
            assert payload["type"] == "app_rate_limited"
            assert payload["minute_rate_limited"] % 60 == 0
            assert "event" not in payload
            assert heard["payload"]["event"]["text"] == "heard again"

    asyncio.run(story())
