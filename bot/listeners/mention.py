"""`@Runbook checkout is slow`: a request by a person, answered in its thread."""

from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot import words
from bot.desk import Desk, Payload
from bot.listeners.steer import asks_why, steer
from bot.listeners.stop import stop
from bot.slack import whisper
from workers.domain import question
from workers.domain.errors import Unreachable
from workers.domain.incident import Incident, Person, Thread


def register(app: App, desk: Desk) -> None:
    def mentioned(event: Payload, body: Payload, client: WebClient, req: BoltRequest) -> None:
        try:
            mention(desk, event, body, client)
        except Unreachable as error:
            # Not acknowledged: Slack brings it again, and nothing is lost.
            if not _again(req):
                text = f"I cannot write your request down: {error}. Slack hands it to me again in a minute."
                whisper(client, event["channel"], event["user"], text, event.get("thread_ts", ""))
            raise

    app.event("app_mention")(mentioned)


def mention(desk: Desk, event: Payload, body: Payload, client: WebClient) -> None:
    """Accept the request, or say what a request looks like."""
    person, channel = str(event.get("user", "")), str(event["channel"])
    if body.get("team_id") != desk.team or not person or event.get("bot_id"):
        return
    text = words.without_mention(str(event.get("text", "")), desk.bot_user)
    thread = str(event.get("thread_ts") or event["ts"])
    running = desk.ledger.in_thread(desk.team, channel, thread)
    if words.is_stop(text) and running:
        stop(desk, running, person)
        return
    if not text:
        whisper(client, channel, person, words.USAGE, str(event.get("thread_ts", "")))
        return
    keys = f"ev:{body['event_id']}", f"msg:{desk.team}:{channel}:{event['ts']}"
    if running and (asks_why(text, desk) or not desk.ledger.load(running).settled):
        if not desk.ledger.accepted(keys):  # the request itself, delivered again, is no direction
            told = steer(desk, running, person, text, str(event["ts"]), client)
            if told:
                whisper(client, channel, person, told, thread)
        return
    incident = Incident(
        text=text,
        requester=Person(id=person, team=desk.team),
        source="mention",
        thread=Thread(team=desk.team, channel=channel, ts=thread),
        at=desk.now(),
        question=question.read(text),
    )
    if desk.accept(incident, *keys).fresh and not desk.queues():
        whisper(client, channel, person, words.WRITTEN_DOWN, thread)


def _again(req: BoltRequest) -> bool:
    """Whether Slack has brought this before: the first delivery counts as attempt 0."""
    return any(int(attempt) for attempt in req.headers.get("x-slack-retry-num", ()))
