"""The cloud: one world, its users, and the way of a request from the wire to an answer."""

import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.validate import ParamValidator

from workers.sandbox.estate.lines import Lines
from workers.sandbox.estate.names import ACCOUNT, REGION, digest, fraction
from workers.sandbox.estate.world import World
from workers.sandbox.front import (
    access,
    alarms,
    autoscaling,
    billing,
    cloudtrail,
    cloudwatch,
    ec2,
    ecs,
    elasticache,
    elb,
    functions,
    insights,
    logs,
    rds,
    sqs,
    ssm,
    states,
    synthetics,
    unused,
)
from workers.sandbox.front.desk import Desk, Handler, Playing, Result
from workers.sandbox.front.identity import Caller, Identity
from workers.sandbox.front.journal import Journal
from workers.sandbox.front.passage import Passage
from workers.sandbox.front.refusal import UNAVAILABLE, UNKNOWN_OPERATION, CloudError
from workers.sandbox.front.wire import Answer, Request
from workers.sandbox.scenario.case import Wish
from workers.sandbox.scenario.rehearsal import rehearsed

HANDLERS: Mapping[str, Mapping[str, Handler]] = {
    "autoscaling": autoscaling.HANDLERS,
    "ce": billing.HANDLERS,
    "cloudtrail": cloudtrail.HANDLERS,
    "cloudwatch": {**cloudwatch.HANDLERS, **alarms.HANDLERS},
    "ec2": ec2.HANDLERS,
    "ecs": ecs.HANDLERS,
    "elasticache": elasticache.HANDLERS,
    "elbv2": elb.HANDLERS,
    "iam": access.ROLES,
    "lambda": functions.HANDLERS,
    "logs": {**logs.HANDLERS, **insights.HANDLERS},
    "rds": rds.HANDLERS,
    "sqs": sqs.HANDLERS,
    "ssm": ssm.HANDLERS,
    "stepfunctions": states.HANDLERS,
    "synthetics": synthetics.HANDLERS,
    **unused.HANDLERS,
}
# What policies call a service, where that is not the name of its model.
_POLICY_NAMES = {
    "elbv2": "elasticloadbalancing",
    "ses": "email",
    "stepfunctions": "states",
    "tagging": "tag",
}

# And what they call an operation, where that is not its name.
_POLICY_ACTIONS = {"s3:ListBuckets": "s3:ListAllMyBuckets"}


class Cloud:
    """Answers AWS requests about the world of the current case."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time, check: bool = False) -> None:
        """Credentials and the journal go to `folder`; `check` holds answers against botocore's models."""
        self._clock, self.check = clock, check
        self._ahead = 0.0
        self.identity, self.passage = Identity(), Passage()
        self.identity.write(folder)
        self.journal = Journal(folder / "writes.jsonl")
        self.playing: Playing | None = None

    def now(self) -> float:
        """The time in the cloud."""
        return self._clock() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass, in the cloud only, until the next case begins."""
        self._ahead += seconds

    def play(self, wish: Wish) -> Playing:
        """Make another world, in which this case happens."""
        self._ahead = 0.0
        now = self.now()
        case, world = rehearsed(wish, min(wish.at or now, now))
        world.catch_up(now)
        self.identity.deny(wish.deny)
        self.playing = Playing(case, world, Lines(world), _dropped(world, wish))
        return self.playing

    def handle(self, environ: dict[str, Any]) -> Answer:
        """The answer to one request."""
        request = Request(environ)
        try:
            return self._answer(request)
        except CloudError as error:
            return request.fail(error)
        except Exception as error:  # noqa: BLE001  AWS answers its own mistakes in the caller's protocol too
            traceback.print_exc()
            return request.fail(CloudError("InternalFailure", f"{type(error).__name__}: {error}", 500))

    def _answer(self, request: Request) -> Answer:
        caller = self.identity.authenticate(request, self._clock())
        now = self.now()
        if request.operation is None:
            raise request.refuse(
                UNKNOWN_OPERATION, "The requested operation is not recognized by the service."
            )
        self.journal.calls[f"{request.service}:{request.operation}"] += 1
        try:
            self.identity.authorize(caller, request, _action(request), self._resource(request))
            answer = self._perform(request, caller, now)
        except CloudError as error:
            self._keep(request, caller, now, error)
            raise
        self._keep(request, caller, now, None)
        return answer

    def _perform(self, request: Request, caller: Caller, now: float) -> Answer:
        if (request.service, request.operation) == ("sts", "GetCallerIdentity"):
            user = "AIDA" + digest("user", caller.user)[:17].upper()
            return request.answer({"UserId": user, "Account": ACCOUNT, "Arn": caller.arn})
        handler = HANDLERS.get(str(request.service), {}).get(str(request.operation))
        if request.signature and request.signature.region != REGION and request.service != "cloudtrail":
            handler = None  # nothing of ours runs there, and moto's regions are empty
        if handler is None:
            return self.passage.take(request)
        playing = self.playing
        if playing is None:
            raise request.refuse(UNAVAILABLE, "Service is unavailable.")
        with playing.world.lock:
            playing.world.catch_up(now)
            result = handler(Desk(playing, caller, request.params, now))
        if self.check:
            _checked(request, result)
        return request.answer(result)

    def _keep(self, request: Request, caller: Caller, now: float, error: CloudError | None) -> None:
        self.journal.keep(request, caller, now, error, self.playing.world if self.playing else None)

    def _resource(self, request: Request) -> str:
        """The ARN that a policy would be held against, where the operation has one."""
        if (request.service, request.operation) == ("ecs", "UpdateService"):
            service = str(request.params.get("service", "")).rpartition("/")[2]
            cluster = str(request.params.get("cluster", "default")).rpartition("/")[2]
            return f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{cluster}/{service}"
        if request.service == "autoscaling" and not str(request.operation).startswith("Describe"):
            group = str(request.params.get("AutoScalingGroupName", ""))
            return f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/{group}"
        if (request.service, request.operation) == ("rds", "DescribeDBInstances"):
            return f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{request.params.get('DBInstanceIdentifier', '*')}"
        return "*"


def _action(request: Request) -> str:
    name = f"{_POLICY_NAMES.get(str(request.service), request.service)}:{request.operation}"
    return _POLICY_ACTIONS.get(name, name)


def _dropped(world: World, wish: Wish) -> frozenset[str]:
    """The series that a case goes without: those named in any usual way, or a share of all."""
    found = set()
    for series in world.series.values():
        key = f"{series.part}/{series.name}"
        if isinstance(wish.drop, list):
            named = {series.name, series.part, key, f"{series.namespace}/{series.name}"} & set(wish.drop)
        else:
            named = fraction(world.seed, "drop", key) < wish.drop
        if named:
            found.add(key)
    return frozenset(found)


def _checked(request: Request, result: Result) -> None:
    operation = request.operation_model
    shape = operation.output_shape if operation else None
    if shape is not None:
        report = ParamValidator().validate(result, shape)
        if report.has_errors():
            raise AssertionError(f"{request.service}:{request.operation}: {report.generate_report()}")
