"""An application of functions, investigated from the alert to the version that would heal it."""

import pytest

from tests.scenarios.worlds import Cloud, investigate, told, verdict


@pytest.mark.parametrize(
    ("fault", "seed"), [("bad_deployment", 3), ("config_change", 1), ("third_party_down", 1)]
)
def test_what_broke_a_function_is_found_and_its_alias_offered_to_go_back(
    running: Cloud, fault: str, seed: int
) -> None:
    alert = running.case(application="parcels", faults=[fault], seed=seed)["alert"]
    truth = running.ask("/_cloud/truth")

    case, _ = investigate(running, told(alert))

    assert verdict(case, truth)[0], verdict(case, truth)[1]
    calls = [approval.call for approval in case.approvals]
    if truth["revision"] is None:
        assert calls == []
        return
    name, _, number = truth["revision"].partition(":")
    wanted = {"function": name, "alias": "live", "version": str(int(number) - 1)}
    assert [(call.name, call.arguments) for call in calls] == [("lambda-alias", wanted)]
