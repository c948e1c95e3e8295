"""Faults on demand, seen through the real SDK: what it retries, and what it does twice."""

import time

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler, ServerErrorRetryHandler

from tests.bot.sandbox.local_slack import LocalSlack


@pytest.fixture
def client(slack: LocalSlack) -> WebClient:
    return WebClient(token=slack.ready["bot_token"], base_url=slack.ready["api"])


def test_a_planned_429_names_the_wait(slack: LocalSlack) -> None:
    slack.act("faults", kind="ratelimited", method="chat.postMessage", retry_after=7)

    answer = slack.raw("chat.postMessage", channel=slack.channels["incidents"], text="x")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert slack.post(text="x")["ok"]


def test_the_sdk_waits_out_a_429(slack: LocalSlack, client: WebClient) -> None:
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    slack.act("faults", kind="ratelimited", method="chat.postMessage", retry_after=1)

    assert client.chat_postMessage(channel=slack.channels["incidents"], text="x")["ok"]
    assert [c["status"] for c in slack.look("calls", method="chat.postMessage")["calls"]] == [429, 200]


def test_the_sdk_tries_again_after_a_500(slack: LocalSlack, client: WebClient) -> None:
    client.retry_handlers.append(ServerErrorRetryHandler(max_retry_count=1))
    slack.act("faults", kind="500", method="chat.postMessage", status=503)

    assert client.chat_postMessage(channel=slack.channels["incidents"], text="x")["ok"]
    assert len(slack.messages()) == 1


def test_an_answer_that_is_lost_makes_the_sdk_post_twice(slack: LocalSlack, client: WebClient) -> None:
    slack.act("faults", kind="timeout_after_effect", method="chat.postMessage")

    client.chat_postMessage(channel=slack.channels["incidents"], text="x")

    assert [m["text"] for m in slack.messages()] == ["x", "x"]


def test_a_call_that_times_out_has_no_effect(slack: LocalSlack) -> None:
    slack.act("faults", kind="timeout", method="chat.postMessage")
    client = WebClient(token=slack.ready["bot_token"], base_url=slack.ready["api"], retry_handlers=[])

    with pytest.raises(ConnectionError):
        client.chat_postMessage(channel=slack.channels["incidents"], text="x")

    assert slack.messages() == []


def test_a_slow_call_is_answered_late(slack: LocalSlack) -> None:
    slack.act("faults", kind="slow", method="chat.postMessage", seconds=0.3)
    started = time.monotonic()

    assert slack.post(text="x")["ok"]
    assert time.monotonic() - started > 0.25


def test_a_code_of_slacks_can_be_asked_for(slack: LocalSlack, client: WebClient) -> None:
    slack.act("faults", kind="error", method="chat.update", error="edit_window_closed")
    posted = slack.post(text="x")

    with pytest.raises(SlackApiError, match="edit_window_closed"):
        client.chat_update(channel=posted["channel"], ts=posted["ts"], text="y")


def test_faults_may_skip_calls_and_come_more_than_once(slack: LocalSlack) -> None:
    slack.act("faults", kind="error", method="auth.test", error="fatal_error", skip=1, times=2)

    assert [slack.api("auth.test")["ok"] for _ in range(4)] == [True, False, False, True]
    assert slack.look("faults")["planned"] == []


def test_planned_faults_can_be_dropped(slack: LocalSlack) -> None:
    slack.act("faults", kind="500", method="*", times=9)
    assert slack.look("faults")["planned"][0]["times"] == 9

    slack.act("faults", clear=True)

    assert slack.api("auth.test")["ok"]
    assert slack.act("faults", kind="earthquake")["error"] == "no_such_fault"
