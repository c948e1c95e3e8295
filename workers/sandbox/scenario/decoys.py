"""What else happens around an incident and has nothing to do with it: every case has some of this."""

from workers.sandbox.estate.alarms import AlarmConfig
from workers.sandbox.estate.beginning import Change
from workers.sandbox.estate.names import arn, fraction, number
from workers.sandbox.estate.world import WARM_UP
from workers.sandbox.scenario.alarming import Flap
from workers.sandbox.scenario.base import series_of
from workers.sandbox.scenario.changes import Call, Collect, Deploy
from workers.sandbox.scenario.people import (
    AUTOSCALING,
    COLLECTOR,
    ENGINEERS,
    GROUP_SCALING,
    PIPELINE,
    somebody,
)
from workers.sandbox.scenario.stage import Stage


def decoys(stage: Stage) -> list[Change]:
    """Innocent deployments near the onset and long before, scaling, a nervous alarm, odd calls."""
    late = _follow_up(stage) or _late(stage)
    return [*late, *_early(stage), *_scaling(stage), *_nervous(stage), *_calls(stage), _collector(stage)]


def _follow_up(stage: Stage) -> list[Change]:
    """Somebody makes the broken service talk more: the fault's image or setting stays in a newer revision."""
    if not stage.blamed or fraction(stage.seed, "follow up") > 0.2:
        return []
    at = stage.onset + 60 * min(4 + 4 * fraction(stage.seed, "follow up", "at"), _latest(stage))
    actor = ENGINEERS[number(len(ENGINEERS), stage.seed, "follow up")]
    _, changes = stage.release(stage.blamed[0], at, settings={"LOG_LEVEL": "debug"}, actor=actor)
    return list(changes)


def _latest(stage: Stage) -> float:
    """Minutes after the onset at which something can still happen and show."""
    return max(2.2, (stage.now - stage.onset) / 60 - 1.5)


def _late(stage: Stage) -> list[Change]:
    """A deployment some minutes after the onset: tempting, and too late to be the cause."""
    at, service = stage.onset + 60 * min(stage.between(3, 9), _latest(stage)), _bystander(stage)
    if fraction(stage.seed, "late") < 0.3:
        actor = ENGINEERS[number(len(ENGINEERS), stage.seed, "late")]
        _, changes = stage.release(service, at, settings={"LOG_LEVEL": "warn"}, actor=actor)
    else:
        _, changes = stage.release(service, at)
    return list(changes)


def _early(stage: Stage) -> list[Change]:
    """A deployment well before the onset, and healthy ever since."""
    if stage.rng.random() < 0.35:
        return []
    service = _bystander(stage)
    if stage.newest(service) is not stage.base.current(service):
        return []
    _, changes = stage.release(service, stage.onset - 60 * stage.between(62, 110))
    return list(changes)


def _scaling(stage: Stage) -> list[Change]:
    """Somebody or something adds a task, long before."""
    service = _bystander(stage)
    at = stage.onset - 60 * stage.between(64, 125)
    wanted = stage.base.application.services[service].tasks + 1
    platform = stage.base.application.services[service].runs_on
    actor = {"ec2": GROUP_SCALING, "lambda": PIPELINE}.get(platform, AUTOSCALING)
    return [Deploy(at, service, actor, desired=wanted)]


def _nervous(stage: Stage) -> list[Change]:
    """An alarm whose threshold lies among the usual values."""
    application = stage.base.application
    names = [n for n in stage.served() if n != application.traffic.entry]
    service = names[int(stage.rng.integers(len(names)))]
    series = series_of(application, service, "TargetResponseTime")
    config = AlarmConfig(
        name=f"{application.name}-{service}-slowest-request",
        namespace=series.namespace,
        metric=series.name,
        dimensions=series.dimensions,
        statistic="Maximum",
        threshold=1.0,
        actions=(arn("sns", f"{application.name}-info"),),
    )
    return [Flap(stage.onset - WARM_UP - 1, config, stage.between(0.88, 0.95))]


def _bystander(stage: Stage) -> str:
    """A service that no fault concerns."""
    services = stage.base.application.services
    released = [n for n, s in services.items() if s.runs_on != "lambda" or s.alias]
    names = [n for n in released if n not in stage.taken]
    return names[int(stage.rng.integers(len(names)))]


def _calls(stage: Stage) -> list[Change]:
    """People look around and label things while an application runs."""
    bucket = f"{stage.base.application.name}-artifacts"
    return [
        Call(
            stage.onset - 60 * minutes,
            "PutBucketTagging",
            "s3.amazonaws.com",
            somebody(stage.rng),
            {"bucketName": bucket},
            (("AWS::S3::Bucket", bucket),),
        )
        for minutes in (stage.between(20, 50), stage.between(70, 150))
    ]


def _collector(stage: Stage) -> Change:
    """Reads of others fill the trail: whoever looks for changes has to tell them apart."""
    reads = (
        ("DescribeDBInstances", "rds.amazonaws.com"),
        ("DescribeServices", "ecs.amazonaws.com"),
        ("DescribeAlarms", "monitoring.amazonaws.com"),
    )
    return Collect(stage.now - 6 * 3600 + 60 * fraction(stage.seed, "collector"), 300.0, COLLECTOR, reads)
