"""The calls behind an inventory of an AWS account: each failed one is a gap, and the rest is kept."""

from collections.abc import Callable, Iterable
from typing import Any

from workers.domain.call import Gap
from workers.domain.errors import AccessDenied, RunbookError
from workers.domain.telemetry import Resource, Signal
from workers.domain.value import Value
from workers.tools import launch_templates, listing, metrics
from workers.tools.aws import Aws
from workers.tools.rows import Metric, Service, services


class Task(Value):
    """What a task definition says about the service that runs it."""

    log_group: str
    image: str
    environment: dict[str, str]


class Survey:
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

    def tasks(self, listed: list[tuple[Service, Resource]]) -> dict[str, Task]:
        running = [r for _, r in listed if r.attributes.get("task_definition")]
        found = self._aws.each(
            lambda r: self._try(f"task definition of {r.name}", lambda: self._task(r)), running
        )
        return {r.name: task for r, task in zip(running, found, strict=True) if task is not None}

    def _task(self, service: Resource) -> Task:
        arn = service.attributes["task_definition"]
        reply = self._aws.call("ecs", "describe_task_definition", taskDefinition=arn)
        return task(reply["taskDefinition"])

    def instances(self, listed: list[tuple[Service, Resource]]) -> dict[str, Task]:
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

    def _instance(self, group: Resource, log_groups: list[str]) -> Task:
        reply = self._aws.call(
            "ec2",
            "describe_launch_template_versions",
            LaunchTemplateName=group.attributes["launch_template"],
            Versions=[group.attributes["template_version"]],
        )
        version = reply["LaunchTemplateVersions"][0]
        # No call of AWS says where an agent on an instance sends its lines: the name has to tell.
        mine = [name for name in log_groups if name.rsplit("/", 1)[-1] == group.name]
        return Task(
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
            for name, known in called_by(targets or ()).items()
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
        return [hit for metric in found or () if (hit := metrics.published(metric, known)) is not None]

    def _try(self, what: str, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except RunbookError as error:
            permission = error.permission if isinstance(error, AccessDenied) else ""
            self.gaps.append(Gap(what=what, why=str(error), mend=error.mend, permission=permission))
            return None


def function_name(arn: str) -> tuple[str, str]:
    """The name in a function's ARN, and the alias or version behind it."""
    name, _, qualifier = arn.partition(":function:")[2].partition(":")
    return name, qualifier


def called_by(arns: Iterable[str]) -> dict[str, dict[str, str]]:
    """By function: the alias under which others call it, where they use one."""
    named = [function_name(arn) for arn in arns]
    return {
        name: {"alias": qualifier} if qualifier and not qualifier.isdigit() else {}
        for name, qualifier in named
    }


def task(definition: dict[str, Any]) -> Task:
    """The parts of a task definition that matter here, of its first (main) container."""
    containers: list[dict[str, Any]] = definition.get("containerDefinitions", [])
    main = containers[0] if containers else {}
    options = main.get("logConfiguration", {}).get("options", {})
    return Task(
        log_group=options.get("awslogs-group", ""),
        image=main.get("image", ""),
        environment={pair["name"]: pair["value"] for pair in main.get("environment", [])},
    )
