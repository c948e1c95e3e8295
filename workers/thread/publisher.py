# slack_sdk leaves the types of blocks and answers open:
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""From the outbox to Slack: each post once, edits coalesced, urgent ones first, within Slack's budget.

Slack has no idempotency key. A post whose answer was lost is looked for by the metadata it carries
before it is posted again.
"""

import hashlib
import logging
import time
import uuid
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from workers import crash
from workers.domain.errors import Fenced, Unreachable
from workers.domain.post import LIVE, Block
from workers.ledger import Ledger, Outgoing
from workers.queue import Queue
from workers.thread.links import only_to
from workers.thread.picture import png

log = logging.getLogger(__name__)

UPDATES, MINUTE = 45, 60.0
"""chat.update is for the whole workspace: Slack allows about fifty a minute."""
LIVE_GAP = 2.0
"""Seconds between two redraws of one live message."""
LOOKS, LOOK_SECONDS = 8, 0.6
"""How often, and how long apart, a message with a fresh picture is offered to Slack."""
PICTURE = "picture"
"""The block id of the place where a picture goes."""
PATIENCE = 6
"""Tries after which a post is given up that Slack refuses with a word nobody here knows."""

# Slack will never take these, whatever is tried again.
FINAL = frozenset(
    {
        "account_inactive",
        "cant_update_message",
        "channel_not_found",
        "edit_window_closed",
        "invalid_auth",
        "is_archived",
        "is_inactive",
        "missing_scope",
        "not_authed",
        "not_in_channel",
        "restricted_action",
        "token_expired",
        "token_revoked",
        "user_not_in_channel",
    }
)
# And these pass.
PASSING = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
TOO_MUCH = frozenset({"msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format"})


class Publisher:
    """Delivers the posts of investigations, with links to `hosts` and to AWS only.

    Safe to use from several threads and processes.
    """

    def __init__(
        self, slack: WebClient, ledger: Ledger, queue: Queue, team: str, hosts: tuple[str, ...] = ()
    ) -> None:
        self._slack = slack
        self._hosts = hosts
        self._ledger = ledger
        self._queue = queue
        self._team = team
        self._holder = uuid.uuid4().hex

    def deliver(self, investigation: str) -> None:
        """Deliver what is due. What cannot be delivered now stays in the outbox with the reason."""
        while due := self._ledger.hold(investigation, self._holder):
            crash.here("delivering")
            for outgoing in due:
                wait = self._wait(outgoing)
                if wait > 0:
                    self._ledger.deferred(outgoing.id, time.time() + wait)
                else:
                    self._attempt(outgoing)

    def _attempt(self, outgoing: Outgoing) -> None:
        try:
            self._send(outgoing)
        except Fenced as error:
            log.warning("%s", error)
        except SlackApiError as error:
            self._refused(outgoing, error)
        except (SlackClientError, OSError, HTTPException) as error:
            self._later(outgoing, str(error) or type(error).__name__)

    def _wait(self, outgoing: Outgoing) -> float:
        """Seconds until this may go out: redraws of the live message are coalesced, then budgeted."""
        if not outgoing.ts or outgoing.post.urgent:
            return 0.0
        token = f"{outgoing.id}:{outgoing.revision}"
        try:
            gap = self._queue.take(f"live:{outgoing.investigation}", 1, LIVE_GAP, token)
            return gap or self._queue.take(f"chat.update:{self._team}", UPDATES, MINUTE, token)
        except Unreachable as error:
            log.warning("no rate bucket: %s", error)
            return LIVE_GAP

    # -- sending

    def _send(self, outgoing: Outgoing) -> None:
        if not (outgoing.thread or outgoing.post.person or outgoing.post.key == LIVE):
            self._ledger.deferred(outgoing.id, time.time() + 1, "waits for the root message")
            return
        self._hold(outgoing)
        if outgoing.post.person:
            self._whisper(outgoing)
        elif outgoing.ts:
            self._edit(outgoing)
        else:
            self._post(outgoing)

    def _whisper(self, outgoing: Outgoing) -> None:
        answer = self._slack.chat_postEphemeral(
            channel=outgoing.channel,
            user=outgoing.post.person,
            thread_ts=outgoing.thread or None,
            text=outgoing.post.text,
            blocks=self._blocks(outgoing) or None,
            parse="none",
        )
        self._ledger.delivered(outgoing.id, outgoing.revision, str(answer["message_ts"]))

    def _edit(self, outgoing: Outgoing) -> None:
        self._slack.chat_update(
            channel=outgoing.channel,
            ts=outgoing.ts,
            text=outgoing.post.text,
            blocks=[b for b in self._blocks(outgoing) if b.get("block_id") != PICTURE],
            parse="none",
        )
        self._ledger.delivered(outgoing.id, outgoing.revision, outgoing.ts)

    def _post(self, outgoing: Outgoing) -> None:
        found = self._find(outgoing) if outgoing.tries else None
        ts, shown = found or (self._fresh(outgoing), outgoing.revision)
        if not outgoing.thread:
            self._ledger.rooted(outgoing.investigation, ts)
        # What was found may be older than what is to be said; then it is edited next.
        self._ledger.delivered(outgoing.id, shown, ts)

    def _fresh(self, outgoing: Outgoing) -> str:
        blocks, drawn = self._blocks(outgoing), outgoing.post.picture
        plain = [b for b in blocks if b.get("block_id") != PICTURE]
        file = self._upload(outgoing) if drawn and len(plain) < len(blocks) else ""
        if not file:
            return self._say(outgoing, plain)
        return self._illustrated(outgoing, [_pointed(b, file) for b in blocks], plain)

    def _blocks(self, outgoing: Outgoing) -> list[Block]:
        return only_to(self._hosts, outgoing.post.blocks)

    def _illustrated(self, outgoing: Outgoing, blocks: list[Block], plain: list[Block]) -> str:
        """Slack takes a moment to look at an uploaded picture, and refuses it in blocks until it has."""
        for _ in range(LOOKS):
            try:
                return self._say(outgoing, blocks)
            except SlackApiError as error:
                if not _about_picture(error):
                    raise
                time.sleep(LOOK_SECONDS)
        log.warning("the picture of %s stays out: Slack does not take it", outgoing.investigation)
        return self._say(outgoing, plain)

    def _say(self, outgoing: Outgoing, blocks: list[Block]) -> str:
        self._hold(outgoing, again=True)
        crash.here("sending")
        answer = self._slack.chat_postMessage(
            channel=outgoing.channel,
            thread_ts=outgoing.thread or None,
            text=outgoing.post.text,
            blocks=blocks or None,
            metadata={
                "event_type": "runbook_post",
                "event_payload": {"key": _name(outgoing), "revision": outgoing.revision},
            },
            parse="none",
            unfurl_links=False,
            unfurl_media=False,
        )
        crash.here("sent")
        return str(answer["ts"])

    def _hold(self, outgoing: Outgoing, *, again: bool = False) -> None:
        """Count a try (or go on with one); raises `Fenced` when another publisher has the post now."""
        if not self._ledger.tried(outgoing.id, self._holder, again=again):
            raise Fenced(f"{outgoing.post.key} of {outgoing.investigation} is being said by somebody else")

    def _upload(self, outgoing: Outgoing) -> str:
        """The id of the uploaded picture; empty where it cannot be uploaded, which costs only the picture."""
        drawn = outgoing.post.picture
        if drawn is None:
            return ""
        try:
            answer = self._slack.files_upload_v2(
                content=png(drawn), filename="evidence.png", title=drawn.title, request_file_info=False
            )
        except (SlackApiError, SlackClientError, OSError, ValueError) as error:
            # A ValueError is a picture that cannot be drawn.
            log.warning("the picture of %s could not be uploaded: %s", outgoing.investigation, error)
            return ""
        uploaded: Any = answer["files"]
        return str(uploaded[0]["id"])

    def _find(self, outgoing: Outgoing) -> tuple[str, int] | None:
        """A post that went out although its answer was lost: its timestamp, and which revision it shows."""
        wanted = _name(outgoing)
        for message in self._said(outgoing):
            payload = message.get("metadata", {}).get("event_payload", {})
            if payload.get("key") == wanted:
                return str(message["ts"]), int(payload.get("revision", 0))
        return None

    def _said(self, outgoing: Outgoing) -> Iterator[Any]:
        """All of the thread, page by page; of a channel, what was said last."""
        if not outgoing.thread:
            answer: Any = self._slack.conversations_history(
                channel=outgoing.channel, include_all_metadata=True, limit=100
            )
            yield from answer["messages"]
            return
        pages: Any = self._slack.conversations_replies(
            channel=outgoing.channel, ts=outgoing.thread, include_all_metadata=True, limit=200
        )
        for page in pages:
            yield from page["messages"]

    # -- when Slack says no

    def _refused(self, outgoing: Outgoing, error: SlackApiError) -> None:
        response: Any = error.response
        code, status = str(response.get("error", "unknown")), int(response.status_code)
        if status == 429 or code == "ratelimited":
            wait = float(response.headers.get("Retry-After", 1))
            self._ledger.deferred(outgoing.id, time.time() + wait, code)
        elif code == "message_not_found" and outgoing.ts:
            # Somebody deleted it: it is said anew.
            self._ledger.gone(outgoing.id)
        elif code in TOO_MUCH and outgoing.post.blocks:
            self._plainly(outgoing, code)
        elif code in FINAL:
            log.warning("%s of %s will not be said: %s", outgoing.post.key, outgoing.investigation, code)
            self._ledger.dropped(outgoing.id, outgoing.revision, code)
        elif status >= 500 or code in PASSING:
            self._later(outgoing, code)
        elif outgoing.tries >= PATIENCE:
            log.error("%s of %s is given up: %s", outgoing.post.key, outgoing.investigation, code)
            self._ledger.dropped(outgoing.id, outgoing.revision, code)
        else:
            self._later(outgoing, code)

    def _plainly(self, outgoing: Outgoing, code: str) -> None:
        """Slack refuses the blocks: the sentence alone is better than silence."""
        log.error("Slack refused the blocks of %s (%s)", outgoing.post.key, code)
        bare = outgoing.post.model_copy(update={"blocks": (), "picture": None})
        self._attempt(outgoing.model_copy(update={"post": bare}))

    def _later(self, outgoing: Outgoing, why: str) -> None:
        """Slack is away for a while: what is to be said waits for it, as long as it takes."""
        log.warning("%s of %s waits: %s", outgoing.post.key, outgoing.investigation, why)
        self._ledger.deferred(outgoing.id, time.time() + min(60.0, 2.0 ** min(outgoing.tries, 6)), why)


def _name(outgoing: Outgoing) -> str:
    return hashlib.sha256(f"{outgoing.investigation}:{outgoing.post.key}".encode()).hexdigest()[:32]


def _pointed(block: Block, file: str) -> Block:
    """The place of the picture, pointing at the uploaded file."""
    if block.get("block_id") != PICTURE:
        return block
    pointed: Block = {"slack_file": {"id": file}}
    return {k: v for k, v in block.items() if k != "image_url"} | pointed


def _about_picture(error: SlackApiError) -> bool:
    response: Any = error.response
    told = str(response.get("response_metadata", {}))
    return response.get("error") == "invalid_blocks" and "slack file" in told
