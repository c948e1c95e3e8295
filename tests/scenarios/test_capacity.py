"""What runs short, investigated from the alert to the number that would heal it, and healed by it."""

from typing import Any

import pytest

from tests.scenarios.worlds import Cloud, investigate, told, verdict
from workers.agent.remedy import carrying
from workers.agent.sight import Sight
from workers.domain.investigation import Investigation
from workers.domain.telemetry import Signal
from workers.tools import changes


def measured(case: Investigation, truth: dict[str, Any]) -> tuple[str, int]:
    """The number that the evidence gives: for what ran at once before the onset, or for the requests."""
    sight, place = Sight(case), truth["service"]
    if truth["mode"] == "cannot_scale":
        running = sight.series[place, Signal.CONCURRENCY]
        before = [v for i, v in enumerate(running.values) if running.time(i).timestamp() < truth["onset"]]
        return "reservedCount", carrying(max(v for v in before if v is not None))
    found, shift = sight.topology.find(place), sight.shift(place, Signal.REQUESTS)
    assert found is not None
    assert shift is not None
    desired = int(found.attributes["desired"])
    return "desiredCount", min(2 * desired, -int(-desired * shift.now // shift.baseline))


@pytest.mark.parametrize(
    ("application", "fault", "change"),
    [
        ("parcels", "cannot_scale", "lambda-reserve"),
        ("shop", "traffic_surge", "ecs-scale-service"),
    ],
)
def test_what_runs_short_is_offered_what_was_measured(
    running: Cloud, application: str, fault: str, change: str
) -> None:
    alert = running.case(application=application, faults=[fault], seed=2)["alert"]
    truth = running.ask("/_cloud/truth")

    case, _ = investigate(running, told(alert))

    assert verdict(case, truth)[0], verdict(case, truth)[1]
    (approval,) = case.approvals
    name, number = measured(case, truth)
    assert (approval.call.name, approval.call.arguments[name]) == (change, number)
    assert truth["service"] in approval.call.arguments.values()
    assert approval.rollback is not None
    changes.make(running.aws("executor"), approval.call, "token")
    running.ask("/_cloud/advance", {"seconds": 600})
    assert running.ask("/_cloud/pulse")["state"] == "OK"
