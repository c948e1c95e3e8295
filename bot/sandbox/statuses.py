"""The status line of a thread, such as "is checking deployments…": until the app posts there."""

from typing import Any

from bot.sandbox.slack import Slack

STATUS_SECONDS = 120.0


def put(
    slack: Slack, channel: str, thread_ts: str, text: str, loading: list[str], can_stop: bool = False
) -> None:
    """Show a status, or take it away where `text` is empty."""
    if not text:
        clear(slack, channel, thread_ts)
        return
    until = slack.clock.now() + STATUS_SECONDS
    row: dict[str, Any] = {"channel": channel, "thread_ts": thread_ts, "text": text, "loading": loading}
    row |= {"can_stop": can_stop, "until": until}
    slack.workspace.statuses[channel, thread_ts] = row
    slack.live.tell("status", **row)
    slack.later(_expire(slack, channel, thread_ts, until))


def clear(slack: Slack, channel: str, thread_ts: str) -> None:
    """The app answered, or has nothing to say."""
    if slack.workspace.statuses.pop((channel, thread_ts), None):
        slack.live.tell("status", channel=channel, thread_ts=thread_ts, text="")


async def _expire(slack: Slack, channel: str, thread_ts: str, until: float) -> None:
    await slack.clock.until(until)
    row = slack.workspace.statuses.get((channel, thread_ts))
    if row and row["until"] <= until:
        clear(slack, channel, thread_ts)
