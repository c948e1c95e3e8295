"""AWS Step Functions: state machines that run something once, as far as somebody can stop one."""

from workers.sandbox.estate.names import arn, uuid
from workers.sandbox.estate.tasks import Task
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError


def list_executions(desk: Desk) -> Result:
    """ListExecutions of a state machine."""
    wanted = desk.get("stateMachineArn")
    found = [_execution(desk, task) for task in _runs(desk)]
    return {"executions": [one for one in found if wanted in (None, one["stateMachineArn"])]}


def stop_execution(desk: Desk) -> Result:
    """StopExecution: what it took is free again."""
    for task in _runs(desk):
        if _execution(desk, task)["executionArn"] == desk.params["executionArn"]:
            if task.stopped is None:
                task.stopping = task.stopped = desk.now
                desk.world.take_back("RunTask", task.id, desk.now)
            return {"stopDate": task.stopped}
    text = f"Execution Does Not Exist: '{desk.params['executionArn']}'"
    raise CloudError("ExecutionDoesNotExist", text)


def _runs(desk: Desk) -> list[Task]:
    application = desk.world.application
    return [] if application.on("ecs") or application.on("ec2") else desk.world.jobs


def _execution(desk: Desk, task: Task) -> Result:
    family, name = desk.names.family(task.service), uuid("execution", task.id)
    return trimmed(
        {
            "executionArn": arn("states", f"execution:{family}:{name}"),
            "stateMachineArn": arn("states", f"stateMachine:{family}"),
            "name": name,
            "status": "RUNNING" if task.stopped is None else "ABORTED",
            "startDate": task.created,
            "stopDate": task.stopped,
        }
    )


HANDLERS: dict[str, Handler] = {"ListExecutions": list_executions, "StopExecution": stop_execution}
