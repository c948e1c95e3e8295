"""Who may decide where user groups and rotas are named, and when somebody may approve alone."""

from datetime import timedelta
from typing import Any

import pytest

from tests.workers import making
from workers.domain.approval import Approval
from workers.domain.approver import mention
from workers.domain.incident import Person
from workers.domain.risk import Risk
from workers.safety.deciding import Known, enough, refusal
from workers.safety.policy import Policy

TEAM = "T0LOCAL"
GROUP, ROTA, OWN = "S0APPROVERS", "on-call", "on-call:checkout"
RULES = Policy(approvers=(GROUP,), quorum=1, ttl=timedelta(minutes=15))


def rules(*approvers: str, **fields: Any) -> Policy:
    return RULES.model_copy(update={"approvers": approvers or RULES.approvers, **fields})


def known(**members: set[str]) -> Known:
    """Who is known to be behind `group`, `rota` and `own`; of what is left out nothing is known."""
    names = {"group": GROUP, "rota": ROTA, "own": OWN}
    found = {names[key]: frozenset(people) for key, people in members.items()}
    return found.get


def decided(policy: Policy, knows: Known, by: Person = making.BEN, **fields: Any) -> bool:
    """Whether this person may approve, as the bot says at the click and the executor before the change."""
    fields = {"approvers": (), **fields}
    typed = making.approval(**fields).word_for(by.id)
    vote = making.vote(by).model_copy(update={"typed": typed})
    approval = making.approval(**fields, votes=(vote,))
    at_click = refusal(approval, by, TEAM, policy, knows) == ""
    assert at_click is enough(approval, policy, knows)
    return at_click


@pytest.mark.parametrize(
    ("approvers", "knows", "may"),
    [
        ((GROUP,), known(group={"U0BEN"}), True),
        ((GROUP,), known(group={"U0CARO"}), False),
        ((GROUP,), known(group=set()), False),
        ((GROUP, "U0BEN"), known(), True),
        (("on-call",), known(rota={"U0BEN"}), True),
        (("on-call",), known(rota={"U0CARO"}), False),
    ],
)
def test_member_of_a_group_and_who_is_on_call_may_decide(
    approvers: tuple[str, ...], knows: Known, may: bool
) -> None:
    assert decided(rules(*approvers, rotas=frozenset({ROTA})), knows) is may


def test_rota_of_the_service_counts_in_place_of_everybodys() -> None:
    policy = rules("on-call", rotas=frozenset({ROTA, OWN}))

    assert decided(policy, known(own={"U0BEN"}, rota=set()))
    assert not decided(policy, known(own=set(), rota={"U0BEN"}))
    elsewhere = making.call().model_copy(update={"arguments": {"cluster": "shop", "service": "web"}})
    assert decided(policy, known(own=set(), rota={"U0BEN"}), call=elsewhere)


def test_group_that_is_not_known_counts_for_nobody_and_that_is_said() -> None:
    said = refusal(making.approval(), making.BEN, TEAM, RULES, known())

    assert said == (
        "You are not an approver here. Those who are: <!subteam^S0APPROVERS>. Who <!subteam^S0APPROVERS> is "
        "could not be looked up for some minutes, so it counts for nobody; try again in a minute."
    )
    assert not decided(RULES, known())


def test_requester_in_the_group_may_still_not_decide() -> None:
    assert not decided(RULES, known(group={"U0ALICE", "U0BEN"}), by=making.ALICE)


SOLO = rules(GROUP, "on-call", solo=True, rotas=frozenset({OWN}))
MINE = known(own={"U0ALICE"}, group=set())


@pytest.mark.parametrize(
    ("policy", "knows", "fields", "may"),
    [
        (SOLO, MINE, {}, True),
        (SOLO, MINE, {"risk": Risk.HIGH}, True),
        (SOLO, MINE, {"risk": Risk.CRITICAL, "word": "checkout", "quorum": 1}, False),
        (SOLO, MINE, {"solo": False}, False),
        (SOLO.model_copy(update={"solo": False}), MINE, {}, False),
        (SOLO, known(own={"U0BEN"}, group={"U0ALICE"}), {}, False),
        (SOLO, known(group={"U0ALICE"}), {}, False),
        (SOLO.model_copy(update={"rotas": frozenset[str]()}), known(group={"U0ALICE"}), {}, False),
        (SOLO.model_copy(update={"approvers": (GROUP,)}), MINE, {}, False),
    ],
    ids=[
        "low",
        "high",
        "critical",
        "no tested undo",
        "switched off",
        "not on call",
        "not known who is",
        "no rota",
        "on call but no approver",
    ],
)
def test_alone_may_only_who_is_on_call_for_it_where_it_can_be_taken_back(
    policy: Policy, knows: Known, fields: dict[str, Any], may: bool
) -> None:
    assert decided(policy, knows, by=making.ALICE, **{"solo": True, **fields}) is may


@pytest.mark.parametrize(("typed", "counts"), [("checkout", True), ("", False), ("shop", False)])
def test_alone_it_takes_the_typed_name(typed: str, counts: bool) -> None:
    vote = making.vote(making.ALICE).model_copy(update={"typed": typed})

    assert enough(making.approval(solo=True, votes=(vote,)), SOLO, MINE) is counts


def test_alone_is_one_person_where_it_takes_two() -> None:
    vote = making.vote(making.ALICE).model_copy(update={"typed": "checkout"})
    approval = making.approval(solo=True, quorum=2, votes=(vote,))

    assert not enough(approval, SOLO, MINE)
    assert enough(with_vote(approval), SOLO, known(own={"U0ALICE"}, group={"U0BEN"}))


def with_vote(approval: Approval) -> Approval:
    return approval.model_copy(update={"votes": (*approval.votes, making.vote())})


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("U0BEN", "<@U0BEN>"),
        (GROUP, "<!subteam^S0APPROVERS>"),
        (ROTA, "whoever is on call"),
        (OWN, "whoever is on call for checkout"),
        ("on-call:<!channel>", "whoever is on call for channel"),
        ("<!here>", "here"),
        ("S0A>", "S0A"),
    ],
)
def test_only_an_id_of_a_person_or_a_group_becomes_a_mention(name: str, shown: str) -> None:
    assert mention(name) == shown
