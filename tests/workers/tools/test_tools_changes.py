"""What a row says of a call: whether it is one of its own, its undo, what is drift, made and over."""

import pytest
from pydantic import JsonValue

from tests.workers import making
from tests.workers.tools.test_tools_change_rows import SERVICE
from workers.domain.call import ToolCall
from workers.domain.errors import Refused
from workers.tools import changes
from workers.tools.changes import change_rows
from workers.tools.ecs import state

UPDATE, SCALE = (change_rows()[name] for name in ("ecs-update-service", "ecs-scale-service"))
BEFORE = state(SERVICE)


def call_of(name: str, **arguments: JsonValue) -> ToolCall:
    return ToolCall(name=name, arguments=arguments)


def scaled(count: int) -> ToolCall:
    return ToolCall(
        name="ecs-scale-service", arguments={"cluster": "shop", "service": "checkout", "desiredCount": count}
    )


def test_undo_of_an_undo_is_the_change() -> None:
    call = making.call("checkout:41")
    back = changes.undo(UPDATE, call, BEFORE)

    assert back is not None
    assert changes.undo(UPDATE, back, {**BEFORE, "taskDefinition": "checkout:41"}) == call.model_copy(
        update={"why": "undo"}
    )
    assert changes.row_of(back) is UPDATE


def test_undo_of_a_scaling_is_the_count_before() -> None:
    back = changes.undo(SCALE, scaled(9), BEFORE)

    assert back is not None
    assert back.arguments == {**scaled(9).arguments, "desiredCount": 3}


def test_undo_may_be_another_change() -> None:
    stop = call_of("ec2-stop", instance="i-1")
    back = changes.undo(changes.row_of(stop), stop, {"state": "running"})

    assert back is not None
    assert (back.name, back.arguments) == ("ec2-start", {"instance": "i-1"})
    more = call_of("elasticache-add-replicas", cache="carts", replicas=3)
    fewer = changes.undo(changes.row_of(more), more, {"replicas": 1})
    assert fewer is not None
    assert (fewer.name, fewer.arguments["replicas"]) == ("elasticache-remove-replicas", 1)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({}, ""),
        ({"runningCount": 1, "rolloutState": "IN_PROGRESS"}, ""),
        ({"taskDefinition": "checkout:43"}, "taskDefinition was checkout:42, is checkout:43"),
        ({"desiredCount": 9}, "desiredCount was 3, is 9"),
        (
            {"taskDefinition": "checkout:43", "desiredCount": 9},
            "taskDefinition was checkout:42, is checkout:43; desiredCount was 3, is 9",
        ),
        ({"desiredCount": None}, "desiredCount was 3, is None"),
        ({"desiredCount": "3"}, "desiredCount was 3, is 3"),
    ],
)
def test_drift_is_what_must_hold_still_and_did_not(now: dict[str, JsonValue], told: str) -> None:
    assert changes.drift(UPDATE, BEFORE, {**BEFORE, **now}) == told


def test_state_that_cannot_be_read_again_is_drift() -> None:
    assert (
        changes.drift(UPDATE, BEFORE, {})
        == "taskDefinition was checkout:42, is None; desiredCount was 3, is None"
    )


@pytest.mark.parametrize(
    ("call", "now", "done"),
    [
        (making.call("checkout:41"), {"taskDefinition": "checkout:41"}, True),
        (making.call("checkout:41"), {"taskDefinition": "checkout:42"}, False),
        (making.call("checkout:41"), {}, False),
        (scaled(9), {"desiredCount": 9}, True),
        (scaled(9), {"desiredCount": 3, "runningCount": 9}, False),
    ],
)
def test_change_is_in_effect_when_the_system_shows_it(
    call: ToolCall, now: dict[str, JsonValue], done: bool
) -> None:
    assert changes.in_effect(changes.row_of(call), call, BEFORE, now) is done


@pytest.mark.parametrize(
    ("now", "over"),
    [
        ({}, True),
        ({"rolloutState": "IN_PROGRESS"}, False),
        ({"rolloutState": "FAILED"}, False),
        ({"deployments": 2}, False),
        ({"runningCount": 2}, False),
        ({"runningCount": 4}, False),
    ],
)
def test_rollout_is_over_only_when_all_of_it_is(now: dict[str, JsonValue], over: bool) -> None:
    assert changes.steady(UPDATE, {**BEFORE, **now}) is over


def test_rollout_of_what_could_not_be_read_is_not_over() -> None:
    assert not changes.steady(UPDATE, {})
    assert changes.progress(UPDATE, {}) == "its state could not be read"


def test_progress_says_how_far_it_is() -> None:
    now = {**BEFORE, "runningCount": 1, "rolloutState": "IN_PROGRESS"}

    assert changes.progress(UPDATE, now) == "1 of 3 tasks run, revision checkout:42, rollout IN_PROGRESS"
    capacity = changes.progress(
        change_rows()["dynamodb-capacity"], {"reads": 5, "writes": 2, "status": "UPDATING"}
    )
    assert capacity == "reads 5, writes 2, status UPDATING"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"cluster": "shop", "service": "checkout"}, "missing: ['taskDefinition']"),
        (
            {"cluster": "shop", "service": "checkout", "taskDefinition": "c:1", "forceNewDeployment": True},
            "extra: ['forceNewDeployment']",
        ),
        ({"cluster": "shop", "service": "checkout", "taskDefinition": 41}, "taskDefinition is not a text"),
        ({"cluster": "shop", "service": "checkout", "taskDefinition": "[hidden]"}, "cannot be shown"),
    ],
)
def test_call_that_is_not_the_rows_is_refused_by_name(arguments: dict[str, JsonValue], told: str) -> None:
    with pytest.raises(Refused) as refused:
        changes.row_of(ToolCall(name="ecs-update-service", arguments=arguments))

    assert told in str(refused.value)


@pytest.mark.parametrize("count", ["9", -1, True, 1.5])
def test_what_is_no_count_is_refused_as_one(count: JsonValue) -> None:
    with pytest.raises(Refused):
        changes.row_of(call_of("ecs-scale-service", cluster="shop", service="checkout", desiredCount=count))


# What cannot be told, and what does not fit


@pytest.mark.parametrize(
    ("name", "now", "told"),
    [
        ("ec2-reboot", {"state": "running"}, None),
        ("ec2-stop", {"state": "stopping"}, True),
        ("ec2-stop", {"state": "running"}, False),
        ("ecs-force-deployment", {**BEFORE, "deployment": "ecs-svc/2"}, True),
        ("ecs-force-deployment", BEFORE, False),
    ],
)
def test_effect_is_told_from_the_state_or_not_at_all(
    name: str, now: changes.State, told: bool | None
) -> None:
    row = change_rows()[name]
    call = call_of(name, **dict.fromkeys(row.takes, "any"))

    assert changes.in_effect(row, call, BEFORE, now) is told


@pytest.mark.parametrize(
    ("name", "now", "told"),
    [
        ("ec2-stop", {"state": "running", "group": None}, ""),
        (
            "ec2-stop",
            {"state": "stopped", "group": None},
            "state is stopped, and for ec2-stop it has to be running",
        ),
        (
            "ec2-stop",
            {"state": "running", "group": "intake"},
            "group is intake, and for ec2-stop it has to be not set",
        ),
        ("alarm-actions-on", {"acts": True}, "acts is True, and for alarm-actions-on it has to be False"),
        (
            "lambda-reserve",
            {"reservedCount": None},
            "reservedCount is not set now, which could not be restored",
        ),
        ("lambda-reserve", {"reservedCount": 0}, ""),
        ("lambda-environment", {"status": "Successful", "value": "[hidden]"}, "value is [hidden] now"),
        ("lambda-environment", {"status": "Successful", "value": "a" * 301}, "which could not be restored"),
        ("lambda-environment", {"status": "Successful", "value": "5"}, ""),
        ("lambda-environment", {"status": "InProgress", "value": "5"}, "status is InProgress"),
        (
            "rds-class",
            {"status": "available", "pending": "EngineVersion", "instanceClass": "db.t3.micro"},
            "pending",
        ),
    ],
)
def test_what_does_not_fit_or_could_not_be_restored_is_said(name: str, now: changes.State, told: str) -> None:
    row = change_rows()[name]
    call = call_of(name, **{arg: 1 if kind == "count" else "any" for arg, kind in row.takes.items()})

    said = changes.unfit(row, call, now)

    assert said.startswith(told) or told in said
    assert bool(said) is bool(told)


def test_names_are_parts_of_addresses_and_what_the_state_says() -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:1:listener-rule/app/storefront/5/6/7"
    call = call_of("alb-weights", rule=arn, first="a", firstWeight=1, second="b", secondWeight=2)

    assert {"storefront", "a", "b", "web-1"} <= set(
        changes.names(call, {"name": "web-1", "state": "running"})
    )
