"""What runs in an AWS account and who needs whom, from what AWS itself knows.

No traces and no drawn topology are needed: the environment variables of a task or function name the
endpoints it calls. Built once per investigation; the metrics, logs and change tools look things up in it.
"""

import threading
import time

from workers.domain.call import Gap, TopologyData
from workers.domain.risk import Risk
from workers.domain.telemetry import Resource, Signal, Topology
from workers.domain.value import Value
from workers.tools import edges, metrics
from workers.tools.action import Answer, Toolset, action
from workers.tools.aws import Aws, Counted
from workers.tools.rows import Metric, Service
from workers.tools.survey import Survey, Task, called_by

FRESH_SECONDS = 120.0


class Inventory(Value):
    """Resources, edges, what is measured of each resource, and what could not be seen."""

    topology: Topology
    metrics: dict[str, tuple[tuple[Signal, Metric], ...]]
    gaps: tuple[Gap, ...]

    def metric(self, name: str, signal: Signal) -> Metric | None:
        return next((metric for known, metric in self.metrics.get(name, ()) if known is signal), None)

    def log_group(self, name: str) -> str:
        resource = self.topology.find(name)
        return resource.attributes.get("log_group", "") if resource else ""


class Account:
    """An AWS account with its inventory, which is read when first needed and kept for a while."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self._lock = threading.Lock()
        self._inventory: Inventory | None = None
        self._read_at = 0.0

    def inventory(self) -> Inventory:
        with self._lock:
            if self._inventory is None or time.monotonic() - self._read_at > FRESH_SECONDS:
                self._inventory = read(self.aws)
                self._read_at = time.monotonic()
            return self._inventory


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


def read(aws: Aws) -> Inventory:
    """List everything at once; what is denied or down becomes a gap, and the rest is kept."""
    reader = Survey(aws)
    listed = reader.listed()
    tasks = reader.tasks(listed) | reader.instances(listed)
    needs = {name: task.environment for name, task in tasks.items()} | reader.function_environments()
    groups = reader.target_groups()
    mappings, aliases = reader.mappings(), reader.function_targets(groups)
    aliases |= called_by(mapping["FunctionArn"] for mapping in mappings)
    described = [
        (row, _described(row, resource, tasks.get(resource.name), groups, aliases))
        for row, resource in listed
    ]
    measured = {resource.name: metrics.measured(row, resource) for row, resource in described}
    kept = {
        (resource.name, signal)
        for row, resource in described
        if "target_group" in resource.attributes
        for signal in row.behind
    }
    for service, signal, metric in reader.published(frozenset(measured)):
        if (service, signal) in kept and signal is not Signal.LATENCY:
            continue
        others = tuple(pair for pair in measured[service] if pair[0] is not signal)
        measured[service] = (*others, (signal, metric))
    resources = {resource.name: resource for _, resource in described}
    drained = [edges.drained(mapping) for mapping in mappings]
    mapped = {(edge.callee, edge.caller) for edge in drained}
    needed = (e for e in edges.needed(needs, resources) if (e.caller, e.callee) not in mapped)
    found = (*needed, *drained)
    unlisted = sorted({edge.callee for edge in found} - set(resources))
    externals = map(edges.outside, unlisted)
    return Inventory(
        topology=Topology(resources=(*resources.values(), *externals), edges=found),
        metrics=measured,
        gaps=tuple(reader.gaps),
    )


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
    if row.logs:
        attributes["log_group"] = row.logs.format(name=resource.name)
    return resource.model_copy(update={"attributes": attributes})
