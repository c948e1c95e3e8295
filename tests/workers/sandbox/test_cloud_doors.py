"""A door between a service and one thing it needs closes: its credential, its permission, its route."""

import pytest
from local_cloud import CALM_LINES, LATE_LINES, LocalCloud, log_group

EXPIRED = '?x509 ?"401 Unauthorized"'
REFUSED = '?"password authentication failed"'
CUT_OFF = '?AccessDenied ?"connection timed out"'


def _others(cloud: LocalCloud, application: str, service: str) -> list[str]:
    return [name for name in cloud.services(application) if name != service]


def _only_here(cloud: LocalCloud, application: str, service: str, pattern: str) -> None:
    """Only this service says so, and only since the onset."""
    group = log_group(application, service)
    assert len(cloud.log(group, pattern, LATE_LINES)) > 10
    assert not cloud.log(group, pattern, CALM_LINES)
    for other in _others(cloud, application, service):
        assert not cloud.log(log_group(application, other), pattern, LATE_LINES)


@pytest.mark.parametrize(("application", "seed"), [("shop", 3), ("booking", 1)])
def test_an_expired_credential_is_refused_to_one_caller_whatever_runs(
    cloud: LocalCloud, application: str, seed: int
) -> None:
    case = cloud.play("expired_credential", application=application, seed=seed)
    service = case["truth"]["service"]

    assert case["truth"]["revision"] is None
    _only_here(cloud, application, service, EXPIRED)
    assert cloud.trail("RotateSecret") == []
    assert cloud.trail("DeleteRolePolicy") == cloud.trail("RevokeSecurityGroupIngress") == []

    cloud.restart(application, service)
    assert cloud.state_after(case["alert"]["alarm"], 300) == "ALARM", "it has run out for fresh tasks too"


@pytest.mark.parametrize(("application", "seed"), [("shop", 2), ("booking", 5)])
def test_tasks_that_hold_a_rotated_password_are_refused_until_they_read_it_anew(
    cloud: LocalCloud, application: str, seed: int
) -> None:
    case = cloud.play("expired_credential", application=application, seed=seed)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]

    _only_here(cloud, application, service, REFUSED)
    assert len(cloud.trail("RotateSecret")) == 1

    cloud.restart(application, _others(cloud, application, service)[0])
    assert cloud.state_after(alarm, 240) == "ALARM"
    cloud.restart(application, service)
    assert cloud.state_after(alarm, 300) == "OK"


@pytest.mark.parametrize(("application", "seed"), [("shop", 4), ("shop", 3), ("booking", 4), ("booking", 9)])
def test_an_access_change_cuts_off_one_service_until_it_is_undone(
    cloud: LocalCloud, application: str, seed: int
) -> None:
    case = cloud.play("access_change", application=application, seed=seed)
    service, alarm = case["truth"]["service"], case["alert"]["alarm"]
    calls = cloud.trail("DeleteRolePolicy") + cloud.trail("RevokeSecurityGroupIngress")

    assert len(calls) == 1
    assert abs(calls[0]["EventTime"].timestamp() - case["truth"]["onset"]) < 5
    _only_here(cloud, application, service, CUT_OFF)
    assert cloud.ratio(service, "CPUUtilization") < 1.3

    if calls[0]["EventName"] == "DeleteRolePolicy":
        queue = {"shop": "orders", "booking": "notifications", "claims": "assessments"}[application]
        assert cloud.ratio(queue, "NumberOfMessagesSent", "Sum") < 0.3

    cloud.restart(application, service)
    assert cloud.state_after(alarm, 240) == "ALARM", "fresh tasks may as little"
    _undo(cloud, calls[0])
    assert cloud.state_after(alarm, 300) == "OK"


def _undo(cloud: LocalCloud, call: dict) -> None:
    """Give back what the call took, from what the trail says about it."""
    names = {r["ResourceType"].rpartition("::")[2]: r["ResourceName"] for r in call["Resources"]}
    if "Role" in names:
        cloud.client("iam", "operator").put_role_policy(
            RoleName=names["Role"], PolicyName=names["Policy"], PolicyDocument='{"Version": "2012-10-17"}'
        )
        return
    cloud.client("ec2", "operator").authorize_security_group_ingress(
        GroupId=names["SecurityGroup"], IpProtocol="tcp", FromPort=5432, ToPort=5432, CidrIp="10.0.0.0/16"
    )


@pytest.mark.parametrize("application", ["shop", "booking", "claims"])
def test_a_balancer_that_answers_itself_leaves_its_targets_idle_and_healthy(
    cloud: LocalCloud, application: str
) -> None:
    case = cloud.play("balancer_or_dns", application=application, seed=4)
    service, alarm, elb = case["truth"]["service"], case["alert"]["alarm"], cloud.client("elbv2", "operator")
    group = elb.describe_target_groups(Names=[f"{application}-{service}"])["TargetGroups"][0]
    health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    call = cloud.trail("ModifyRule")[0]
    listener = elb.describe_listeners(LoadBalancerArn=group["LoadBalancerArns"][0])["Listeners"][0]
    rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    astray = [r for r in rules if not r["IsDefault"] and r["Actions"][0]["Type"] == "fixed-response"]

    assert {target["TargetHealth"]["State"] for target in health} == {"healthy"}
    assert [rule["RuleArn"] for rule in astray] == [call["Resources"][0]["ResourceName"]]
    assert cloud.level(f"{application}-internal", "HTTPCode_ELB_5XX_Count", "Sum", (-6, -1)) > 25
    assert cloud.ratio(service, "RequestCount", "Sum") < 0.3
    assert cloud.level(service, "HTTPCode_Target_5XX_Count", "Sum", (-6, -1)) < 3
    assert cloud.ratio(service, "HealthyHostCount", "Minimum") > 0.8

    cloud.restart(application, service)
    assert cloud.state_after(alarm, 240) == "ALARM"
    forward = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
    elb.modify_rule(RuleArn=astray[0]["RuleArn"], Actions=[forward])
    assert cloud.state_after(alarm, 300) == "OK"
