"""A local cloud in a process of its own, and what tests ask of it: cases, time, clients, series, logs."""

import configparser
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

REGION = "us-east-1"
CALM, LATE = (-45.0, -14.0), (-6.0, -1.0)
CALM_LINES, LATE_LINES = (-24.0, -20.0), (-4.0, -1.0)
"""Minutes before the onset of a case and after it, of metrics and of logs."""
LAG = 3.0
"""Seconds until a point shows, unless a case has it otherwise."""
ON_INSTANCES = frozenset({"claims"})
"""Applications that run on EC2 instances instead of ECS."""
OF_FUNCTIONS = frozenset({"parcels"})
"""Applications that run in Lambda functions, which their callers know as `live`."""
ONCE = Config(retries={"max_attempts": 1, "mode": "standard"}, read_timeout=30)


class LocalCloud:
    """The process and its address."""

    def __init__(self, state: Path, *arguments: str) -> None:
        """Start it, and wait for the line that says where it is."""
        self.state = state
        command = [
            sys.executable,
            "-m",
            "workers.sandbox",
            "--state",
            str(state),
            "--check-answers",
            *arguments,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.started = json.loads(self.process.stdout.readline())
        self.url = self.started["address"]
        self._clients: dict[tuple[str, str], Any] = {}
        self._shown: tuple[object, dict[str, Any]] | None = None
        self._metrics: dict[tuple[str, str], Mapping[str, Any]] = {}

    def stop(self) -> int:
        """End it as a supervisor would; gives back its exit code."""
        self.process.terminate()
        code = self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    # ---- the control API ----

    def ask(self, path: str, body: object = None) -> Any:
        """A control request; with a body it is a POST."""
        status, answer = self.ask_plainly(path, body)
        assert status == 200, answer
        return answer

    def ask_plainly(self, path: str, body: object = None) -> tuple[int, Any]:
        """The same with its status."""
        encoded = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_cloud/{path}", data=encoded)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def play(self, *faults: str, application: str = "shop", seed: int = 3, **wish: object) -> dict[str, Any]:
        """Begin a case; gives back its alert, under `alert`, and its truth, under `truth`."""
        self._shown = None
        body = {"application": application, "faults": list(faults), "seed": seed, "onset_minutes": 9, **wish}
        return {**self.ask("case", body), "truth": self.ask("truth")}

    def show(self, *faults: str, **wish: Any) -> dict[str, Any]:
        """A case for tests that only look: the one that stands there already, if it is the same."""
        if self._shown is None or self._shown[0] != (faults, wish):
            self._shown = (faults, wish), self.play(*faults, **wish)
        return self._shown[1]

    def pass_time(self, seconds: float) -> float:
        """Let time pass in the cloud."""
        return self.ask("advance", {"seconds": seconds})["now"]

    @property
    def now(self) -> float:
        """The time in the cloud."""
        return self.ask("health")["now"]

    # ---- AWS ----

    def client(self, service: str, who: str = "worker") -> Any:
        """A real client with the credentials of `who`."""
        if (service, who) not in self._clients:
            self._clients[(service, who)] = self.client_with(service, *self.keys(who))
        return self._clients[(service, who)]

    def client_with(self, service: str, key: str, secret: str, region: str = REGION) -> Any:
        """A client with these keys."""
        make: Any = boto3.client
        return make(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=ONCE,
        )

    def signed(self, service: str, headers: dict[str, str], body: bytes, path: str = "/") -> dict[str, str]:
        """Headers of a POST that the worker signed by hand."""
        request = AWSRequest("POST", self.url + path, headers=headers, data=body)
        SigV4Auth(Credentials(*self.keys("worker")), service, REGION).add_auth(request)
        return dict(request.headers.items())

    def post(
        self, headers: dict[str, str], body: bytes, path: str = "/"
    ) -> tuple[int, dict[str, str], bytes]:
        """A raw POST: status, headers and body of what comes back."""
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, dict(reply.headers), reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def keys(self, who: str) -> tuple[str, str]:
        """The keys in a credentials file that the cloud wrote."""
        found = configparser.ConfigParser()
        found.read(self.state / f"{who}.credentials")
        return found["default"]["aws_access_key_id"], found["default"]["aws_secret_access_key"]

    def series(
        self,
        part: str,
        metric: str,
        stat: str = "Average",
        minutes: tuple[float, float] = (-30, 0),
        period: int = 60,
    ) -> dict[float, float]:
        """A metric of a part by minutes from the newest point that shows."""
        now = (self.now - LAG) // period * period
        query = {"Metric": self.metric(part, metric), "Period": period, "Stat": stat}
        answer = self.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": query}],
            StartTime=now + 60 * minutes[0],
            EndTime=now + 60 * minutes[1],
            ScanBy="TimestampAscending",
        )
        result = answer["MetricDataResults"][0]
        times = [stamp.timestamp() for stamp in result["Timestamps"]]
        return dict(zip(times, result["Values"], strict=True))

    def metric(self, part: str, metric: str) -> Mapping[str, Any]:
        """A metric by name, and by a part's name in one of its dimensions, as anybody would find it."""
        if (part, metric) not in self._metrics:
            pages = self.client("cloudwatch").get_paginator("list_metrics").paginate(MetricName=metric)
            found = [m for page in pages for m in page["Metrics"] if _names(m, part)]
            assert found, f"{part} has no {metric}"
            self._metrics[(part, metric)] = found[0]
        return self._metrics[(part, metric)]

    def level(
        self, part: str, metric: str, stat: str = "Average", minutes: tuple[float, float] = (-30, 0)
    ) -> float:
        """The mean of a metric over some minutes, where a minute without a point counts as zero for sums."""
        values = self.series(part, metric, stat, minutes)
        count = minutes[1] - minutes[0] if stat == "Sum" else len(values)
        return sum(values.values()) / max(count, 1)

    def ratio(self, part: str, metric: str, stat: str = "Average") -> float:
        """How a metric of the last minutes compares with what it was before the onset."""
        return self.level(part, metric, stat, LATE) / max(self.level(part, metric, stat, CALM), 1e-9)

    def state_of(self, alarm: str) -> str:
        """The state of an alarm."""
        return self.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"]

    def state_after(self, alarm: str, seconds: float) -> str:
        """The state of an alarm when so much time has passed."""
        self.pass_time(seconds)
        return self.state_of(alarm)

    def trail(self, event: str) -> list[dict[str, Any]]:
        """The recorded calls of that name, newest first."""
        wanted = [{"AttributeKey": "EventName", "AttributeValue": event}]
        return self.client("cloudtrail").lookup_events(LookupAttributes=wanted)["Events"]

    def restart(self, application: str, service: str) -> None:
        """Replace the tasks, instances or executions of a service by others of the same code."""
        if application in OF_FUNCTIONS:
            self.point(service, self.published(service, RESTARTED_AT=f"{self.now:.0f}"))
            return
        if application in ON_INSTANCES:
            self.client("autoscaling", "executor").start_instance_refresh(AutoScalingGroupName=service)
            return
        ecs = self.client("ecs", "executor")
        ecs.update_service(cluster=application, service=service, forceNewDeployment=True)

    def published(self, function: str, **changed: str) -> str:
        """A new version of what `live` runs, with these variables changed."""
        client = self.client("lambda", "operator")
        running = client.get_function_configuration(FunctionName=function, Qualifier="live")
        variables = {**running["Environment"]["Variables"], **changed}
        client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        return client.publish_version(FunctionName=function)["Version"]

    def point(self, function: str, version: str) -> None:
        """Let callers of a function get this version."""
        client = self.client("lambda", "executor")
        client.update_alias(FunctionName=function, Name="live", FunctionVersion=version)

    def services(self, application: str) -> list[str]:
        """The services that run in containers, on instances or as functions."""
        if application in OF_FUNCTIONS:
            found = self.client("lambda").list_functions()["Functions"]
            return [function["FunctionName"] for function in found]
        if application in ON_INSTANCES:
            groups = self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
            return [group["AutoScalingGroupName"] for group in groups]
        arns = self.client("ecs").list_services(cluster=application)["serviceArns"]
        return [arn.rpartition("/")[2] for arn in arns]

    def log(
        self, group: str, pattern: str = "", minutes: tuple[float, float] = (-10, 0)
    ) -> list[dict[str, Any]]:
        """The events of a log group that match."""
        now = self.now
        paginator = self.client("logs").get_paginator("filter_log_events")
        pages = paginator.paginate(
            logGroupName=group,
            filterPattern=pattern,
            startTime=int((now + 60 * minutes[0]) * 1000),
            endTime=int((now + 60 * minutes[1]) * 1000),
        )
        return [event for page in pages for event in page["events"]]


def log_group(application: str, service: str) -> str:
    """The log group of a service."""
    if application in OF_FUNCTIONS:
        return f"/aws/lambda/{service}"
    return f"/{application}/{service}" if application in ON_INSTANCES else f"/ecs/{application}/{service}"


def _names(metric: Mapping[str, Any], part: str) -> bool:
    values = [d["Value"] for d in metric["Dimensions"]]
    return any(
        value == part or value == f"{part}-001" or f"-{part}/" in value or value.startswith(f"app/{part}/")
        for value in values
    )


def code_of(error: BaseException) -> str:
    """The error code that a client saw."""
    assert isinstance(error, ClientError)
    response: Any = error.response
    return response["Error"]["Code"]
