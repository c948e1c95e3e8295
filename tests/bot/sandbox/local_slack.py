"""A local Slack in a process of its own, and clients for its sides: the app, the people, a real Bolt app."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

PATIENCE = 10.0


class LocalSlack:
    """A running stand-in: `api` calls as the app does, `act` as people do, `state` is what the page shows."""

    def __init__(self, ready: dict[str, Any], process: subprocess.Popen[str]) -> None:
        self.ready = ready
        self.process = process
        self.http = httpx.Client(base_url=ready["url"], timeout=30.0)
        self.channels: dict[str, str] = ready["channels"]
        self.people = {key: person["id"] for key, person in ready["people"].items()}

    def api(self, method: str, token: str | None = None, **args: Any) -> dict[str, Any]:
        """One Web API call with JSON arguments and the bot token."""
        return self.raw(method, token, **args).json()

    def raw(self, method: str, token: str | None = None, **args: Any) -> httpx.Response:
        """The same, with the whole HTTP answer."""
        headers = {"Authorization": f"Bearer {self.ready['bot_token'] if token is None else token}"}
        return self.http.post(f"api/{method}", json=args, headers=headers)

    def act(self, door: str, **body: Any) -> dict[str, Any]:
        """Something a person does on the page."""
        return self.http.post(f"_slack/{door}", json=body).json()

    def look(self, door: str, **query: Any) -> dict[str, Any]:
        """Something the page asks."""
        return self.http.get(f"_slack/{door}", params=query).json()

    def say(self, text: str, person: str = "alice", channel: str = "incidents", **more: Any) -> str:
        """Post as a person; returns the timestamp."""
        return self.act("messages", person=person, channel=channel, text=text, **more)["ts"]

    def post(self, channel: str = "incidents", **args: Any) -> dict[str, Any]:
        """`chat.postMessage` into a channel named by its name."""
        return self.api("chat.postMessage", channel=self.channels.get(channel, channel), **args)

    def channel(self, name: str) -> dict[str, Any]:
        """A channel as the page sees it, messages included."""
        return next(c for c in self.look("state")["channels"] if c.get("name") == name)

    def messages(self, channel: str = "incidents") -> list[dict[str, Any]]:
        """What was said in a channel."""
        return self.channel(channel)["messages"]

    def advance(self, seconds: float) -> None:
        """Move the clock of the stand-in."""
        self.act("clock", advance=seconds)

    def methods(self) -> list[str]:
        """The Web API methods called so far."""
        return [call["method"] for call in self.look("calls")["calls"]]


def eventually(check: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Wait until `check` returns something true, and return that."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if result := check():
            return result
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def launch(*options: str) -> LocalSlack:
    """Start a stand-in and wait for its ready line."""
    command = [sys.executable, "-m", "bot.sandbox", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return LocalSlack(json.loads(process.stdout.readline()), process)


def finish(slack: LocalSlack) -> None:
    """Stop it as an operator would."""
    slack.http.close()
    slack.process.terminate()
    assert slack.process.wait(10) == 0
    assert slack.process.stdout
    slack.process.stdout.close()


class Bot:
    """A real Bolt app, connected over Socket Mode."""

    def __init__(self, slack: LocalSlack, process_before_response: bool = True) -> None:
        client = WebClient(token=slack.ready["bot_token"], base_url=slack.ready["api"])
        self.app = App(client=client, process_before_response=process_before_response)
        # Its health check runs at this interval; ten seconds, its default, is long for a test.
        self.handler = SocketModeHandler(self.app, slack.ready["app_token"], ping_interval=1)
        self.slack = slack

    def connect(self) -> None:
        """Connect, and return once Slack has said hello."""
        self.handler.connect()
        eventually(lambda: self.slack.look("health")["connections"])

    def close(self) -> None:
        """Hang up. The client waits for silence on its socket and its queue, so both get a last word."""
        client: Any = self.handler.client
        client.auto_reconnect_enabled = False
        client.closed = True
        client.enqueue_message("{}")
        self.slack.act("disconnect", reason="close")
        # Its own reader closes the socket now; closing it from here at the same time is a race in the client.
        eventually(lambda: not client.is_connected())
        self.handler.close()
