"""Socket Mode: what reaches the app, how often, and what happens when it does not answer."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import pytest

from tests.bot.sandbox.kit import actions, button
from tests.bot.sandbox.local_slack import Bot, LocalSlack, eventually
from tests.bot.sandbox.wire import Wire


def run(coroutine: Any) -> None:
    """Run one test's story in an event loop of its own."""
    asyncio.run(coroutine)


def test_an_event_is_complete(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wire = Wire(slack, session)
            await wire.open()
            ts = slack.say("@Runbook hello")
            envelopes = [await wire.read(), await wire.read()]
            for envelope in envelopes:
                await wire.ack(envelope)

            events = {e["payload"]["event"]["type"]: e["payload"] for e in envelopes}
            assert set(events) == {"message", "app_mention"}
            payload = events["app_mention"]
            assert payload["type"] == "event_callback"
            assert payload["team_id"] == slack.ready["team_id"]
            assert payload["api_app_id"] == "A0RUNBOOK01"
            assert payload["event_id"].startswith("Ev")
            assert payload["authorizations"][0]["user_id"] == slack.ready["bot_user_id"]
            event = payload["event"]
            assert event["user"] == slack.people["alice"]
            assert event["channel"] == slack.channels["incidents"]
            assert event["ts"] == event["event_ts"] == ts
            assert event["text"] == f"<@{slack.ready['bot_user_id']}> hello"
            assert event["client_msg_id"]
            assert event["blocks"][0]["elements"][0]["elements"][0]["user_id"] == slack.ready["bot_user_id"]
            assert events["message"]["event"]["channel_type"] == "channel"
            assert events["message"]["event_id"] != payload["event_id"]

    run(story())


def test_an_unanswered_event_comes_again_at_once_after_a_minute_and_after_five(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wire = Wire(slack, session)
            await wire.open()
            slack.say("anybody there?")
            tries = [await wire.read()]
            slack.advance(3)
            tries.append(await wire.read())
            slack.advance(3)
            for pause in (60, 300):
                with pytest.raises(TimeoutError):
                    await wire.read(0.2)
                slack.advance(pause)
                tries.append(await wire.read())
                slack.advance(3)
            slack.advance(3600)
            with pytest.raises(TimeoutError):
                await wire.read(0.2)

            assert [t["retry_attempt"] for t in tries] == [0, 1, 2, 3]
            assert [t["retry_reason"] for t in tries] == ["", "timeout", "timeout", "timeout"]
            assert len({t["payload"]["event_id"] for t in tries}) == 1
            assert len({t["envelope_id"] for t in tries}) == 4

    run(story())


def test_an_answer_after_three_seconds_is_too_late(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wire = Wire(slack, session)
            await wire.open()
            slack.say("hello")
            first = await wire.read()
            slack.advance(3.1)
            second = await wire.read()
            await wire.ack(first)
            slack.advance(3.1)
            with pytest.raises(TimeoutError):
                await wire.read(0.3)
            slack.advance(60)
            third = await wire.read()
            await wire.ack(third)

            assert [e["retry_attempt"] for e in (first, second, third)] == [0, 1, 2]

    run(story())


def test_commands_and_clicks_are_not_delivered_again(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wire = Wire(slack, session)
            await wire.open()
            posted = slack.post(text="x", blocks=[actions(button("go"))])
            await wire.ack(await wire.read())
            where = {"person": "ben", "channel": "incidents"}
            for door, more in (
                ("actions", {"message_ts": posted["ts"], "action_id": "go"}),
                ("commands", {"command": "/runbook", "text": "help"}),
            ):
                used = asyncio.create_task(asyncio.to_thread(slack.act, door, **where, **more))
                await wire.read()
                slack.act("clock", advance=3)
                assert not (await used)["acknowledged"]
                slack.act("clock", advance=400)
                with pytest.raises(TimeoutError):
                    await wire.read(0.3)

    run(story())


def test_an_answered_event_does_not_come_again(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wire = Wire(slack, session)
            await wire.open()
            slack.say("hello")
            await wire.ack(await wire.read())
            slack.advance(400)
            with pytest.raises(TimeoutError):
                await wire.read(0.3)

    run(story())


def test_an_event_waits_for_an_app_that_connects_later(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            slack.say("hello")
            wire = Wire(slack, session)
            await wire.open()
            slack.advance(60)
            envelope = await wire.read()
            assert envelope["retry_attempt"] == 2
            assert envelope["retry_reason"] == "connection_failed"

    run(story())


def test_a_duplicate_has_the_same_event_id(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wire = Wire(slack, session)
            await wire.open()
            slack.act("faults", kind="duplicate")
            slack.say("hello")
            first, second = await wire.read(), await wire.read()
            assert first["payload"]["event_id"] == second["payload"]["event_id"]
            assert first["envelope_id"] != second["envelope_id"]

    run(story())


def test_a_click_that_nobody_answers_is_said_to_have_failed(slack: LocalSlack, bot: Bot) -> None:
    @bot.app.action("other")
    def other(ack: Any) -> None:
        ack()

    bot.connect()
    posted = slack.post(text="x", blocks=[actions(button("go"))])

    with ThreadPoolExecutor() as pool:
        where = {"person": "ben", "channel": "incidents", "message_ts": posted["ts"], "action_id": "go"}
        click = pool.submit(lambda: slack.act("actions", **where))
        time.sleep(0.3)
        assert not click.done()
        slack.advance(3)
        answer = click.result(2)

    assert answer["ok"]
    assert not answer["acknowledged"]


def test_without_a_connection_a_command_fails_at_once(slack: LocalSlack) -> None:
    answer = slack.act("commands", person="alice", channel="incidents", command="/runbook", text="help")

    assert answer == {"ok": True, "acknowledged": False, "connected": False}


def test_a_failing_listener_hears_the_event_again(slack: LocalSlack, bot: Bot) -> None:
    heard: list[Any] = []

    @bot.app.event("app_mention")
    def fail_once(event: dict[str, Any], req: Any) -> None:
        heard.append(req.headers.get("x-slack-retry-num"))
        if len(heard) == 1:
            raise RuntimeError("the ledger is gone")

    @bot.app.event("message")
    def ignore() -> None:
        pass

    bot.connect()
    slack.say("@Runbook hello")
    eventually(lambda: heard)
    slack.advance(3)

    eventually(lambda: heard == [["0"], ["1"]])
