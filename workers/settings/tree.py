"""The configuration tree: every key with its type, default and one sentence. `load()` fills it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
)
from pydantic import model_validator as check

from workers.domain.errors import SettingsError
from workers.settings.kinds import (
    INCIDENT_CHANNEL,
    AccountName,
    ChannelId,
    HostName,
    HttpUrl,
    Kept,
    Pattern,
    Place,
    Region,
    Section,
    SlashedUrl,
    Words,
    addressable,
    starting,
    words,
    wrong,
)
from workers.settings.rights import Access, Approvals, BreakGlass, OnCalls, Safety

EMBEDDING_MODEL = "all-MiniLM-L6-v2"


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
    external_id: str | None = Field(
        default=None, description="What the role's owner wants to be told, where the account is another's."
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


class Role(Section):
    """Who Runbook is in one of several accounts; without either, who it is anyway."""

    profile: str | None = Field(default=None, description="A profile of the AWS configuration files.")
    role_arn: str | None = Field(default=None, description="A role that Runbook's own identity assumes.")
    external_id: str | None = Field(default=None, description="What the role's owner wants to be told.")

    @property
    def stated(self) -> bool:
        return bool(self.profile or self.role_arn)


class AwsAccount(Section):
    """One of several accounts."""

    name: AccountName = Field(description="What people call it: `prod`.")
    regions: Annotated[tuple[Region, ...], BeforeValidator(words)] = Field(
        default=(), description="Where to look in it; `regions` of all where absent."
    )
    worker: Role = Field(default=Role(), description="Who looks.")
    executor: Role = Field(default=Role(), description="Who makes approved changes.")


class Aws(Section):
    """Amazon Web Services: where to look, as whom, and as whom to make an approved change."""

    enabled: bool = Field(default=True, description="Whether Runbook looks at AWS at all.")
    regions: Annotated[tuple[Region, ...], BeforeValidator(words)] = Field(
        default=(), description="Where to look, the most important first."
    )
    profile: str | None = Field(default=None, description="Short for `worker.profile`.")
    endpoint_url: HttpUrl | None = Field(
        default=None, description="Another address than AWS's own, for a local cloud."
    )
    max_calls_per_second: int = Field(
        default=100,
        ge=1,
        le=1000,
        description="Calls to one account within a second, of all processes together: others need AWS, too.",
    )
    worker: Identity = Field(default=Identity(), description="The read-only identity that investigates.")
    executor: Executor = Field(default=Executor(), description="The identity that makes approved changes.")
    accounts: tuple[AwsAccount, ...] = Field(
        default=(),
        max_length=30,
        description="Accounts to look at, where there are several; the first one's first region comes first.",
    )

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
        same = acts.stated and all(
            getattr(looks, name) == getattr(acts, name) for name in ("profile", "role_arn", "access_key_id")
        )
        return same or any(one.executor.stated and one.executor == one.worker for one in self.accounts)


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


class Agent(Section):
    """Budgets of one investigation. Where one runs out, the best answer so far is given and says so."""

    max_iterations: int = Field(
        default=10, ge=1, le=100, description="Rounds of hypothesis, query and evidence."
    )
    max_hypothesis_depth: int = Field(default=4, ge=1, le=4, description="How far a hypothesis branches.")
    max_seconds: int = Field(default=600, ge=10, le=1200, description="Time, seconds.")
    max_queries: int = Field(default=120, ge=1, le=2000, description="Queries to your systems.")
    max_metrics: int = Field(
        default=20_000, ge=100, description="Series fetched from CloudWatch, which bills for each."
    )
    max_bytes_scanned: int = Field(
        default=5_000_000_000,
        ge=0,
        description="Logs that Logs Insights looks through, bytes, which it bills by; 0 does without it.",
    )
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

    app_token: Annotated[SecretStr, starting("xapp-", example="xapp-1-A012-…")] | None = Field(
        default=None, description="App-level token with `connections:write`, for Socket Mode."
    )
    bot_token: Annotated[SecretStr, starting("xoxb-", example="xoxb-…")] | None = Field(
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
    link_hosts: Annotated[tuple[HostName, ...], BeforeValidator(words)] = Field(
        default=(),
        description="Hosts beside AWS's console that messages may link to, such as your runbooks'; "
        "`*.example.com` is all below it.",
    )


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
    accounts: Words = Field(
        default=(), description="Account ids, in quotes, or names of `providers.aws.accounts`."
    )
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
        Annotated[SecretStr, starting("redis://", "rediss://", "unix://", example="redis://host:6379/0")]
        | None
    ) = Field(default=None, description="The queue; Runbook's own Redis where absent.")
    database_url: (
        Annotated[SecretStr, starting("sqlite:", "postgres", example="postgresql://user@host/db")] | None
    ) = Field(default=None, description="The ledger; `<data_dir>/ledger.db` (SQLite) where absent.")
    chroma_url: Annotated[SecretStr, starting("http://", "https://", example="http://host:8000")] | None = (
        Field(default=None, description="The knowledge index; Runbook's own Chroma server where absent.")
    )
    data_dir: Annotated[Place, AfterValidator(addressable)] = Field(
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
