"""The calls behind an inventory of an AWS account: each failed one is a gap, and the rest is kept."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Any, Self, TypeVar

from workers.domain.call import Gap
from workers.domain.errors import AccessDenied, RunbookError
from workers.domain.telemetry import Resource
from workers.domain.value import Value
from workers.tools import launch_templates, listing
from workers.tools.aws import Aws
from workers.tools.rows import Service, services

Found = TypeVar("Found")
Listed = tuple[Service, Resource]
AT_ONCE = 8
"""Parts of an inventory that are read side by side."""


class Task(Value):
    """What a task definition or a launch template says about the service that it runs."""

    log_group: str
    image: str
    environment: dict[str, str]
    security_groups: str = ""


class TargetGroup(Value):
    """What a balancer sends requests to, with the two dimensions under which CloudWatch keeps its metrics."""

    arn: str
    target_group: str
    load_balancer: str
    balancer: str
    type: str

    @property
    def dimensions(self) -> dict[str, str]:
        return {"target_group": self.target_group, "load_balancer": self.load_balancer}


class Survey:
    """The calls behind an inventory; each failed part is noted in `gaps` and read as nothing."""

    def __init__(self, aws: Aws) -> None:
        self.gaps: list[Gap] = []
        self.aws = aws
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="survey")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def start(self, ask: Callable[..., Found], /, *about: Any) -> Future[Found]:
        """Begin to ask, beside everything else."""
        return self._pool.submit(copy_context().run, ask, *about)

    def attempt(self, what: str, ask: Callable[[], Found]) -> Found | None:
        """What is found; `None`, and a gap named `what`, where it cannot be asked."""
        try:
            return ask()
        except RunbookError as error:
            permission = error.permission if isinstance(error, AccessDenied) else ""
            self.gaps.append(Gap(what=what, why=str(error), mend=error.mend, permission=permission))
            return None

    def listed(self) -> list[Listed]:
        found = self.aws.each(
            lambda row: self.attempt(row.id, lambda: listing.resources(self.aws, row)), services()
        )
        return [
            (row, resource) for row, some in zip(services(), found, strict=True) for resource in some or ()
        ]

    def tasks(self, listed: list[Listed]) -> dict[str, Task]:
        running = [r for _, r in listed if r.attributes.get("task_definition")]
        found = self.aws.each(
            lambda r: self.attempt(f"task definition of {r.name}", lambda: self._task(r)), running
        )
        return {r.name: task for r, task in zip(running, found, strict=True) if task is not None}

    def _task(self, service: Resource) -> Task:
        arn = service.attributes["task_definition"]
        reply = self.aws.call("ecs", "describe_task_definition", taskDefinition=arn)
        return task(reply["taskDefinition"])

    def instances(self, listed: list[Listed]) -> dict[str, Task]:
        """What runs on the instances of Auto Scaling groups, by their launch templates."""
        groups = [r for _, r in listed if r.attributes.get("launch_template")]
        if not groups:
            return {}
        names = self.attempt(
            "log groups",
            lambda: self.aws.pages("logs", "describe_log_groups", "logGroups[].logGroupName"),
        )
        found = self.aws.each(
            lambda r: self.attempt(f"launch template of {r.name}", lambda: self._instance(r, names or [])),
            groups,
        )
        return {r.name: one for r, one in zip(groups, found, strict=True) if one is not None}

    def _instance(self, group: Resource, log_groups: list[str]) -> Task:
        reply = self.aws.call(
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
            security_groups=" ".join(launch_templates.security_groups(version)),
        )

    def function_environments(self) -> dict[str, dict[str, str]]:
        found = self.attempt(
            "functions",
            lambda: self.aws.pages(
                "lambda", "list_functions", "Functions[].[FunctionName, Environment.Variables]"
            ),
        )
        return {name: variables or {} for name, variables in found or ()}

    def target_groups(self) -> list[TargetGroup]:
        found = self.attempt(
            "load balancers", lambda: self.aws.pages("elbv2", "describe_target_groups", "TargetGroups")
        )
        return [_target_group(group) for group in found or ()]

    def function_targets(self, groups: list[TargetGroup]) -> dict[str, dict[str, str]]:
        """By function: the target group that sends it requests, and the alias it goes by there."""
        arns = [group.arn for group in groups if group.type == "lambda"]
        found = self.aws.each(
            lambda arn: self.attempt(f"targets of {arn.rsplit('/', 2)[1]}", lambda: self.targets(arn)), arns
        )
        return {
            name: known | {"target_group": arn}
            for arn, targets in zip(arns, found, strict=True)
            for name, known in called_by(targets or ()).items()
        }

    def targets(self, arn: str) -> list[str]:
        """The ids of what a target group sends requests to."""
        reply = self.aws.call("elbv2", "describe_target_health", TargetGroupArn=arn)
        return [one["Target"]["Id"] for one in reply["TargetHealthDescriptions"]]

    def mappings(self) -> list[dict[str, Any]]:
        """What has functions read from queues and streams."""
        found = self.attempt(
            "event sources",
            lambda: self.aws.pages("lambda", "list_event_source_mappings", "EventSourceMappings"),
        )
        return found or []

    def published(self) -> list[dict[str, Any]]:
        """The metrics that applications publish themselves, among AWS's own."""
        found = self.attempt(
            "custom metrics",
            lambda: self.aws.pages(
                "cloudwatch", "list_metrics", "Metrics", limit=5000, RecentlyActive="PT3H"
            ),
        )
        return found or []


def _target_group(group: dict[str, Any]) -> TargetGroup:
    arn, balancers = group["TargetGroupArn"], group.get("LoadBalancerArns") or [""]
    return TargetGroup(
        arn=arn,
        target_group=arn.rsplit(":", 1)[-1],
        load_balancer=balancers[0].partition("loadbalancer/")[2],
        balancer=balancers[0],
        type=group.get("TargetType", ""),
    )


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
        environment={pair["name"]: pair["value"] for pair in main.get("environment", [])} | _secrets(main),
    )


def _secrets(container: dict[str, Any]) -> dict[str, str]:
    """The ARNs of what a container is given as secrets; a plain name is a parameter's."""
    pairs = ((pair["name"], pair["valueFrom"]) for pair in container.get("secrets", []))
    return {name: arn for name, arn in pairs if arn.startswith("arn:")}
