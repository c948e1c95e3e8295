"""AWS Systems Manager: commands that run on instances, as far as somebody can cancel one."""

from workers.sandbox.estate.names import uuid
from workers.sandbox.estate.tasks import Task
from workers.sandbox.front.desk import Desk, Handler, Result
from workers.sandbox.front.refusal import CloudError


def list_commands(desk: Desk) -> Result:
    """ListCommands: what runs on no schedule of a service."""
    return {"Commands": [_command(desk, task) for task in _commands(desk)]}


def cancel_command(desk: Desk) -> Result:
    """CancelCommand: what it took is free again."""
    for task in _commands(desk):
        if _id(task) == desk.params["CommandId"]:
            if task.stopped is None:
                task.stopping = task.stopped = desk.now
                desk.world.take_back("RunTask", task.id, desk.now)
            return {}
    raise CloudError("InvalidCommandId", "The specified command ID isn't valid.")


def _commands(desk: Desk) -> list[Task]:
    return desk.world.jobs if desk.world.application.on("ec2") else []


def _id(task: Task) -> str:
    return uuid("command", task.id)


def _command(desk: Desk, task: Task) -> Result:
    application = desk.world.application.name
    return {
        "CommandId": _id(task),
        "DocumentName": "AWS-RunShellScript",
        "Comment": f"{application}-{task.service}",
        "Parameters": {"commands": [f"/opt/{application}/bin/{application}-{task.service}"]},
        "RequestedDateTime": task.created,
        "Status": "InProgress" if task.stopped is None else "Cancelled",
        "TargetCount": 1,
    }


HANDLERS: dict[str, Handler] = {"ListCommands": list_commands, "CancelCommand": cancel_command}
