"""AWS Lambda: functions, and the queues that they read from."""

from datetime import UTC, datetime

from workers.sandbox.estate.names import ACCOUNT, REGION, digest, uuid
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError

RUNTIMES = {"python": "python3.12", "node": "nodejs20.x", "java": "java21", "go": "provided.al2023"}


def list_functions(desk: Desk) -> Result:
    """ListFunctions."""
    names = _functions(desk)
    page, token = desk.page(
        names, desk.get("MaxItems", 50), desk.get("Marker"), "InvalidParameterValueException"
    )
    return trimmed({"Functions": [_configuration(desk, name) for name in page], "NextMarker": token})


def get_function_configuration(desk: Desk) -> Result:
    """GetFunctionConfiguration."""
    name = desk.params["FunctionName"].rpartition(":")[2]
    if name not in _functions(desk):
        arn = desk.arn("lambda", f"function:{name}")
        raise CloudError("ResourceNotFoundException", f"Function not found: {arn}", 404)
    state = {"State": "Active", "LastUpdateStatus": "Successful"}
    return _configuration(desk, name) | state


def list_event_source_mappings(desk: Desk) -> Result:
    """ListEventSourceMappings."""
    function, source = desk.get("FunctionName"), desk.get("EventSourceArn")
    found = [_mapping(desk, name) for name in _functions(desk) if function in (None, name, _arn(desk, name))]
    return {"EventSourceMappings": [m for m in found if source in (None, m["EventSourceArn"])]}


def update_event_source_mapping(desk: Desk) -> Result:
    """UpdateEventSourceMapping: switch a mapping on or off."""
    for name in _functions(desk):
        if _mapping(desk, name)["UUID"] == desk.params["UUID"]:
            enabled = desk.get("Enabled", True)
            desk.world.conditions.turn(desk.now, name, "stuck", 0.0 if enabled else 1.0)
            return _mapping(desk, name) | {"State": "Enabling" if enabled else "Disabling"}
    text = "The resource you requested does not exist."
    raise CloudError("ResourceNotFoundException", text, 404)


def put_function_concurrency(desk: Desk) -> Result:
    """PutFunctionConcurrency: what is reserved for a function no other can take."""
    name, reserved = (
        desk.params["FunctionName"].rpartition(":")[2],
        desk.params["ReservedConcurrentExecutions"],
    )
    if name not in _functions(desk):
        text = f"Function not found: {desk.arn('lambda', f'function:{name}')}"
        raise CloudError("ResourceNotFoundException", text, 404)
    wanted = desk.world.application.services[name].tasks
    desk.world.conditions.turn(desk.now, name, "limited", max(0.0, 1 - reserved / wanted))
    return {"ReservedConcurrentExecutions": reserved}


def _functions(desk: Desk) -> list[str]:
    return sorted(name for name, s in desk.world.application.services.items() if s.runs_on == "lambda")


def _arn(desk: Desk, name: str) -> str:
    return desk.arn("lambda", f"function:{name}")


def _configuration(desk: Desk, name: str) -> Result:
    spec = desk.world.application.services[name]
    revision = desk.world.revisions.newest(name)
    modified = datetime.fromtimestamp(revision.registered_at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return {
        "FunctionName": name,
        "FunctionArn": _arn(desk, name),
        "Runtime": RUNTIMES[spec.language],
        "Role": f"arn:aws:iam::{ACCOUNT}:role/{desk.world.application.name}-{name}",
        "Handler": f"{name}.handle",
        "CodeSize": 1_400_000 + int(digest(revision.image)[:5], 16),
        "Description": "",
        "Timeout": 60,
        "MemorySize": spec.memory,
        "LastModified": modified,
        "CodeSha256": digest(revision.image)[:43] + "=",
        "Version": "$LATEST",
        "Environment": {"Variables": dict(revision.environment)},
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": uuid(revision.image, revision.number),
        "PackageType": "Zip",
        "Architectures": ["arm64"],
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }


def _mapping(desk: Desk, name: str) -> Result:
    queue = desk.world.application.services[name].consumes
    enabled = not desk.world.conditions.now.get((name, "stuck"))
    since = desk.world.conditions.since(name, "stuck") or desk.world.began - 86400 * 200
    return {
        "UUID": uuid("mapping", name, queue),
        "BatchSize": 1,
        "MaximumBatchingWindowInSeconds": 0,
        "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
        "FunctionArn": _arn(desk, name),
        "LastModified": since,
        "State": "Enabled" if enabled else "Disabled",
        "StateTransitionReason": "USER_INITIATED",
        "FunctionResponseTypes": [],
    }


HANDLERS: dict[str, Handler] = {
    "ListFunctions": list_functions,
    "GetFunctionConfiguration": get_function_configuration,
    "ListEventSourceMappings": list_event_source_mappings,
    "PutFunctionConcurrency": put_function_concurrency,
    "UpdateEventSourceMapping": update_event_source_mapping,
}
