"""How releases, scaling and one-off jobs are called for, by what runs a service, as CloudTrail writes it."""

from typing import Any

from workers.sandbox.estate.names import Names, uuid
from workers.sandbox.estate.revisions import Revision, machine_image
from workers.sandbox.model.spec import Application
from workers.sandbox.scenario import function_calls
from workers.sandbox.scenario.wording import Wording


def registered(
    application: Application, revision: Revision, before: Revision | None = None
) -> tuple[Wording, ...]:
    """The calls that made this revision; `before` is the one it follows."""
    platform, names = application.services[revision.service].runs_on, Names(application.name)
    if platform == "lambda":
        return function_calls.published(revision, before)
    make = _template_version if platform == "ec2" else _task_definition
    return (make(names, revision),)


def deployed(
    application: Application, service: str, revision: int | None, desired: int | None, deployment: str = ""
) -> Wording:
    """The call that rolls a revision out, or wants another number of tasks."""
    spec = application.services[service]
    if spec.runs_on == "lambda":
        return function_calls.moved(service, spec.alias, revision, desired)
    make = _group_changed if spec.runs_on == "ec2" else _service_updated
    return make(Names(application.name), service, revision, desired, deployment)


def job_started(application: Application, family: str) -> Wording:
    """The call that runs something once: a task in a cluster, or else a command, or else a state machine."""
    if application.on("ecs"):
        request = {
            "cluster": application.name,
            "taskDefinition": family,
            "launchType": "FARGATE",
            "count": 1,
        }
        resources = (("AWS::ECS::Cluster", application.name), ("AWS::ECS::TaskDefinition", family))
        return Wording("RunTask", "ecs.amazonaws.com", request, resources=resources)
    if not application.on("ec2"):
        return function_calls.machine_started(family)
    request = {
        "documentName": "AWS-RunShellScript",
        "targets": [{"key": "tag:Service", "values": [application.on("ec2")[-1]]}],
        "comment": family,
        "parameters": {"commands": [f"/opt/{application.name}/bin/{family}"]},
        "maxConcurrency": "1",
    }
    return Wording("SendCommand", "ssm.amazonaws.com", request)


# ---- on ECS ----


def _task_definition(names: Names, revision: Revision) -> Wording:
    family = names.family(revision.service)
    container = {
        "name": revision.service,
        "image": revision.image,
        "cpu": 0,
        "environment": [{"name": k, "value": v} for k, v in sorted(revision.environment.items())],
        "essential": True,
    }
    request = {
        "family": family,
        "containerDefinitions": [container],
        "cpu": str(revision.cpu),
        "memory": str(revision.memory),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
    }
    arn = names.task_definition(revision.service, revision.number)
    response = {"taskDefinition": {"taskDefinitionArn": arn, "family": family, "revision": revision.number}}
    resources = (("AWS::ECS::TaskDefinition", arn),)
    return Wording("RegisterTaskDefinition", "ecs.amazonaws.com", request, response, resources)


def _service_updated(
    names: Names, service: str, revision: int | None, desired: int | None, deployment: str
) -> Wording:
    request: dict[str, Any] = {"cluster": names.application, "service": service}
    if revision is not None:
        request["taskDefinition"] = f"{names.family(service)}:{revision}"
    if desired is not None:
        request["desiredCount"] = desired
    response: dict[str, Any] = {"service": {"serviceName": service}}
    if deployment:
        response["service"]["deployments"] = [{"id": deployment}]
    resources = (("AWS::ECS::Service", service), ("AWS::ECS::Cluster", names.application))
    return Wording("UpdateService", "ecs.amazonaws.com", request, response, resources)


# ---- on EC2 ----


def _template_version(names: Names, revision: Revision) -> Wording:
    name, template = names.family(revision.service), names.template_id(revision.service)
    # CloudTrail writes the parameters of this call as its query names them, and hides user data.
    body = {"ImageId": machine_image(revision.image), "UserData": "<sensitiveDataRemoved>"}
    request = {
        "CreateLaunchTemplateVersionRequest": {
            "LaunchTemplateName": name,
            "SourceVersion": str(revision.number - 1),
            "LaunchTemplateData": body,
        }
    }
    response = {
        "CreateLaunchTemplateVersionResponse": {
            "launchTemplateVersion": {
                "launchTemplateId": template,
                "launchTemplateName": name,
                "versionNumber": revision.number,
            }
        }
    }
    resources = (("AWS::EC2::LaunchTemplate", template),)
    return Wording("CreateLaunchTemplateVersion", "ec2.amazonaws.com", request, response, resources)


def _group_changed(
    names: Names, service: str, revision: int | None, desired: int | None, deployment: str
) -> Wording:
    source, resources = "autoscaling.amazonaws.com", (("AWS::AutoScaling::AutoScalingGroup", service),)
    if revision is None:
        request = {"autoScalingGroupName": service, "desiredCapacity": desired, "honorCooldown": False}
        return Wording("SetDesiredCapacity", source, request, resources=resources)
    template = {"launchTemplateName": names.family(service), "version": str(revision)}
    request = {
        "autoScalingGroupName": service,
        "desiredConfiguration": {"launchTemplate": template},
        "preferences": {"minHealthyPercentage": 100, "maxHealthyPercentage": 200},
    }
    response = {"instanceRefreshId": uuid("refresh", deployment)} if deployment else {}
    return Wording("StartInstanceRefresh", source, request, response, resources)
