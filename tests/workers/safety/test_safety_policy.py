"""Who may approve, and when it is enough: tables, because each line is a promise."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workers import making
from workers.domain.approval import Made
from workers.domain.incident import Person
from workers.domain.risk import Risk
from workers.safety.deciding import enough, refusal
from workers.safety.policy import Freeze, Policy, Rule, policy
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


AT = making.at(0)


@pytest.mark.parametrize(
    ("declared", "places", "risk"),
    [
        (Risk.LOW, ("shop-test", "checkout"), Risk.LOW),
        (Risk.LOW, ("shop", "checkout"), Risk.HIGH),
        (Risk.HIGH, ("shop", "checkout"), Risk.CRITICAL),
        (Risk.CRITICAL, ("shop", "checkout"), Risk.CRITICAL),
        (Risk.LOW, ("shop", "payments"), Risk.CRITICAL),
    ],
)
def test_risk_is_raised_by_the_place_and_never_lowered(
    declared: Risk, places: tuple[str, ...], risk: Risk
) -> None:
    strict = rules(production=frozenset({"shop"}), critical=frozenset({"payments"}))

    assert strict.risk(declared, places) is risk


def test_rule_of_a_risk_is_the_higher_bar() -> None:
    own = Rule(approvers=("U0CARO",), quorum=1, ttl=timedelta(minutes=5), cooldown=timedelta(minutes=2))
    loose = own.model_copy(update={"approvers": (), "ttl": timedelta(hours=3)})
    strict = rules(quorum=2, raised={Risk.HIGH: own, Risk.LOW: loose, Risk.CRITICAL: loose})

    assert strict.rule(Risk.HIGH) == own.model_copy(update={"quorum": 2})
    assert strict.rule(Risk.LOW).approvers == RULES.approvers
    assert strict.rule(Risk.LOW).ttl == RULES.ttl


@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_critical_takes_two_people_at_least(quorum: int) -> None:
    assert rules(quorum=quorum).rule(Risk.CRITICAL).quorum == max(2, quorum)


@pytest.mark.parametrize(
    ("typed", "decided"),
    [(("checkout", "checkout"), True), (("checkout", ""), False), (("checkout", "Checkout"), False)],
)
def test_critical_counts_who_typed_the_word(typed: tuple[str, str], decided: bool) -> None:
    votes = tuple(
        making.vote(person).model_copy(update={"typed": word})
        for person, word in zip((BEN, CARO), typed, strict=True)
    )
    approval = making.approval(risk=Risk.CRITICAL, word="checkout", quorum=2, votes=votes)

    assert enough(approval, RULES) is decided
    assert not enough(approval.model_copy(update={"word": ""}), RULES)


def test_only_approver_is_told_why_their_own_request_is_not_theirs_to_approve() -> None:
    said = refusal(making.approval(), making.ALICE, TEAM, rules(approvers=("U0ALICE",)))

    assert "You are the only approver here: add a second one to `approvals.approvers`" in said
    assert "`approvals.solo_on_call`" in said


WEEKEND = Freeze(why="weekend", days=frozenset({5, 6}), zone="Europe/Berlin")
PEAK = Freeze(why="peak", starts=AT, ends=AT + timedelta(hours=2))


@pytest.mark.parametrize(
    ("freeze", "at", "holds"),
    [
        (PEAK, AT, True),
        (PEAK, AT + timedelta(hours=2), False),
        (PEAK, AT - timedelta(seconds=1), False),
        (WEEKEND, datetime(2026, 3, 6, 22, 59, tzinfo=UTC), False),  # a Friday, 23:59 in Berlin
        (WEEKEND, datetime(2026, 3, 6, 23, 0, tzinfo=UTC), True),
        (WEEKEND, datetime(2026, 3, 8, 23, 0, tzinfo=UTC), False),
    ],
)
def test_freeze_holds_from_its_start_to_its_end_in_its_zone(
    freeze: Freeze, at: datetime, holds: bool
) -> None:
    assert bool(rules(freezes=(freeze,)).hindrance(Risk.LOW, (), at)) is holds


def ago(seconds: float, risk: Risk = Risk.HIGH) -> Made:
    return Made(at=AT - timedelta(seconds=seconds), risk=risk)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ((), ""),
        ((ago(3599),), ""),
        ((ago(3599), ago(10)), "2 changes were made within the last hour"),
        ((ago(3601), ago(10)), ""),
        ((ago(3601), ago(4000), ago(86399)), "3 changes were made within the last day"),
        ((ago(3601), ago(4000), ago(86401)), ""),
        ((ago(59, Risk.CRITICAL),), "a critical change was made at"),
        ((ago(60, Risk.CRITICAL),), ""),
        ((ago(59, Risk.LOW),), ""),
    ],
)
def test_so_many_changes_an_hour_and_a_day_with_a_pause_after_critical_ones(
    made: tuple[Made, ...], why: str
) -> None:
    pause = Rule(approvers=(), quorum=2, ttl=RULES.ttl, cooldown=timedelta(seconds=60))
    strict = rules(per_hour=2, per_day=3, raised={Risk.CRITICAL: pause})

    said = strict.hindrance(Risk.CRITICAL, made, AT)

    assert bool(said) is bool(why)
    assert why in said


def test_rules_are_those_of_the_settings(tmp_path: Any) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "approvals:\n"
        "  approvers: [U0BEN, U0CARO]\n"
        "  quorum: 2\n"
        "  ttl: 5m\n"
        "  high: {approvers: [U0DANA], quorum: 3, ttl: 2m, cooldown: 30s}\n"
        "  freezes:\n"
        "    - {why: peak, starts: 2026-03-04T12:00Z, ends: 2026-03-04T14:00Z}\n"
        "    - {why: weekend, days: [sat, sun], zone: Europe/Berlin}\n"
        "providers: {aws: {enabled: false}}\n"
        "safety: {max_mutations_per_session: 3, max_mutations_per_hour: 4, max_mutations_per_day: 6}\n"
        "environments:\n"
        "  live: {production: true, clusters: [shop], services: [checkout], critical: [payments]}\n"
        "  test: {production: false, clusters: [shop-test]}\n"
    )

    found = policy(load(config, {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, "up"))

    assert found == Policy(
        approvers=("U0BEN", "U0CARO"),
        quorum=2,
        ttl=timedelta(minutes=5),
        raised={
            Risk.LOW: Rule(approvers=(), quorum=1, ttl=timedelta(hours=24)),
            Risk.HIGH: Rule(
                approvers=("U0DANA",), quorum=3, ttl=timedelta(minutes=2), cooldown=timedelta(seconds=30)
            ),
            Risk.CRITICAL: Rule(
                approvers=(), quorum=1, ttl=timedelta(hours=24), cooldown=timedelta(seconds=60)
            ),
        },
        production=frozenset({"shop", "checkout"}),
        critical=frozenset({"payments"}),
        freezes=(PEAK, WEEKEND),
        most_changes=3,
        per_hour=4,
        per_day=6,
    )
