"""AWS for the executor's changes, over HTTP: moto, and a stand-in with a state of its own for what it lacks.

The stand-in takes nothing and answers nothing that botocore's models do not know, and is as slow as AWS:
what it was asked for has not ended yet when it is first looked at.
"""

import json
import threading
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import Any

from boto3.session import Session
from botocore.validate import ParamValidator
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from workers.sandbox.front.refusal import CloudError
from workers.sandbox.front.wire import Request

REGION = "us-east-1"
ACCOUNT = "123456789012"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:billing"

Things = dict[str, dict[str, Any]]


class Estate:
    """A WSGI application; `asked` is every operation that arrived, with its parameters."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.lost: set[str] = set()
        """Operations that are carried out, and whose answer is a server error."""
        self.then: Callable[[str], None] = lambda _operation: None
        """What somebody else does as soon as an operation has been answered."""
        self.url = ""
        self._moto: Any = DomainDispatcherApplication(create_backend_app)
        self._things: Things = {}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        request = Request(environ)
        answer = list(self._answer(request, environ, start))
        self.then(request.operation or "")
        return answer

    def _answer(self, request: Request, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        name = request.operation or ""
        self.asked.append((name, request.params))
        environ["wsgi.input"] = BytesIO(request.body)
        if name in REVISED:
            return self._revised(request, environ, start)
        if (own := OWN.get(name)) is None:
            return self._moto(environ, self._losing(name, start))
        answer = self._own(request, own)
        self._losing(name, start)(f"{answer.status} OK", list(answer.headers.items()))
        return [answer.body]

    def _revised(self, request: Request, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        """Moto's functions with their revision, which an update has to name if it names one."""
        one = self._things.setdefault(request.params["FunctionName"], {"revision": 1})
        named = request.params.get("RevisionId", str(one["revision"]))
        if named != str(one["revision"]):
            refused = request.fail(CloudError("PreconditionFailedException", "It is another one.", 412))
            start("412 Precondition Failed", list(refused.headers.items()))
            return [refused.body]
        one["revision"] += request.operation == "UpdateFunctionConfiguration"
        said: list[Any] = []
        body = b"".join(self._moto(environ, lambda status, headers, *_: said.extend((status, headers))))
        body = json.dumps({**json.loads(body), "RevisionId": str(one["revision"])}).encode()
        start(said[0], [(key, value) for key, value in said[1] if key.lower() != "content-length"])
        return [body]

    def _losing(self, name: str, start: Callable[..., Any]) -> Callable[..., Any]:
        lost = name in self.lost
        return lambda status, *rest: start("503 Service Unavailable" if lost else status, *rest)

    def _own(self, request: Request, own: Callable[[Things, dict[str, Any]], dict[str, Any]]) -> Any:
        model = request.operation_model
        assert model is not None
        try:
            _checked(request.params, model.input_shape)
            answer = own(self._things, request.params)
        except CloudError as error:
            return request.fail(error)
        _checked(answer, model.output_shape)
        return request.answer(answer)

    def count(self, operation: str, **parameters: Any) -> int:
        """How often an operation was asked for with these parameters among others."""
        return sum(one == operation and parameters.items() <= given.items() for one, given in self.asked)

    @cache  # noqa: B019  one estate a module
    def client(self, name: str) -> Any:
        return session().client(name, endpoint_url=self.url)  # pyright: ignore


@cache
def session() -> Session:
    """One for everybody: AWS's models take long to read."""
    return Session("AKIA" + "A" * 16, "s" * 40, region_name=REGION)


@contextmanager
def estate() -> Generator[Estate]:
    one = Estate()
    server = make_server("127.0.0.1", 0, one, threaded=True, request_handler=_Quiet)
    one.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    reset = urllib.request.Request(f"{one.url}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).close()  # moto has one state in a process
    yield one
    server.shutdown()


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Say nothing."""


def _checked(given: dict[str, Any], shape: Any) -> None:
    report = ParamValidator().validate(given, shape)
    strange = set(given) - set(shape.members)
    if report.has_errors() or strange:
        raise CloudError("ValidationException", f"{report.generate_report()} {strange or ''}", 400)


def _ends(thing: dict[str, Any], key: str, going: str, end: str) -> None:
    """What goes on is seen going on once, and has ended the next time."""
    if thing[key] == going and thing.pop("seen", False):
        thing[key] = end
    thing["seen"] = thing[key] == going


# -- Route 53: all changes of a batch or none, and nothing deleted that is not named in full


def _changed(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    zone = things.setdefault(given["HostedZoneId"], {"records": []})
    records = list(zone["records"])
    for change in given["ChangeBatch"]["Changes"]:
        record = change["ResourceRecordSet"]
        there = [one for one in records if all(one.get(key) == record.get(key) for key in IDENTITY)]
        if there != ([record] if change["Action"] == "DELETE" else []):
            raise CloudError("InvalidChangeBatch", f"{change['Action']} does not fit {there}", 400)
        (records.remove if there else records.append)(record)
    zone["records"] = records
    return {"ChangeInfo": {"Id": "/change/C1", "Status": "PENDING", "SubmittedAt": 1_700_000_000}}


def _records(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    records = things[given["HostedZoneId"]]["records"]
    return {"ResourceRecordSets": records, "IsTruncated": False, "MaxItems": "300"}


IDENTITY = ("Name", "Type", "SetIdentifier")


# -- SQS: moving messages back


def _move(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    task = things.setdefault(given["SourceArn"], {"number": 0, "status": "COMPLETED"})
    if task["status"] == "RUNNING":
        raise CloudError("UnsupportedOperation", "There is already a task running.", 400)
    task |= {"number": task["number"] + 1, "status": "RUNNING"}
    return {"TaskHandle": f"task-{task['number']}"}


def _moves(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    task = things.get(given["SourceArn"])
    if task is None:
        return {"Results": []}
    _ends(task, "status", "RUNNING", "COMPLETED")
    moved = 7 if task["status"] == "COMPLETED" else 3
    told = {"StartedTimestamp": 1_700_000_000_000 + task["number"], "ApproximateNumberOfMessagesMoved": moved}
    return {"Results": [{"SourceArn": given["SourceArn"], "Status": task["status"], **told}]}


# -- Step Functions: running on


def _execution(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    key = given["executionArn"]
    one = things.setdefault(key, {"status": "FAILED", "redriveCount": 0, "tokens": set()})
    _ends(one, "status", "RUNNING", "SUCCEEDED")
    can = "REDRIVABLE" if one["status"] == "FAILED" else "NOT_REDRIVABLE"
    told = {"executionArn": key, "stateMachineArn": MACHINE, "startDate": 1_700_000_000, "redriveStatus": can}
    return {**told, "status": one["status"], "redriveCount": one["redriveCount"]}


def _redrive(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    one = things[given["executionArn"]]
    if given["clientToken"] not in one["tokens"]:
        if one["status"] != "FAILED":
            raise CloudError("ExecutionNotRedrivable", "It is not.", 400)
        one |= {"status": "RUNNING", "redriveCount": one["redriveCount"] + 1}
        one["tokens"].add(given["clientToken"])
    return {"redriveDate": 1_700_000_100}


# -- CodeDeploy: stopping with rollback


def _deployment(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    one = things.setdefault(given["deploymentId"], {"status": "InProgress"})
    if "rolls back" in one:
        _ends(one, "status", "InProgress", "Succeeded")
    told = {"deploymentId": given["deploymentId"], "applicationName": "shop", "deploymentGroupName": "prod"}
    rolled = {"rollbackInfo": {"rollbackDeploymentId": one["by"]}} if "by" in one else {}
    return {"deploymentInfo": {**told, "status": one["status"], **rolled}}


def _stop(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    one = things[given["deploymentId"]]
    if one["status"] != "InProgress":
        raise CloudError("DeploymentAlreadyCompletedException", "It has ended.", 400)
    one["status"] = "Stopped"
    if given.get("autoRollbackEnabled"):
        one["by"] = f"{given['deploymentId']}-BACK"
        things[one["by"]] = {"status": "InProgress", "rolls back": True}
    return {"status": "Succeeded"}


# -- ElastiCache: nodes and replicas


def _group(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    one = things.setdefault(given["ReplicationGroupId"], {"status": "available", "replicas": 1})
    if "to" in one and one["status"] == "modifying" and one.get("seen"):
        one["replicas"] = one.pop("to")
    _ends(one, "status", "modifying", "available")
    members = [
        {"CacheClusterId": f"{given['ReplicationGroupId']}-{n:03}"} for n in range(one["replicas"] + 1)
    ]
    told = {"ReplicationGroupId": given["ReplicationGroupId"], "Status": one["status"]}
    return {"ReplicationGroups": [{**told, "NodeGroups": [{"NodeGroupMembers": members}]}]}


def _replicas(sign: int) -> Callable[[Things, dict[str, Any]], dict[str, Any]]:
    def alter(things: Things, given: dict[str, Any]) -> dict[str, Any]:
        one = things[given["ReplicationGroupId"]]
        if (given["NewReplicaCount"] - one["replicas"]) * sign <= 0 or not given["ApplyImmediately"]:
            raise CloudError("InvalidParameterValue", "That is not the way.", 400)
        one |= {"status": "modifying", "to": given["NewReplicaCount"]}
        return {"ReplicationGroup": {"ReplicationGroupId": given["ReplicationGroupId"]}}

    return alter


def _node(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    one = things.setdefault(given["CacheClusterId"], {"status": "available"})
    _ends(one, "status", "rebooting cluster nodes", "available")
    told = {"CacheClusterId": given["CacheClusterId"], "CacheClusterStatus": one["status"], "Engine": "redis"}
    return {"CacheClusters": [told]}


def _reboot(things: Things, given: dict[str, Any]) -> dict[str, Any]:
    things[given["CacheClusterId"]]["status"] = "rebooting cluster nodes"
    return {"CacheCluster": {"CacheClusterId": given["CacheClusterId"]}}


REVISED = {"GetFunctionConfiguration", "UpdateFunctionConfiguration"}
OWN: dict[str, Callable[[Things, dict[str, Any]], dict[str, Any]]] = {
    "ChangeResourceRecordSets": _changed,
    "ListResourceRecordSets": _records,
    "StartMessageMoveTask": _move,
    "ListMessageMoveTasks": _moves,
    "DescribeExecution": _execution,
    "RedriveExecution": _redrive,
    "GetDeployment": _deployment,
    "StopDeployment": _stop,
    "DescribeReplicationGroups": _group,
    "IncreaseReplicaCount": _replicas(1),
    "DecreaseReplicaCount": _replicas(-1),
    "DescribeCacheClusters": _node,
    "RebootCacheCluster": _reboot,
}
"""What moto does not do, with the reads that go with it."""
