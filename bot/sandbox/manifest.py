"""What the installed app may do: scopes, event subscriptions, commands, shortcuts.

From a manifest file or the default.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Command:
    """A slash command the app registered."""

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True)
class Shortcut:
    """A shortcut; `type` is `message` or `global`."""

    name: str
    callback_id: str
    type: str = "message"
    description: str = ""


@dataclass(frozen=True)
class Manifest:
    """The installed app, as its manifest declares it."""

    name: str
    scopes: frozenset[str]
    events: frozenset[str]
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    home_tab: bool = True
    messages_tab: bool = True
    messages_read_only: bool = False
    prompts: tuple[dict[str, str], ...] = field(default=())


SCOPES = (
    "app_mentions:read assistant:write bookmarks:write channels:history channels:join channels:manage "
    "channels:read chat:write commands files:read files:write groups:history groups:read groups:write "
    "im:history im:read im:write pins:write reactions:read reactions:write usergroups:read users:read "
    "users:read.email"
)
EVENTS = (
    "app_home_opened app_mention channel_archive channel_created channel_rename channel_unarchive "
    "group_rename member_joined_channel member_left_channel message.channels message.groups message.im "
    "reaction_added reaction_removed agent_session_stopped file_shared"
)

DEFAULT = Manifest(
    name="Runbook",
    scopes=frozenset(SCOPES.split()),
    events=frozenset(EVENTS.split()),
    commands=(
        Command("/investigate", "Investigate an incident", "[service] [what is wrong]", should_escape=True),
        Command(
            "/runbook", "Ask Runbook for status or help", "[investigate|status|help]", should_escape=True
        ),
    ),
    shortcuts=(Shortcut("Investigate this message", "investigate_message"),),
)


class Unacceptable(Exception):
    """A manifest that Slack would not make an app of; says everything that is wrong with it."""


def read(path: Path) -> Manifest:
    """A Slack app manifest in YAML. Raises `Unacceptable`.

    Optional bot scopes count as granted, as when the installer leaves them ticked.
    """
    import yaml  # here, because a start without a manifest should not wait for it

    with path.open(encoding="utf-8") as file:
        tree = yaml.safe_load(file)
    if problems := check(tree):
        raise Unacceptable("\n".join(f"{path}: {problem}" for problem in problems))
    return parse(tree)


TOP = {"_metadata", "display_information", "features", "oauth_config", "settings"}
# place in the manifest: least and most characters
LENGTHS = {
    "display_information.name": (1, 35),
    "display_information.description": (0, 140),
    "display_information.long_description": (175, 4000),
    "features.bot_user.display_name": (1, 80),
    "features.agent_view.agent_description": (1, 300),
}
MOST = {"features.shortcuts": 10, "features.slash_commands": 50, "features.agent_view.suggested_prompts": 4}
COMMAND_LENGTH = 32


def check(tree: Any) -> list[str]:
    """What Slack would refuse about a manifest: unknown keys, lengths, numbers of things."""
    if not isinstance(tree, dict) or "display_information" not in tree:
        return ["display_information.name is missing"]
    problems = [f"{key} is not a key of a manifest" for key in tree if key not in TOP]
    for place, (least, most) in LENGTHS.items():
        text = _at(tree, place)
        if text is not None and not least <= len(text) <= most:
            problems.append(f"{place} has {len(text)} characters, not {least} to {most}")
    for place, limit in MOST.items():
        count = len(_at(tree, place) or [])
        if count > limit:
            problems.append(f"{place} has {count} entries, more than {limit}")
    for row in _at(tree, "features.slash_commands") or []:
        if not row["command"].startswith("/") or len(row["command"]) > COMMAND_LENGTH:
            problems.append(f"{row['command']} is not a command of at most {COMMAND_LENGTH} characters")
    return problems


def _at(tree: dict[str, Any], place: str) -> Any:
    node: Any = tree
    for key in place.split("."):
        node = (node or {}).get(key)
    return node


def parse(tree: dict[str, Any]) -> Manifest:
    """The parts of a manifest that Slack acts on at run time."""
    features = tree.get("features", {})
    settings = tree.get("settings", {})
    scopes = tree.get("oauth_config", {}).get("scopes", {})
    home = features.get("app_home", {})
    return Manifest(
        name=features.get("bot_user", {}).get("display_name") or tree["display_information"]["name"],
        scopes=frozenset([*scopes.get("bot", []), *scopes.get("bot_optional", [])]),
        events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", [])),
        commands=tuple(_command(row) for row in features.get("slash_commands", [])),
        shortcuts=tuple(Shortcut(**row) for row in features.get("shortcuts", [])),
        home_tab=home.get("home_tab_enabled", False),
        messages_tab=home.get("messages_tab_enabled", False),
        messages_read_only=home.get("messages_tab_read_only_enabled", True),
        prompts=tuple(features.get("agent_view", {}).get("suggested_prompts", [])),
    )


def _command(row: dict[str, Any]) -> Command:
    known = {"command", "description", "usage_hint", "should_escape"}
    return Command(**{key: value for key, value in row.items() if key in known})
