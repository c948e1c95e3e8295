"""`/investigate checkout is slow` and `/runbook …`: a command leaves no message, so the thread is ours."""

import hashlib
from collections.abc import Callable

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot import words
from bot.asking import refusal, take_on
from bot.desk import Desk, Payload
from bot.listeners.glass import break_glass
from bot.listeners.halt import elsewhere, halt, resume
from bot.listeners.status import status
from bot.rooms import NotTaken, NotTold
from bot.slack import hurried
from bot.views import Said
from bot.views.help import ways
from workers.domain import question
from workers.domain.errors import Unreachable
from workers.domain.incident import Incident, Person, Thread
from workers.hiding import redacted

SAME_SECONDS = 60
"""Who says the same again in this time, up to twice of it, has been told of a failure that was none."""


def register(app: App, desk: Desk) -> None:
    def answered(answer: Callable[[Payload, WebClient], Said]) -> Callable[..., None]:
        def command(ack: Ack, body: Payload, client: WebClient) -> None:
            ours = body.get("team_id") == desk.team
            said = answer(body, hurried(client)) if ours else elsewhere(desk, body)
            shown = "in_channel" if said.everybody else "ephemeral"
            ack(text=redacted(said.text), blocks=list(said.blocks), response_type=shown)

        return command

    def investigation(body: Payload, client: WebClient) -> Said:
        return investigate(desk, body, client, str(body.get("text") or ""))

    def runbook(body: Payload, client: WebClient) -> Said:
        text = str(body.get("text") or "").strip()
        word, *rest = text.split(maxsplit=1) or ("",)
        match word.lower():
            case "investigate" | "ask" as verb:
                return investigate(desk, body, client, *rest, asks=verb == "ask")
            case "status":
                return status(desk, body, client)
            case "halt":
                return halt(desk, body, client, *rest)
            case "resume":
                return resume(desk, body, client)
            case "break-glass":
                return break_glass(desk, body, client, *rest)
            case "" | "help":
                return ways()
            case _:
                return ways(words.readable(text))

    app.command("/investigate")(answered(investigation))
    app.command("/runbook")(answered(runbook))


def investigate(desk: Desk, body: Payload, client: WebClient, text: str = "", *, asks: bool = False) -> Said:
    """Take the request on where we can answer it, once, however often it comes."""
    asked, channel = words.readable(text), str(body["channel_id"])
    if not asked:
        return Said(text=words.COMMAND_USAGE)
    incident = Incident(
        text=asked,
        requester=Person(id=str(body["user_id"]), team=desk.team),
        source="command",
        thread=Thread(team=desk.team, channel=channel),
        at=desk.now(),
        question=question.read(asked, sure=asks),
    )
    try:
        if why := refusal(desk, str(body["user_id"]), channel, client):
            return Said(text=why)
        desk.rooms.enter(channel, client)
        accepted = take_on(desk, incident, f"cmd:{desk.team}:{body['trigger_id']}", *_repeats(incident))
    except NotTaken as error:
        return Said(text=str(error))
    except NotTold as error:
        return Said(text=words.NOT_TOLD.format(why=error.why))
    except Unreachable as error:
        # Slack brings no command a second time.
        return Said(text=words.NOT_WRITTEN.format(error=error))
    if not accepted.fresh:
        return Said(text=words.linked(words.ASKED_BEFORE, desk.link(accepted.id)))
    return Said(text=words.TAKEN if desk.queues() else words.WRITTEN_DOWN)


def _repeats(incident: Incident) -> tuple[str, ...]:
    """Keys that the same words of the same person share with those of the minute before."""
    person = incident.requester.id if incident.requester else ""
    said = hashlib.sha256(" ".join(incident.text.lower().split()).encode()).hexdigest()[:24]
    minute = int(incident.at.timestamp() // SAME_SECONDS)
    place = f"{incident.thread.team}:{incident.thread.channel}:{person}:{said}"
    return tuple(f"again:{place}:{when}" for when in (minute, minute + 1))
