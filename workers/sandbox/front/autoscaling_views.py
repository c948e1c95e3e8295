"""How EC2 Auto Scaling shows its groups, their activities and their instance refreshes."""

from datetime import UTC, datetime

from workers.sandbox.estate.names import ZONES, digest, number, uuid
from workers.sandbox.estate.tasks import Deployment, ServiceState, Task
from workers.sandbox.front.desk import Desk, Result, trimmed

GIVEN_UP = 4
"""How many instances have to fail for a refresh to fail with them; the group goes on launching others."""
LARGEST = 4
"""How many times its usual size a group may have."""


def largest(desk: Desk, state: ServiceState) -> int:
    """How many instances a group may have."""
    return LARGEST * desk.world.application.services[state.name].tasks


def group_view(desk: Desk, state: ServiceState) -> Result:
    """A group, with its instances."""
    spec = desk.world.application.services[state.name]
    there = [t for t in state.tasks if t.created <= desk.now and (t.stopped is None or t.stopped > desk.now)]
    tags = {"Name": desk.names.family(state.name), "Service": state.name}
    return {
        "AutoScalingGroupName": state.name,
        "AutoScalingGroupARN": desk.names.group(state.name),
        "LaunchTemplate": _template(desk, state.name, state.template or state.primary.revision),
        "MinSize": 0,
        "MaxSize": largest(desk, state),
        "DesiredCapacity": state.desired,
        "DefaultCooldown": 300,
        "AvailabilityZones": list(ZONES),
        "TargetGroupARNs": [] if spec.consumes else [desk.names.target_group(state.name)],
        "HealthCheckType": "EC2" if spec.consumes else "ELB",
        "HealthCheckGracePeriod": 30,
        "Instances": [_member(desk, task) for task in there],
        "CreatedTime": state.created,
        "SuspendedProcesses": _suspended(desk, state),
        "VPCZoneIdentifier": ",".join(f"subnet-0{number(16**16, 'subnet', n):016x}" for n in range(3)),
        "EnabledMetrics": [{"Metric": "GroupInServiceInstances", "Granularity": "1Minute"}],
        "Tags": [
            {
                "ResourceId": state.name,
                "ResourceType": "auto-scaling-group",
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": True,
            }
            for key, value in tags.items()
        ],
        "TerminationPolicies": ["Default"],
        "NewInstancesProtectedFromScaleIn": False,
    }


def _suspended(desk: Desk, state: ServiceState) -> list[Result]:
    """Somebody kept the group from replacing what is unhealthy, weeks ago."""
    if desk.world.conditions.since(state.name, "unreplaced") is None:
        return []
    day = datetime.fromtimestamp(desk.world.began - 86400 * 23, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [{"ProcessName": "ReplaceUnhealthy", "SuspensionReason": f"User suspended at {day}"}]


def _template(desk: Desk, service: str, version: int) -> Result:
    return {
        "LaunchTemplateId": desk.names.template_id(service),
        "LaunchTemplateName": desk.names.family(service),
        "Version": str(version),
    }


def _member(desk: Desk, task: Task) -> Result:
    leaving = task.stopping is not None and task.stopping <= desk.now
    coming = task.started > desk.now
    sick = not coming and task.out_of_service(desk.now - 1, desk.now) > 0
    return {
        "InstanceId": desk.names.instance(task.id),
        "InstanceType": desk.world.application.services[task.service].instance_type,
        "AvailabilityZone": task.zone,
        "LifecycleState": "Terminating" if leaving else "Pending" if coming else "InService",
        "HealthStatus": "Unhealthy" if sick else "Healthy",
        "LaunchTemplate": _template(desk, task.service, task.revision),
        "ProtectedFromScaleIn": False,
    }


def refresh_status(state: ServiceState, rollout: Deployment) -> str:
    """How far a rollout is, in the words of an instance refresh."""
    if rollout.state == "COMPLETED":
        return "Successful"
    if rollout.failed >= GIVEN_UP:
        return "Failed"
    return "InProgress" if rollout is state.rollouts[-1] else "Cancelled"


def refresh_view(desk: Desk, state: ServiceState, rollout: Deployment) -> Result:
    """A rollout as an instance refresh."""
    status = refresh_status(state, rollout)
    mine = [t for t in state.running(desk.now) if t.deployment == rollout.id and not t.flaw]
    done = 100 if status == "Successful" else int(100 * len(mine) / max(rollout.desired, 1))
    reasons = {
        "Failed": "Instances of the desired configuration failed their health checks.",
        "Cancelled": "Cancelled by a later instance refresh.",
    }
    return trimmed(
        {
            "InstanceRefreshId": uuid("refresh", rollout.id),
            "AutoScalingGroupName": state.name,
            "Status": status,
            "StatusReason": reasons.get(status),
            "StartTime": rollout.created,
            "EndTime": None if status == "InProgress" else max(rollout.updated, rollout.created),
            "PercentageComplete": min(done, 100),
            "InstancesToUpdate": 0 if status == "Successful" else max(rollout.desired - len(mine), 0),
            "Preferences": {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200},
            "DesiredConfiguration": {"LaunchTemplate": _template(desk, state.name, rollout.revision)},
        }
    )


_ENDED = {
    "EssentialContainerExited": "an instance was taken out of service in response to an ELB system health "
    "check failure.",
    "SpotInterruption": "an instance was taken out of service in response to a Spot Instance interruption.",
    "refresh": "an instance was taken out of service in response to an instance refresh.",
    "smaller": "an instance was taken out of service in response to a difference between desired and actual "
    "capacity, shrinking the capacity.",
}
_GREW = (
    "an instance was started in response to a difference between desired and actual capacity, increasing "
    "the capacity."
)
_NO_ROOM = (
    "We currently do not have sufficient {type} capacity in the Availability Zone you requested ({zone}). "
    "Our system will be working on provisioning additional capacity. Launching EC2 instance failed."
)


def activities_view(desk: Desk, state: ServiceState) -> list[Result]:
    """Every launch and every end of an instance, and the launches that failed, in no order."""
    kind, found = desk.world.application.services[state.name].instance_type, list[Result]()
    for task in state.tasks:
        name = desk.names.instance(task.id)
        text, done = f"Launching a new EC2 instance: {name}", min(task.started, desk.now)
        found.append(_activity(desk, state, task.created, text, _GREW, done))
        if task.stopping is not None:
            text, ended = f"Terminating EC2 instance: {name}", task.stopped or task.stopping
            found.append(_activity(desk, state, task.stopping, text, _ENDED[_why(state, task)], ended))
    for nth, at in enumerate(state.refused):
        reason = _NO_ROOM.format(type=kind, zone=ZONES[nth % 3])
        text = f"Launching a new EC2 instance.  Status Reason: {reason}"
        found.append(_activity(desk, state, at, text, _GREW, at + 1, reason))
    return found


def _why(state: ServiceState, task: Task) -> str:
    if task.stop_code in _ENDED:
        return task.stop_code
    if "health checks" in task.stop_reason:
        return "EssentialContainerExited"
    # A rollout ends the instances of those before it, a smaller group some of its own.
    return "smaller" if task.stop_reason.endswith(f"(deployment {task.deployment})") else "refresh"


def _activity(
    desk: Desk, state: ServiceState, at: float, text: str, cause: str, end: float, failed: str = ""
) -> Result:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    over = end <= desk.now
    return trimmed(
        {
            "ActivityId": uuid("activity", digest(state.name, at, text)),
            "AutoScalingGroupName": state.name,
            "AutoScalingGroupARN": desk.names.group(state.name),
            "Description": text,
            "Cause": f"At {stamp} {cause}",
            "StartTime": at,
            "EndTime": end if over else None,
            "StatusCode": "Failed" if failed else "Successful" if over else "InProgress",
            "StatusMessage": failed or None,
            "Progress": 100 if over else 30,
            "Details": "{}",
        }
    )
