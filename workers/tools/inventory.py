"""What runs in an AWS account and who needs whom, from what AWS itself knows.

No traces and no drawn topology are needed: the environment variables of a task or function name the
endpoints it calls. Built once per investigation; the metrics, logs and change tools look things up in it.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from workers.domain.call import Gap, TopologyData
from workers.domain.risk import Risk
from workers.domain.telemetry import SIGNALS, Edge, Resource, Signal, Topology
from workers.domain.value import Value
from workers.domain.window import ending
from workers.tools import application_signals, beyond, environments, metrics, xray
from workers.tools.action import Answer, Toolset, action
from workers.tools.aws import Aws
from workers.tools.edges import outside
from workers.tools.environments import Environments
from workers.tools.joining import Book, joined
from workers.tools.metering import Counted
from workers.tools.rows import Metric, Service, services
from workers.tools.survey import Listed, Survey, Task, called_by

Found = TypeVar("Found")

FRESH_SECONDS = 120.0
Measured = tuple[tuple[Signal, Metric], ...]


class Inventory(Value):
    """Resources, edges, what is measured of each resource, and what could not be seen."""

    topology: Topology
    metrics: dict[str, Measured]
    gaps: tuple[Gap, ...]

    def metric(self, name: str, signal: Signal) -> Metric | None:
        return next((metric for known, metric in self.metrics.get(name, ()) if known is signal), None)

    def log_group(self, name: str) -> str:
        resource = self.topology.find(name)
        return resource.attributes.get("log_group", "") if resource else ""


class Account:
    """One region of an AWS account with its inventory, which is read when first needed and kept for a while.

    `environments` are those of the settings, by name. `name` is what people call it (`prod/eu-west-1`);
    `home` is the one region of an account in which things are looked up that belong to no region.
    """

    def __init__(
        self,
        aws: Aws,
        *,
        environments: Environments | None = None,
        name: str = "",
        home: bool = True,
    ) -> None:
        self.aws = aws
        self.environments = environments or {}
        self.name = name or aws.region
        self.home = home
        self._lock = threading.Lock()
        self._inventory: Inventory | None = None
        self._read_at = 0.0
        self._kept: dict[str, tuple[float, Any]] = {}

    def called(self, place: str) -> bool:
        """Whether it goes by this name, its account's or its region's; without one it is meant, too."""
        return place.lower() in ("", self.name, *self.name.split("/"))

    def holder(self, process: str) -> str:
        """A process with the account that it is somebody in, where there are several."""
        account, slash, _ = self.name.rpartition("/")
        return f"{process} in {account}" if slash else process

    def inventory(self) -> Inventory:
        with self._lock:
            if self._inventory is None or time.monotonic() - self._read_at > FRESH_SECONDS:
                self._inventory = read(self.aws, self.environments)
                self._read_at = time.monotonic()
            return self._inventory

    def kept(self, key: str, seconds: float, ask: Callable[[], Found]) -> Found:
        """What was asked under this key no longer ago than that, or else is asked now."""
        at, found = self._kept.get(key, (0.0, None))
        if not at or time.monotonic() - at > seconds:
            found = ask()
            self._kept[key] = time.monotonic(), found
        return found


@action(risk=Risk.READ, answers="topology", name="topology")
def aws_topology(account: Account) -> Answer:
    """What runs in the account (ECS, Auto Scaling, Lambda, RDS, ElastiCache, SQS) and who calls whom."""
    with Counted() as counted:
        inventory = account.inventory()
    return Answer(
        data=TopologyData(topology=inventory.topology),
        source="aws",
        gaps=inventory.gaps,
        cost=counted.calls,
    )


TOOLSET = Toolset(name="inventory", actions=(aws_topology,))


def read(aws: Aws, stated: Environments | None = None) -> Inventory:
    """List everything at once; what is denied or down becomes a gap, and the rest is kept.

    What no row of an investigation lists is looked up only where something refers to it.
    """
    with Survey(aws) as survey:
        grouping, mapping = survey.start(survey.target_groups), survey.start(survey.mappings)
        published, variables = survey.start(survey.published), survey.start(survey.function_environments)
        traced, signalled = survey.start(_traced, survey), survey.start(_monitored, survey)
        listed = survey.listed()
        groups, mappings = grouping.result(), mapping.result()
        doors, targets = (
            survey.start(beyond.balancers, survey, groups),
            survey.start(survey.function_targets, groups),
        )
        tasks = survey.tasks(listed) | survey.instances(listed)
        claimed = {resource.attributes.get("target_group", "") for _, resource in listed}
        listed += doors.result() + beyond.instances(survey, groups, claimed)
        aliases = targets.result() | called_by(one["FunctionArn"] for one in mappings)
        dimensions = {one.arn: one.dimensions for one in groups}
        book = Book(
            (
                row,
                environments.marked(
                    _described(row, resource, tasks.get(resource.name), dimensions, aliases),
                    aws.region,
                    stated or {},
                ),
            )
            for row, resource in listed
        )
        needs = {name: task.environment for name, task in tasks.items()} | variables.result()
        edges = (
            *joined(survey, book, needs, mappings),
            *xray.edges(traced.result(), book.known),
            *application_signals.edges(signalled.result(), book.known),
        )
        measured = _measured(book.listed, published.result(), aws.region)
    return Inventory(topology=_topology(book, edges, measured), metrics=measured, gaps=tuple(survey.gaps))


def _traced(survey: Survey) -> list[xray.Node]:
    """What X-Ray saw in the last hour, where anything is traced."""
    window = ending(datetime.now(UTC), minutes=60)
    return survey.attempt("X-Ray's service graph", lambda: xray.graph(survey.aws, window)) or []


def _monitored(survey: Survey) -> list[application_signals.Call]:
    """What Application Signals saw in the last hour, where anything is monitored."""
    window = ending(datetime.now(UTC), minutes=60)
    what = "the services of Application Signals"
    return survey.attempt(what, lambda: application_signals.calls(survey.aws, window)) or []


def _topology(book: Book, edges: tuple[Edge, ...], measured: dict[str, Measured]) -> Topology:
    unlisted = sorted({edge.callee for edge in edges} - set(book.known))
    seen = (_telling(row, resource, measured[resource.name]) for row, resource in book.listed)
    return Topology(resources=(*seen, *map(outside, unlisted)), edges=edges)


def _telling(row: Service, resource: Resource, measured: Measured) -> Resource:
    """With what is measured of it, where its kind does not tell."""
    signals = " ".join(signal for signal, _ in measured)
    if row in services() or not signals:
        return resource
    return resource.model_copy(update={"attributes": resource.attributes | {SIGNALS: signals}})


def _described(
    row: Service,
    resource: Resource,
    runs: Task | None,
    groups: dict[str, dict[str, str]],
    aliases: dict[str, dict[str, str]],
) -> Resource:
    known = resource.attributes | (aliases.get(resource.name, {}) if row.kind == "function" else {})
    attributes = known | groups.get(known.get("target_group", ""), {})
    if runs is not None:
        attributes |= {"log_group": runs.log_group, "image": runs.image}
    if runs is not None and runs.security_groups:
        attributes["security_groups"] = runs.security_groups
    if row.logs:
        attributes["log_group"] = row.logs.format(name=resource.name)
    return resource.model_copy(update={"attributes": attributes})


def _measured(listed: list[Listed], published: list[dict[str, Any]], region: str) -> dict[str, Measured]:
    """What CloudWatch has of each resource, with what applications publish about it themselves."""
    measured = {resource.name: metrics.measured(row, resource, region) for row, resource in listed}
    kept = {
        (resource.name, signal)
        for row, resource in listed
        if "target_group" in resource.attributes
        for signal in row.behind
    }
    names = frozenset(measured)
    for hit in (metrics.published(metric, names) for metric in published):
        if hit is None or (hit[:2] in kept and hit[1] is not Signal.LATENCY):
            continue
        service, signal, metric = hit
        others = tuple(pair for pair in measured[service] if pair[0] is not signal)
        measured[service] = (*others, (signal, metric))
    return measured
