"""The Stop button: the investigation ends where it is, with what has been found so far."""

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.asking import refusal
from bot.deciding import ELSEWHERE, refused
from bot.desk import Desk, Payload
from bot.slack import whisper
from workers.domain.event import Stopped
from workers.domain.incident import Person
from workers.thread.posts import posts


def register(app: App, desk: Desk) -> None:
    def stopped(ack: Ack, body: Payload, client: WebClient) -> None:
        investigation = str(body["actions"][0].get("value", ""))
        person, channel = str(body["user"]["id"]), str(body["container"]["channel_id"])
        if (team := str(body["user"].get("team_id"))) != desk.team:
            refused(desk, Person(id=person, team=team), "stop", ELSEWHERE)
        elif desk.ledger.journal(investigation):
            if why := refusal(desk, person, channel, client):
                whisper(client, channel, person, why, str(body["container"].get("thread_ts") or ""))
            else:
                stop(desk, investigation, person)
        ack()

    app.action("stop")(stopped)


def stop(desk: Desk, investigation: str, person: str) -> None:
    """Stop what has not concluded yet; afterwards there is nothing to stop."""
    case = desk.ledger.load(investigation)
    if case.over or case.conclusion is not None:
        return
    event = Stopped(at=desk.now(), person=Person(id=person, team=desk.team))
    desk.ledger.record(investigation, event, render=posts)
    desk.put("deliver", investigation)
