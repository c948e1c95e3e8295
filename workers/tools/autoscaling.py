"""Auto Scaling groups: what their instances went through, and what two launch template versions differ in."""

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from workers.domain.call import Gap, HappeningData, StateData
from workers.domain.errors import ToolFailed
from workers.domain.risk import Risk
from workers.domain.telemetry import Happening, Resource
from workers.domain.window import Window, from_epoch
from workers.tools import launch_templates
from workers.tools.action import Answer, Toolset, action
from workers.tools.guarded import guarded
from workers.tools.inventory import Account
from workers.tools.metering import Counted
from workers.tools.revisions import compared

# What a scaling activity means; the first match wins.
MEANINGS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("sufficient", "insufficientinstancecapacity", "launching ec2 instance failed"), "placement_failed"),
    (("health check",), "task_stopped"),
)
RUNNING = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")
"""How far an instance refresh is that is not over."""
KERNEL = '"Out of memory: Killed process"'
MOST_LINES = 200

Revision = Annotated[str, Field(pattern=r"^[\w().-]+:\d+$")]


@action(risk=Risk.READ, answers="happenings")
def autoscaling_events(account: Account, service: str, window: Window) -> Answer:
    """What an Auto Scaling group and its instances went through: activities, refreshes, memory kills."""
    gaps: list[Gap] = []
    with Counted() as counted:
        told: list[Happening] = []
        _group_named(account, service)
        activities = account.aws.pages(
            "autoscaling", "describe_scaling_activities", "Activities", AutoScalingGroupName=service
        )
        refreshes = _refreshes(account, service)
        told += [_activity(service, one) for one in activities]
        told += [_refresh(service, one) for one in refreshes if one.get("EndTime")]
        for what, ask in (("what the kernel says on the instances", _killed), ("the hosts", _impaired)):
            asked = partial(ask, account, service, window)
            told += guarded(f"{what} of {service}", asked, gaps, about=service)
    inside = sorted((h for h in told if window.holds(h.at)), key=lambda h: h.at)
    return Answer(
        data=HappeningData(happenings=tuple(inside)),
        source=f"autoscaling:{service}",
        gaps=tuple(gaps),
        cost=counted.calls,
    )


@action(risk=Risk.READ, answers="state")
def autoscaling_revision(
    account: Account, service: str, after: Revision, before: Revision | Literal[""] = ""
) -> Answer:
    """What a launch template version (`name:number`) differs in from the one before: image, environment."""
    return compared(
        account, service, after, before, source="ec2:launch-template", earlier=_earlier, read=_version
    )


@action(risk=Risk.READ, answers="state")
def autoscaling_group(account: Account, group: str) -> Answer:
    """The state of an Auto Scaling group now: launch template version, desired and healthy instances."""
    with Counted() as counted:
        found = account.aws.call(
            "autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[group]
        )["AutoScalingGroups"]
        if not found:
            raise ToolFailed(f"there is no Auto Scaling group {group}")
        refreshes = _refreshes(account, group)
    return Answer(data=StateData(state=state(found[0], refreshes)), source="autoscaling", cost=counted.calls)


TOOLSET = Toolset(name="autoscaling", actions=(autoscaling_events, autoscaling_revision, autoscaling_group))


def state(group: dict[str, Any], refreshes: list[dict[str, Any]]) -> dict[str, Any]:
    """The parts of a group's description that a change can alter or break; `refreshes` newest first.

    While a refresh to another version runs, the group itself still names the version before.
    """
    newest: dict[str, Any] = refreshes[0] if refreshes else {"Status": "Successful"}
    coming = newest["Status"] in RUNNING
    wanted = newest.get("DesiredConfiguration", {}).get("LaunchTemplate") if coming else None
    template: dict[str, Any] = wanted or group.get("LaunchTemplate", {})
    there = [one for one in group["Instances"] if one["LifecycleState"] != "Terminating"]
    ready = [one for one in there if (one["LifecycleState"], one["HealthStatus"]) == ("InService", "Healthy")]
    words = {"Successful": "COMPLETED"}
    return {
        "template": template.get("LaunchTemplateName", ""),
        "version": template.get("Version", ""),
        "desiredCount": group["DesiredCapacity"],
        "runningCount": len(ready),
        "pendingCount": len(there) - len(ready),
        "deployments": max(1, len({one.get("LaunchTemplate", {}).get("Version") for one in there})),
        "rolloutState": "IN_PROGRESS" if coming else words.get(newest["Status"], "FAILED"),
    }


def _group_named(account: Account, name: str) -> Resource:
    found = account.inventory().topology.find(name)
    if found is None or found.system != "aws:autoscaling-groups":
        raise ToolFailed(f"{name} is not an Auto Scaling group")
    return found


def _refreshes(account: Account, group: str) -> list[dict[str, Any]]:
    return account.aws.pages(
        "autoscaling", "describe_instance_refreshes", "InstanceRefreshes", AutoScalingGroupName=group
    )


def _activity(service: str, activity: dict[str, Any]) -> Happening:
    text = activity["Description"]
    if activity.get("StatusCode") != "Failed":
        text = f"{text}: {activity['Cause']}"
    return _happening(service, activity["StartTime"], _kind(text), text)


def _refresh(service: str, refresh: dict[str, Any]) -> Happening:
    template = refresh.get("DesiredConfiguration", {}).get("LaunchTemplate", {})
    revision = f"{template.get('LaunchTemplateName', '')}:{template.get('Version', '')}" if template else ""
    text = f"instance refresh {refresh['Status']}. {refresh.get('StatusReason', '')}".strip()
    return _happening(service, refresh["EndTime"], "rollout", text, revision)


def _killed(account: Account, service: str, window: Window) -> list[Happening]:
    """Processes that the kernel killed for their memory, as the log group of the instances has it."""
    group = account.inventory().log_group(service)
    if not group:
        return []
    events: list[dict[str, Any]] = account.aws.pages(
        "logs",
        "filter_log_events",
        "events",
        limit=MOST_LINES,
        logGroupName=group,
        startTime=int(window.start.timestamp() * 1000),
        endTime=int(window.end.timestamp() * 1000),
        filterPattern=KERNEL,
    )
    return [
        _happening(service, from_epoch(e["timestamp"] / 1000), "out_of_memory", e["message"]) for e in events
    ]


def _impaired(account: Account, service: str, _window: Window) -> list[Happening]:
    """Instances of the group whose host fails its status check now."""
    groups = account.aws.call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[service])[
        "AutoScalingGroups"
    ]
    ids = [one["InstanceId"] for group in groups for one in group["Instances"]]
    found = (
        account.aws.pages("ec2", "describe_instance_status", "InstanceStatuses", InstanceIds=ids)
        if ids
        else []
    )
    return [
        _happening(
            service,
            detail["ImpairedSince"],
            "impaired",
            f"the host of {one['InstanceId']} in {one['AvailabilityZone']} is impaired",
        )
        for one in found
        for detail in one.get("SystemStatus", {}).get("Details", [])
        if detail.get("ImpairedSince")
    ]


def _happening(service: str, at: Any, kind: str, text: str, revision: str = "") -> Happening:
    return Happening.model_validate(
        {
            "at": at,
            "service": service,
            "kind": kind,
            "text": text,
            "revision": revision,
            "source": f"autoscaling:{service}",
        }
    )


def _kind(text: str) -> str:
    lowered = text.lower()
    return next((kind for words, kind in MEANINGS if any(word in lowered for word in words)), "other")


def _earlier(account: Account, revision: str) -> str:
    """The version before `name:n`: the newest of its template that is older."""
    name, _, number = revision.rpartition(":")
    versions: list[int] = account.aws.pages(
        "ec2",
        "describe_launch_template_versions",
        "LaunchTemplateVersions[].VersionNumber",
        LaunchTemplateName=name,
        MaxVersion=str(int(number) - 1),
    )
    if not versions:
        raise ToolFailed(f"{revision} has no earlier version")
    return f"{name}:{max(versions)}"


def _version(account: Account, revision: str) -> dict[str, str]:
    name, _, number = revision.rpartition(":")
    reply = account.aws.call(
        "ec2", "describe_launch_template_versions", LaunchTemplateName=name, Versions=[number]
    )
    return launch_templates.flat(reply["LaunchTemplateVersions"][0])
