"""Cases: made from their wish alone, denied what was asked, and refused when they make no sense."""

import base64
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_cloud import LATE_LINES, LocalCloud


def _picture(cloud: LocalCloud, at: float) -> tuple[Any, ...]:
    """Much of what can be seen of the three hours before `at`."""
    client = cloud.client("cloudwatch")
    metrics = [cloud.metric("storefront", "TargetResponseTime"), cloud.metric("shop-db", "CPUUtilization")]
    queries = [
        {"Id": f"m{n}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}
        for n, (metric, stat) in enumerate([(metrics[0], "p95"), (metrics[1], "Average")])
    ]
    answer = client.get_metric_data(MetricDataQueries=queries, StartTime=at - 10000, EndTime=at - 60)
    events = cloud.client("cloudtrail").lookup_events(StartTime=at - 10000, EndTime=at)["Events"]
    lines = cloud.client("logs").filter_log_events(
        logGroupName="/ecs/shop/checkout", startTime=int((at - 900) * 1000), endTime=int((at - 60) * 1000)
    )["events"]
    values = [(r["Timestamps"], r["Values"]) for r in answer["MetricDataResults"]]
    return (
        values,
        [(e["EventId"], e["EventName"]) for e in events],
        [(x["timestamp"], x["message"]) for x in lines],
    )


def _environments(cloud: LocalCloud, application: str, **wish: Any) -> dict[str, str]:
    """By service, what it is started with."""
    cloud.play("third_party_down", application=application, decoys=False, **wish)
    found: dict[str, str] = {}
    ecs, lambda_, ec2 = cloud.client("ecs"), cloud.client("lambda"), cloud.client("ec2")
    for name in cloud.services(application) if application != "claims" else ():
        task = ecs.describe_services(cluster=application, services=[name])["services"][0]["taskDefinition"]
        definition = ecs.describe_task_definition(taskDefinition=task)["taskDefinition"]
        found[name] = str(definition["containerDefinitions"][0]["environment"])
    for function in lambda_.list_functions()["Functions"]:
        found[function["FunctionName"]] = str(function["Environment"]["Variables"])
    for group in cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]:
        template = group["LaunchTemplate"]
        versions = ec2.describe_launch_template_versions(
            LaunchTemplateName=template["LaunchTemplateName"], Versions=[template["Version"]]
        )["LaunchTemplateVersions"]
        data = versions[0]["LaunchTemplateData"]["UserData"]
        found[group["AutoScalingGroupName"]] = base64.b64decode(data).decode()
    return found


def test_the_same_wish_makes_the_same_case(cloud: LocalCloud) -> None:
    at = time.time() // 60 * 60
    pictures = []
    for _ in range(2):
        cloud.play("bad_deployment", seed=8, at=at)
        pictures.append(_picture(cloud, at))
    cloud.play("bad_deployment", seed=9, at=at)
    other = _picture(cloud, at)

    assert pictures[0] == pictures[1]
    assert len(pictures[0][2]) > 100
    assert pictures[0][0] != other[0]


def test_history_before_the_onset_does_not_depend_on_the_fault(cloud: LocalCloud) -> None:
    at = time.time() // 60 * 60
    window = {"StartTime": at - 10000, "EndTime": at - 1000}
    histories = []
    for fault in ("bad_deployment", "lock_contention"):
        cloud.play(fault, seed=8, at=at, decoys=False)
        query = {"Metric": cloud.metric("storefront", "TargetResponseTime"), "Period": 60, "Stat": "p95"}
        answer = cloud.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": query}], **window
        )
        histories.append(answer["MetricDataResults"][0]["Values"])

    assert histories[0] == histories[1]
    assert len(histories[0]) > 140


def test_denied_actions_are_denied_to_the_worker_until_the_next_case(cloud: LocalCloud) -> None:
    calls: dict[str, tuple[str, str, dict[str, Any]]] = {
        "cloudwatch:DescribeAlarms": ("cloudwatch", "describe_alarms", {}),
        "rds:DescribeDBInstances": ("rds", "describe_db_instances", {}),
        "logs:FilterLogEvents": (
            "logs",
            "filter_log_events",
            {"logGroupName": "/ecs/shop/checkout", "limit": 1},
        ),
        "cloudtrail:LookupEvents": ("cloudtrail", "lookup_events", {}),
    }
    cloud.play(decoys=False, deny=list(calls))

    for action, (service, call, arguments) in calls.items():
        with pytest.raises(ClientError, match=f"not authorized to perform: {action}") as denied:
            getattr(cloud.client(service), call)(**arguments)
        assert f"no identity-based policy allows the {action} action" in str(denied.value)
        getattr(cloud.client(service, "executor"), call)(**arguments)
    cloud.play(decoys=False)
    for service, call, arguments in calls.values():
        getattr(cloud.client(service), call)(**arguments)


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"application": "bakery"}, "unknown application"),
        ({"faults": ["gremlins"]}, "unknown fault"),
        ({"application": "clinic", "faults": ["canary_only"]}, "unknown application"),
        ({"seed": "seven"}, "seed"),
        ({"colour": "red"}, "colour"),
        ({"onset_minutes": 0}, "onset_minutes"),
        ({"lag": {"gossip": 4}}, "gossip"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_words(cloud: LocalCloud, wish: dict, text: str) -> None:
    status, answer = cloud.ask_plainly("case", wish)

    assert status == 400
    assert text in answer["error"]


def test_the_control_api_lists_what_can_be_played(cloud: LocalCloud) -> None:
    faults = {row["id"]: row for row in cloud.ask("faults")}
    applications = {row["name"]: row for row in cloud.ask("applications")}

    assert set(faults) == {fault for row in applications.values() for fault in row["faults"]}
    assert {"shop", "booking"} <= set(applications)
    for name, row in applications.items():
        assert len(row["faults"]) >= 9
        assert all(name in faults[fault]["fits"] for fault in row["faults"])
    assert applications["shop"]["externals"] == ["api.cardpay.example"]
    assert cloud.ask_plainly("nonsense")[0] == 404


@pytest.mark.parametrize("application", ["shop", "booking", "claims"])
def test_a_wrong_hint_blames_what_it_is_not(cloud: LocalCloud, application: str) -> None:
    case = cloud.play("third_party_down", application=application, seed=5, decoys=False)
    spec = next(row for row in cloud.ask("applications") if row["name"] == application)
    parts = {p for kind in ("services", "databases", "caches", "queues", "externals") for p in spec[kind]}

    hints = [cloud.ask("hint", {}) for _ in range(8)]

    assert len({hint["text"] for hint in hints}) == 8
    for hint in hints:
        assert hint["service"] in parts - {case["truth"]["service"]}
        assert hint["mode"] != "third_party_down"
        assert hint["service"] in hint["text"]


def test_there_is_nothing_to_be_wrong_about_before_a_case(tmp_path: Path) -> None:
    fresh = LocalCloud(tmp_path)
    try:
        assert fresh.ask_plainly("hint", {}) == (400, {"error": "no case is being played"})
    finally:
        fresh.stop()


def test_two_faults_at_once_are_two_truths_that_both_show(cloud: LocalCloud) -> None:
    case = cloud.play("lock_contention", "third_party_down", application="shop", seed=6, decoys=False)

    truths = {t["mode"]: t["service"] for t in cloud.ask("truth")["truths"]}

    assert set(truths) == {"lock_contention", "third_party_down"}
    assert case["truth"]["truths"] == cloud.ask("truth")["truths"]
    lines = cloud.log("/ecs/shop/payments", "api.cardpay.example", LATE_LINES)
    assert len(lines) > 10
    assert cloud.ratio("shop-db", "DatabaseConnections") > 1.1


@pytest.mark.parametrize("application", ["shop", "booking", "claims"])
def test_without_a_topology_no_environment_tells_an_address(cloud: LocalCloud, application: str) -> None:
    told = _environments(cloud, application)
    silent = _environments(cloud, application, topology=False)

    assert told.keys() == silent.keys()
    assert len(told) >= 5
    for name, text in told.items():
        assert "://" in text, name
    for name, text in silent.items():
        assert f"/{application}/{name}/" in text
        assert not re.search(r"://|amazonaws|\.internal|\.example\b", text.replace("@booking.example", "")), (
            text
        )


def test_the_pulse_follows_the_alarmed_metric(cloud: LocalCloud) -> None:
    case = cloud.play("bad_deployment", seed=3)
    broken = cloud.ask("pulse")
    newest = max(cloud.series("storefront", "Requests", "Sum", (-2, 0), 10))

    ecs = cloud.client("ecs", "executor")
    family, _, number = case["truth"]["revision"].partition(":")
    ecs.update_service(
        cluster="shop", service=case["truth"]["service"], taskDefinition=f"{family}:{int(number) - 1}"
    )
    cloud.pass_time(100)
    healed = cloud.ask("pulse")

    assert broken["alarm"] == healed["alarm"] == case["alert"]["alarm"]
    assert len(broken["points"]) == 30
    assert broken["state"] == "ALARM"
    assert broken["value"] > broken["threshold"] > healed["value"]
    assert healed["points"][-1]["at"] - broken["points"][-1]["at"] >= 100
    assert max(cloud.series("storefront", "Requests", "Sum", (-2, 0), 10)) - newest >= 100, (
        "points keep arriving"
    )


def test_it_starts_with_a_case_quickly_and_stops_cleanly(tmp_path: Path) -> None:
    began = time.monotonic()
    fresh = LocalCloud(tmp_path, "--application", "booking", "--fault", "third_party_down", "--seed", "4")
    ready = time.monotonic() - began

    truth = fresh.ask("truth")
    key, secret = fresh.keys("worker")

    assert truth["mode"] == "third_party_down"
    assert key.startswith("AKIA")
    assert secret
    assert oct((tmp_path / "worker.credentials").stat().st_mode)[-3:] == "600"
    assert fresh.stop() == 0
    # Far beyond the aim of four seconds: the machine is shared, and this is no measurement.
    assert ready < 30


@pytest.mark.skipif(sys.platform != "linux", reason="a parent-death signal needs Linux")
def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'workers.sandbox', '--state', sys.argv[1]],"
        " stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.send_signal(signal.SIGKILL)
    parent.wait(5)
    parent.stdout.close()

    deadline = time.monotonic() + 8
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "the cloud outlived its parent"
        time.sleep(0.05)
