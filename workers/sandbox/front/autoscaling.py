"""EC2 Auto Scaling: groups, what they did and why, and instance refreshes."""

from workers.sandbox.estate.names import uuid
from workers.sandbox.estate.tasks import ServiceState
from workers.sandbox.front.autoscaling_views import (
    activities_view,
    group_view,
    largest,
    refresh_status,
    refresh_view,
)
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.ec2 import template
from workers.sandbox.front.refusal import CloudError


def describe_auto_scaling_groups(desk: Desk) -> Result:
    """DescribeAutoScalingGroups."""
    names = desk.get("AutoScalingGroupNames", [])
    found = [group_view(desk, state) for state in _groups(desk).values() if not names or state.name in names]
    page, token = desk.page(found, desk.get("MaxRecords", 50), desk.get("NextToken"), "InvalidNextToken")
    return trimmed({"AutoScalingGroups": list(page), "NextToken": token})


def describe_scaling_activities(desk: Desk) -> Result:
    """DescribeScalingActivities: of one group or of all, newest first."""
    name = desk.get("AutoScalingGroupName")
    states = [_known(desk, name)] if name else list(_groups(desk).values())
    found = [one for state in states for one in activities_view(desk, state) if one["StartTime"] <= desk.now]
    found.sort(key=lambda one: one["StartTime"], reverse=True)
    page, token = desk.page(found, desk.get("MaxRecords", 100), desk.get("NextToken"), "InvalidNextToken")
    return trimmed({"Activities": list(page), "NextToken": token})


def describe_instance_refreshes(desk: Desk) -> Result:
    """DescribeInstanceRefreshes, newest first."""
    state = _known(desk, desk.params["AutoScalingGroupName"])
    wanted = desk.get("InstanceRefreshIds", [])
    found = [refresh_view(desk, state, rollout) for rollout in reversed(state.rollouts)]
    found = [one for one in found if not wanted or one["InstanceRefreshId"] in wanted]
    page, token = desk.page(found, desk.get("MaxRecords", 50), desk.get("NextToken"), "InvalidNextToken")
    return trimmed({"InstanceRefreshes": list(page), "NextToken": token})


def start_instance_refresh(desk: Desk) -> Result:
    """StartInstanceRefresh: to another version of the launch template, or all instances anew."""
    state = _known(desk, desk.params["AutoScalingGroupName"])
    if refresh_status(state, state.rollouts[-1]) == "InProgress":
        text = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
        raise CloudError("InstanceRefreshInProgress", text)
    wanted = desk.get("DesiredConfiguration", {}).get("LaunchTemplate")
    revision = _version(desk, state, wanted) if wanted else state.template or state.primary.revision
    state.template = None
    rollout = desk.world.deploy(state.name, desk.now, revision, None, force=True)
    return {"InstanceRefreshId": uuid("refresh", rollout.id)}


def set_desired_capacity(desk: Desk) -> Result:
    """SetDesiredCapacity."""
    state = _known(desk, desk.params["AutoScalingGroupName"])
    _resize(desk, state, desk.params["DesiredCapacity"])
    return {}


def update_auto_scaling_group(desk: Desk) -> Result:
    """UpdateAutoScalingGroup: capacity, launch template, and how much of it is bought on demand."""
    state = _known(desk, desk.params["AutoScalingGroupName"])
    if desk.get("LaunchTemplate"):
        # What runs is not replaced by this: a refresh that names no version of its own takes it up.
        state.template = _version(desk, state, desk.params["LaunchTemplate"])
    bought = desk.get("MixedInstancesPolicy", {}).get("InstancesDistribution", {})
    if bought.get("OnDemandPercentageAboveBaseCapacity", 0) > 0:
        desk.world.conditions.turn(desk.now, state.name, "unplaceable", 0.0)
    if desk.get("DesiredCapacity") is not None:
        _resize(desk, state, desk.params["DesiredCapacity"])
    return {}


# ---- looking things up ----


def _groups(desk: Desk) -> dict[str, ServiceState]:
    return {name: desk.world.fleet.services[name] for name in sorted(desk.world.application.on("ec2"))}


def _known(desk: Desk, name: str) -> ServiceState:
    if name not in _groups(desk):
        raise CloudError("ValidationError", "AutoScalingGroup name not found - null", 400)
    return _groups(desk)[name]


def _version(desk: Desk, state: ServiceState, given: Result) -> int:
    service = template(desk, given)
    newest = desk.world.revisions.newest(service).number
    version = {"$Latest": newest, "$Default": newest}.get(given.get("Version", "$Default"))
    version = version or int(given["Version"])
    if service != state.name or version not in desk.world.revisions.table[service]:
        raise CloudError("ValidationError", "You must use a valid fully-formed launch template.", 400)
    return version


def _resize(desk: Desk, state: ServiceState, wanted: int) -> None:
    most = largest(desk, state)
    if not 0 <= wanted <= most:
        side = f"above max value {most}" if wanted > most else "below min value 0"
        text = f"New SetDesiredCapacity value {wanted} is {side} for the AutoScalingGroup."
        raise CloudError("ValidationError", text, 400)
    desk.world.deploy(state.name, desk.now, None, wanted)


HANDLERS: dict[str, Handler] = {
    "DescribeAutoScalingGroups": describe_auto_scaling_groups,
    "DescribeScalingActivities": describe_scaling_activities,
    "DescribeInstanceRefreshes": describe_instance_refreshes,
    "StartInstanceRefresh": start_instance_refresh,
    "SetDesiredCapacity": set_desired_capacity,
    "UpdateAutoScalingGroup": update_auto_scaling_group,
}
