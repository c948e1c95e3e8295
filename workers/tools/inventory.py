"""What runs in an AWS account and who needs whom, from what AWS itself knows.

No traces and no drawn topology are needed: the environment variables of a task or function name the
endpoints it calls. Built once per investigation; the metrics, logs and change tools look things up in it.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlparse

from workers.domain.call import Gap, TopologyData
from workers.domain.errors import AccessDenied, RunbookError
from workers.domain.risk import Risk
from workers.domain.telemetry import Edge, Resource, Signal, Topology
from workers.domain.value import Value
from workers.tools import launch_templates, listing
from workers.tools.action import Answer, Toolset, action
from workers.tools.aws import Aws, Counted
from workers.tools.rows import Metric, Service, custom_metrics, services

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
    reader = _Reader(aws)
    listed = reader.listed()
    tasks = reader.tasks(listed) | reader.instances(listed)
    needs = {name: task.environment for name, task in tasks.items()} | reader.function_environments()
    groups = reader.target_groups()
    mappings, aliases = reader.mappings(), reader.function_targets(groups)
    aliases |= _called_by(mapping["FunctionArn"] for mapping in mappings)
    described = [
        (row, _described(row, resource, tasks.get(resource.name), groups, aliases))
        for row, resource in listed
    ]
    measured = {resource.name: _measured(row, resource) for row, resource in described}
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
    drained = [_drained(mapping) for mapping in mappings]
    mapped = {(edge.callee, edge.caller) for edge in drained}
    needed = (edge for edge in _edges(needs, resources) if (edge.caller, edge.callee) not in mapped)
    edges = (*needed, *drained)
    outside = sorted({edge.callee for edge in edges} - set(resources))
    externals = map(_outside, outside)
    return Inventory(
        topology=Topology(resources=(*resources.values(), *externals), edges=edges),
        metrics=measured,
        gaps=tuple(reader.gaps),
    )


def _outside(name: str) -> Resource:
    """What somebody needs and no listing showed: a host, or a queue that we may not see."""
    if "." in name and not name.endswith(".fifo"):
        return Resource(name=name, kind="external", id=name, system="internet")
    return Resource(name=name, kind="unknown", id=name, system="aws")


class _Task(Value):
    """What a task definition says about the service that runs it."""

    log_group: str
    image: str
    environment: dict[str, str]


class _Reader:
    """The calls behind an inventory; each failed part is noted in `gaps` and read as nothing."""

    def __init__(self, aws: Aws) -> None:
        self.gaps: list[Gap] = []
        self._aws = aws

    def listed(self) -> list[tuple[Service, Resource]]:
        found = self._aws.each(
            lambda row: self._try(row.id, lambda: listing.resources(self._aws, row)), services()
        )
        return [
            (row, resource) for row, some in zip(services(), found, strict=True) for resource in some or ()
        ]

    def tasks(self, listed: list[tuple[Service, Resource]]) -> dict[str, _Task]:
        running = [r for _, r in listed if r.attributes.get("task_definition")]
        found = self._aws.each(
            lambda r: self._try(f"task definition of {r.name}", lambda: self._task(r)), running
        )
        return {r.name: task for r, task in zip(running, found, strict=True) if task is not None}

    def _task(self, service: Resource) -> _Task:
        arn = service.attributes["task_definition"]
        reply = self._aws.call("ecs", "describe_task_definition", taskDefinition=arn)
        return task(reply["taskDefinition"])

    def instances(self, listed: list[tuple[Service, Resource]]) -> dict[str, _Task]:
        """What runs on the instances of Auto Scaling groups, by their launch templates."""
        groups = [r for _, r in listed if r.attributes.get("launch_template")]
        if not groups:
            return {}
        names = self._try(
            "log groups",
            lambda: self._aws.pages("logs", "describe_log_groups", "logGroups[].logGroupName"),
        )
        found = self._aws.each(
            lambda r: self._try(f"launch template of {r.name}", lambda: self._instance(r, names or [])),
            groups,
        )
        return {r.name: one for r, one in zip(groups, found, strict=True) if one is not None}

    def _instance(self, group: Resource, log_groups: list[str]) -> _Task:
        reply = self._aws.call(
            "ec2",
            "describe_launch_template_versions",
            LaunchTemplateName=group.attributes["launch_template"],
            Versions=[group.attributes["template_version"]],
        )
        version = reply["LaunchTemplateVersions"][0]
        # No call of AWS says where an agent on an instance sends its lines: the name has to tell.
        mine = [name for name in log_groups if name.rsplit("/", 1)[-1] == group.name]
        return _Task(
            log_group=next((name for name in mine if not name.startswith("/aws/")), ""),
            image=version["LaunchTemplateData"].get("ImageId", ""),
            environment=launch_templates.environment(version),
        )

    def function_environments(self) -> dict[str, dict[str, str]]:
        found = self._try(
            "functions",
            lambda: self._aws.pages(
                "lambda", "list_functions", "Functions[].[FunctionName, Environment.Variables]"
            ),
        )
        return {name: variables or {} for name, variables in found or ()}

    def target_groups(self) -> dict[str, dict[str, str]]:
        """By target group ARN: the two dimensions under which CloudWatch keeps its metrics."""
        found = self._try(
            "load balancers", lambda: self._aws.pages("elbv2", "describe_target_groups", "TargetGroups")
        )
        groups: dict[str, dict[str, str]] = {}
        for group in found or ():
            arn, balancers = group["TargetGroupArn"], group.get("LoadBalancerArns") or [""]
            groups[arn] = {
                "target_group": arn.rsplit(":", 1)[-1],
                "load_balancer": balancers[0].partition("loadbalancer/")[2],
                "type": group.get("TargetType", ""),
            }
        return groups

    def function_targets(self, groups: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        """By function: the target group that sends it requests, and the alias it goes by there."""
        arns = [arn for arn, group in groups.items() if group.pop("type") == "lambda"]
        found = self._aws.each(
            lambda arn: self._try(f"targets of {arn.rsplit('/', 2)[1]}", lambda: self._targets(arn)), arns
        )
        return {
            name: known | {"target_group": arn}
            for arn, targets in zip(arns, found, strict=True)
            for name, known in _called_by(targets or ()).items()
        }

    def _targets(self, arn: str) -> list[str]:
        reply = self._aws.call("elbv2", "describe_target_health", TargetGroupArn=arn)
        return [one["Target"]["Id"] for one in reply["TargetHealthDescriptions"]]

    def mappings(self) -> list[dict[str, Any]]:
        """What has functions read from queues and streams."""
        found = self._try(
            "event sources",
            lambda: self._aws.pages("lambda", "list_event_source_mappings", "EventSourceMappings"),
        )
        return found or []

    def published(self, known: frozenset[str]) -> list[tuple[str, Signal, Metric]]:
        """What applications publish themselves about services we know."""
        found = self._try(
            "custom metrics",
            lambda: self._aws.pages(
                "cloudwatch", "list_metrics", "Metrics", limit=5000, RecentlyActive="PT3H"
            ),
        )
        return [hit for metric in found or () if (hit := _custom(metric, known)) is not None]

    def _try(self, what: str, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except RunbookError as error:
            permission = error.permission if isinstance(error, AccessDenied) else ""
            self.gaps.append(Gap(what=what, why=str(error), mend=error.mend, permission=permission))
            return None


def _function_name(arn: str) -> tuple[str, str]:
    """The name in a function's ARN, and the alias or version behind it."""
    name, _, qualifier = arn.partition(":function:")[2].partition(":")
    return name, qualifier


def _called_by(arns: Iterable[str]) -> dict[str, dict[str, str]]:
    """By function: the alias under which others call it, where they use one."""
    named = [_function_name(arn) for arn in arns]
    return {
        name: {"alias": qualifier} if qualifier and not qualifier.isdigit() else {}
        for name, qualifier in named
    }


def _drained(mapping: dict[str, Any]) -> Edge:
    return Edge(
        caller=mapping["EventSourceArn"].rsplit(":", 1)[-1],
        callee=_function_name(mapping["FunctionArn"])[0],
        source="aws:event-source",
    )


def task(definition: dict[str, Any]) -> _Task:
    """The parts of a task definition that matter here, of its first (main) container."""
    containers: list[dict[str, Any]] = definition.get("containerDefinitions", [])
    main = containers[0] if containers else {}
    options = main.get("logConfiguration", {}).get("options", {})
    return _Task(
        log_group=options.get("awslogs-group", ""),
        image=main.get("image", ""),
        environment={pair["name"]: pair["value"] for pair in main.get("environment", [])},
    )


def _described(
    row: Service,
    resource: Resource,
    runs: _Task | None,
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


def _measured(row: Service, resource: Resource) -> tuple[tuple[Signal, Metric], ...]:
    """The row's metrics with their dimensions filled in; unknown dimensions leave a metric out."""
    known = resource.attributes | {"name": resource.name}
    return tuple(
        (
            signal,
            metric.model_copy(update={"dimensions": {d: known[a] for d, a in metric.dimensions.items()}}),
        )
        for signal, metric in (row.signals | _behind(row, known)).items()
        if all(known.get(attribute) for attribute in metric.dimensions.values())
    )


def _behind(row: Service, known: dict[str, str]) -> dict[Signal, Metric]:
    return row.behind if known.get("target_group") else {}


def _custom(metric: dict[str, Any], known: frozenset[str]) -> tuple[str, Signal, Metric] | None:
    rules = custom_metrics()
    dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
    if metric["Namespace"].startswith("AWS/") or len(dimensions) != 1:
        return None
    (dimension, service), *_ = dimensions.items()
    if service not in known:
        return None
    for rule in rules.signals:
        named = (rule.dimension,) if rule.dimension else rules.dimensions
        if dimension in named and re.match(rule.match, metric["MetricName"], re.IGNORECASE):
            return (
                service,
                rule.signal,
                Metric(
                    namespace=metric["Namespace"],
                    metric=metric["MetricName"],
                    stat=rule.stat,
                    unit=rule.unit,
                    scale=rule.scale,
                    sparse=rule.sparse,
                    dimensions=dimensions,
                ),
            )
    return None


def _edges(needs: dict[str, dict[str, str]], resources: dict[str, Resource]) -> list[Edge]:
    """Who needs whom, from what each task and function is configured with.

    A queue named by a service that no balancer serves is one it works off: the queue needs it, not the
    other way round.
    """
    found: dict[tuple[str, str], Edge] = {}
    for caller, environment in needs.items():
        for variable, value in sorted(environment.items()):
            callee = endpoint(value, resources)
            if not callee or callee == caller or caller not in resources:
                continue
            pair = (callee, caller) if _drains(caller, callee, resources) else (caller, callee)
            source = f"aws:environment {variable}"
            found.setdefault(pair, Edge(caller=pair[0], callee=pair[1], source=source))
    return list(found.values())


def _drains(caller: str, callee: str, resources: dict[str, Resource]) -> bool:
    queue = callee in resources and resources[callee].kind == "queue"
    consumer = resources[caller]
    behind = "target_group" in consumer.attributes
    return queue and consumer.kind == "service" and not behind


def endpoint(value: str, known: dict[str, Resource]) -> str:
    """The resource or outside host that an environment variable's value points at, or an empty string."""
    if value.startswith("arn:"):
        name = value.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
        return name if name in known else ""
    if "://" not in value:
        return ""
    try:
        url = urlparse(value)
    except ValueError:  # "https://[x": whatever it is, it is no address
        return ""
    host = url.hostname or ""
    last = url.path.rstrip("/").rsplit("/", 1)[-1]
    if host.startswith("sqs.") or (last in known and known[last].kind == "queue"):
        return last
    for resource in known.values():
        if host and host in (resource.attributes.get("endpoint"), resource.name):
            return resource.name
    first = host.split(".")[0]
    if first in known:
        return first
    public = "." in host and not host.endswith((".internal", ".local", ".amazonaws.com"))
    return host if public and not host.replace(".", "").isdigit() else ""
