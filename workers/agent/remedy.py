"""From a named cause to a change: a look-up in the failure mode's row, never an invention."""

from datetime import datetime

from pydantic import JsonValue

from workers.agent.catalogue import modes
from workers.agent.sight import Sight
from workers.domain.call import ToolCall
from workers.domain.conclusion import NAMES_A_CAUSE, Cause
from workers.domain.event import RemedyProposed
from workers.domain.investigation import Investigation
from workers.domain.telemetry import Change, Resource


def remedy(case: Investigation, at: datetime) -> RemedyProposed | None:
    """The change that would take the trigger back, if its row names one and everything for it is known."""
    conclusion = case.conclusion
    if conclusion is None or conclusion.outcome not in NAMES_A_CAUSE:
        return None
    sight = Sight(case)
    for cause in conclusion.causes:
        service = sight.topology.find(cause.service)
        if modes()[cause.mode].remedy == "roll_back" and service is not None:
            return _roll_back(cause, service, at)
    return None


def _roll_back(cause: Cause, service: Resource, at: datetime) -> RemedyProposed | None:
    change = cause.change
    if change is None or not change.before:
        return None
    call = _call(service, change)
    if call is None:
        return None
    return RemedyProposed(
        at=at,
        title=f"Roll {service.name} back to {change.before}",
        call=call,
        hypothesis=cause.hypothesis,
        why=cause.statement,
    )


def _call(service: Resource, change: Change) -> ToolCall | None:
    """The call that runs the revision before, by what runs the service."""
    why = f"take back {change.after}"
    if service.system == "aws:autoscaling-groups":
        template, _, version = change.before.rpartition(":")
        arguments: dict[str, JsonValue] = {"group": service.name, "template": template, "version": version}
        return ToolCall(name="autoscaling-refresh", arguments=arguments, why=why)
    if service.system == "aws:lambda-functions":
        return _alias_back(service, change, why)
    if "cluster" not in service.attributes:
        return None
    arguments = {
        "cluster": service.attributes["cluster"],
        "service": service.name,
        "taskDefinition": change.before,
    }
    return ToolCall(name="ecs-update-service", arguments=arguments, why=why)


def _alias_back(function: Resource, change: Change, why: str) -> ToolCall | None:
    """A function goes back only where its callers use an alias: `$LATEST` has no version before it."""
    if "alias" not in function.attributes:
        return None
    name, _, version = change.before.rpartition(":")
    arguments: dict[str, JsonValue] = {
        "function": name,
        "alias": function.attributes["alias"],
        "version": version,
    }
    return ToolCall(name="lambda-alias", arguments=arguments, why=why)
