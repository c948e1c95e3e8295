"""Asking for an approval: one exact call, only of a known row, with the state before and the way back."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from tests.workers import making
from workers.domain import event as events
from workers.domain.approval import Approval
from workers.domain.call import SeriesData, StateData, ToolCall
from workers.domain.errors import Refused
from workers.domain.risk import Risk
from workers.safety.approvals import reading, request
from workers.safety.policy import Policy

RULES = Policy(approvers=("U0BEN",), quorum=2, ttl=timedelta(minutes=15))
STATE: dict[str, JsonValue] = {"taskDefinition": "checkout:42", "desiredCount": 3, "runningCount": 3}


def remedy(call: ToolCall) -> events.RemedyProposed:
    return events.RemedyProposed(
        at=making.at(1.1), title="Roll checkout back", call=call, hypothesis="h1", why="checkout:42 is faulty"
    )


def asked(call: ToolCall | None = None, data: Any = None, rules: Policy = RULES) -> Approval | None:
    case = making.case(
        events.EvidenceWeighed(at=making.at(1), hypothesis="h1", evidence=(making.evidence(),)),
        events.Concluded(at=making.at(1), conclusion=making.conclusion()),
    )
    before = making.answered(data or StateData(state=STATE))
    return request(case, remedy(call or making.call()), before, rules, making.at(2))


def made(**how: Any) -> Approval:
    approval = asked(**how)
    assert approval is not None
    return approval


def scaling(count: JsonValue) -> ToolCall:
    return ToolCall(
        name="ecs-scale-service", arguments={"cluster": "shop", "service": "checkout", "desiredCount": count}
    )


def test_approval_is_for_the_exact_call_and_sealed() -> None:
    approval = made()

    assert approval.call == making.call()
    assert approval.hash == approval.digest() != ""
    assert approval.target == "ecs:shop"
    assert (approval.requester, approval.approvers, approval.quorum) == (making.ALICE, ("U0BEN",), 2)
    assert approval.expires_at == making.at(2) + timedelta(minutes=15)
    assert approval.title == "Run checkout:41 on checkout"


def test_approval_shows_the_evidence_that_carries_it() -> None:
    assert made().why == ("checkout:42 is faulty", making.evidence().finding)


def test_approval_says_what_must_come_back_to_normal() -> None:
    assert made().watch == making.conclusion().watch


@pytest.mark.parametrize(
    ("call", "back"),
    [
        (making.call("checkout:41"), making.call("checkout:42").arguments),
        (scaling(9), scaling(3).arguments),
    ],
)
def test_way_back_is_the_call_that_restores_the_state_before(
    call: ToolCall, back: dict[str, JsonValue]
) -> None:
    approval = made(call=call)

    assert approval.rollback is not None
    assert approval.rollback.name == call.name
    assert approval.rollback.arguments == back
    assert approval.before == STATE


def test_state_before_is_read_by_a_read_of_the_same_service() -> None:
    assert reading(making.call()).arguments == {"cluster": "shop", "service": "checkout"}
    assert reading(making.call()).name == "ecs_service"


def test_nothing_is_asked_for_where_the_state_before_is_not_known() -> None:
    case = making.case()

    assert request(case, remedy(making.call()), making.failed(), RULES, making.at(2)) is None
    assert asked(data=SeriesData()) is None


@pytest.mark.parametrize(
    ("production", "risk"),
    [(set[str](), Risk.LOW), ({"shop"}, Risk.HIGH), ({"checkout"}, Risk.HIGH), ({"shop-test"}, Risk.LOW)],
)
def test_risk_is_a_step_higher_in_production(production: set[str], risk: Risk) -> None:
    rules = RULES.model_copy(update={"production": frozenset(production)})

    assert made(rules=rules).risk is risk


def _call(name: str = "ecs-update-service", **changed: JsonValue) -> ToolCall:
    arguments = {**making.call().arguments, **changed}
    return ToolCall(name=name, arguments={k: v for k, v in arguments.items() if v is not None})


@pytest.mark.parametrize(
    "call",
    [
        _call("ecs-delete-service"),
        _call("ecs_service"),
        _call("update_service"),
        _call(force_new=True),
        _call(desiredCount=0),
        _call(taskDefinition=None),
        _call(cluster=None),
        _call(taskDefinition="checkout:41\u200b"),
        _call(taskDefinition="checkout:\u202e14"),
        _call(taskDefinition="сheckout:41"),  # the first letter is Cyrillic
        _call(taskDefinition="checkout:41\n  desiredCount = 3"),
        _call(taskDefinition="checkout:41\ufe0f"),
        _call(taskDefinition="gh" + "p_" + "a1B2" * 9),  # hidden on the card
        _call(taskDefinition="c" * 301),
        _call(taskDefinition=""),
        _call(taskDefinition={"family": "checkout"}),
        _call(service=["checkout", "payments"]),
        scaling(True),
        scaling(2.5),
    ],
)
def test_call_that_is_no_row_or_would_look_like_another_is_refused(call: ToolCall) -> None:
    with pytest.raises(Refused):
        asked(call)


@pytest.mark.parametrize(("production", "risk"), [(set[str](), Risk.LOW), ({"intake"}, Risk.HIGH)])
def test_a_group_of_instances_is_asked_for_like_a_service(production: set[str], risk: Risk) -> None:
    call = ToolCall(
        name="autoscaling-refresh",
        arguments={"group": "intake", "template": "claims-intake", "version": "41"},
    )
    state = StateData(state={"template": "claims-intake", "version": "42", "desiredCount": 3})

    approval = made(
        call=call, data=state, rules=RULES.model_copy(update={"production": frozenset(production)})
    )

    assert approval.risk is risk
    assert (approval.title, approval.target) == ("Run claims-intake:41 on intake", "autoscaling:intake")
    assert approval.rollback is not None
    assert approval.rollback.arguments == {**call.arguments, "version": "42"}
