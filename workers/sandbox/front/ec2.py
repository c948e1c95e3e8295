"""Amazon EC2: instances and their status, launch templates and their versions."""

import base64
from dataclasses import replace
from typing import Any

from workers.sandbox.estate.fleet import STOPPED_SHOWN
from workers.sandbox.estate.names import ACCOUNT, number
from workers.sandbox.estate.revisions import Revision, environment_in, machine_image, user_data
from workers.sandbox.estate.tasks import Task
from workers.sandbox.front.access import GROUPS
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError

STATES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48}


def describe_instances(desk: Desk) -> Result:
    """DescribeInstances: those that are there, and for an hour those that were terminated."""
    found = _wanted(desk, [_instance(desk, task) for task in _tasks(desk)])
    page, token = desk.page(found, desk.get("MaxResults", 1000), desk.get("NextToken"))
    reservations = [
        {
            "ReservationId": f"r-0{number(16**16, one['InstanceId']):016x}",
            "OwnerId": ACCOUNT,
            "Groups": [],
            "Instances": [one],
        }
        for one in page
    ]
    return trimmed({"Reservations": reservations, "NextToken": token})


def describe_instance_status(desk: Desk) -> Result:
    """DescribeInstanceStatus: of running instances, unless all are asked for."""
    found = _wanted(desk, [_instance(desk, task) for task in _tasks(desk)])
    every = desk.get("IncludeAllInstances", False)
    shown = [_status(desk, one) for one in found if every or one["State"]["Name"] == "running"]
    page, token = desk.page(shown, desk.get("MaxResults", 1000), desk.get("NextToken"))
    return trimmed({"InstanceStatuses": list(page), "NextToken": token})


def describe_launch_templates(desk: Desk) -> Result:
    """DescribeLaunchTemplates."""
    names = desk.get("LaunchTemplateNames", [])
    found = []
    for service in desk.world.application.on("ec2"):
        if not names or desk.names.family(service) in names:
            newest = desk.world.revisions.newest(service)
            found.append(
                {
                    "LaunchTemplateId": desk.names.template_id(service),
                    "LaunchTemplateName": desk.names.family(service),
                    "CreateTime": desk.world.began - 86400 * 300,
                    "CreatedBy": newest.registered_by,
                    "DefaultVersionNumber": newest.number,
                    "LatestVersionNumber": newest.number,
                }
            )
    return {"LaunchTemplates": found}


def describe_launch_template_versions(desk: Desk) -> Result:
    """DescribeLaunchTemplateVersions, newest first."""
    service = template(desk, desk.params)
    table = desk.world.revisions.table[service]
    newest = desk.world.revisions.newest(service).number
    words = {"$Latest": newest, "$Default": newest}
    asked = [words.get(v) or int(v) for v in desk.get("Versions", [])]
    missing = [v for v in asked if v not in table]
    if missing:
        text = f"Could not find the specified version {missing[0]} for the launch template."
        raise CloudError("InvalidLaunchTemplateId.VersionNotFound", text)
    low, high = int(desk.get("MinVersion", 0)), int(desk.get("MaxVersion", newest))
    numbers = asked or [n for n in sorted(table, reverse=True) if low <= n <= high]
    page, token = desk.page(numbers, desk.get("MaxResults", 200), desk.get("NextToken"))
    versions = [_version(desk, table[n], newest) for n in page]
    return trimmed({"LaunchTemplateVersions": versions, "NextToken": token})


def create_launch_template_version(desk: Desk) -> Result:
    """CreateLaunchTemplateVersion: another image, or other user data; it takes effect when rolled out."""
    service = template(desk, desk.params)
    newest, given = desk.world.revisions.newest(service), desk.params["LaunchTemplateData"]
    table = desk.world.revisions.table[service]
    source = table.get(int(desk.get("SourceVersion", newest.number)), newest)
    images = {machine_image(revision.image): revision.image for revision in table.values()}
    environment = source.environment
    if given.get("UserData"):
        environment = environment_in(base64.b64decode(given["UserData"]).decode())
    fresh = replace(
        source,
        number=newest.number + 1,
        image=images.get(given.get("ImageId", ""), source.image),
        environment=environment,
        registered_at=desk.now,
        registered_by=desk.caller.arn,
    )
    desk.world.revisions.add(fresh)
    return {"LaunchTemplateVersion": _version(desk, fresh, fresh.number)}


def template(desk: Desk, given: Any) -> str:
    """The service whose launch template this names, by name or by id."""
    for service in desk.world.application.on("ec2"):
        name, identifier = desk.names.family(service), desk.names.template_id(service)
        if given.get("LaunchTemplateName") == name or given.get("LaunchTemplateId") == identifier:
            return service
    text = "At least one of the launch templates specified in the request does not exist."
    raise CloudError("InvalidLaunchTemplateName.NotFoundException", text)


# ---- how things look ----


def _tasks(desk: Desk) -> list[Task]:
    tasks = (t for name in desk.world.application.on("ec2") for t in desk.world.fleet.services[name].tasks)
    oldest = desk.now - STOPPED_SHOWN
    return [t for t in tasks if t.created <= desk.now and (t.stopped is None or t.stopped > oldest)]


def _state(desk: Desk, task: Task) -> str:
    if task.stopped is not None and task.stopped <= desk.now:
        return "terminated"
    if task.stopping is not None and task.stopping <= desk.now:
        return "shutting-down"
    return "running" if task.started <= desk.now else "pending"


def _instance(desk: Desk, task: Task) -> Result:
    spec = desk.world.application.services[task.service]
    revision, state = desk.world.revisions.table[task.service][task.revision], _state(desk, task)
    tags = {
        "Name": desk.names.family(task.service),
        "Service": task.service,
        "Version": revision.image.rpartition(":")[2],
        "aws:autoscaling:groupName": task.service,
        "aws:ec2launchtemplate:id": desk.names.template_id(task.service),
        "aws:ec2launchtemplate:version": str(task.revision),
    }
    found = {
        "InstanceId": desk.names.instance(task.id),
        "ImageId": machine_image(revision.image),
        "InstanceType": spec.instance_type,
        "State": {"Code": STATES[state], "Name": state},
        "LaunchTime": task.created,
        "Placement": {"AvailabilityZone": task.zone, "Tenancy": "default", "GroupName": ""},
        "PrivateIpAddress": task.address if state != "terminated" else None,
        "PrivateDnsName": f"ip-{task.address.replace('.', '-')}.ec2.internal",
        "Architecture": "arm64",
        "Monitoring": {"State": "enabled"},
        "SecurityGroups": [
            {"GroupId": f"sg-0{number(16**16, task.service):016x}", "GroupName": task.service}
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    if desk.world.conditions.now.get((task.service, "unplaceable")) is not None:
        found["InstanceLifecycle"] = "spot"
    if state in ("shutting-down", "terminated"):
        found["StateTransitionReason"] = task.stop_reason
    return trimmed(found)


def _status(desk: Desk, instance: Result) -> Result:
    running = instance["State"]["Name"] == "running"
    word: Result = {"Status": "ok" if running else "not-applicable"}
    if running:
        word["Details"] = [{"Name": "reachability", "Status": "passed"}]
    return {
        "InstanceId": instance["InstanceId"],
        "AvailabilityZone": instance["Placement"]["AvailabilityZone"],
        "InstanceState": instance["State"],
        "InstanceStatus": word,
        "SystemStatus": _system(desk, instance) or word,
    }


def _system(desk: Desk, instance: Result) -> Result | None:
    """The status of the host under an instance, where it is impaired; AWS checks every minute."""
    task = next(t for t in _tasks(desk) if desk.names.instance(t.id) == instance["InstanceId"])
    if task.impaired is None or desk.now < task.impaired + 60 or instance["State"]["Name"] != "running":
        return None
    failed = {"Name": "reachability", "Status": "failed", "ImpairedSince": task.impaired}
    return {"Status": "impaired", "Details": [failed]}


def _version(desk: Desk, revision: Revision, newest: int) -> Result:
    spec, name = desk.world.application.services[revision.service], desk.names.family(revision.service)
    tags = {"Name": name, "Service": revision.service, "Version": revision.image.rpartition(":")[2]}
    script = user_data(desk.world.application.name, revision)
    body = {
        "ImageId": machine_image(revision.image),
        "InstanceType": spec.instance_type,
        "IamInstanceProfile": {"Name": name},
        "SecurityGroupIds": [f"sg-0{number(16**16, revision.service):016x}"],
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
        ],
        "UserData": base64.b64encode(script.encode()).decode(),
    }
    return {
        "LaunchTemplateId": desk.names.template_id(revision.service),
        "LaunchTemplateName": name,
        "VersionNumber": revision.number,
        "CreateTime": revision.registered_at,
        "CreatedBy": revision.registered_by,
        "DefaultVersion": revision.number == newest,
        "LaunchTemplateData": body,
    }


def _wanted(desk: Desk, found: list[Result]) -> list[Result]:
    ids = desk.get("InstanceIds", [])
    missing = set(ids) - {one["InstanceId"] for one in found}
    if missing:
        raise CloudError(
            "InvalidInstanceID.NotFound", f"The instance ID '{sorted(missing)[0]}' does not exist"
        )
    kept = [one for one in found if not ids or one["InstanceId"] in ids]
    for row in desk.get("Filters", []):
        kept = [one for one in kept if _value(one, row["Name"]) in row.get("Values", [])]
    return kept


def _value(instance: Result, name: str) -> str:
    if name.startswith("tag:"):
        return next((t["Value"] for t in instance["Tags"] if t["Key"] == name.removeprefix("tag:")), "")
    known = {
        "instance-state-name": instance["State"]["Name"],
        "image-id": instance["ImageId"],
        "availability-zone": instance["Placement"]["AvailabilityZone"],
        "instance-id": instance["InstanceId"],
    }
    if name not in known:
        raise CloudError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return known[name]


HANDLERS: dict[str, Handler] = {
    **GROUPS,
    "DescribeInstances": describe_instances,
    "DescribeInstanceStatus": describe_instance_status,
    "DescribeLaunchTemplates": describe_launch_templates,
    "DescribeLaunchTemplateVersions": describe_launch_template_versions,
    "CreateLaunchTemplateVersion": create_launch_template_version,
}
