"""A Socket Mode connection without an SDK."""

import json
from typing import Any

import aiohttp

from tests.bot.sandbox.local_slack import LocalSlack


class Wire:
    """A bare socket: reads envelopes, answers only when told to."""

    def __init__(self, slack: LocalSlack, session: aiohttp.ClientSession) -> None:
        self.slack = slack
        self.session = session

    async def open(self) -> dict[str, Any]:
        """Connect; returns the greeting."""
        url = self.slack.api("apps.connections.open", token=self.slack.ready["app_token"])["url"]
        self.socket = await self.session.ws_connect(url)
        return await self.read()

    async def read(self, seconds: float = 5) -> dict[str, Any]:
        """The next frame."""
        return json.loads((await self.socket.receive(timeout=seconds)).data)

    async def ack(self, envelope: dict[str, Any], **payload: Any) -> None:
        """Acknowledge an envelope."""
        answer = {"envelope_id": envelope["envelope_id"], **({"payload": payload} if payload else {})}
        await self.socket.send_json(answer)
