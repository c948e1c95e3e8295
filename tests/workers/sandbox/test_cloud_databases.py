"""Faults of databases: their marks in metrics and in the database's own log, and what heals them."""

import itertools

import pytest
from local_cloud import CALM_LINES, LATE, LATE_LINES, LocalCloud, log_group

WAITING, SLOW = '"still waiting for"', '"duration:" "WHERE status"'
NO_SLOTS = '"remaining connection slots"'


def _log(application: str) -> str:
    return f"/aws/rds/instance/{application}-db/postgresql"


@pytest.mark.parametrize("application", ["shop", "booking", "claims"])
def test_a_query_regression_costs_the_database_and_not_more_requests(
    cloud: LocalCloud, application: str
) -> None:
    case = cloud.play("query_regression", application=application, seed=4)
    database, entry = (
        f"{application}-db",
        {"shop": "storefront", "booking": "portal", "claims": "website"}[application],
    )

    assert case["truth"]["service"] == database
    assert cloud.level(database, "CPUUtilization", "Average", LATE) > 85
    assert cloud.ratio(database, "ReadIOPS") > 1.4
    assert cloud.ratio(entry, "RequestCount", "Sum") < 1.2
    assert len(cloud.log(_log(application), SLOW, LATE_LINES)) > 20
    assert not cloud.log(_log(application), SLOW, CALM_LINES)
    assert not cloud.log(_log(application), WAITING, LATE_LINES)
    assert not cloud.log(_log(application), NO_SLOTS, LATE_LINES)

    cloud.client("rds", "operator").reboot_db_instance(DBInstanceIdentifier=database)
    assert cloud.state_after(case["alert"]["alarm"], 300) == "ALARM", "the plan is as bad as before"


@pytest.mark.parametrize("application", ["shop", "booking", "claims"])
def test_an_exhausted_pool_sits_at_the_maximum_of_connections(cloud: LocalCloud, application: str) -> None:
    case = cloud.play("pool_exhaustion", application=application, seed=4)
    database, alarm = f"{application}-db", case["alert"]["alarm"]
    most = {"shop": 420, "booking": 900, "claims": 420}[application]
    services = {
        "shop": ["catalog", "checkout"],
        "booking": ["search", "booking"],
        "claims": ["policies", "intake"],
    }[application]

    failed = [
        line
        for service in services
        for line in cloud.log(log_group(application, service), "?Pool ?acquire", LATE_LINES)
    ]

    assert case["truth"]["service"] == database
    assert set(cloud.series(database, "DatabaseConnections", "Maximum", LATE).values()) == {most}
    assert cloud.ratio(database, "CPUUtilization") < 1.1
    assert len(failed) > 20
    assert len(cloud.log(_log(application), NO_SLOTS, LATE_LINES)) > 20
    assert not cloud.log(_log(application), NO_SLOTS, CALM_LINES)
    assert not cloud.log(_log(application), WAITING, LATE_LINES)

    for service in services:
        cloud.restart(application, service)
    assert cloud.state_after(alarm, 300) == "ALARM", "fresh tasks find no connections either"
    cloud.client("rds", "operator").reboot_db_instance(DBInstanceIdentifier=database)
    assert cloud.state_after(alarm, 300) == "OK"


def test_a_reboot_ends_the_transaction_that_holds_a_lock(cloud: LocalCloud) -> None:
    case = cloud.play("lock_contention", seed=1)

    cloud.client("rds", "operator").reboot_db_instance(DBInstanceIdentifier="shop-db")

    assert cloud.state_after(case["alert"]["alarm"], 300) == "OK"
    events = cloud.client("rds").describe_events(SourceType="db-instance", Duration=10)["Events"]
    assert [event["Message"] for event in events] == ["DB instance restarted"]


FULL, JOB = '"No space left on device"', '"FETCH FORWARD"'


@pytest.mark.parametrize("application", ["shop", "booking", "claims"])
def test_a_full_disk_was_filled_in_a_straight_line_and_heals_with_more_room(
    cloud: LocalCloud, application: str
) -> None:
    case = cloud.play("disk_full", application=application, seed=4)
    database, alarm, rds = f"{application}-db", case["alert"]["alarm"], cloud.client("rds", "operator")
    free = list(cloud.series(database, "FreeStorageSpace", "Average", (-38, -12)).values())
    steps = [before - after for before, after in itertools.pairwise(free)]
    shown = rds.describe_db_instances(DBInstanceIdentifier=database)["DBInstances"][0]
    events = rds.describe_events(SourceType="db-instance", SourceIdentifier=database, Duration=60)["Events"]

    assert case["truth"]["service"] == database
    assert min(steps) > 0
    assert max(steps) == pytest.approx(min(steps), rel=0.05)
    assert cloud.level(database, "FreeStorageSpace", "Average", LATE) == 0
    assert shown["DBInstanceStatus"] == "storage-full"
    assert [event["EventCategories"] for event in events] == [["low storage"]] * 2
    assert len(cloud.log(_log(application), FULL, LATE_LINES)) > 20
    assert not cloud.log(_log(application), FULL, CALM_LINES)
    assert not cloud.log(_log(application), WAITING, LATE_LINES)
    assert cloud.ratio(database, "CPUUtilization") < 1.15

    rds.reboot_db_instance(DBInstanceIdentifier=database)
    assert cloud.state_after(alarm, 240) == "ALARM", "it starts as full as it stopped"
    rds.modify_db_instance(DBInstanceIdentifier=database, AllocatedStorage=shown["AllocatedStorage"] * 2)
    assert cloud.state_after(alarm, 300) == "OK"


@pytest.mark.parametrize("application", ["shop", "booking"])
def test_a_batch_collides_at_the_hour_at_which_it_runs_every_day(cloud: LocalCloud, application: str) -> None:
    case = cloud.play("batch_collision", application=application, seed=4)
    database, alarm, ecs = f"{application}-db", case["alert"]["alarm"], cloud.client("ecs", "operator")
    runs = [event["EventTime"].timestamp() for event in cloud.trail("RunTask")]
    gaps = [later - earlier for later, earlier in itertools.pairwise(runs)]

    def yesterday(minutes: tuple[float, float]) -> float:
        return cloud.level(database, "CPUUtilization", "Average", (minutes[0] - 1440, minutes[1] - 1440))

    assert case["truth"]["service"] == database
    assert gaps
    assert gaps == pytest.approx([86400] * len(gaps))
    assert cloud.level(database, "CPUUtilization", "Average", LATE) > 85
    assert cloud.ratio(database, "ReadIOPS") > 2
    assert yesterday((-8, -6)) > yesterday((-30, -12)) + 5
    assert len(cloud.log(_log(application), JOB, LATE_LINES)) > 5
    assert not cloud.log(_log(application), JOB, CALM_LINES)
    assert not cloud.log(_log(application), SLOW, LATE_LINES)

    job = ecs.list_tasks(cluster=application, family=f"{application}-reports")["taskArns"]
    started = ecs.describe_tasks(cluster=application, tasks=job)["tasks"][0]["startedBy"]
    assert started == "events-rule/reports"
    for service in cloud.client("ecs").list_services(cluster=application)["serviceArns"]:
        cloud.restart(application, service)
    assert cloud.state_after(alarm, 240) == "ALARM"
    ecs.stop_task(cluster=application, task=job[0], reason="too much for the database")
    assert cloud.state_after(alarm, 300) == "OK"
