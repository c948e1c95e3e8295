"""Who may approve what, for how long. Data from the settings; a model has no say here."""

from datetime import timedelta

from workers.domain.approval import Approval
from workers.domain.incident import Person
from workers.domain.value import Value
from workers.settings import Settings


class Policy(Value):
    """The rules of this install. Every change needs an approval; nothing here can waive that."""

    approvers: tuple[str, ...]
    quorum: int
    ttl: timedelta
    production: frozenset[str] = frozenset()
    most_changes: int = 5


def policy(settings: Settings) -> Policy:
    """The rules that the settings state."""
    production = {
        name
        for environment in settings.environments.values()
        if environment.production
        for name in (*environment.clusters, *environment.services)
    }
    return Policy(
        approvers=settings.approvals.approvers,
        quorum=settings.approvals.quorum,
        ttl=settings.approvals.ttl,
        production=frozenset(production),
        most_changes=settings.safety.max_mutations_per_session,
    )


def refusal(approval: Approval, person: Person, team: str, policy: Policy) -> str:
    """Why this person may not decide on this approval, as a sentence for them; empty when they may.

    Immutable ids only. The requester is refused even when named as an approver.
    """
    if person.team != team:
        return "Approvals are for members of this workspace only."
    if approval.requester is not None and person.id == approval.requester.id:
        return "You asked for this investigation, so somebody else has to approve its changes."
    if person.id not in policy.approvers:
        names = " ".join(f"<@{approver}>" for approver in policy.approvers)
        return (
            f"You are not an approver here. Those who are: {names}"
            if names
            else "Nobody is an approver here."
        )
    return ""


def enough(approval: Approval, policy: Policy) -> bool:
    """Whether as many different people as it takes, all of them still approvers, have said yes."""
    requester = approval.requester.id if approval.requester else ""
    valid = {person for person in approval.approvals() if person in policy.approvers and person != requester}
    return len(valid) >= max(1, policy.quorum, approval.quorum)
