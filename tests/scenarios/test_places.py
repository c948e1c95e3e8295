"""What fails by place, and what fails for nobody: from the alert to the conclusion, and once more."""

from pathlib import Path

import pytest

from tests.scenarios.worlds import Cloud, investigate, told, verdict
from workers.agent.rules import RuleReasoner
from workers.domain.event import IncidentReported
from workers.evals.answering import investigated
from workers.evals.recording import record
from workers.evals.sets import cases


@pytest.mark.parametrize(
    ("application", "fault", "seed", "older"),
    [
        ("shop", "node_or_zone", 1, {}),
        ("shop", "node_or_zone", 3, {}),
        ("claims", "node_or_zone", 3, {"onset_minutes": 12}),  # earlier, users hardly notice
        ("shop", "canary_only", 1, {}),
    ],
    ids=["a zone", "a failover", "a host", "a canary"],
)
def test_what_fails_by_place_is_found_and_nothing_is_offered_to_be_changed(
    running: Cloud, application: str, fault: str, seed: int, older: dict[str, int], tmp_path: Path
) -> None:
    alert = running.case(application=application, faults=[fault], seed=seed, **older)["alert"]
    truth = running.ask("/_cloud/truth")

    case, events = investigate(running, told(alert))

    assert verdict(case, truth)[0], verdict(case, truth)[1]
    assert case.approvals == ()
    if fault == "canary_only":
        assert case.conclusion is not None
        assert case.conclusion.outcome.value == "not_an_incident"
        assert "real traffic is not affected" in case.conclusion.summary

    first = IncidentReported(at=case.started_at, investigation=case.id, incident=case.incident)
    record((first, *events), tmp_path)
    (recorded,) = cases(tmp_path, "incidents")
    assert investigated(recorded, RuleReasoner()).conclusion == case.conclusion, "without the cloud"
