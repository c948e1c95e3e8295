"""The changes there are: each row against botocore's models, its undo, and what counts as drift or done."""

from string import Formatter
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from pydantic import JsonValue

from tests.workers import making
from workers.domain.call import ToolCall
from workers.domain.errors import Refused
from workers.domain.risk import Risk
from workers.tools import AWS, autoscaling, changes, functions
from workers.tools.changes import ChangeRow, change_rows
from workers.tools.ecs import state

READS = {action.name: action for toolset in AWS for action in toolset.actions}
SERVICE: dict[str, Any] = {
    "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/checkout:42",
    "desiredCount": 3,
    "runningCount": 3,
    "pendingCount": 0,
    "deployments": [{"status": "PRIMARY", "rolloutState": "COMPLETED"}],
}

GROUP: dict[str, Any] = {
    "LaunchTemplate": {"LaunchTemplateName": "claims-intake", "Version": "42"},
    "DesiredCapacity": 1,
    "Instances": [
        {"LifecycleState": "InService", "HealthStatus": "Healthy", "LaunchTemplate": {"Version": "42"}}
    ],
}
STATES = {
    "ecs_service": state(SERVICE),
    "autoscaling_group": autoscaling.state(GROUP, []),
    "lambda_alias": functions.alias_state({"FunctionVersion": "42"}, {"FunctionName": "tracking"}),
    "lambda_concurrency": functions.reserve_state("tracking", {"ReservedConcurrentExecutions": 24}),
}


def wrong(row: ChangeRow) -> list[str]:
    """What in a row is not as AWS, or as our own reads, have it."""
    session: Any = botocore.session.get_session()
    model = session.get_service_model(row.client)
    operation = "".join(word.title() for word in row.operation.split("_"))
    if operation not in model.operation_names:
        return [f"{row.client} has no {operation}"]
    shape = model.operation_model(operation).input_shape
    # Where the row has a form of its own, its arguments are told apart from AWS's by filling it.
    members = [name for name in row.allowed if f"${name}" in str(row.send)] if row.send else shape.members
    call = ToolCall(name=row.id, arguments={name: 2 if "Count" in name else "name" for name in row.allowed})
    form = ParamValidator().validate(changes.sent(row, call), shape) if row.send else None
    read = READS.get(row.before.action)
    templates = [
        name for text in (row.title, row.blast_radius) for _, name, _, _ in Formatter().parse(text) if name
    ]
    told = set(STATES.get(row.before.action, {}))
    return [
        *([form.generate_report()] if form and form.has_errors() else []),
        *(f"{operation} takes no {name}" for name in row.allowed if name not in members),
        *(f"{name} is required and not allowed" for name in row.required if name not in row.allowed),
        *(
            f"{name} is no argument"
            for name in (*templates, *row.undo, *row.same, *row.settled)
            if name not in row.required
        ),
        *([] if read else [f"there is no {row.before.action}"]),
        *(
            f"{row.before.action} takes no {n}"
            for n in row.before.with_
            if read and n not in read.arguments.model_fields
        ),
        *(f"nobody reads {n}" for n in (*row.before.holds, *row.settled.values()) if n not in told),
        *(f"nobody reads {p}" for p in row.undo.values() if p.removeprefix("$before.") not in told),
        *([] if {*row.undo, *row.same} == set(row.required) else ["the undo is not the whole call"]),
        *([] if row.level > Risk.READ else ["a change is no read"]),
        *([] if not row.narrow or row.narrow in row.undo else [f"{row.narrow} cannot be narrowed"]),
    ]


@pytest.mark.parametrize("row", change_rows().values(), ids=change_rows())
def test_row_is_as_aws_has_it(row: ChangeRow) -> None:
    assert wrong(row) == []


@pytest.mark.parametrize(
    "slip",
    [
        {"operation": "update_services"},
        {"allowed": ("cluster", "service", "taskDefinition", "revision")},
        {"required": ("cluster", "service", "revision")},
        {"title": "Run {revision}"},
        {"undo": {"taskDefinition": "$before.revision"}},
        {"same": ("cluster",)},
        {"narrow": "service"},
        {"settled": {"taskDefinition": "revision"}},
        {"before": changes.Before(action="ecs_services", with_=("cluster",), holds=())},
        {"before": changes.Before(action="ecs_service", with_=("region",), holds=())},
        {"before": changes.Before(action="ecs_service", with_=("cluster",), holds=("mood",))},
    ],
)
def test_row_with_a_slip_in_it_is_noticed(slip: dict[str, Any]) -> None:
    assert wrong(change_rows()["ecs-update-service"].model_copy(update=slip))


@pytest.mark.parametrize(
    "slip",
    [
        {"send": {"AutoScalingGroup": "$group", "Version": "$version", "Name": "$template"}},
        {"send": {"AutoScalingGroupName": "$group"}},
        {"undo": {"version": "$before.revision"}},
    ],
)
def test_form_with_a_slip_in_it_is_noticed(slip: dict[str, Any]) -> None:
    assert wrong(change_rows()["autoscaling-refresh"].model_copy(update=slip))


def test_arguments_are_sent_in_the_form_of_the_row() -> None:
    call = ToolCall(
        name="autoscaling-refresh",
        arguments={"group": "intake", "template": "claims-intake", "version": "41"},
    )

    found = changes.sent(changes.row_of(call), call)

    assert found["AutoScalingGroupName"] == "intake"
    assert found["DesiredConfiguration"]["LaunchTemplate"] == {
        "LaunchTemplateName": "claims-intake",
        "Version": "41",
    }
    back = changes.undo(changes.row_of(call), call, {"template": "claims-intake", "version": "42"})
    assert back.arguments == {"group": "intake", "template": "claims-intake", "version": "42"}


def test_there_are_only_the_changes_that_were_thought_through() -> None:
    assert {row.id: (row.client, row.operation) for row in change_rows().values()} == {
        "ecs-update-service": ("ecs", "update_service"),
        "ecs-scale-service": ("ecs", "update_service"),
        "autoscaling-refresh": ("autoscaling", "start_instance_refresh"),
        "autoscaling-scale": ("autoscaling", "set_desired_capacity"),
        "lambda-alias": ("lambda", "update_alias"),
        "lambda-reserve": ("lambda", "put_function_concurrency"),
    }


UPDATE, SCALE = (change_rows()[name] for name in ("ecs-update-service", "ecs-scale-service"))
BEFORE = state(SERVICE)


def scaled(count: int) -> ToolCall:
    return ToolCall(
        name="ecs-scale-service", arguments={"cluster": "shop", "service": "checkout", "desiredCount": count}
    )


def test_undo_of_an_undo_is_the_change() -> None:
    call = making.call("checkout:41")
    back = changes.undo(UPDATE, call, BEFORE)

    assert changes.undo(UPDATE, back, {**BEFORE, "taskDefinition": "checkout:41"}).arguments == call.arguments
    assert changes.row_of(back) is UPDATE
    assert changes.undo(SCALE, scaled(9), BEFORE).arguments["desiredCount"] == 3


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
    assert changes.in_effect(changes.row_of(call), call, now) is done


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
    assert changes.settled({**BEFORE, **now}) is over


def test_rollout_of_what_could_not_be_read_is_not_over() -> None:
    assert not changes.settled({})
    assert changes.progress({}) == "the service could not be read"


def test_progress_says_how_far_it_is() -> None:
    now = {**BEFORE, "runningCount": 1, "rolloutState": "IN_PROGRESS"}

    assert changes.progress(now) == "1 of 3 tasks run, revision checkout:42, rollout in_progress"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"cluster": "shop", "service": "checkout"}, "missing: ['taskDefinition']"),
        (
            {"cluster": "shop", "service": "checkout", "taskDefinition": "c:1", "forceNewDeployment": True},
            "extra: ['forceNewDeployment']",
        ),
    ],
)
def test_call_that_is_not_the_rows_is_refused_by_name(arguments: dict[str, JsonValue], told: str) -> None:
    with pytest.raises(Refused) as refused:
        changes.row_of(ToolCall(name="ecs-update-service", arguments=arguments))

    assert told in str(refused.value)
