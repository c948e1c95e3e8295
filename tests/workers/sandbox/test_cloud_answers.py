"""Every operation of the front answers in the shape of botocore's model; the cloud checks each answer."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_cloud import LocalCloud, code_of

CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("cloudtrail", "lookup_events", {}),
    ("cloudwatch", "describe_alarm_history", {}),
    ("cloudwatch", "describe_alarms", {}),
    ("cloudwatch", "list_metrics", {}),
    ("ecs", "describe_clusters", {"clusters": ["$app"]}),
    ("ecs", "describe_services", {"cluster": "$app", "services": ["$service"]}),
    ("ecs", "describe_task_definition", {"taskDefinition": "$app-$service"}),
    ("ecs", "list_clusters", {}),
    ("ecs", "list_services", {"cluster": "$app"}),
    ("ecs", "list_task_definition_families", {}),
    ("ecs", "list_task_definitions", {"familyPrefix": "$app-$service"}),
    ("ecs", "list_tasks", {"cluster": "$app", "serviceName": "$service"}),
    ("elasticache", "describe_cache_clusters", {"ShowCacheNodeInfo": True}),
    ("elasticache", "describe_events", {}),
    ("elasticache", "describe_replication_groups", {}),
    ("elbv2", "describe_load_balancers", {}),
    ("elbv2", "describe_target_groups", {}),
    ("lambda", "list_event_source_mappings", {}),
    ("lambda", "list_functions", {}),
    ("logs", "describe_log_groups", {}),
    ("logs", "describe_log_streams", {"logGroupName": "/ecs/$app/$service"}),
    ("logs", "filter_log_events", {"logGroupName": "/ecs/$app/$service", "limit": 50}),
    ("rds", "describe_db_instances", {}),
    ("rds", "describe_events", {}),
    ("sqs", "list_queues", {}),
]
SERVICES = {"shop": "checkout", "booking": "search"}


@pytest.fixture(scope="module", params=["shop", "booking"])
def application(request: pytest.FixtureRequest, cloud: LocalCloud) -> str:
    """An application in which two things are wrong."""
    cloud.play("memory_leak", "consumer_stopped", application=request.param, seed=5)
    return request.param


@pytest.mark.parametrize(("service", "call", "arguments"), CALLS)
def test_an_answer_has_its_models_shape(
    cloud: LocalCloud, application: str, service: str, call: str, arguments: dict[str, Any]
) -> None:
    filled = {name: _fill(value, application) for name, value in arguments.items()}

    answer = getattr(cloud.client(service), call)(**filled)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert len(answer) > 1


def _fill(value: Any, application: str) -> Any:
    if isinstance(value, list):
        return [_fill(item, application) for item in value]
    if not isinstance(value, str):
        return value
    return value.replace("$app", application).replace("$service", SERVICES[application])


def test_tasks_targets_rules_and_queues_hang_together(cloud: LocalCloud, application: str) -> None:
    ecs, elb, sqs = (cloud.client(name) for name in ("ecs", "elbv2", "sqs"))
    service = SERVICES[application]

    arns = ecs.list_tasks(cluster=application, serviceName=service)["taskArns"]
    tasks = ecs.describe_tasks(cluster=application, tasks=arns)["tasks"]
    group = ecs.describe_services(cluster=application, services=[service])["services"][0]["loadBalancers"][0]
    targets = elb.describe_target_health(TargetGroupArn=group["targetGroupArn"])["TargetHealthDescriptions"]
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    listeners = [
        elb.describe_listeners(LoadBalancerArn=b["LoadBalancerArn"])["Listeners"][0] for b in balancers
    ]
    rules = [
        rule for each in listeners for rule in elb.describe_rules(ListenerArn=each["ListenerArn"])["Rules"]
    ]
    url = sqs.list_queues()["QueueUrls"][0]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    addresses = {c["networkInterfaces"][0]["privateIpv4Address"] for t in tasks for c in t["containers"]}
    assert addresses == {t["Target"]["Id"] for t in targets if t["TargetHealth"]["State"] == "healthy"}
    forwarded = {action.get("TargetGroupArn") for rule in rules for action in rule["Actions"]}
    assert group["targetGroupArn"] in forwarded
    assert int(counts["ApproximateNumberOfMessages"]) > 100, "nobody reads from it"


def test_a_task_definition_names_where_its_dependencies_are(cloud: LocalCloud, application: str) -> None:
    family = f"{application}-{'storefront' if application == 'shop' else 'search'}"

    definition = cloud.client("ecs").describe_task_definition(taskDefinition=family)["taskDefinition"]

    container = definition["containerDefinitions"][0]
    environment = {pair["name"]: pair["value"] for pair in container["environment"]}
    expected = {
        "shop": {"CATALOG_URL": "http://catalog.shop.internal"},
        "booking": {
            "MAPS_URL": "https://api.maps.example/v3",
            "PRICING_URL": "http://pricing.booking.internal",
        },
    }[application]
    assert expected.items() <= environment.items()
    assert container["logConfiguration"]["options"]["awslogs-group"].startswith(f"/ecs/{application}/")


def test_the_function_of_a_booking_site_reads_its_queue(cloud: LocalCloud, application: str) -> None:
    client = cloud.client("lambda")
    functions = client.list_functions()["Functions"]
    if application == "shop":
        assert functions == []
        return

    mapping = client.list_event_source_mappings(FunctionName="notify")["EventSourceMappings"][0]
    configuration = client.get_function_configuration(FunctionName="notify")

    assert mapping["EventSourceArn"].endswith(":notifications")
    assert configuration["Environment"]["Variables"]["DATABASE_URL"].startswith("postgres://")


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(
    ("service", "call", "arguments", "code"),
    [
        ("ecs", "list_services", {"cluster": "nowhere"}, "ClusterNotFoundException"),
        ("ecs", "list_services", {}, "ClusterNotFoundException"),
        ("ecs", "describe_task_definition", {"taskDefinition": "shop-checkout:9999"}, "ClientException"),
        ("rds", "describe_db_instances", {"DBInstanceIdentifier": "no-db"}, "DBInstanceNotFound"),
        ("elasticache", "describe_cache_clusters", {"CacheClusterId": "no-cache"}, "CacheClusterNotFound"),
        ("elbv2", "describe_target_groups", {"Names": ["none"]}, "TargetGroupNotFound"),
        ("lambda", "get_function_configuration", {"FunctionName": "none"}, "ResourceNotFoundException"),
        ("logs", "filter_log_events", {"logGroupName": "/ecs/none"}, "ResourceNotFoundException"),
        (
            "cloudtrail",
            "lookup_events",
            {"MaxResults": 50, "NextToken": "made up"},
            "InvalidNextTokenException",
        ),
        ("cloudwatch", "list_metrics", {"NextToken": "made up"}, "InvalidParameterValue"),
        (
            "sqs",
            "get_queue_attributes",
            {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/none", "AttributeNames": ["All"]},
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
    ],
)
def test_what_is_not_there_is_said_in_the_services_own_code(
    cloud: LocalCloud, service: str, call: str, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(cloud.client(service), call)(**arguments)

    assert code_of(refused.value) == code


def test_long_lists_come_in_pages(cloud: LocalCloud, application: str) -> None:
    client = cloud.client("ecs")
    pages = client.get_paginator("list_task_definitions").paginate(PaginationConfig={"PageSize": 3})

    found = [page["taskDefinitionArns"] for page in pages]

    assert all(len(page) <= 3 for page in found)
    assert len(found) > 3
    assert len({arn for page in found for arn in page}) == sum(len(page) for page in found)
