"""An application of functions: versions, aliases, concurrency, and faults in the form they have there."""

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_cloud import CALM_LINES, LATE, LATE_LINES, LocalCloud, code_of, log_group

ANSWERING = ("site", "tracking", "quotes", "shipments")
DATABASE = "/aws/rds/instance/parcels-db/postgresql"
NAMED: dict[str, Any] = {"FunctionName": "shipments"}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("list_functions", {}),
    ("get_function", NAMED),
    ("get_function_configuration", {**NAMED, "Qualifier": "live"}),
    ("get_function_concurrency", NAMED),
    ("list_versions_by_function", NAMED),
    ("list_aliases", NAMED),
    ("get_alias", {**NAMED, "Name": "live"}),
    ("list_event_source_mappings", {"FunctionName": "label-maker"}),
]


def _play(cloud: LocalCloud, fault: str, seed: int, **wish: object) -> tuple[dict[str, Any], str, str]:
    """The truth of a case, the service it is about, and the alarm that tells of it."""
    case = cloud.play(fault, application="parcels", seed=seed, **wish)
    return case["truth"], case["truth"]["service"], case["alert"]["alarm"]


def _version(cloud: LocalCloud, revision: str) -> tuple[str, dict[str, str]]:
    """Code and environment of a version."""
    name, _, number = revision.partition(":")
    found = cloud.client("lambda").get_function_configuration(FunctionName=name, Qualifier=number)
    return found["CodeSha256"], found["Environment"]["Variables"]


def _before(revision: str) -> str:
    name, _, number = revision.partition(":")
    return f"{name}:{int(number) - 1}"


def _roll_back(cloud: LocalCloud, truth: dict[str, Any]) -> None:
    cloud.point(truth["service"], _before(truth["revision"]).partition(":")[2])


# ---- what the front answers ----


@pytest.mark.parametrize(("call", "arguments"), CALLS)
def test_an_answer_has_its_models_shape(cloud: LocalCloud, call: str, arguments: dict[str, Any]) -> None:
    cloud.show("bad_deployment", application="parcels", seed=3)

    answer = getattr(cloud.client("lambda"), call)(**arguments)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert next(value for key, value in answer.items() if key != "ResponseMetadata")


@pytest.mark.parametrize(
    ("call", "arguments", "code"),
    [
        ("get_function", {"FunctionName": "none"}, "ResourceNotFoundException"),
        ("get_function", {**NAMED, "Qualifier": "9999"}, "ResourceNotFoundException"),
        ("get_alias", {**NAMED, "Name": "next"}, "ResourceNotFoundException"),
        ("update_alias", {**NAMED, "Name": "live", "FunctionVersion": "9999"}, "ResourceNotFoundException"),
        ("update_alias", {**NAMED, "Name": "live", "RevisionId": "x"}, "PreconditionFailedException"),
        (
            "put_function_concurrency",
            {**NAMED, "ReservedConcurrentExecutions": 900},
            "InvalidParameterValueException",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_the_services_own_code(
    cloud: LocalCloud, call: str, arguments: dict[str, Any], code: str
) -> None:
    cloud.show("bad_deployment", application="parcels", seed=3)

    with pytest.raises(ClientError) as refused:
        getattr(cloud.client("lambda", "operator"), call)(**arguments)

    assert code_of(refused.value) == code


def test_targets_aliases_versions_and_mappings_hang_together(cloud: LocalCloud) -> None:
    cloud.play(application="parcels", decoys=False)
    elb, functions = cloud.client("elbv2"), cloud.client("lambda")

    (group,) = elb.describe_target_groups(Names=["parcels-shipments"])["TargetGroups"]
    health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    (alias,) = functions.list_aliases(FunctionName="shipments")["Aliases"]
    versions = functions.list_versions_by_function(FunctionName="shipments")["Versions"]
    (mapping,) = functions.list_event_source_mappings(FunctionName="label-maker")["EventSourceMappings"]

    assert (group["TargetType"], group["HealthCheckEnabled"]) == ("lambda", False)
    assert [one["Target"]["Id"] for one in health] == [alias["AliasArn"]]
    assert health[0]["TargetHealth"]["Reason"] == "Target.HealthCheckDisabled"
    assert versions[0]["Version"] == "$LATEST"
    assert versions[-1]["Version"] == alias["FunctionVersion"]
    assert versions[-1]["CodeSha256"] == versions[0]["CodeSha256"] != versions[-2]["CodeSha256"]
    assert mapping["FunctionArn"].endswith(":function:label-maker:live")
    assert cloud.client("ecs").list_clusters()["clusterArns"] == []
    names = {metric["MetricName"] for metric in cloud.client("cloudwatch").list_metrics()["Metrics"]}
    assert not names & {"HealthyHostCount", "UnHealthyHostCount"}


def test_a_function_frames_each_request_by_its_version(cloud: LocalCloud) -> None:
    cloud.play(application="parcels", decoys=False)
    version = cloud.client("lambda").get_alias(FunctionName="tracking", Name="live")["FunctionVersion"]

    lines = cloud.log("/aws/lambda/tracking", "", (-3, -1))

    starts = [line for line in lines if line["message"].startswith("START RequestId")]
    assert len(starts) > 30
    assert {line["message"].rpartition(" ")[2] for line in starts} == {version}
    assert all(f"[{version}]" in line["logStreamName"] for line in lines)
    assert sum(line["message"].startswith("REPORT") for line in lines) == pytest.approx(len(starts), abs=3)


def test_the_worker_may_read_functions_and_only_the_executor_may_change_one(cloud: LocalCloud) -> None:
    cloud.play(application="parcels", decoys=False)
    wanted = {**NAMED, "ReservedConcurrentExecutions": 30}

    with pytest.raises(ClientError, match="not authorized to perform: lambda:PutFunctionConcurrency"):
        cloud.client("lambda").put_function_concurrency(**wanted)
    cloud.client("lambda", "executor").put_function_concurrency(**wanted)

    assert cloud.client("lambda").get_function_concurrency(**NAMED)["ReservedConcurrentExecutions"] == 30


def test_a_version_is_published_once_and_answers_when_the_alias_names_it(cloud: LocalCloud) -> None:
    cloud.play(application="parcels", decoys=False)
    client = cloud.client("lambda", "operator")
    running = client.get_alias(FunctionName="quotes", Name="live")["FunctionVersion"]

    version = cloud.published("quotes", CACHE_TTL_SECONDS="1")
    again = client.publish_version(FunctionName="quotes")["Version"]
    cloud.pass_time(120)
    calm = cloud.level("quotes", "TargetResponseTime", "p90", (-2, 0))
    cloud.point("quotes", version)
    cloud.pass_time(120)

    assert again == version == str(int(running) + 1)
    assert cloud.level("quotes", "TargetResponseTime", "p90", (-1, 0)) > 1.3 * calm


def test_what_finds_no_execution_free_is_throttled_and_answered_by_the_balancer(cloud: LocalCloud) -> None:
    cloud.play(application="parcels", decoys=False)
    client = cloud.client("lambda", "operator")
    client.put_function_concurrency(FunctionName="site", ReservedConcurrentExecutions=2)
    cloud.pass_time(240)

    throttled = cloud.level("site", "Throttles", "Sum", (-2, 0))

    assert set(cloud.series("site", "ConcurrentExecutions", "Maximum", (-2, 0)).values()) == {2.0}
    assert throttled > 300
    assert cloud.level("site", "LambdaUserError", "Sum", (-2, 0)) == pytest.approx(throttled, rel=0.1)
    assert cloud.level("parcels-public", "HTTPCode_ELB_5XX_Count", "Sum", (-2, 0)) >= throttled
    assert cloud.level("site", "HTTPCode_Target_5XX_Count", "Sum", (-2, 0)) < 10
    asked = cloud.level("site", "RequestCount", "Sum", (-2, 0))
    assert asked == pytest.approx(throttled + cloud.level("site", "Invocations", "Sum", (-2, 0)), rel=0.02)
    client.delete_function_concurrency(FunctionName="site")
    cloud.pass_time(180)
    assert cloud.level("site", "Throttles", "Sum", (-1, 0)) == 0
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="site")


# ---- faults ----


@pytest.mark.parametrize(("fault", "seed"), [("bad_deployment", 3), ("config_change", 4)])
def test_a_release_is_a_version_and_the_alias_goes_back_to_heal(
    cloud: LocalCloud, fault: str, seed: int
) -> None:
    truth, service, alarm = _play(cloud, fault, seed)
    (code, variables), (old_code, old) = (
        _version(cloud, one) for one in (truth["revision"], _before(truth["revision"]))
    )
    number = truth["revision"].partition(":")[2]
    moved = [e["CloudTrailEvent"] for e in cloud.trail("UpdateAlias20150331")]
    published = [e for e in cloud.trail("PublishVersion20150331") if f'"version": "{number}"' in str(e)]

    assert any(f'"functionVersion": "{number}"' in event and service in event for event in moved)
    assert service in {e["Resources"][0]["ResourceName"] for e in published}
    assert (code != old_code) == (fault == "bad_deployment")
    assert sum(variables[name] != old[name] for name in variables) == (fault == "config_change")

    cloud.restart("parcels", service)
    assert cloud.state_after(alarm, 240) == "ALARM", "the same code and settings heal nothing"
    _roll_back(cloud, truth)
    assert cloud.state_after(alarm, 300) == "OK"


def test_an_exception_ends_the_invocation_and_a_refused_call_is_answered(cloud: LocalCloud) -> None:
    truth, service, _ = _play(cloud, "bad_deployment", 3)
    number = truth["revision"].partition(":")[2]
    caller = "site"

    raised = cloud.log(
        log_group("parcels", service), "?Exception ?Traceback ?goroutine ?TypeError", LATE_LINES
    )

    assert len(raised) > 10
    assert all(f"[{number}]" in line["logStreamName"] for line in raised)
    errors = cloud.level(service, "Errors", "Sum", LATE)
    assert errors > 30
    assert cloud.level(service, "LambdaUserError", "Sum", LATE) == pytest.approx(errors, rel=0.1)
    assert cloud.level(caller, "HTTPCode_Target_5XX_Count", "Sum", LATE) > 30
    assert cloud.level(caller, "LambdaUserError", "Sum", LATE) < 5


def test_a_leak_kills_executions_until_the_alias_goes_back(cloud: LocalCloud) -> None:
    truth, service, alarm = _play(cloud, "memory_leak", 6, onset_minutes=12)
    group = log_group("parcels", service)

    killed = cloud.log(group, '"signal: killed"', (-12, 0))
    reports = cloud.log(group, '"Runtime.ExitError"', (-12, 0))

    assert killed
    assert len(reports) == len(killed)
    assert not cloud.log(group, '"signal: killed"', (-50, -25))
    assert max(cloud.series(service, "memory_utilization", "Maximum", (-14, 0)).values()) > 85
    assert max(cloud.series(service, "memory_utilization", "Maximum", (-60, -35)).values()) < 65
    _roll_back(cloud, truth)
    assert cloud.state_after(alarm, 300) == "OK"


def test_a_third_party_that_hangs_is_named_by_its_caller(cloud: LocalCloud) -> None:
    truth, host, _ = _play(cloud, "third_party_down", 2)

    assert host == "api.carrier.example"
    assert truth["revision"] is None
    assert len(cloud.log("/aws/lambda/shipments", f'"{host}"', LATE_LINES)) > 20
    assert len(cloud.log("/aws/lambda/shipments", f'"{host}"', CALM_LINES)) < 5


def test_a_slow_function_takes_the_executions_of_its_callers_until_it_starts_anew(cloud: LocalCloud) -> None:
    _, service, alarm = _play(cloud, "slow_dependency", 4)

    assert cloud.ratio(service, "TargetResponseTime", "p50") > 4
    assert cloud.ratio("site", "ConcurrentExecutions", "Maximum") > 1.5
    assert cloud.ratio("parcels-db", "CPUUtilization") < 1.3
    cloud.restart("parcels", "site")
    assert cloud.state_after(alarm, 300) == "ALARM"
    cloud.restart("parcels", service)
    assert cloud.state_after(alarm, 300) == "OK"


def test_what_healed_by_itself_was_over_before_anybody_looked(cloud: LocalCloud) -> None:
    _, service, alarm = _play(cloud, "self_healed", 4, onset_minutes=12)

    latency = cloud.series(service, "TargetResponseTime", "p50", (-30, 0))

    assert cloud.state_of(alarm) == "OK"
    assert max(latency.values()) > 4 * cloud.level(service, "TargetResponseTime", "p50", (-45, -14))
    assert cloud.level(service, "TargetResponseTime", "p50", (-4, -1)) < 1.3 * min(latency.values())


def test_a_bad_plan_is_told_by_the_database(cloud: LocalCloud) -> None:
    _play(cloud, "query_regression", 3)

    assert cloud.level("parcels-db", "CPUUtilization", "Average", LATE) > 85
    assert cloud.ratio("parcels-db", "ReadIOPS") > 2
    assert len(cloud.log(DATABASE, '"duration:"', LATE_LINES)) > 3 * len(
        cloud.log(DATABASE, '"duration:"', CALM_LINES)
    )


def test_a_full_database_turns_functions_away_until_it_is_rebooted(cloud: LocalCloud) -> None:
    _, _, alarm = _play(cloud, "pool_exhaustion", 3)
    connections = set(cloud.series("parcels-db", "DatabaseConnections", "Maximum", LATE).values())

    assert connections == {320.0}
    assert cloud.log("/aws/lambda/tracking", '"remaining connection slots"', LATE_LINES)
    assert cloud.ratio("parcels-db", "CPUUtilization") < 1.1
    cloud.client("rds", "operator").reboot_db_instance(DBInstanceIdentifier="parcels-db")
    assert cloud.state_after(alarm, 300) == "OK"


def test_a_lock_is_waited_for_in_an_idle_database(cloud: LocalCloud) -> None:
    _play(cloud, "lock_contention", 1)

    assert len(cloud.log(DATABASE, '"still waiting for"', LATE_LINES)) > 10
    assert not cloud.log(DATABASE, '"still waiting for"', CALM_LINES)
    assert cloud.ratio("parcels-db", "CPUUtilization") < 1.15
    assert cloud.ratio("parcels-db", "DatabaseConnections", "Maximum") > 1.15


def test_a_surge_takes_all_the_concurrency_of_the_entry(cloud: LocalCloud) -> None:
    _, entry, _ = _play(cloud, "traffic_surge", 2)

    assert entry == "site"
    assert cloud.ratio(entry, "RequestCount", "Sum") > 2
    assert cloud.level(entry, "Throttles", "Sum", LATE) > 300
    assert set(cloud.series(entry, "ConcurrentExecutions", "Maximum", (-4, -1)).values()) == {20.0}


def test_a_reserve_that_was_lowered_throttles_until_it_is_raised(cloud: LocalCloud) -> None:
    truth, service, alarm = _play(cloud, "cannot_scale", 3)
    client = cloud.client("lambda", "executor")
    call = cloud.trail("PutFunctionConcurrency20171031")[0]
    reserved = client.get_function_concurrency(FunctionName=service)["ReservedConcurrentExecutions"]

    assert abs(call["EventTime"].timestamp() - truth["onset"]) < 5
    assert call["Resources"][0]["ResourceName"] == service
    assert cloud.level(service, "Throttles", "Sum", LATE) > 100
    assert max(cloud.series(service, "ConcurrentExecutions", "Maximum", (-30, -12)).values()) > reserved
    assert cloud.ratio("site", "RequestCount", "Sum") < 1.2
    cloud.restart("parcels", service)
    assert cloud.state_after(alarm, 240) == "ALARM", "another version may run no more often"
    client.put_function_concurrency(FunctionName=service, ReservedConcurrentExecutions=24)
    assert cloud.state_after(alarm, 300) == "OK"


@pytest.mark.parametrize("seed", [1, 3])
def test_a_mapping_that_is_off_lets_messages_grow_old_until_it_is_on(cloud: LocalCloud, seed: int) -> None:
    _, service, alarm = _play(cloud, "consumer_stopped", seed)
    queue = {"label-maker": "labels", "event-writer": "tracking-events"}[service]
    client = cloud.client("lambda", "operator")
    (mapping,) = client.list_event_source_mappings(FunctionName=service)["EventSourceMappings"]

    assert mapping["State"] == "Disabled"
    assert cloud.level(queue, "NumberOfMessagesReceived", "Sum", LATE) == 0
    assert cloud.level(queue, "NumberOfMessagesSent", "Sum", LATE) > 50
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    assert cloud.state_after(alarm, 600) == "OK"


def test_a_cache_without_its_keys_makes_the_database_pay(cloud: LocalCloud) -> None:
    _play(cloud, "cache_stampede", 3)

    hits, misses = (cloud.level("parcels-cache", name, "Sum", LATE) for name in ("CacheHits", "CacheMisses"))
    assert hits / (hits + misses) < 0.8
    assert cloud.ratio("parcels-db", "CPUUtilization") > 2
    assert cloud.ratio("site", "RequestCount", "Sum") < 1.2


@pytest.mark.parametrize("seed", [1, 3])
def test_a_credential_that_is_refused_is_refused_to_one_function(cloud: LocalCloud, seed: int) -> None:
    _, service, alarm = _play(cloud, "expired_credential", seed)
    words = '?x509 ?"401 Unauthorized" ?"password authentication failed"'

    assert len(cloud.log(log_group("parcels", service), words, LATE_LINES)) > 10
    assert not cloud.log(log_group("parcels", service), words, CALM_LINES)
    others = [name for name in ANSWERING if name != service]
    assert not any(cloud.log(log_group("parcels", other), words, LATE_LINES) for other in others)
    rotated = bool(cloud.trail("RotateSecret"))
    cloud.restart("parcels", service)
    assert cloud.state_after(alarm, 300) == ("OK" if rotated else "ALARM")


@pytest.mark.parametrize("seed", [1, 4])
def test_access_that_was_taken_comes_back_with_who_gives_it_back(cloud: LocalCloud, seed: int) -> None:
    _, service, alarm = _play(cloud, "access_change", seed)
    (call,) = cloud.trail("DeleteRolePolicy") + cloud.trail("RevokeSecurityGroupIngress")
    touched = {one["ResourceType"].rpartition("::")[2]: one["ResourceName"] for one in call["Resources"]}
    words = '?AccessDenied ?"connection timed out"'

    assert len(cloud.log(log_group("parcels", service), words, LATE_LINES)) > 5
    assert not cloud.log(log_group("parcels", service), words, CALM_LINES)
    if "Role" in touched:
        cloud.client("iam", "operator").put_role_policy(
            RoleName=touched["Role"], PolicyName="send", PolicyDocument='{"Version": "2012-10-17"}'
        )
    else:
        cloud.client("ec2", "operator").authorize_security_group_ingress(
            GroupId=touched["SecurityGroup"],
            IpProtocol="tcp",
            FromPort=5432,
            ToPort=5432,
            CidrIp="10.0.0.0/16",
        )
    assert cloud.state_after(alarm, 300) == "OK"


def test_a_quota_of_calls_is_told_by_the_host_that_sets_it(cloud: LocalCloud) -> None:
    _, service, _ = _play(cloud, "quota_exceeded", 1)

    assert service == "shipments"
    assert len(cloud.log("/aws/lambda/shipments", '"429 Too Many Requests"', LATE_LINES)) > 20
    assert not cloud.log("/aws/lambda/shipments", '"429 Too Many Requests"', CALM_LINES)


def test_a_disk_that_is_full_takes_nothing_more(cloud: LocalCloud) -> None:
    _play(cloud, "disk_full", 1)

    assert min(cloud.series("parcels-db", "FreeStorageSpace", "Minimum", LATE).values()) < 1e8
    assert cloud.log(DATABASE, '"No space left on device"', LATE_LINES)


def test_a_rule_that_answers_itself_leaves_a_function_uncalled(cloud: LocalCloud) -> None:
    _, service, alarm = _play(cloud, "balancer_or_dns", 4)
    elb = cloud.client("elbv2", "operator")
    (call,) = cloud.trail("ModifyRule")
    (group,) = elb.describe_target_groups(Names=[f"parcels-{service}"])["TargetGroups"]

    assert cloud.ratio(service, "Invocations", "Sum") < 0.3
    assert cloud.level(service, "LambdaUserError", "Sum", LATE) < 3
    assert cloud.level("parcels-internal", "HTTPCode_ELB_5XX_Count", "Sum", LATE) > 25
    forward = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
    elb.modify_rule(RuleArn=call["Resources"][0]["ResourceName"], Actions=[forward])
    assert cloud.state_after(alarm, 300) == "OK"


def test_a_daily_state_machine_can_be_stopped_when_it_takes_the_database(cloud: LocalCloud) -> None:
    _, _, alarm = _play(cloud, "batch_collision", 4)
    states = cloud.client("stepfunctions", "operator")
    (run,) = states.list_executions(stateMachineArn=_machine(cloud))["executions"]

    assert run["status"] == "RUNNING"
    assert len(cloud.trail("StartExecution")) == 8
    assert cloud.level("parcels-db", "CPUUtilization", "Average", LATE) > 85
    states.stop_execution(executionArn=run["executionArn"])
    assert cloud.state_after(alarm, 300) == "OK"


def _machine(cloud: LocalCloud) -> str:
    found = re.search(r'"stateMachineArn": "([^"]+)"', cloud.trail("StartExecution")[0]["CloudTrailEvent"])
    assert found
    return found[1]


def test_an_edited_alarm_watches_what_is_as_ever(cloud: LocalCloud) -> None:
    truth, service, alarm = _play(cloud, "alarm_edited", 3)
    edit = cloud.trail("PutMetricAlarm")[0]

    assert [one["ResourceName"] for one in edit["Resources"]] == [alarm]
    assert edit["EventTime"].timestamp() == pytest.approx(truth["onset"], abs=5)
    assert service in cloud.services("parcels") or service == "parcels-db"


def test_telemetry_that_hangs_in_executions_starts_again_with_them(cloud: LocalCloud) -> None:
    _, service, alarm = _play(cloud, "telemetry_broken", 4)

    for metric in ("Requests", "memory_utilization"):
        assert not cloud.series(service, metric, "SampleCount", (-6, -1))
        assert cloud.series(service, metric, "SampleCount", (-20, -12))
    assert not cloud.log(log_group("parcels", service), "", LATE_LINES)
    assert cloud.ratio(service, "Invocations", "Sum") == pytest.approx(1, abs=0.2)
    cloud.restart("parcels", service)
    assert cloud.state_after(alarm, 300) == "OK"
