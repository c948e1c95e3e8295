"""Break something: asks the local cloud for a case and opens an incident channel, where the alarm arrives.

And what makes it harder for the app: a wrong hint, a worker that dies.
"""

import asyncio
import re
import time
from typing import Any

import aiohttp

from bot.sandbox import alarms, rooms, seeds
from bot.sandbox.errors import PageError
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel

# An alarm integration needs a moment after the channel is there; the app uses it to join.
ALARM_DELAY_SECONDS = 0.8
CASE_TIMEOUT = aiohttp.ClientTimeout(total=60)
LOOK_TIMEOUT = aiohttp.ClientTimeout(total=5)
SERVICE_LIMIT = 40
SEVERITY_COLORS = {"critical": "#8c1d18", "high": "#b3261e", "medium": "#b25e09", "low": "#8a7000"}


async def look(slack: Slack, what: str) -> Any:
    """`faults`, `applications` or `pulse`, as the cloud answers it."""
    return await _ask("cloud", slack.cloud, "GET", f"/_cloud/{what}", None, LOOK_TIMEOUT)


async def break_something(slack: Slack, person: str, wish: dict[str, Any]) -> dict[str, Any]:
    """Let the cloud break, create `inc-<yyyymmdd>-<n>-<service>`, and post the alarm a moment later."""
    if slack.workspace.users[person].is_restricted:
        raise PageError("user_is_restricted", "Guests cannot create channels.")
    answer = await _ask("cloud", slack.cloud, "POST", "/_cloud/case", wish, CASE_TIMEOUT)
    alert = answer.get("alert")
    if not alert:
        raise PageError(
            "no_alarm", "That broke something no alarm noticed. Try another seed, or an earlier onset."
        )
    everybody = [user.id for user in seeds.PEOPLE] + [seeds.ALARM_USER_ID]
    channel = rooms.create(slack, _name(slack, str(alert.get("service", ""))), person, everybody)
    case = {**wish, "channel": channel.id, "name": channel.name, "alert": alert, "since": slack.clock.now()}
    slack.workspace.case = case
    slack.live.tell("case", case=case)
    slack.later(_sound(slack, channel, alert))
    return {"channel": channel.id, "name": channel.name, "alert": alert, "case": answer}


async def hint(slack: Slack) -> dict[str, Any]:
    """What the current case certainly is not, in the words of somebody who is sure that it is."""
    return await _ask("cloud", slack.cloud, "POST", "/_cloud/hint", {}, LOOK_TIMEOUT)


async def kill(slack: Slack) -> dict[str, Any]:
    """End one of the app's workers; the answer is the number of its process."""
    return await _ask("crew", slack.crew, "POST", "/kill", {}, LOOK_TIMEOUT)


async def _sound(slack: Slack, channel: Channel, alert: dict[str, Any]) -> None:
    await asyncio.sleep(ALARM_DELAY_SECONDS)
    color = SEVERITY_COLORS.get(str(alert.get("severity", "")).lower(), alarms.RED)
    alarms.post(slack, channel, {"color": color, **alert})


def _name(slack: Slack, service: str) -> str:
    day = time.strftime("%Y%m%d", time.gmtime(slack.clock.now()))
    number = sum(c.name.startswith(f"inc-{day}-") for c in slack.workspace.channels.values()) + 1
    plain = re.sub(r"[^a-z0-9]+", "-", service.lower()).strip("-")[:SERVICE_LIMIT]
    return f"inc-{day}-{number}" + (f"-{plain}" if plain else "")


async def _ask(who: str, base: str, verb: str, path: str, body: Any, timeout: aiohttp.ClientTimeout) -> Any:
    if not base:
        raise PageError(f"no_{who}", f"No local {who} is connected.")
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(verb, base + path, json=body) as response,
        ):
            answer = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise PageError(f"{who}_unreachable", f"The local {who} does not answer: {error!r}.") from None
    if response.status >= 400:
        reason = answer.get("message") or answer.get("error") if isinstance(answer, dict) else answer
        raise PageError(f"{who}_refused", f"The local {who} refused: {reason}.")
    return answer
