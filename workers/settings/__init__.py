"""Settings: one frozen tree from `.runbook/config.yaml` and the environment, read once per entry point."""

from workers.settings.holders import Process
from workers.settings.load import DEFAULT_PATH, load, variables
from workers.settings.needs import notices
from workers.settings.rights import OnCall
from workers.settings.tree import Aws, Environment, Executor, Identity, Pager, Retention, Role, Settings

__all__ = [
    "DEFAULT_PATH",
    "Aws",
    "Environment",
    "Executor",
    "Identity",
    "OnCall",
    "Pager",
    "Process",
    "Retention",
    "Role",
    "Settings",
    "load",
    "notices",
    "variables",
]
