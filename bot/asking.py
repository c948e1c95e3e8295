"""Who may ask here, and how often: looked at before anything is taken on, and refused in words that help."""

import hashlib
import logging
import re
from collections.abc import Iterator
from datetime import timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import words
from bot.desk import HOUR, Desk
from bot.rooms import REMEMBERED_SECONDS, STRANGE, NotTaken, NotTold
from bot.slack import error_code
from workers.domain.errors import Unreachable
from workers.domain.incident import Incident, Thread
from workers.domain.post import LIVE, Post
from workers.hiding import redacted
from workers.ledger import Accepted
from workers.thread.mrkdwn import moment

log = logging.getLogger(__name__)

DAY = 24 * HOUR
STORM = HOUR / 2
"""An alert that says the same again within this time, seconds, is the one that is being looked into."""
# What differs from one alert to the next that say the same: times, ids, measured values.
_VARIES = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.,]+Z?|\b\d{1,2}:\d\d(?::\d\d)?\b|\b\d{9,}\b|\b\d+\.\d+\b"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=[a-f]*\d)[0-9a-f]{12,}\b",
    re.IGNORECASE,
)


def refusal(desk: Desk, person: str, channel: str, client: WebClient) -> str:
    """Why this person may not ask here, on record; empty where they may. Raises `NotTold`.

    What a monitor reports is asked by nobody (`""`).
    """
    why = _why_not(desk, person, channel, client)
    if why and person:
        desk.ledger.note({"event": "AskRefused", "actor": person, "channel": channel, "why": why})
    return why


def _why_not(desk: Desk, person: str, channel: str, client: WebClient) -> str:
    kind = desk.people.kind(person, desk.team, client) if person else ""
    if kind == "nobody" or (kind == "guest" and not desk.access.guests):
        return words.NO_MEMBER
    if outside(desk, channel, client):
        return words.SHARED
    scope = desk.access.of(person, channel, desk.members)
    return words.NO_SCOPE if scope is not None and not scope.areas else ""


def outside(desk: Desk, channel: str, client: WebClient, within: float = REMEMBERED_SECONDS) -> bool:
    """Whether people of other workspaces are in a channel in which Runbook therefore keeps silent."""
    if desk.access.shared_channels or channel.startswith("D"):
        return False
    try:
        return desk.rooms.room(channel, client, within).shared
    except SlackApiError as error:
        if error_code(error) in STRANGE:  # where we could not say anything, either
            return False
        raise NotTold(error_code(error)) from error
    except OSError as error:
        raise NotTold(str(error)) from error


def take_on(desk: Desk, incident: Incident, *keys: str) -> Accepted:
    """Take a question on, once, under whichever of its keys it comes; raises `NotTaken` beyond the limits."""
    if not desk.ledger.accepted(keys):
        _count(desk, incident, keys[0])
    return desk.accept(incident, *keys)


def _count(desk: Desk, incident: Incident, key: str) -> None:
    """Against what a person, a channel and a day may ask. While Redis is away nothing is counted."""
    for bucket, most, seconds, told in _buckets(desk, incident):
        try:
            wait = desk.queue.take(f"asks:{bucket}", most, seconds, key, once=True)
        except Unreachable as error:
            log.warning("questions are not counted: %s", error)
            return
        if wait:
            again = moment(desk.now() + timedelta(seconds=wait + 60))
            person = incident.requester.id if incident.requester else ""
            why = f"{told.format(most=most)} Ask me again after {again}."
            channel = incident.thread.channel
            if desk.first(f"refused:{bucket}"):  # somebody who does not stop asking must not fill the audit
                desk.ledger.note({"event": "AskRefused", "actor": person, "channel": channel, "why": why})
            raise NotTaken(why)


def _buckets(desk: Desk, incident: Incident) -> Iterator[tuple[str, int, float, str]]:
    rules, team = desk.access, desk.team
    if incident.requester is not None:
        yield f"person:{team}:{incident.requester.id}", rules.per_person, HOUR, words.ENOUGH_PERSON
    yield f"channel:{team}:{incident.thread.channel}", rules.per_channel, HOUR, words.ENOUGH_CHANNEL
    yield f"day:{team}", rules.per_day, DAY, words.ENOUGH_DAY


def repeats(desk: Desk, channel: str, text: str, key: str) -> bool:
    """Whether an alert says what another one said within half an hour; not while Redis is away."""
    title, _, rest = text.strip().lower().partition("\n")
    same = f"{_VARIES.sub('#', title)}\n{re.sub(r'[0-9]+', '#', _VARIES.sub('#', rest))}"
    digest = hashlib.sha256(same.encode()).hexdigest()[:24]
    try:
        return desk.queue.take(f"alert:{channel}:{digest}", 1, STORM, key, once=True) > 0
    except Unreachable:
        return False


def tell_channel(desk: Desk, incident: Incident, why: str) -> None:
    """Say once an hour in a channel why its alerts are left alone."""
    channel, now = incident.thread.channel, desk.now()
    text = redacted(f"I leave alerts here alone for now. {why}")
    key = f"enough:{channel}:{now:%Y-%m-%dT%H}"
    desk.ledger.announce(key, Thread(team=desk.team, channel=channel), Post(key=LIVE, text=text), now)
