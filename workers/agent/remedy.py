"""From a named cause to a change: a look-up in the failure mode's row, never an invention."""

from datetime import datetime

from workers.agent.catalogue import modes
from workers.agent.sight import Sight
from workers.domain.call import ToolCall
from workers.domain.conclusion import Cause, Outcome
from workers.domain.event import RemedyProposed
from workers.domain.investigation import Investigation
from workers.domain.telemetry import Resource


def remedy(case: Investigation, at: datetime) -> RemedyProposed | None:
    """The change that would take the trigger back, if its row names one and everything for it is known."""
    conclusion = case.conclusion
    if conclusion is None or conclusion.outcome not in (Outcome.CAUSED, Outcome.SEVERAL_CAUSES):
        return None
    sight = Sight(case)
    for cause in conclusion.causes:
        service = sight.topology.find(cause.service)
        if modes()[cause.mode].remedy == "roll_back" and service is not None:
            return _roll_back(cause, service, at)
    return None


def _roll_back(cause: Cause, service: Resource, at: datetime) -> RemedyProposed | None:
    change = cause.change
    if change is None or not change.before or "cluster" not in service.attributes:
        return None
    call = ToolCall(
        name="ecs-update-service",
        arguments={
            "cluster": service.attributes["cluster"],
            "service": service.name,
            "taskDefinition": change.before,
        },
        why=f"take back {change.after}",
    )
    return RemedyProposed(
        at=at,
        title=f"Roll {service.name} back to {change.before}",
        call=call,
        hypothesis=cause.hypothesis,
        why=cause.statement,
    )
