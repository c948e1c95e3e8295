"""What an account rarely spares anybody: late, missing and forbidden telemetry, no addresses, two faults."""

from typing import Any

import pytest

from tests.scenarios.worlds import Cloud, investigate, told, verdict
from workers.domain.investigation import Investigation

DENIED = ["cloudtrail:LookupEvents", "logs:FilterLogEvents"]


def _play(running: Cloud, *faults: str, **wish: Any) -> tuple[Investigation, list[dict[str, Any]]]:
    alert = running.case(faults=list(faults), seed=7, **wish)["alert"]
    case, _ = investigate(running, told(alert))
    return case, running.ask("/_cloud/truth")["truths"]


@pytest.mark.parametrize("fault", ["bad_deployment", "third_party_down"])
def test_telemetry_two_minutes_late_is_waited_for_and_not_taken_for_silence(
    running: Cloud, fault: str
) -> None:
    case, (truth,) = _play(running, fault, lag=120)

    assert verdict(case, truth)[0], verdict(case, truth)[1]


@pytest.mark.parametrize(
    ("fault", "wish"),
    [
        ("lock_contention", {"drop": 0.3}),
        ("third_party_down", {"topology": False}),
        ("lock_contention", {"topology": False}),
        ("third_party_down", {"deny": DENIED}),
    ],
    ids=["gaps", "no addresses, outside", "no addresses, inside", "denied"],
)
def test_what_cannot_be_seen_makes_nobody_guilty(running: Cloud, fault: str, wish: dict[str, Any]) -> None:
    case, (truth,) = _play(running, fault, **wish)

    assert case.conclusion is not None
    assert not case.conclusion.causes or verdict(case, truth)[0], verdict(case, truth)[1]
    assert case.facts is not None
    assert case.facts.affected


def test_what_was_denied_is_named_with_the_permission_that_is_missing(running: Cloud) -> None:
    case, _ = _play(running, "bad_deployment", deny=DENIED)

    assert case.conclusion is not None
    reasons = {gap.why for gap in case.conclusion.gaps}
    assert {f"access denied: {action}" for action in DENIED} <= reasons


def test_of_two_faults_at_once_nothing_else_is_blamed(running: Cloud) -> None:
    case, truths = _play(running, "third_party_down", "bad_deployment", application="booking")

    assert case.conclusion is not None
    planted = {(truth["service"], truth["mode"]) for truth in truths}
    assert len(planted) == 2
    assert {(cause.service, cause.mode) for cause in case.conclusion.causes} <= planted
