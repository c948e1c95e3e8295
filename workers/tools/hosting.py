"""Amplify and App Runner: what they built and deployed themselves."""

from itertools import pairwise
from typing import Any

from workers.domain.call import Gap
from workers.domain.telemetry import Change
from workers.domain.window import Window
from workers.tools.inventory import Account
from workers.tools.told import Told

MOST = 50
"""Apps that are read; more than these are said to be missing."""
JOBS = 20


def amplify(account: Account, window: Window, gaps: list[Gap]) -> list[Told]:
    """What was deployed to the production branches of Amplify's apps in a window."""
    if not account.aws.offers("amplify"):
        return []
    apps: list[dict[str, Any]] = account.aws.pages("amplify", "list_apps", "apps", limit=5 * MOST)
    moved = [app for app in apps if _deployed(app) and _deployed(app) >= window.start]
    if len(moved) > MOST:
        gaps.append(
            Gap(what="Amplify deployments", why=f"more than {MOST} apps moved; the rest was not read")
        )
    found = account.aws.each(lambda app: _jobs(account, app, window), moved[:MOST])
    return [Told(change=change) for some in found for change in some]


def _deployed(app: dict[str, Any]) -> Any:
    return app.get("productionBranch", {}).get("lastDeployTime")


def _jobs(account: Account, app: dict[str, Any], window: Window) -> list[Change]:
    branch: str = app["productionBranch"]["branchName"]
    newest = account.aws.pages(
        "amplify",
        "list_jobs",
        "jobSummaries",
        limit=JOBS,
        appId=app["appId"],
        branchName=branch,
        maxResults=JOBS,
    )
    jobs = sorted(newest, key=lambda job: job["startTime"])
    return [
        _job(app, branch, job, was, account.aws.region)
        for was, job in pairwise([None, *jobs])
        if job is not None and window.holds(job["startTime"])
    ]


def _job(
    app: dict[str, Any], branch: str, job: dict[str, Any], was: dict[str, Any] | None, region: str
) -> Change:
    commit: str = job["commitId"] if job["commitId"] != "HEAD" else ""
    ended = {"FAILED": " and failed", "CANCELLED": " and was cancelled"}.get(job["status"], "")
    what = f"commit {commit[:7]}" if commit else "a build"
    return Change(
        id=job["jobArn"],
        at=job["startTime"],
        kind="deployment",
        service=app["name"],
        summary=f"{what} of {branch} was deployed to {app['name']} by Amplify{ended}",
        before=was["commitId"][:7] if was is not None and commit else "",
        after=commit[:7],
        commit=commit,
        source="amplify",
        link=f"https://{region}.console.aws.amazon.com/amplify/apps/{app['appId']}/branches/{branch}"
        f"/deployments/{job['jobId']}",
    )


# What an operation of App Runner is called in words; what it only pauses or deletes is another change.
OPERATIONS = {
    "START_DEPLOYMENT": "was deployed",
    "CREATE_SERVICE": "was created",
    "UPDATE_SERVICE": "was updated",
    "PAUSE_SERVICE": "was paused",
    "RESUME_SERVICE": "was resumed",
    "DELETE_SERVICE": "was deleted",
}
DEPLOYS = frozenset({"START_DEPLOYMENT", "CREATE_SERVICE"})


def apprunner(account: Account, window: Window, gaps: list[Gap]) -> list[Told]:
    """What was done to App Runner's services in a window."""
    if not account.aws.offers("apprunner"):
        return []
    services, token = list[dict[str, Any]](), ""
    while True:  # botocore has no pages for it
        asked = {"NextToken": token} if token else {}
        reply = account.aws.call("apprunner", "list_services", **asked)
        services += reply.get("ServiceSummaryList", [])
        token = reply.get("NextToken", "")
        if not token or len(services) >= 5 * MOST:
            break
    moved = [one for one in services if one["UpdatedAt"] >= window.start]
    if len(moved) > MOST:
        gaps.append(Gap(what="App Runner deployments", why=f"more than {MOST} moved; the rest was not read"))
    found = account.aws.each(lambda one: _operations(account, one, window), moved[:MOST])
    return [Told(change=change) for some in found for change in some]


def _operations(account: Account, service: dict[str, Any], window: Window) -> list[Change]:
    name, region = service["ServiceName"], account.aws.region
    # The newest come first: the first page is as far as a window goes back.
    newest = account.aws.pages(
        "apprunner",
        "list_operations",
        "OperationSummaryList",
        ServiceArn=service["ServiceArn"],
        MaxResults=JOBS,
    )
    return [
        Change(
            id=one["Id"],
            at=one["StartedAt"],
            kind="deployment" if one["Type"] in DEPLOYS else "infrastructure",
            service=name,
            summary=f"{name} {OPERATIONS.get(one['Type'], 'was altered')} by App Runner"
            + (" and failed" if one["Status"] in ("FAILED", "ROLLBACK_SUCCEEDED") else ""),
            source="apprunner",
            link=f"https://{region}.console.aws.amazon.com/apprunner/home?region={region}#/services",
        )
        for one in newest
        if window.holds(one["StartedAt"])
    ]
