"""*Change…*: an approver asks for less than the card does, and approves that, under a hash of its own."""

import secrets

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.deciding import refused
from bot.desk import Desk, Payload
from bot.listeners.decision import about, allowed, ask, late, passed_on, who
from bot.views.narrowing import CALLBACK, narrowing, read, too_much
from bot.views.typed import wrong
from workers.domain.approval import Approval, ApprovalState, Vote
from workers.domain.event import ApprovalDecided, ApprovalRequested, ApprovalVoted, Event
from workers.domain.narrowing import narrowed, room
from workers.ledger import AlreadyDecided
from workers.safety.deciding import enough
from workers.thread.posts import posts


def register(app: App, desk: Desk) -> None:
    def pressed(ack: Ack, body: Payload, client: WebClient) -> None:
        asked = about(body)
        approval = allowed(desk, asked, who(body), client, "approve")
        if approval is not None and room(approval):
            ask(body, client, narrowing(approval, approval.word_for(who(body).id), asked), asked)
        ack()

    def sent_off(ack: Ack, body: Payload, client: WebClient) -> None:
        errors = decide_less(desk, body, client)
        ack(response_action="errors", errors=errors) if errors else ack()

    app.action("narrow")(pressed)
    app.view(CALLBACK)(sent_off)


def decide_less(desk: Desk, body: Payload, client: WebClient) -> dict[str, str]:
    """The modal was sent off: less is asked for, and voted for; what to say at a field that is wrong."""
    sent, person = read(body["view"]), who(body)
    approval = allowed(desk, sent.asked, person, client, "approve")
    if approval is None:
        return {}
    if sent.value is None or sent.value not in room(approval):
        refused(desk, person, "approve", "what was sent off is not less", approval.id)
        return too_much(approval)
    if sent.word != (word := approval.word_for(person.id)):
        return wrong(word)
    less = narrowed(approval, sent.value, secrets.token_hex(16), desk.now())
    vote = Vote(person=person, decision="approve", at=desk.now(), typed=sent.word)
    try:
        _decide(desk, approval, less, vote)
    except AlreadyDecided:
        late(desk, sent.asked, vote, client)
    return {}


def _decide(desk: Desk, approval: Approval, less: Approval, vote: Vote) -> None:
    """The first gives way, the second is asked for and voted for, in one transaction."""
    voted = less.model_copy(update={"votes": (vote,)})
    happened: tuple[Event, ...] = (
        ApprovalDecided(
            at=vote.at,
            approval=approval.id,
            state=ApprovalState.SUPERSEDED,
            reason=f"An approver asks for less: {less.title}.",
        ),
        ApprovalRequested(at=vote.at, approval=less),
        ApprovalVoted(at=vote.at, approval=less.id, vote=vote),
    )
    if enough(voted, desk.policy, desk.members):
        approved = ApprovalState.APPROVED
        happened = (*happened, ApprovalDecided(at=vote.at, approval=less.id, state=approved))
    desk.ledger.settle(approval.investigation, lambda: happened, render=posts)
    passed_on(desk, less)
