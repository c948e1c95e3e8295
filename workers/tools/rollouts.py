"""Deployments as those tell them who run them: ECS, Auto Scaling and Lambda, which know of them at once."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from workers.domain.telemetry import Change
from workers.domain.window import Window
from workers.tools.inventory import Account
from workers.tools.trail import tail


def ecs(account: Account, window: Window) -> list[Change]:
    """Deployments that ECS itself shows: the present one of each service, and those it is replacing."""
    found: list[Change] = []
    services = (r for r in account.inventory().topology.resources if r.system == "aws:ecs-services")
    by_cluster: dict[str, list[str]] = {}
    for service in services:
        by_cluster.setdefault(service.attributes["cluster"], []).append(service.name)
    for cluster, names in by_cluster.items():
        for first in range(0, len(names), 10):
            batch = names[first : first + 10]
            reply = account.aws.call("ecs", "describe_services", cluster=cluster, services=batch)
            found += [c for s in reply["services"] for c in _deployments(s, window)]
    return found


def _deployments(service: dict[str, Any], window: Window) -> list[Change]:
    rows = sorted(service.get("deployments", []), key=lambda d: d["createdAt"])
    revisions = ["", *(tail(d["taskDefinition"]) for d in rows)]
    return [
        Change(
            id=row["id"],
            at=row["createdAt"],
            kind="deployment",
            service=service["serviceName"],
            summary=f"{tail(row['taskDefinition'])} was deployed to {service['serviceName']}",
            before=revisions[index],
            after=tail(row["taskDefinition"]),
            source="ecs",
        )
        for index, row in enumerate(rows)
        if window.holds(row["createdAt"])
    ]


def autoscaling(account: Account, window: Window) -> list[Change]:
    """Instance refreshes to a launch template version, which Auto Scaling knows of at once."""
    found: list[Change] = []
    for group in account.inventory().topology.resources:
        if group.system != "aws:autoscaling-groups":
            continue
        refreshes = account.aws.pages(
            "autoscaling", "describe_instance_refreshes", "InstanceRefreshes", AutoScalingGroupName=group.name
        )
        before = ""
        for row in sorted(refreshes, key=lambda r: r["StartTime"]):
            template = row.get("DesiredConfiguration", {}).get("LaunchTemplate", {})
            after = f"{template['LaunchTemplateName']}:{template['Version']}" if template else before
            if after != before and window.holds(row["StartTime"]):
                found.append(
                    Change(
                        id=row["InstanceRefreshId"],
                        at=row["StartTime"],
                        kind="deployment",
                        service=group.name,
                        summary=f"{after} was deployed to {group.name}",
                        before=before,
                        after=after,
                        source="autoscaling",
                    )
                )
            before = after
    return found


def functions(account: Account, window: Window) -> list[Change]:
    """The newest version that each function's alias names, which Lambda knows of at once.

    It was published a little before the alias was pointed to it; when that was only the record tells.
    """
    found: list[Change] = []
    for function in account.inventory().topology.resources:
        alias = function.attributes.get("alias", "")
        if function.system != "aws:lambda-functions" or not alias:
            continue
        named = account.aws.call("lambda", "get_alias", FunctionName=function.name, Name=alias)
        listed: list[dict[str, Any]] = account.aws.pages(
            "lambda", "list_versions_by_function", "Versions", FunctionName=function.name
        )
        versions = sorted((v for v in listed if v["Version"].isdigit()), key=lambda v: int(v["Version"]))
        for old, new in pairwise(versions):
            at = datetime.strptime(new["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z")
            if new["Version"] == named["FunctionVersion"] and window.holds(at):
                before, after = (f"{function.name}:{one['Version']}" for one in (old, new))
                found.append(
                    Change(
                        id=f"{named['AliasArn']}:{new['Version']}",
                        at=at,
                        kind="deployment",
                        service=function.name,
                        summary=f"{after} was deployed to {function.name}",
                        before=before,
                        after=after,
                        source="lambda",
                    )
                )
    return found
