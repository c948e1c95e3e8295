"""*Roll back*, on the card of a change that was made: a wish; the way back needs an approval of its own."""

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.deciding import refused, voiceless
from bot.desk import Desk, Payload
from bot.listeners.decision import about, who
from bot.slack import whisper
from workers.domain.approval import Approval, ApprovalState
from workers.domain.event import Event, RollbackAsked
from workers.domain.incident import Person
from workers.ledger import AlreadyDecided
from workers.safety.deciding import approvers
from workers.thread.posts import posts


def register(app: App, desk: Desk) -> None:
    def pressed(ack: Ack, body: Payload, client: WebClient) -> None:
        ask(desk, body, client)
        ack()

    app.action("rollback")(pressed)


def ask(desk: Desk, body: Payload, client: WebClient) -> None:
    """Write down that a member wants the change taken back, once; a worker asks for the approval."""
    person, place = who(body), about(body)
    approval = desk.ledger.approval(place.approval)
    reason = _why_not(desk, approval, person, client)
    if approval is not None and not reason:
        try:
            desk.ledger.settle(
                approval.investigation, lambda: _wanted(desk, approval, person), render=posts, wanted=True
            )
        except AlreadyDecided:
            reason = "This has been asked for already."
        else:
            desk.put("deliver", approval.investigation)
            desk.put("investigate", approval.investigation)
    if reason:
        refused(desk, person, "roll back", reason, approval.id if approval else "")
        whisper(client, place.channel, person.id, reason, place.thread)


def _why_not(desk: Desk, approval: Approval | None, person: Person, client: WebClient) -> str:
    if approval is None or approval.state is not ApprovalState.SUCCEEDED:
        return "There is no such change."
    if approval.rollback is None:
        return f"There is no way back: {approval.no_rollback}"
    rule, may = desk.policy.rule(approval.risk), approvers(approval, desk.policy, desk.members)
    if len(may.people - {person.id}) < rule.quorum and not may.unknown:
        return (
            f"Whoever asks may not approve, and without you there are fewer than the {rule.quorum} it takes."
            " Let somebody else press it."
        )
    place = desk.ledger.thread(approval.investigation)
    return voiceless(desk, person, place.channel if place else "", client)


def _wanted(desk: Desk, approval: Approval, person: Person) -> tuple[Event, ...]:
    if desk.ledger.load(approval.investigation).taken_back(approval.id):
        raise AlreadyDecided("this is to be taken back already")
    return (RollbackAsked(at=desk.now(), approval=approval.id, person=person),)
