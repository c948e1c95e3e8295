"""The changes there are: each row against botocore's models and against itself."""

import re
from string import Formatter
from typing import Any

import pytest
from botocore.validate import ParamValidator

from tests.workers.tools.paths import leads
from tests.workers.tools.test_tools_rows import model, operation, sample
from workers.domain.approval import PLACES
from workers.domain.call import ToolCall
from workers.domain.risk import Risk
from workers.tools import AWS, autoscaling, changes, functions, states
from workers.tools.change_rows import Action, ChangeRow, Read, change_rows
from workers.tools.ecs import state

ROWS = change_rows()
READS = {action.name: action for toolset in AWS for action in toolset.actions}
SERVICE: dict[str, Any] = {
    "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/checkout:42",
    "desiredCount": 3,
    "runningCount": 3,
    "pendingCount": 0,
    "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "rolloutState": "COMPLETED"}],
}
GROUP: dict[str, Any] = {
    "LaunchTemplate": {"LaunchTemplateName": "claims-intake", "Version": "42"},
    "DesiredCapacity": 1,
    "Instances": [
        {"LifecycleState": "InService", "HealthStatus": "Healthy", "LaunchTemplate": {"Version": "42"}}
    ],
}
TOLD: dict[str, set[str]] = {
    "ecs_service": set(state(SERVICE)),
    "autoscaling_group": set(autoscaling.state(GROUP, [])),
    "lambda_alias": set(functions.alias_state({"FunctionVersion": "42"}, {"FunctionName": "tracking"})),
    "codedeploy_deployment": {"application", "group", "status", "rollback"},
}
"""What our own reads tell."""


def wrong(row: ChangeRow) -> list[str]:
    """What in a row is not as AWS, or as the rest of the row, has it."""
    told = _sent(row)
    return (
        told
        if told and "has no" in told[0]
        else [*told, *_read(row), *_kept(row), *_undone(row), *_worded(row)]
    )


def _call(row: ChangeRow) -> ToolCall:
    arguments = {name: 200 if kind == "count" else "name" for name, kind in row.takes.items()}
    return ToolCall(name=row.id, arguments={**arguments})


def _sent(row: ChangeRow) -> list[str]:
    asked = operation(row.client, row.operation)
    if asked is None:
        return [f"{row.client} has no {row.operation}"]
    item = None
    if isinstance(row.before, Read) and (read := operation(row.client, row.before.call)):
        item = states.look(
            row.before.item.split(" | ")[0].split("[?")[0], sample(read.output_shape), _call(row)
        )
        item = item[0] if isinstance(item, list) else item
    form = changes.sent(row, _call(row), item, "t" * 32)
    report = ParamValidator().validate(form, asked.input_shape)
    used = f"{row.send} {row.before}"
    return [
        *([report.generate_report()] if report.has_errors() else []),
        *(f"{n} is not sent" for n in row.takes if row.send and not re.search(rf"[$'{{]{n}\b", used)),
        *(f"there is no {one}" for one in row.needs if not _granted(one)),
        *(f"{n} is not ours" for n in asked.idempotent_members if row.send.get(n) != "$token"),
    ]


def _granted(permission: str) -> bool:
    """Whether an operation of AWS is called like this permission."""
    client, _, name = permission.partition(":")
    return name in model(client).operation_names


def _read(row: ChangeRow) -> list[str]:
    if isinstance(row.before, Action):
        action = READS.get(row.before.action)
        known = action.arguments.model_fields if action else {}
        strange = [name for name in row.before.with_ if name not in known or name not in row.takes]
        return [f"{row.before.action} takes no {name}" for name in strange] + (
            [] if action else ["no such read"]
        )
    read = operation(row.client, row.before.call)
    if read is None:
        return [f"{row.client} has no {row.before.call}"]
    report = ParamValidator().validate(states.filled(row.before.with_, _call(row)), read.input_shape)
    told = [report.generate_report()] if report.has_errors() else []
    try:
        item = leads(row.before.item, read.output_shape)
    except LookupError as error:
        return [*told, f"{row.before.item}: {error}"]
    for key, path in row.before.state.items():
        try:
            found = leads(path, item)
        except LookupError as error:
            told.append(f"{key}: {error}")
            continue
        words = {*row.only.get(key, ()), *row.effect.get(key, ()), row.steady.get(key)} - {None}
        told += [f"{key} is never {w}" for w in words if getattr(found, "enum", None) and w not in found.enum]
    return told


def _told(row: ChangeRow) -> set[str]:
    return TOLD.get(row.before.action, set()) if isinstance(row.before, Action) else set(row.before.state)


def _kept(row: ChangeRow) -> list[str]:
    """Keys of the state, and those that decide whether it still fits are held."""
    elsewhere = [value[1:] for value in row.steady.values() if isinstance(value, str) and value[:1] == "$"]
    named = (*row.holds, *row.settled.values(), *row.effect, *row.moves, *row.steady, *elsewhere)
    known, must = _told(row), (*row.only, *row.moves)
    return [
        *(f"nobody reads {key}" for key in (*named, *row.only, *_fields(row.progress)) if key not in known),
        *(f"{key} may move unseen" for key in must if key not in row.holds),
        *(f"{name} is no argument" for name in row.settled if name not in row.takes),
        *([] if row.holds else ["nothing is held"]),
    ]


def _undone(row: ChangeRow) -> list[str]:
    back = ROWS.get(row.undone_by)
    paths = [path.removeprefix("$before.") for path in row.undo.values()]
    ways = bool(row.undo or row.undone_by) + bool(row.no_undo)
    return [
        *([] if ways == 1 else ["either something undoes it or nothing can"]),
        *(f"{name} is no argument" for name in row.undo if name not in row.takes),
        *(f"nobody reads {path}" for path in paths if path not in _told(row)),
        *(f"{path} may move unseen" for path in paths if path not in row.holds),
        *([f"there is no {row.undone_by}"] if row.undone_by and back is None else []),
        *(
            [f"{back.id} does not go back"]
            if back and (back.undone_by, back.takes) != (row.id, row.takes)
            else []
        ),
        *(
            []
            if not row.narrow or (row.narrow in row.undo and row.takes[row.narrow] == "count")
            else ["narrow"]
        ),
        *(["what cannot be undone cannot be tried"] if row.no_undo and row.undo_tested else []),
    ]


def _fields(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


def _worded(row: ChangeRow) -> list[str]:
    named = [name for text in (row.title, row.blast_radius) for name in _fields(text)]
    return [
        *(f"{name} is no argument" for name in named if name not in row.takes),
        *([] if set(row.takes) & set(PLACES) else ["it is nowhere"]),
    ]


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_row_is_as_aws_has_it(row: ChangeRow) -> None:
    assert wrong(row) == []


SLIPS: list[tuple[str, dict[str, Any]]] = [
    ("ecs-update-service", {"operation": "update_services"}),
    ("ecs-update-service", {"takes": {"cluster": "text", "service": "text", "revision": "text"}}),
    ("ecs-update-service", {"takes": {"cluster": "text", "service": "text", "taskDefinition": "count"}}),
    ("ecs-update-service", {"title": "Run {revision}"}),
    ("ecs-update-service", {"blast_radius": "All of {revision}"}),
    ("ecs-update-service", {"undo": {"taskDefinition": "$before.revision"}}),
    ("ecs-update-service", {"undo": {"revision": "$before.taskDefinition"}}),
    ("ecs-update-service", {"undo": {}}),
    ("ecs-update-service", {"no_undo": "It is gone."}),
    ("ecs-update-service", {"narrow": "service"}),
    ("ecs-update-service", {"settled": {"taskDefinition": "revision"}}),
    ("ecs-update-service", {"settled": {"revision": "taskDefinition"}}),
    ("ecs-update-service", {"steady": {"runningCount": "$wanted"}}),
    ("ecs-update-service", {"progress": "{mood}"}),
    ("ecs-update-service", {"holds": ("desiredCount",)}),
    ("ecs-update-service", {"holds": ("taskDefinition", "mood")}),
    ("ecs-update-service", {"before": Action(action="ecs_services", with_=("cluster",))}),
    ("ecs-update-service", {"before": Action(action="ecs_service", with_=("region",))}),
    ("autoscaling-refresh", {"send": {"AutoScalingGroup": "$group", "V": "$version", "T": "$template"}}),
    ("autoscaling-refresh", {"send": {"AutoScalingGroupName": "$group"}}),
    ("autoscaling-refresh", {"undo": {"version": "$before.revision"}}),
    ("ec2-stop", {"undone_by": "ec2-begin"}),
    ("ec2-stop", {"undone_by": "ec2-reboot"}),
    ("ec2-stop", {"only": {"state": ("runs",)}}),
    ("ec2-stop", {"only": {"type": ("t3.micro",)}}),
    ("ec2-stop", {"effect": {"state": ("stops",)}}),
    ("ec2-stop", {"steady": {"state": "stops"}}),
    ("ec2-reboot", {"undo_tested": True}),
    ("ec2-reboot", {"no_undo": ""}),
    ("sqs-redrive", {"needs": ("sqs:TakeMessage",)}),
    ("stepfunctions-redrive", {"send": {"executionArn": "$execution"}}),
    ("stepfunctions-redrive", {"moves": ("machine",)}),
    ("lambda-memory", {"send": {"FunctionName": "$function", "MemorySize": "{megabytes}"}}),
    ("lambda-memory", {"takes": {"function": "text", "megabytes": "text"}}),
    ("lambda-memory", {"takes": {"function": "text", "megabytes": "count", "alias": "text"}}),
]
READ_SLIPS: list[tuple[str, dict[str, Any]]] = [
    ("rds-class", {"before": ROWS["rds-class"].before.model_copy(update=slip)})
    for slip in (
        {"call": "describe_databases"},
        {"with_": {"Database": "$database"}},
        {"item": "Instances[0]"},
        {"item": "DBInstances.DBInstanceStatus"},
        {
            "state": {
                "instanceClass": "Class",
                "pending": "PendingModifiedValues",
                "status": "DBInstanceStatus",
            }
        },
    )
]


@pytest.mark.parametrize(("name", "slip"), [*SLIPS, *READ_SLIPS])
def test_row_with_a_slip_in_it_is_noticed(name: str, slip: dict[str, Any]) -> None:
    assert wrong(ROWS[name].model_copy(update=slip))


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.no_undo], ids=lambda row: row.id)
def test_what_nothing_can_undo_is_a_step_riskier(row: ChangeRow) -> None:
    declared = Risk[row.risk.upper()]

    assert row.level > declared
    assert row.model_copy(update={"no_undo": ""}).level is declared
    assert row.no_undo.endswith(".")
    assert changes.undo(row, _call(row), {}) is None


def test_every_row_says_what_a_second_send_would_do() -> None:
    for row in ROWS.values():
        assert row.again.endswith("."), row.id
        assert row.blast_radius.endswith("."), row.id


def test_there_are_only_the_changes_that_were_thought_through() -> None:
    assert {row.id: (row.client, row.operation) for row in ROWS.values()} == {
        "ecs-update-service": ("ecs", "update_service"),
        "ecs-scale-service": ("ecs", "update_service"),
        "ecs-force-deployment": ("ecs", "update_service"),
        "autoscaling-refresh": ("autoscaling", "start_instance_refresh"),
        "autoscaling-scale": ("autoscaling", "set_desired_capacity"),
        "autoscaling-limits": ("autoscaling", "update_auto_scaling_group"),
        "ec2-start": ("ec2", "start_instances"),
        "ec2-stop": ("ec2", "stop_instances"),
        "ec2-reboot": ("ec2", "reboot_instances"),
        "lambda-alias": ("lambda", "update_alias"),
        "lambda-reserve": ("lambda", "put_function_concurrency"),
        "lambda-memory": ("lambda", "update_function_configuration"),
        "lambda-timeout": ("lambda", "update_function_configuration"),
        "lambda-environment": ("lambda", "update_function_configuration"),
        "rds-reboot": ("rds", "reboot_db_instance"),
        "rds-class": ("rds", "modify_db_instance"),
        "rds-failover": ("rds", "failover_db_cluster"),
        "dynamodb-capacity": ("dynamodb", "update_table"),
        "elasticache-reboot": ("elasticache", "reboot_cache_cluster"),
        "elasticache-add-replicas": ("elasticache", "increase_replica_count"),
        "elasticache-remove-replicas": ("elasticache", "decrease_replica_count"),
        "sqs-redrive": ("sqs", "start_message_move_task"),
        "sqs-visibility": ("sqs", "set_queue_attributes"),
        "eventbridge-enable": ("events", "enable_rule"),
        "eventbridge-disable": ("events", "disable_rule"),
        "alarm-actions-on": ("cloudwatch", "enable_alarm_actions"),
        "alarm-actions-off": ("cloudwatch", "disable_alarm_actions"),
        "stepfunctions-redrive": ("stepfunctions", "redrive_execution"),
        "codedeploy-stop": ("codedeploy", "stop_deployment"),
        "route53-weight": ("route53", "change_resource_record_sets"),
        "alb-weights": ("elbv2", "modify_rule"),
    }
