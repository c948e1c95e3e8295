"""An application on EC2, investigated from the alert to the change that would heal it."""

import pytest

from tests.scenarios.worlds import Cloud, investigate, told, verdict


@pytest.mark.parametrize("fault", ["bad_deployment", "config_change", "memory_leak", "cannot_scale"])
def test_what_broke_a_group_is_found_and_its_version_offered_to_be_taken_back(
    running: Cloud, fault: str
) -> None:
    alert = running.case(application="claims", faults=[fault], seed=4)["alert"]
    truth = running.ask("/_cloud/truth")

    case, _ = investigate(running, told(alert))

    assert verdict(case, truth)[0], verdict(case, truth)[1]
    calls = [approval.call for approval in case.approvals]
    if truth["revision"] is None:
        assert calls == []
        return
    template, _, number = truth["revision"].partition(":")
    wanted = {"group": truth["service"], "template": template, "version": str(int(number) - 1)}
    assert [(call.name, call.arguments) for call in calls] == [("autoscaling-refresh", wanted)]
