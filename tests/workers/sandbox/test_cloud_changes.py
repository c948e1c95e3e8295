"""What callers change really happens: rollouts take their time, the right one heals, a wrong one does not."""

import itertools
import json
from typing import Any

import pytest
from local_cloud import LocalCloud


def _service(cloud: LocalCloud, name: str, cluster: str = "shop") -> dict[str, Any]:
    return cloud.client("ecs").describe_services(cluster=cluster, services=[name])["services"][0]


def _update(cloud: LocalCloud, name: str, cluster: str = "shop", **wanted: object) -> dict[str, Any]:
    done = cloud.client("ecs", "executor").update_service(cluster=cluster, service=name, **wanted)
    return done["service"]


def _before(revision: str, back: int = 1) -> str:
    family, _, number = revision.partition(":")
    return f"{family}:{int(number) - back}"


def _failing(cloud: LocalCloud, part: str = "storefront") -> float:
    """Failed requests a minute over the last half minute."""
    values = cloud.series(part, "Errors", "Sum", (-0.8, 0), 10)
    return sum(values.values()) / len(values) * 6


def test_a_rollout_goes_through_its_stages(cloud: LocalCloud) -> None:
    truth = cloud.play("bad_deployment", decoys=False)["truth"]
    name, good = truth["service"], _before(truth["revision"])

    begun = _update(cloud, name, taskDefinition=good)
    cloud.pass_time(4)
    starting = _service(cloud, name)
    cloud.pass_time(18)
    done = _service(cloud, name)

    states = [(d["status"], d["rolloutState"]) for d in begun["deployments"]]
    assert states == [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")]
    assert starting["deployments"][0]["pendingCount"] == starting["desiredCount"]
    assert starting["runningCount"] == starting["desiredCount"], "the old tasks still serve"
    assert [(d["status"], d["rolloutState"]) for d in done["deployments"]] == [("PRIMARY", "COMPLETED")]
    assert done["taskDefinition"].endswith(good)
    assert done["deployments"][0]["runningCount"] == done["desiredCount"]
    messages = [event["message"] for event in done["events"][:6]]
    assert messages[0] == f"(service {name}) has reached a steady state."
    assert any("has begun draining connections" in text for text in messages)
    stopped = cloud.client("ecs").list_tasks(cluster="shop", serviceName=name, desiredStatus="STOPPED")
    assert len(stopped["taskArns"]) >= done["desiredCount"]


@pytest.mark.parametrize(
    ("fault", "application", "seed"),
    [("bad_deployment", "shop", 3), ("config_change", "booking", 4)],
)
def test_the_right_revision_heals_within_a_minute_of_its_rollout(
    cloud: LocalCloud, fault: str, application: str, seed: int
) -> None:
    case = cloud.play(fault, application=application, seed=seed)
    truth, entry = case["truth"], {"shop": "storefront", "booking": "portal"}[application]
    broken = _failing(cloud, entry)

    _update(cloud, truth["service"], application, taskDefinition=_before(truth["revision"]))
    cloud.pass_time(20)
    assert _service(cloud, truth["service"], application)["deployments"][0]["rolloutState"] == "COMPLETED"
    cloud.pass_time(60)

    assert broken > 25
    assert _failing(cloud, entry) < 12
    cloud.pass_time(240)
    alarm = cloud.client("cloudwatch").describe_alarms(AlarmNames=[case["alert"]["alarm"]])["MetricAlarms"][0]
    assert alarm["StateValue"] == "OK"


BAD = [("shop", 3), ("shop", 12), ("booking", 2), ("booking", 9)]
"""Bad deployments: in each application one whose code raises and one whose code is slow."""


CURES = ["nothing", "more tasks", "another service", "the same image", "too far back"]


@pytest.mark.parametrize(("bad", "cure"), list(itertools.product(BAD, CURES))[::2])
def test_what_is_no_cure_does_not_heal(cloud: LocalCloud, bad: tuple[str, int], cure: str) -> None:
    application, seed = bad
    truth = cloud.play("bad_deployment", application=application, seed=seed, decoys=False)["truth"]

    _try(cloud, application, truth, cure)
    cloud.pass_time(200)

    pulse = cloud.ask("pulse")
    assert pulse["state"] == "ALARM"
    assert _breaching(pulse) > 0.7
    service = _service(cloud, truth["service"], application)
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"


@pytest.mark.parametrize(("bad", "back"), list(zip(BAD, [1, 2, 2, 1], strict=True)))
def test_a_release_from_before_the_bad_one_heals(cloud: LocalCloud, bad: tuple[str, int], back: int) -> None:
    application, seed = bad
    truth = cloud.play("bad_deployment", application=application, seed=seed, decoys=False)["truth"]

    _update(cloud, truth["service"], application, taskDefinition=_before(truth["revision"], back))
    cloud.pass_time(320)

    pulse = cloud.ask("pulse")
    assert pulse["state"] == "OK"
    assert _breaching(pulse) < 0.1


def _breaching(pulse: dict[str, Any]) -> float:
    """The share of the last two minutes in which the alarmed metric is over its threshold."""
    values = [point["value"] for point in pulse["points"][-12:]]
    return sum(value > pulse["threshold"] for value in values) / len(values)


def _try(cloud: LocalCloud, application: str, truth: dict[str, Any], cure: str) -> None:
    name = truth["service"]
    if cure == "more tasks":
        _update(cloud, name, application, desiredCount=2 * _service(cloud, name, application)["desiredCount"])
    if cure == "another service":
        other = {"shop": "fulfilment", "booking": "pricing"}[application]
        assert other != name
        running = _service(cloud, other, application)["taskDefinition"].rpartition("/")[2]
        _update(cloud, other, application, taskDefinition=_before(running))
    if cure == "the same image":
        _update(cloud, name, application, taskDefinition=_same_image(cloud, truth["revision"]))
    if cure == "too far back":
        _update(cloud, name, application, taskDefinition=_before(truth["revision"], 3))


def _same_image(cloud: LocalCloud, revision: str) -> str:
    """A fresh revision of the faulty image, with one more setting."""
    operator = cloud.client("ecs", "operator")
    bad = operator.describe_task_definition(taskDefinition=revision)["taskDefinition"]
    container = bad["containerDefinitions"][0]
    container["environment"].append({"name": "LOG_FORMAT", "value": "long"})
    made = operator.register_task_definition(family=bad["family"], containerDefinitions=[container])
    assert made["taskDefinition"]["revision"] > bad["revision"]
    return made["taskDefinition"]["taskDefinitionArn"]


def test_a_corrected_setting_heals_too(cloud: LocalCloud) -> None:
    truth = cloud.play("config_change", seed=5)["truth"]
    operator = cloud.client("ecs", "operator")
    names = (truth["revision"], _before(truth["revision"]))
    bad, good = (operator.describe_task_definition(taskDefinition=n)["taskDefinition"] for n in names)
    container = {
        **bad["containerDefinitions"][0],
        "environment": good["containerDefinitions"][0]["environment"],
    }

    made = operator.register_task_definition(family=bad["family"], containerDefinitions=[container])
    _update(cloud, truth["service"], taskDefinition=made["taskDefinition"]["taskDefinitionArn"])
    cloud.pass_time(80)

    assert _failing(cloud) < 12


def test_a_leak_ends_with_the_revision_that_has_it(cloud: LocalCloud) -> None:
    truth = cloud.play("memory_leak", seed=6)["truth"]

    _update(cloud, truth["service"], taskDefinition=_before(truth["revision"]))
    cloud.pass_time(400)

    assert max(cloud.series(truth["service"], "MemoryUtilization", "Maximum", (-5, 0)).values()) < 65


def test_more_tasks_at_the_entry_carry_a_surge(cloud: LocalCloud) -> None:
    cloud.play("traffic_surge", seed=2)
    cloud.pass_time(60)
    slow = cloud.level("storefront", "TargetResponseTime", "p50", (-2, 0))

    _update(cloud, "storefront", desiredCount=12)
    cloud.pass_time(150)

    assert slow > 0.5
    assert cloud.level("storefront", "TargetResponseTime", "p50", (-1, 0)) < 0.2
    assert _service(cloud, "storefront")["desiredCount"] == 12


@pytest.mark.parametrize("seed", [1, 3])
def test_a_consumer_that_works_again_empties_its_queue(cloud: LocalCloud, seed: int) -> None:
    cloud.play("consumer_stopped", seed=seed)
    state = _service(cloud, "fulfilment")

    if state["desiredCount"] == 0:
        _update(cloud, "fulfilment", desiredCount=2)
    else:
        _update(cloud, "fulfilment", forceNewDeployment=True)
    cloud.pass_time(240)

    queue = cloud.client("sqs").list_queues()["QueueUrls"][0]
    counts = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert int(counts["ApproximateNumberOfMessages"]) < 50
    assert max(cloud.series("orders", "ApproximateAgeOfOldestMessage", "Maximum", (-1, 0)).values()) < 60


def test_a_switched_off_mapping_can_be_switched_on(cloud: LocalCloud) -> None:
    cloud.play("consumer_stopped", application="booking", seed=1)
    client = cloud.client("lambda", "operator")
    mapping = client.list_event_source_mappings(FunctionName="notify")["EventSourceMappings"][0]

    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    cloud.pass_time(240)

    assert mapping["State"] == "Disabled"
    assert cloud.level("notify", "Invocations", "Sum", (-2, 0)) > 100
    assert (
        max(cloud.series("notifications", "ApproximateAgeOfOldestMessage", "Maximum", (-1, 0)).values()) < 60
    )


def test_every_write_is_kept_with_who_and_what(cloud: LocalCloud) -> None:
    truth = cloud.play("bad_deployment", decoys=False)["truth"]
    name, good, known = truth["service"], _before(truth["revision"]), len(cloud.ask("writes"))
    same = _service(cloud, name)

    untouched = _update(cloud, name, taskDefinition=same["taskDefinition"], desiredCount=same["desiredCount"])
    with pytest.raises(cloud.client("ecs").exceptions.ClientException):
        _update(cloud, name, taskDefinition="shop-checkout:9999")
    _update(cloud, name, taskDefinition=good)
    cloud.pass_time(5)

    nothing, failed, done = cloud.ask("writes")[known:]
    assert [d["id"] for d in untouched["deployments"]] == [d["id"] for d in same["deployments"]]
    assert (nothing["result"], failed["result"]) == ("ok", "ClientException")
    assert (done["user"], done["operation"], done["result"]) == ("runbook-executor", "UpdateService", "ok")
    assert done["parameters"] == {"cluster": "shop", "service": name, "taskDefinition": good}
    assert json.loads((cloud.state / "writes.jsonl").read_text().splitlines()[-1]) == done
    assert cloud.ask("calls")["ecs:UpdateService"] >= 3
    _shows_in_the_trail(cloud, name, good)


def _shows_in_the_trail(cloud: LocalCloud, service: str, revision: str) -> None:
    newest = cloud.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": service}], MaxResults=1
    )["Events"][0]
    document = json.loads(newest["CloudTrailEvent"])
    assert newest["EventName"] == "UpdateService"
    assert document["userIdentity"]["userName"] == "runbook-executor"
    assert document["requestParameters"]["taskDefinition"] == revision
    assert document["awsRegion"] == "us-east-1"


def test_an_alarm_that_is_put_shows_its_state(cloud: LocalCloud) -> None:
    cloud.play(decoys=False)
    operator = cloud.client("cloudwatch", "operator")
    metric = cloud.metric("catalog", "CPUUtilization")

    operator.put_metric_alarm(
        AlarmName="catalog-busy",
        Namespace=metric["Namespace"],
        MetricName=metric["MetricName"],
        Dimensions=metric["Dimensions"],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=0.5,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloud.pass_time(180)

    alarm = cloud.client("cloudwatch").describe_alarms(AlarmNames=["catalog-busy"])["MetricAlarms"][0]
    assert alarm["StateValue"] == "ALARM"
    assert "greater than the threshold (0.5)" in alarm["StateReason"]
