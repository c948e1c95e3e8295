"""Functions as services: who calls them, what is counted, what happened, what a version differs in."""

from collections.abc import Iterator

import pytest

from tests.workers.tools.conftest import Site
from workers.domain.call import ChangeData, HappeningData, SeriesData, StateData, ToolCall, TopologyData
from workers.domain.telemetry import Change, Happening
from workers.tools import changes


@pytest.fixture
def parcels(site: Site) -> Iterator[Site]:
    """The application of functions; the shop is put back afterwards."""
    yield site
    site.play("bad_deployment", seed=3)


def happenings(site: Site, service: str) -> list[Happening]:
    data = site.answer("lambda_events", service=service, window=site.window(-60))
    assert isinstance(data, HappeningData)
    return list(data.happenings)


def deployments(site: Site, service: str) -> list[Change]:
    data = site.answer("changes", window=site.window(-60))
    assert isinstance(data, ChangeData)
    return [c for c in data.changes if c.service == service]


def test_functions_behind_a_balancer_are_known_by_their_alias_and_what_it_counts(parcels: Site) -> None:
    truth = parcels.play("bad_deployment", application="parcels", seed=3, decoys=False)
    signals = ("requests", "errors", "latency", "throttles", "concurrency", "memory")

    data = parcels.answer("topology")
    measured = parcels.answer(
        "series",
        targets=[{"service": truth["service"], "signal": signal} for signal in signals],
        window=parcels.window(-7, -1),
    )

    assert isinstance(data, TopologyData)
    found = data.topology
    site = found.find("site")
    assert site is not None
    assert (site.kind, site.attributes["alias"]) == ("function", "live")
    assert site.attributes["log_group"] == "/aws/lambda/site"
    assert set(found.callees("site")) == {"tracking", "quotes", "shipments"}
    assert "api.carrier.example" in found.callees("shipments")
    assert found.callees("labels") == ("label-maker",)
    writer = found.find("event-writer")
    assert writer is not None
    assert writer.attributes["alias"] == "live"
    assert "target_group" not in writer.attributes
    assert isinstance(measured, SeriesData)
    series = {one.signal.value: one for one in measured.series}
    assert not [name for name in signals if series[name].empty]
    assert series["requests"].source == "cloudwatch:AWS/ApplicationELB RequestCount"
    assert min(v for v in series["errors"].values if v is not None) > 30


def test_calls_that_a_function_never_got_count_as_errors_of_it(parcels: Site) -> None:
    """Its alias is fine and it answers whatever it gets: what is throttled the balancer answers 502."""
    service = parcels.play("cannot_scale", application="parcels", seed=3, decoys=False)["service"]

    targets = [{"service": service, "signal": signal} for signal in ("errors", "throttles")]
    data = parcels.answer("series", targets=targets, window=parcels.window(-5, -1))

    assert isinstance(data, SeriesData)
    errors, throttles = ([v for v in one.values if v is not None] for one in data.series)
    assert sum(throttles) > 100
    assert sum(throttles) <= sum(errors) < 1.1 * sum(throttles)


@pytest.mark.parametrize(
    ("fault", "differs"), [("bad_deployment", "code"), ("config_change", "environment.")]
)
def test_an_alias_that_moves_is_one_deployment_and_its_version_says_what_differs(
    parcels: Site, fault: str, differs: str
) -> None:
    truth = parcels.play(fault, application="parcels", seed=4, decoys=False)
    name, _, number = truth["revision"].partition(":")

    (deployment,) = deployments(parcels, truth["service"])
    data = parcels.answer("lambda_revision", service=name, after=deployment.after)

    assert (deployment.after, deployment.source) == (truth["revision"], "cloudtrail")
    assert isinstance(data, StateData)
    assert data.state["before"] == f"{name}:{int(number) - 1}"
    found = data.state["differences"]
    assert isinstance(found, list)
    assert len(found) == 1
    assert str(found[0]).startswith(differs)


def test_versions_are_known_before_the_record_of_calls_has_them(parcels: Site) -> None:
    lag = {"trail": 3600}
    truth = parcels.play("bad_deployment", application="parcels", seed=4, decoys=False, lag=lag)

    (deployment,) = deployments(parcels, truth["service"])

    assert (deployment.after, deployment.source) == (truth["revision"], "lambda")


def test_killed_executions_are_told_from_the_log(parcels: Site) -> None:
    truth = parcels.play("memory_leak", application="parcels", seed=6, onset_minutes=12)
    other = next(name for name in ("quotes", "shipments") if name != truth["service"])

    killed = [h for h in happenings(parcels, truth["service"]) if h.kind == "out_of_memory"]

    assert killed
    assert "signal: killed" in killed[0].text
    assert happenings(parcels, other) == []


def test_a_reserve_below_what_a_function_needed_is_told_and_saturation_is_not(parcels: Site) -> None:
    service = parcels.play("cannot_scale", application="parcels", seed=3)["service"]
    short = happenings(parcels, service)
    parcels.play("traffic_surge", application="parcels", seed=2)
    busy = happenings(parcels, "site")

    assert {h.kind for h in short} == {"placement_failed"}
    assert "at once before" in short[0].text
    assert busy == []


def test_an_alias_goes_back_by_one_call_and_the_undo_brings_it_forth_again(parcels: Site) -> None:
    truth = parcels.play("bad_deployment", application="parcels", seed=3)
    name, _, number = truth["revision"].partition(":")
    arguments = {"function": name, "alias": "live", "version": str(int(number) - 1)}
    call = ToolCall(name="lambda-alias", arguments=arguments)
    row = changes.row_of(call)

    before = parcels.gate.run(changes.reading(row, call)).data
    changes.make(parcels.aws("executor"), call, "token")
    after = parcels.gate.run(changes.reading(row, call)).data

    assert isinstance(before, StateData)
    assert isinstance(after, StateData)
    assert changes.in_effect(row, call, before.state, after.state)
    assert changes.steady(row, after.state)
    assert not changes.in_effect(row, call, before.state, before.state)
    assert "version was" in changes.drift(row, before.state, after.state)
    back = changes.undo(row, call, before.state)
    assert back is not None
    assert back.arguments == {**arguments, "version": number}
    assert f"version {int(number) - 1} of {name}" in changes.progress(row, after.state)


def test_what_is_no_function_or_has_no_reserve_is_a_failure(site: Site) -> None:
    failure = site.failure("lambda_events", service="checkout", window=site.window(-5))
    missing = site.failure("lambda_alias", function="nowhere", alias="live")

    assert failure.message == "checkout is not a Lambda function"
    assert "nowhere" in missing.message
