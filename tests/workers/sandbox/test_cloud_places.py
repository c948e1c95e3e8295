"""Faults of a place: one zone's network, a database that moves to another zone, a host under an instance."""

from collections import Counter
from typing import Any

import pytest
from local_cloud import CALM_LINES, LAG, LATE, LATE_LINES, LocalCloud, log_group

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
ONE_ZONE = [("shop", 4), ("booking", 5), ("claims", 5)]
FAILOVERS = [("shop", 3), ("booking", 3), ("claims", 1)]


def _of_zone(cloud: LocalCloud, service: str, metric: str, zone: str, stat: str = "Sum") -> float:
    """What the balancer counted of a service in a zone over the last minutes, by the minute."""
    whole = cloud.metric(service, metric)
    here = [*whole["Dimensions"], {"Name": "AvailabilityZone", "Value": zone}]
    now = (cloud.now - LAG) // 60 * 60
    answer = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApplicationELB",
        MetricName=metric,
        Dimensions=here,
        StartTime=now + 60 * LATE[0],
        EndTime=now + 60 * LATE[1],
        Period=60,
        Statistics=[stat],
    )
    return sum(point[stat] for point in answer["Datapoints"]) / (LATE[1] - LATE[0])


def _zones_of(cloud: LocalCloud, application: str, service: str) -> dict[str, str]:
    """The zone of each running task or instance, by the name of its log stream."""
    if application == "claims":
        groups = cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[service])
        return {i["InstanceId"]: i["AvailabilityZone"] for i in groups["AutoScalingGroups"][0]["Instances"]}
    ecs = cloud.client("ecs")
    arns = ecs.list_tasks(cluster=application, serviceName=service)["taskArns"]
    tasks = ecs.describe_tasks(cluster=application, tasks=arns)["tasks"]
    return {task["taskArn"].rpartition("/")[2]: task["availabilityZone"] for task in tasks}


def _hurt(cloud: LocalCloud, service: str) -> str:
    """The zone whose targets fail most."""
    return max(ZONES, key=lambda zone: _of_zone(cloud, service, "HTTPCode_Target_5XX_Count", zone))


@pytest.mark.parametrize("application", ["shop", "booking", "claims"])
def test_a_service_is_spread_over_the_zones(cloud: LocalCloud, application: str) -> None:
    cloud.show(application=application, seed=3)

    for service in cloud.services(application):
        there = Counter(_zones_of(cloud, application, service).values())
        assert max(there.values()) - min(there.get(zone, 0) for zone in ZONES) <= 1

    entry = {"shop": "storefront", "booking": "portal", "claims": "website"}[application]
    requests = [_of_zone(cloud, entry, "RequestCount", zone) for zone in ZONES]
    assert sum(requests) == pytest.approx(cloud.level(entry, "RequestCount", "Sum", LATE), rel=1e-6)
    group: Any = cloud.client("elbv2").describe_target_groups(Names=[f"{application}-{entry}"])
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    targets = cloud.client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    shown = Counter(target["Target"]["AvailabilityZone"] for target in targets)
    assert shown == Counter(_zones_of(cloud, application, entry).values())


@pytest.mark.parametrize(("application", "seed"), ONE_ZONE)
def test_errors_of_a_bad_zone_come_from_its_tasks_only(
    cloud: LocalCloud, application: str, seed: int
) -> None:
    case = cloud.play("node_or_zone", application=application, seed=seed)
    truth, alarm = case["truth"], case["alert"]["alarm"]
    service, zone = truth["service"], _hurt(cloud, case["truth"]["service"])
    zones = _zones_of(cloud, application, service)

    errors = {z: _of_zone(cloud, service, "HTTPCode_Target_5XX_Count", z) for z in ZONES}
    requests = {z: _of_zone(cloud, service, "RequestCount", z) for z in ZONES}
    others = [z for z in ZONES if z != zone and requests[z]]
    lines = cloud.log(log_group(application, service), '"i/o timeout"', LATE_LINES)
    streams = {line["logStreamName"].rpartition("/")[2] for line in lines}

    assert truth["revision"] is None
    assert errors[zone] > 0.05 * requests[zone]
    assert all(errors[z] < 0.01 * requests[z] for z in others)
    assert all(requests[z] > 0.6 * requests[zone] for z in others), "the others serve on"
    assert len(lines) > 20
    assert {zones[stream] for stream in streams} == {zone}
    assert not cloud.log(log_group(application, service), '"i/o timeout"', CALM_LINES)
    assert not cloud.client("rds").describe_events(Duration=60)["Events"]

    cloud.restart(application, service)
    assert cloud.state_after(alarm, 420) == "OK"
    assert zone not in _zones_of(cloud, application, service).values()


@pytest.mark.parametrize(("application", "seed"), FAILOVERS)
def test_a_failover_is_told_by_the_database_and_outlived_by_stale_connections(
    cloud: LocalCloud, application: str, seed: int
) -> None:
    case = cloud.play("node_or_zone", application=application, seed=seed)
    truth, alarm = case["truth"], case["alert"]["alarm"]
    database = truth["service"]

    events = cloud.client("rds").describe_events(
        SourceType="db-instance", SourceIdentifier=database, Duration=60
    )["Events"]
    told = [e["Message"] for e in events if "failover" in e["EventCategories"]]
    instance = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=database)["DBInstances"][0]
    callers = [
        s
        for s in cloud.services(application)
        if cloud.log(log_group(application, s), '"this connection has been closed"', LATE_LINES)
    ]

    assert database == f"{application}-db"
    assert told == ["Multi-AZ instance failover started.", "Multi-AZ instance failover completed"]
    assert (instance["AvailabilityZone"], instance["SecondaryAvailabilityZone"]) == ZONES[1::-1]
    assert len(callers) >= 2, "whoever keeps connections to it"
    assert cloud.ratio(database, "CPUUtilization") < 1.2
    for caller in callers:
        assert not cloud.log(log_group(application, caller), '"this connection has been closed"', CALM_LINES)

    for service in cloud.services(application):
        cloud.restart(application, service)
    assert cloud.state_after(alarm, 420) == "OK"


def test_an_impaired_host_takes_its_instance_out_until_it_is_replaced(cloud: LocalCloud) -> None:
    case = cloud.play("node_or_zone", application="claims", seed=3)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]
    ec2, autoscaling = cloud.client("ec2"), cloud.client("autoscaling")

    statuses = ec2.describe_instance_status()["InstanceStatuses"]
    impaired = [s["InstanceId"] for s in statuses if s["SystemStatus"]["Status"] == "impaired"]
    group = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[service])["AutoScalingGroups"][0]
    sick = [i["InstanceId"] for i in group["Instances"] if i["HealthStatus"] == "Unhealthy"]

    assert len(impaired) == 1
    assert sick == impaired
    assert [p["ProcessName"] for p in group["SuspendedProcesses"]] == ["ReplaceUnhealthy"]
    assert set(cloud.series(service, "StatusCheckFailed_System", "Maximum", (-6, -1)).values()) == {1.0}
    assert set(cloud.series(service, "StatusCheckFailed_System", "Maximum", (-30, -12)).values()) == {0.0}
    assert set(cloud.series(service, "UnHealthyHostCount", "Maximum", (-6, -1)).values()) == {1.0}
    assert cloud.level(service, "HTTPCode_Target_5XX_Count", "Sum", LATE) < 10, "the others serve on"

    cloud.restart("claims", service)
    assert cloud.state_after(alarm, 420) == "OK"
    after = ec2.describe_instance_status()["InstanceStatuses"]
    assert {s["SystemStatus"]["Status"] for s in after} == {"ok"}
