"""Socket Mode: how connections begin, how many there are, and all the ways in which they end."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.bot.sandbox.local_slack import Bot, LocalSlack, eventually
from tests.bot.sandbox.wire import Wire


def run(coroutine: Any) -> None:
    """Run one test's story in an event loop of its own."""
    asyncio.run(coroutine)


def test_hello_comes_first(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            hello = await Wire(slack, session).open()
            assert hello["type"] == "hello"
            assert hello["num_connections"] == 1
            assert hello["connection_info"]["app_id"] == "A0RUNBOOK01"

    run(story())


@pytest.mark.parametrize("reason", ["refresh_requested", "link_disabled"])
def test_a_connection_is_told_why_it_ends(reason: str, slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wire, other = Wire(slack, session), Wire(slack, session)
            await wire.open()
            told = asyncio.create_task(asyncio.to_thread(slack.act, "disconnect", reason=reason))
            frame = await wire.read()
            end = await wire.socket.receive(timeout=5)
            await told
            await other.open()
            slack.say("who is there?")
            heard = await other.read()
            await other.ack(heard)

            assert (frame["type"], frame["reason"]) == ("disconnect", reason)
            assert end.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
            assert heard["payload"]["event"]["text"] == "who is there?"

    run(story())


def test_a_connection_lives_for_five_hours(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            hello = await Wire(slack, session).open()
            assert hello["debug_info"]["approximate_connection_time"] == 18_060

    run(story())


def test_a_connection_is_warned_before_its_time_is_up(start: Callable[..., LocalSlack]) -> None:
    short = start("--connection-seconds", "1")

    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wire = Wire(short, session)
            await wire.open()
            warning = await wire.read()
            notice = await wire.read()
            end = await wire.socket.receive(timeout=5)

            assert [warning["reason"], notice["reason"]] == ["warning", "refresh_requested"]
            assert end.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)

    run(story())


def test_a_warned_connection_still_gets_envelopes(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wire = Wire(slack, session)
            await wire.open()
            slack.act("disconnect", reason="warning")
            frame = await wire.read()
            slack.say("still there?")
            heard = await wire.read()
            await wire.ack(heard)

            assert (frame["type"], frame["reason"]) == ("disconnect", "warning")
            assert heard["payload"]["event"]["text"] == "still there?"

    run(story())


def test_each_envelope_goes_to_one_of_several_connections(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wires = [Wire(slack, session) for _ in range(2)]
            for wire in wires:
                await wire.open()
            for number in range(12):
                slack.say(f"message {number}")
            counts = [0, 0]
            for index, wire in enumerate(wires):
                try:
                    while True:
                        await wire.ack(await wire.read(0.3))
                        counts[index] += 1
                except TimeoutError:
                    continue
            assert sum(counts) == 12
            assert min(counts) > 0

    run(story())


def test_an_eleventh_connection_is_one_too_many(slack: LocalSlack) -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            wires = [Wire(slack, session) for _ in range(10)]
            for wire in wires:
                await wire.open()
            answer = await Wire(slack, session).open()
            assert answer == {"type": "disconnect", "reason": "too_many_websockets"}

    run(story())


def test_the_client_reconnects_when_asked_to(slack: LocalSlack, bot: Bot) -> None:
    heard: list[str] = []

    @bot.app.event("message")
    def hear(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    bot.connect()
    assert slack.act("disconnect", reason="refresh_requested")["told"] == 1
    eventually(lambda: slack.look("health")["connections"] == 1)
    slack.say("still there?")

    eventually(lambda: heard == ["still there?"])
    assert slack.methods().count("apps.connections.open") == 2


def test_a_planned_refresh_makes_the_client_reconnect(slack: LocalSlack, bot: Bot) -> None:
    bot.connect()

    slack.act("faults", kind="refresh")

    eventually(lambda: slack.methods().count("apps.connections.open") == 2)
    eventually(lambda: slack.look("health")["connections"] == 1)


def test_a_cut_ends_every_connection(slack: LocalSlack, bot: Bot) -> None:
    bot.connect()

    slack.act("faults", kind="cut")

    eventually(lambda: slack.look("health")["connections"] == 0)


def test_the_client_comes_back_by_itself_after_a_disconnection(slack: LocalSlack, bot: Bot) -> None:
    bot.connect()

    slack.act("faults", kind="disconnect")

    eventually(lambda: slack.methods().count("apps.connections.open") == 2)
    eventually(lambda: slack.look("health")["connections"] == 1)
