"""ECS: what its tasks went through, and what two revisions of a task definition differ in."""

from typing import Annotated, Any, Literal

from pydantic import Field

from workers.domain.call import HappeningData, StateData
from workers.domain.errors import ToolFailed
from workers.domain.risk import Risk
from workers.domain.telemetry import Happening, Resource
from workers.domain.window import Window
from workers.tools.action import Answer, Toolset, action
from workers.tools.inventory import Account
from workers.tools.metering import Counted
from workers.tools.revisions import compared

# What a stop reason or service event means; the first match wins.
MEANINGS: tuple[tuple[tuple[str, ...], str], ...] = (
    # ECS replacing or retiring a task on purpose is no failure of that task.
    (("scaling activity initiated",), "other"),
    (("outofmemory", "out of memory", "memory usage"), "out_of_memory"),
    (("unable to place", "was unable to", "resource:"), "placement_failed"),
    (("deployment completed", "deployment failed", "rolling back", "started 1 deployment"), "rollout"),
    (("steady state",), "steady"),
)


Revision = Annotated[str, Field(pattern=r"^[\w-]+:\d+$")]


@action(risk=Risk.READ, answers="happenings")
def ecs_events(account: Account, service: str, window: Window) -> Answer:
    """An ECS service's own events and its stopped tasks (reason, exit code, revision) in a window."""
    with Counted() as counted:
        resource = _service(account, service)
        reply = account.aws.call(
            "ecs", "describe_services", cluster=resource.attributes["cluster"], services=[service]
        )
        if not reply["services"]:
            raise ToolFailed(f"there is no ECS service {service} any more")
        events = [e for s in reply["services"] for e in s.get("events", []) if window.holds(e["createdAt"])]
        stopped = _stopped(account, resource)
    told = [_event(service, event) for event in events]
    ended = [_task(service, task) for task in stopped if window.holds(task["stoppedAt"])]
    return Answer(
        data=HappeningData(happenings=tuple(sorted(told + ended, key=lambda h: h.at))),
        source=f"ecs:{service}",
        cost=counted.calls,
    )


@action(risk=Risk.READ, answers="state")
def ecs_revision(
    account: Account, service: str, after: Revision, before: Revision | Literal[""] = ""
) -> Answer:
    """What a revision (`family:number`) differs in from the one before it: image, environment, limits."""
    return compared(
        account, service, after, before, source="ecs:task-definition", earlier=_earlier, read=_definition
    )


@action(risk=Risk.READ, answers="state")
def ecs_service(account: Account, cluster: str, service: str) -> Answer:
    """The state of one ECS service now: revision, desired, running and pending tasks, rollout."""
    with Counted() as counted:
        reply = account.aws.call("ecs", "describe_services", cluster=cluster, services=[service])
    if not reply["services"]:
        raise ToolFailed(f"there is no ECS service {service} in {cluster}")
    return Answer(data=StateData(state=state(reply["services"][0])), source="ecs", cost=counted.calls)


TOOLSET = Toolset(name="ecs", actions=(ecs_events, ecs_revision, ecs_service))


def state(service: dict[str, Any]) -> dict[str, Any]:
    """The parts of a service's description that a change can alter or break."""
    deployments: list[dict[str, Any]] = service["deployments"]
    none: dict[str, Any] = {}
    primary = next((one for one in deployments if one["status"] == "PRIMARY"), none)
    return {
        "taskDefinition": service["taskDefinition"].rsplit("/", 1)[-1],
        "desiredCount": service["desiredCount"],
        "runningCount": service["runningCount"],
        "pendingCount": service["pendingCount"],
        "deployments": len(deployments),
        "deployment": primary.get("id", ""),
        "rolloutState": primary.get("rolloutState", ""),
    }


def _service(account: Account, name: str) -> Resource:
    found = account.inventory().topology.find(name)
    if found is None or found.system != "aws:ecs-services":
        raise ToolFailed(f"{name} is not an ECS service")
    return found


def _event(service: str, event: dict[str, Any]) -> Happening:
    return Happening.model_validate(
        {
            "at": event["createdAt"],
            "service": service,
            "kind": _kind(event["message"], "other"),
            "text": event["message"],
            "source": f"ecs:{service}",
        }
    )


def _stopped(account: Account, service: Resource) -> list[dict[str, Any]]:
    cluster = service.attributes["cluster"]
    arns = account.aws.pages(
        "ecs",
        "list_tasks",
        "taskArns",
        limit=100,
        cluster=cluster,
        serviceName=service.name,
        desiredStatus="STOPPED",
    )
    if not arns:
        return []
    tasks = account.aws.call("ecs", "describe_tasks", cluster=cluster, tasks=arns[:100])["tasks"]
    return [task for task in tasks if task.get("stoppedAt")]


def _task(service: str, task: dict[str, Any]) -> Happening:
    containers: list[dict[str, Any]] = task.get("containers", [])
    reasons = [
        f"{c.get('reason', '')} (exit code {c['exitCode']})".strip() for c in containers if "exitCode" in c
    ]
    text = "; ".join([task.get("stoppedReason", ""), *reasons])
    killed = any(c.get("exitCode") == 137 for c in containers) and "memory" in text.lower()
    return Happening.model_validate(
        {
            "at": task["stoppedAt"],
            "service": service,
            "kind": "out_of_memory" if killed else _kind(text, "task_stopped"),
            "text": text,
            "revision": task["taskDefinitionArn"].rsplit("/", 1)[-1],
            "source": f"ecs:{service}",
        }
    )


def _kind(text: str, otherwise: str) -> str:
    lowered = text.lower()
    return next((kind for words, kind in MEANINGS if any(word in lowered for word in words)), otherwise)


def _earlier(account: Account, revision: str) -> str:
    """The revision before `family:n`: the newest of its family that is older."""
    family, _, number = revision.rpartition(":")
    arns = account.aws.pages(
        "ecs", "list_task_definitions", "taskDefinitionArns", limit=100, familyPrefix=family, sort="DESC"
    )
    names = (arn.rsplit("/", 1)[-1] for arn in arns)
    older = [name for name in names if int(name.rpartition(":")[2]) < int(number)]
    if not older:
        raise ToolFailed(f"{revision} has no earlier revision")
    return max(older, key=lambda name: int(name.rpartition(":")[2]))


def _definition(account: Account, name: str) -> dict[str, str]:
    """A task definition as flat keys: `image`, `environment.NAME`, `cpu`, `memory`, …"""
    definition = account.aws.call("ecs", "describe_task_definition", taskDefinition=name)["taskDefinition"]
    flat = {key: str(definition[key]) for key in ("cpu", "memory", "taskRoleArn") if key in definition}
    for container in definition.get("containerDefinitions", []):
        flat |= {
            key: str(container[key]) for key in ("image", "command", "memory", "cpu") if key in container
        }
        flat |= {f"environment.{pair['name']}": pair["value"] for pair in container.get("environment", [])}
        flat |= {f"secret.{pair['name']}": pair["valueFrom"] for pair in container.get("secrets", [])}
    return flat
