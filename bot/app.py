"""The bot: Bolt over Socket Mode. It listens, writes down and queues; it never thinks."""

import logging
import signal
import threading
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.desk import Desk
from bot.listeners import register
from bot.slack import error_code
from workers.domain.errors import SettingsError, Unreachable
from workers.ledger import Ledger, Mirror, connect
from workers.queue import Queue, beat_while
from workers.safety.access import access
from workers.safety.policy import policy
from workers.settings import Settings

log = logging.getLogger(__name__)

PING_SECONDS = 4
"""A lost socket is noticed after four unanswered pings."""


def run(settings: Settings) -> None:
    """Entry of `runbook bot`: listen until told to stop, then close the socket and go."""
    client = _client(settings)
    me = _whoami(client)
    desk = Desk(
        team=str(me["team_id"]),
        bot_user=str(me["user_id"]),
        ledger=Ledger(connect(settings.ledger_url), Mirror(settings.data_dir)),
        queue=Queue(settings.queue_url, patient=False),
        policy=policy(settings),
        incident_channels=settings.slack.incident_channels,
        watched_channels=frozenset(settings.slack.watched_channels),
        auto_join=settings.slack.auto_join,
        home=str(me.get("url", "")),
        changes=settings.providers.aws.changes,
        access=access(settings),
    )
    handler = SocketModeHandler(
        build(client, desk), _secret(settings.slack.app_token), ping_interval=PING_SECONDS
    )
    stop = _stopping()
    handler.connect()
    beat_while(desk.queue, "bot", stop, well=lambda: _well(handler, desk))
    stop.wait()
    handler.close()
    desk.ledger.close()


def build(client: WebClient, desk: Desk) -> App:
    """The app with all its listeners; what a listener could not do is not acknowledged."""
    app = App(client=client, process_before_response=True, token_verification_enabled=False)
    register(app, desk)
    return app


def _client(settings: Settings) -> WebClient:
    return WebClient(
        token=_secret(settings.slack.bot_token),
        base_url=settings.slack.api_url,
        timeout=10,
        retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=2)],
    )


def _secret(token: Any) -> str:
    return token.get_secret_value() if token else ""


def _whoami(client: WebClient) -> dict[str, Any]:
    slack: Any = client
    try:
        return dict(slack.auth_test().data)
    except SlackApiError as error:
        why = error_code(error)
        raise SettingsError(f"Slack refuses the bot token: {why}", "Install the app again.") from error
    except OSError as error:
        raise Unreachable("Slack", str(error), "Check SLACK_API_URL and the network.") from error


def _well(handler: SocketModeHandler, desk: Desk) -> bool:
    """Healthy: the socket is open and what is accepted can be written down."""
    socket: Any = handler.client
    if not socket.is_connected():
        return False
    try:
        desk.ledger.ping()
    except Unreachable as error:
        log.warning("%s", error)
        return False
    return True


def _stopping() -> threading.Event:
    stop = threading.Event()

    def said(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGINT, said)
    signal.signal(signal.SIGTERM, said)
    return stop
