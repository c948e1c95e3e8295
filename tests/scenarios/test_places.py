"""What fails by place, and what fails for nobody: investigated from the alert to the conclusion."""

import pytest

from tests.scenarios.worlds import Cloud, investigate, told, verdict


@pytest.mark.parametrize(
    ("application", "fault", "seed"),
    [
        ("shop", "node_or_zone", 1),
        ("shop", "node_or_zone", 3),
        ("claims", "node_or_zone", 3),
        ("shop", "canary_only", 1),
    ],
    ids=["a zone", "a failover", "a host", "a canary"],
)
def test_what_fails_by_place_is_found_and_nothing_is_offered_to_be_changed(
    running: Cloud, application: str, fault: str, seed: int
) -> None:
    alert = running.case(application=application, faults=[fault], seed=seed)["alert"]
    truth = running.ask("/_cloud/truth")

    case, _ = investigate(running, told(alert))

    assert verdict(case, truth)[0], verdict(case, truth)[1]
    assert case.approvals == ()
    if fault == "canary_only":
        assert case.conclusion is not None
        assert case.conclusion.outcome.value == "not_an_incident"
        assert "real traffic is not affected" in case.conclusion.summary
