"""What an application is made of, as read from its YAML file: services, stores, edges and traffic."""

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

APPLICATIONS = Path(__file__).parents[1] / "applications"

Language = Literal["node", "python", "java", "go"]


class Row(BaseModel):
    """A frozen part of an application file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Traffic(Row):
    """Demand at the entry: mean requests a second, peak hour (UTC), how far it swings, the weekend."""

    entry: str
    requests_per_second: float
    peak_hour: float
    swing: float
    weekend: float = 1.0


class Route(Row):
    """One kind of request: its share of the service's traffic and the calls that each one makes."""

    path: str
    share: float
    calls: dict[str, float] = {}


class Edge(Row):
    """How a service calls one dependency.

    `pool` is connections per task, `cost` scales the callee's work. Of a cache, `ttl_seconds` is how long a
    key is kept and `reuse_seconds` how long it takes on average until the same key is asked for again.
    """

    timeout_ms: float = 3000
    retries: int = 0
    pool: int | None = None
    pool_wait_ms: float = 2000
    ttl_seconds: float | None = None
    reuse_seconds: float = 60
    on_miss: str | None = None
    cost: float = 1.0
    optional: bool = False

    @property
    def hits(self) -> float | None:
        """The share of look-ups that a cache in good order can answer; None for what is not a cache."""
        return (
            None if self.ttl_seconds is None else self.ttl_seconds / (self.ttl_seconds + self.reuse_seconds)
        )


class Setting(Row):
    """An environment variable; `sets` names the part of the behaviour that its value really controls."""

    value: int | str
    sets: str | None = None


class Service(Row):
    """A service's healthy behaviour, per task. Times are medians; `workers` is requests worked on at once."""

    language: Language
    tasks: int
    cpu: int
    memory: int
    resident_mb: float
    workers: int
    own_ms: float
    spread: float
    cpu_ms: float
    errors: float
    client_errors: float = 0.0
    public: bool = False
    consumes: str | None = None
    runs_on: Literal["ecs", "ec2", "lambda"] = "ecs"
    instance_type: str = ""
    """Of its instances, where it runs on any."""
    alias: str = ""
    """Of a function: what its callers know it by, and a release moves. Without one the newest code runs."""
    timeout_seconds: float = 60
    """After how long Lambda ends an invocation."""
    routes: list[Route]
    edges: dict[str, Edge] = {}
    settings: dict[str, Setting] = {}


class Database(Row):
    """A PostgreSQL instance."""

    database: str
    instance_class: str
    vcpus: int
    memory_gb: float
    max_connections: int
    storage_gb: float
    used_gb: float
    query_ms: float
    spread: float
    cpu_ms: float
    write_share: float
    tables: dict[str, list[str]]
    """Which services write to which table."""


class Cache(Row):
    """A Redis replication group with one primary."""

    node_type: str
    get_ms: float
    spread: float
    cpu_us: float
    memory_used: float


class Queue(Row):
    """An SQS queue with a dead-letter queue behind it."""

    visibility_seconds: int
    max_receives: int


class External(Row):
    """A host outside the account."""

    variable: str
    url: str
    answer_ms: float
    spread: float
    errors: float


class Canary(Row):
    """A script that visits the entry every minute as a customer would, and `wants` to see something there."""

    name: str
    url: str
    pages: list[str]
    wants: str
    """The selector of the element that it looks for on the last page."""


class Alarm(Row):
    """A CloudWatch alarm on one metric `of` a part: breaching in `points` of `periods` minutes."""

    name: str
    metric: str
    of: str
    statistic: str
    threshold: float
    periods: int
    points: int
    above: bool = True
    missing: str = "notBreaching"


class Edit(Row):
    """A setting that somebody may get wrong, and the range; below `from_rate` it is not noticed."""

    service: str
    setting: str
    low: int
    high: int
    from_rate: float = 0.0


class Application(Row):
    """A whole application file."""

    name: str
    title: str
    namespace: str
    domain: str
    traffic: Traffic
    services: dict[str, Service]
    databases: dict[str, Database] = {}
    caches: dict[str, Cache] = {}
    queues: dict[str, Queue] = {}
    externals: dict[str, External] = {}
    alarms: list[Alarm] = []
    edits: list[Edit] = []
    canary: Canary | None = None

    def kind(self, part: str) -> str:
        """Which of the tables `part` stands in: service, database, cache, queue or external."""
        for kind in ("service", "database", "cache", "queue", "external"):
            if part in getattr(self, f"{kind}s"):
                return kind
        raise KeyError(part)

    def callers(self, part: str) -> list[str]:
        """The services that call `part`, in file order."""
        return [name for name, service in self.services.items() if part in service.edges]

    def on(self, platform: str) -> list[str]:
        """The services that run on a platform, in file order."""
        return [name for name, service in self.services.items() if service.runs_on == platform]

    def answers(self, service: str) -> bool:
        """Whether it is a function that answers requests, each in an execution environment of its own."""
        spec = self.services[service]
        return spec.runs_on == "lambda" and not spec.consumes

    def consumer(self, queue: str) -> str:
        """The service that reads from `queue`."""
        return next(name for name, service in self.services.items() if service.consumes == queue)


@cache
def application(name: str) -> Application:
    """The application of that name; KeyError when there is no such file."""
    path = APPLICATIONS / f"{name}.yaml"
    if name not in application_names():
        raise KeyError(name)
    return Application.model_validate(yaml.safe_load(path.read_text()))


def application_names() -> list[str]:
    """The applications there are files for."""
    return sorted(path.stem for path in APPLICATIONS.glob("*.yaml"))
