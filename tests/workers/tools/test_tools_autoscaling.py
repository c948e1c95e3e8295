"""Auto Scaling groups as services: what runs, who needs whom, what happened, what a version differs in."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.workers.tools.conftest import Site
from workers.domain.call import ChangeData, HappeningData, SeriesData, StateData, ToolCall, TopologyData
from workers.domain.telemetry import Change, Happening, Topology
from workers.tools import changes, launch_templates
from workers.tools.autoscaling import state


@pytest.fixture
def claims(site: Site) -> Iterator[Site]:
    """The application on EC2; the shop is put back afterwards."""
    yield site
    site.play("bad_deployment", seed=3)


def happenings(site: Site, service: str) -> tuple[Happening, ...]:
    data = site.answer("autoscaling_events", service=service, window=site.window(-240))
    assert isinstance(data, HappeningData)
    return data.happenings


def topology(site: Site) -> Topology:
    data = site.answer("topology")
    assert isinstance(data, TopologyData)
    return data.topology


def deployments(site: Site, service: str) -> list[Change]:
    data = site.answer("changes", window=site.window(-60))
    assert isinstance(data, ChangeData)
    return [c for c in data.changes if (c.service, c.kind) == (service, "deployment")]


def version(user_data: str) -> dict[str, Any]:
    encoded = base64.b64encode(user_data.encode()).decode()
    return {"LaunchTemplateData": {"ImageId": "ami-1", "UserData": encoded}}


def test_groups_are_services_that_need_what_their_user_data_names(claims: Site) -> None:
    claims.play("bad_deployment", application="claims", seed=4)

    found = topology(claims)

    intake = found.find("intake")
    assert intake is not None
    assert (intake.kind, intake.system) == ("service", "aws:autoscaling-groups")
    assert intake.attributes["running"] == intake.attributes["desired"] == "3"
    assert intake.attributes["log_group"] == "/claims/intake"
    assert set(found.callees("intake")) == {"documents", "payouts", "claims-db", "assessments"}
    assert found.callees("assessments") == ("assessor",)
    assert "api.bankpay.example" in found.callees("payouts")


def test_processor_memory_and_requests_of_a_group_can_be_read(claims: Site) -> None:
    claims.play("bad_deployment", application="claims", seed=4)
    signals = ("cpu", "memory", "running", "requests", "latency", "unhealthy")

    data = claims.answer(
        "series",
        targets=[{"service": "intake", "signal": signal} for signal in signals],
        window=claims.window(-10),
    )

    assert isinstance(data, SeriesData)
    assert {series.signal for series in data.series if not series.empty} == set(signals)


@pytest.mark.parametrize(
    ("fault", "differs"), [("bad_deployment", "image"), ("config_change", "environment.")]
)
def test_a_refresh_is_a_deployment_and_its_version_says_what_differs(
    claims: Site, fault: str, differs: str
) -> None:
    truth = claims.play(fault, application="claims", seed=4, decoys=False)
    name, _, number = truth["revision"].partition(":")

    (deployment,) = deployments(claims, truth["service"])
    data = claims.answer("autoscaling_revision", service=truth["service"], after=deployment.after)

    assert deployment.after == truth["revision"]
    assert isinstance(data, StateData)
    assert data.state["before"] == f"{name}:{int(number) - 1}"
    found = data.state["differences"]
    assert isinstance(found, list)
    assert len(found) == 1
    assert str(found[0]).startswith(differs)


def test_refreshes_are_known_before_the_record_of_calls_has_them(claims: Site) -> None:
    truth = claims.play("bad_deployment", application="claims", seed=4, decoys=False, lag={"trail": 3600})

    (deployment,) = deployments(claims, truth["service"])

    assert (deployment.after, deployment.source) == (truth["revision"], "autoscaling")


def test_killed_processes_are_told_from_the_kernels_lines(claims: Site) -> None:
    truth = claims.play("memory_leak", application="claims", seed=6, onset_minutes=12)

    killed = [h for h in happenings(claims, truth["service"]) if h.kind == "out_of_memory"]

    assert killed
    assert "Out of memory: Killed process" in killed[0].text
    assert not [h for h in happenings(claims, "payouts") if h.kind == "out_of_memory"]


@pytest.mark.parametrize(
    ("fault", "kind"), [("cannot_scale", "placement_failed"), ("rollout_stuck", "task_stopped")]
)
def test_activities_are_sorted_by_what_they_say(claims: Site, fault: str, kind: str) -> None:
    truth = claims.play(fault, application="claims", seed=4)

    kinds = [h.kind for h in happenings(claims, truth["service"])]

    assert kinds.count(kind) > 2
    assert not {"placement_failed", "task_stopped", "out_of_memory"} & (set(kinds) - {kind})


def test_lines_that_may_not_be_read_leave_a_gap_and_the_activities(claims: Site) -> None:
    truth = claims.play("cannot_scale", application="claims", seed=4, deny=["logs:FilterLogEvents"])

    result = claims.ask("autoscaling_events", service=truth["service"], window=claims.window(-60))

    assert isinstance(result.data, HappeningData)
    assert result.data.happenings
    assert [gap.permission for gap in result.gaps] == ["logs:FilterLogEvents"]


def test_the_version_before_is_rolled_out_and_can_be_taken_back(claims: Site) -> None:
    truth = claims.play("bad_deployment", application="claims", seed=4, decoys=False)
    template, _, number = truth["revision"].partition(":")
    before = claims.answer("autoscaling_group", group=truth["service"]).state
    call = ToolCall(
        name="autoscaling-refresh",
        arguments={"group": truth["service"], "template": template, "version": str(int(number) - 1)},
    )
    row = changes.row_of(call)

    changes.make(claims.aws("executor"), call, "token")
    rolling = claims.answer("autoscaling_group", group=truth["service"]).state
    claims.cloud.pass_time(60)
    after = claims.answer("autoscaling_group", group=truth["service"]).state

    assert changes.in_effect(row, call, before, rolling)
    assert not changes.steady(row, rolling)
    assert changes.steady(row, after)
    assert "version was" in changes.drift(row, before, after)
    back = changes.undo(row, call, before)
    assert back is not None
    assert back.arguments["version"] == number


def test_while_a_refresh_runs_the_version_it_goes_to_is_the_one_in_effect() -> None:
    group = {
        "DesiredCapacity": 2,
        "LaunchTemplate": {"LaunchTemplateName": "a", "Version": "1"},
        "Instances": [
            {"LifecycleState": "InService", "HealthStatus": "Healthy", "LaunchTemplate": {"Version": v}}
            for v in "12"
        ],
    }
    desired = {"LaunchTemplate": {"LaunchTemplateName": "a", "Version": "2"}}

    coming = state(group, [{"Status": "InProgress", "DesiredConfiguration": desired}])
    failed = state(group, [{"Status": "Failed", "DesiredConfiguration": desired}])

    assert (coming["version"], coming["rolloutState"], coming["deployments"]) == ("2", "IN_PROGRESS", 2)
    assert (failed["version"], failed["rolloutState"]) == ("1", "FAILED")


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("cat > /etc/a.env <<E\nPOOL=20\nURL=http://b.internal/x?y=1\nE", {"POOL", "URL"}),
        ("export POOL='20'\n  export lower=1\necho A=1", {"POOL"}),
        ('Environment="POOL=20"\n', {"POOL"}),
        ("", set()),
    ],
)
def test_settings_are_found_however_user_data_writes_them(script: str, found: set[str]) -> None:
    assert set(launch_templates.environment(version(script))) == found


def test_user_data_that_is_no_text_is_read_as_none() -> None:
    packed = {"LaunchTemplateData": {"ImageId": "ami-1", "UserData": "H4sIAAAAAAAA/w=="}}

    assert launch_templates.flat(packed) == {"image": "ami-1"}


def test_what_is_no_group_is_a_failure(site: Site) -> None:
    failure = site.failure("autoscaling_events", service="checkout", window=site.window(-5))
    missing = site.failure("autoscaling_group", group="nowhere")

    assert failure.message == "checkout is not an Auto Scaling group"
    assert missing.message == "there is no Auto Scaling group nowhere"
