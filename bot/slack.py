"""Asking and telling Slack from a listener, which itself has to answer within three seconds."""

import logging
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from workers.hiding import redacted

log = logging.getLogger(__name__)

PASSING = frozenset(
    {"fatal_error", "internal_error", "ratelimited", "request_timeout", "service_unavailable"}
)
BRIEFLY = 1
"""Seconds that one question or answer may take where a person waits."""


def hurried(client: WebClient) -> WebClient:
    """A client that asks once and briefly: for whoever has to answer within three seconds."""
    return WebClient(
        token=client.token,
        base_url=client.base_url,
        timeout=BRIEFLY,
        ssl=client.ssl,
        proxy=client.proxy,
        retry_handlers=[],
    )


def whisper(client: WebClient, channel: str, person: str, text: str, thread: str = "") -> None:
    """Tell one person something. It may get lost: nothing may depend on it."""
    try:
        client.chat_postEphemeral(channel=channel, user=person, text=redacted(text), thread_ts=thread or None)
    except (SlackApiError, OSError) as error:
        log.warning("could not tell %s: %s", person, error)


def reply(url: str, text: str, thread: str = "") -> None:
    """Tell whoever used a shortcut something, also where we are no member. It may get lost as well."""
    said: dict[str, Any] = {"response_type": "ephemeral", "replace_original": False, "text": redacted(text)}
    try:
        WebhookClient(url, timeout=BRIEFLY).send_dict(said | ({"thread_ts": thread} if thread else {}))
    except (OSError, ValueError) as error:
        # Never the URL itself: whoever has it can speak for us.
        log.warning("could not answer a shortcut: %s", type(error).__name__)


def error_code(error: SlackApiError) -> str:
    """Slack's own word for what it refused; of a gateway before it, the status."""
    response: Any = error.response
    return (
        f"HTTP {response.status_code}"
        if response.status_code >= 500
        else str(response.get("error", "unknown"))
    )


def passes(error: SlackApiError) -> bool:
    """Whether the same may be taken later."""
    response: Any = error.response
    return response.status_code >= 500 or response.status_code == 429 or error_code(error) in PASSING
