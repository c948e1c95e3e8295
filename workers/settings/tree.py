"""The configuration tree: every key with its type, default and one sentence. `load()` fills it."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
)
from pydantic import model_validator as check
from pydantic_core import PydanticCustomError

from workers.domain.approver import ON_CALL
from workers.domain.errors import SettingsError
from workers.domain.value import Value

LONGEST_TTL = timedelta(hours=24)
LONGEST_GLASS = timedelta(hours=8)
EMBEDDING_MODEL = "all-MiniLM-L6-v2"
INCIDENT_CHANNEL = r"^(inc|incident|sev[0-9])[-_]"

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RISKS = {"low_risk": "low", "high_risk": "high"}
_EVERY_CHANGE = ("low", "high", "critical")


def wrong(what: str, mend: str) -> PydanticCustomError:
    """A refused value: what is wrong with it (never the value itself) and how to mend it."""
    return PydanticCustomError("wrong", "{what}", {"what": what, "mend": mend})


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    parts = re.findall(r"(\d+)\s*([smhd])", value) if isinstance(value, str) else []
    if not parts or re.sub(r"(\d+)\s*([smhd])|\s", "", value):
        raise wrong("expected a length of time", "Write a number and a unit: 90s, 15m, 24h.")
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


def _kept(value: timedelta) -> timedelta:
    if value < timedelta(days=7):
        raise wrong("is too short to look anything up", "Keep it for 7d at least; 36500d keeps it for ever.")
    return value


def _short(value: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= value <= LONGEST_TTL:
        raise wrong("is out of range", "An approval lives between 1m and 24h; 15m is usual.")
    return value


def _glass(value: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= value <= LONGEST_GLASS:
        raise wrong("is out of range", "Break-glass holds between 1m and 8h; 1h is usual.")
    return value


def _words(value: Any) -> Any:
    # One variable can hold a list: APPROVERS=U1,U2.
    return (
        tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value
    )


def _place(value: Path, info: ValidationInfo) -> Path:
    context: dict[str, str] = info.context or {}
    text = str(value)
    if text == "~" or text.startswith("~/"):
        text = context.get("home", "~") + text[1:]
    return Path(os.path.normpath(os.path.join(context.get("cwd", ""), text)))


def _addressable(value: Path) -> Path:
    if re.search(r"[?#%]", str(value)):
        raise wrong(
            "holds ?, # or %, which mean something else in addresses", "Choose a plainer folder name."
        )
    return value


def _pattern(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return re.compile(value)
    except re.error as error:
        raise wrong(
            f"is not a regular expression: {error}", f"The usual one is {INCIDENT_CHANNEL}"
        ) from error


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise wrong("is no time zone", "Zones look like Europe/Berlin.")
    return value


def _starting(*starts: str, example: str) -> AfterValidator:
    def look(value: str | SecretStr) -> str | SecretStr:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text in starts:
            raise wrong("is not filled in", f"It looks like {example}")
        if not text.startswith(starts):
            raise wrong(f"must start with {' or '.join(starts)}", f"It looks like {example}")
        return value

    return AfterValidator(look)


def _shaped(pattern: str, what: str, mend: str) -> AfterValidator:
    def look(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise wrong(what, mend)
        return value

    return AfterValidator(look)


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Place = Annotated[Path, AfterValidator(_place)]
Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
UserId = Annotated[
    str,
    _shaped(
        r"[UW][A-Z0-9]{1,30}", "is not a Slack user id", "In Slack: profile, ⋮, Copy member ID (U012AB3CD)."
    ),
]
ChannelId = Annotated[
    str,
    _shaped(
        r"[CG][A-Z0-9]{1,30}",
        "is not a Slack channel id",
        "In Slack: channel details, at the end (C012AB3CD).",
    ),
]
Approver = Annotated[
    str,
    _shaped(
        rf"[UWS][A-Z0-9]{{1,30}}|{ON_CALL}",
        "is not a Slack user id, a user-group id or on-call",
        "In Slack: profile, ⋮, Copy member ID (U012AB3CD); of a group: ⋮, Copy group ID (S012AB3CD).",
    ),
]
Approvers = Annotated[tuple[Approver, ...], BeforeValidator(_words)]
HostName = Annotated[
    str,
    _shaped(
        r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+", "is not the name of a host", "Hosts look like wiki.example.com."
    ),
]
Region = Annotated[
    str, _shaped(r"[a-z]{2,}(-[a-z]+)+-\d+", "is not an AWS region", "Regions look like us-east-1.")
]
Kept = Annotated[Duration, AfterValidator(_kept)]
Ttl = Annotated[Duration, AfterValidator(_short)]
HttpUrl = Annotated[str, _starting("http://", "https://", example="https://host:port")]
# The SDK appends a method's name to it.
SlashedUrl = Annotated[HttpUrl, AfterValidator(lambda url: url if url.endswith("/") else url + "/")]


class Section(Value):
    """A part of the tree; its errors never repeat what was written, since that may be a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Price(Section):
    """Dollars for a million tokens."""

    input: float = Field(ge=0, description="Read.")
    output: float = Field(ge=0, description="Written, thinking included.")
    cached: float = Field(ge=0, description="Read from the prompt cache.")
    stored: float = Field(ge=0, description="Read and kept in the prompt cache.")


class Llm(Section):
    """The model that reasons. Without one, Runbook works by its rules."""

    provider: Literal["anthropic", "bedrock", "vertex", "openai"] = Field(
        default="anthropic",
        description="Who serves the model. Bedrock is asked with the worker's identity, Vertex AI with the"
        " machine's; openai is any server of Chat Completions.",
    )
    model: str = Field(default="claude-sonnet-5-5", description="Its name, as the provider spells it.")
    api_key: SecretStr | None = Field(
        default=None, description="The provider's key. Without it Runbook works by its rules."
    )
    enabled: bool | None = Field(
        default=None,
        description="true: a key must be there; false: rules only; absent: a model where there is a key.",
    )
    base_url: HttpUrl | None = Field(
        default=None, description="A gateway that speaks the provider's API; absent: the provider itself."
    )
    region: str | None = Field(default=None, description="Where Bedrock or Vertex AI serves it.")
    project: str | None = Field(default=None, description="Vertex AI's project.")
    max_output_tokens: int = Field(
        default=8000, ge=100, le=64_000, description="Length of one answer, thinking included."
    )
    pause_seconds: int = Field(
        default=30, ge=1, le=120, description="The longest silence within an answer, seconds."
    )
    patience_seconds: int = Field(
        default=60, ge=1, le=300, description="All tries of one question, seconds; then the rules go on."
    )
    never_for: Words = Field(
        default=(),
        description="Services of which no model is ever told, as names or patterns: `payments`, `shop-*`.",
    )
    prices: dict[str, Price] = Field(
        default={}, description="By model, where Runbook does not know the price or you pay another."
    )

    @check(mode="after")
    def _placed(self) -> "Llm":
        if self.provider in ("bedrock", "vertex") and not self.region:
            raise wrong(f"{self.provider} needs a region", "Write region: us-east-1, or where you have it.")
        if self.provider == "vertex" and not self.project:
            raise wrong("vertex needs a project", "Write project: and the id of your Google Cloud project.")
        if self.provider == "openai" and "model" not in self.model_fields_set:
            raise wrong("openai needs a model", "Write model: and its name, as its server spells it.")
        return self

    @property
    def active(self) -> bool:
        """Whether a model reasons; if not, the rules do."""
        # The clouds know who asks without a key, and a server of one's own may not care.
        keyless = self.provider in ("bedrock", "vertex") or (self.provider == "openai" and self.base_url)
        return self.enabled is not False and (self.api_key is not None or bool(keyless))

    @property
    def variable(self) -> str:
        """The variable that usually holds the provider's key."""
        return "OPENAI_API_KEY" if self.provider == "openai" else "ANTHROPIC_API_KEY"


class Identity(Section):
    """Who Runbook is in AWS: a profile, a role, or an access key pair."""

    profile: str | None = Field(default=None, description="A profile of the AWS configuration files.")
    access_key_id: SecretStr | None = Field(default=None, description="An access key, with its secret.")
    secret_access_key: SecretStr | None = Field(default=None, description="The secret of `access_key_id`.")
    session_token: SecretStr | None = Field(default=None, description="With temporary keys only.")
    role_arn: str | None = Field(
        default=None, description="A role to assume with the identity above, or with the machine's own."
    )

    @property
    def halved(self) -> bool:
        """Whether one half of a key pair is missing."""
        return (self.access_key_id is None) != (self.secret_access_key is None)

    @property
    def stated(self) -> bool:
        """Whether anything was said, or the machine's own identity is meant."""
        return bool(self.profile or self.access_key_id or self.role_arn)

    @property
    def borrows(self) -> bool:
        """Whether it starts from what the machine offers (AWS_ACCESS_KEY_ID, an instance role)."""
        return not (self.profile or self.access_key_id)


class Executor(Identity):
    """The one identity that can change anything; only the executor process ever holds it."""

    enabled: bool = Field(
        default=True, description="false: Runbook looks and proposes, and no process can change anything."
    )


class Aws(Section):
    """Amazon Web Services: where to look, as whom, and as whom to make an approved change."""

    enabled: bool = Field(default=True, description="Whether Runbook looks at AWS at all.")
    regions: Annotated[tuple[Region, ...], BeforeValidator(_words)] = Field(
        default=(), description="Where to look, the most important first."
    )
    profile: str | None = Field(default=None, description="Short for `worker.profile`.")
    endpoint_url: HttpUrl | None = Field(
        default=None, description="Another address than AWS's own, for a local cloud."
    )
    worker: Identity = Field(default=Identity(), description="The read-only identity that investigates.")
    executor: Executor = Field(default=Executor(), description="The identity that makes approved changes.")

    @property
    def reader(self) -> Identity:
        """The identity that investigates, with the short form `profile` in its place."""
        return self.worker if self.worker.stated else self.worker.model_copy(update={"profile": self.profile})

    @property
    def changes(self) -> bool:
        """Whether there is anything for an executor to do."""
        return self.enabled and self.executor.enabled

    @property
    def shared(self) -> bool:
        """Whether worker and executor would be the same user."""
        looks, acts = self.reader, self.executor
        return acts.stated and all(
            getattr(looks, name) == getattr(acts, name) for name in ("profile", "role_arn", "access_key_id")
        )


class Providers(Section):
    """The clouds."""

    aws: Aws = Field(default=Aws(), description="")


class Pager(Section):
    """A paging service."""

    enabled: bool = Field(default=False, description="Whether it is asked for alerts and for who is on call.")
    api_key: SecretStr | None = Field(default=None, description="Its API key; needed where it is enabled.")
    api_url: HttpUrl | None = Field(
        default=None, description="Another address than the usual one: `https://api.eu.pagerduty.com`."
    )


class IncidentSlack(Section):
    """Another place for the bot token; it is moved to `slack.bot_token`."""

    enabled: bool = Field(default=True, description="false: the token here is not used.")
    bot_token: SecretStr | None = Field(default=None, description="The same as `slack.bot_token`.")


class IncidentTools(Section):
    """Where incidents are managed."""

    pagerduty: Pager = Field(default=Pager(), description="")
    opsgenie: Pager = Field(default=Pager(), description="")
    slack: IncidentSlack = Field(default=IncidentSlack(), description="")


class Source(Section):
    """One place with documents."""

    type: Literal["filesystem"] = Field(default="filesystem", description="What kind of place.")
    path: Place = Field(description="A folder of Markdown files.")
    watch: bool = Field(default=False, description="Whether a changed file is read again at once.")


class Store(Section):
    """The search index."""

    type: Literal["local"] = Field(default="local", description="Chroma, on this machine or at `chroma_url`.")
    path: Place | None = Field(
        default=None, description="Its folder; `<data_dir>/knowledge.db` where absent."
    )
    embedding_model: Literal["all-MiniLM-L6-v2"] = Field(
        default=EMBEDDING_MODEL,
        description="The model that comes with Runbook; it needs no key and no network.",
    )


class Retrieval(Section):
    """What a search returns."""

    top_k: int = Field(default=10, ge=1, le=50, description="Passages per search.")
    rerank: bool = Field(
        default=True, description="Whether passages are ordered again by exact names and age."
    )


class Knowledge(Section):
    """Runbooks and other documents that Runbook reads and cites."""

    sources: tuple[Source, ...] = Field(
        default=(), description="Where they are; `<data_dir>/runbooks` where absent."
    )
    store: Store = Field(default=Store(), description="")
    retrieval: Retrieval = Field(default=Retrieval(), description="")


def _every_change(named: tuple[str, ...]) -> tuple[str, ...]:
    words = [_RISKS.get(word, word) for word in named]
    if strange := [n for n, word in enumerate(words, 1) if word not in _EVERY_CHANGE]:
        raise wrong(
            f"item {strange[0]} is not a risk that is asked about", "They are low, high and critical."
        )
    if left := [risk for risk in _EVERY_CHANGE if risk not in words]:
        raise wrong(
            f"leaves out {' and '.join(left)}, but every change needs an approval",
            "Configuration raises the bar and never waives it: write [low, high, critical] or nothing.",
        )
    return _EVERY_CHANGE


class Safety(Section):
    """Limits on changes. Every change needs an approval, whatever is written here."""

    require_approval: Annotated[Words, AfterValidator(_every_change)] = Field(
        default=_EVERY_CHANGE,
        description="Always all of them: a risk that is left out is refused, not waived.",
    )
    max_mutations_per_session: int = Field(
        default=5, ge=0, le=100, description="Changes in one investigation."
    )
    max_mutations_per_hour: int = Field(default=20, ge=0, le=1000, description="Changes within an hour.")
    max_mutations_per_day: int = Field(default=100, ge=0, le=10_000, description="Changes within a day.")
    cooldown_between_critical_ms: int = Field(
        default=60_000, ge=0, description="Pause after a critical change, milliseconds."
    )


class Agent(Section):
    """Budgets of one investigation. Where one runs out, the best answer so far is given and says so."""

    max_iterations: int = Field(
        default=10, ge=1, le=100, description="Rounds of hypothesis, query and evidence."
    )
    max_hypothesis_depth: int = Field(default=4, ge=1, le=4, description="How far a hypothesis branches.")
    max_seconds: int = Field(default=600, ge=10, le=1200, description="Time, seconds.")
    max_queries: int = Field(default=120, ge=1, le=2000, description="Queries to your systems.")
    max_tokens: int = Field(
        default=100_000, ge=0, description="Tokens of the model, read and written; then the rules go on."
    )
    max_dollars: float = Field(
        default=1.0, ge=0, description="Price of the model's answers, dollars; then the rules go on."
    )
    max_dollars_per_day: float = Field(
        default=50.0,
        ge=0,
        description="Price of the model's answers to everybody within 24 hours; then the rules go on.",
    )
    context_threshold_tokens: int = Field(
        default=30_000,
        ge=1000,
        description="Length of one question to the model; what bears least on it is left out, and said so.",
    )


class Slack(Section):
    """The Slack app (`manifest.yml` makes one)."""

    app_token: Annotated[SecretStr, _starting("xapp-", example="xapp-1-A012-…")] | None = Field(
        default=None, description="App-level token with `connections:write`, for Socket Mode."
    )
    bot_token: Annotated[SecretStr, _starting("xoxb-", example="xoxb-…")] | None = Field(
        default=None, description="Bot user token, from the app's installation."
    )
    team_id: str | None = Field(default=None, description="The workspace; from the bot token where absent.")
    api_url: SlashedUrl = Field(
        default="https://slack.com/api/", description="Slack's Web API, or a local Slack."
    )
    incident_channels: tuple[Pattern, ...] = Field(
        default=(re.compile(INCIDENT_CHANNEL),),
        description="Names of channels that are an incident, as regular expressions.",
    )
    watched_channels: Words = Field(
        default=(), description="Channel ids in which alerts start an investigation."
    )
    audit_channel: ChannelId | None = Field(
        default=None,
        description="Channel id for the head of the audit chain, once a day; absent: it is not posted.",
    )
    auto_join: bool = Field(default=True, description="Whether a new incident channel is joined unasked.")
    link_hosts: Annotated[tuple[HostName, ...], BeforeValidator(_words)] = Field(
        default=(),
        description="Hosts beside AWS's console that messages may link to, such as your runbooks'; "
        "`*.example.com` is all below it.",
    )


def _not_self(value: Any) -> Any:
    if value in (True, "true"):
        raise wrong("nobody approves their own request", "Leave allow_self out; add a second approver.")
    return value


class OnCall(Section):
    """Where it stands who is on call; all that is named counts."""

    pagerduty_schedules: Words = Field(default=(), description="Ids of PagerDuty's schedules.")
    pagerduty_policies: Words = Field(
        default=(), description="Ids of PagerDuty's escalation policies; their first level is on call."
    )
    opsgenie_schedules: Words = Field(default=(), description="Names or ids of OpsGenie's schedules.")

    @property
    def stated(self) -> bool:
        return bool(self.pagerduty or self.opsgenie_schedules)

    @property
    def pagerduty(self) -> tuple[str, ...]:
        return (*self.pagerduty_schedules, *self.pagerduty_policies)


class OnCalls(Section):
    """Who `on-call` is, for everything and for services that have a rota of their own."""

    overall: OnCall = Field(default=OnCall(), description="")
    services: dict[str, OnCall] = Field(default={}, description="")

    def rotas(self) -> Iterator[OnCall]:
        yield self.overall
        yield from self.services.values()

    @check(mode="after")
    def _filled(self) -> "OnCalls":
        if empty := [name for name, rota in self.services.items() if not rota.stated]:
            raise wrong(f"says nothing of {empty[0]}", "Name a schedule or a policy, or leave it out.")
        return self


class Rule(Section):
    """What changes of one risk take, beside what every change takes; the higher bar holds."""

    approvers: Approvers = Field(default=(), description="As in `approvals.approvers`; those where absent.")
    quorum: int = Field(
        default=1,
        ge=1,
        le=10,
        description="Different people that must approve; two at least of critical ones.",
    )
    ttl: Ttl = Field(
        default=LONGEST_TTL, description="An approval's life, where it is shorter than the general one."
    )
    cooldown: Duration = Field(default=timedelta(0), description="Pause after such a change.")


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Freeze(Section):
    """A time in which nothing is changed, whoever approves: between two moments, or on days of the week."""

    why: str = Field(description="What people are told.")
    starts: AwareDatetime | None = Field(
        default=None, description="From when, with a zone: 2026-12-23T18:00Z."
    )
    ends: AwareDatetime | None = Field(default=None, description="Until when.")
    days: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], BeforeValidator(_words)
    ] = Field(default=(), description="Days of the week instead: mon, tue, wed, thu, fri, sat, sun.")
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="The time zone of `days`: Europe/Berlin."
    )

    @property
    def weekdays(self) -> tuple[int, ...]:
        """Monday is 0."""
        return tuple(DAYS.index(day) for day in self.days)

    @check(mode="after")
    def _either(self) -> "Freeze":
        between = self.starts is not None and self.ends is not None and self.starts < self.ends
        one_end = (self.starts is None) != (self.ends is None)
        if one_end or between == bool(self.days):
            raise wrong("names no time", "Give starts and a later ends, or days.")
        return self


class BreakGlass(Section):
    """Who may lift freezes, pauses and the limits of an hour and a day for a while; off without `people`."""

    people: Annotated[tuple[UserId, ...], BeforeValidator(_words)] = Field(
        default=(), description="Slack user ids; one of them asks, another confirms."
    )
    duration: Annotated[Duration, AfterValidator(_glass)] = Field(
        default=timedelta(hours=1), description="How long it holds, at most 8h."
    )

    @check(mode="after")
    def _two(self) -> "BreakGlass":
        if len(set(self.people)) == 1:
            raise wrong("names one person", "One asks and another confirms: name two, or nobody.")
        return self


class Approvals(Section):
    """Who may approve a change, and how. Runbook never decides this by itself."""

    approvers: Approvers = Field(
        default=(),
        description="Slack ids of people and user groups, and `on-call`. Empty: nothing is ever changed.",
    )
    quorum: int = Field(default=1, ge=1, le=10, description="Different people that must approve.")
    ttl: Ttl = Field(default=timedelta(minutes=15), description="An approval's life, at most 24h.")
    allow_self: Annotated[Literal[False], BeforeValidator(_not_self)] = Field(
        default=False, description="Fixed: the person who asked never approves."
    )
    solo_on_call: bool = Field(
        default=False,
        description="Whether whoever is on call for a service may approve alone what they asked for there:"
        " low and high changes that can be taken back, by typing its name.",
    )
    low: Rule = Field(default=Rule(), description="")
    high: Rule = Field(default=Rule(), description="")
    critical: Rule = Field(default=Rule(), description="")
    freezes: tuple[Freeze, ...] = Field(default=(), description="")

    @check(mode="after")
    def _reachable(self) -> "Approvals":
        people = all(name[0] in "UW" for name in self.approvers)
        if self.approvers and people and self.quorum > len(set(self.approvers)):
            raise wrong(
                "quorum is larger than the list of approvers", "Name more approvers or lower the quorum."
            )
        return self

    @property
    def named(self) -> frozenset[str]:
        """Everybody and everything that any list of approvers names."""
        lists = (self.approvers, self.low.approvers, self.high.approvers, self.critical.approvers)
        return frozenset(name for one in lists for name in one)


class AskScope(Section):
    """Somebody may ask about something. What is left out narrows nothing: nobody named means everybody."""

    people: Approvers = Field(default=(), description="Slack user ids, user-group ids, `on-call`.")
    channels: Annotated[tuple[ChannelId, ...], BeforeValidator(_words)] = Field(
        default=(), description="Channel ids in which it holds."
    )
    alerts: bool = Field(
        default=False, description="Whether it holds for what monitors report, in any channel."
    )
    services: Words = Field(
        default=(), description="Names of services, functions, databases, caches and queues; may hold *."
    )
    clusters: Words = Field(default=(), description="Names of clusters; may hold *.")
    accounts: Words = Field(default=(), description="Account ids, in quotes.")


class Access(Section):
    """Who may ask Runbook, about what, and how often. Who may approve stands in `approvals`."""

    guests: bool = Field(default=False, description="Whether guests of the workspace may ask.")
    shared_channels: bool = Field(
        default=False, description="Whether Runbook answers where people of other workspaces are."
    )
    scopes: tuple[AskScope, ...] = Field(default=(), description="")
    per_person: int = Field(
        default=30, ge=1, le=10_000, description="Questions of one person within an hour."
    )
    per_channel: int = Field(
        default=60, ge=1, le=10_000, description="Questions and alerts of one channel within an hour."
    )
    per_day: int = Field(default=1000, ge=1, le=100_000, description="Questions and alerts within a day.")


class Retention(Section):
    """How long what is kept is kept, at least 7d; `runbook purge` and the clock take out what is older."""

    journals: Kept = Field(
        default=timedelta(days=365),
        description="Investigations that are over: their steps, what was read for them, their approvals.",
    )
    posts: Kept = Field(default=timedelta(days=90), description="Messages that Slack has.")
    requests: Kept = Field(
        default=timedelta(days=90), description="By which names requests came, so that none is taken twice."
    )
    audit: Kept = Field(
        default=timedelta(days=1095), description="What audit records say; their hashes stay for ever."
    )
    copies: Kept = Field(default=timedelta(days=90), description="Copies for people in `<data_dir>`.")


class Environment(Section):
    """What belongs to an environment; anything in a production one counts as one step riskier."""

    production: bool = Field(description="Whether users depend on it.")
    clusters: Words = Field(default=(), description="Names of clusters.")
    services: Words = Field(default=(), description="Names of services.")
    critical: Words = Field(
        default=(),
        description="Clusters and services whose changes are all critical: two people, and a typed word.",
    )
    regions: Words = Field(default=(), description="Regions.")
    accounts: Words = Field(default=(), description="Account ids, in quotes.")
    tags: dict[str, str] = Field(default={}, description="Tags that a resource of it carries.")


class Settings(Section):
    """Everything an operator can say. Secrets that this process has no use for are absent."""

    llm: Llm = Field(default=Llm(), description="")
    providers: Providers = Field(default=Providers(), description="")
    incident: IncidentTools = Field(default=IncidentTools(), description="")
    knowledge: Knowledge = Field(default=Knowledge(), description="")
    safety: Safety = Field(default=Safety(), description="")
    agent: Agent = Field(default=Agent(), description="")
    slack: Slack = Field(default=Slack(), description="")
    approvals: Approvals = Field(default=Approvals(), description="")
    on_call: OnCalls = Field(default=OnCalls(), description="")
    break_glass: BreakGlass = Field(default=BreakGlass(), description="")
    access: Access = Field(default=Access(), description="")
    retention: Retention = Field(default=Retention(), description="")
    environments: dict[str, Environment] = Field(default={}, description="")
    redis_url: (
        Annotated[SecretStr, _starting("redis://", "rediss://", "unix://", example="redis://host:6379/0")]
        | None
    ) = Field(default=None, description="The queue; Runbook's own Redis where absent.")
    database_url: (
        Annotated[SecretStr, _starting("sqlite:", "postgres", example="postgresql://user@host/db")] | None
    ) = Field(default=None, description="The ledger; `<data_dir>/ledger.db` (SQLite) where absent.")
    chroma_url: Annotated[SecretStr, _starting("http://", "https://", example="http://host:8000")] | None = (
        Field(default=None, description="The knowledge index; Runbook's own Chroma server where absent.")
    )
    data_dir: Annotated[Place, AfterValidator(_addressable)] = Field(
        default=Path(".runbook"), validate_default=True, description="Where Runbook keeps what is its own."
    )

    @property
    def queue_url(self) -> str:
        """Where Redis is; `SettingsError` while nobody has said so or started one."""
        return _known(self.redis_url, "Redis", "redis_url", "REDIS_URL")

    @property
    def index_url(self) -> str:
        """Where Chroma is; `SettingsError` while nobody has said so or started one."""
        return _known(self.chroma_url, "Chroma", "chroma_url", "CHROMA_URL")

    @property
    def ledger_url(self) -> str:
        """Where the ledger is, as SQLAlchemy writes it."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'ledger.db'}"
        url = self.database_url.get_secret_value()
        return "postgresql://" + url.removeprefix("postgres://") if url.startswith("postgres://") else url

    @property
    def chroma_path(self) -> Path:
        """The folder of Runbook's own Chroma server."""
        return self.knowledge.store.path or self.data_dir / "knowledge.db"

    @property
    def logs_path(self) -> Path:
        return self.data_dir / "logs"

    @property
    def run_path(self) -> Path:
        """What concerns this run only: sockets, the lock, addresses."""
        return self.data_dir / "run"


def _known(url: SecretStr | None, part: str, key: str, variable: str) -> str:
    if url is None:
        raise SettingsError(
            f"{part} has no address: {key} is not set and `runbook up` runs none here.",
            f"Run `runbook up`, or set {variable}.",
        )
    return url.get_secret_value()
