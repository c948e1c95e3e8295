"""Task definitions: what a service may be started as, and the behaviour that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.sandbox.estate.names import ACCOUNT, REGION, Names, digest
from workers.sandbox.model.behaviour import Behaviour, Code, behave
from workers.sandbox.model.spec import Application, Service


@dataclass(frozen=True)
class Revision:
    """One task definition of a service's family."""

    service: str
    number: int
    image: str
    environment: Mapping[str, str]
    registered_at: float
    registered_by: str
    cpu: int = 256
    memory: int = 512


@dataclass
class Revisions:
    """The task definitions there are, and what each image's code does differently (which no API shows)."""

    application: Application
    table: dict[str, dict[int, Revision]] = field(default_factory=dict)
    code: dict[str, Code] = field(default_factory=dict)
    drafts: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Environments that functions were given, and of which no version was made yet."""
    _known: dict[tuple[str, int], Behaviour] = field(default_factory=dict)

    def add(self, revision: Revision) -> None:
        """Keep a revision; the code of its image is known by now."""
        self.table.setdefault(revision.service, {})[revision.number] = revision

    def newest(self, service: str) -> Revision:
        """The highest revision of a service."""
        return self.table[service][max(self.table[service])]

    def behaviour(self, service: str, number: int) -> Behaviour:
        """What tasks of this revision do."""
        if (service, number) not in self._known:
            revision, spec = self.table[service][number], self.application.services[service]
            code = self.code.get(revision.image, Code())
            self._known[(service, number)] = behave(spec, revision.environment, code)
        return self._known[(service, number)]


def image(application: str, service: str, tag: str) -> str:
    """The full name of an image in the account's registry."""
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{application}/{service}:{tag}"


def code_sha(image: str) -> str:
    """The sum over the code of a function that was packed with a release."""
    return digest("code", image)[:43] + "="


def machine_image(image: str) -> str:
    """The id of the machine image that was built with a release."""
    return f"ami-0{digest('machine image', image)[:16]}"


def user_data(application: str, revision: Revision) -> str:
    """What an instance of this revision runs first: it writes the environment and starts the service."""
    unit = f"{application}-{revision.service}"
    pairs = "\n".join(f"{name}={value}" for name, value in sorted(revision.environment.items()))
    return (
        f"#!/bin/bash\nset -euo pipefail\ncat > /etc/{unit}.env <<'ENVIRONMENT'\n{pairs}\nENVIRONMENT\n"
        f"systemctl enable --now {unit}.service\n"
    )


def environment_in(script: str) -> dict[str, str]:
    """The environment that user data writes."""
    _, _, rest = script.partition("<<'ENVIRONMENT'\n")
    lines = rest.partition("\nENVIRONMENT")[0].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def environment(application: Application, name: str, addressed: bool = True) -> dict[str, str]:
    """The environment a service is given: where its dependencies are, then its settings.

    One that is not `addressed` reads the addresses from Parameter Store when it starts.
    """
    service = application.services[name]
    found = {"SERVICE_NAME": name, "LOG_LEVEL": "info"}
    if not addressed:
        return found | {"PARAMETER_PATH": f"/{application.name}/{name}/"} | _settings(service)
    if service.consumes:
        found |= _address(application, service.consumes)
    for dependency in service.edges:
        found |= _address(application, dependency)
    return found | _settings(service)


def _settings(service: Service) -> dict[str, str]:
    return {name: str(setting.value) for name, setting in service.settings.items()}


def _address(application: Application, part: str) -> dict[str, str]:
    names = Names(application.name)
    kind = application.kind(part)
    word = part.upper().replace("-", "_").replace(".", "_")
    if kind == "database":
        spec = application.databases[part]
        host = f"{part}.c9k2xw41bq.{REGION}.rds.amazonaws.com"
        return {"DATABASE_URL": f"postgres://{spec.database}_app@{host}:5432/{spec.database}"}
    if kind == "cache":
        return {"REDIS_URL": f"redis://{part}.7mfu2v.ng.0001.use1.cache.amazonaws.com:6379/0"}
    if kind == "queue":
        return {f"{word}_QUEUE_URL": names.queue_url(part)}
    if kind == "external":
        return {application.externals[part].variable: application.externals[part].url}
    return {f"{word}_URL": f"http://{part}.{application.domain}"}
