"""Who may decide on an approval, and when it is enough: asked at the click, and again before the change."""

from collections.abc import Callable

from workers.domain.approval import Approval, places
from workers.domain.approver import mention
from workers.domain.incident import Person
from workers.domain.risk import Risk
from workers.domain.value import Value
from workers.safety.policy import Policy

Known = Callable[[str], frozenset[str] | None]
"""Who is behind a user group or a rota now; `None` where that is not known."""


class Able(Value):
    """Who may approve something now. Of the groups and rotas in `unknown` nobody knows who is in them."""

    people: frozenset[str]
    unknown: tuple[str, ...] = ()

    @property
    def gap(self) -> str:
        """What is not known, as a sentence; empty where all is."""
        who = " and ".join(map(mention, self.unknown))
        return f"Who {who} is could not be looked up for some minutes, so it counts for nobody" if who else ""


def nobody(_: str) -> None:
    """Of no group and no rota is known who is behind it."""


def able(names: tuple[str, ...], known: Known) -> Able:
    """The people behind these names; a person stands for nobody else."""
    behind = {name: frozenset({name}) if name[:1] in ("U", "W") else known(name) for name in names}
    people = (found for found in behind.values() if found is not None)
    unknown = tuple(name for name, found in behind.items() if found is None)
    return Able(people=frozenset[str]().union(*people), unknown=unknown)


def approvers(approval: Approval, policy: Policy, known: Known) -> Able:
    """Who may approve this, by the rules of now; whoever asked is still among them."""
    return able(policy.named(approval.risk, places(approval.call)), known)


def refusal(approval: Approval, person: Person, team: str, policy: Policy, known: Known = nobody) -> str:
    """Why this person may not decide on this approval, as a sentence for them; empty when they may.

    Immutable ids only. The requester is refused even when named as an approver, but for the solo policy.
    """
    if person.team != team:
        return "Approvals are for members of this workspace only."
    able = approvers(approval, policy, known)
    if _asked(approval, person.id):
        return "" if alone(approval, policy, known) else _own(approval, policy, able)
    if person.id in able.people:
        return ""
    names = " ".join(mention(name) for name in policy.named(approval.risk, places(approval.call)))
    who = f"You are not an approver here. Those who are: {names}" if names else "Nobody is an approver here."
    return f"{who}. {able.gap}; try again in a minute." if able.gap else who


def enough(approval: Approval, policy: Policy, known: Known = nobody) -> bool:
    """Whether as many different people as it takes, all of them still approvers, have said yes."""
    if approval.risk is Risk.CRITICAL and not approval.word:
        return False
    may = approvers(approval, policy, known).people
    if not alone(approval, policy, known):
        may -= {approval.requester.id if approval.requester else ""}
    return len(approval.approvals() & may) >= max(policy.rule(approval.risk).quorum, approval.quorum)


def alone(approval: Approval, policy: Policy, known: Known) -> bool:
    """Whether whoever asked may approve it, too: on call for it, an approver, and it can be taken back."""
    asker = approval.requester.id if approval.requester else ""
    rota = policy.rota(places(approval.call))
    if not (policy.solo and approval.solo and rota and approval.risk < Risk.CRITICAL):
        return False
    return asker in (known(rota) or ()) and asker in approvers(approval, policy, known).people


def _asked(approval: Approval, person: str) -> bool:
    return approval.requester is not None and person == approval.requester.id


def _own(approval: Approval, policy: Policy, able: Able) -> str:
    """Why nobody approves what they asked for, and what an install with one approver can do."""
    told = "You asked for this investigation, so somebody else has to approve its changes."
    if len(able.people) == 1 and not able.unknown and _asked(approval, *able.people):
        told += " You are the only approver here: add a second one to `approvals.approvers`"
        told += ", or let whoever is on call approve alone what can be taken back: `approvals.solo_on_call`."
    elif policy.solo and approval.solo:
        told += f" Only {mention(policy.rota(places(approval.call)))} may do both."
    return told
