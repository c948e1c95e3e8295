"""`/runbook status`: looked up in the ledger and in the heartbeats, shown to whoever asked."""

import time

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.desk import Desk, Payload
from bot.views import Said
from bot.views.status import PHASES, WAITS, Running
from bot.views.status import status as shown
from workers.domain.errors import Unreachable
from workers.domain.investigation import Investigation
from workers.ledger.glass import Glass
from workers.thread.live import subject
from workers.thread.mrkdwn import moment, person, said

MOST = 8
ASKING_SECONDS = 1.0
"""What remains of the three seconds is for the ledger and the queue."""
PROCESSES = {"workers": "worker", "quick worker": "quick", "clock": "clock", "executor": "executor"}


def status(desk: Desk, body: Payload, client: WebClient) -> Said:
    """What goes on, as far as it is the asker's to see; and every part, as it was heard of last."""
    parts = _alive(desk)
    try:
        running, kept = _running(desk, body, client)
        stop, glass = desk.ledger.stopped(), desk.ledger.glass(desk.now())
    except Unreachable:
        return shown(parts | {"ledger": False}, None, 0)
    stopped = f"{said(stop.told)}, by {person(stop.by)}" if stop else ""
    return shown(parts | {"ledger": True}, running, kept, stopped, _lifted(glass))


def _lifted(glass: Glass | None) -> str:
    if glass is None or glass.until is None:
        return ""
    both = f"{person(glass.asked_by)} and {person(glass.confirmed_by)}"
    return f"*Break-glass* by {both} until {moment(glass.until)}: {said(glass.why)}"


def _alive(desk: Desk) -> dict[str, bool | None]:
    """The bot answers, or nobody would read this; the others say so in Redis."""
    names = {name: beat for name, beat in PROCESSES.items() if name != "executor" or desk.changes}
    try:
        heard: dict[str, bool | None] = {name: desk.queue.alive(beat) for name, beat in names.items()}
    except Unreachable:
        return {"bot": True, **dict.fromkeys(names), "queue": False}
    return {"bot": True, **heard, "queue": True}


def _running(desk: Desk, body: Payload, client: WebClient) -> tuple[list[Running], int]:
    """Those to show, and how many there are besides."""
    unfinished, theirs = desk.ledger.unfinished(), _Sight(desk, body, client)
    # One that was stopped goes on until its worker has noticed.
    cases = [case for case in map(desk.ledger.load, unfinished[:MOST]) if not case.over]
    running = [_row(desk, case) for case in cases if theirs.sees(case.incident.thread.channel)]
    return running, len(cases) - len(running) + len(unfinished[MOST:])


def _row(desk: Desk, case: Investigation) -> Running:
    return Running(
        subject=subject(case),
        phase=WAITS if case.seq == 1 else PHASES[case.phase],
        since=case.started_at,
        url=desk.link(case.id),
    )


class _Sight:
    """What somebody may see of other channels: public ones, unless they are a guest."""

    def __init__(self, desk: Desk, body: Payload, client: WebClient) -> None:
        self._desk, self._client = desk, client
        self._person, self._here = str(body["user_id"]), str(body["channel_id"])
        self._until = time.monotonic() + ASKING_SECONDS

    def sees(self, channel: str) -> bool:
        """What Slack does not say in time is not shown."""
        if channel == self._here:
            return True
        if time.monotonic() > self._until:
            return False
        try:
            room = self._desk.rooms.room(channel, self._client)
            kind = self._desk.people.kind(self._person, self._desk.team, self._client)
            return not room.private and kind == "member"
        except (SlackApiError, OSError, Unreachable):
            return False
