"""Who holds what: which process may know which key, and which variable stands for which key."""

from collections.abc import Iterable
from typing import Literal, get_args

from workers.settings.plain import Key

Process = Literal["up", "bot", "worker", "quick", "executor", "clock", "migrate", "health"]

EVERYBODY: frozenset[Process] = frozenset(get_args(Process))


def _only(*processes: Process) -> frozenset[Process]:
    # `up` hands everything on, so it has to see everything.
    return frozenset((*processes, "up"))


THINKERS = _only("worker", "quick")

# The longest prefix counts. What stands nowhere here may be known to every process.
HOLDERS: dict[str, frozenset[Process]] = {
    "slack": _only("bot", "worker", "quick"),
    "slack.app_token": _only("bot"),
    "slack.audit_channel": _only("clock"),
    "incident": THINKERS,
    "incident.slack": _only("bot", "worker", "quick"),
    "llm": THINKERS,
    "knowledge": _only("worker", "quick", "clock"),
    "providers.aws": _only("worker", "quick", "executor"),
    "providers.aws.profile": THINKERS,
    "providers.aws.worker": THINKERS,
    "providers.aws.executor": _only("executor"),
    "providers.aws.executor.enabled": EVERYBODY,
    "providers.aws.enabled": EVERYBODY,
    "redis_url": EVERYBODY - {"migrate"},
    "chroma_url": _only("worker", "quick", "health"),
    "database_url": EVERYBODY,
}

_IDENTITY = ("profile", "role_arn", "access_key_id", "secret_access_key", "session_token")

# A variable that is set wins over the file, so a file is optional.
OVERRIDES: dict[str, str] = {
    "SLACK_APP_TOKEN": "slack.app_token",
    "SLACK_BOT_TOKEN": "slack.bot_token",
    "SLACK_TEAM_ID": "slack.team_id",
    "SLACK_API_URL": "slack.api_url",
    "ANTHROPIC_API_KEY": "llm.api_key",
    "ANTHROPIC_BASE_URL": "llm.base_url",
    "OPENAI_API_KEY": "llm.api_key",
    "OPENAI_BASE_URL": "llm.base_url",
    "REDIS_URL": "redis_url",
    "DATABASE_URL": "database_url",
    "CHROMA_URL": "chroma_url",
    "AWS_ENDPOINT_URL": "providers.aws.endpoint_url",
    "RUNBOOK_DATA_DIR": "data_dir",
    "RUNBOOK_APPROVERS": "approvals.approvers",
    **{f"RUNBOOK_WORKER_AWS_{name.upper()}": f"providers.aws.worker.{name}" for name in _IDENTITY},
    **{f"RUNBOOK_EXECUTOR_AWS_{name.upper()}": f"providers.aws.executor.{name}" for name in _IDENTITY},
}

# These fill a key that the file leaves out: a shell's default region must not narrow a list in the file.
FALLBACKS: dict[str, str] = {
    "AWS_REGION": "providers.aws.regions",
    "AWS_DEFAULT_REGION": "providers.aws.regions",
}

# What boto3 takes for an identity by itself.
AMBIENT = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_BEARER_TOKEN_BEDROCK",
    }
)

# How the variables begin that the SDKs of models read by themselves.
MODELS = ("ANTHROPIC_", "GOOGLE_", "OPENAI_")


def holders(key: Key) -> frozenset[Process]:
    """The processes that may know `key`."""
    names = [str(part) for part in key]
    for length in range(len(names), 0, -1):
        if found := HOLDERS.get(".".join(names[:length])):
            return found
    return EVERYBODY


def split(key: str) -> Key:
    return tuple(key.split("."))


def holders_of_all(keys: Iterable[Key]) -> frozenset[Process]:
    """The processes that may know at least one of `keys`."""
    return frozenset[Process]().union(*(holders(key) for key in keys))
