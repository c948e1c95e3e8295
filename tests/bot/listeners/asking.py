"""A change that waits for a decision, and what people press and send off about it."""

import json
from dataclasses import replace
from typing import Any

from bot.desk import Desk
from tests.bot.listeners.conftest import Room
from tests.faults.waiting import eventually
from tests.workers.ledger import samples
from workers import wiring
from workers.domain.approval import Approval
from workers.domain.event import ApprovalRequested
from workers.domain.incident import Incident, Thread
from workers.thread.posts import posts


class Asked:
    """A change that waits for a decision, on a card in a channel."""

    def __init__(self, room: Room, **how: Any) -> None:
        self.room, self.ledger, self.queue = room, room.ledger, room.plant.queue
        root = room.say("checkout is slow")
        thread = Thread(team=room.slack.ready["team_id"], channel=room.id, ts=root)
        at = wiring.now()
        incident = Incident(
            text="checkout is slow", requester=samples.ALICE, source="mention", thread=thread, at=at
        )
        self.investigation = room.ledger.accept(incident, (f"asked-{room.id}-{root}",), at).id
        self.approval = samples.approval(self.investigation, **how)
        room.ledger.record(self.investigation, ApprovalRequested(at=at, approval=self.approval), render=posts)
        room.ledger.claim(self.investigation, "worker")
        room.ledger.release(self.investigation, "worker", 2)

    @property
    def now(self) -> Approval:
        found = self.ledger.approval(self.approval.id)
        assert found is not None
        return found

    def card(self) -> dict[str, Any]:
        """The card, posted."""

        def posted() -> dict[str, Any] | None:
            self.room.deliver()
            return next((m for m in self.room.messages() if self.approval.id in str(m.get("blocks"))), None)

        return eventually(posted)

    def click(self, person: str, decision: str = "approve") -> dict[str, Any]:
        return self.room.press(decision, person, self.card()["ts"], "decision")

    def modal(self, person: str) -> list[dict[str, Any]]:
        """The modals that this person has open."""
        return self.room.slack.look("state")["modals"].get(self.room.slack.people[person], [])

    def less(self, person: str, value: str, word: str = "") -> dict[str, Any]:
        """Press Change…, fill in the modal, and send it off."""
        self.click(person, "narrow")
        (view,) = eventually(lambda: self.modal(person))
        values: dict[str, Any] = {"less": {"value": value}} | ({"word": {"typed": word}} if word else {})
        return self.room.slack.act("views/submit", person=person, view_id=view["id"], values=values)

    def others(self) -> list[Approval]:
        """The approvals of the investigation besides this one."""
        case = self.ledger.load(self.investigation)
        found = (self.ledger.approval(one.id) for one in case.approvals if one.id != self.approval.id)
        return [one for one in found if one is not None]

    def type(self, person: str, word: str) -> dict[str, Any]:
        """Fill in the modal that a click opened, and send it off."""
        (view,) = eventually(lambda: self.modal(person))
        return self.room.slack.act(
            "views/submit", person=person, view_id=view["id"], values={"word": {"typed": word}}
        )

    def refusals(self) -> list[dict[str, Any]]:
        return [r for r in self.ledger.audited("VoteRefused") if r["approval"] == self.approval.id]

    def decided(self) -> int:
        return sum(r["approval"] == self.approval.id for r in self.ledger.audited("ApprovalDecided"))


def click_of(asked: Asked, person: str, team: str, decision: str = "approve") -> dict[str, Any]:
    """A click as Slack sends it, by whomever."""
    return {
        "type": "block_actions",
        "user": {"id": person, "team_id": team},
        "team": {"id": team},
        "api_app_id": "A0RUNBOOK01",
        "container": {"type": "message", "message_ts": "1.1", "channel_id": asked.room.id},
        "actions": [
            {"type": "button", "action_id": decision, "block_id": "decision", "value": asked.approval.id}
        ],
    }


def submission_of(asked: Asked, user: str, word: str) -> dict[str, Any]:
    """The modal for the word, sent off with this one in it."""
    return sent_off(asked, user, "approve_typed", word={"typed": word})


def sent_off(asked: Asked, user: str, callback: str, **typed: dict[str, Any]) -> dict[str, Any]:
    """A modal about an approval, sent off by whomever with whatever in it, as no client of Slack's would."""
    about = {"approval": asked.approval.id, "channel": asked.room.id, "thread": ""}
    values = {
        block: {field: {"value": value} for field, value in fields.items()} for block, fields in typed.items()
    }
    return {
        "type": "view_submission",
        "team": {"id": samples.TEAM},
        "user": {"id": user, "team_id": samples.TEAM},
        "view": {
            "type": "modal",
            "callback_id": callback,
            "private_metadata": json.dumps(about),
            "state": {"values": values},
        },
    }


def with_approvers(desk: Desk, *people: str) -> Desk:
    return replace(desk, policy=desk.policy.model_copy(update={"approvers": people}))
