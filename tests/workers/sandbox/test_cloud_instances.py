"""An application on EC2: groups, launch templates, refreshes, and faults in the form they have there."""

import base64
import itertools
from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_cloud import CALM_LINES, LATE, LATE_LINES, LocalCloud, code_of

CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("autoscaling", "describe_auto_scaling_groups", {}),
    ("autoscaling", "describe_scaling_activities", {}),
    ("autoscaling", "describe_instance_refreshes", {"AutoScalingGroupName": "intake"}),
    ("ec2", "describe_instances", {}),
    ("ec2", "describe_instance_status", {}),
    ("ec2", "describe_launch_templates", {}),
    ("ec2", "describe_launch_template_versions", {"LaunchTemplateName": "claims-intake"}),
    ("logs", "filter_log_events", {"logGroupName": "/claims/intake", "limit": 50}),
]


def _group(cloud: LocalCloud, service: str) -> dict[str, Any]:
    client = cloud.client("autoscaling")
    return client.describe_auto_scaling_groups(AutoScalingGroupNames=[service])["AutoScalingGroups"][0]


def _refreshes(cloud: LocalCloud, service: str) -> list[str]:
    client = cloud.client("autoscaling")
    found = client.describe_instance_refreshes(AutoScalingGroupName=service)["InstanceRefreshes"]
    return [refresh["Status"] for refresh in found]


def _activities(cloud: LocalCloud, service: str) -> list[dict[str, Any]]:
    client = cloud.client("autoscaling")
    return client.describe_scaling_activities(AutoScalingGroupName=service)["Activities"]


def _before(revision: str) -> dict[str, str]:
    name, _, number = revision.partition(":")
    return {"LaunchTemplateName": name, "Version": str(int(number) - 1)}


def _version(cloud: LocalCloud, revision: str) -> tuple[str, list[str]]:
    """Image and environment lines of a launch template version."""
    name, _, number = revision.partition(":")
    found = cloud.client("ec2").describe_launch_template_versions(LaunchTemplateName=name, Versions=[number])
    body = found["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    return body["ImageId"], base64.b64decode(body["UserData"]).decode().splitlines()


def _roll_back(cloud: LocalCloud, truth: dict[str, Any]) -> None:
    cloud.client("autoscaling", "executor").start_instance_refresh(
        AutoScalingGroupName=truth["service"],
        DesiredConfiguration={"LaunchTemplate": _before(truth["revision"])},
    )


@pytest.mark.parametrize(("service", "call", "arguments"), CALLS)
def test_an_answer_has_its_models_shape(
    cloud: LocalCloud, service: str, call: str, arguments: dict[str, Any]
) -> None:
    cloud.show("memory_leak", application="claims", seed=5)

    answer = getattr(cloud.client(service), call)(**arguments)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert next(value for key, value in answer.items() if key != "ResponseMetadata")


@pytest.mark.parametrize(
    ("service", "call", "arguments", "code"),
    [
        ("autoscaling", "describe_instance_refreshes", {"AutoScalingGroupName": "no"}, "ValidationError"),
        ("ec2", "describe_instances", {"InstanceIds": ["i-0123456789abcdef0"]}, "InvalidInstanceID.NotFound"),
        (
            "ec2",
            "describe_launch_template_versions",
            {"LaunchTemplateName": "none"},
            "InvalidLaunchTemplateName.NotFoundException",
        ),
        (
            "ec2",
            "describe_launch_template_versions",
            {"LaunchTemplateName": "claims-intake", "Versions": ["9999"]},
            "InvalidLaunchTemplateId.VersionNotFound",
        ),
    ],
)
def test_what_is_not_there_is_said_in_the_services_own_code(
    cloud: LocalCloud, service: str, call: str, arguments: dict[str, Any], code: str
) -> None:
    cloud.show("memory_leak", application="claims", seed=5)

    with pytest.raises(ClientError) as refused:
        getattr(cloud.client(service), call)(**arguments)

    assert code_of(refused.value) == code


def test_instances_targets_and_templates_hang_together(cloud: LocalCloud) -> None:
    cloud.play(application="claims", decoys=False)
    elb, group = cloud.client("elbv2"), _group(cloud, "intake")
    tag = {"Name": "tag:Service", "Values": ["intake"]}

    reservations = cloud.client("ec2").describe_instances(Filters=[tag])["Reservations"]
    instances = {one["InstanceId"]: one for r in reservations for one in r["Instances"]}
    targets = elb.describe_target_health(TargetGroupArn=group["TargetGroupARNs"][0])
    image, script = _version(cloud, f"claims-intake:{group['LaunchTemplate']['Version']}")

    assert set(instances) == {one["InstanceId"] for one in group["Instances"]}
    assert set(instances) == {one["Target"]["Id"] for one in targets["TargetHealthDescriptions"]}
    assert len(instances) == group["DesiredCapacity"] == 3
    assert {one["ImageId"] for one in instances.values()} == {image}
    assert "DOCUMENTS_URL=http://documents.claims.internal" in script
    assert cloud.client("ecs").list_clusters()["clusterArns"] == []
    streams = cloud.client("logs").describe_log_streams(logGroupName="/claims/intake")["logStreams"]
    assert {stream["logStreamName"] for stream in streams} == set(instances)


@pytest.mark.parametrize(("fault", "seed"), [("bad_deployment", 3), ("config_change", 4)])
def test_a_release_is_a_template_version_and_a_refresh_and_the_one_before_heals(
    cloud: LocalCloud, fault: str, seed: int
) -> None:
    case = cloud.play(fault, application="claims", seed=seed)
    truth = case["truth"]
    name, _, number = truth["revision"].partition(":")
    image, script = _version(cloud, truth["revision"])
    old_image, old_script = _version(cloud, f"{name}:{int(number) - 1}")
    made = [e["CloudTrailEvent"] for e in cloud.trail("CreateLaunchTemplateVersion")]
    rolled = [e["CloudTrailEvent"] for e in cloud.trail("StartInstanceRefresh")]

    assert any(f'"LaunchTemplateName": "{name}"' in event for event in made)
    assert any(f'"launchTemplateName": "{name}", "version": "{number}"' in event for event in rolled)
    assert (image != old_image) == (fault == "bad_deployment")
    assert len(set(script) - set(old_script)) == (fault == "config_change")

    cloud.restart("claims", truth["service"])
    assert cloud.state_after(case["alert"]["alarm"], 240) == "ALARM", "the same version heals nothing"
    _roll_back(cloud, truth)
    assert cloud.state_after(case["alert"]["alarm"], 300) == "OK"
    assert _refreshes(cloud, truth["service"])[0] == "Successful"


def test_a_leaking_process_is_killed_by_the_kernel_and_restarted_in_place(cloud: LocalCloud) -> None:
    truth = cloud.play("memory_leak", application="claims", seed=6, onset_minutes=12, decoys=False)["truth"]
    service, group = truth["service"], f"/claims/{truth['service']}"
    there = {one["InstanceId"] for one in _group(cloud, service)["Instances"]}

    killed = cloud.log(group, '"Out of memory: Killed process"', (-14, 0))
    restarted = cloud.log(group, '"Scheduled restart job"', (-14, 0))

    assert killed
    assert {line["logStreamName"] for line in killed} <= there, "the instances stay"
    assert len(restarted) == pytest.approx(len(killed), abs=1)
    assert not cloud.log(group, '"Out of memory"', (-60, -20))
    assert max(cloud.series(service, "mem_used_percent", "Maximum", (-14, 0)).values()) > 85
    assert max(cloud.series(service, "mem_used_percent", "Maximum", (-60, -35)).values()) < 65
    causes = [one["Cause"] for one in _activities(cloud, service)]
    assert not any("health check" in cause for cause in causes)


def test_a_stuck_rollout_launches_instances_again_and_again_until_it_is_rolled_back(
    cloud: LocalCloud,
) -> None:
    case = cloud.play("rollout_stuck", application="claims", seed=4)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]
    failed = [one for one in _activities(cloud, service) if "health check failure" in one["Cause"]]

    assert _refreshes(cloud, service)[0] == "Failed"
    assert len(failed) >= 4
    assert cloud.ratio(service, "HealthyHostCount", "Minimum") == pytest.approx(1, abs=0.35)

    _roll_back(cloud, case["truth"])
    assert cloud.state_after(alarm, 300) == "OK"
    assert _refreshes(cloud, service)[0] == "Successful"


def test_a_refresh_in_progress_stands_in_the_way_of_another(cloud: LocalCloud) -> None:
    cloud.play(application="claims", decoys=False)
    cloud.restart("claims", "intake")

    with pytest.raises(ClientError) as refused:
        cloud.restart("claims", "intake")

    assert code_of(refused.value) == "InstanceRefreshInProgress"
    cloud.pass_time(60)
    cloud.restart("claims", "intake")


def test_a_group_that_finds_no_room_says_so_until_it_may_buy_on_demand(cloud: LocalCloud) -> None:
    case = cloud.play("cannot_scale", application="claims", seed=4)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]
    group, activities = _group(cloud, service), _activities(cloud, service)
    refused = [one for one in activities if one["StatusCode"] == "Failed"]
    taken = [one for one in activities if "Spot Instance interruption" in one["Cause"]]

    assert len(group["Instances"]) < group["DesiredCapacity"]
    assert len(refused) > 3
    assert "do not have sufficient m6g.medium capacity" in refused[0]["StatusMessage"]
    assert len(taken) == group["DesiredCapacity"] - len(group["Instances"])

    distribution = {"OnDemandPercentageAboveBaseCapacity": 100}
    cloud.client("autoscaling", "operator").update_auto_scaling_group(
        AutoScalingGroupName=service, MixedInstancesPolicy={"InstancesDistribution": distribution}
    )
    assert cloud.state_after(alarm, 360) == "OK"
    assert len(_group(cloud, service)["Instances"]) == group["DesiredCapacity"]


def test_a_group_without_instances_reads_no_messages_until_it_has_some(cloud: LocalCloud) -> None:
    seed = next(n for n in itertools.count(1) if _scaled_down(cloud, n))
    case = cloud.play("consumer_stopped", application="claims", seed=seed)

    assert case["truth"]["service"] == "assessor"
    assert _group(cloud, "assessor")["Instances"] == []
    assert cloud.level("assessments", "NumberOfMessagesReceived", "Sum", LATE) == 0
    scale = cloud.client("autoscaling", "executor").set_desired_capacity
    scale(AutoScalingGroupName="assessor", DesiredCapacity=2)
    assert cloud.state_after(case["alert"]["alarm"], 400) == "OK"
    with pytest.raises(ClientError, match="above max value 8"):
        scale(AutoScalingGroupName="assessor", DesiredCapacity=99)


def _scaled_down(cloud: LocalCloud, seed: int) -> bool:
    onset = cloud.play("consumer_stopped", application="claims", seed=seed)["truth"]["onset"]
    return any(e["EventTime"].timestamp() > onset - 30 for e in cloud.trail("SetDesiredCapacity"))


def test_a_daily_command_can_be_cancelled_when_it_takes_the_database(cloud: LocalCloud) -> None:
    case = cloud.play("batch_collision", application="claims", seed=4)
    runs = [event["EventTime"].timestamp() for event in cloud.trail("SendCommand")]
    ssm = cloud.client("ssm", "operator")

    assert [later - earlier for later, earlier in itertools.pairwise(runs)] == pytest.approx([86400] * 7)
    assert cloud.level("claims-db", "CPUUtilization", "Average", LATE) > 85
    assert cloud.log("/aws/rds/instance/claims-db/postgresql", '"FETCH FORWARD"', LATE_LINES)
    assert not cloud.log("/aws/rds/instance/claims-db/postgresql", '"FETCH FORWARD"', CALM_LINES)

    ssm.cancel_command(CommandId=ssm.list_commands()["Commands"][0]["CommandId"])
    assert cloud.state_after(case["alert"]["alarm"], 300) == "OK"


def test_the_worker_may_read_groups_and_only_the_executor_may_change_one(cloud: LocalCloud) -> None:
    cloud.play(application="claims", decoys=False)
    wanted = {"AutoScalingGroupName": "intake", "DesiredCapacity": 4}

    with pytest.raises(ClientError, match="not authorized to perform: autoscaling:SetDesiredCapacity"):
        cloud.client("autoscaling").set_desired_capacity(**wanted)
    cloud.client("autoscaling", "executor").set_desired_capacity(**wanted)

    assert _group(cloud, "intake")["DesiredCapacity"] == 4
