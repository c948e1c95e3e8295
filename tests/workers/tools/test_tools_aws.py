"""AWS's refusals in our words: each says what failed and what is missing, and is never an empty answer."""

import threading
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session

from tests.workers.sandbox.local_cloud import REGION
from tests.workers.tools.conftest import ONCE, Site
from workers.domain.call import ToolCall
from workers.domain.errors import AccessDenied, OutcomeUnknown, RunbookError, ToolFailed, Unreachable
from workers.safety.gate import Gate
from workers.tools import AWS
from workers.tools.aws import WRITE, Aws
from workers.tools.inventory import Account
from workers.tools.metering import Counted

LIST, UPDATE = "ListClusters", "UpdateService"
WHO = "arn:aws:iam::123456789012:user/runbook-worker"


def call(site: Site) -> Any:
    return site.aws(config=ONCE).call("ecs", "list_clusters")


@pytest.mark.parametrize(
    ("code", "message", "permission", "told"),
    [
        (
            "AccessDeniedException",
            f"User: {WHO} is not authorized to perform: ecs:ListClusters because no policy allows it",
            "ecs:ListClusters",
            f"Grant ecs:ListClusters to {WHO}.",
        ),
        (
            "AccessDeniedException",
            f"User: {WHO} is not authorized to perform: kms:Decrypt on resource: x",
            "kms:Decrypt",
            f"Grant kms:Decrypt to {WHO}.",
        ),
        ("AccessDenied", "No.", "ecs:ListClusters", "Grant ecs:ListClusters."),
        ("UnauthorizedOperation", "", "ecs:ListClusters", "Grant ecs:ListClusters."),
        ("ExpiredTokenException", "expired", "ecs:ListClusters", "aws sso login"),
        ("UnrecognizedClientException", "invalid", "ecs:ListClusters", "Check the key"),
        ("InvalidSignatureException", "does not match", "ecs:ListClusters", "Check the key"),
    ],
)
def test_refusal_names_the_permission_that_is_missing(
    site: Site, code: str, message: str, permission: str, told: str
) -> None:
    site.refuse(LIST, code, message)

    with pytest.raises(AccessDenied) as denied:
        call(site)

    assert denied.value.permission == permission
    assert told in denied.value.mend


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "Throttling", "LimitExceededException", "RequestThrottled"]
)
def test_throttling_is_told_from_a_failure(site: Site, code: str) -> None:
    site.refuse(LIST, code, "Rate exceeded")

    with pytest.raises(ToolFailed, match="asks for fewer calls: Rate exceeded") as failed:
        call(site)

    assert failed.value.throttled


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "InvalidSignatureException",
            "Signature expired: 20260301T110000Z is now earlier than 20260301T1155Z",
        ),
        ("InvalidSignatureException", "Signature not yet current: 20260301T130000Z is still later than 1205"),
        (
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        ("RequestExpired", "Request has expired."),
    ],
)
def test_a_clock_that_is_off_is_told_as_that_and_not_as_a_missing_permission(
    site: Site, code: str, message: str
) -> None:
    site.refuse(LIST, code, message, status=403)

    with pytest.raises(ToolFailed, match="does not accept the time of this machine") as failed:
        call(site)

    assert "NTP" in failed.value.mend


def test_a_region_that_is_off_is_named_with_what_to_do(site: Site) -> None:
    site.refuse(LIST, "OptInRequired", "You are not subscribed to this service", status=403)

    with pytest.raises(ToolFailed, match=f"may not be used in {REGION}") as failed:
        call(site)

    assert failed.value.mend.startswith(f"Switch {REGION} on for the account")


def test_a_key_that_is_not_known_may_be_of_a_region_that_is_off(site: Site) -> None:
    site.refuse(LIST, "UnrecognizedClientException", "The security token is invalid", status=403)

    with pytest.raises(AccessDenied) as denied:
        call(site)

    assert denied.value.mend == f"Check the key, and that {REGION} is switched on for the account."


def test_a_session_of_sso_that_has_ended_says_how_to_renew_it(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "config"
    file.write_text(
        "[profile on-call]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n"
        "sso_account_id = 111111111111\nsso_role_name = Reader\nregion = us-east-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    aws = Aws(Session(profile_name="on-call"), REGION, endpoint_url=site.line.url)

    with pytest.raises(AccessDenied) as denied:
        aws.call("ecs", "list_clusters")

    assert "aws sso login" in denied.value.mend
    assert site.asked(LIST) == 0


def test_half_a_page_and_then_an_error_is_a_failure_and_no_short_list(site: Site) -> None:
    site.say(LIST, {"clusterArns": ["c0a"], "nextToken": "t0"})
    site.refuse(LIST, "ServerException", "oh", status=500)

    with pytest.raises(ToolFailed, match="ServerException: oh"):
        site.aws(config=ONCE).pages("ecs", "list_clusters", "clusterArns")


@pytest.mark.parametrize(
    ("how", "error", "told"),
    [
        (
            {"answer": (500, b'{"__type": "ServerException", "message": "oh"}')},
            ToolFailed,
            "ServerException: oh",
        ),
        (
            {"answer": (400, b'{"__type": "ClusterNotFoundException"}')},
            ToolFailed,
            "ClusterNotFoundException",
        ),
        ({"answer": (503, b"")}, ToolFailed, "AWS ecs refused: 503"),
        ({"answer": (502, b"<html>Bad Gateway</html>")}, ToolFailed, "AWS ecs"),
        ({"answer": (200, b"\xff\xfe")}, ToolFailed, "answered what cannot be read"),
        ({"vanish": True}, Unreachable, "AWS ecs is unreachable"),
        ({"drop": True}, Unreachable, "AWS ecs is unreachable"),
        ({"after": True}, Unreachable, "timed out|timeout"),
    ],
)
def test_other_failures_say_what_failed(
    site: Site, how: dict[str, Any], error: type[RunbookError], told: str
) -> None:
    site.line.gate(LIST, **how)

    with pytest.raises(error, match=told):
        call(site)


def test_nobody_listening_is_unreachable_with_what_to_check(site: Site) -> None:
    aws = site.aws(config=ONCE)
    aws._endpoint_url = "http://127.0.0.1:9"

    with pytest.raises(Unreachable) as away:
        aws.call("ecs", "list_clusters")

    assert away.value.mend == "Check the network and the endpoint."


def test_iam_calls_balancers_by_another_name(site: Site) -> None:
    assert site.aws()._permission("elbv2", "describe_target_groups") == (
        "elasticloadbalancing:DescribeTargetGroups"
    )


def test_read_that_is_lost_once_is_asked_again(site: Site) -> None:
    site.line.gate(LIST, vanish=True)

    assert site.aws().call("ecs", "list_clusters")["clusterArns"]
    assert site.asked(LIST) == 2


def test_pages_are_followed_and_stop_at_the_limit(site: Site) -> None:
    def page(number: int) -> dict[str, Any]:
        return {"clusterArns": [f"c{number}a", f"c{number}b"], "nextToken": f"t{number}"}

    for number in range(4):
        site.say(LIST, page(number))

    with Counted() as counted:
        found = site.aws().pages("ecs", "list_clusters", "clusterArns", limit=5)

    assert found == ["c0a", "c0b", "c1a", "c1b", "c2a"]
    assert counted.calls == site.asked(LIST) == 3


def test_calls_on_other_threads_are_counted_to_whoever_asked(site: Site) -> None:
    aws, met = site.aws(), threading.Barrier(3)

    def ask(_: int) -> None:
        met.wait(10)
        aws.call("ecs", "list_clusters")

    with Counted() as counted:
        aws.each(ask, range(3))
    with Counted() as others:
        pass

    assert (counted.calls, others.calls) == (3, 0)


# -- changes


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"answer": (400, b'{"__type": "InvalidParameterException"}')}, ToolFailed),
        ({"answer": (400, b'{"__type": "ThrottlingException"}')}, ToolFailed),
        ({"answer": (400, b'{"__type": "AccessDeniedException"}')}, AccessDenied),
        ({"answer": (500, b'{"__type": "ServerException"}')}, OutcomeUnknown),
        ({"answer": (200, b"\xff\xfe")}, OutcomeUnknown),
        ({"vanish": True}, OutcomeUnknown),
        ({"drop": True}, OutcomeUnknown),
    ],
)
def test_change_is_sent_once_and_known_to_have_failed_only_where_aws_says_so(
    site: Site, how: dict[str, Any], error: type[RunbookError]
) -> None:
    # Whatever is sent twice would get through to the cloud.
    site.line.gate(UPDATE, **how)

    with pytest.raises(error):
        site.aws(config=WRITE).change("ecs", "update_service", cluster="shop", service="checkout")

    assert site.asked(UPDATE) == 1


def test_no_tool_can_change_anything(site: Site) -> None:
    """Even with credentials that may: every tool is asked, and the cloud has seen no write."""
    writes = site.cloud.ask("writes")
    account = Account(site.aws("executor"))
    gate = Gate([(toolset, account) for toolset in AWS], lambda: site.now)
    window, service = site.window(-10), {"service": "checkout"}
    asked: dict[str, dict[str, Any]] = {
        "topology": {},
        "series": {"targets": [{**service, "signal": "cpu"}], "window": window},
        "alarms": {"window": window},
        "cloudwatch_alarm_history": {"window": window},
        "cloudwatch_log_retention": service,
        "logs": {**service, "window": window, "before": site.window(-20, -10)},
        "changes": {"window": window},
        "ecs_events": {**service, "window": window},
        "ecs_revision": {**service, "after": "shop-checkout:9999"},
        "ecs_service": {**service, "cluster": "shop"},
        "autoscaling_events": {**service, "window": window},
        "autoscaling_revision": {**service, "after": "claims-intake:9999"},
        "autoscaling_group": {"group": "intake"},
        "rds_events": {"service": "shop-db", "window": window},
        "cloudwatch_zones": {**service, "window": window, "before": site.window(-20, -10)},
        "lambda_events": {**service, "window": window},
        "lambda_revision": {**service, "after": "tracking:9999"},
        "lambda_alias": {"function": "tracking", "alias": "live"},
        "aws_state": {"change": "lambda-reserve", "arguments": {"function": "tracking", "reservedCount": 9}},
        "codedeploy_deployment": {"deployment": "d-1"},
        "aws_query": {"what": "running", "environment": "prod"},
        "aws_watch": {"what": "tables", "window": window},
        "aws_cost": {"window": window},
        "slo_state": {"window": window},
        "xray_graph": {"window": window},
        "xray_traces": {**service, "window": window},
        "logs_insights": {"targets": [service], "kind": "patterns", "window": window},
    }

    assert set(asked) == {action.name for toolset in AWS for action in toolset.actions}
    for name, arguments in asked.items():
        gate.run(ToolCall(name=name, arguments=arguments))
    assert site.cloud.ask("writes") == writes
