"""Who may do what: every refusal in the form that the real service has for it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_cloud import LocalCloud, code_of
from moto.core.utils import get_service_model

from workers.sandbox.front import cbor

LIST_CLUSTERS = {
    "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters",
    "Content-Type": "application/x-amz-json-1.1",
}

DENIED = [
    ("iam", "list_users", {}, "AccessDenied", 403),
    ("ecs", "delete_cluster", {"cluster": "shop"}, "AccessDeniedException", 400),
    ("logs", "delete_log_group", {"logGroupName": "/ecs/shop/checkout"}, "AccessDeniedException", 400),
    ("lambda", "delete_function", {"FunctionName": "notify"}, "AccessDeniedException", 403),
    ("ec2", "describe_volumes", {}, "UnauthorizedOperation", 403),
    ("s3", "create_bucket", {"Bucket": "mine"}, "AccessDenied", 403),
    ("rds", "delete_db_instance", {"DBInstanceIdentifier": "shop-db"}, "AccessDenied", 403),
    ("cloudwatch", "delete_alarms", {"AlarmNames": ["x"]}, "AccessDenied", 403),
    ("sqs", "purge_queue", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/orders"}, "AccessDenied", 403),
]


@pytest.fixture(autouse=True)
def _case(cloud: LocalCloud) -> None:
    cloud.show(decoys=False)


@pytest.mark.parametrize(("service", "call", "arguments", "code", "status"), DENIED)
def test_a_call_outside_the_policy_is_denied_as_its_protocol_denies(
    cloud: LocalCloud, service: str, call: str, arguments: dict, code: str, status: int
) -> None:
    client = cloud.client(service)

    with pytest.raises(ClientError) as denied:
        getattr(client, call)(**arguments)

    assert code_of(denied.value) == code
    answer: Any = denied.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    text = answer["Error"]["Message"]
    assert "User: arn:aws:iam::123456789012:user/runbook-worker is not authorized to perform: " in text
    assert "because no identity-based policy allows the " in text


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ecs", "list_clusters", "UnrecognizedClientException"),
        ("rds", "describe_db_instances", "InvalidClientTokenId"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
        ("cloudwatch", "list_metrics", "InvalidClientTokenId"),
        ("ec2", "describe_instances", "AuthFailure"),
    ],
)
def test_an_unknown_key_is_refused(cloud: LocalCloud, service: str, call: str, code: str) -> None:
    stranger = cloud.client_with(service, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI")

    with pytest.raises(ClientError) as refused:
        getattr(stranger, call)()

    assert code_of(refused.value) == code
    if code != "AuthFailure":
        assert "security token included in the request is invalid" in str(refused.value)


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ecs", "list_clusters", "InvalidSignatureException"),
        ("rds", "describe_db_instances", "SignatureDoesNotMatch"),
        ("lambda", "list_functions", "InvalidSignatureException"),
        ("sqs", "list_queues", "SignatureDoesNotMatch"),
    ],
)
def test_a_signature_with_another_secret_is_refused(
    cloud: LocalCloud, service: str, call: str, code: str
) -> None:
    key, _ = cloud.keys("worker")
    forger = cloud.client_with(service, key, "not the secret")

    with pytest.raises(ClientError) as refused:
        getattr(forger, call)()

    assert code_of(refused.value) == code


def test_an_unsigned_request_is_refused(cloud: LocalCloud) -> None:
    status, headers, body = cloud.post(LIST_CLUSTERS, b"{}")

    assert status in (400, 403)
    assert b"MissingAuthenticationToken" in body
    assert "html" not in headers["Content-Type"]


def test_a_request_from_another_hour_is_refused(cloud: LocalCloud) -> None:
    headers = cloud.signed("ecs", LIST_CLUSTERS, b"{}") | {"X-Amz-Date": "20200101T000000Z"}

    status, _, body = cloud.post(headers, b"{}")

    assert status == 400
    assert b"Signature expired" in body


def test_everybody_may_ask_who_they_are(cloud: LocalCloud) -> None:
    worker = cloud.client("sts").get_caller_identity()
    executor = cloud.client("sts", "executor").get_caller_identity()

    assert worker["Arn"] == "arn:aws:iam::123456789012:user/runbook-worker"
    assert executor["Arn"] == "arn:aws:iam::123456789012:user/runbook-executor"
    assert worker["UserId"] != executor["UserId"]


def test_only_the_executor_may_update_a_service(cloud: LocalCloud) -> None:
    wanted = {"cluster": "shop", "service": "checkout", "desiredCount": 3}

    with pytest.raises(
        ClientError, match="on resource: arn:aws:ecs:us-east-1:123456789012:service/shop/checkout"
    ):
        cloud.client("ecs").update_service(**wanted)
    done = cloud.client("ecs", "executor").update_service(**wanted)

    assert done["service"]["serviceName"] == "checkout"


@pytest.mark.parametrize("service", ["lightsail", "health", "codecommit"])
def test_what_is_not_supported_is_refused_and_never_an_error_page(cloud: LocalCloud, service: str) -> None:
    calls = {"lightsail": "get_instances", "health": "describe_events"}
    client = cloud.client(service, "operator")

    with pytest.raises(ClientError) as refused:
        getattr(client, calls.get(service, "list_repositories"))()

    assert code_of(refused.value) == "UnknownOperationException"


def test_moto_answers_what_the_simulation_does_not(cloud: LocalCloud) -> None:
    networks = cloud.client("ec2", "operator").describe_vpcs()["Vpcs"]
    users = cloud.client("iam", "operator").list_users()["Users"]

    assert networks[0]["IsDefault"]
    assert {"runbook-worker", "runbook-executor"} <= {user["UserName"] for user in users}


def test_another_region_is_empty(cloud: LocalCloud) -> None:
    elsewhere = cloud.client_with("ecs", *cloud.keys("worker"), region="eu-west-1")

    assert elsewhere.list_clusters()["clusterArns"] == []


def test_the_cbor_protocol_is_spoken_too(cloud: LocalCloud) -> None:
    denied = _cbor(cloud, "DeleteAlarms", {"AlarmNames": ["x"]})
    listed = _cbor(cloud, "ListMetrics", {"Namespace": "AWS/RDS"})

    assert denied[0] == 403
    assert denied[1]["x-amzn-query-error"] == "AccessDenied;Sender"
    assert "not authorized to perform: cloudwatch:DeleteAlarms" in cbor.decode(denied[2])["message"]
    assert listed[0] == 200
    assert {"DatabaseConnections", "CPUUtilization"} <= {
        m["MetricName"] for m in cbor.decode(listed[2])["Metrics"]
    }


def _cbor(cloud: LocalCloud, operation: str, parameters: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    shape = get_service_model("cloudwatch").operation_model(operation).input_shape
    path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    body = cbor.encode(parameters, shape)
    return cloud.post(cloud.signed("monitoring", headers, body, path), body, path)
