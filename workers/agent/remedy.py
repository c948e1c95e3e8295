"""From a named cause to a change: a look-up in the failure mode's row, never an invention.

What the change asks for is a revision that ran before or a number that was measured.
"""

import math
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from pydantic import JsonValue

from workers.agent.catalogue import modes
from workers.agent.sight import Sight
from workers.domain.call import PLACE, ToolCall
from workers.domain.conclusion import NAMES_A_CAUSE, Cause
from workers.domain.event import RemedyProposed
from workers.domain.investigation import Investigation
from workers.domain.telemetry import Change, Resource, Signal

TURNED_AWAY = 0.001
MOST = 2
"""Times as many tasks as now are asked for at most: what a surge takes beyond that is asked for again."""


class Remedy(NamedTuple):
    """A change, what it is called and why it would help."""

    title: str
    call: ToolCall
    why: str


def remedy(case: Investigation, at: datetime) -> RemedyProposed | None:
    """The change that the cause's row names, if everything for it is known."""
    conclusion = case.conclusion
    if conclusion is None or conclusion.outcome not in NAMES_A_CAUSE:
        return None
    sight = Sight(case)
    for cause in conclusion.causes:
        place, found = sight.topology.find(cause.service), REMEDIES.get(modes()[cause.mode].remedy)
        wanted = found(cause, place, sight) if found is not None and place is not None else None
        if wanted is not None and place is not None:
            there = wanted._replace(call=_placed(wanted.call, place))
            return RemedyProposed(at=at, hypothesis=cause.hypothesis, **there._asdict())
    return None


def _placed(call: ToolCall, thing: Resource) -> ToolCall:
    """The call with its place, where there are several; there the thing has its plain name."""
    if PLACE not in thing.attributes:
        return call
    plain = {thing.name: thing.name.partition("@")[0]}
    own = {key: plain.get(str(value), value) for key, value in call.arguments.items()}
    return call.model_copy(update={"arguments": {**own, PLACE: thing.attributes[PLACE]}})


def _roll_back(cause: Cause, service: Resource, _sight: Sight) -> Remedy | None:
    change = cause.change
    if change is None or not change.before:
        return None
    call = _call(service, change)
    return call and Remedy(f"Roll {service.name} back to {change.before}", call, cause.statement)


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


def _reserve(cause: Cause, function: Resource, sight: Sight) -> Remedy | None:
    """As many executions as carry the busiest minute before calls were turned away for the first time."""
    turned = [h.at for h in sight.happenings(function.name) or () if h.kind == "placement_failed"]
    running = sight.series.get((function.name, Signal.CONCURRENCY))
    if function.system != "aws:lambda-functions" or not turned or running is None:
        return None
    before = [v for i, v in enumerate(running.values) if v is not None and running.time(i) < min(turned)]
    if not before:
        return None
    most = max(before)
    count = carrying(most)
    arguments: dict[str, JsonValue] = {"function": function.name, "reservedCount": count}
    why = f"{cause.statement}: it ran up to {most:.0f} at once before, which {count} carry"
    call = ToolCall(name="lambda-reserve", arguments=arguments, why="give back what it needs")
    return Remedy(f"Reserve {count} executions for {function.name}", call, why)


def carrying(load: float) -> int:
    """How many at once turn away less than `TURNED_AWAY` of calls, of which `load` run on average.

    Erlang's loss formula (B): calls come when they like, and those that find no room are gone.
    """
    count, lost = 0, 1.0
    while lost >= TURNED_AWAY:
        count += 1
        lost = load * lost / (count + load * lost)
    return count


def _scale_out(cause: Cause, service: Resource, sight: Sight) -> Remedy | None:
    """As many times the tasks as there are times the requests, `MOST` times at most."""
    shift = sight.shift(service.name, Signal.REQUESTS)
    form, desired = SCALED.get(service.system), int(service.attributes.get("desired", 0))
    if form is None or shift is None or shift.direction != "up" or shift.over or not desired * shift.baseline:
        return None
    times = shift.now / shift.baseline
    wanted = math.ceil(desired * min(times, MOST))
    place: dict[str, JsonValue] = {
        arg: service.name if key == "name" else service.attributes[key] for arg, key in form.place.items()
    }
    call = ToolCall(name=form.change, arguments={**place, "desiredCount": wanted}, why="carry the load")
    why = f"{cause.statement}: {times:.1f} times as many, on {desired} {form.unit}"
    return Remedy(f"Run {wanted} {form.unit} of {service.name}", call, why)


class Scaled(NamedTuple):
    """The change that scales what runs on a system, and where its place stands in a resource."""

    change: str
    unit: str
    place: dict[str, str]


SCALED = {
    "aws:ecs-services": Scaled("ecs-scale-service", "tasks", {"cluster": "cluster", "service": "name"}),
    "aws:autoscaling-groups": Scaled("autoscaling-scale", "instances", {"group": "name"}),
}
REMEDIES: dict[str, Callable[[Cause, Resource, Sight], Remedy | None]] = {
    "roll_back": _roll_back,
    "reserve": _reserve,
    "scale_out": _scale_out,
}
