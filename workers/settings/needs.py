"""What a process cannot do without, and what works but less than somebody may expect."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from workers.domain.approver import ON_CALL
from workers.settings.holders import THINKERS, Process, holders, split
from workers.settings.rights import OnCall
from workers.settings.source import Document, Problem
from workers.settings.tree import Settings

EXTRAS = {"vertex": "google.auth", "openai": "openai"}
"""What must be importable for a provider of models; each comes with the extra of the provider's name."""
CLOUD: frozenset[Process] = THINKERS | frozenset[Process]({"executor"})

PAGERS: dict[str, Callable[[OnCall], tuple[str, ...]]] = {
    "pagerduty": lambda rota: rota.pagerduty,
    "opsgenie": lambda rota: rota.opsgenie_schedules,
}

_APP = "api.slack.com/apps, your app"


@dataclass(frozen=True)
class Need:
    """A condition on the settings of some processes, with the key that it hangs on."""

    key: str
    processes: frozenset[Process]
    met: Callable[[Settings], bool]
    what: str
    mend: str


def unmet(document: Document, settings: Settings, process: Process) -> Iterator[Problem]:
    """The needs of `process` that `settings` does not meet; those that wait for a variable are left out."""
    for need in NEEDS:
        key = split(need.key)
        waits = any(use.key[: len(key)] == key for use in document.missing)
        if process in need.processes and not waits and not need.met(settings):
            yield Problem(document.where(key), need.what, need.mend)


def notices(settings: Settings) -> tuple[str, ...]:
    """What is switched off or left open, as sentences; each is said once, at the start."""
    aws = settings.providers.aws
    said = {
        f"No model: Runbook reasons by its rules. {settings.llm.variable} adds one.": not settings.llm.active,
        "Nobody may approve, so nothing will be changed: approvals.approvers is empty.": (
            not settings.approvals.approvers
        ),
        "Only one person may approve, and nobody approves what they asked for: approvals.approvers.": (
            len(settings.approvals.named) == 1 and not _sources(settings)
        ),
        "Changes are switched off: providers.aws.executor.enabled is false.": not aws.executor.enabled,
        "AWS is switched off: providers.aws.enabled is false.": not aws.enabled,
    }
    return tuple(text for text, holds in said.items() if holds)


def _executor_known(settings: Settings) -> bool:
    aws = settings.providers.aws
    return not aws.changes or aws.executor.stated


def _installed(provider: str, module: str) -> Callable[[Settings], bool]:
    return lambda settings: (
        settings.llm.provider != provider or not settings.llm.active or _importable(module)
    )


def _importable(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even what it is a part of
        return False


def _pager_ready(name: str) -> Callable[[Settings], bool]:
    return lambda settings: (
        not (pager := getattr(settings.incident, name)).enabled or pager.api_key is not None
    )


def _sources(settings: Settings) -> frozenset[str]:
    """Names of approvers behind which there may be any number of people."""
    return frozenset(name for name in settings.approvals.named if name == ON_CALL or name.startswith("S"))


def _rota_known(settings: Settings) -> bool:
    asking = {name for scope in settings.access.scopes for name in scope.people}
    needed = settings.approvals.solo_on_call or ON_CALL in settings.approvals.named | asking
    return not needed or any(rota.stated for rota in settings.on_call.rotas())


def _pager_asked(name: str, named: Callable[[OnCall], tuple[str, ...]]) -> Callable[[Settings], bool]:
    return lambda settings: (
        getattr(settings.incident, name).enabled or not any(map(named, settings.on_call.rotas()))
    )


NEEDS = (
    Need(
        "slack.app_token",
        holders(("slack", "app_token")),
        lambda settings: settings.slack.app_token is not None,
        "is missing",
        f"Set SLACK_APP_TOKEN: {_APP}, Basic Information, App-Level Tokens, scope connections:write.",
    ),
    Need(
        "slack.bot_token",
        holders(("slack", "bot_token")),
        lambda settings: settings.slack.bot_token is not None,
        "is missing",
        f"Set SLACK_BOT_TOKEN: {_APP}, OAuth & Permissions, Bot User OAuth Token.",
    ),
    Need(
        "llm.api_key",
        THINKERS,
        lambda settings: settings.llm.enabled is not True or settings.llm.active,
        "is missing, and llm.enabled is true",
        "Set ANTHROPIC_API_KEY (OPENAI_API_KEY where that is the provider), or take llm.enabled out: without"
        " a key Runbook works by its rules.",
    ),
    *(
        Need(
            "llm.provider",
            THINKERS,
            _installed(provider, module),
            f"is {provider}, whose package is not installed here",
            f"Install it (pip install 'runbook[{provider}]'); llm.enabled: false does without a model.",
        )
        for provider, module in EXTRAS.items()
    ),
    Need(
        "providers.aws.regions",
        CLOUD,
        lambda settings: not settings.providers.aws.enabled or bool(settings.providers.aws.regions),
        "names no region",
        "Set AWS_REGION or write regions: [us-east-1]; providers.aws.enabled: false does without AWS.",
    ),
    Need(
        "providers.aws.worker",
        THINKERS,
        lambda settings: not settings.providers.aws.worker.halved,
        "has one half of a key pair",
        "Give access_key_id and secret_access_key together, or a profile.",
    ),
    Need(
        "providers.aws.executor",
        frozenset({"executor", "up"}),
        lambda settings: not settings.providers.aws.executor.halved,
        "has one half of a key pair",
        "Give access_key_id and secret_access_key together, or a profile.",
    ),
    Need(
        "providers.aws.executor",
        frozenset({"executor", "up"}),
        _executor_known,
        "names no identity, so no approved change could be made",
        "Give it a profile, a role_arn or a key pair of its own (RUNBOOK_EXECUTOR_AWS_…);"
        " with enabled: false there, Runbook looks and proposes only.",
    ),
    Need(
        "providers.aws",
        CLOUD,
        lambda settings: not settings.providers.aws.shared,
        "gives worker and executor the same identity",
        "The worker must be read-only: give the executor a profile, role or key of its own.",
    ),
    Need(
        "providers.aws",
        frozenset({"executor"}),
        lambda settings: settings.providers.aws.changes,
        "has enabled: false (or its executor has), so there is nothing for this process to do",
        "Set it to true, or do not start `runbook executor`.",
    ),
    *(
        Need(
            f"incident.{name}.api_key",
            THINKERS,
            _pager_ready(name),
            f"is missing, and incident.{name}.enabled is true",
            f"Write api_key: ${{{name.upper()}_API_KEY}} and set that variable, or enabled: false.",
        )
        for name in ("pagerduty", "opsgenie")
    ),
    Need(
        "approvals",
        frozenset({"up", "bot", "worker", "quick", "executor", "clock"}),
        _rota_known,
        "asks for who is on call, and nothing says who that is",
        "Name a schedule under on_call.overall or on_call.services.",
    ),
    *(
        Need(
            "on_call",
            THINKERS,
            _pager_asked(name, named),
            f"names schedules of {name}, which is not enabled",
            f"Write incident.{name}.enabled: true, with its api_key.",
        )
        for name, named in PAGERS.items()
    ),
)
