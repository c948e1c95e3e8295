"""The canary: one visitor more, which fails with the entry, and sometimes for a reason of its own."""

from typing import Any

import numpy as np
import pytest
from local_cloud import CALM, LATE, LocalCloud

from workers.sandbox.scenario.case import Wish
from workers.sandbox.scenario.changes import Turn
from workers.sandbox.scenario.generate import generate

APPLICATIONS = {"shop": "storefront", "booking": "portal", "claims": "website"}
SAYS = {1.0: '"Waiting for selector"', 2.0: '"401 Unauthorized"', 3.0: '"ERR_CONNECTION_TIMED_OUT"'}
MENDS: dict[float, dict[str, Any]] = {
    1.0: {"Code": {"Handler": "index.handler", "S3Bucket": "scripts", "S3Key": "canary.zip"}},
    2.0: {"RunConfig": {"EnvironmentVariables": {"LOGIN_SECRET": "canary/login"}}},
    3.0: {"VpcConfig": {"SubnetIds": ["subnet-0a"], "SecurityGroupIds": ["sg-0a"]}},
}


def _canary(cloud: LocalCloud) -> dict[str, Any]:
    (canary,) = cloud.client("synthetics").describe_canaries()["Canaries"]
    return canary


def _group(cloud: LocalCloud, canary: str) -> str:
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/cwsyn-{canary}-")
    return groups["logGroups"][0]["logGroupName"]


def _broken(application: str, seed: int) -> float:
    """What the case of this seed breaks."""
    case = generate(Wish(application=application, faults=["canary_only"], seed=seed), 1795385000.0)
    turns = (c for c in case.beginning.changes if isinstance(c, Turn) and c.figure == "broken")
    return next(turns).value


def _seed(application: str, broken: float) -> int:
    return next(seed for seed in range(1, 60) if _broken(application, seed) == broken)


@pytest.mark.parametrize(("application", "broken"), [("shop", 1.0), ("booking", 2.0), ("claims", 3.0)])
def test_what_breaks_a_canary_alone_leaves_real_traffic_as_it_was(
    cloud: LocalCloud, application: str, broken: float
) -> None:
    case = cloud.play("canary_only", application=application, seed=_seed(application, broken))
    entry, canary = APPLICATIONS[application], _canary(cloud)["Name"]
    group, alarm = _group(cloud, canary), case["alert"]["alarm"]

    told = [
        a["AlarmName"]
        for a in cloud.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
        if a["AlarmActions"][0].endswith("-alerts")
    ]

    assert case["truth"]["service"] == canary
    assert case["truth"]["revision"] is None
    assert told == [alarm]
    assert cloud.level(canary, "SuccessPercent", "Average", LATE) == 0
    assert cloud.level(canary, "SuccessPercent", "Average", CALM) > 90
    assert cloud.log(group, SAYS[broken], (-4, 0))
    assert not cloud.log(group, SAYS[broken], (-30, -12))
    for metric, stat in (("RequestCount", "Sum"), ("TargetResponseTime", "p50")):
        assert cloud.ratio(entry, metric, stat) == pytest.approx(1, abs=0.2)
    errors = [cloud.level(entry, "HTTPCode_Target_5XX_Count", "Sum", when) for when in (CALM, LATE)]
    assert errors[1] < 2 * errors[0] + 5

    for part, given in MENDS.items():
        if part != broken:
            cloud.client("synthetics", "operator").update_canary(Name=canary, **given)
    assert cloud.state_after(alarm, 240) == "ALARM", "what was not broken needs no mending"
    cloud.client("synthetics", "operator").update_canary(Name=canary, **MENDS[broken])
    assert cloud.state_after(alarm, 300) == "OK"


@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_canary_meets_what_visitors_meet(cloud: LocalCloud, application: str) -> None:
    faults = {"shop": "access_change", "booking": "lock_contention", "claims": "expired_credential"}
    cloud.play("balancer_or_dns", faults[application], application=application, seed=4)
    entry, canary = APPLICATIONS[application], _canary(cloud)["Name"]

    failing = cloud.level(entry, "HTTPCode_Target_5XX_Count", "Sum", LATE) / cloud.level(
        entry, "RequestCount", "Sum", LATE
    )
    passed = list(cloud.series(canary, "SuccessPercent", "Average", (-8, 0)).values())

    assert failing > 0.1
    assert np.mean(passed) < 90
    assert set(passed) <= {0.0, 100.0}
    assert cloud.log(_group(cloud, canary), '"Failed to load"', (-8, 0))


def test_an_answer_about_a_canary_has_its_models_shape(cloud: LocalCloud) -> None:
    cloud.show(seed=3)
    client = cloud.client("synthetics")

    (run,) = client.describe_canaries_last_run()["CanariesLastRun"]

    assert run["LastRun"]["Status"]["State"] == "PASSED"
    assert _canary(cloud)["Tags"]["Service"] == "storefront"
    assert client.describe_canaries(Names=["none"])["Canaries"] == []
    events = cloud.log(_group(cloud, run["CanaryName"]), '"Canary execution passed"', (-10, 0))
    assert 8 <= len(events) <= 11
