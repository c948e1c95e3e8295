"""Faults that sit in running tasks: no change brought them, and fresh tasks are free of them."""

import pytest
from local_cloud import CALM_LINES, LATE_LINES, LocalCloud

STALLED = '?"Event loop blocked" ?"interpreter lock" ?"at a safepoint" ?"scheduler latency"'


@pytest.mark.parametrize("application", ["shop", "booking"])
def test_a_slow_dependency_is_slow_of_its_own_until_it_is_restarted(
    cloud: LocalCloud, application: str
) -> None:
    case = cloud.play("slow_dependency", application=application, seed=4)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]
    database, group = f"{application}-db", f"/ecs/{application}/{service}"

    assert case["truth"]["revision"] is None
    assert cloud.ratio(service, "TargetResponseTime", "p50") > 4
    assert cloud.ratio(service, "CPUUtilization") < 1.3
    assert cloud.ratio(database, "CPUUtilization") < 1.3
    assert len(cloud.log(group, STALLED, LATE_LINES)) > 10
    assert not cloud.log(group, STALLED, CALM_LINES)

    caller = {"shop": "storefront", "booking": "portal"}[application]
    cloud.restart(application, caller)
    assert cloud.state_after(alarm, 300) == "ALARM"
    cloud.restart(application, service)
    assert cloud.state_after(alarm, 300) == "OK"


@pytest.mark.parametrize("application", ["shop", "booking"])
def test_what_healed_by_itself_was_over_before_anybody_looked(cloud: LocalCloud, application: str) -> None:
    case = cloud.play("self_healed", application=application, seed=4, onset_minutes=12)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]
    group = f"/ecs/{application}/{service}"

    history = cloud.client("cloudwatch").describe_alarm_history(
        AlarmName=alarm, HistoryItemType="StateUpdate", ScanBy="TimestampAscending"
    )["AlarmHistoryItems"]
    latency = cloud.series(service, "TargetResponseTime", "p50", (-30, 0))

    moves = [item["HistorySummary"].rpartition(" ")[2] for item in history]
    assert moves[:2] == ["ALARM", "OK"]
    assert cloud.state_of(alarm) == "OK"
    assert max(latency.values()) > 4 * cloud.level(service, "TargetResponseTime", "p50", (-45, -14))
    assert cloud.level(service, "TargetResponseTime", "p50", (-4, -1)) < 1.3 * min(latency.values())
    assert cloud.log(group, STALLED, (-11, -8))
    assert not cloud.log(group, STALLED, (-4, -1))
