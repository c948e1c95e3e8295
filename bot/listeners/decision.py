"""Approve and Reject: a click is a claim of authority, checked here and once more before the change."""

from typing import Any, Literal

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.desk import Desk, Payload
from bot.slack import error_code, whisper
from workers import crash
from workers.domain.approval import Approval, ApprovalState, Vote
from workers.domain.event import ApprovalDecided, ApprovalVoted, Event
from workers.domain.incident import Person
from workers.ledger import AlreadyDecided
from workers.safety.policy import enough, refusal
from workers.thread.posts import posts

Decision = Literal["approve", "reject"]


def register(app: App, desk: Desk) -> None:
    def approve(ack: Ack, body: Payload, client: WebClient) -> None:
        decide(desk, body, client, "approve")
        ack()

    def reject(ack: Ack, body: Payload, client: WebClient) -> None:
        decide(desk, body, client, "reject")
        ack()

    app.action("approve")(approve)
    app.action("reject")(reject)


def decide(desk: Desk, body: Payload, client: WebClient, decision: Decision) -> None:
    """Record the vote of somebody who may vote; tell everybody else why theirs does not count."""
    person = Person(id=str(body["user"]["id"]), team=str(body["user"].get("team_id", "")))
    channel = str(body["container"]["channel_id"])
    thread = str(body["container"].get("thread_ts") or body.get("message", {}).get("thread_ts", ""))
    approval = desk.ledger.approval(str(body["actions"][0].get("value", "")))
    reason = _why_not(desk, approval, person, client)
    if approval is None or reason:
        desk.ledger.note(
            {
                "event": "VoteRefused",
                "actor": person.id,
                "team": person.team,
                "decision": decision,
                "approval": approval.id if approval else "",
                "why": reason,
            }
        )
        whisper(client, channel, person.id, reason, thread)
        return
    try:
        _vote(desk, approval, Vote(person=person, decision=decision, at=desk.now()))
    except AlreadyDecided:
        whisper(client, channel, person.id, "This has been decided already.", thread)


def _why_not(desk: Desk, approval: Approval | None, person: Person, client: WebClient) -> str:
    if approval is None:
        return "I know no such approval."
    refused = refusal(approval, person, desk.team, desk.policy)
    if refused:
        return refused
    if approval.state is not ApprovalState.PENDING:
        return f"This is {approval.state.value} already."
    if desk.now() >= approval.expires_at:
        return "This has expired. Nothing was changed; ask me to look again."
    return _not_a_member(person, client)


def _not_a_member(person: Person, client: WebClient) -> str:
    """Guests, bots and deactivated people have no vote, even where they are named as approvers."""
    slack: Any = client
    try:
        user = slack.users_info(user=person.id)["user"]
    except SlackApiError as error:
        return f"I could not check who you are ({error_code(error)}), so this does not count."
    outside = ("is_restricted", "is_ultra_restricted", "is_bot", "deleted", "is_stranger")
    return "Approvals are for full members of this workspace." if any(user.get(k) for k in outside) else ""


def _vote(desk: Desk, approval: Approval, vote: Vote) -> None:
    """The vote, and with the last one needed the decision, in one transaction."""
    rejects = vote.decision == "reject"

    def happens() -> tuple[Event, ...]:
        voted = ApprovalVoted(at=vote.at, approval=approval.id, vote=vote)
        before = desk.ledger.approval(approval.id) or approval  # others vote at the same time
        counted = before.model_copy(update={"votes": (*before.votes, vote)})
        if not rejects and not enough(counted, desk.policy):
            return (voted,)
        state = ApprovalState.REJECTED if rejects else ApprovalState.APPROVED
        return voted, ApprovalDecided(at=vote.at, approval=approval.id, state=state)

    desk.ledger.settle(approval.investigation, happens, render=posts, wanted=rejects)
    desk.put("deliver", approval.investigation)
    decided = desk.ledger.approval(approval.id)
    if decided and decided.state is ApprovalState.APPROVED:
        desk.put("execute", approval.id)
    if rejects:
        desk.put("investigate", approval.investigation)
    crash.here("decided")
