"""CodeDeploy: deployments to ECS services, functions and instances, with the revision of each."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast

import yaml

from workers.domain.call import Gap
from workers.domain.telemetry import Change
from workers.domain.window import Window
from workers.tools.inventory import Account
from workers.tools.told import Told
from workers.tools.trail import tail

SOURCE = "codedeploy"
MOST = 100
"""Deployments of one window that are read; what is more is said to be missing."""
BATCH = 25
"""BatchGetDeployments takes so many ids, BatchGetDeploymentGroups a hundred names."""
ENDED = {"Failed": " and failed", "Stopped": " and was stopped"}


def deployments(account: Account, window: Window, gaps: list[Gap]) -> list[Told]:
    """What CodeDeploy began in a window, one change for each service, function or group it goes to."""
    aws = account.aws
    ids: list[str] = aws.pages(
        "codedeploy",
        "list_deployments",
        "deployments",
        limit=MOST + 1,
        createTimeRange={"start": window.start, "end": window.end},
    )
    if len(ids) > MOST:
        gaps.append(
            Gap(what="CodeDeploy deployments", why=f"more than {MOST} were made; the rest was not read")
        )
        ids = ids[:MOST]
    found: list[dict[str, Any]] = []
    for first in range(0, len(ids), BATCH):
        batch = ids[first : first + BATCH]
        found += aws.pages("codedeploy", "batch_get_deployments", "deploymentsInfo", deploymentIds=batch)
    groups = _groups(account, found)
    return [told for one in found for told in _told(one, groups, aws.region)]


def _groups(account: Account, found: Iterable[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The deployment groups of these deployments, which know what they deploy to."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for one in found:
        # What AWS makes by itself on its way (blue, green) may have no group of ours.
        if one.get("applicationName") and one.get("deploymentGroupName"):
            wanted[one["applicationName"]].add(one["deploymentGroupName"])
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for application, names in wanted.items():
        listed = account.aws.pages(
            "codedeploy",
            "batch_get_deployment_groups",
            "deploymentGroupsInfo",
            applicationName=application,
            deploymentGroupNames=sorted(names)[:100],
        )
        groups |= {(application, g["deploymentGroupName"]): g for g in listed}
    return groups


def _told(one: dict[str, Any], groups: dict[tuple[str, str], dict[str, Any]], region: str) -> list[Told]:
    group = groups.get((one.get("applicationName", ""), one.get("deploymentGroupName", "")), {})
    now, was = (_revision(one.get(key) or {}) for key in ("revision", "previousRevision"))
    places = _places(group, now) or [one.get("applicationName", "")]
    return [
        Told(change=_change(one, place, now, was, len(places) > 1, region), run=one["deploymentId"])
        for place in places
    ]


def _places(group: dict[str, Any], revision: dict[str, str]) -> list[str]:
    """What a deployment goes to, by the names that the inventory has."""
    services = [one["serviceName"] for one in group.get("ecsServices", [])]
    fleets = [one["name"] for one in group.get("autoScalingGroups", [])]
    function = revision.get("function")
    return [*services, *fleets, *([function] if function else [])]


def _change(
    one: dict[str, Any], place: str, now: dict[str, str], was: dict[str, str], several: bool, region: str
) -> Change:
    key: str = one["deploymentId"]
    after, commit = now.get("after", ""), now.get("commit", "")
    what = after or (f"commit {commit[:7]}" if commit else f"a revision of {one.get('applicationName', '')}")
    return Change(
        id=f"{key}:{place}" if several else key,
        at=one["createTime"],
        kind="deployment",
        service=place,
        summary=f"{what} was deployed to {place} by CodeDeploy{ENDED.get(one.get('status', ''), '')}",
        actor="" if one.get("creator") == "user" else one.get("creator", ""),
        before=now.get("before", "") or was.get("after", ""),
        after=after,
        commit=commit,
        source=SOURCE,
        link=f"https://{region}.console.aws.amazon.com/codesuite/codedeploy/deployments/{key}?region={region}",
    )


def _revision(revision: dict[str, Any]) -> dict[str, str]:
    """What a revision names: the task definition or function version it sets, or the commit it is."""
    commit = revision.get("gitHubLocation", {}).get("commitId", "")
    spec: dict[str, Any] = revision.get("appSpecContent") or revision.get("string") or {}
    content: str = spec.get("content", "")
    for resource in _resources(content):
        properties: dict[str, Any] = resource.get("Properties") or {}
        if resource.get("Type") == "AWS::ECS::Service":
            return {"after": tail(str(properties.get("TaskDefinition", ""))), "commit": commit}
        if resource.get("Type") == "AWS::Lambda::Function":
            name = str(properties.get("Name", ""))
            versions = {"before": properties.get("CurrentVersion"), "after": properties.get("TargetVersion")}
            told = {key: f"{name}:{version}" for key, version in versions.items() if version}
            return {"function": name, "commit": commit, **told}
    return {"commit": commit} if commit else {}


def _resources(content: str) -> list[dict[str, Any]]:
    """The resources of an AppSpec, which is YAML or JSON; none where it cannot be read as either."""
    try:
        spec: Any = yaml.safe_load(content) if content else None
    except yaml.YAMLError:
        return []  # the deployment is told without its revision
    listed = cast(dict[str, Any], spec).get("Resources") if isinstance(spec, dict) else None
    named = [cast(dict[str, Any], one) for one in cast(list[Any], listed or []) if isinstance(one, dict)]
    return [inner for one in named for inner in one.values() if isinstance(inner, dict)]
