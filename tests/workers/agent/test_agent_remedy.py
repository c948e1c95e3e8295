"""Which change is offered for a cause, and which number: one that was measured, or none."""

import math
from typing import Any

import pytest

from tests.workers import making
from tests.workers.agent import made
from tests.workers.agent.troubles import BY_MODE
from workers.agent.remedy import TURNED_AWAY, carrying, remedy
from workers.domain import event as events
from workers.domain.call import HappeningData, SeriesData, ToolCall, ToolData, TopologyData
from workers.domain.conclusion import Cause
from workers.domain.telemetry import Happening, Resource, Signal, Topology

SYSTEMS = {"service": "aws:ecs-services", "function": "aws:lambda-functions"}


def place(kind: Any = "service", system: str = "", **attributes: str) -> TopologyData:
    one = Resource(
        name="checkout", kind=kind, id="checkout", system=system or SYSTEMS[kind], attributes=attributes
    )
    return TopologyData(topology=Topology(resources=(one,)))


def offered(mode: str, *seen: ToolData) -> events.RemedyProposed | None:
    """What is offered for a cause of this mode, with these answers on record."""
    told: list[events.Event] = []
    for number, data in enumerate(seen):
        call = ToolCall(name=data.kind, arguments={"service": "checkout"})
        asked = making.query(f"q{number}", call=call, window=making.window())
        told.append(events.QueryAsked(at=making.at(), query=asked))
        told.append(events.QueryAnswered(at=making.at(), query=asked.id, result=making.answered(data)))
    cause = Cause(service="checkout", mode=mode, statement="it runs short", hypothesis="h1", evidence=())
    concluded = making.conclusion().model_copy(update={"causes": (cause,)})
    return remedy(making.case(*told, events.Concluded(at=making.at(1), conclusion=concluded)), making.at(2))


def requests(times: float) -> SeriesData:
    """Requests as usual for almost three hours, and so many times as many for the last twenty minutes."""
    values = [1000.0 + i % 7 for i in range(160)] + [1000.0 * times] * 20
    return SeriesData(series=(making.series(values, signal=Signal.REQUESTS),))


def throttled(at: float = -10) -> HappeningData:
    one = Happening(
        at=making.at(at),
        service="checkout",
        kind="placement_failed",
        text="9 calls were throttled",
        source="lambda",
    )
    return HappeningData(happenings=(one,))


def running(*values: float) -> SeriesData:
    return SeriesData(series=(making.series(values, signal=Signal.CONCURRENCY),))


# More requests


@pytest.mark.parametrize(("times", "count"), [(1.5, 6), (1.9, 8), (5.0, 8)])
def test_surge_is_offered_as_many_tasks_as_there_are_requests_and_twice_as_many_at_most(
    times: float, count: int
) -> None:
    found = offered("traffic_surge", place(cluster="shop", desired="4"), requests(times))

    assert found is not None
    assert found.call.name == "ecs-scale-service"
    assert found.call.arguments == {"cluster": "shop", "service": "checkout", "desiredCount": count}
    assert found.why == f"it runs short: {times} times as many, on 4 tasks"


def test_group_is_offered_instances() -> None:
    group = place(system="aws:autoscaling-groups", desired="2")
    found = offered("traffic_surge", group, requests(2))

    assert found is not None
    assert found.title == "Run 4 instances of checkout"
    assert (found.call.name, found.call.arguments) == (
        "autoscaling-scale",
        {"group": "checkout", "desiredCount": 4},
    )


@pytest.mark.parametrize(
    "seen",
    [
        (place(cluster="shop", desired="4"),),
        (place(cluster="shop", desired="4"), requests(0.3)),
        (place(cluster="shop", desired="4"), requests(1)),
        (place(cluster="shop", desired="0"), requests(3)),
        (place(cluster="shop"), requests(3)),
        (place("function"), requests(3)),
        (requests(3),),
    ],
    ids=["unseen", "fewer", "as usual", "stopped", "of unknown size", "a function", "unknown"],
)
def test_of_what_was_not_measured_nothing_is_offered(seen: tuple[ToolData, ...]) -> None:
    assert offered("traffic_surge", *seen) is None


def test_surge_of_a_whole_investigation_is_offered_tasks() -> None:
    (approval,) = made.investigate(BY_MODE["traffic_surge"].build(), "web is slow").approvals

    assert approval.call.arguments == {"cluster": "shop", "service": "web", "desiredCount": 6}


# Fewer executions than it takes


def test_function_that_is_turned_away_is_offered_what_carries_its_busiest_minute() -> None:
    found = offered("cannot_scale", place("function"), throttled(-10), running(*[2, 3, 7, 4] * 5, *[1] * 10))

    assert found is not None
    assert found.call.arguments == {"function": "checkout", "reservedCount": carrying(7)}
    assert found.title == f"Reserve {carrying(7)} executions for checkout"


@pytest.mark.parametrize(
    "seen",
    [
        (place("function"), throttled()),
        (place("function"), running(3, 3, 3)),
        (place("function"), throttled(-10), running(*[9] * 5)),
        (place(cluster="shop", desired="4"), throttled(), running(3, 3, 3)),
    ],
    ids=["unseen", "not turned away", "only seen since", "no function"],
)
def test_what_does_not_know_what_it_ran_before_is_offered_nothing(seen: tuple[ToolData, ...]) -> None:
    assert offered("cannot_scale", *seen) is None


@pytest.mark.parametrize("load", [1, 3, 7, 40, 100])
def test_number_is_the_least_that_erlangs_formula_allows(load: float) -> None:
    def lost(count: int) -> float:
        terms = [load**n / math.factorial(n) for n in range(count + 1)]
        return terms[-1] / sum(terms)

    count = carrying(load)

    assert lost(count) < TURNED_AWAY <= lost(count - 1)
    assert count > load
