"""Who may approve, and when it is enough: tables, because each line is a promise."""

from datetime import timedelta
from typing import Any

import pytest

from tests.workers import making
from workers.domain.incident import Person
from workers.safety.policy import Policy, enough, policy, refusal
from workers.settings import load

TEAM = "T0LOCAL"
CARO = Person(id="U0CARO", team=TEAM)
RULES = Policy(approvers=("U0BEN", "U0CARO"), quorum=1, ttl=timedelta(minutes=15))


def rules(**fields: Any) -> Policy:
    return RULES.model_copy(update=fields)


@pytest.mark.parametrize(
    ("person", "told"),
    [
        (making.BEN, ""),
        (CARO, ""),
        (making.ALICE, "You asked for this investigation"),
        (Person(id="U0DANA", team=TEAM), "You are not an approver here. Those who are: <@U0BEN> <@U0CARO>"),
        (Person(id="U0BEN", team="T0OTHER"), "members of this workspace only"),
        (Person(id="U0ALICE", team="T0OTHER"), "members of this workspace only"),
        (Person(id="u0ben", team=TEAM), "You are not an approver here"),
        (Person(id="U0BEN ", team=TEAM), "You are not an approver here"),
        (Person(id="", team=TEAM), "You are not an approver here"),
    ],
)
def test_only_a_named_approver_of_this_workspace_who_did_not_ask_may_decide(
    person: Person, told: str
) -> None:
    said = refusal(making.approval(), person, TEAM, RULES)

    assert bool(said) is bool(told)
    assert told in said


def test_requester_may_not_decide_even_as_a_named_approver() -> None:
    said = refusal(making.approval(), making.ALICE, TEAM, rules(approvers=("U0ALICE", "U0BEN")))

    assert "You asked for this investigation" in said


def test_nobody_may_decide_where_nobody_is_named() -> None:
    assert refusal(making.approval(), making.BEN, TEAM, rules(approvers=())) == "Nobody is an approver here."


def test_approver_who_stood_on_the_card_counts_only_while_the_rules_name_them() -> None:
    approval = making.approval(approvers=("U0BEN",), votes=(making.vote(),))

    assert enough(approval, RULES)
    assert not enough(approval, rules(approvers=("U0CARO",)))
    assert refusal(approval, making.BEN, TEAM, rules(approvers=("U0CARO",)))


ALICE, BEN = making.ALICE, making.BEN


@pytest.mark.parametrize(
    ("votes", "on_card", "in_rules", "decided"),
    [
        ((), 1, 1, False),
        ((), 0, 0, False),
        (((BEN, "approve"),), 1, 1, True),
        (((BEN, "reject"),), 1, 1, False),
        (((ALICE, "approve"),), 1, 1, False),
        (((BEN, "approve"), (ALICE, "approve")), 2, 2, False),
        (((BEN, "approve"), (BEN, "approve")), 2, 2, False),
        (((BEN, "approve"), (Person(id="U0BEN", team="T0OTHER"), "approve")), 2, 2, False),
        (((BEN, "approve"), (Person(id="U0DANA", team=TEAM), "approve")), 2, 2, False),
        (((BEN, "approve"), (CARO, "reject")), 2, 2, False),
        (((BEN, "approve"), (CARO, "approve")), 2, 2, True),
        # The bar is the higher of the two: neither an old card nor a new setting lowers it.
        (((BEN, "approve"),), 1, 2, False),
        (((BEN, "approve"),), 2, 1, False),
    ],
)
def test_it_takes_so_many_different_approvers_none_of_whom_asked(
    votes: tuple[tuple[Person, str], ...], on_card: int, in_rules: int, decided: bool
) -> None:
    approval = making.approval(votes=tuple(making.vote(*vote) for vote in votes), quorum=on_card)
    allowed = rules(quorum=in_rules, approvers=("U0BEN", "U0CARO", "U0ALICE"))

    assert enough(approval, allowed) is decided


def test_rules_are_those_of_the_settings(tmp_path: Any) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "approvals: {approvers: [U0BEN, U0CARO], quorum: 2, ttl: 5m}\n"
        "providers: {aws: {enabled: false}}\n"
        "safety: {max_mutations_per_session: 3}\n"
        "environments:\n"
        "  live: {production: true, clusters: [shop], services: [checkout]}\n"
        "  test: {production: false, clusters: [shop-test]}\n"
    )

    found = policy(load(config, {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, "up"))

    assert found == Policy(
        approvers=("U0BEN", "U0CARO"),
        quorum=2,
        ttl=timedelta(minutes=5),
        production=frozenset({"shop", "checkout"}),
        most_changes=3,
    )
