"""Amazon CloudWatch metrics: which there are, and their points."""

import re
from collections.abc import Mapping
from typing import Any

from workers.sandbox.estate.series import Series
from workers.sandbox.estate.statistics import known
from workers.sandbox.front import tables
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.expressions import Line, evaluate
from workers.sandbox.front.refusal import CloudError

QUERIES, POINTS, POINTS_STATISTICS = 500, 100_800, 1440
HIGH_RESOLUTION = (1, 5, 10, 20, 30)
KEPT_HIGH = 3 * 3600
_ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}$")


def list_metrics(desk: Desk) -> Result:
    """ListMetrics."""
    found = [s for s in _shown(desk).values() if _fits(s, desk.params)]
    found.sort(key=lambda s: (s.namespace, s.name, len(s.dimensions), s.dimensions))
    page, token = desk.page(found, 500, desk.get("NextToken"))
    metrics = [
        {"Namespace": s.namespace, "MetricName": s.name, "Dimensions": _dimensions(s.dimensions)}
        for s in page
    ]
    return trimmed({"Metrics": metrics, "NextToken": token})


def get_metric_data(desk: Desk) -> Result:
    """GetMetricData: queries of one metric each, and expressions on them."""
    queries, start, end = desk.params["MetricDataQueries"], desk.params["StartTime"], desk.params["EndTime"]
    _check(queries, start, end)
    limit = desk.get("MaxDatapoints", POINTS)
    if not 0 < limit <= POINTS:
        raise CloudError("ValidationError", f"MaxDatapoints must be between 1 and {POINTS}.")
    lines = _lines(desk, queries, start, end)
    newest_first = desk.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    shown = [query for query in queries if query.get("ReturnData", True)]
    return _paged(desk, [_result(query, lines[query["Id"]], newest_first) for query in shown], limit)


def _lines(desk: Desk, queries: list[Mapping[str, Any]], start: float, end: float) -> dict[str, Line]:
    """What each query finds; expressions come last, and see what stands before them."""
    found: dict[str, Line] = {}
    for query in sorted(queries, key=lambda query: "Expression" in query):
        if "Expression" in query:
            period = min((q["MetricStat"]["Period"] for q in queries if "MetricStat" in q), default=60)
            found[query["Id"]] = evaluate(query["Expression"], found, query.get("Period", period))
        else:
            found[query["Id"]] = _line(desk, query["MetricStat"], start, end)
    return found


def _line(desk: Desk, stat: Mapping[str, Any], start: float, end: float) -> Line:
    series = _find(desk, stat["Metric"])
    if series is None or stat.get("Unit") not in (None, series.unit):
        return {}
    found = _points(desk, series, start, end, stat["Period"])
    if found is None:
        return {}
    return dict(zip(found.times.tolist(), found.value(stat["Stat"]).tolist(), strict=True))


def _result(query: Mapping[str, Any], line: Line, newest_first: bool) -> Result:
    metric = query.get("MetricStat", {}).get("Metric", {}).get("MetricName")
    times = sorted(line, reverse=newest_first)
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or metric or query["Id"],
        "Timestamps": times,
        "Values": [line[at] for at in times],
        "StatusCode": "Complete",
    }


def get_metric_statistics(desk: Desk) -> Result:
    """GetMetricStatistics: several statistics of one metric, in no particular order."""
    given = desk.params
    plain, percentiles = desk.get("Statistics", []), desk.get("ExtendedStatistics", [])
    if not plain and not percentiles:
        text = "At least one of the parameters Statistics and ExtendedStatistics must be specified"
        raise CloudError("InvalidParameterCombination", text)
    for word in (*plain, *percentiles):
        if not known(word):
            raise CloudError(
                "InvalidParameterValue", f"The value {word} for parameter Statistics is not supported."
            )
    period, start, end = given["Period"], given["StartTime"], given["EndTime"]
    _check_period(period, "InvalidParameterValue", "The parameter Period")
    if start >= end:
        text = "The parameter StartTime must be less than the parameter EndTime."
        raise CloudError("InvalidParameterCombination", text)
    if (end - start) / period > POINTS_STATISTICS:
        text = (
            f"You have requested up to {int((end - start) // period):,} datapoints, which exceeds the limit "
            f"of {POINTS_STATISTICS:,}. You may reduce the datapoints requested by increasing Period, or "
            "decreasing the time range."
        )
        raise CloudError("InvalidParameterCombination", text)
    return {"Label": given["MetricName"], "Datapoints": _datapoints(desk, plain, percentiles)}


def _datapoints(desk: Desk, plain: list[str], percentiles: list[str]) -> list[Result]:
    given = desk.params
    series = _find(desk, given)
    if series is None:
        return []
    found = _points(desk, series, given["StartTime"], given["EndTime"], given["Period"])
    if found is None:
        return []
    values = {word: found.value(word) for word in (*plain, *percentiles)}
    points = []
    for index, at in enumerate(found.times):
        point: Result = {"Timestamp": float(at), "Unit": series.unit}
        point |= {word: float(values[word][index]) for word in plain}
        if percentiles:
            point["ExtendedStatistics"] = {word: float(values[word][index]) for word in percentiles}
        points.append(point)
    # CloudWatch promises no order here, and keeps that promise.
    return points[len(points) // 3 :] + points[: len(points) // 3]


# ---- points and pages ----


def _points(desk: Desk, series: Series, start: float, end: float, period: int):
    """The points, or None when there are none at this resolution: it is kept for three hours."""
    if period < 60:
        if series.resolution >= 60:
            return None
        start = max(start, desk.now - KEPT_HIGH)
    start = start // period * period
    end = min(end, desk.visible(series))
    return desk.world.points(series, start, end, period) if start < end else None


def _paged(desk: Desk, results: list[Result], limit: int) -> Result:
    """At most `limit` points, filling query by query; the token says where to go on."""
    begin = 0
    if desk.get("NextToken"):
        offset = desk.page(range(10**9), 1, desk.params["NextToken"])[0]
        begin = offset[0]
    messages: list[Result] = []
    left, seen, cut = limit, 0, False
    for result in results:
        count = len(result["Timestamps"])
        low = min(max(begin - seen, 0), count)
        high = min(low + left, count)
        for member in ("Timestamps", "Values"):
            result[member] = result[member][low:high]
        left -= high - low
        seen += count
        if high < count:
            result["StatusCode"], cut = "PartialData", True
    answer: Result = {"MetricDataResults": results, "Messages": messages}
    if cut:
        answer["NextToken"] = desk.page(range(10**9), begin + limit, None)[1]
    return answer


# ---- finding and checking ----


def _shown(desk: Desk) -> dict[tuple[str, str, tuple[tuple[str, str], ...]], Series]:
    found = {**desk.world.series, **tables.series(desk.world.application)}
    return {key: s for key, s in found.items() if not _is_dropped(desk, s)}


def _is_dropped(desk: Desk, series: Series) -> bool:
    return f"{series.part}/{series.name}" in desk.playing.dropped


def _find(desk: Desk, metric: Mapping[str, Any]) -> Series | None:
    pairs = tuple(sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions") or []))
    key = metric["Namespace"], metric["MetricName"], pairs
    series = desk.world.series.get(key) or tables.series(desk.world.application).get(key)
    return None if series is None or _is_dropped(desk, series) else series


def _fits(series: Series, wanted: Mapping[str, Any]) -> bool:
    if wanted.get("Namespace") not in (None, series.namespace):
        return False
    if wanted.get("MetricName") not in (None, series.name):
        return False
    own = dict(series.dimensions)
    return all(
        d["Name"] in own and d.get("Value") in (None, own[d["Name"]]) for d in wanted.get("Dimensions") or []
    )


def _dimensions(pairs: tuple[tuple[str, str], ...]) -> list[Result]:
    return [{"Name": name, "Value": value} for name, value in pairs]


def _check(queries: list[Mapping[str, Any]], start: float, end: float) -> None:
    if start >= end:
        raise CloudError(
            "ValidationError", "The parameter StartTime must be less than the parameter EndTime."
        )
    if len(queries) > QUERIES:
        raise CloudError(
            "ValidationError",
            f"The collection MetricDataQueries must not have a size greater than {QUERIES}.",
        )
    ids = [query["Id"] for query in queries]
    if len(set(ids)) < len(ids):
        raise CloudError(
            "ValidationError", "The values for parameter Id in MetricDataQueries are not unique."
        )
    for index, query in enumerate(queries, 1):
        _check_query(query, f"MetricDataQueries.member.{index}")


def _check_query(query: Mapping[str, Any], where: str) -> None:
    if not _ID.match(query["Id"]):
        text = f"The value {query['Id']} for parameter {where}.Id is not matching the expected pattern"
        raise CloudError("ValidationError", f"{text} ^[a-z][a-zA-Z0-9_]*$.")
    if ("MetricStat" in query) == ("Expression" in query):
        text = f"Exactly one of {where}.MetricStat and {where}.Expression must be specified."
        raise CloudError("ValidationError", text)
    if "Expression" in query:
        return
    stat = query["MetricStat"]
    _check_period(stat["Period"], "ValidationError", f"The value for parameter {where}.MetricStat.Period")
    if not known(stat["Stat"]):
        text = f"The value {stat['Stat']} for parameter {where}.MetricStat.Stat is not supported."
        raise CloudError("ValidationError", text)


def _check_period(period: int, code: str, subject: str) -> None:
    if period < 1 or (period not in HIGH_RESOLUTION and period % 60):
        raise CloudError(code, f"{subject} must be 1, 5, 10, 20, 30, or a multiple of 60.")


HANDLERS: dict[str, Handler] = {
    "ListMetrics": list_metrics,
    "GetMetricData": get_metric_data,
    "GetMetricStatistics": get_metric_statistics,
}
