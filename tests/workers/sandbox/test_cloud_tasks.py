"""Faults that sit in running tasks: no change brought them, and fresh tasks are free of them."""

import pytest
from local_cloud import CALM_LINES, LATE_LINES, LocalCloud, log_group

from workers.sandbox.model.rows import Column
from workers.sandbox.scenario.case import Wish
from workers.sandbox.scenario.changes import Turn
from workers.sandbox.scenario.rehearsal import rehearsed

STALLED = '?"Event loop blocked" ?"interpreter lock" ?"at a safepoint" ?"scheduler latency"'


@pytest.mark.parametrize("application", ["shop", "booking", "claims"])
def test_a_slow_dependency_is_slow_of_its_own_until_it_is_restarted(
    cloud: LocalCloud, application: str
) -> None:
    case = cloud.play("slow_dependency", application=application, seed=4)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]
    database, group = f"{application}-db", log_group(application, service)

    assert case["truth"]["revision"] is None
    assert cloud.ratio(service, "TargetResponseTime", "p50") > 4
    assert cloud.ratio(service, "CPUUtilization") < 1.8, "no more than its callers' second tries"
    assert cloud.ratio(database, "CPUUtilization") < 1.3
    assert len(cloud.log(group, STALLED, LATE_LINES)) > 10
    assert not cloud.log(group, STALLED, CALM_LINES)

    caller = {"shop": "storefront", "booking": "portal", "claims": "website"}[application]
    cloud.restart(application, caller)
    assert cloud.state_after(alarm, 300) == "ALARM"
    cloud.restart(application, service)
    assert cloud.state_after(alarm, 300) == "OK"


@pytest.mark.parametrize("application", ["shop", "booking", "claims"])
def test_what_healed_by_itself_was_over_before_anybody_looked(cloud: LocalCloud, application: str) -> None:
    case = cloud.play("self_healed", application=application, seed=4, onset_minutes=12)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]
    group = log_group(application, service)

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


@pytest.mark.parametrize(("application", "seed"), [("shop", 4), ("shop", 1), ("booking", 4), ("booking", 1)])
def test_a_stuck_rollout_starts_tasks_again_and_again_until_it_is_rolled_back(
    cloud: LocalCloud, application: str, seed: int
) -> None:
    case = cloud.play("rollout_stuck", application=application, seed=seed)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]
    family, _, number = case["truth"]["revision"].partition(":")
    ecs = cloud.client("ecs", "executor")

    shown = ecs.describe_services(cluster=application, services=[service])["services"][0]
    newest = shown["deployments"][0]
    stopped = ecs.list_tasks(cluster=application, serviceName=service, desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=application, tasks=stopped)["tasks"]
    mine = [task for task in tasks if task["taskDefinitionArn"].endswith(f"/{family}:{number}")]

    assert newest["rolloutState"] == "IN_PROGRESS"
    assert newest["failedTasks"] >= 4
    assert len(shown["deployments"]) >= 2
    assert any("unable to consistently start" in event["message"] for event in shown["events"])
    assert len(mine) >= 4
    assert {task["containers"][0]["exitCode"] for task in mine} in ({1}, {143})
    assert "OutOfMemory" not in str(mine)
    assert "unable to place" not in str(shown["events"])
    assert cloud.ratio(service, "HealthyHostCount", "Minimum") == pytest.approx(1, abs=0.35)
    assert cloud.level(service, "HTTPCode_Target_5XX_Count", "Sum", (-6, -1)) < 10

    cloud.restart(application, service)
    assert cloud.state_after(alarm, 240) == "ALARM", "the same revision starts no better"
    ecs.update_service(cluster=application, service=service, taskDefinition=f"{family}:{int(number) - 1}")
    assert cloud.state_after(alarm, 300) == "OK"
    healed = ecs.describe_services(cluster=application, services=[service])["services"][0]
    assert [d["rolloutState"] for d in healed["deployments"]] == ["COMPLETED"]
    assert healed["runningCount"] == healed["desiredCount"]


@pytest.mark.parametrize("application", ["shop", "booking", "claims"])
def test_broken_telemetry_stops_together_while_the_service_serves_on(
    cloud: LocalCloud, application: str
) -> None:
    case = cloud.play("telemetry_broken", application=application, seed=4)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]
    group = log_group(application, service)

    assert case["alert"]["service"] == service
    for metric in ("Requests", "Errors", "Latency"):
        assert not cloud.series(service, metric, "SampleCount", (-6, -1))
        assert cloud.series(service, metric, "SampleCount", (-20, -12))
    assert not cloud.log(group, "", LATE_LINES)
    assert cloud.log(group, "", CALM_LINES)
    assert cloud.ratio(service, "RequestCount", "Sum") == pytest.approx(1, abs=0.2)
    assert cloud.ratio(service, "TargetResponseTime", "p50") == pytest.approx(1, abs=0.2)
    reason = cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateReason"]
    assert "no datapoints were received" in reason

    other = next(
        s
        for s in ("checkout", "search", "pricing", "intake", "documents")
        if s != service and s in cloud.services(application)
    )
    cloud.restart(application, other)
    assert cloud.state_after(alarm, 240) == "ALARM"
    cloud.restart(application, service)
    assert cloud.state_after(alarm, 300) == "OK"
    assert cloud.log(group, "", (-2, -1))


@pytest.mark.parametrize("application", ["shop", "booking"])
def test_a_service_that_cannot_scale_wants_more_tasks_than_there_is_room_for(
    cloud: LocalCloud, application: str
) -> None:
    case = cloud.play("cannot_scale", application=application, seed=4)
    service, alarm, ecs = case["truth"]["service"], case["alert"]["alarm"], cloud.client("ecs", "operator")

    shown = ecs.describe_services(cluster=application, services=[service])["services"][0]
    stopped = ecs.list_tasks(cluster=application, serviceName=service, desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=application, tasks=stopped)["tasks"]
    interrupted = [task for task in tasks if task["stopCode"] == "SpotInterruption"]

    assert shown["runningCount"] < shown["desiredCount"]
    assert sum("unable to place a task" in event["message"] for event in shown["events"]) > 3
    assert "unable to consistently start" not in str(shown["events"])
    assert len(interrupted) == shown["desiredCount"] - shown["runningCount"]
    assert cloud.ratio("portal" if application == "booking" else "storefront", "RequestCount", "Sum") < 1.2

    cloud.restart(application, service)
    assert cloud.state_after(alarm, 240) == "ALARM", "there is no room for a fresh task either"
    ecs.update_service(
        cluster=application,
        service=service,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}],
        forceNewDeployment=True,
    )
    assert cloud.state_after(alarm, 300) == "OK"
    healed = ecs.describe_services(cluster=application, services=[service])["services"][0]
    assert healed["runningCount"] == healed["desiredCount"]


def test_a_quota_of_functions_is_a_flat_ceiling_with_throttles(cloud: LocalCloud) -> None:
    case = cloud.play("quota_exceeded", application="booking", seed=4)
    alarm = case["alert"]["alarm"]

    assert case["truth"]["service"] == "notify"
    assert cloud.level("notify", "Throttles", "Sum", (-6, -1)) > 10
    assert cloud.level("notify", "Throttles", "Sum", (-45, -14)) == 0
    assert len(set(cloud.series("notify", "ConcurrentExecutions", "Maximum", (-6, -1)).values())) == 1
    assert cloud.ratio("notify", "Invocations", "Sum") < 0.7
    assert cloud.level("notify", "Invocations", "Sum", (-6, -1)) > 0, "it is throttled and not stopped"
    assert cloud.ratio("notifications", "NumberOfMessagesSent", "Sum") < 1.2

    cloud.client("lambda", "operator").put_function_concurrency(
        FunctionName="notify", ReservedConcurrentExecutions=8
    )
    assert cloud.state_after(alarm, 400) == "OK"


def test_a_quota_of_calls_is_told_by_the_host_that_sets_it(cloud: LocalCloud) -> None:
    case = cloud.play("quota_exceeded", seed=4)
    group = "/ecs/shop/payments"

    assert case["truth"]["service"] == "payments"
    assert len(cloud.log(group, '"429 Too Many Requests"', LATE_LINES)) > 20
    assert not cloud.log(group, '"429 Too Many Requests"', CALM_LINES)
    assert cloud.ratio("storefront", "RequestCount", "Sum") < 1.2
    assert cloud.ratio("payments", "CPUUtilization") < 1.3
    asked, denied = (cloud.level("payments", m, "Sum", (-6, -1)) for m in ("Requests", "Errors"))
    assert 0.05 * asked < asked - denied < 0.6 * asked, "some get through, and far from all"
    cloud.restart("shop", "payments")
    assert cloud.state_after(case["alert"]["alarm"], 240) == "ALARM"


@pytest.mark.parametrize("hour", [0, 5, 10, 15, 20])
def test_what_gets_through_a_quota_of_calls_is_its_ceiling_at_any_hour(hour: int) -> None:
    wish = Wish(faults=["quota_exceeded"], seed=4, onset_minutes=9, decoys=False)

    case, world = rehearsed(wish, 1795392000.0 + 3600 * hour + 17 * hour)

    (turn,) = (change for change in case.beginning.changes if isinstance(change, Turn))
    end = case.beginning.now // 60 * 60
    rows = world.history.fine.rows(end - 360, end)

    def count(field: str) -> float:
        column: Column = ("payments", field)
        values = world.history.fine.column(column)
        return 0.0 if values is None else float(values[rows].sum())

    passed = count("requests") - count("failed") - count("refused")
    assert passed / 360 == pytest.approx(turn.value, rel=0.2)
    assert count("requests") / 360 > 1.5 * turn.value
