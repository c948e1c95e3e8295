"""The healthy application of a case: what runs, since when, and the changes that led there."""

from dataclasses import dataclass

from workers.sandbox.estate.alarms import AlarmConfig
from workers.sandbox.estate.catalogue import catalogue
from workers.sandbox.estate.names import arn, digest, fraction, number
from workers.sandbox.estate.revisions import Revision, environment, image
from workers.sandbox.estate.series import Series
from workers.sandbox.estate.trail import Record
from workers.sandbox.model.behaviour import Code
from workers.sandbox.model.spec import Alarm, Application
from workers.sandbox.scenario.calls import deployed, registered
from workers.sandbox.scenario.changes import REGISTERED_BEFORE, commit
from workers.sandbox.scenario.people import PIPELINE

DAY = 86400.0
KEPT_REVISIONS = 4
COMPATIBLE = 2
"""How many of the newest releases of a service still fit the data and the services around them."""
HANDSHAKE_MS = 3000.0


@dataclass(frozen=True)
class Base:
    """A healthy application; `revisions` are oldest first, the last of each service is the one that runs."""

    application: Application
    revisions: dict[str, tuple[Revision, ...]]
    alarms: tuple[AlarmConfig, ...]
    past: tuple[Record, ...]

    @property
    def series(self) -> list[Series]:
        """Every series of the application."""
        return catalogue(self.application)

    def current(self, service: str) -> Revision:
        """What a service runs."""
        return self.revisions[service][-1]

    @property
    def outdated(self) -> dict[str, Code]:
        """What images do that are too old for what runs today: whoever rolls back too far heals nothing."""
        return {
            revision.image: Code(
                raises=0.6,
                exception="outdated:0",
                slower=HANDSHAKE_MS / self.application.services[name].own_ms,
            )
            for name, revisions in self.revisions.items()
            for revision in revisions[:-COMPATIBLE]
        }


def healthy(application: Application, seed: int, now: float, addressed: bool = True) -> Base:
    """The application as this seed has it: its traffic, its revisions, its alarms.

    `addressed`: its environments tell where its dependencies are.
    """
    level = 0.88 + 0.3 * fraction(seed, "level")
    demand = application.traffic.model_copy(
        update={"requests_per_second": application.traffic.requests_per_second * level}
    )
    application = application.model_copy(update={"traffic": demand})
    revisions = {name: _revisions(application, name, seed, now, addressed) for name in application.services}
    alarms = tuple(alarm_config(application, alarm) for alarm in application.alarms)
    past = tuple(
        record
        for name, service in application.services.items()
        if service.runs_on != "lambda" or service.alias
        for revision in revisions[name]
        for record in _deployed(application, seed, revision)
    )
    return Base(application, revisions, alarms, past)


def _revisions(
    application: Application, name: str, seed: int, now: float, addressed: bool
) -> tuple[Revision, ...]:
    newest = 14 + number(90, seed, name, "revision")
    last = now - DAY * (1.2 + 6 * fraction(seed, name, "age"))
    found = []
    for back in range(KEPT_REVISIONS - 1, -1, -1):
        # Deployments happen on working days, hours apart from each other.
        at = (
            last
            - back * DAY * (2.1 + 3 * fraction(seed, name, "pace"))
            - 3600 * 3 * fraction(seed, name, back)
        )
        tag = commit(seed, name, newest - back)
        found.append(_revision(application, name, newest - back, tag, at, addressed))
    return tuple(found)


def _revision(
    application: Application, name: str, number_: int, tag: str, at: float, addressed: bool
) -> Revision:
    service = application.services[name]
    full = image(application.name, name, tag)
    settings = environment(application, name, addressed)
    return Revision(name, number_, full, settings, at, PIPELINE.arn, service.cpu, service.memory)


def _deployed(application: Application, seed: int, revision: Revision) -> list[Record]:
    """The trail of a past deployment."""
    name, at = revision.service, revision.registered_at
    rolled = deployed(application, name, revision.number, None)
    made = [(at + nth, call) for nth, call in enumerate(registered(application, revision))]
    calls = [*made, (at + REGISTERED_BEFORE, rolled)]
    words = ["register", "update"] if len(calls) == 2 else ["change", "register", "update"]
    return [
        Record(when, digest(seed, name, revision.number, word), c.event, c.source, PIPELINE, **c.details)
        for word, (when, c) in zip(words, calls, strict=True)
    ]


def alarm_config(application: Application, alarm: Alarm) -> AlarmConfig:
    """An alarm of the file as CloudWatch has it."""
    series = series_of(application, alarm.of, alarm.metric)
    return AlarmConfig(
        name=f"{application.name}-{alarm.name}",
        namespace=series.namespace,
        metric=series.name,
        dimensions=series.dimensions,
        statistic=alarm.statistic,
        threshold=float(alarm.threshold),
        periods=alarm.periods,
        points=alarm.points,
        missing=alarm.missing,
        comparison="GreaterThanThreshold" if alarm.above else "LessThanThreshold",
        actions=(arn("sns", f"{application.name}-alerts"),),
    )


def series_of(application: Application, part: str, metric: str) -> Series:
    """A series of a part by metric name: AWS's own, or that of the service where AWS has none."""
    found = [s for s in catalogue(application) if s.part == part and s.name == metric]
    return next((s for s in found if s.namespace != application.namespace), found[0])
