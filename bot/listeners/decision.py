"""Approve and Reject: a click is a claim of authority, checked here and once more before the change."""

import logging
from typing import Any, Literal

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.deciding import refused, voiceless
from bot.desk import Desk, Payload
from bot.slack import whisper
from bot.views.typed import CALLBACK, Asked, read, typed, wrong
from workers import crash
from workers.domain.approval import Approval, ApprovalState, Vote
from workers.domain.event import ApprovalDecided, ApprovalVoted, Event
from workers.domain.incident import Person
from workers.ledger import AlreadyDecided
from workers.safety.deciding import enough, refusal
from workers.safety.policy import DAY
from workers.thread.mrkdwn import person, said
from workers.thread.posts import posts

log = logging.getLogger(__name__)

Decision = Literal["approve", "reject"]
LATE = "This has been decided already."


def register(app: App, desk: Desk) -> None:
    def approve(ack: Ack, body: Payload, client: WebClient) -> None:
        decide(desk, body, client, "approve")
        ack()

    def approve_typed(ack: Ack, body: Payload, client: WebClient) -> None:
        errors = decide_typed(desk, body, client)
        ack(response_action="errors", errors=errors) if errors else ack()

    def reject(ack: Ack, body: Payload, client: WebClient) -> None:
        decide(desk, body, client, "reject")
        ack()

    app.action("approve")(approve)
    app.action("reject")(reject)
    app.view(CALLBACK)(approve_typed)


def decide(desk: Desk, body: Payload, client: WebClient, decision: Decision) -> None:
    """A click: the vote of somebody who may vote, or the modal for the word; others are told why not."""
    asked = about(body)
    approval = allowed(desk, asked, who(body), client, decision)
    if approval is None:
        return
    if decision == "approve" and (word := approval.word_for(who(body).id)):
        ask(body, client, typed(approval, word, asked), asked)
        return
    _decide(desk, asked, approval, Vote(person=who(body), decision=decision, at=desk.now()), client)


def about(body: Payload) -> Asked:
    """What a button on a card is about, and where an answer to whoever pressed it belongs."""
    return Asked(
        approval=str(body["actions"][0].get("value", "")),
        channel=str(body["container"]["channel_id"]),
        thread=str(body["container"].get("thread_ts") or body.get("message", {}).get("thread_ts", "")),
    )


def ask(body: Payload, client: WebClient, view: dict[str, Any], asked: Asked) -> None:
    """Open a modal for whoever pressed; they are told where Slack does not let us."""
    slack: Any = client
    try:
        slack.views_open(trigger_id=str(body["trigger_id"]), view=view)
    except (SlackApiError, OSError) as error:
        log.warning("could not open the modal for %s: %s", asked.approval, error)
        told = "Slack did not let me open a dialog for you. Nothing was approved; please click again."
        whisper(client, asked.channel, str(body["user"]["id"]), told, asked.thread)


def decide_typed(desk: Desk, body: Payload, client: WebClient) -> dict[str, str]:
    """The modal was sent off: a vote if the word is right; what to say at the field otherwise."""
    asked, word = read(body["view"])
    approval = allowed(desk, asked, who(body), client, "approve")
    if approval is None:
        return {}
    if word != (wanted := approval.word_for(who(body).id)):
        return wrong(wanted)
    vote = Vote(person=who(body), decision="approve", at=desk.now(), typed=word)
    _decide(desk, asked, approval, vote, client)
    return {}


def who(body: Payload) -> Person:
    return Person(id=str(body["user"]["id"]), team=str(body["user"].get("team_id", "")))


def allowed(
    desk: Desk, asked: Asked, person: Person, client: WebClient, decision: Decision
) -> Approval | None:
    """The approval, where this person may decide so now; otherwise they are told why not, and it is kept."""
    approval = desk.ledger.approval(asked.approval)
    reason = _why_not(desk, approval, person, client, decision)
    if approval is None or reason:
        refused(desk, person, decision, reason, approval.id if approval else "")
        whisper(client, asked.channel, person.id, reason, asked.thread)
        return None
    return approval


def _decide(desk: Desk, asked: Asked, approval: Approval, vote: Vote, client: WebClient) -> None:
    try:
        _vote(desk, approval, vote)
    except AlreadyDecided:
        late(desk, asked, vote, client)


def late(desk: Desk, asked: Asked, vote: Vote, client: WebClient) -> None:
    """Others decided first, or this person has voted already."""
    refused(desk, vote.person, vote.decision, LATE, asked.approval)
    whisper(client, asked.channel, vote.person.id, LATE, asked.thread)


def _why_not(
    desk: Desk, approval: Approval | None, person: Person, client: WebClient, decision: Decision
) -> str:
    if approval is None:
        return "I know no such approval."
    if unable := refusal(approval, person, desk.team, desk.policy, desk.members):
        return unable
    if approval.state is not ApprovalState.PENDING:
        return f"This is {approval.state.value} already."
    if desk.now() >= approval.expires_at:
        return "This has expired. Nothing was changed; ask me to look again."
    if decision == "approve" and (hindrance := _hindrance(desk, approval)):
        return f"I cannot take an approval now: {hindrance}. Nothing was changed."
    place = desk.ledger.thread(approval.investigation)
    return voiceless(desk, person, place.channel if place else "", client)


def _hindrance(desk: Desk, approval: Approval) -> str:
    """Why nothing may be changed now, whoever approves it; the executor looks once more."""
    stop, now = desk.ledger.stopped(), desk.now()
    if stop is not None:
        return f"{said(stop.told)}, by {person(stop.by)}. `/runbook resume` allows them again"
    hindrance = desk.policy.hindrance(approval.risk, desk.ledger.changes_since(now - DAY), now)
    return hindrance if hindrance and not desk.policy.lifts(desk.ledger.glass(now), now) else ""


def _vote(desk: Desk, approval: Approval, vote: Vote) -> None:
    """The vote, and with the last one needed the decision, in one transaction."""
    rejects = vote.decision == "reject"

    def happens() -> tuple[Event, ...]:
        voted = ApprovalVoted(at=vote.at, approval=approval.id, vote=vote)
        before = desk.ledger.approval(approval.id) or approval  # others vote at the same time
        counted = before.model_copy(update={"votes": (*before.votes, vote)})
        if not rejects and not enough(counted, desk.policy, desk.members):
            return (voted,)
        state = ApprovalState.REJECTED if rejects else ApprovalState.APPROVED
        return voted, ApprovalDecided(at=vote.at, approval=approval.id, state=state)

    desk.ledger.settle(approval.investigation, happens, render=posts, wanted=rejects)
    passed_on(desk, approval)
    if rejects:
        desk.put("investigate", approval.investigation)
    crash.here("decided")


def passed_on(desk: Desk, approval: Approval) -> None:
    """A vote is in the ledger: its thread hears of it, and with the last one needed the executor."""
    desk.put("deliver", approval.investigation)
    decided = desk.ledger.approval(approval.id)
    if decided and decided.state is ApprovalState.APPROVED:
        desk.put("execute", approval.id)
