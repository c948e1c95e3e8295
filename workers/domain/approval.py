"""A person's permission for one exact call, once."""

import hashlib
import json
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, JsonValue

from workers.domain.call import PLACE, ToolCall
from workers.domain.conclusion import Watch
from workers.domain.incident import Person
from workers.domain.risk import Risk
from workers.domain.value import Value


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REDEEMED = "redeemed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"

    @property
    def terminal(self) -> bool:
        return not NEXT[self]


NEXT: dict[ApprovalState, frozenset[ApprovalState]] = {
    ApprovalState.PENDING: frozenset(
        {ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.EXPIRED, ApprovalState.SUPERSEDED}
    ),
    ApprovalState.APPROVED: frozenset({ApprovalState.REDEEMED, ApprovalState.EXPIRED, ApprovalState.REVOKED}),
    ApprovalState.REDEEMED: frozenset(
        {ApprovalState.SUCCEEDED, ApprovalState.FAILED, ApprovalState.INDETERMINATE}
    ),
    # Reading the system later may settle what a lost answer left open.
    ApprovalState.INDETERMINATE: frozenset({ApprovalState.SUCCEEDED, ApprovalState.FAILED}),
    ApprovalState.SUCCEEDED: frozenset(),
    ApprovalState.FAILED: frozenset(),
    ApprovalState.REJECTED: frozenset(),
    ApprovalState.EXPIRED: frozenset(),
    ApprovalState.SUPERSEDED: frozenset(),
    ApprovalState.REVOKED: frozenset(),
}


SPENT = frozenset(
    {
        ApprovalState.REDEEMED,
        ApprovalState.SUCCEEDED,
        ApprovalState.FAILED,
        ApprovalState.INDETERMINATE,
    }
)
"""States of an approval whose call has left, whatever came of it."""


UNCHANGED = frozenset(
    {ApprovalState.REJECTED, ApprovalState.EXPIRED, ApprovalState.REVOKED, ApprovalState.FAILED}
)
"""Ends of an approval after which the system is as it was."""
VAIN = UNCHANGED | {ApprovalState.SUPERSEDED}
"""Ends of an approval by which nothing was made: it may be asked for again."""


PLACES = (
    *("cluster", "group", "function", "service", "instance", "database", "table", "cache", "queue", "bus"),
    *("rule", "alarm", "execution", "deployment", "zone", "domain", "record"),
)
"""The arguments that name where a change is made, the widest first."""


def places(call: ToolCall) -> tuple[str, ...]:
    """The names of where a change is made, the widest first: account and region, where there are several."""
    around = str(call.arguments.get(PLACE, "")).split("/")
    named = (str(call.arguments[name]) for name in PLACES if name in call.arguments)
    return tuple(name for name in (*around, *named) if name)


class Asked(Value):
    """An approval that was asked for lately, where, and when a person last decided on it."""

    call: str
    channel: str
    state: ApprovalState
    decided_at: AwareDatetime | None


class Made(Value):
    """A change whose call has left."""

    at: AwareDatetime
    risk: Risk


class Vote(Value):
    """`typed` is the word that somebody typed to approve, where one is asked for."""

    person: Person
    decision: Literal["approve", "reject"]
    at: AwareDatetime
    typed: str = ""


class Narrow(Value):
    """What of a call an approver may bring nearer to the state before, in which `argument` was `bound`.

    `{}` in `title` and `blast_radius` stands for its value.
    """

    argument: str
    bound: int
    title: str
    blast_radius: str


class Approval(Value):
    """`id` is random and the only thing in the button; everything else is looked up and re-checked.

    `before` is the state that was read when we asked: at redemption it is read again, and a difference
    (drift) refuses. `rollback` is an exact call of its own, or `None` with the reason in `no_rollback`.
    Where there is a `word`, only who types it has approved; with `solo` it may be whoever asked, while on
    call, by typing the name of what is changed. `undoes` is the approval of the change that it takes back,
    `narrows` the one that was asked for and of which this does less.
    """

    id: str
    investigation: str
    title: str
    call: ToolCall
    risk: Risk
    target: str
    why: tuple[str, ...]
    blast_radius: str
    before: dict[str, JsonValue]
    rollback: ToolCall | None
    no_rollback: str = ""
    watch: Watch | None = None
    requester: Person | None
    approvers: tuple[str, ...]
    quorum: int
    word: str = ""
    solo: bool = False
    undoes: str = ""
    narrow: Narrow | None = None
    narrows: str = ""
    votes: tuple[Vote, ...] = ()
    created_at: AwareDatetime
    expires_at: AwareDatetime
    state: ApprovalState = ApprovalState.PENDING
    hash: str = ""

    def sealed(self) -> "Approval":
        """The same approval with its hash: over what would be done, for whom, until when, and the bar."""
        return self.model_copy(update={"hash": self.digest()})

    def digest(self) -> str:
        sealed: dict[str, JsonValue] = {
            "call": json.loads(self.call.canonical),
            "target": self.target,
            "requester": self.requester.model_dump() if self.requester else None,
            "investigation": self.investigation,
            "expires_at": self.expires_at.isoformat(),
        }
        if self.quorum > 1 or self.word:  # the lowest bar is not named, as it once was never
            sealed["bar"] = [self.quorum, self.word]
        canonical = json.dumps(
            sealed, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    def word_for(self, person: str) -> str:
        """What this person types to approve; empty where a click is enough."""
        asked = self.requester is not None and person == self.requester.id
        return "".join(places(self.call)[-1:]) if asked and not self.word else self.word

    def approvals(self) -> frozenset[str]:
        """Distinct people who said yes, with the word where one is asked for."""
        yes = (vote for vote in self.votes if vote.decision == "approve")
        return frozenset(vote.person.id for vote in yes if vote.typed == self.word_for(vote.person.id))
