"""How Lambda shows functions, their versions and aliases, and the mappings of queues to them."""

from dataclasses import replace
from datetime import UTC, datetime

from workers.sandbox.estate.functionlog import RUNTIMES
from workers.sandbox.estate.names import ACCOUNT, REGION, digest, uuid
from workers.sandbox.estate.revisions import code_sha
from workers.sandbox.front.desk import Desk, Result

READY: Result = {"State": "Active", "LastUpdateStatus": "Successful"}


def arn_of(desk: Desk, name: str, qualifier: str = "") -> str:
    """The ARN of a function, of a version or of an alias."""
    return desk.arn("lambda", f"function:{name}{f':{qualifier}' if qualifier else ''}")


def configuration(desk: Desk, name: str, version: int | None = None) -> Result:
    """A version of a function; None stands for the newest code, published or not."""
    spec, table = desk.world.application.services[name], desk.world.revisions
    revision = table.newest(name) if version is None else table.table[name][version]
    environment = dict(revision.environment)
    if version is None:
        environment = dict(desk.world.revisions.drafts.get(name, environment))
    modified = datetime.fromtimestamp(revision.registered_at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return {
        "FunctionName": name,
        "FunctionArn": arn_of(desk, name, "" if version is None else str(version)),
        "Runtime": RUNTIMES[spec.language],
        "Role": f"arn:aws:iam::{ACCOUNT}:role/{desk.world.application.name}-{name}",
        "Handler": f"{name}.handle",
        "CodeSize": 1_400_000 + int(digest(revision.image)[:5], 16),
        "Description": "",
        "Timeout": int(spec.timeout_seconds),
        "MemorySize": revision.memory,
        "LastModified": modified,
        "CodeSha256": code_sha(revision.image),
        "Version": "$LATEST" if version is None else str(version),
        "Environment": {"Variables": environment},
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": uuid(revision.image, revision.number, version),
        "PackageType": "Zip",
        "Architectures": ["arm64"],
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }


def publish(desk: Desk, name: str) -> None:
    """Make a version of a function's newest code, if that differs from the last one."""
    newest, variables = desk.world.revisions.newest(name), desk.world.revisions.drafts.pop(name, None)
    if variables is None or variables == newest.environment:
        return
    fresh = replace(newest, number=newest.number + 1, environment=variables, registered_at=desk.now)
    desk.world.revisions.add(replace(fresh, registered_by=desk.caller.arn))


def alias(desk: Desk, name: str) -> Result:
    """The alias that a function's callers use."""
    word, state = desk.world.application.services[name].alias, desk.world.fleet.services[name]
    return {
        "AliasArn": arn_of(desk, name, word),
        "Name": word,
        "FunctionVersion": str(state.primary.revision),
        "Description": "what the callers of this function get",
        "RevisionId": uuid("alias", name, state.primary.id),
    }


def mapping(desk: Desk, name: str) -> Result:
    """What has a function read from its queue."""
    spec = desk.world.application.services[name]
    enabled = not desk.world.conditions.now.get((name, "stuck"))
    since = desk.world.conditions.since(name, "stuck") or desk.world.began - 86400 * 200
    return {
        "UUID": uuid("mapping", name, spec.consumes),
        "BatchSize": 1,
        "MaximumBatchingWindowInSeconds": 0,
        "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{spec.consumes}",
        "FunctionArn": arn_of(desk, name, spec.alias),
        "LastModified": since,
        "State": "Enabled" if enabled else "Disabled",
        "StateTransitionReason": "USER_INITIATED",
        "FunctionResponseTypes": [],
    }
