"""Availability zones: what a balancer counted of a service in each of them, before a moment and since."""

from typing import Any

from pydantic import JsonValue

from workers.domain.call import StateData
from workers.domain.errors import ToolFailed
from workers.domain.risk import Risk
from workers.domain.window import Window
from workers.tools.action import Answer, Toolset, action
from workers.tools.inventory import Account
from workers.tools.metering import Counted

COUNTED = {"requests": "RequestCount", "errors": "HTTPCode_Target_5XX_Count"}


@action(risk=Risk.READ, answers="state")
def cloudwatch_zones(account: Account, service: str, window: Window, before: Window) -> Answer:
    """Requests and errors of a service behind a load balancer by availability zone, in two windows."""
    with Counted() as counted:
        found = account.inventory().topology.find(service)
        group = found.attributes.get("target_group") if found else None
        if found is None or not group:
            raise ToolFailed(f"no load balancer serves {service}")
        own = {"TargetGroup": group, "LoadBalancer": found.attributes.get("load_balancer", "")}
        zones = _zones(account, own)
        now, was = (_counts(account, own, zones, part) for part in (window, before))
    told: dict[str, JsonValue] = {zone: {"now": [*now[zone]], "before": [*was[zone]]} for zone in zones}
    return Answer(
        data=StateData(state={"zones_of": service, "zones": told}),
        source=f"cloudwatch:zones of {service}",
        cost=counted.calls,
    )


TOOLSET = Toolset(name="zones", actions=(cloudwatch_zones,))

Dimensions = dict[str, str]


def _zones(account: Account, own: Dimensions) -> list[str]:
    """The zones in which a target group has ever been counted."""
    metrics: list[dict[str, Any]] = account.aws.pages(
        "cloudwatch",
        "list_metrics",
        "Metrics",
        Namespace="AWS/ApplicationELB",
        MetricName=COUNTED["requests"],
        Dimensions=[{"Name": name, "Value": value} for name, value in own.items()],
    )
    names = ({d["Name"]: d["Value"] for d in metric["Dimensions"]} for metric in metrics)
    return sorted({found["AvailabilityZone"] for found in names if "AvailabilityZone" in found})


def _counts(
    account: Account, own: Dimensions, zones: list[str], window: Window
) -> dict[str, tuple[float, float]]:
    """Requests and errors in each zone."""
    queries = {
        f"{what}{number}": (zone, what) for number, zone in enumerate(zones) for what in sorted(COUNTED)
    }
    results = account.aws.pages(
        "cloudwatch",
        "get_metric_data",
        "MetricDataResults",
        MetricDataQueries=[_query(key, zone, COUNTED[what], own) for key, (zone, what) in queries.items()],
        StartTime=window.start,
        EndTime=window.end,
    )
    sums = dict.fromkeys(queries.values(), 0.0)
    for result in results:
        sums[queries[result["Id"]]] += sum(result["Values"])
    return {zone: (sums[zone, "requests"], sums[zone, "errors"]) for zone in zones}


def _query(key: str, zone: str, metric: str, own: Dimensions) -> dict[str, Any]:
    dimensions = [{"Name": n, "Value": v} for n, v in {**own, "AvailabilityZone": zone}.items()]
    named = {"Namespace": "AWS/ApplicationELB", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": key, "MetricStat": {"Metric": named, "Period": 60, "Stat": "Sum"}}
