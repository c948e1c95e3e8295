"""Amazon CloudWatch alarms: their configuration, state and history."""

import json
from typing import Any

from workers.sandbox.estate.alarms import (
    COMPARISONS,
    AlarmConfig,
    AlarmState,
    Transition,
    reason,
    reason_data,
)
from workers.sandbox.estate.statistics import PLAIN, percentile_share
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError


def describe_alarms(desk: Desk) -> Result:
    """DescribeAlarms."""
    names, prefix = desk.get("AlarmNames", []), desk.get("AlarmNamePrefix", "")
    if names and prefix:
        text = "AlarmNamePrefix and AlarmNames are mutually exclusive."
        raise CloudError("InvalidParameterCombination", text)
    states = [desk.world.alarms[name] for name in sorted(desk.world.alarms)]
    states = [s for s in states if (not names or s.config.name in names) and s.config.name.startswith(prefix)]
    found = [_alarm(desk, state) for state in states]
    found = [alarm for alarm in found if desk.get("StateValue") in (None, alarm["StateValue"])]
    if desk.get("AlarmTypes") == ["CompositeAlarm"]:
        found = []
    page, token = desk.page(found, desk.get("MaxRecords", 50), desk.get("NextToken"), "InvalidNextToken")
    return trimmed({"CompositeAlarms": [], "MetricAlarms": list(page), "NextToken": token})


def describe_alarms_for_metric(desk: Desk) -> Result:
    """DescribeAlarmsForMetric."""
    pairs = tuple(sorted((d["Name"], d["Value"]) for d in desk.get("Dimensions", [])))
    wanted = (desk.params["Namespace"], desk.params["MetricName"], pairs)
    states = desk.world.alarms.values()
    same = [s for s in states if (s.config.namespace, s.config.metric, s.config.dimensions) == wanted]
    return {"MetricAlarms": [_alarm(desk, state) for state in same]}


def describe_alarm_history(desk: Desk) -> Result:
    """DescribeAlarmHistory: changes of configuration and of state."""
    name, kind = desk.get("AlarmName"), desk.get("HistoryItemType")
    start, end = desk.get("StartDate", 0.0), desk.get("EndDate", desk.now)
    items = []
    for state in desk.world.alarms.values():
        if name in (None, state.config.name):
            items += _configured(state) + _moved(desk, state)
    items = [i for i in items if start <= i["Timestamp"] <= end and kind in (None, i["HistoryItemType"])]
    items.sort(key=lambda item: item["Timestamp"], reverse=desk.get("ScanBy") != "TimestampAscending")
    page, token = desk.page(items, desk.get("MaxRecords", 50), desk.get("NextToken"), "InvalidNextToken")
    return trimmed({"AlarmHistoryItems": list(page), "NextToken": token})


def put_metric_alarm(desk: Desk) -> Result:
    """PutMetricAlarm on one metric."""
    given = desk.params
    statistic = given.get("Statistic") or given.get("ExtendedStatistic")
    if (
        given.get("ComparisonOperator") not in COMPARISONS
        or "Threshold" not in given
        or not given.get("MetricName")
    ):
        raise CloudError("ValidationError", "Only alarms with a threshold on one metric can be put here.")
    if statistic not in PLAIN and percentile_share(str(statistic)) is None:
        raise CloudError(
            "ValidationError", f"The value {statistic} for parameter Statistic is not supported."
        )
    points = given.get("DatapointsToAlarm", given["EvaluationPeriods"])
    if points > given["EvaluationPeriods"]:
        text = "The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods."
        raise CloudError("ValidationError", text)
    config = AlarmConfig(
        name=given["AlarmName"],
        namespace=given["Namespace"],
        metric=given["MetricName"],
        dimensions=tuple(sorted((d["Name"], d["Value"]) for d in given.get("Dimensions") or [])),
        statistic=str(statistic),
        threshold=given["Threshold"],
        period=given.get("Period", 60),
        periods=given["EvaluationPeriods"],
        points=points,
        comparison=given["ComparisonOperator"],
        missing=given.get("TreatMissingData", "missing"),
        description=given.get("AlarmDescription", ""),
        actions=tuple(given.get("AlarmActions") or ()),
    )
    desk.world.put_alarm(config, desk.now)
    return {}


# ---- how things look ----


def _alarm(desk: Desk, state: AlarmState) -> Result:
    moves = desk.world.transitions(state)
    last = moves[-1] if moves else None
    found = _config(state.config) | {
        "AlarmArn": state.config.arn,
        "AlarmConfigurationUpdatedTimestamp": state.config.since or state.quiet_since - 86400 * 30,
        "StateValue": last.state if last else "OK",
        "StateUpdatedTimestamp": last.at if last else state.quiet_since,
        "StateTransitionedTimestamp": last.at if last else state.quiet_since,
        "StateReason": reason(state.config, last) if last else _calm(state.config),
    }
    if last:
        found["StateReasonData"] = reason_data(state.config, last)
    return found


def _calm(config: AlarmConfig) -> str:
    words = COMPARISONS[config.comparison][1]
    return f"Threshold Crossed: 1 datapoint was not {words} the threshold ({config.threshold!r})."


def _config(config: AlarmConfig) -> Result:
    key = "Statistic" if config.statistic in PLAIN else "ExtendedStatistic"
    found = {
        "AlarmName": config.name,
        "AlarmDescription": config.description or None,
        "ActionsEnabled": True,
        "OKActions": list(config.actions),
        "AlarmActions": list(config.actions),
        "InsufficientDataActions": [],
        "MetricName": config.metric,
        "Namespace": config.namespace,
        key: config.statistic,
        "Dimensions": [{"Name": name, "Value": value} for name, value in config.dimensions],
        "Period": config.period,
        "EvaluationPeriods": config.periods,
        "DatapointsToAlarm": config.points,
        "Threshold": config.threshold,
        "ComparisonOperator": config.comparison,
        "TreatMissingData": config.missing,
    }
    return trimmed(found)


def _item(name: str, at: float, kind: str, summary: str, details: dict[str, Any]) -> Result:
    return {
        "AlarmName": name,
        "AlarmType": "MetricAlarm",
        "Timestamp": at,
        "HistoryItemType": kind,
        "HistorySummary": summary,
        "HistoryData": json.dumps({"version": "1.0", **details}),
    }


def _configured(state: AlarmState) -> list[Result]:
    found = []
    for at, config, before in state.history:
        details: dict[str, Any] = {"type": "Update", "updatedAlarm": _stored(config)}
        if before:
            old, new = _stored(before), _stored(config)
            details["originalUpdatedFields"] = {key: old[key] for key in old if old[key] != new.get(key)}
        found.append(_item(config.name, at, "ConfigurationUpdate", f'Alarm "{config.name}" updated', details))
    return found


def _stored(config: AlarmConfig) -> Result:
    """A configuration as the history's JSON writes it: names in camel case."""
    return {key[0].lower() + key[1:]: value for key, value in _config(config).items()}


def _moved(desk: Desk, state: AlarmState) -> list[Result]:
    found = []
    for change in desk.world.transitions(state):
        config = next(v for v in reversed(state.versions) if v.since <= change.at)
        summary = f"Alarm updated from {change.before} to {change.state}"
        details = {"oldState": {"stateValue": change.before}, "newState": _state(config, change)}
        found.append(_item(config.name, change.at, "StateUpdate", summary, details))
        if config.actions and change.state == "ALARM":
            text = f"Successfully executed action {config.actions[0]}"
            action = {"actionState": "Succeeded", "notificationResource": config.actions[0]}
            found.append(_item(config.name, change.at + 0.1, "Action", text, action))
    return found


def _state(config: AlarmConfig, change: Transition) -> Result:
    return {
        "stateValue": change.state,
        "stateReason": reason(config, change),
        "stateReasonData": json.loads(reason_data(config, change)),
    }


HANDLERS: dict[str, Handler] = {
    "DescribeAlarms": describe_alarms,
    "DescribeAlarmsForMetric": describe_alarms_for_metric,
    "DescribeAlarmHistory": describe_alarm_history,
    "PutMetricAlarm": put_metric_alarm,
}
