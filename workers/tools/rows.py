"""The AWS tables as typed rows, read from YAML once."""

from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

import yaml
from pydantic import TypeAdapter

from workers.domain.signal import Healthy, Signal
from workers.domain.telemetry import ChangeKind, ResourceKind, Unit
from workers.domain.value import Value


class Metric(Value):
    """What CloudWatch holds for one signal; metrics named in `plus` are added to it.

    `ratio` = first / (first + second) of two other signals. It is there only where attributes are as in
    `only`, and kept in one `region` whatever the thing's own is. Without `healthy` the signal says what is.
    """

    namespace: str = ""
    metric: str = ""
    stat: str = "Average"
    unit: Unit
    scale: float = 1.0
    sparse: Signal | None = None
    plus: tuple[str, ...] = ()
    ratio: tuple[Signal, Signal] | None = None
    dimensions: dict[str, str] = {}
    only: dict[str, str] = {}
    region: str = ""
    healthy: Healthy | None = None


class Listing(Value):
    """One call and the JMESPath to its items; `with_` holds its arguments, `$name` standing for a value."""

    call: str
    items: str
    as_: str = ""
    with_: dict[str, Any] = {}
    batch: int = 1

    @property
    def single(self) -> bool:
        """Whether it describes one item (`$item`) at a time."""
        return "$item" in self.with_.values()

    @classmethod
    def read(cls, row: dict[str, Any]) -> "Listing":
        renamed = {{"as": "as_", "with": "with_"}.get(key, key): value for key, value in row.items()}
        return cls.model_validate(renamed)


class Meaning(Value):
    """What some CloudTrail events of a service mean; `events` are the operations behind them."""

    events: tuple[str, ...]
    when: str = ""
    kind: ChangeKind
    name: str
    after: str = ""
    step: bool = False
    weigh: bool = False
    client: str = ""


class Service(Value):
    """One row of `aws_services.yaml` or of `aws_listed.yaml`."""

    id: str
    kind: ResourceKind = "unknown"
    group: str = ""
    words: tuple[str, ...] = ()
    console: str = ""
    client: str
    each: Listing | None = None
    list: Listing
    detail: Listing | None = None
    name: str
    identifier: str
    show: dict[str, str] = {}
    tail: tuple[str, ...] = ()
    cut: dict[str, str] = {}
    tags: str = ""
    arn: str = ""
    logs: str = ""
    signals: dict[Signal, Metric] = {}
    behind: dict[Signal, Metric] = {}
    own: dict[str, Metric] = {}
    changed_by: tuple[Meaning, ...] = ()


class CustomMetric(Value):
    """A pattern for the names of metrics that applications publish, or an agent beside them."""

    signal: Signal
    match: str
    stat: str
    unit: Unit
    scale: float = 1.0
    sparse: Signal | None = None
    dimension: str = ""
    beside: tuple[str, ...] = ()


class CustomMetrics(Value):
    dimensions: tuple[str, ...]
    signals: tuple[CustomMetric, ...]


Kind = Literal["read", "denied", "change"]

# Ten times as fast; a build of PyYAML without libyaml does not have it.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def table(name: str) -> Any:
    """The YAML file `name` of this folder, parsed."""
    return yaml.load((files("workers.tools") / name).read_text(encoding="utf-8"), _LOADER)


@cache
def operations() -> dict[tuple[str, str], Kind]:
    """What each operation of each client is, as boto3 spells both; what is not here may not be sent."""
    rows: dict[str, dict[str, Any]] = table("aws_operations.yaml")
    return {
        (client, operation): cast(Kind, kind)
        for client, kinds in rows.items()
        for kind, named in kinds.items()
        if kind != "rest"
        for operation in named
    }


@cache
def services() -> tuple[Service, ...]:
    """What an investigation looks at."""
    return tuple(_service(row) for row in table("aws_services.yaml"))


@cache
def catalogue() -> tuple[Service, ...]:
    """Everything that can be listed."""
    return (*services(), *(_service(row) for row in table("aws_listed.yaml")))


@cache
def custom_metrics() -> CustomMetrics:
    return TypeAdapter(CustomMetrics).validate_python(table("aws_custom_metrics.yaml"))


def _service(row: dict[str, Any]) -> Service:
    calls = {key: Listing.read(row[key]) for key in ("each", "list", "detail") if key in row}
    shared = row.get("measured", {})
    metrics = {
        part: {
            key: {"metric": key} | shared | one if part == "own" else shared | one
            for key, one in some.items()
        }
        for part in ("signals", "own")
        if (some := row.get(part))
    }
    plain = {key: value for key, value in row.items() if key != "measured"}
    return Service.model_validate(plain | calls | metrics)
