"""Amazon ECS: clusters, services with their deployments and events, tasks, task definitions."""

from dataclasses import replace

from workers.sandbox.estate.fleet import STOPPED_SHOWN
from workers.sandbox.estate.revisions import Revision
from workers.sandbox.estate.tasks import ServiceState, Task
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.ecs_views import definition_view, service_view, task_view
from workers.sandbox.front.refusal import CloudError


def list_clusters(desk: Desk) -> Result:
    """ListClusters."""
    return {"clusterArns": [desk.names.cluster] if _services(desk) else []}


def describe_clusters(desk: Desk) -> Result:
    """DescribeClusters."""
    wanted = desk.get("clusters", [])
    known = {desk.world.application.name, desk.names.cluster}
    states = _services(desk).values()
    cluster = {
        "clusterArn": desk.names.cluster,
        "clusterName": desk.world.application.name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": sum(len(s.running(desk.now)) for s in states),
        "pendingTasksCount": sum(len(s.pending(desk.now)) for s in states),
        "activeServicesCount": len(_services(desk)),
    }
    missing = [
        {"arn": desk.arn("ecs", f"cluster/{n}"), "reason": "MISSING"} for n in wanted if n not in known
    ]
    return {"clusters": [cluster] if set(wanted) & known else [], "failures": missing}


def list_services(desk: Desk) -> Result:
    """ListServices."""
    _cluster(desk)
    names = sorted(_services(desk))
    page, token = desk.page(names, desk.get("maxResults", 10), desk.get("nextToken"), *_BAD_TOKEN)
    return trimmed({"serviceArns": [desk.names.service(name) for name in page], "nextToken": token})


def describe_services(desk: Desk) -> Result:
    """DescribeServices."""
    _cluster(desk)
    wanted = desk.get("services", [])
    if not 0 < len(wanted) <= 10:
        raise CloudError("InvalidParameterException", "Services cannot be empty or more than 10.")
    found, failures = [], []
    for given in wanted:
        name = given.rpartition("/")[2]
        if name in _services(desk):
            found.append(service_view(desk, _services(desk)[name]))
        else:
            failures.append({"arn": desk.names.service(name), "reason": "MISSING"})
    return {"services": found, "failures": failures}


def update_service(desk: Desk) -> Result:
    """UpdateService: task definition, desired count, forced deployment."""
    _cluster(desk)
    name = str(desk.params["service"]).rpartition("/")[2]
    if name not in _services(desk):
        raise CloudError("ServiceNotFoundException", "Service not found.")
    revision = None
    if desk.get("taskDefinition"):
        revision = _revision(desk, desk.params["taskDefinition"])
        if revision.service != name:
            # Allowed by AWS, and always a mistake: such tasks would not answer on this service's port.
            raise CloudError(
                "InvalidParameterException", "The container does not exist in the task definition."
            )
    desired = desk.get("desiredCount")
    if desired is not None and desired < 0:
        raise CloudError("InvalidParameterException", "desiredCount must be 0 or greater.")
    force = bool(desk.get("forceNewDeployment", False))
    if any(row["capacityProvider"] == "FARGATE" for row in desk.get("capacityProviderStrategy", [])):
        desk.world.conditions.turn(desk.now, name, "unplaceable", 0.0)
    desk.world.deploy(name, desk.now, revision.number if revision else None, desired, force)
    return {"service": service_view(desk, _services(desk)[name])}


def describe_task_definition(desk: Desk) -> Result:
    """DescribeTaskDefinition."""
    return {
        "taskDefinition": definition_view(desk, _revision(desk, desk.params["taskDefinition"])),
        "tags": [],
    }


def register_task_definition(desk: Desk) -> Result:
    """RegisterTaskDefinition, of a family that exists; it takes effect when deployed."""
    service = desk.params["family"].removeprefix(f"{desk.world.application.name}-")
    containers = desk.params["containerDefinitions"]
    if service not in _services(desk) or len(containers) != 1:
        raise CloudError("ClientException", "The family or its container is not known to this cluster.")
    newest = desk.world.revisions.newest(service)
    container = containers[0]
    fresh = replace(
        newest,
        number=newest.number + 1,
        image=container.get("image", newest.image),
        environment={pair["name"]: pair["value"] for pair in container.get("environment", [])},
        registered_at=desk.now,
        registered_by=desk.caller.arn,
    )
    desk.world.revisions.add(fresh)
    return {"taskDefinition": definition_view(desk, fresh), "tags": []}


def list_task_definitions(desk: Desk) -> Result:
    """ListTaskDefinitions, of one family or of all."""
    family, found = desk.get("familyPrefix"), []
    for service in sorted(_services(desk)):
        if family in (None, desk.names.family(service)):
            found += [
                desk.names.task_definition(service, n) for n in sorted(desk.world.revisions.table[service])
            ]
    if desk.get("sort") == "DESC":
        found.reverse()
    page, token = desk.page(found, desk.get("maxResults", 100), desk.get("nextToken"), *_BAD_TOKEN)
    return trimmed({"taskDefinitionArns": list(page), "nextToken": token})


def list_task_definition_families(desk: Desk) -> Result:
    """ListTaskDefinitionFamilies."""
    prefix = desk.get("familyPrefix", "")
    families = [desk.names.family(service) for service in sorted(_services(desk))]
    return {"families": [family for family in families if family.startswith(prefix)]}


def list_tasks(desk: Desk) -> Result:
    """ListTasks: the running ones, or those that stopped within the last hour."""
    _cluster(desk)
    status, service = desk.get("desiredStatus", "RUNNING"), desk.get("serviceName")
    family = desk.get("family")
    if service and service.rpartition("/")[2] not in _services(desk):
        raise CloudError("ServiceNotFoundException", "Service not found.")
    found = []
    for name, state in sorted(_services(desk).items()):
        if service and name != service.rpartition("/")[2]:
            continue
        if family and desk.names.family(name) != family:
            continue
        found += [desk.names.task(task.id) for task in _tasks(desk, state, status)]
    for task in desk.world.jobs:
        if (
            not service
            and family in (None, desk.names.family(task.service))
            and task in _of(desk, [task], status)
        ):
            found.append(desk.names.task(task.id))
    page, token = desk.page(found, desk.get("maxResults", 100), desk.get("nextToken"), *_BAD_TOKEN)
    return trimmed({"taskArns": list(page), "nextToken": token})


def describe_tasks(desk: Desk) -> Result:
    """DescribeTasks."""
    _cluster(desk)
    known = {
        task.id: task
        for state in _services(desk).values()
        for status in ("RUNNING", "STOPPED")
        for task in _tasks(desk, state, status)
    }
    known |= {task.id: task for task in desk.world.jobs}
    found, failures = [], []
    for given in desk.params["tasks"]:
        task = known.get(given.rpartition("/")[2])
        if task:
            found.append(task_view(desk, task))
        else:
            failures.append({"arn": given, "reason": "MISSING"})
    return {"tasks": found, "failures": failures}


def stop_task(desk: Desk) -> Result:
    """StopTask, of a task that belongs to no service: what it took is free again."""
    _cluster(desk)
    wanted = str(desk.params["task"]).rpartition("/")[2]
    for task in desk.world.jobs:
        if task.id == wanted and task.stopped is None:
            task.stopping = task.stopped = desk.now
            task.stop_code, task.stop_reason = "UserInitiated", desk.get("reason", "Task stopped by user")
            task.exit_code = 143
            desk.world.take_back("RunTask", task.id, desk.now)
            return {"task": task_view(desk, task)}
    raise CloudError("InvalidParameterException", "The referenced task was not found.")


# ---- looking things up ----

_BAD_TOKEN = ("InvalidParameterException", "Invalid token.")


def _services(desk: Desk) -> dict[str, ServiceState]:
    services = desk.world.application.services
    return {n: s for n, s in desk.world.fleet.services.items() if services[n].runs_on == "ecs"}


def _cluster(desk: Desk) -> None:
    given = desk.get("cluster", "default")
    if given not in (desk.world.application.name, desk.names.cluster):
        raise CloudError("ClusterNotFoundException", "Cluster not found.")


def _revision(desk: Desk, given: str) -> Revision:
    family, _, number_ = given.rpartition("/")[2].partition(":")
    service = family.removeprefix(f"{desk.world.application.name}-")
    table = desk.world.revisions.table.get(service, {})
    if desk.names.family(service) == family and table:
        if not number_:
            return desk.world.revisions.newest(service)
        if number_.isdigit() and int(number_) in table:
            return table[int(number_)]
    raise CloudError("ClientException", "Unable to describe task definition.")


def _tasks(desk: Desk, state: ServiceState, status: str) -> list[Task]:
    return _of(desk, state.tasks, status)


def _of(desk: Desk, tasks: list[Task], status: str) -> list[Task]:
    if status == "STOPPED":
        return [
            t for t in tasks if t.stopped is not None and desk.now - STOPPED_SHOWN <= t.stopped <= desk.now
        ]
    alive = [t for t in tasks if t.created <= desk.now and (t.stopped is None or t.stopped > desk.now)]
    return [t for t in alive if t.stopping is None or t.stopping > desk.now]


HANDLERS: dict[str, Handler] = {
    "ListClusters": list_clusters,
    "DescribeClusters": describe_clusters,
    "ListServices": list_services,
    "DescribeServices": describe_services,
    "UpdateService": update_service,
    "DescribeTaskDefinition": describe_task_definition,
    "RegisterTaskDefinition": register_task_definition,
    "ListTaskDefinitions": list_task_definitions,
    "ListTaskDefinitionFamilies": list_task_definition_families,
    "ListTasks": list_tasks,
    "DescribeTasks": describe_tasks,
    "StopTask": stop_task,
}
