"""Whether an approval may be used now: everything is looked up again, and nothing stored is believed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from workers.domain.approval import SPENT, Approval, ApprovalState
from workers.domain.call import StateData, ToolResult
from workers.domain.errors import Refused, RunbookError
from workers.domain.investigation import Investigation
from workers.domain.narrowing import widening
from workers.domain.risk import Risk
from workers.ledger import Ledger
from workers.ledger.audit import Witness
from workers.ledger.glass import USED
from workers.safety import approvals
from workers.safety.deciding import approvers, enough
from workers.safety.gate import Gate
from workers.safety.policy import DAY, Policy
from workers.tools import changes
from workers.tools.places import Places


@dataclass(frozen=True)
class Redeeming:
    """What an approval is held against before its call leaves: the record, the rules, the system itself."""

    ledger: Ledger
    gate: Gate
    places: Places
    policy: Policy
    now: Callable[[], datetime]

    def objection(self, approval: Approval, case: Investigation) -> str:
        """Why this approval may not be used any more; empty when it may."""
        witness = self.ledger.witness(approval.id)
        if witness.bad is not None:
            return f"the audit chain does not hold from record {witness.bad} on"
        if not approval.digest() == approval.hash == witness.hash:
            return "what would be done is not what was approved (the hash differs)"
        try:
            risk = max(approval.risk, approvals.risk_of(approval.call, approval.before, self.policy))
        except Refused as error:
            return str(error)
        if self.now() >= approval.expires_at:
            return "the approval has expired"
        if objection := self._same_user(approval):
            return objection
        if (stop := self.ledger.stopped()) is not None:
            return stop.told
        return (
            self._too_few(approval, risk, witness)
            or self._wider(approval)
            or self._hindered(approval, risk)
            or self._spent(case)
            or self._drift(approval)
        )

    def _same_user(self, approval: Approval) -> str:
        """Whether the one that looks could make this change, too: then an approval would guard nothing."""
        try:
            account = changes.place(self.places, approval.call)
            worker = self.ledger.identity(account.holder("worker"))
            same = worker != "" and worker == account.aws.who()
        except RunbookError as error:
            return f"who the executor is in AWS could not be read: {error}"
        return f"worker and executor are both {worker} in AWS" if same else ""

    def _too_few(self, approval: Approval, risk: Risk, witness: Witness) -> str:
        """Whether too few people have said yes who may; votes and members as the audit chain has them."""
        votes = tuple(v for v in approval.votes if witness.approved_by.get(v.person.id) == v.typed)
        solo = approval.solo and changes.row_of(approval.call).undo_tested
        counted = approval.model_copy(update={"votes": votes, "risk": risk, "solo": solo})
        if enough(counted, self.policy, self._known):
            return ""
        gap = approvers(counted, self.policy, self._known).gap
        return f"not enough people who may approve have said yes{gap and f'. {gap}'}"

    def _known(self, source: str) -> frozenset[str] | None:
        return self.ledger.sworn(source, self.now())

    def _wider(self, approval: Approval) -> str:
        """Whether an approver made more of it than was asked for, or of what its row lets nobody narrow."""
        if not approval.narrows:
            return ""
        before, row = self.ledger.approval(approval.narrows), changes.row_of(approval.call)
        if before is None or before.digest() != before.hash:
            return "what it is less of is not on record"
        if before.narrow != changes.narrow(row, before.call, before.before):
            return f"{row.id} cannot be narrowed so"
        wider = widening(approval.model_copy(update={"state": ApprovalState.PENDING, "votes": ()}), before)
        return f"it is not less than what was asked for: {wider}" if wider else ""

    def _hindered(self, approval: Approval, risk: Risk) -> str:
        """What stands against any change now, unless break-glass lifts it, which is put on record."""
        now = self.now()
        hindrance = self.policy.hindrance(risk, self.ledger.changes_since(now - DAY), now)
        if not hindrance or not self.policy.lifts(self.ledger.glass(now), now):
            return hindrance
        self.ledger.note({"event": USED, "approval": approval.id, "over": hindrance})
        return ""

    def _spent(self, case: Investigation) -> str:
        spent = sum(one.state in SPENT for one in case.approvals)
        most = self.policy.most_changes
        return f"{spent} changes were made for this investigation already" if spent >= most else ""

    def _drift(self, approval: Approval) -> str:
        row = changes.row_of(approval.call)
        now = state(self.gate.run(changes.reading(row, approval.call)))
        if now is None:
            return "the state now could not be read, so nobody knows whether it still fits"
        if moved := changes.drift(row, approval.before, now):
            return f"the system has moved since it was asked: {moved}"
        return changes.unfit(row, approval.call, now)


def state(result: ToolResult) -> changes.State | None:
    """What a read of the state told; `None` where it could not be read."""
    return result.data.state if isinstance(result.data, StateData) else None
