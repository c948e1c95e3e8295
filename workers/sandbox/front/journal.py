"""What callers did: calls by operation, every write on disk, and the writes in the world's own trail."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from workers.sandbox.estate.names import digest
from workers.sandbox.estate.trail import Actor, Record
from workers.sandbox.estate.world import World
from workers.sandbox.front.desk import Result
from workers.sandbox.front.identity import Caller
from workers.sandbox.front.refusal import CloudError
from workers.sandbox.front.wire import Request

READS = (
    *("Get", "List", "Describe", "Lookup", "Filter", "Search", "BatchGet", "Test", "Head", "Select"),
    *("StartQuery", "StopQuery"),
)
# CloudTrail writes the version of the API into the names of Lambda's calls.
_RECORDED_AS = {
    "UpdateAlias": "UpdateAlias20150331",
    "PublishVersion": "PublishVersion20150331",
    "UpdateFunctionConfiguration": "UpdateFunctionConfiguration20150331v2",
    "UpdateEventSourceMapping": "UpdateEventSourceMapping20150331",
    "PutFunctionConcurrency": "PutFunctionConcurrency20171031",
    "DeleteFunctionConcurrency": "DeleteFunctionConcurrency20171031",
}
_SOURCES = {"cloudwatch": "monitoring", "elbv2": "elasticloadbalancing"}


@dataclass
class Journal:
    """What callers did: how often each operation was asked for, and every write."""

    path: Path
    calls: Counter[str] = field(default_factory=Counter)
    writes: list[Result] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def write(self, entry: Result) -> None:
        """Append a write, in memory and on disk."""
        with self._lock:
            self.writes.append(entry)
            with self.path.open("a") as file:
                file.write(json.dumps(entry) + "\n")

    def keep(
        self, request: Request, caller: Caller, now: float, error: CloudError | None, world: World | None
    ) -> None:
        """Keep a write, refused or not; a read is only counted."""
        operation = str(request.operation)
        if operation.startswith(READS):
            return
        entry = {
            "time": now,
            "user": caller.user,
            "service": request.service,
            "operation": operation,
            "parameters": request.params,
            "result": error.code if error else "ok",
        }
        self.write(entry)
        if world is not None:
            with world.lock:
                world.trail.add(_record(request, caller, now, error))


def _record(request: Request, caller: Caller, now: float, error: CloudError | None) -> Record:
    return Record(
        at=now,
        id=digest(request.id),
        event=_RECORDED_AS.get(str(request.operation), str(request.operation)),
        source=f"{_SOURCES.get(str(request.service), request.service)}.amazonaws.com",
        actor=Actor(
            caller.user, agent=request.headers.get("User-Agent", ""), address=str(request.inner.remote_addr)
        ),
        request=_camel(request.params),
        resources=_touched(request),
        error=(error.code, error.message) if error else None,
    )


def _camel(value: Any) -> Any:
    """Parameters as CloudTrail writes them: names begin in lower case."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _camel(item) for name, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def _touched(request: Request) -> tuple[tuple[str, str], ...]:
    if request.operation == "UpdateService":
        name = str(request.params.get("service", "")).rpartition("/")[2]
        return (
            ("AWS::ECS::Service", name),
            ("AWS::ECS::Cluster", str(request.params.get("cluster", "default"))),
        )
    if request.service == "autoscaling":
        return (("AWS::AutoScaling::AutoScalingGroup", str(request.params.get("AutoScalingGroupName"))),)
    if request.service == "lambda" and "FunctionName" in request.params:
        return (("AWS::Lambda::Function", str(request.params["FunctionName"])),)
    if request.operation == "PutMetricAlarm":
        return (("AWS::CloudWatch::Alarm", str(request.params.get("AlarmName"))),)
    return ()
