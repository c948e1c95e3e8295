"""How Amazon ECS shows its services, task definitions and tasks."""

from typing import Any

from workers.sandbox.estate.names import number
from workers.sandbox.estate.revisions import Revision
from workers.sandbox.estate.tasks import Deployment, ServiceState, Task
from workers.sandbox.front.desk import Desk, Result, trimmed

EVENTS_SHOWN = 100
PORT = 8080


def service_view(desk: Desk, state: ServiceState) -> Result:
    """A service, with its deployments and its newest events."""
    spec = desk.world.application.services[state.name]
    deployments = [_deployment(desk, state, deployment) for deployment in state.deployments]
    launch: Result = {"launchType": "FARGATE"}
    if desk.world.conditions.since(state.name, "unplaceable") is not None:
        spot = desk.world.conditions.now[(state.name, "unplaceable")]
        provider = "FARGATE_SPOT" if spot else "FARGATE"
        launch = {"capacityProviderStrategy": [{"capacityProvider": provider, "weight": 1, "base": 0}]}
    return launch | {
        "serviceArn": desk.names.service(state.name),
        "serviceName": state.name,
        "clusterArn": desk.names.cluster,
        "loadBalancers": [] if spec.consumes else [_attachment(desk, state.name)],
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": state.desired,
        "runningCount": len(state.running(desk.now)),
        "pendingCount": len(state.pending(desk.now)),
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
        "networkConfiguration": _network(state.name),
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
        "networkConfiguration": _network(state.name),
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


def _network(service: str) -> Result:
    subnets = [f"subnet-0{number(16**16, 'subnet', nth):016x}" for nth in range(3)]
    groups = [f"sg-0{number(16**16, service):016x}"]
    inner = {"subnets": subnets, "securityGroups": groups, "assignPublicIp": "DISABLED"}
    return {"awsvpcConfiguration": inner}


def definition_view(desk: Desk, revision: Revision) -> Result:
    """A task definition with its one container."""
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


def task_view(desk: Desk, task: Task) -> Result:
    """A task that runs, or has stopped and why."""
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
        "group": f"service:{task.service}"
        if task.service in desk.world.fleet.services
        else f"family:{task.service}",
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
