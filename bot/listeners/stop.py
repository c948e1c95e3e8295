"""The Stop button: the investigation ends where it is, with what has been found so far."""

from slack_bolt import Ack, App

from bot.desk import Desk, Payload
from workers.domain.event import Stopped
from workers.domain.incident import Person
from workers.thread.posts import posts


def register(app: App, desk: Desk) -> None:
    def stopped(ack: Ack, body: Payload) -> None:
        investigation = str(body["actions"][0].get("value", ""))
        if body["user"].get("team_id") == desk.team and desk.ledger.journal(investigation):
            stop(desk, investigation, str(body["user"]["id"]))
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
