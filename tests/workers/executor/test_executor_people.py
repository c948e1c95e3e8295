"""Who counts for the executor where groups, rotas and the solo policy decide: looked up again."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.faults.changing import Changing
from tests.workers.executor.conftest import S, roll_out_when_asked, run
from tests.workers.executor.test_executor_refuses import refused
from workers import wiring
from workers.domain.risk import Risk
from workers.safety.policy import Policy, policy
from workers.tools import changes

GROUP, OWN = "S0APPROVERS", "on-call:checkout"


def rules(changing: Changing, *approvers: str, **fields: Any) -> Policy:
    found = policy(changing.plant.settings("executor"))
    return found.model_copy(update={"approvers": approvers, "rotas": frozenset({OWN}), **fields})


def solo(change: Callable[..., Changing], **over: Any) -> Changing:
    """A change that whoever asked has approved, with the name of the service typed."""
    changing = change(solo=True, **over)
    changing.vote(changing.alice, typed="checkout")
    return changing


def test_member_of_a_group_has_approved(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.ledger.enrol(GROUP, frozenset({changing.ben.id}), wiring.now())
    changing.vote()
    rollout = roll_out_when_asked(changing)

    run(changing, policy=rules(changing, GROUP))
    rollout.join()

    assert changing.state is S.SUCCEEDED


def test_roster_that_nobody_renewed_counts_for_nobody_and_that_is_said(
    change: Callable[..., Changing],
) -> None:
    changing = change()
    changing.ledger.enrol(GROUP, frozenset({changing.ben.id}), wiring.now() - timedelta(minutes=11))
    changing.vote()

    refused(changing, "could not be looked up for some minutes", policy=rules(changing, GROUP))


def test_who_left_the_group_since_has_not_approved(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.ledger.enrol(GROUP, frozenset({changing.ben.id}), wiring.now())
    changing.vote()
    changing.ledger.enrol(GROUP, frozenset({changing.carol.id}), wiring.now())

    refused(changing, "not enough people", policy=rules(changing, GROUP))


def test_member_that_only_the_database_has_counts_for_nobody(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.ledger.enrol(GROUP, frozenset({changing.carol.id}), wiring.now())
    changing.vote()
    changing.plant.sql("UPDATE rosters SET members = :m", m=json.dumps([changing.ben.id]))

    refused(changing, "not enough people", policy=rules(changing, GROUP))


def test_who_is_on_call_makes_alone_what_they_asked_for(change: Callable[..., Changing]) -> None:
    changing = solo(change)
    changing.ledger.enrol(OWN, frozenset({changing.alice.id}), wiring.now())
    rollout = roll_out_when_asked(changing)

    run(changing, policy=rules(changing, "on-call", solo=True))
    rollout.join()

    assert changing.state is S.SUCCEEDED


@pytest.mark.parametrize("fields", [{"solo": False}, {"production": frozenset({"shop", "checkout"})}])
def test_alone_nobody_approves_where_the_rules_do_not_say_so(
    change: Callable[..., Changing], fields: dict[str, Any]
) -> None:
    changing = solo(change, **({} if "solo" in fields else {"risk": Risk.CRITICAL, "word": "checkout"}))
    changing.ledger.enrol(OWN, frozenset({changing.alice.id}), wiring.now())

    refused(changing, "not enough people", policy=rules(changing, "on-call", **{"solo": True, **fields}))


def test_alone_nobody_approves_whose_shift_has_ended(change: Callable[..., Changing]) -> None:
    changing = solo(change)
    changing.ledger.enrol(OWN, frozenset({changing.alice.id}), wiring.now())
    changing.ledger.enrol(OWN, frozenset({changing.ben.id}), wiring.now())

    refused(changing, "not enough people", policy=rules(changing, "on-call", solo=True))


def test_alone_nobody_approves_what_no_test_takes_back(change: Callable[..., Changing]) -> None:
    changing = solo(change)
    changing.ledger.enrol(OWN, frozenset({changing.alice.id}), wiring.now())
    rows = changes.change_rows()  # each of them is tested, so one is made one that is not
    row = rows[changing.approval.call.name]
    rows[row.id] = row.model_copy(update={"undo_tested": False})

    try:
        refused(changing, "not enough people", policy=rules(changing, "on-call", solo=True))
    finally:
        rows[row.id] = row
