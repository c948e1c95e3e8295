"""What deploys by itself (CodeDeploy, pipelines, stacks, Amplify, App Runner), in one timeline."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workers.tools.standin import Standin, ask, standin
from workers.domain.call import ChangeData, ToolResult
from workers.domain.telemetry import Change
from workers.domain.window import Window
from workers.tools.inventory import Account
from workers.tools.timeline import merged
from workers.tools.told import Told

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
COMMIT = "1f0c6e2b9d3a47588c1e5f60718293a4b5c6d7e8"
ARN = "arn:aws:ecs:eu-central-1:123456789012"
WINDOW = Window(start=NOW - timedelta(hours=6), end=NOW).model_dump(mode="json")


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.fixture(scope="module")
def _running() -> Iterator[tuple[Standin, Account]]:
    with standin() as one:
        yield one, one.account()


@pytest.fixture
def aws(_running: tuple[Standin, Account]) -> Standin:
    _running[0].clear()
    return _running[0]


@pytest.fixture
def result(_running: tuple[Standin, Account]) -> Any:
    return lambda: ask(_running[1], NOW, "changes", window=WINDOW)


def changes(result: ToolResult) -> tuple[Change, ...]:
    assert isinstance(result.data, ChangeData), result.failure
    return result.data.changes


# -- what each system tells


def deployment(minutes: float = 20, **more: Any) -> dict[str, Any]:
    return {
        "deploymentId": "d-1",
        "applicationName": "shop",
        "deploymentGroupName": "live",
        "createTime": ago(minutes),
        "status": "Succeeded",
        "creator": "user",
        **more,
    }


def codedeploy(aws: Standin, one: dict[str, Any], **group: Any) -> None:
    aws.says["codedeploy:ListDeployments"] = {"deployments": ["d-1"]}
    aws.says["codedeploy:BatchGetDeployments"] = {"deploymentsInfo": [one]}
    named = {"applicationName": "shop", "deploymentGroupName": "live", **group}
    aws.says["codedeploy:BatchGetDeploymentGroups"] = {"deploymentGroupsInfo": [named]}


def appspec(resource: dict[str, Any]) -> dict[str, Any]:
    content = json.dumps({"version": 0.0, "Resources": [resource]})
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


def task_definition(number: int) -> dict[str, Any]:
    properties = {"TaskDefinition": f"{ARN}:task-definition/web:{number}"}
    return appspec({"Service": {"Type": "AWS::ECS::Service", "Properties": properties}})


def test_codedeploy_to_ecs_names_service_and_both_revisions(aws: Standin, result: Any) -> None:
    one = deployment(revision=task_definition(8), previousRevision=task_definition(7))
    codedeploy(aws, one, ecsServices=[{"serviceName": "web", "clusterName": "shop"}])

    (change,) = changes(result())

    assert (change.service, change.kind, change.before, change.after) == (
        "web",
        "deployment",
        "web:7",
        "web:8",
    )
    assert change.summary == "web:8 was deployed to web by CodeDeploy"
    assert change.link.endswith("/codesuite/codedeploy/deployments/d-1?region=eu-central-1")
    ((_, asked),) = [p for p in aws.parameters if p[0] == "codedeploy:ListDeployments"]
    assert asked["createTimeRange"] == {"start": ago(360).timestamp(), "end": NOW.timestamp()}


def test_codedeploy_to_a_function_names_its_versions_even_in_yaml(aws: Standin, result: Any) -> None:
    content = (
        "version: 0.0\nResources:\n- tracking:\n    Type: AWS::Lambda::Function\n    Properties:\n"
        "      Name: tracking\n      Alias: live\n      CurrentVersion: '4'\n      TargetVersion: '5'\n"
    )
    spec = {"revisionType": "String", "string": {"content": content}}
    codedeploy(aws, deployment(revision=spec, status="Failed", creator="codeDeployRollback"))

    (change,) = changes(result())

    assert (change.service, change.before, change.after) == ("tracking", "tracking:4", "tracking:5")
    assert change.summary == "tracking:5 was deployed to tracking by CodeDeploy and failed"
    assert change.actor == "codeDeployRollback"


def test_codedeploy_to_instances_names_group_and_commit(aws: Standin, result: Any) -> None:
    source = {"revisionType": "GitHub", "gitHubLocation": {"repository": "a/b", "commitId": COMMIT}}
    codedeploy(aws, deployment(revision=source), autoScalingGroups=[{"name": "intake"}])

    (change,) = changes(result())

    assert (change.service, change.commit) == ("intake", COMMIT)
    assert change.summary == f"commit {COMMIT[:7]} was deployed to intake by CodeDeploy"


@pytest.mark.parametrize(
    "content", ["", "Resources: [", "just text", '{"Resources": [7]}', '{"Resources": {}}']
)
def test_revision_that_cannot_be_read_is_a_deployment_all_the_same(
    aws: Standin, result: Any, content: str
) -> None:
    spec = {"revisionType": "String", "string": {"content": content}}
    codedeploy(aws, deployment(revision=spec))

    (change,) = changes(result())

    assert change.summary == "a revision of shop was deployed to shop by CodeDeploy"
    assert change.after == ""


def action(minutes: float, provider: str, external: str = "", **settings: str) -> dict[str, Any]:
    return {
        "actionExecutionId": f"a-{provider}",
        "actionName": "Deploy",
        "startTime": ago(minutes),
        "status": "Succeeded",
        "updatedBy": f"{ARN}:user/dana",
        "input": {
            "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": provider, "version": "1"},
            "configuration": settings,
        },
        "output": {"executionResult": {"externalExecutionId": external} if external else {}},
    }


def pipeline(aws: Standin, *actions: dict[str, Any], minutes: float = 30) -> None:
    aws.says["codepipeline:ListPipelines"] = {"pipelines": [{"name": "release"}]}
    run = {
        "pipelineExecutionId": "e-1",
        "status": "Succeeded",
        "startTime": ago(minutes),
        "lastUpdateTime": ago(minutes - 10),
        "sourceRevisions": [{"actionName": "Source", "revisionId": COMMIT}],
        "trigger": {"triggerType": "WebhookV2", "triggerDetail": "{}"},
    }
    aws.says["codepipeline:ListPipelineExecutions"] = {"pipelineExecutionSummaries": [run]}
    aws.says["codepipeline:ListActionExecutions"] = {"actionExecutionDetails": list(actions)}


def test_pipeline_names_service_commit_and_who(aws: Standin, result: Any) -> None:
    build = action(28, "CodeBuild")
    build["input"]["actionTypeId"]["category"] = "Build"
    pipeline(aws, build, action(25, "ECS", ServiceName="web", ClusterName="shop"))

    (change,) = changes(result())

    assert (change.service, change.commit, change.actor) == ("web", COMMIT, "dana")
    assert change.summary == f"commit {COMMIT[:7]} was deployed to web by pipeline release"


def test_pipeline_that_did_not_move_is_not_looked_into(aws: Standin, result: Any) -> None:
    pipeline(aws, action(400, "ECS", ServiceName="web"), minutes=500)

    assert changes(result()) == ()
    assert aws.asked["codepipeline:ListActionExecutions"] == 0


def event(
    name: str, type_: str, status: str, minutes: float, physical: str, token: str = "t"
) -> dict[str, Any]:
    return {
        "StackId": "arn:stack/shop",
        "StackName": "shop",
        "EventId": f"{name}-{status}-{minutes}",
        "LogicalResourceId": name,
        "PhysicalResourceId": physical,
        "ResourceType": type_,
        "ResourceStatus": status,
        "Timestamp": ago(minutes),
        "ClientRequestToken": token,
    }


def stack(aws: Standin, *events: dict[str, Any], minutes: float = 20) -> None:
    summary = {
        "StackId": "arn:stack/shop",
        "StackName": "shop",
        "CreationTime": ago(60 * 24 * 90),
        "LastUpdatedTime": ago(minutes),
        "StackStatus": "UPDATE_COMPLETE",
    }
    aws.says["cloudformation:ListStacks"] = {"StackSummaries": [summary]}
    aws.says["cloudformation:DescribeStackEvents"] = {"StackEvents": list(events)}


OWN = ("shop", "AWS::CloudFormation::Stack", "UPDATE_IN_PROGRESS", 20, "arn:stack/shop")


def test_stack_names_what_it_altered(aws: Standin, result: Any) -> None:
    stack(
        aws,
        event("Web", "AWS::ECS::Service", "UPDATE_COMPLETE", 10, f"{ARN}:service/shop/web"),
        event("Web", "AWS::ECS::Service", "UPDATE_IN_PROGRESS", 19, f"{ARN}:service/shop/web"),
        event("Role", "AWS::IAM::Role", "UPDATE_IN_PROGRESS", 19, "web"),
        event("New", "AWS::Lambda::Function", "CREATE_IN_PROGRESS", 18, ""),
        event("New", "AWS::Lambda::Function", "CREATE_IN_PROGRESS", 17.9, "tracking"),
        event(*OWN),
        event("Web", "AWS::ECS::Service", "UPDATE_IN_PROGRESS", 900, f"{ARN}:service/shop/web", "old"),
    )

    assert [(c.service, c.kind, c.summary) for c in changes(result())] == [
        ("shop", "infrastructure", "stack shop was updated"),
        ("web", "infrastructure", "web was updated by stack shop"),
        ("tracking", "deployment", "tracking was created by stack shop"),
    ]


def test_stack_that_did_not_move_is_not_looked_into(aws: Standin, result: Any) -> None:
    stack(aws, event(*OWN), minutes=60 * 24)

    assert changes(result()) == ()
    assert aws.asked["cloudformation:DescribeStackEvents"] == 0


def test_amplify_tells_the_commit_and_the_one_before(aws: Standin, result: Any) -> None:
    plain = dict.fromkeys(("description", "repository", "defaultDomain", "appArn"), "x")
    times = {"createTime": ago(9000), "updateTime": ago(9000)}
    app = {"appId": "d2", "name": "site", "platform": "WEB", "environmentVariables": {}, **plain, **times}
    branch = {"lastDeployTime": ago(5), "status": "SUCCEED", "branchName": "main"}
    flags = {"enableBranchAutoBuild": True, "enableBasicAuth": False}
    aws.says["amplify:ListApps"] = {"apps": [{**app, **flags, "productionBranch": branch}]}
    aws.says["amplify:ListJobs"] = {"jobSummaries": [job("b" * 40, 6, "FAILED"), job("a" * 40, 5000)]}

    (change,) = changes(result())

    assert (change.service, change.before, change.after) == ("site", "aaaaaaa", "bbbbbbb")
    assert change.summary == "commit bbbbbbb of main was deployed to site by Amplify and failed"


def job(commit: str, minutes: float, status: str = "SUCCEED") -> dict[str, Any]:
    return {
        "jobArn": f"arn:job/{commit[:3]}",
        "jobId": "1",
        "commitId": commit,
        "commitMessage": "m",
        "commitTime": ago(minutes),
        "startTime": ago(minutes),
        "status": status,
        "jobType": "RELEASE",
    }


def test_app_runner_is_read_to_its_last_page(aws: Standin, result: Any) -> None:
    def service(name: str, minutes: float) -> dict[str, Any]:
        return {"ServiceName": name, "ServiceArn": f"arn:{name}", "UpdatedAt": ago(minutes)}

    aws.says["apprunner:ListServices"] = [
        {"ServiceSummaryList": [service("quiet", 9000)], "NextToken": "more"},
        {"ServiceSummaryList": [service("front", 4)]},
    ]
    operation = {"Id": "o" * 36, "Type": "START_DEPLOYMENT", "Status": "FAILED", "StartedAt": ago(5)}
    aws.says["apprunner:ListOperations"] = {"OperationSummaryList": [operation]}

    (change,) = changes(result())

    assert change.summary == "front was deployed by App Runner and failed"
    assert aws.asked["apprunner:ListServices"] == 2


# -- one timeline


def change(source: str, minutes: float, **more: Any) -> Change:
    fields = {"id": source, "at": ago(minutes), "kind": "deployment", "service": "web", "summary": source}
    return Change.model_validate({**fields, "source": source, **more})


def test_what_three_tell_is_told_once_with_what_each_knows() -> None:
    trail = Told(change=change("cloudtrail", 20, actor="dana"))
    own = Told(change=change("ecs", 19.5, before="web:7", after="web:8", summary="web:8 was deployed to web"))
    step = Told(change=change("codepipeline", 20.5, commit=COMMIT, link="https://x"))

    (one,) = merged([trail, own, step])

    assert (one.id, one.actor, one.before, one.after, one.commit) == (
        "cloudtrail",
        "dana",
        "web:7",
        "web:8",
        COMMIT,
    )
    assert one.summary == "web:8 was deployed to web"


@pytest.mark.parametrize(
    "other",
    [
        change("ecs", 19, after="web:9"),
        change("ecs", 30, after="web:8"),
        change("ecs", 20, after="web:8", service="api"),
        change("ecs", 20, kind="scaling"),
    ],
)
def test_what_differs_is_another_change(other: Change) -> None:
    assert len(merged([Told(change=change("cloudtrail", 20, after="web:8")), Told(change=other)])) == 2


def test_commit_of_a_pipeline_is_that_of_what_it_began(aws: Standin, result: Any) -> None:
    one = deployment(24, revision=task_definition(8))
    codedeploy(aws, one, ecsServices=[{"serviceName": "web", "clusterName": "shop"}])
    pipeline(aws, action(25, "CodeDeployToECS", external="d-1", ApplicationName="shop"))

    (found,) = changes(result())

    assert (found.service, found.after, found.commit, found.actor) == ("web", "web:8", COMMIT, "dana")


def test_commit_of_a_pipeline_is_that_of_everything_in_its_stack(aws: Standin, result: Any) -> None:
    stack(aws, event(*OWN), event("F", "AWS::Lambda::Function", "UPDATE_IN_PROGRESS", 18, "tracking"))
    pipeline(
        aws,
        action(40, "CloudFormation", StackName="shop", ActionMode="CHANGE_SET_REPLACE"),
        action(21, "CloudFormation", StackName="shop", ActionMode="CHANGE_SET_EXECUTE"),
    )

    found = changes(result())

    assert [(c.service, c.commit) for c in found] == [("shop", COMMIT), ("tracking", COMMIT)]


def test_stack_adds_nothing_to_what_cloudtrail_says_of_a_service() -> None:
    scaled = Told(change=change("cloudtrail", 20, kind="scaling", summary="web was scaled to 9 tasks"))
    stacked = Told(change=change("cloudformation", 21, kind="infrastructure"))

    assert [one.summary for one in merged([scaled, stacked])] == ["web was scaled to 9 tasks"]


# -- what goes wrong


LISTS = {
    "codedeploy:ListDeployments": "CodeDeploy deployments",
    "codepipeline:ListPipelines": "pipelines",
    "cloudformation:ListStacks": "CloudFormation stacks",
    "amplify:ListApps": "Amplify deployments",
    "apprunner:ListServices": "App Runner deployments",
}


def test_account_that_uses_none_of_them_has_no_gap_and_pays_one_call_each(aws: Standin, result: Any) -> None:
    found = result()

    assert (changes(found), found.gaps) == ((), ())
    assert {name: aws.asked[name] for name in LISTS} == dict.fromkeys(LISTS, 1)


def test_each_that_is_denied_is_a_gap_of_its_own(aws: Standin, result: Any) -> None:
    aws.deny(*LISTS)

    gaps = result().gaps

    assert {gap.what: gap.permission for gap in gaps} == {what: name for name, what in LISTS.items()}


@pytest.mark.parametrize("name", LISTS)
def test_one_that_is_throttled_is_a_gap_and_the_rest_is_kept(aws: Standin, result: Any, name: str) -> None:
    codedeploy(aws, deployment())
    stack(aws, event(*OWN))
    aws.throttle(name)

    found = result()

    assert [gap.what for gap in found.gaps] == [LISTS[name]]
    assert "fewer calls" in found.gaps[0].why
    assert changes(found)


def test_half_a_list_and_then_an_error_is_a_gap_not_half_a_timeline(aws: Standin, result: Any) -> None:
    codedeploy(aws, deployment())
    aws.says["codedeploy:BatchGetDeployments"] = {"deploymentsInfo": [deployment()]}
    aws.throttle("codedeploy:BatchGetDeploymentGroups")

    found = result()

    assert [gap.what for gap in found.gaps] == ["CodeDeploy deployments"]
    assert changes(found) == ()


def test_more_deployments_than_are_read_is_said(aws: Standin, result: Any) -> None:
    codedeploy(aws, deployment())
    aws.says["codedeploy:ListDeployments"] = {"deployments": [f"d-{n}" for n in range(101)]}

    assert "more than 100 were made" in result().gaps[0].why
    assert aws.asked["codedeploy:BatchGetDeployments"] == 4
