"""The buttons of "Which one is …?": what somebody says steers the investigation, and is remembered."""

import re

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.asking import refusal
from bot.deciding import ELSEWHERE, refused
from bot.desk import Desk, Payload
from bot.slack import whisper
from workers.domain.event import Event, NameSettled, Steered
from workers.domain.incident import Person
from workers.domain.investigation import Investigation
from workers.ledger import AlreadyDecided
from workers.thread.posts import posts
from workers.thread.which import NONE

LATE = "Somebody has said so already."
GONE = "There is no such question any more."


def register(app: App, desk: Desk) -> None:
    def pressed(ack: Ack, body: Payload, client: WebClient) -> None:
        person = Person(id=str(body["user"]["id"]), team=str(body["user"].get("team_id", "")))
        channel = str(body["container"]["channel_id"])
        if why := meant(desk, body["actions"][0], person, channel, client):
            whisper(client, channel, person.id, why, str(body["container"].get("thread_ts") or ""))
        ack()

    app.action(re.compile(r"^meant-\w+$"))(pressed)


def meant(desk: Desk, action: Payload, person: Person, channel: str, client: WebClient) -> str:
    """Write down what somebody says, once; gives back what to tell them, nothing where it was written."""
    investigation, _, word = str(action.get("value", "")).partition(" ")
    if person.team != desk.team:
        refused(desk, person, "say what is meant", ELSEWHERE)
        return ""
    if not desk.ledger.journal(investigation):
        return GONE
    if why := refusal(desk, person.id, channel, client):
        return why
    pick = str(action["action_id"]).partition("-")[2]

    def happens() -> tuple[Event, ...]:
        return _settled(desk, desk.ledger.load(investigation), word, pick, person)

    try:
        desk.ledger.settle(investigation, happens, render=posts)
    except AlreadyDecided as error:
        return str(error)
    desk.put("deliver", investigation)
    return ""


def _settled(desk: Desk, case: Investigation, word: str, pick: str, person: Person) -> tuple[Event, ...]:
    if word in case.names:
        raise AlreadyDecided(LATE)
    name = _picked(case, word, pick)
    settled = NameSettled(at=desk.now(), word=word, name=name, person=person)
    if not name or case.over or case.conclusion is not None:
        return (settled,)
    return settled, Steered(at=desk.now(), person=person, text=f"look at {name}")


def _picked(case: Investigation, word: str, pick: str) -> str:
    """The name behind a button; what a button says was never asked counts for nothing."""
    asked = case.unclear.get(word)
    if asked is not None and pick == NONE:
        return ""
    if asked is None or not pick.isdigit() or int(pick) >= len(asked.candidates):
        raise AlreadyDecided(GONE)
    return asked.candidates[int(pick)].name
