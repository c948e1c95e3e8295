"""What else happens around an incident and has nothing to do with it: every case has some of this."""

from workers.sandbox.estate.world import Change
from workers.sandbox.scenario.changes import Call
from workers.sandbox.scenario.people import somebody
from workers.sandbox.scenario.stage import Stage


def decoys(stage: Stage) -> list[Change]:
    """A deployment near the onset that is innocent, one long before, a scaling event, odd calls."""
    return [*_late_deployment(stage), *_early_deployment(stage), *_calls(stage)]


def _late_deployment(stage: Stage) -> list[Change]:
    """A few minutes after the onset: tempting, and too late to be the cause."""
    latest = max(2.2, (stage.now - stage.onset) / 60 - 1.5)
    at = stage.onset + 60 * min(stage.between(3, 9), latest)
    services = [
        n for n, s in stage.base.application.services.items() if s.runs_on == "ecs" and n not in stage.taken
    ]
    service = services[int(stage.rng.integers(len(services)))]
    _, changes = stage.release(service, at)
    return list(changes)


def _early_deployment(stage: Stage) -> list[Change]:
    """Well before the onset, and healthy ever since."""
    if stage.rng.random() < 0.35:
        return []
    at = stage.onset - 60 * stage.between(28, 95)
    services = [
        n for n, s in stage.base.application.services.items() if s.runs_on == "ecs" and n not in stage.taken
    ]
    service = services[int(stage.rng.integers(len(services)))]
    if stage.newest(service) is not stage.base.current(service):
        return []
    _, changes = stage.release(service, at)
    return list(changes)


def _calls(stage: Stage) -> list[Change]:
    """People look around and label things while an application runs."""
    name = stage.base.application.name
    found: list[Change] = []
    for minutes in (stage.between(20, 50), stage.between(70, 150)):
        at = stage.onset - 60 * minutes
        resource = f"{name}-artifacts"
        found.append(
            Call(
                at,
                "PutBucketTagging",
                "s3.amazonaws.com",
                somebody(stage.rng),
                {"bucketName": resource},
                (("AWS::S3::Bucket", resource),),
            )
        )
    return found
