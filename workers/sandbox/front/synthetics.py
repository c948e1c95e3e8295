"""CloudWatch Synthetics: the canary of an application, and the update that mends it."""

from workers.sandbox.estate.canarylog import canary_group
from workers.sandbox.estate.names import ACCOUNT, REGION, uuid
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError
from workers.sandbox.model.spec import Canary
from workers.sandbox.scenario.synthetic import ELEMENT, LOGIN, NETWORK

RUNTIME = "syn-nodejs-puppeteer-9.1"
# Which part of an update mends what.
_MENDS = {"Code": ELEMENT, "RunConfig": LOGIN, "VpcConfig": NETWORK}


def describe_canaries(desk: Desk) -> Result:
    """DescribeCanaries."""
    names = desk.get("Names", [])
    found = [_canary(desk, one) for one in _canaries(desk) if not names or one.name in names]
    page, token = desk.page(found, desk.get("MaxResults", 20), desk.get("NextToken"), "ValidationException")
    return trimmed({"Canaries": list(page), "NextToken": token})


def describe_canaries_last_run(desk: Desk) -> Result:
    """DescribeCanariesLastRun."""
    return {"CanariesLastRun": [{"CanaryName": c.name, "LastRun": _run(desk, c)} for c in _canaries(desk)]}


def update_canary(desk: Desk) -> Result:
    """UpdateCanary: a new script, new variables, or another network."""
    canary = next((c for c in _canaries(desk) if c.name == desk.params["Name"]), None)
    if canary is None:
        raise CloudError("ResourceNotFoundException", f"Canary not found: {desk.params['Name']}", 404)
    broken = desk.world.conditions.now.get((canary.name, "broken"))
    if any(part in desk.params and mended == broken for part, mended in _MENDS.items()):
        desk.world.conditions.turn(desk.now, canary.name, "broken", 0.0)
    return {}


def _canaries(desk: Desk) -> list[Canary]:
    canary = desk.world.application.canary
    return [] if canary is None else [canary]


def _canary(desk: Desk, canary: Canary) -> Result:
    function = canary_group(canary.name).rpartition("/")[2]
    made = desk.world.began - 86400 * 190
    bucket = f"cw-syn-results-{ACCOUNT}-{REGION}/canary/{REGION}/{canary.name}"
    return {
        "Id": uuid("canary", canary.name),
        "Name": canary.name,
        "Code": {
            "SourceLocationArn": desk.arn("lambda", f"layer:cwsyn-{canary.name}:4"),
            "Handler": f"{canary.name}.handler",
        },
        "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{canary.name}-canary",
        "Schedule": {"Expression": "rate(1 minute)", "DurationInSeconds": 0},
        "RunConfig": {"TimeoutInSeconds": 60, "MemoryInMB": 1000, "ActiveTracing": False},
        "SuccessRetentionPeriodInDays": 31,
        "FailureRetentionPeriodInDays": 31,
        "Status": {"State": "RUNNING"},
        "Timeline": {"Created": made, "LastModified": made + 86400 * 60, "LastStarted": made + 86400 * 60},
        "ArtifactS3Location": bucket,
        "EngineArn": desk.arn("lambda", f"function:{function}:4"),
        "RuntimeVersion": RUNTIME,
        "Tags": {"Service": desk.world.application.traffic.entry, "Url": canary.url},
    }


def _run(desk: Desk, canary: Canary) -> Result:
    """The newest run whose points are there."""
    table = desk.world.history.fine
    runs, passed = (table.column((canary.name, field)) for field in ("runs", "passed"))
    assert runs is not None
    assert passed is not None
    last = int(runs.nonzero()[0][-1])
    at = float(table.times[last])
    status: Result = {"State": "PASSED", "TestResult": "PASSED"}
    if not passed[last]:
        status = {
            "State": "FAILED",
            "StateReasonCode": "CANARY_FAILURE",
            "StateReason": "Canary execution failed",
        }
    return {
        "Id": uuid(canary.name, at),
        "Name": canary.name,
        "Status": status,
        "Timeline": {"Started": at, "Completed": at + 5},
    }


HANDLERS: dict[str, Handler] = {
    "DescribeCanaries": describe_canaries,
    "DescribeCanariesLastRun": describe_canaries_last_run,
    "UpdateCanary": update_canary,
}
