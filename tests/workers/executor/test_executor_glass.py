"""Break-glass before a change: it lifts what is soft while it holds, and never what is hard."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.faults.changing import Changing
from tests.workers.executor.conftest import S, roll_out_when_asked, run
from tests.workers.executor.test_executor_refuses import refused
from workers import wiring
from workers.ledger.glass import ENDED, OPENED
from workers.safety.policy import Freeze, Policy, policy

FROZEN: dict[str, Any] = {"freezes": (Freeze(why="quarter end", days=frozenset(range(7))),)}


def opens(changing: Changing, *people: str, minutes: float = 60) -> None:
    """Two people have opened it, until so many minutes from now."""
    asked, confirmed = people or (changing.ben.id, changing.carol.id)
    until = (wiring.now() + timedelta(minutes=minutes)).isoformat()
    record = {"event": OPENED, "actor": confirmed, "asked_by": asked, "why": "payments are down"}
    changing.ledger.note({**record, "until": until})


def rules(changing: Changing, **fields: Any) -> Policy:
    found = policy(changing.plant.settings("executor"))
    breakers = frozenset({changing.ben.id, changing.carol.id})
    return found.model_copy(update={"breakers": breakers, **fields})


@pytest.fixture
def approved(change: Callable[..., Changing]) -> Changing:
    """Ben has approved, and break-glass holds."""
    changing = change()
    changing.vote()
    opens(changing)
    return changing


@pytest.mark.parametrize("soft", [FROZEN, {"per_hour": 0}, {"per_day": 0}], ids=["freeze", "hour", "day"])
def test_what_is_soft_is_lifted_and_that_is_on_record(approved: Changing, soft: dict[str, Any]) -> None:
    rollout = roll_out_when_asked(approved)

    run(approved, policy=rules(approved, **soft))
    rollout.join()

    assert approved.state is S.SUCCEEDED
    (used,) = approved.ledger.audited("BreakGlassUsed")
    assert used["approval"] == approved.approval.id


def test_over_it_is_over(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote()
    opens(changing, minutes=-1)

    refused(changing, "changes are frozen", policy=rules(changing, **FROZEN))


def test_ended_it_is_over(approved: Changing) -> None:
    approved.ledger.note({"event": ENDED, "actor": approved.ben.id})

    refused(approved, "changes are frozen", policy=rules(approved, **FROZEN))


@pytest.mark.parametrize("people", [("ben", "ben"), ("ben", "alice"), ("alice", "carol")])
def test_it_takes_two_who_are_named_now(change: Callable[..., Changing], people: tuple[str, str]) -> None:
    changing = change()
    changing.vote()
    opens(changing, *(changing.person(key).id for key in people))

    refused(changing, "changes are frozen", policy=rules(changing, **FROZEN))


def test_approval_and_the_ban_of_ones_own_stay(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote(changing.alice, typed="checkout")
    opens(changing)

    approvers = (changing.alice.id, changing.ben.id)
    refused(changing, "not enough people", policy=rules(changing, approvers=approvers, **FROZEN))


@pytest.mark.parametrize(
    ("hard", "why"),
    [
        ({"quorum": 2}, "not enough people"),
        ({"critical": frozenset({"checkout"})}, "not enough people"),
        ({"most_changes": 0}, "changes were made for this investigation"),
    ],
    ids=["quorum", "risk", "most of an investigation"],
)
def test_what_is_hard_stays(approved: Changing, hard: dict[str, Any], why: str) -> None:
    refused(approved, why, policy=rules(approved, **hard, **FROZEN))


def test_drift_stays(change: Callable[..., Changing]) -> None:
    changing = change(before={"taskDefinition": "shop-checkout:1", "desiredCount": 1})
    changing.vote()
    opens(changing)

    refused(changing, "the system has moved", policy=rules(changing, **FROZEN))


def test_halt_stays(approved: Changing) -> None:
    approved.ledger.stop_changes(approved.ben.id, "wait")

    refused(approved, "all changes were stopped", policy=rules(approved, **FROZEN))
