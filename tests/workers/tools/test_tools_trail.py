"""What changed: CloudTrail's record and ECS's own as one timeline, each change once, gaps said."""

import json
from typing import Any

import pytest

from tests.workers.tools.conftest import Site
from workers.domain.call import ChangeData, ToolResult
from workers.domain.telemetry import Change
from workers.tools.trail import DATED, MOST, known

LOOKUP = "LookupEvents"


def changes(site: Site, start: float = -240) -> tuple[Change, ...]:
    data = site.answer("changes", window=site.window(start))
    assert isinstance(data, ChangeData)
    return data.changes


def record(
    site: Site, event: str, ago: float = 300, error: str = "", source: str = "", **asked: Any
) -> dict[str, Any]:
    """An event as LookupEvents gives it, from the first service that has one of this name."""
    senders = [one.sources[0] for one in known().get(event, ())] or ["logs"]
    told = {"requestParameters": asked, **({"errorCode": error} if error else {})}
    return {
        "EventId": f"{event}-{ago}",
        "EventName": event,
        "EventSource": f"{source or senders[0]}.amazonaws.com",
        "EventTime": site.now.timestamp() - ago,
        "Username": "dana",
        "CloudTrailEvent": json.dumps(told),
    }


def recorded(site: Site, *events: dict[str, Any]) -> list[Change]:
    """What these events come to, beside what ECS tells itself."""
    site.account.inventory()
    site.say(LOOKUP, {"Events": list(events)})
    return [change for change in changes(site) if change.source == "cloudtrail"]


def test_deployment_that_did_it_is_told_once_with_what_it_replaced(site: Site, shop: dict[str, Any]) -> None:
    mine = [c for c in changes(site) if c.service == shop["service"] and c.after == shop["revision"]]

    (change,) = mine
    assert change.kind == "deployment"
    assert change.summary == f"{shop['revision']} was deployed to {shop['service']}"
    assert change.actor
    assert change.link.startswith("https://us-east-1.console.aws.amazon.com/cloudtrailv2/")


def test_changes_come_oldest_first_and_inside_the_window(site: Site) -> None:
    found = changes(site)

    assert [c.at for c in found] == sorted(c.at for c in found)
    assert len({c.id for c in found}) == len(found)
    assert all((site.now - c.at).total_seconds() <= 240 * 60 + 60 for c in found)


@pytest.mark.parametrize(
    ("name", "asked", "kind", "service", "summary"),
    [
        (
            "UpdateService",
            {"service": "web", "taskDefinition": "arn:aws:ecs:x:1:task-definition/web:8"},
            "deployment",
            "web",
            "web:8 was deployed to web",
        ),
        (
            "UpdateService",
            {"service": "arn:aws:ecs:x:1:service/shop/web", "desiredCount": 9},
            "scaling",
            "web",
            "web was scaled to 9 tasks",
        ),
        (
            "UpdateService",
            {"service": "web", "forceNewDeployment": True},
            "deployment",
            "web",
            "UpdateService on web",
        ),
        (
            "PutMetricAlarm",
            {"alarmName": "web slow", "threshold": 0.5},
            "alarm",
            "web slow",
            "the threshold of alarm web slow was set to 0.5",
        ),
        (
            "SetQueueAttributes",
            {"queueUrl": "https://sqs.x.amazonaws.com/1/orders"},
            "configuration",
            "orders",
            "SetQueueAttributes on orders",
        ),
        ("DeleteAlarms", {"alarmNames": ["a", "b"]}, "alarm", "a", "DeleteAlarms on a"),
        ("PutRolePolicy", {"roleName": "web"}, "access", "web", "PutRolePolicy on web"),
    ],
)
def test_event_is_told_in_words(
    site: Site, name: str, asked: dict[str, Any], kind: str, service: str, summary: str
) -> None:
    (change,) = recorded(site, record(site, name, **asked))

    assert (change.kind, change.service, change.summary, change.actor) == (kind, service, summary, "dana")


@pytest.mark.parametrize(
    ("name", "error", "asked"),
    [
        ("UpdateService", "AccessDenied", {"service": "web", "taskDefinition": "web:8"}),
        ("UpdateService", "", {"service": "web"}),
        ("CreateLogStream", "", {"logGroupName": "x"}),
    ],
)
def test_what_failed_or_changed_nothing_is_no_change(
    site: Site, name: str, error: str, asked: dict[str, Any]
) -> None:
    assert recorded(site, record(site, name, error=error, **asked)) == []


def test_each_deployment_names_the_revision_it_replaced(site: Site) -> None:
    found = recorded(
        site,
        record(site, "UpdateService", 100, service="web", taskDefinition="web:9"),
        record(site, "UpdateService", 200, service="web", taskDefinition="web:8"),
        record(site, "UpdateService", 300, service="web", taskDefinition="web:7"),
    )

    assert [(c.before, c.after) for c in found] == [("", "web:7"), ("web:7", "web:8"), ("web:8", "web:9")]


def test_event_without_a_record_is_passed_over(site: Site) -> None:
    bare = record(site, "UpdateService", 60)
    del bare["CloudTrailEvent"]

    assert recorded(site, bare) == []


def whole(site: Site) -> ToolResult:
    site.account.inventory()
    return site.ask("changes", window=site.window(-240))


def test_denied_record_is_a_gap_and_what_ecs_tells_is_kept(site: Site, shop: dict[str, Any]) -> None:
    site.account.inventory()
    site.refuse(LOOKUP, "AccessDeniedException")

    result = whole(site)

    assert isinstance(result.data, ChangeData)
    assert shop["revision"] in {c.after for c in result.data.changes}
    assert {c.source for c in result.data.changes} == {"ecs"}
    assert [(gap.what, gap.permission) for gap in result.gaps] == [
        ("the CloudTrail record", "cloudtrail:LookupEvents")
    ]


def test_deployments_that_could_not_be_read_are_a_gap_and_the_record_is_kept(site: Site) -> None:
    site.account.inventory()
    site.refuse("DescribeServices", "AccessDeniedException")

    result = whole(site)

    assert isinstance(result.data, ChangeData)
    assert result.data.changes
    assert [(gap.what, gap.permission) for gap in result.gaps] == [
        ("ECS deployments", "ecs:DescribeServices")
    ]


def test_record_that_is_too_long_to_be_read_says_from_when_on_it_was_read(site: Site) -> None:
    site.account.inventory()
    for page in range(MOST // 50 + 1):
        rows = [record(site, "CreateLogStream", 50 * page + n) for n in range(50)]
        site.say(LOOKUP, {"Events": rows, "NextToken": f"t{page}"})

    (gap,) = whole(site).gaps

    assert gap.what == "the CloudTrail record"
    assert f"more than {MOST} calls were made; those before " in gap.why
    assert site.asked(LOOKUP) == MOST // 50 + 1


# -- whose change it is


@pytest.mark.parametrize(
    ("source", "name", "asked", "thing", "system"),
    [
        ("s3", "PutBucketPolicy", {"bucketName": "invoices"}, "invoices", "aws:s3-buckets"),
        ("dynamodb", "UpdateTable", {"tableName": "orders"}, "orders", "aws:dynamodb-tables"),
        ("lambda", "AddPermission20150331v2", {"functionName": "labels"}, "labels", "aws:lambda-functions"),
        ("cloudfront", "UpdateDistribution2020_05_31", {"id": "E1"}, "E1", "aws:cloudfront-distributions"),
        ("eks", "UpdateClusterVersion", {"name": "shop"}, "shop", "aws:eks-clusters"),
        ("ecs", "UpdateCluster", {"cluster": "shop"}, "shop", "aws:ecs-clusters"),
        ("rds", "ModifyDBCluster", {"dBClusterIdentifier": "shop"}, "shop", "aws:rds-clusters"),
        (
            "ec2",
            "StopInstances",
            {"instancesSet": {"items": [{"instanceId": "i-1"}]}},
            "i-1",
            "aws:ec2-instances",
        ),
        (
            "states",
            "UpdateStateMachine",
            {"stateMachineArn": "arn:aws:states:x:1:stateMachine:refunds"},
            "refunds",
            "aws:state-machines",
        ),
        (
            "kafka",
            "RebootBroker",
            {"clusterArn": "arn:aws:kafka:x:1:cluster/events/8aa0b2ea-5c7d-4f1f-a2c7-2b8a7f7d1c11-2"},
            "events",
            "aws:msk-clusters",
        ),
        (
            "elasticloadbalancing",
            "DeleteLoadBalancer",
            {"loadBalancerName": "old"},
            "old",
            "aws:classic-load-balancers",
        ),
        (
            "elasticloadbalancing",
            "ModifyListener",
            {"listenerArn": "arn:aws:elasticloadbalancing:x:1:listener/app/shop/50dc6c49/f2f7dc8e"},
            "shop",
            "",
        ),
        ("apigateway", "CreateDeployment", {"restApiId": "abc"}, "abc", "aws:rest-apis"),
        ("apigateway", "CreateDeployment", {"apiId": "def"}, "def", "aws:http-apis"),
        ("iam", "PutRolePolicy", {"roleName": "web"}, "web", ""),
    ],
)
def test_change_names_the_thing_and_whose_row_it_is(
    site: Site, source: str, name: str, asked: dict[str, Any], thing: str, system: str
) -> None:
    (change,) = recorded(site, record(site, name, source=source, **asked))

    assert (change.service, change.system) == (thing, system)


def test_call_of_another_service_by_the_same_name_is_not_taken_for_it(site: Site) -> None:
    assert recorded(site, record(site, "UpdateTable", source="cassandra", tableName="orders")) == []


def test_every_meaning_is_looked_up_by_the_name_of_an_operation_without_its_date() -> None:
    assert [name for name in known() if DATED.search(name)] == []
    assert len(known()) > 300
