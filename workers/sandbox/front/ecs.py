"""Amazon ECS: clusters, services with their deployments and events, tasks, task definitions."""

from dataclasses import replace
from typing import Any

from workers.sandbox.estate.fleet import STOPPED_SHOWN, Deployment, ServiceState, Task
from workers.sandbox.estate.names import number
from workers.sandbox.estate.revisions import Revision
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError

EVENTS_SHOWN = 100
PORT = 8080


def list_clusters(desk: Desk) -> Result:
    """ListClusters."""
    return {"clusterArns": [desk.names.cluster]}


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
            found.append(_service(desk, _services(desk)[name]))
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
    desk.world.deploy(name, desk.now, revision.number if revision else None, desired, force)
    return {"service": _service(desk, _services(desk)[name])}


def describe_task_definition(desk: Desk) -> Result:
    """DescribeTaskDefinition."""
    return {"taskDefinition": _definition(desk, _revision(desk, desk.params["taskDefinition"])), "tags": []}


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
    return {"taskDefinition": _definition(desk, fresh), "tags": []}


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
    found, failures = [], []
    for given in desk.params["tasks"]:
        task = known.get(given.rpartition("/")[2])
        if task:
            found.append(_task(desk, task))
        else:
            failures.append({"arn": given, "reason": "MISSING"})
    return {"tasks": found, "failures": failures}


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
    if status == "STOPPED":
        return [
            t
            for t in state.tasks
            if t.stopped is not None and desk.now - STOPPED_SHOWN <= t.stopped <= desk.now
        ]
    alive = [t for t in state.tasks if t.created <= desk.now and (t.stopped is None or t.stopped > desk.now)]
    return [t for t in alive if t.stopping is None or t.stopping > desk.now]


# ---- how things look ----


def _service(desk: Desk, state: ServiceState) -> Result:
    spec = desk.world.application.services[state.name]
    deployments = [_deployment(desk, state, deployment) for deployment in state.deployments]
    return {
        "serviceArn": desk.names.service(state.name),
        "serviceName": state.name,
        "clusterArn": desk.names.cluster,
        "loadBalancers": [] if spec.consumes else [_attachment(desk, state.name)],
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": state.desired,
        "runningCount": len(state.running(desk.now)),
        "pendingCount": len(state.pending(desk.now)),
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "taskDefinition": deployments[0]["taskDefinition"],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        "deployments": deployments,
        "roleArn": f"arn:aws:iam::{desk.names.cluster.split(':')[4]}:role/aws-service-role/ecs.amazonaws.com/"
        "AWSServiceRoleForECS",
        "events": _events(desk, state),
        "createdAt": state.created,
        "placementConstraints": [],
        "placementStrategy": [],
        "networkConfiguration": _network(),
        "healthCheckGracePeriodSeconds": 0,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "enableECSManagedTags": False,
        "propagateTags": "NONE",
        "enableExecuteCommand": False,
    }


def _deployment(desk: Desk, state: ServiceState, deployment: Deployment) -> Result:
    mine = [t for t in state.running(desk.now) if t.deployment == deployment.id]
    coming = [t for t in state.pending(desk.now) if t.deployment == deployment.id]
    word = "completed." if deployment.state == "COMPLETED" else "in progress."
    return {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": desk.names.task_definition(state.name, deployment.revision),
        "desiredCount": deployment.desired if deployment.status == "PRIMARY" else 0,
        "pendingCount": len(coming),
        "runningCount": len(mine),
        "failedTasks": deployment.failed,
        "createdAt": deployment.created,
        "updatedAt": max(deployment.updated, deployment.created),
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": _network(),
        "rolloutState": deployment.state,
        "rolloutStateReason": f"ECS deployment {deployment.id} {word}",
    }


def _events(desk: Desk, state: ServiceState) -> list[Result]:
    seen = sorted((event for event in state.events if event[0] <= desk.now), reverse=True)[:EVENTS_SHOWN]
    return [
        {
            "id": f"{number(16**8, state.name, at, text):08x}-{number(16**4, text):04x}-4a1c-9b2e-"
            f"{number(16**12, at, text):012x}",
            "createdAt": at,
            "message": text,
        }
        for at, text in seen
    ]


def _attachment(desk: Desk, service: str) -> Result:
    return {
        "targetGroupArn": desk.names.target_group(service),
        "containerName": service,
        "containerPort": PORT,
    }


def _network() -> Result:
    subnets = [f"subnet-0{number(16**16, 'subnet', nth):016x}" for nth in range(3)]
    groups = [f"sg-0{number(16**16, 'tasks'):016x}"]
    inner = {"subnets": subnets, "securityGroups": groups, "assignPublicIp": "DISABLED"}
    return {"awsvpcConfiguration": inner}


def _definition(desk: Desk, revision: Revision) -> Result:
    name, spec = revision.service, desk.world.application.services[revision.service]
    logging = {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": desk.names.log_group(name),
            "awslogs-region": desk.names.cluster.split(":")[3],
            "awslogs-stream-prefix": name,
        },
    }
    container: dict[str, Any] = {
        "name": name,
        "image": revision.image,
        "cpu": 0,
        "portMappings": []
        if spec.consumes
        else [{"containerPort": PORT, "hostPort": PORT, "protocol": "tcp"}],
        "essential": True,
        "environment": [{"name": key, "value": value} for key, value in sorted(revision.environment.items())],
        "mountPoints": [],
        "volumesFrom": [],
        "logConfiguration": logging,
        "systemControls": [],
    }
    role = f"arn:aws:iam::{desk.names.cluster.split(':')[4]}:role/{desk.names.family(name)}"
    return {
        "taskDefinitionArn": desk.names.task_definition(name, revision.number),
        "containerDefinitions": [container],
        "family": desk.names.family(name),
        "taskRoleArn": role,
        "executionRoleArn": f"{role}-execution",
        "networkMode": "awsvpc",
        "revision": revision.number,
        "volumes": [],
        "status": "ACTIVE",
        "requiresAttributes": [{"name": "ecs.capability.task-eni"}],
        "placementConstraints": [],
        "compatibilities": ["EC2", "FARGATE"],
        "requiresCompatibilities": ["FARGATE"],
        "cpu": str(revision.cpu),
        "memory": str(revision.memory),
        "registeredAt": revision.registered_at,
        "registeredBy": revision.registered_by,
    }


def _task(desk: Desk, task: Task) -> Result:
    stopped = task.stopped is not None and task.stopped <= desk.now
    stopping = task.stopping is not None and task.stopping <= desk.now
    last = "STOPPED" if stopped else "RUNNING" if task.started <= desk.now else "PENDING"
    revision = desk.world.revisions.table[task.service][task.revision]
    container = trimmed(
        {
            "containerArn": desk.arn(
                "ecs", f"container/{desk.world.application.name}/{task.id}/{task.id[:8]}"
            ),
            "taskArn": desk.names.task(task.id),
            "name": task.service,
            "image": revision.image,
            "runtimeId": f"{task.id}-{number(10**10, task.id)}",
            "lastStatus": last,
            "exitCode": task.exit_code if stopped else None,
            "reason": (task.exit_reason or None) if stopped else None,
            "networkInterfaces": [{"attachmentId": task.id, "privateIpv4Address": task.address}],
            "healthStatus": "UNKNOWN",
            "cpu": "0",
        }
    )
    found = {
        "taskArn": desk.names.task(task.id),
        "clusterArn": desk.names.cluster,
        "taskDefinitionArn": desk.names.task_definition(task.service, task.revision),
        "group": f"service:{task.service}",
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "availabilityZone": task.zone,
        "connectivity": "CONNECTED",
        "lastStatus": last,
        "desiredStatus": "STOPPED" if stopping else "RUNNING",
        "healthStatus": "UNKNOWN",
        "containers": [container],
        "cpu": str(revision.cpu),
        "memory": str(revision.memory),
        "createdAt": task.created,
        "startedAt": task.started if task.started <= desk.now else None,
        "startedBy": task.deployment,
        "version": 5 if stopped else 3,
        "attachments": [],
    }
    if stopping:
        found |= {"stoppingAt": task.stopping, "stopCode": task.stop_code, "stoppedReason": task.stop_reason}
    if stopped:
        found |= {"stoppedAt": task.stopped, "executionStoppedAt": task.stopped}
    return trimmed(found)


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
}
