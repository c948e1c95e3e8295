"""How functions are released and limited, as CloudTrail writes it: its names carry the version of the API."""

from workers.sandbox.estate.names import arn, uuid
from workers.sandbox.estate.revisions import Revision, code_sha
from workers.sandbox.scenario.wording import Resources, Wording

SOURCE = "lambda.amazonaws.com"


def published(revision: Revision, before: Revision | None) -> tuple[Wording, ...]:
    """New code or, where the code stays, another environment; and the version made of it."""
    name, touched = revision.service, _touched(revision.service)
    target = {"functionName": arn("lambda", f"function:{name}")}
    if before is None or before.image != revision.image:
        event = "UpdateFunctionCode20150331v2"
        key = f"{name}/{revision.image.rpartition(':')[2]}.zip"
        request = {"functionName": name, "s3Bucket": "releases", "s3Key": key, "publish": False}
    else:
        # CloudTrail keeps the environment of a function to itself.
        event, request = "UpdateFunctionConfiguration20150331v2", {"functionName": name, "environment": {}}
    sha = code_sha(revision.image)
    response = {**target, "version": str(revision.number), "codeSha256": sha}
    return (
        Wording(event, SOURCE, request, {**target, "codeSha256": sha}, touched),
        Wording("PublishVersion20150331", SOURCE, {"functionName": name}, response, touched),
    )


def moved(service: str, alias: str, revision: int | None, desired: int | None) -> Wording:
    """An alias is pointed to another version, or concurrency is reserved."""
    if revision is None:
        request = {"functionName": service, "reservedConcurrentExecutions": desired}
        return Wording("PutFunctionConcurrency20171031", SOURCE, request, resources=_touched(service))
    request = {"functionName": service, "name": alias, "functionVersion": str(revision)}
    response = {"aliasArn": arn("lambda", f"function:{service}:{alias}"), **request}
    return Wording("UpdateAlias20150331", SOURCE, request, response, _touched(service))


def machine_started(family: str) -> Wording:
    """A state machine runs something once."""
    machine = arn("states", f"stateMachine:{family}")
    request = {"stateMachineArn": machine, "name": uuid("execution", family)}
    resources = (("AWS::StepFunctions::StateMachine", machine),)
    return Wording("StartExecution", "states.amazonaws.com", request, resources=resources)


def _touched(service: str) -> Resources:
    return (("AWS::Lambda::Function", service),)
