"""CloudWatch: series on a regular grid, and alarms with the history of their definitions."""

import json
from collections.abc import Iterable
from typing import Any

from workers.domain.call import AlarmData, Gap, SeriesData, StateData
from workers.domain.errors import ToolFailed
from workers.domain.risk import Risk
from workers.domain.telemetry import Alarm, Series, Signal
from workers.domain.window import Window
from workers.tools import points
from workers.tools.action import Answer, Period, Target, Toolset, action
from workers.tools.inventory import Account, Inventory
from workers.tools.metering import Counted
from workers.tools.rows import Metric

Wanted = dict[Target, Metric]

# More changes of state than these are a flapping alarm, not a history that anybody reads.
MOST_ALARMS, MOST_MOVES = 5000, 5000


@action(risk=Risk.READ, answers="series", name="series")
def cloudwatch_series(
    account: Account, targets: tuple[Target, ...], window: Window, period: Period = 60
) -> Answer:
    """Metric series of services, databases, caches, queues and functions; `period` is seconds a point."""
    with Counted() as counted:
        inventory = account.inventory()
        wanted, gaps = _resolved(inventory, targets)
        grid = points.regular(window, period)
        found, failed = points.read(account, {**wanted, **_companions(inventory, wanted)}, grid, period)
    series = tuple(
        points.series(target, metric, found, grid, period, account) for target, metric in wanted.items()
    )
    return Answer(
        data=SeriesData(series=series),
        source="cloudwatch",
        gaps=(*gaps, *failed, *_silent(series, {gap.what for gap in failed})),
        cost=counted.calls,
    )


@action(risk=Risk.READ, answers="alarms", name="alarms")
def cloudwatch_alarms(account: Account, window: Window) -> Answer:
    """All alarms with their state, and whether somebody edited them inside the window."""
    with Counted() as counted:
        inventory = account.inventory()
        found = account.aws.pages("cloudwatch", "describe_alarms", "MetricAlarms")
        edits = account.aws.pages(
            "cloudwatch",
            "describe_alarm_history",
            "AlarmHistoryItems",
            HistoryItemType="ConfigurationUpdate",
            StartDate=window.start,
            EndDate=window.end,
        )
    newest = {item["AlarmName"]: item for item in sorted(edits, key=lambda item: item["Timestamp"])}
    alarms = tuple(_alarm(item, newest.get(item["AlarmName"]), inventory) for item in found)
    return Answer(data=AlarmData(alarms=alarms), source="cloudwatch:alarms", cost=counted.calls)


@action(risk=Risk.READ, answers="alarms")
def cloudwatch_alarm_history(account: Account, window: Window) -> Answer:
    """Each change of an alarm's state in a window (kept for 30 days), newest first, with its reason."""
    with Counted() as counted:
        inventory = account.inventory()
        found = account.aws.pages("cloudwatch", "describe_alarms", "MetricAlarms", limit=MOST_ALARMS)
        moves = account.aws.pages(
            "cloudwatch",
            "describe_alarm_history",
            "AlarmHistoryItems",
            limit=MOST_MOVES + 1,
            HistoryItemType="StateUpdate",
            StartDate=window.start,
            EndDate=window.end,
            MaxRecords=100,
        )
    known = {item["AlarmName"]: item for item in found}
    alarms = tuple(
        _moved(item, known.get(item["AlarmName"], {}), inventory)
        for item in sorted(moves[:MOST_MOVES], key=lambda item: item["Timestamp"], reverse=True)
        if window.holds(item["Timestamp"])
    )
    return Answer(
        data=AlarmData(alarms=alarms),
        source="cloudwatch:alarms",
        truncated=len(moves) > MOST_MOVES,
        cost=counted.calls,
    )


@action(risk=Risk.READ, answers="state")
def cloudwatch_log_retention(account: Account, service: str) -> Answer:
    """For how many days the log lines of a service are kept: `days`, 0 where they are kept for ever."""
    group = account.inventory().log_group(service)
    with Counted() as counted:
        groups = account.aws.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=group)
    days = next((g.get("retentionInDays", 0) for g in groups if g["logGroupName"] == group), None)
    if not group or days is None:
        raise ToolFailed(f"no log group of {service} is there")
    return Answer(data=StateData(state={"days": days}), source=f"logs:{group}", cost=counted.calls)


TOOLSET = Toolset(
    name="cloudwatch",
    actions=(cloudwatch_series, cloudwatch_alarms, cloudwatch_alarm_history, cloudwatch_log_retention),
)


def _resolved(inventory: Inventory, targets: Iterable[Target]) -> tuple[Wanted, list[Gap]]:
    wanted: Wanted = {}
    gaps: list[Gap] = []
    for target in dict.fromkeys(targets):
        metric = inventory.metric(target.service, target.signal)
        if metric is None:
            gaps.append(points.gap(target, "CloudWatch has no such metric"))
        else:
            wanted[target] = metric
    return wanted, gaps


def _companions(inventory: Inventory, wanted: Wanted) -> Wanted:
    """The series that others are read beside: both parts of a ratio, and what tells a zero from a gap."""
    signals = [
        (target.service, signal)
        for target, metric in wanted.items()
        for signal in (*(metric.ratio or ()), *((metric.sparse,) if metric.sparse else ()))
    ]
    found = ((Target(service=s, signal=g), inventory.metric(s, g)) for s, g in signals)
    return {target: metric for target, metric in found if metric is not None}


def _silent(series: Iterable[Series], told: set[str]) -> list[Gap]:
    gaps = (
        points.gap(Target(service=s.service, signal=s.signal), f"{s.source} has no points in the window")
        for s in series
        if s.empty
    )
    return [gap for gap in gaps if gap.what not in told]


STATES = {"OK": "ok", "ALARM": "alarm"}


def _alarm(item: dict[str, Any], edit: dict[str, Any] | None, inventory: Inventory) -> Alarm:
    service, signal = _subject(item, inventory)
    return Alarm.model_validate(
        {
            "name": item["AlarmName"],
            "service": service,
            "signal": signal,
            "state": STATES.get(item["StateValue"], "unknown"),
            "since": item.get("StateTransitionedTimestamp") or item["StateUpdatedTimestamp"],
            "edited_at": edit["Timestamp"] if edit else None,
            "edit": edit.get("HistorySummary", "") if edit else "",
            "threshold": item.get("Threshold"),
            "reason": item.get("StateReason", ""),
            "source": "cloudwatch:alarms",
        }
    )


def _moved(item: dict[str, Any], alarm: dict[str, Any], inventory: Inventory) -> Alarm:
    """A change of state as an alarm that is in it since then; what else is said of it is as of now."""
    service, signal = _subject(alarm, inventory)
    state: dict[str, Any] = json.loads(item.get("HistoryData") or "{}").get("newState", {})
    word = state.get("stateValue") or item.get("HistorySummary", "").rpartition(" to ")[2]
    return Alarm.model_validate(
        {
            "name": item["AlarmName"],
            "service": service,
            "signal": signal,
            "state": STATES.get(word, "unknown"),
            "since": item["Timestamp"],
            "threshold": alarm.get("Threshold"),
            "reason": state.get("stateReason", ""),
            "source": "cloudwatch:alarms",
        }
    )


def _subject(item: dict[str, Any], inventory: Inventory) -> tuple[str, Signal | None]:
    """The resource and signal an alarm watches: the metric of ours with its name and dimensions."""
    dimensions = {d["Name"]: d["Value"] for d in item.get("Dimensions", [])}
    for name, metrics in inventory.metrics.items():
        for signal, metric in metrics:
            names = (metric.metric, *metric.plus)
            if item.get("MetricName") in names and metric.dimensions.items() <= dimensions.items():
                return name, signal
    for name in inventory.metrics:
        if any(value == name for value in dimensions.values()):
            return name, None
    for name, resource in ((r.name, r) for r in inventory.topology.resources):
        if dimensions and dimensions.get("TargetGroup", "-") == resource.attributes.get("target_group"):
            return name, None
    return "", None
