"""`@Runbook checkout is slow`: a request by a person, answered in its thread."""

from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot import words
from bot.asking import refusal, take_on
from bot.desk import Desk, Payload
from bot.listeners.steer import asks_why, steer
from bot.listeners.stop import stop
from bot.rooms import NotTaken
from bot.slack import whisper
from workers.domain import question
from workers.domain.errors import Unreachable
from workers.domain.incident import Incident, Person, Thread
from workers.domain.investigation import Investigation
from workers.domain.question import Question
from workers.domain.steering import read as direct


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
    replied = str(event.get("thread_ts") or "")  # a whisper in a thread that has not begun is seen by nobody
    thread = Thread(team=desk.team, channel=channel, ts=replied or str(event["ts"]))
    if not text:
        whisper(client, channel, person, words.USAGE, replied)
        return
    if why := refusal(desk, person, channel, client):
        whisper(client, channel, person, why, replied)
        return
    around = desk.ledger.in_thread(desk.team, channel, thread.ts)
    if words.is_stop(text) and around:
        stop(desk, around, person)
        return
    keys = f"ev:{body['event_id']}", f"msg:{desk.team}:{channel}:{event['ts']}"
    asked = _asked(desk, text, thread)
    if around and asked is None and _concerns(desk.ledger.load(around), text, desk):
        if not desk.ledger.accepted(keys):  # the request itself, delivered again, is no direction
            told = steer(desk, around, person, text, str(event["ts"]), client)
            if told:
                whisper(client, channel, person, told, thread.ts)
        return
    incident = Incident(
        text=text,
        requester=Person(id=person, team=desk.team),
        source="mention",
        thread=thread,
        at=desk.now(),
        question=asked,
    )
    try:
        accepted = take_on(desk, incident, *keys)
    except NotTaken as error:
        whisper(client, channel, person, str(error), replied)
        return
    if accepted.fresh and not desk.queues():
        whisper(client, channel, person, words.WRITTEN_DOWN, replied)


def _asked(desk: Desk, text: str, thread: Thread) -> Question | None:
    """The question in what was said: in the thread of an answer of ours, also one about that."""
    before = desk.ledger.told_in(thread.team, thread.channel, thread.ts)
    follows = bool(before) and before[-1].incident.question is not None
    if all(one.incident.question is not None for one in before):
        explain = Question(topic="open") if follows and asks_why(text, desk) else None
        return question.read(text, follows=follows) or explain
    direction = direct(text, desk.now())
    if direction is not None:
        return question.read(text) if direction.kind == "why" else None
    return question.read(text, follows=follows)


def _concerns(case: Investigation, text: str, desk: Desk) -> bool:
    """Whether it is said to the investigation of this thread: while it goes on, or to learn why."""
    return case.incident.question is None and (asks_why(text, desk) or not case.settled)


def _again(req: BoltRequest) -> bool:
    """Whether Slack has brought this before: the first delivery counts as attempt 0."""
    return any(int(attempt) for attempt in req.headers.get("x-slack-retry-num", ()))
