"""Each fault shows its decisive signal through AWS's own API, and not that of its look-alikes."""

import json
from typing import Any

import pytest
from local_cloud import CALM, CALM_LINES, LATE, LATE_LINES, LocalCloud

from workers.sandbox.estate.names import fraction
from workers.sandbox.scenario.case import Wish
from workers.sandbox.scenario.rehearsal import fired, rehearsed


def _entry(application: str) -> str:
    return {"shop": "storefront", "booking": "portal"}[application]


def _definitions(cloud: LocalCloud, revision: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The container of a revision and that of the revision before it."""
    family, _, number = revision.partition(":")
    client = cloud.client("ecs")
    names = (revision, f"{family}:{int(number) - 1}")
    found = [client.describe_task_definition(taskDefinition=name)["taskDefinition"] for name in names]
    return found[0]["containerDefinitions"][0], found[1]["containerDefinitions"][0]


def _environment(container: dict[str, Any]) -> dict[str, str]:
    return {pair["name"]: pair["value"] for pair in container["environment"]}


def _revision_of(cloud: LocalCloud, application: str, stream: str) -> str:
    task = stream.rpartition("/")[2]
    described = cloud.client("ecs").describe_tasks(cluster=application, tasks=[task])["tasks"]
    return described[0]["taskDefinitionArn"].rpartition("/")[2] if described else "gone"


@pytest.mark.parametrize(("application", "seed"), [("shop", 3), ("booking", 2)])
def test_bad_deployment_raises_something_new_in_the_new_revision_only(
    cloud: LocalCloud, application: str, seed: int
) -> None:
    case = cloud.play("bad_deployment", application=application, seed=seed)
    truth = case["truth"]
    _told(cloud, case)
    service, group = truth["service"], f"/ecs/{application}/{truth['service']}"
    now, before = _definitions(cloud, truth["revision"])

    errors = cloud.log(group, "?Traceback ?goroutine ?at", LATE_LINES)
    earlier = {event["message"].split("\n")[-1] for event in cloud.log(group, "?ERROR", CALM_LINES)}
    raised = [e for e in errors if "\n" in e["message"] or '"trace"' in e["message"]]

    assert now["image"] != before["image"]
    assert len(raised) > 30
    assert {_revision_of(cloud, application, e["logStreamName"]) for e in raised[:20]} == {truth["revision"]}
    assert not {event["message"].split("\n")[-1] for event in raised} & earlier
    assert cloud.level(service, "Errors", "Sum", LATE) > 10 * cloud.level(service, "Errors", "Sum", CALM)


def test_a_slow_deployment_is_slow_in_itself(cloud: LocalCloud) -> None:
    truth = cloud.play("bad_deployment", seed=7)["truth"]

    assert truth["service"] == "payments"
    assert cloud.ratio("payments", "TargetResponseTime", "p50") > 4
    assert cloud.ratio("shop-db", "CPUUtilization") < 1.3
    assert not cloud.log("/ecs/shop/payments", "cardpay", LATE_LINES)


@pytest.mark.parametrize("application", ["booking"])
def test_config_change_differs_in_one_setting_of_the_same_image(cloud: LocalCloud, application: str) -> None:
    truth = cloud.play("config_change", application=application, seed=4)["truth"]
    now, before = _definitions(cloud, truth["revision"])

    new, old = _environment(now), _environment(before)
    changed = [name for name in new if new[name] != old[name]]
    entry_errors = cloud.level(_entry(application), "HTTPCode_Target_5XX_Count", "Sum", LATE)

    assert now["image"] == before["image"]
    assert len(changed) == 1
    assert entry_errors > 25
    assert truth["service"] in now["image"]


@pytest.mark.parametrize("application", ["shop"])
def test_memory_leak_kills_tasks_of_the_new_revision(cloud: LocalCloud, application: str) -> None:
    truth = cloud.play("memory_leak", application=application, seed=6, onset_minutes=12)["truth"]
    service, client = truth["service"], cloud.client("ecs")

    stopped = client.list_tasks(cluster=application, serviceName=service, desiredStatus="STOPPED")["taskArns"]
    tasks = client.describe_tasks(cluster=application, tasks=stopped)["tasks"]
    killed = [t for t in tasks if t["containers"][0].get("exitCode") == 137]

    assert killed
    for task in killed:
        assert task["taskDefinitionArn"].endswith(truth["revision"])
        assert task["stopCode"] == "EssentialContainerExited"
        assert task["containers"][0]["reason"].startswith("OutOfMemoryError")
    assert max(cloud.series(service, "MemoryUtilization", "Maximum", (-14, 0)).values()) > 85
    assert max(cloud.series(service, "MemoryUtilization", "Maximum", (-60, -35)).values()) < 65
    running = client.describe_services(cluster=application, services=[service])["services"][0]
    assert any("has started" in event["message"] for event in running["events"])


@pytest.mark.parametrize("application", ["booking"])
def test_third_party_down_is_told_by_its_callers_who_name_the_host(
    cloud: LocalCloud, application: str
) -> None:
    case = cloud.play("third_party_down", application=application, seed=2)
    truth = case["truth"]
    _told(cloud, case)
    callers = {"shop": ["payments"], "booking": ["search", "booking"]}[application]

    for caller in callers:
        group = f"/ecs/{application}/{caller}"
        assert len(cloud.log(group, f'"{truth["service"]}"', LATE_LINES)) > 20
        assert len(cloud.log(group, f'"{truth["service"]}"', CALM_LINES)) < 5
        assert cloud.ratio(caller, "CPUUtilization") < 1.3
    assert truth["revision"] is None


@pytest.mark.parametrize("application", ["shop"])
def test_traffic_surge_leads_latency_and_changes_the_mix(cloud: LocalCloud, application: str) -> None:
    _told(cloud, cloud.play("traffic_surge", application=application, seed=2))
    entry = _entry(application)

    requests = cloud.series(entry, "RequestCount", "Sum", (-30, 0))
    latency = cloud.series(entry, "TargetResponseTime", "p50", (-30, 0))
    usual = cloud.level(entry, "RequestCount", "Sum", CALM)
    calm = cloud.level(entry, "TargetResponseTime", "p50", CALM)
    more = min(at for at, value in requests.items() if value > 1.3 * usual)
    slower = min(at for at, value in latency.items() if value > 3 * calm)

    assert more <= slower
    assert max(requests.values()) > 1.7 * usual
    assert cloud.level(entry, "CPUUtilization", "Average", LATE) > 85
    assert _busiest(cloud, application, LATE_LINES) > _busiest(cloud, application, CALM_LINES) + 0.15


def _busiest(cloud: LocalCloud, application: str, minutes: tuple[float, float]) -> float:
    """The share of the most frequent path in the entry's access lines."""
    entry = _entry(application)
    lines = cloud.log(f"/ecs/{application}/{entry}", '{ $.logger = "*.access" }', minutes)
    paths = [json.loads(line["message"])["message"].rstrip("0123456789") for line in lines]
    return max(paths.count(path) for path in set(paths)) / len(paths)


@pytest.mark.parametrize("application", ["booking"])
def test_lock_contention_waits_in_the_database_that_is_idle(cloud: LocalCloud, application: str) -> None:
    truth = cloud.play("lock_contention", application=application, seed=1)["truth"]
    group = f"/aws/rds/instance/{truth['service']}/postgresql"

    waiting = cloud.log(group, '"still waiting for"', LATE_LINES)

    assert truth["service"] == f"{application}-db"
    assert len(waiting) > 10
    assert not cloud.log(group, '"still waiting for"', CALM_LINES)
    assert cloud.log(group, '"statement timeout"', LATE_LINES)
    assert len(cloud.log(group, '?"ALTER TABLE" ?"CREATE INDEX"', (-11, 0))) <= 1
    assert cloud.ratio(truth["service"], "CPUUtilization") < 1.15
    assert cloud.ratio(truth["service"], "DatabaseConnections", "Maximum") > 1.15


@pytest.mark.parametrize("application", ["shop"])
def test_cache_stampede_makes_the_database_its_victim(cloud: LocalCloud, application: str) -> None:
    truth = cloud.play("cache_stampede", application=application, seed=3)["truth"]
    cache, database = truth["service"], f"{application}-db"

    def ratio(minutes: tuple[float, float]) -> float:
        hits = cloud.level(cache, "CacheHits", "Sum", minutes)
        return hits / (hits + cloud.level(cache, "CacheMisses", "Sum", minutes))

    assert ratio(CALM) > 0.93
    assert ratio(LATE) < 0.75
    assert cloud.ratio(database, "CPUUtilization") > 1.4
    assert cloud.ratio(_entry(application), "RequestCount", "Sum") < 1.2
    assert not cloud.log(f"/aws/rds/instance/{database}/postgresql", '"still waiting for"', LATE_LINES)


@pytest.mark.parametrize(("application", "seed"), [("shop", 3), ("shop", 1), ("booking", 1)])
def test_consumer_stopped_lets_messages_grow_old(cloud: LocalCloud, application: str, seed: int) -> None:
    truth = cloud.play("consumer_stopped", application=application, seed=seed)["truth"]
    queue = {"shop": "orders", "booking": "notifications"}[application]

    age = cloud.series(queue, "ApproximateAgeOfOldestMessage", "Maximum", (-4, 0))

    assert truth["service"] in ("fulfilment", "notify")
    assert max(age.values()) > 400
    assert list(age.values()) == sorted(age.values())
    assert cloud.level(queue, "NumberOfMessagesSent", "Sum", LATE) > 50
    assert cloud.level(queue, "NumberOfMessagesReceived", "Sum", LATE) == 0


@pytest.mark.parametrize("application", ["booking"])
def test_an_edited_alarm_watches_a_series_that_is_as_last_week(cloud: LocalCloud, application: str) -> None:
    case = cloud.play("alarm_edited", application=application, seed=3)
    name = case["alert"]["alarm"]
    client = cloud.client("cloudwatch")

    history = client.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending")["AlarmHistoryItems"]
    kinds = [item["HistoryItemType"] for item in history]
    edit = cloud.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "PutMetricAlarm"}]
    )["Events"][0]
    alarm = client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    stat = alarm.get("Statistic") or alarm["ExtendedStatistic"]
    today = cloud.level(case["alert"]["service"], alarm["MetricName"], stat, (-12, -1))
    week = cloud.level(case["alert"]["service"], alarm["MetricName"], stat, (-7 * 1440 - 12, -7 * 1440 - 1))

    assert case["truth"]["service"] == case["alert"]["service"]
    assert kinds.index("ConfigurationUpdate") < kinds.index("StateUpdate")
    assert json.loads(history[0]["HistoryData"])["originalUpdatedFields"]["threshold"] > alarm["Threshold"]
    assert [r["ResourceName"] for r in edit["Resources"]] == [name]
    assert edit["EventTime"] <= alarm["StateUpdatedTimestamp"]
    assert today == pytest.approx(week, rel=0.25)


def test_a_later_revision_may_carry_the_same_fault(cloud: LocalCloud) -> None:
    """Somebody raised the log level meanwhile: the revision before the running one does not heal."""
    seed = next(n for n in range(1, 60) if fraction(n, "follow up") <= 0.2)
    truth = cloud.play("bad_deployment", seed=seed)["truth"]
    running = cloud.client("ecs").describe_services(cluster="shop", services=[truth["service"]])["services"][
        0
    ]

    newer, culprit = _definitions(cloud, running["taskDefinition"].rpartition("/")[2])

    assert int(running["taskDefinition"].rpartition(":")[2]) == int(truth["revision"].rpartition(":")[2]) + 1
    assert newer["image"] == culprit["image"]
    assert _environment(newer) == {**_environment(culprit), "LOG_LEVEL": "debug"}
    assert cloud.level(_entry("shop"), "HTTPCode_Target_5XX_Count", "Sum", LATE) > 25


def test_two_faults_at_once_have_two_truths(cloud: LocalCloud) -> None:
    truths = cloud.play("lock_contention", "bad_deployment", seed=5)["truth"]["truths"]

    assert [truth["mode"] for truth in truths] == ["lock_contention", "bad_deployment"]
    assert cloud.log("/aws/rds/instance/shop-db/postgresql", '"still waiting for"', LATE_LINES)
    assert truths[1]["revision"].startswith(f"shop-{truths[1]['service']}:")


@pytest.mark.parametrize(("application", "seed"), [("shop", 21), ("booking", 22)])
def test_decoys_alone_leave_the_application_healthy(cloud: LocalCloud, application: str, seed: int) -> None:
    case = cloud.play(application=application, seed=seed)
    entry = _entry(application)

    alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    deployments = cloud.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "UpdateService"}]
    )["Events"]
    recent = [e for e in deployments if e["EventTime"].timestamp() > case["truth"]["onset"]]

    told = [a for a in alarms if a["StateValue"] == "ALARM" and a["AlarmActions"][0].endswith("-alerts")]
    assert case["alert"] is None
    assert told == []
    assert len(recent) == 1
    assert cloud.level(entry, "HTTPCode_Target_5XX_Count", "Sum", LATE) < 10
    assert cloud.ratio(entry, "TargetResponseTime", "p50") < 1.3
    assert len(cloud.log(f"/ecs/{application}/{entry}", "ERROR", (-1440, -1430))) > 3, (
        "noise was there before"
    )
    nervous = [a["AlarmName"] for a in alarms if a["AlarmName"].endswith("slowest-request")]
    flaps = cloud.client("cloudwatch").describe_alarm_history(
        AlarmName=nervous[0], HistoryItemType="StateUpdate"
    )
    assert len(flaps["AlarmHistoryItems"]) > 4


def _told(cloud: LocalCloud, case: dict[str, Any]) -> None:
    """The alert names an alarm that really fired after the onset, and nothing of the cause."""
    alert, truth = case["alert"], case["truth"]
    alarm = cloud.client("cloudwatch").describe_alarms(AlarmNames=[alert["alarm"]])["MetricAlarms"][0]
    text = json.dumps(alert)

    assert alarm["StateValue"] == "ALARM"
    assert 0 < alert["started_at"] - truth["onset"] < 7 * 60
    assert truth["mode"] not in text
    assert truth["revision"] is None or truth["revision"] not in text
    assert {field["title"] for field in alert["fields"]} >= {"Alarm", "Metric", "Condition", "Value", "Since"}


@pytest.mark.parametrize(
    ("application", "faults"),
    [
        ("shop", ("slow_dependency", "pool_exhaustion")),
        ("booking", ("expired_credential", "rollout_stuck")),
        ("claims", ("disk_full", "telemetry_broken")),
        ("shop", ("access_change", "cannot_scale")),
        ("booking", ("batch_collision", "quota_exceeded")),
        ("claims", ("query_regression", "balancer_or_dns")),
    ],
)
def test_two_faults_at_once_are_in_different_places(application: str, faults: tuple[str, str]) -> None:
    wish = Wish(application=application, faults=list(faults), seed=4, onset_minutes=8)

    case, world = rehearsed(wish, 1795385000.0)

    assert tuple(truth.mode for truth in case.truths) == faults
    assert len({truth.service for truth in case.truths}) == 2
    assert fired(world, case.beginning.first_harm)
