"""Rate limits: HTTP 429 with Retry-After, and calls that go through again when the time has passed."""

import pytest

from tests.bot.sandbox.local_slack import LocalSlack


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
