"""How releases, scaling and one-off jobs are called for, by what runs a service, as CloudTrail writes it."""

from dataclasses import dataclass, field
from typing import Any

from workers.sandbox.estate.names import Names, uuid
from workers.sandbox.estate.revisions import Revision, machine_image
from workers.sandbox.model.spec import Application

Resources = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Wording:
    """A call's name and source, what was asked and answered, and what it touched."""

    event: str
    source: str
    request: dict[str, Any]
    response: dict[str, Any] = field(default_factory=dict)
    resources: Resources = ()

    @property
    def details(self) -> dict[str, Any]:
        """All but the name and the source, as a record takes it."""
        return {"request": self.request, "response": self.response, "resources": self.resources}


def registered(application: Application, revision: Revision) -> Wording:
    """The call that made this revision."""
    on_instances = application.services[revision.service].runs_on == "ec2"
    make = _template_version if on_instances else _task_definition
    return make(Names(application.name), revision)


def deployed(
    application: Application, service: str, revision: int | None, desired: int | None, deployment: str = ""
) -> Wording:
    """The call that rolls a revision out, or wants another number of tasks."""
    on_instances = application.services[service].runs_on == "ec2"
    make = _group_changed if on_instances else _service_updated
    return make(Names(application.name), service, revision, desired, deployment)


def job_started(application: Application, family: str) -> Wording:
    """The call that runs something once: a task in a cluster or, where there is none, a command."""
    if application.on("ecs"):
        request = {
            "cluster": application.name,
            "taskDefinition": family,
            "launchType": "FARGATE",
            "count": 1,
        }
        resources = (("AWS::ECS::Cluster", application.name), ("AWS::ECS::TaskDefinition", family))
        return Wording("RunTask", "ecs.amazonaws.com", request, resources=resources)
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
