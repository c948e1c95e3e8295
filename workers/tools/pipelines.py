"""CodePipeline: what pipelines deployed, and the commit each run was of."""

import re
from typing import Any

from workers.domain.call import Gap
from workers.domain.telemetry import Change
from workers.domain.window import Window
from workers.tools.inventory import Account
from workers.tools.told import Told
from workers.tools.trail import tail

SOURCE = "codepipeline"
MOST, RUNS = 50, 20
"""Pipelines that are read, and runs of each: no call tells the runs of all pipelines."""
COMMIT = re.compile(r"[0-9a-f]{40}")
# What each provider's configuration calls the thing it deploys to.
PLACES = {
    "ECS": "ServiceName",
    "Lambda": "FunctionName",
    "CloudFormation": "StackName",
    "CodeDeploy": "ApplicationName",
    "CodeDeployToECS": "ApplicationName",
    "ElasticBeanstalk": "EnvironmentName",
    "S3": "BucketName",
}
BEGINS = {"CloudFormation": "StackName"}
"""Those that tell of what they do themselves: by this, or by the id of what they began."""
ONLY_PLANNED = frozenset({"CHANGE_SET_REPLACE"})

Item = dict[str, Any]


def steps(account: Account, window: Window, gaps: list[Gap]) -> list[Told]:
    """The steps of pipelines that deployed something in a window, with the commit they deployed."""
    aws = account.aws
    names: list[str] = aws.pages("codepipeline", "list_pipelines", "pipelines[].name", limit=MOST + 1)
    if len(names) > MOST:
        gaps.append(Gap(what="pipelines", why=f"there are more than {MOST}; the rest was not read"))
    runs = aws.each(lambda name: _runs(account, name, window), names[:MOST])
    moved = [(name, run) for name, some in zip(names, runs, strict=False) for run in some]
    done = aws.each(lambda pair: _actions(account, *pair), moved)
    return [
        _told(name, run, item, aws.region)
        for (name, run), items in zip(moved, done, strict=True)
        for item in items
        if window.holds(item["startTime"]) and _deploys(item)
    ]


def _runs(account: Account, pipeline: str, window: Window) -> list[Item]:
    newest = account.aws.pages(
        "codepipeline",
        "list_pipeline_executions",
        "pipelineExecutionSummaries",
        limit=RUNS,
        pipelineName=pipeline,
        maxResults=RUNS,
    )
    return [run for run in newest if run["lastUpdateTime"] >= window.start and run["startTime"] <= window.end]


def _actions(account: Account, pipeline: str, run: Item) -> list[Item]:
    return account.aws.pages(
        "codepipeline",
        "list_action_executions",
        "actionExecutionDetails",
        pipelineName=pipeline,
        filter={"pipelineExecutionId": run["pipelineExecutionId"]},
    )


def _deploys(item: Item) -> bool:
    kind = item["input"]["actionTypeId"]
    settings = _settings(item)
    return kind["category"] == "Deploy" and settings.get("ActionMode") not in ONLY_PLANNED


def _settings(item: Item) -> dict[str, str]:
    asked = item["input"]
    return {**asked.get("configuration", {}), **asked.get("resolvedConfiguration", {})}


def _told(pipeline: str, run: Item, item: Item, region: str) -> Told:
    provider: str = item["input"]["actionTypeId"]["provider"]
    settings = _settings(item)
    place = tail(settings.get(PLACES.get(provider, ""), "")) or pipeline
    sources: list[Item] = run.get("sourceRevisions", [])
    revision = next((one.get("revisionId", "") for one in sources), "")
    commit = next((r for one in sources if COMMIT.fullmatch(r := one.get("revisionId", ""))), "")
    what = f"commit {commit[:7]}" if commit else (f"revision {revision[:40]}" if revision else "a run")
    external = item.get("output", {}).get("executionResult", {}).get("externalExecutionId", "")
    key: str = run["pipelineExecutionId"]
    change = Change(
        id=item.get("actionExecutionId") or f"{key}:{item['actionName']}",
        at=item["startTime"],
        kind="infrastructure" if provider in BEGINS else "deployment",
        service=place,
        summary=f"{what} was deployed to {place} by pipeline {pipeline}{_end(item)}",
        actor=_actor(run, item),
        commit=commit,
        source=SOURCE,
        link=f"https://{region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{pipeline}"
        f"/executions/{key}/timeline?region={region}",
    )
    return Told(change=change, begins=settings.get(BEGINS.get(provider, ""), "") or external)


def _end(item: Item) -> str:
    return " and failed" if item.get("status") == "Failed" else ""


def _actor(run: Item, item: Item) -> str:
    """Who or what set a run off: a person's ARN, or the kind of trigger."""
    trigger: Item = run.get("trigger", {})
    detail = str(trigger.get("triggerDetail", ""))
    if ":user/" in detail or ":assumed-role/" in detail:
        return tail(detail)
    return tail(item.get("updatedBy", "")) or trigger.get("triggerType", "")
