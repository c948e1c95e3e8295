"""What else happens around an incident and has nothing to do with it: every case has some of this."""

from workers.sandbox.estate.alarms import AlarmConfig
from workers.sandbox.estate.beginning import Change
from workers.sandbox.estate.names import arn
from workers.sandbox.estate.world import WARM_UP
from workers.sandbox.scenario.base import series_of
from workers.sandbox.scenario.changes import Call, Deploy, Flap
from workers.sandbox.scenario.people import AUTOSCALING, somebody
from workers.sandbox.scenario.stage import Stage


def decoys(stage: Stage) -> list[Change]:
    """Innocent deployments near the onset and long before, scaling, a nervous alarm, odd calls."""
    return [*_late(stage), *_early(stage), *_scaling(stage), *_nervous(stage), *_calls(stage)]


def _late(stage: Stage) -> list[Change]:
    """A deployment some minutes after the onset: tempting, and too late to be the cause."""
    latest = max(2.2, (stage.now - stage.onset) / 60 - 1.5)
    at = stage.onset + 60 * min(stage.between(3, 9), latest)
    _, changes = stage.release(_bystander(stage), at)
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
    return [Deploy(at, service, AUTOSCALING, desired=wanted)]


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
    names = [n for n, s in services.items() if s.runs_on == "ecs" and n not in stage.taken]
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
